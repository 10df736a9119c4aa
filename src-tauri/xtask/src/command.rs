//! One program to start: shown before it runs, judged by how it ends.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

pub(crate) struct Run {
    program: OsString,
    arguments: Vec<OsString>,
    variables: Vec<(String, Option<OsString>)>,
    folder: PathBuf,
    /// Where programs are looked for before the folders of PATH.
    programs: Option<PathBuf>,
}

impl Run {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            arguments: Vec::new(),
            variables: Vec::new(),
            folder: workspace::root().to_owned(),
            programs: None,
        }
    }

    /// Splits `words` at blanks: `Run::words("cargo fmt --all")`.
    pub(crate) fn words(words: &str) -> Self {
        let mut words = words.split_whitespace();
        Self::new(words.next().unwrap_or_default()).args(words)
    }

    pub(crate) fn args<I: IntoIterator<Item = A>, A: AsRef<OsStr>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    pub(crate) fn env(mut self, name: impl Into<String>, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.into(), Some(value.as_ref().to_owned())));
        self
    }

    pub(crate) fn without_env(mut self, name: impl Into<String>) -> Self {
        self.variables.push((name.into(), None));
        self
    }

    pub(crate) fn folder(mut self, folder: impl AsRef<Path>) -> Self {
        folder.as_ref().clone_into(&mut self.folder);
        self
    }

    pub(crate) fn programs_from(mut self, folder: PathBuf) -> Self {
        self.programs = Some(folder);
        self
    }

    /// The command as a person would type it.
    pub(crate) fn shown(&self) -> String {
        let mut shown = String::new();
        if self.folder != workspace::root() {
            let folder = self.folder.strip_prefix(workspace::root()).unwrap_or(&self.folder);
            shown.push_str(&format!("cd {} && ", quoted(folder.as_os_str())));
        }
        if let Some(programs) = &self.programs {
            shown.push_str(&format!("PATH={}:$PATH ", quoted(programs.as_os_str())));
        }
        for (name, value) in &self.variables {
            if let Some(value) = value {
                shown.push_str(&format!("{name}={} ", quoted(value)));
            }
        }
        shown.push_str(&quoted(&self.program));
        for argument in &self.arguments {
            shown.push(' ');
            shown.push_str(&quoted(argument));
        }
        shown
    }

    /// Prints the command, runs it with its output on this terminal, and fails unless it ends well.
    pub(crate) fn run(&self) -> Result<()> {
        println!("    $ {}", self.shown());
        let status =
            self.command().status().with_context(|| format!("could not start `{}`", self.shown()))?;
        if !status.success() {
            bail!("`{}` ended with {status}", self.shown());
        }
        Ok(())
    }

    /// Runs silently and gives what it wrote to its standard output; its complaints go into the error.
    pub(crate) fn read(&self) -> Result<String> {
        let output = self
            .command()
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("could not start `{}`", self.shown()))?;
        if !output.status.success() {
            bail!(
                "`{}` ended with {}\n{}",
                self.shown(),
                output.status,
                String::from_utf8_lossy(&output.stderr).trim_end()
            );
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Whether it starts and ends well, without a word.
    pub(crate) fn succeeds(&self) -> bool {
        self.command()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    }

    /// The plain command, for callers that keep the child.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder);
        if let Some(programs) = &self.programs {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let folders = std::iter::once(programs.clone()).chain(std::env::split_paths(&path));
            // A folder whose name no PATH can hold leaves PATH as it is; the program is then not found.
            command.env("PATH", std::env::join_paths(folders).unwrap_or(path));
        }
        for (name, value) in &self.variables {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command
    }
}

/// `npm` is a script on Windows, and is found there only by its whole name.
pub(crate) fn npm() -> Run {
    Run::new(if cfg!(windows) { "npm.cmd" } else { "npm" }).folder(workspace::root().join("ui"))
}

/// The Tauri CLI that the window's packages bring, run from the repository's top.
pub(crate) fn tauri() -> Run {
    let name = if cfg!(windows) { "tauri.cmd" } else { "tauri" };
    Run::new(workspace::root().join("ui/node_modules/.bin").join(name)).env("TAURI_FRONTEND_PATH", "ui")
}

fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.into_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_shown_as_it_can_be_typed() {
        let run =
            Run::words("cargo nextest run").args(["-E", "not binary(e2e)"]).env("A", "1").without_env("B");
        assert_eq!(run.shown(), "A=1 cargo nextest run -E 'not binary(e2e)'");
        assert_eq!(npm().args(["ci"]).shown().split(" npm").next(), Some("cd ui &&"));
    }

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = Run::words("cargo no-such-subcommand-at-all").read().unwrap_err().to_string();
        assert!(error.contains("cargo no-such-subcommand-at-all"), "{error}");
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error_that_names_it() {
        let error = Run::new("no-such-program-at-all").read().unwrap_err().to_string();
        assert!(error.contains("could not start `no-such-program-at-all`"), "{error}");
    }
}

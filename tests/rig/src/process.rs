//! Child processes that end with their owner.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a started service may take until it answers.
const STARTUP: Duration = Duration::from_secs(20);
/// How long a process may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(5);

/// A command for `program`, or an error that names the Debian package it comes from.
pub(crate) fn tool(program: &str, package: &str) -> Result<Command> {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let found: Option<PathBuf> =
        std::env::split_paths(&paths).map(|folder| folder.join(program)).find(|file| file.is_file());
    match found {
        Some(file) => {
            let mut command = Command::new(file);
            command.stdin(Stdio::null());
            Ok(command)
        }
        None => bail!(
            "`{program}` is missing: it comes with the Debian package `{package}`; `cargo xtask test` installs it"
        ),
    }
}

/// Has the system schedule this process, and every thread and child it starts from now on, before all
/// others (`on`), so that a busy machine does not tear holes into sound; or like all others again, for
/// work that may take long. False where the system does not allow it (it takes root or an `rtprio`
/// limit): nothing has changed then.
pub fn real_time(on: bool) -> bool {
    let process = std::process::id().to_string();
    let policy = if on { ["-a", "-r", "-p", "2", &process] } else { ["-a", "-o", "-p", "0", &process] };
    tool("chrt", "util-linux").and_then(|mut chrt| run(chrt.args(policy))).is_ok()
}

/// Runs a command to its end and returns what it printed.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8_lossy(&run_bytes(command)?).into_owned())
}

/// The same, for what is no text.
pub(crate) fn run_bytes(command: &mut Command) -> Result<Vec<u8>> {
    let line = words(command);
    let output = command.output().with_context(|| format!("starting {line}"))?;
    if !output.status.success() {
        bail!("{line} failed ({}): {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(output.stdout)
}

/// Asks `ready` until it gives a value, for as long as `child` lives and at most [`STARTUP`].
pub(crate) fn wait_until<T>(
    child: &mut Running,
    what: &str,
    mut ready: impl FnMut() -> Option<T>,
) -> Result<T> {
    let until = Instant::now() + STARTUP;
    loop {
        if let Some(value) = ready() {
            return Ok(value);
        }
        if let Some(status) = child.ended()? {
            bail!("{what}: it ended at once ({status})");
        }
        if Instant::now() > until {
            bail!("{what}: no answer within {STARTUP:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn words(command: &Command) -> String {
    let mut words = vec![command.get_program()];
    words.extend(command.get_args());
    words.join(OsStr::new(" ")).to_string_lossy().into_owned()
}

/// A child process, ended by its id when dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
    line: String,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let line = words(command);
        let child = command.spawn().with_context(|| format!("starting {line}"))?;
        Ok(Self { child, line })
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The exit status, once there is one.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("looking after {}", self.line))
    }

    /// Waits for an end of its own accord, which must be a good one.
    pub fn wait(mut self) -> Result<()> {
        let status = self.child.wait().with_context(|| format!("waiting for {}", self.line))?;
        if !status.success() {
            bail!("{} failed: {status}", self.line);
        }
        Ok(())
    }

    /// Asks it to end with `signal` (such as `INT`), and insists after five seconds.
    pub fn stop(mut self, signal: &str) -> Result<()> {
        match self.end(signal)? {
            status if status.success() || status.code().is_none() => Ok(()),
            status => bail!("{} ended badly: {status}", self.line),
        }
    }

    /// Reads one line of the child's piped standard output. What follows is read and forgotten, so
    /// that the child never stalls on a full pipe.
    pub(crate) fn first_line(&mut self) -> Result<String> {
        let stdout = self.child.stdout.take().context("the output of the process is not piped")?;
        let mut reader = BufReader::new(stdout);
        let mut line = String::new();
        reader.read_line(&mut line).with_context(|| format!("reading from {}", self.line))?;
        std::thread::spawn(move || {
            let mut rest = [0; 4096];
            while matches!(reader.read(&mut rest), Ok(n) if n > 0) {}
        });
        match line.trim() {
            "" => bail!("{} said nothing", self.line),
            line => Ok(line.to_owned()),
        }
    }

    pub(crate) fn stdin(&mut self) -> Option<std::process::ChildStdin> {
        self.child.stdin.take()
    }

    pub(crate) fn stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Ends it at once, as it may be waiting on a pipe.
    pub(crate) fn kill(&mut self) {
        // A child that is gone already is what was wanted.
        drop(self.child.kill());
        drop(self.child.wait());
    }

    pub(crate) fn signal(&self, signal: &str) -> Result<()> {
        // The shell's own `kill`: the standard library can only send SIGKILL.
        let kill = format!("kill -{signal} {}", self.id());
        Command::new("sh").arg("-c").arg(kill).status().context("signalling a process").map(drop)
    }

    fn end(&mut self, signal: &str) -> Result<ExitStatus> {
        if let Some(status) = self.ended()? {
            return Ok(status);
        }
        self.signal(signal)?;
        let until = Instant::now() + GRACE;
        while Instant::now() < until {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.child.kill().with_context(|| format!("killing {}", self.line))?;
        self.child.wait().with_context(|| format!("waiting for {}", self.line))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.end("TERM").is_err() {
            // Nobody is left to tell; a child that is gone already is what was wanted.
            drop(self.child.kill());
        }
    }
}

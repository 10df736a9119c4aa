//! A toolchain that has the standard library of other targets.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::source::{self, Source};
use crate::command::Run;

/// What cargo and rustc are told about the program that started them, which must not reach another toolchain.
const INHERITED: [&str; 6] =
    ["LD_LIBRARY_PATH", "RUSTUP_TOOLCHAIN", "CARGO", "RUSTC", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"];

pub(super) struct Toolchain {
    /// The folder of the private copy; none where this machine's own toolchain has the targets.
    copy: Option<PathBuf>,
}

impl Toolchain {
    /// Finds or makes one under `cache`. The inner error is the one good reason to go without: the
    /// standard library's source of this version is nowhere to be had.
    pub(super) fn with(targets: &[String], cache: &Path) -> Result<Result<Self, String>> {
        let sysroot = PathBuf::from(Run::words("rustc --print sysroot").read()?.trim());
        let has = |sysroot: &Path, target: &String| std_folder(sysroot, target).join(DONE).is_file();
        let official = |target: &&String| {
            std::fs::read_dir(std_folder(&sysroot, target)).is_ok_and(|mut entries| {
                entries.any(|entry| {
                    entry.is_ok_and(|entry| entry.file_name().to_string_lossy().starts_with("libstd-"))
                })
            })
        };
        if targets.iter().all(|target| official(&target)) {
            println!("    this toolchain has the standard library of {}", targets.join(" and "));
            return Ok(Ok(Self { copy: None }));
        }
        std::fs::create_dir_all(cache)?;
        let version = version()?;
        let copy = cache.join("toolchain");
        if std::fs::read_to_string(cache.join("version")).ok().as_deref() != Some(&version) {
            println!("    copying the toolchain of rustc {version} to {}", copy.display());
            if copy.exists() {
                std::fs::remove_dir_all(&copy).context("could not remove the old copy of the toolchain")?;
            }
            copy_tree(&sysroot, &copy)?;
            std::fs::write(cache.join("version"), &version)?;
        }
        let toolchain = Self { copy: Some(copy.clone()) };
        let library = copy.join("lib/rustlib/src/rust/library");
        if !library.join("Cargo.lock").is_file()
            && let Source::Nowhere(why) = source::fetch(&version, &library, cache)?
        {
            return Ok(Err(why));
        }
        for target in targets.iter().filter(|target| !has(&copy, target)) {
            toolchain.build_std(target, &copy, cache)?;
        }
        Ok(Ok(toolchain))
    }

    /// The same command, run by this toolchain.
    pub(super) fn enter(&self, run: Run) -> Run {
        let Some(copy) = &self.copy else { return run };
        let run = run.programs_from(copy.join("bin"));
        INHERITED.iter().fold(run, |run, name| run.without_env(*name))
    }

    /// Compiles std for `target` and lays it where rustc looks for it.
    fn build_std(&self, target: &str, copy: &Path, cache: &Path) -> Result<()> {
        println!("    compiling std for {target}, once");
        let work = cache.join(format!("std-{target}"));
        std::fs::create_dir_all(work.join("src"))?;
        std::fs::write(work.join("src/lib.rs"), "")?;
        // Its own workspace, so that cargo does not look for the one above.
        std::fs::write(
            work.join("Cargo.toml"),
            "[package]\nname = \"only_std\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
             [profile.release]\nopt-level = 0\n[workspace]\n",
        )?;
        let build = Run::words(
            "cargo build --quiet --release -Zbuild-std=std,panic_abort,panic_unwind,proc_macro,test --target",
        );
        self.enter(build.args([target]))
            .env("RUSTC_BOOTSTRAP", "1")
            .env("CARGO_TARGET_DIR", work.join("target"))
            .folder(&work)
            .run()?;
        let folder = std_folder(copy, target);
        std::fs::create_dir_all(&folder)?;
        let made = work.join("target").join(target).join("release/deps");
        for entry in std::fs::read_dir(&made)?.filter_map(Result::ok) {
            let name = entry.file_name();
            let text = name.to_string_lossy();
            if text.ends_with(".rlib") && !text.starts_with("libonly_std") {
                std::fs::copy(entry.path(), folder.join(&name))?;
            }
        }
        std::fs::write(folder.join(DONE), "")?;
        std::fs::remove_dir_all(&work).context("could not remove the folder std was compiled in")
    }
}

/// Stands in a target's folder once it is whole.
const DONE: &str = ".complete";

fn std_folder(sysroot: &Path, target: &str) -> PathBuf {
    sysroot.join("lib/rustlib").join(target).join("lib")
}

fn version() -> Result<String> {
    let line = Run::words("rustc --version").read()?;
    Ok(line.split_whitespace().nth(1).context("could not read rustc's version")?.to_owned())
}

/// Copies a folder by hard links, which cost no space, or by content where links cannot go.
fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from).with_context(|| format!("could not read {}", from.display()))? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_tree(&source, &target)?;
        } else if kind.is_symlink() {
            #[cfg(unix)]
            std::os::unix::fs::symlink(std::fs::read_link(&source)?, &target)?;
        } else if std::fs::hard_link(&source, &target).is_err() {
            std::fs::copy(&source, &target)
                .with_context(|| format!("could not copy {}", source.display()))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_tree_is_copied_with_its_folders_and_links() {
        let base = std::env::temp_dir().join(format!("xtask-tree-{}", std::process::id()));
        let (from, to) = (base.join("from"), base.join("to"));
        std::fs::create_dir_all(from.join("deep")).unwrap();
        std::fs::write(from.join("deep/file"), "text").unwrap();
        std::os::unix::fs::symlink("deep/file", from.join("link")).unwrap();
        copy_tree(&from, &to).unwrap();
        assert_eq!(std::fs::read_to_string(to.join("link")).unwrap(), "text");
        assert!(to.join("link").is_symlink());
        std::fs::remove_dir_all(&base).unwrap();
    }

    #[test]
    fn the_private_toolchain_comes_first_on_the_path() {
        let toolchain = Toolchain { copy: Some(PathBuf::from("/private")) };
        let shown = toolchain.enter(Run::words("cargo clippy")).shown();
        assert_eq!(shown, "PATH=/private/bin:$PATH cargo clippy");
        assert_eq!(Toolchain { copy: None }.enter(Run::words("cargo clippy")).shown(), "cargo clippy");
    }
}

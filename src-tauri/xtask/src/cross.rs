//! Types and lints for systems other than this one.
//!
//! Nothing is linked and nothing is run: what passes here is type-checked for Windows and macOS, no more.
//! Where rustup has brought a target's standard library, that one is used. Elsewhere it is compiled once
//! from the very source of this rustc, into a private copy of the toolchain.

mod source;
mod toolchain;

use std::time::Instant;

use anyhow::{Result, bail};

use crate::command::Run;
use crate::provision::{self, Group, provision};
use crate::stage::{Outcome, clock};
use crate::{ui, workspace};
use toolchain::Toolchain;

const WINDOWS: &str = "x86_64-pc-windows-gnu";
const MACOS: &str = "aarch64-apple-darwin";

/// The one target that was asked for, or all.
pub(crate) fn chosen(target: Option<String>) -> Vec<String> {
    target.map_or_else(|| [WINDOWS, MACOS].map(str::to_owned).to_vec(), |target| vec![target])
}

/// Checks and lints the whole workspace, or `packages` of it, for each target.
///
/// Skipped only where the standard library's source of this rustc cannot be had.
pub(crate) fn check(targets: &[String], packages: &[String]) -> Result<Outcome> {
    if let Some(unknown) = targets.iter().find(|target| ![WINDOWS, MACOS].contains(&target.as_str())) {
        bail!("`{unknown}` is not checked here; the targets are {WINDOWS} and {MACOS}");
    }
    if !cfg!(target_os = "linux") {
        bail!("checks for other systems are made on Linux");
    }
    provision(&[Group::Build, Group::Targets])?;
    provision::components()?;
    if packages.is_empty() {
        provision::node()?;
        ui::install()?;
        ui::build()?;
    }
    let cache = workspace::target().join("cross");
    let toolchain = match Toolchain::with(targets, &cache)? {
        Ok(toolchain) => toolchain,
        Err(why) => return Ok(Outcome::Skipped(why)),
    };
    for target in targets {
        let begun = Instant::now();
        toolchain.enter(clippy(target, packages)).env("CARGO_TARGET_DIR", &cache).run()?;
        println!("    {target} in {}", clock(begun.elapsed()));
    }
    Ok(Outcome::Passed)
}

fn clippy(target: &str, packages: &[String]) -> Run {
    let mut run = Run::words("cargo clippy --all-targets --target").args([target]);
    if packages.is_empty() {
        run = run.args(["--workspace"]);
    }
    for package in packages {
        run = run.args(["--package", package]);
    }
    run = run.args(["--", "-D", "warnings"]);
    if target == MACOS {
        // There is no C compiler for macOS here, and a check needs none.
        let compiler = workspace::root().join("src-tauri/xtask/cross/check-only-cc");
        let suffix = target.replace('-', "_");
        run = run
            .env(format!("CC_{suffix}"), &compiler)
            .env(format!("CXX_{suffix}"), &compiler)
            .env(format!("AR_{suffix}"), "ar");
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_stand_in_compiles_for_macos() {
        let packages = ["audio".to_owned(), "realtime".to_owned()];
        let macos = clippy(MACOS, &packages).shown();
        assert!(macos.contains("CC_aarch64_apple_darwin="), "{macos}");
        assert!(macos.contains("--package audio --package realtime"), "{macos}");
        let windows = clippy(WINDOWS, &[]).shown();
        assert_eq!(
            windows,
            "cargo clippy --all-targets --target x86_64-pc-windows-gnu --workspace -- -D warnings"
        );
    }

    #[test]
    fn a_target_that_is_not_checked_is_refused() {
        let error = check(&chosen(Some("wasm32-unknown-unknown".to_owned())), &[]).unwrap_err().to_string();
        assert!(error.contains("wasm32-unknown-unknown") && error.contains(MACOS), "{error}");
    }

    #[cfg(target_os = "linux")]
    mod stand_in {
        use super::*;

        fn stand_in() -> Run {
            Run::new(workspace::root().join("src-tauri/xtask/cross/check-only-cc"))
        }

        #[test]
        fn it_leaves_an_empty_object() {
            let out = std::env::temp_dir().join(format!("xtask-cc-{}.o", std::process::id()));
            stand_in().args(["-c", "-O3", "no-such-file.c", "-o"]).args([&out]).read().unwrap();
            assert_eq!(std::fs::metadata(&out).unwrap().len(), 0);
            std::fs::remove_file(&out).unwrap();
        }

        #[test]
        fn it_says_which_compiler_it_is_and_answers_nothing_else() {
            let answer = stand_in().args(["-E", "/x/123detect_compiler_family.c"]).read().unwrap();
            assert!(answer.contains("clang"), "{answer}");
            assert!(stand_in().args(["-E", "openssl/opensslv.h"]).read().is_err());
            assert!(!stand_in().args(["-?"]).succeeds(), "it is no clang-cl");
        }
    }
}

//! Tools that the system's packages do not bring: Rust's components, cargo-nextest, Node.

use anyhow::{Context, Result, bail};

use super::needs::on_path;
use crate::command::{Run, npm};

/// Vite's own lower bound.
const NODE: (u32, u32) = (20, 19);

/// A rustc new enough for this workspace; cargo itself refuses an older one, with less to go by.
pub(crate) fn toolchain() -> Result<()> {
    let wanted = env!("CARGO_PKG_RUST_VERSION");
    let version = Run::words("rustc --version").read().context("rustc is missing: see https://rustup.rs")?;
    let found = pair(version.split_whitespace().nth(1).unwrap_or_default());
    if found < pair(wanted) {
        bail!("this is {}, Sidetone needs {wanted} or newer: rustup update stable", version.trim());
    }
    Ok(())
}

/// rustfmt and clippy, which a minimal Rust comes without.
pub(crate) fn components() -> Result<()> {
    for (name, probe) in [("rustfmt", "cargo fmt --version"), ("clippy", "cargo clippy --version")] {
        if Run::words(probe).succeeds() {
            continue;
        }
        if !on_path("rustup") {
            bail!("{name} is missing: install it as this Rust was installed");
        }
        Run::words(&format!("rustup component add {name}")).run()?;
    }
    Ok(())
}

/// The test runner.
pub(crate) fn nextest() -> Result<()> {
    if Run::words("cargo nextest --version").succeeds() {
        return Ok(());
    }
    println!("    cargo-nextest, which runs the tests, is missing: building it takes some minutes, once");
    Run::words("cargo install cargo-nextest --locked --version 0.9.143").run()
}

/// Node and npm, which build the window's pages.
pub(crate) fn node() -> Result<()> {
    let (major, minor) = NODE;
    let how =
        format!("Sidetone's window is built with Node {major}.{minor} or newer: see https://nodejs.org");
    let version = Run::words("node --version").read().with_context(|| format!("node is missing. {how}"))?;
    if pair(version.trim().trim_start_matches('v')) < NODE {
        bail!("this is node {}. {how}", version.trim());
    }
    npm().args(["--version"]).read().context("npm is missing; it usually comes with Node")?;
    Ok(())
}

/// The first two numbers of a version; what is no number counts as 0.
fn pair(version: &str) -> (u32, u32) {
    let mut numbers = version.split(['.', '-', '+']).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number_and_not_by_letter() {
        assert!(pair("20.19.0") >= NODE && pair("22.1") >= NODE);
        assert!(pair("20.9.1") < NODE && pair("18.20.4") < NODE && pair("") < NODE);
        assert_eq!(pair("1.95.0-nightly"), (1, 95));
    }
}

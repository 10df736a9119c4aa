//! The test stages, cheap failures first. All of them build with one profile and one set of features, so
//! that what one stage compiled serves the next.

use anyhow::{Result, bail};

use crate::command::{Run, npm};
use crate::provision::{self, Group, provision};
use crate::stage::{self, Outcome, Selection, Stage};
use crate::ui;
#[cfg(target_os = "linux")]
use crate::{cross, deb, interop, workspace};

#[rustfmt::skip]
const STAGES: &[Stage] = &[
    Stage { name: "machine", about: "everything that the stages need is there", run: machine },
    Stage { name: "fmt", about: "every Rust file is formatted", run: fmt },
    Stage { name: "boundaries", about: "the engine knows no window, and audio no async runtime", run: boundaries },
    Stage { name: "ui-install", about: "the window's packages are as locked", run: || done(ui::install()) },
    Stage { name: "ui-check", about: "the window's types hold", run: || script("check") },
    Stage { name: "ui-test", about: "the window's parts do what they should", run: || script("test") },
    Stage { name: "ui-build", about: "the window's pages build", run: || done(ui::build()) },
    Stage { name: "ui-browser", about: "the pages work in Chromium and are accessible", run: || script("test:browser") },
    Stage { name: "clippy", about: "no warning anywhere", run: clippy },
    Stage { name: "unit", about: "crates, calls and recordings behave", run: unit },
    Stage { name: "doc", about: "examples in the documentation compile and run", run: doc },
    #[cfg(target_os = "linux")]
    Stage { name: "interop", about: "programs of others work with the practice agent and the backend", run: foreign },
    #[cfg(target_os = "linux")]
    Stage { name: "e2e", about: "real window, real sound server, real keychain", run: e2e },
    #[cfg(target_os = "linux")]
    Stage { name: "deb", about: "the package builds, installs, opens its window, and leaves", run: || done(deb::prove()) },
    #[cfg(target_os = "linux")]
    Stage { name: "targets", about: "the workspace type-checks for Windows and macOS", run: targets },
];

pub(crate) fn test(selection: &Selection) -> Result<()> {
    stage::run("test", STAGES, selection)
}

pub(crate) fn list() {
    for stage in STAGES {
        println!("{:<12} {}", stage.name, stage.about);
    }
}

const QUICK: [&str; 5] = ["fmt", "boundaries", "ui-install", "ui-check", "clippy"];

/// What is worth knowing within a minute of an edit.
pub(crate) fn quick() -> Result<()> {
    provision(&[Group::Build])?;
    provision::components()?;
    provision::node()?;
    test(&Selection::Only(QUICK.map(str::to_owned).to_vec()))
}

fn done(result: Result<()>) -> Result<Outcome> {
    result.map(|()| Outcome::Passed)
}

fn machine() -> Result<Outcome> {
    provision::node()?;
    provision::components()?;
    provision(&[Group::Build, Group::Test, Group::Targets])?;
    done(provision::nextest())
}

fn fmt() -> Result<Outcome> {
    done(Run::words("cargo fmt --all --check").run())
}

fn script(name: &str) -> Result<Outcome> {
    done(npm().args(["run", name]).run())
}

fn clippy() -> Result<Outcome> {
    // The window's pages are compiled into the app, so they have to exist before it can be looked at.
    ui::build()?;
    Run::words("cargo clippy --workspace --all-targets -- -D warnings").run()?;
    // Targets that no test run starts are not among all targets.
    done(Run::words("cargo clippy --workspace --test live --test cost --test interop -- -D warnings").run())
}

/// Always with the same packages and targets: with fewer, cargo would choose other features and build anew.
/// Examples are left out, for they are measuring programs and belong to the bench.
fn nextest(choice: &[&str]) -> Result<()> {
    Run::words("cargo nextest run --workspace --lib --bins --tests").args(choice).run()
}

fn unit() -> Result<Outcome> {
    done(nextest(&["-E", "not binary(e2e)"]))
}

fn doc() -> Result<Outcome> {
    done(Run::words("cargo test --workspace --doc").run())
}

/// By its own name, for it is no part of the targets that the other stages build.
#[cfg(target_os = "linux")]
fn foreign() -> Result<Outcome> {
    let home = interop::install()?;
    done(
        Run::words("cargo nextest run --workspace --test interop --no-fail-fast")
            .env("SIDETONE_INTEROP", home)
            .run(),
    )
}

#[cfg(target_os = "linux")]
fn e2e() -> Result<Outcome> {
    let pictures = workspace::artefacts().join("e2e");
    std::fs::create_dir_all(&pictures)?;
    let outcome = nextest(&["-j1", "-E", "binary(e2e)"]);
    println!("    pictures and logs are in {}", pictures.display());
    done(outcome)
}

#[cfg(target_os = "linux")]
fn targets() -> Result<Outcome> {
    cross::check(&cross::chosen(None), &[])
}

/// Crates that must build without a window, and what else each must do without.
const ENGINE: [(&str, &[&str]); 6] = [
    ("audio", &["tauri", "tokio"]),
    ("realtime", &["tauri"]),
    ("call", &["tauri"]),
    ("history", &["tauri", "tokio"]),
    ("practice", &["tauri"]),
    ("backend", &["tauri"]),
];

fn boundaries() -> Result<Outcome> {
    for (package, barred) in ENGINE {
        let tree =
            Run::words("cargo tree --locked --target all --prefix none --edges normal,build --package")
                .args([package]);
        println!("    $ {}", tree.shown());
        let tree = tree.read()?;
        let found = trespassers(&tree, barred);
        if !found.is_empty() {
            bail!("{package} must not depend on {}, but does: {}", barred.join(" or "), found.join(", "));
        }
        println!("      {} lines, nothing of {}", tree.lines().count(), barred.join(" or "));
    }
    Ok(Outcome::Passed)
}

/// The crates of a dependency tree that belong to a barred family: `tauri` bars `tauri-runtime` too.
fn trespassers<'a>(tree: &'a str, barred: &[&str]) -> Vec<&'a str> {
    let mut found: Vec<_> = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| {
            barred.iter().any(|family| {
                name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            })
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_of_a_barred_family_is_found_wherever_it_stands() {
        let tree =
            "audio v0.1.0 (/x)\nrtrb v0.4.1\n\ntauri-utils v2.10.2\ntauri-utils v2.10.2 (*)\ntokio v1.54.0\n";
        assert_eq!(trespassers(tree, &["tauri"]), ["tauri-utils"]);
        assert_eq!(trespassers(tree, &["tauri", "tokio"]), ["tauri-utils", "tokio"]);
        assert_eq!(trespassers("tauriel v1.0.0\nnot-tauri v1.0.0\n", &["tauri"]), [""; 0]);
    }

    #[test]
    fn stage_names_are_distinct() {
        let mut names: Vec<_> = STAGES.iter().map(|stage| stage.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STAGES.len());
    }

    #[test]
    fn the_quick_check_names_stages_that_exist() {
        for name in QUICK {
            assert!(STAGES.iter().any(|stage| stage.name == name), "{name}");
        }
    }
}

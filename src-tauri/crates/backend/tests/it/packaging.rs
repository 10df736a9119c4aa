//! The files that carry the program to other machines, read beside the program itself. No container is
//! built here: that the Dockerfile builds is not shown.

use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAM: &str = "sidetone-backend";

fn packaging(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging")
}

fn help() -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_sidetone-backend")).arg("--help").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Instructions of a Dockerfile: the word and the rest.
fn instructions(text: &str) -> Vec<(&str, &str)> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap())
        .collect()
}

#[test]
fn the_container_builds_and_runs_this_program_as_nobody() {
    let text = packaging("Dockerfile");
    let steps = instructions(&text);
    let all = |word: &str| steps.iter().filter(|(found, _)| *found == word).map(|(_, rest)| *rest).collect();
    let only = |word: &str| {
        let found: Vec<&str> = all(word);
        assert_eq!(found.len(), 1, "{word}");
        found[0]
    };
    let stages: Vec<&str> = all("FROM");
    assert_eq!(stages[0], format!("rust:{}-slim-bookworm AS build", env!("CARGO_PKG_RUST_VERSION")));
    assert_eq!(stages.len(), 2);

    let package = env!("CARGO_PKG_NAME");
    assert_eq!(only("RUN"), format!("cargo build --locked --release -p {package} --bin {PROGRAM}"));
    let copies: Vec<&str> = all("COPY");
    let built = format!("{}/target/release/{PROGRAM}", only("WORKDIR"));
    let there = format!("/usr/bin/{PROGRAM}");
    assert_eq!(copies, [". .", &format!("--from=build {built} {there}")]);
    assert_eq!(only("ENTRYPOINT"), format!("[\"{there}\"]"));
    assert!(only("HEALTHCHECK").ends_with(&format!("CMD [\"{there}\", \"--health\"]")), "{text}");
    let (user, group) = only("USER").split_once(':').unwrap();
    assert!(user.parse::<u32>().unwrap() > 0 && group.parse::<u32>().unwrap() > 0, "not as root");

    let help = help();
    for setting in only("ENV").split(' ') {
        let (name, _) = setting.split_once('=').unwrap();
        assert!(help.contains(&format!("[env: {name}=")), "{name} is no setting:\n{help}");
    }
}

#[test]
fn the_container_is_given_all_that_the_workspace_names() {
    let ignored = packaging("Dockerfile.dockerignore");
    let given: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3).unwrap();
    let manifest = std::fs::read_to_string(top.join("Cargo.toml")).unwrap();
    for name in given.iter().copied() {
        assert!(top.join(name).exists(), "{name}");
    }
    let paths = manifest.lines().filter_map(|line| line.split_once("path = \"")?.1.split('"').next());
    for path in paths {
        let first = path.split('/').next().unwrap();
        assert!(given.contains(&first), "cargo reads {path}, and the container does not get it");
    }
}

#[test]
fn the_example_settings_are_settings_and_no_secrets() {
    let help = help();
    let text = packaging("env.example");
    let settings: Vec<&str> =
        text.lines().map(|line| line.trim_start_matches('#')).filter(|line| !line.starts_with(' ')).collect();
    assert!(settings.len() > 10, "{settings:?}");
    for setting in settings {
        let (name, value) = setting.split_once('=').unwrap();
        assert!(!value.is_empty(), "{name}");
        assert!(help.contains(&format!("[env: {name}=")) || name == "RUST_LOG", "{name} is no setting");
        assert!(!["XAI_API_KEY", "SIDETONE_CALLERS"].contains(&name), "a secret in an example");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_unit_starts_this_program_and_is_well_fenced_in() {
    let unit = packaging("sidetone-backend.service");
    let help = help();
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    assert!(start.starts_with(&format!("/usr/bin/{PROGRAM} ")), "{start}");
    for flag in start.split(' ').filter(|word| word.starts_with("--")) {
        assert!(help.contains(flag), "{flag} is no flag");
    }
    // The same unit for the program as it stands here, and for a user that there is.
    let here = unit
        .replace(&format!("/usr/bin/{PROGRAM}"), env!("CARGO_BIN_EXE_sidetone-backend"))
        .replace("User=sidetone-backend", "User=nobody");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sidetone-backend.service");
    std::fs::write(&path, here).unwrap();
    for check in [vec!["verify"], vec!["security", "--offline=yes", "--threshold=20"]] {
        let output = Command::new("systemd-analyze")
            .args(&check)
            .arg(&path)
            .env("SYSTEMD_LOG_LEVEL", "warning")
            .output()
            .expect("systemd-analyze comes with systemd");
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
        assert!(output.status.success(), "{check:?}: {}{}", said[0], said[1]);
        assert!(check[0] == "security" || said[1].is_empty(), "{}", said[1]);
    }
}

//! Fuzzing of the parsers in crates/realtime/fuzz with libFuzzer, by the compiler that builds all else:
//! what instruments the code are flags that every rustc takes.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::command::Run;
use crate::workspace;

/// Each a program of crates/realtime/fuzz, with the longest input that it is worth giving it, in bytes.
const TARGETS: [(&str, usize); 2] = [("events", 4096), ("replies", 2048)];

const INSTRUMENT: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Runs every target for so many seconds, on what earlier runs have come upon.
///
/// # Errors
/// An input that breaks a property: the error says where it is.
pub(crate) fn fuzz(seconds: u32, only: &[String]) -> Result<()> {
    for name in only {
        if !TARGETS.iter().any(|(target, _)| target == name) {
            let names: Vec<_> = TARGETS.iter().map(|(target, _)| *target).collect();
            bail!("there is no target `{name}`; the targets are {}", names.join(", "));
        }
    }
    let crates = workspace::root().join("src-tauri/crates/realtime");
    let home = workspace::target().join("fuzz");
    let programs = build(&crates.join("fuzz/Cargo.toml"), &home.join("build"))?;
    for (target, longest) in TARGETS {
        if !only.is_empty() && !only.iter().any(|name| name == target) {
            continue;
        }
        let (corpus, seeds) = (home.join("corpus").join(target), home.join("seeds").join(target));
        std::fs::create_dir_all(&corpus)?;
        sow(&seeds, &seeds_of(target, &crates)?)?;
        let findings = home.join("findings");
        std::fs::create_dir_all(&findings)?;
        let found = crates.join("fuzz/found").join(target);
        Run::new(programs.join(target))
            .args([&corpus, &seeds, &found])
            .args([
                format!("-max_total_time={seconds}"),
                format!("-max_len={longest}"),
                format!("-artifact_prefix={}/{target}-", findings.display()),
            ])
            .args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1", "-verbosity=1"])
            .run()
            .with_context(|| {
                format!(
                    "the input is in {}; keep it under a name that says what it is in {}, where the tests read it",
                    findings.display(),
                    found.display()
                )
            })?;
    }
    Ok(())
}

/// Gives the folder of the programs.
fn build(manifest: &Path, place: &Path) -> Result<PathBuf> {
    let version = Run::words("rustc -vV").read()?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    // With a target named, the flags are for it alone and not for what runs while building.
    Run::words("cargo build --release --locked --manifest-path")
        .args([manifest])
        .args(["--target", host])
        .env("RUSTFLAGS", INSTRUMENT)
        .env("CARGO_TARGET_DIR", place)
        .run()?;
    Ok(place.join(host).join("release"))
}

/// What is known already: frames of recorded calls and of every known shape, or replies of backends.
fn seeds_of(target: &str, crates: &Path) -> Result<Vec<String>> {
    let lines = |file: &Path| -> Result<Vec<Value>> {
        let text = std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()))?;
        text.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
    };
    let data = crates.join("tests/data");
    if target == "replies" {
        return Ok(lines(&data.join("replies.jsonl"))?
            .iter()
            .map(|line| line["reply"].to_string())
            .collect());
    }
    let mut seeds = Vec::new();
    for call in std::fs::read_dir(workspace::root().join("tests/recordings"))? {
        let wire = lines(&call?.path().join("wire.jsonl"))?;
        let heard = wire.iter().filter(|line| line["from"] == "server");
        seeds.extend(heard.map(|line| line["event"].to_string()));
    }
    seeds.extend(lines(&data.join("server.jsonl"))?.iter().map(Value::to_string));
    Ok(seeds)
}

fn sow(folder: &Path, seeds: &[String]) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for (number, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("{number}.json")), seed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_a_program_and_has_seeds() {
        let crates = workspace::root().join("src-tauri/crates/realtime");
        for (target, longest) in TARGETS {
            assert!(crates.join("fuzz").join(target).with_extension("rs").is_file(), "{target}");
            assert!(crates.join("fuzz/found").join(target).is_dir(), "{target}");
            let seeds = seeds_of(target, &crates).unwrap();
            assert!(seeds.len() > 10 && seeds.iter().any(|seed| seed.len() < longest), "{target}");
        }
    }

    #[test]
    fn an_unknown_target_is_refused_with_the_names_that_exist() {
        let error = fuzz(1, &["x".to_owned()]).unwrap_err().to_string();
        assert!(error.contains("`x`") && error.contains("events, replies"), "{error}");
    }
}

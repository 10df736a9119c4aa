//! Stages in a row: which to run, progress while they do, a table at the end.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// A whole run from nothing leaves this much, in bytes.
const WHOLE_RUN: u64 = 6 << 30;
/// With less than this left, in bytes, a build that failed has most likely failed for want of room.
const FULL: u64 = 1 << 30;

pub(crate) struct Stage {
    /// What `--only` and `--from` take.
    pub(crate) name: &'static str,
    /// What has to hold for it to pass.
    pub(crate) about: &'static str,
    pub(crate) run: fn() -> Result<Outcome>,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Outcome {
    Passed,
    /// Could not be done for a reason outside this repository, which is given.
    Skipped(String),
}

#[derive(Debug, PartialEq)]
pub(crate) enum Selection {
    All,
    Only(Vec<String>),
    From(String),
}

impl Selection {
    pub(crate) fn new(only: Vec<String>, from: Option<String>) -> Self {
        match from {
            Some(from) => Self::From(from),
            None if only.is_empty() => Self::All,
            None => Self::Only(only),
        }
    }

    /// The chosen stages in their own order.
    ///
    /// # Errors
    /// A name that no stage has.
    fn pick<'a>(&self, stages: &'a [Stage]) -> Result<Vec<&'a Stage>> {
        let find = |name: &str| {
            stages.iter().position(|stage| stage.name == name).with_context(|| {
                let names: Vec<_> = stages.iter().map(|stage| stage.name).collect();
                format!("there is no stage `{name}`; the stages are {}", names.join(", "))
            })
        };
        Ok(match self {
            Self::All => stages.iter().collect(),
            Self::From(name) => stages[find(name)?..].iter().collect(),
            Self::Only(names) => {
                let mut places = names.iter().map(|name| find(name)).collect::<Result<Vec<_>>>()?;
                places.sort_unstable();
                places.dedup();
                places.into_iter().map(|place| &stages[place]).collect()
            }
        })
    }
}

/// Runs the chosen stages until the first that fails. `verb` is the xtask command they belong to.
pub(crate) fn run(verb: &str, stages: &[Stage], selection: &Selection) -> Result<()> {
    let chosen = selection.pick(stages)?;
    let started = Instant::now();
    if let Some(warning) = room().and_then(|free| tight(free, workspace::app().exists())) {
        println!("{warning}");
    }
    let mut rows = Vec::new();
    for (index, stage) in chosen.iter().enumerate() {
        println!("\n==> [{}/{}] {}: {}", index + 1, chosen.len(), stage.name, stage.about);
        let begun = Instant::now();
        let outcome = (stage.run)();
        let took = begun.elapsed();
        let word = match &outcome {
            Ok(Outcome::Passed) => "passed".to_owned(),
            Ok(Outcome::Skipped(why)) => format!("SKIPPED: {why}"),
            Err(_) => "FAILED".to_owned(),
        };
        println!("    {} {word} in {}", stage.name, clock(took));
        rows.push((stage.name, took, word));
        if let Err(error) = outcome {
            table(&rows, started.elapsed());
            let full = room().and_then(full).unwrap_or_default();
            bail!(
                "{error:#}{full}\n\nstage `{name}` failed. Run it alone: cargo xtask {verb} --only {name}\n\
                 Go on from it: cargo xtask {verb} --from {name}",
                name = stage.name
            );
        }
    }
    table(&rows, started.elapsed());
    Ok(())
}

/// What is free where cargo builds, in bytes; `None` where the system does not say.
fn room() -> Option<u64> {
    fs4::available_space(workspace::target()).ok()
}

/// Said before a run that has everything to build and may not have the room for it.
fn tight(free: u64, warm: bool) -> Option<String> {
    (free < WHOLE_RUN && !warm).then(|| {
        let [free, whole] = [free, WHOLE_RUN].map(|bytes| bytes as f64 / f64::from(1 << 30));
        format!("{free:.1} GiB are free here; a whole run from nothing may take {whole:.0} GiB")
    })
}

/// Said after a failure that a full disk explains.
fn full(free: u64) -> Option<String> {
    (free < FULL).then(|| format!("\n\nthe disk is full: {} MiB are free here", free >> 20))
}

fn table(rows: &[(&str, Duration, String)], whole: Duration) {
    println!("\n{:<14}{:>9}  result", "stage", "time");
    for (name, took, word) in rows {
        println!("{name:<14}{:>9}  {word}", clock(*took));
    }
    println!("{:<14}{:>9}", "all", clock(whole));
}

/// Minutes and seconds, with tenths while it is short.
pub(crate) fn clock(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        seconds => format!("{} m {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn stage(name: &'static str) -> Stage {
        Stage { name, about: "", run: || Ok(Outcome::Passed) }
    }

    fn picked(selection: &Selection) -> Vec<&'static str> {
        let stages = [stage("a"), stage("b"), stage("c")];
        selection.pick(&stages).unwrap().iter().map(|stage| stage.name).collect()
    }

    #[test]
    fn stages_are_picked_in_their_own_order() {
        assert_eq!(picked(&Selection::new(vec![], None)), ["a", "b", "c"]);
        assert_eq!(picked(&Selection::new(vec![], Some("b".into()))), ["b", "c"]);
        assert_eq!(picked(&Selection::new(vec!["c".into(), "a".into(), "c".into()], None)), ["a", "c"]);
    }

    #[test]
    fn an_unknown_stage_is_refused_with_the_names_that_exist() {
        let stages = [stage("a"), stage("b")];
        for selection in [Selection::Only(vec!["x".into()]), Selection::From("x".into())] {
            let error = selection.pick(&stages).err().unwrap().to_string();
            assert!(error.contains("`x`") && error.contains("a, b"), "{error}");
        }
    }

    #[test]
    fn the_first_failure_ends_the_row_and_says_how_to_repeat_it() {
        static LATER: AtomicUsize = AtomicUsize::new(0);
        let stages = [
            Stage { name: "good", about: "", run: || Ok(Outcome::Passed) },
            Stage { name: "bad", about: "", run: || bail!("it broke") },
            Stage {
                name: "later",
                about: "",
                run: || {
                    LATER.fetch_add(1, Ordering::Relaxed);
                    Ok(Outcome::Passed)
                },
            },
        ];
        let error = run("test", &stages, &Selection::All).unwrap_err().to_string();
        assert!(error.contains("it broke") && error.contains("cargo xtask test --only bad"), "{error}");
        assert_eq!(LATER.load(Ordering::Relaxed), 0, "nothing runs after a failure");
    }

    #[test]
    fn a_disk_without_room_is_named_before_and_after() {
        let before = tight(5 << 30, false).unwrap();
        assert!(before.contains("5.0 GiB are free") && before.contains("6 GiB"), "{before}");
        assert_eq!(tight(5 << 30, true), None, "what is built needs no room");
        assert_eq!(tight(7 << 30, false), None);
        assert!(full(300 << 20).unwrap().contains("300 MiB"));
        assert_eq!(full(2 << 30), None);
        assert!(room().is_some_and(|free| free > 0), "nothing is known of the disk");
    }

    #[test]
    fn times_are_readable() {
        assert_eq!(clock(Duration::from_millis(1250)), "1.2 s");
        assert_eq!(clock(Duration::from_secs(125)), "2 m 05 s");
    }
}

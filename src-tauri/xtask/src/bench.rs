//! The project's measures, each with its bar and the command that gives it. Figures, never tests: a
//! number that misses its bar is marked and does not fail the command.

mod acoustics;
#[cfg(target_os = "linux")]
pub(crate) mod process;
mod table;
#[cfg(target_os = "linux")]
mod window;

use anyhow::{Result, bail};

use crate::command::{self, Run};
use crate::provision::{self, Group, provision};
use crate::{bundle, ui, workspace};
use table::{Bar, Row};

struct Part {
    /// What `--only` takes.
    name: &'static str,
    about: &'static str,
    needs: &'static [Group],
    measure: fn(&Asked) -> Vec<Row>,
}

struct Asked {
    quick: bool,
}

#[rustfmt::skip]
const PARTS: &[Part] = &[
    Part { name: "parse", about: "events read from the wire", needs: &[Group::Build], measure: |_| program("realtime", "parse_rate") },
    Part { name: "latency", about: "between devices and the call, on the devices of a private sound server", needs: &[Group::Build, Group::Test], measure: |_| program("audio", "latency -- --desk") },
    Part { name: "call", about: "what the call adds, over a loopback socket", needs: &[Group::Build], measure: |_| program("call", "call_bench") },
    Part { name: "barge", about: "from the server's word that somebody speaks to silence at the loudspeaker of a private sound server", needs: &[Group::Build, Group::Test], measure: |_| program("call", "call_bench -- --desk") },
    Part { name: "acoustics", about: "the echo canceller beside real libwebrtc, in made rooms", needs: &[Group::Build, Group::Acoustics], measure: |asked| acoustics::measure(asked.quick) },
    Part { name: "package", about: "the release .deb", needs: &[Group::Build], measure: |_| vec![package()] },
    Part { name: "window", about: "the real app, as `package` built it, beside an empty window", needs: &[Group::Build, Group::Test], measure: |_| window() },
    Part { name: "cost", about: "a call in the app that `package` built, beside the same call in Chromium", needs: &[Group::Build, Group::Test], measure: |_| live_program("cost", "") },
    Part { name: "growth", about: "what a call of ten minutes adds to the app's memory", needs: &[Group::Build, Group::Test], measure: |asked| live_program("cost", if asked.quick { "--growth 3" } else { "--growth 10" }) },
    Part { name: "live", about: "the app on loudspeakers in a room, with somebody who speaks over the agent", needs: &[Group::Build, Group::Test], measure: |asked| live_program("live", if asked.quick { "--minutes 1 --tries 5" } else { "" }) },
];

pub(crate) fn list() {
    for part in PARTS {
        println!("{:<12} {}", part.name, part.about);
    }
}

/// Measures the parts named in `only`, or all of them; every part prints its rows as soon as it has them.
///
/// # Errors
/// A name that no part has, or a machine that lacks what a part needs.
pub(crate) fn bench(only: &[String], quick: bool) -> Result<()> {
    let chosen = pick(only)?;
    println!("==> machine: everything to build and measure is there");
    let needs: Vec<_> = chosen.iter().flat_map(|part| part.needs).copied().collect();
    provision(&needs)?;
    provision::node()?;
    let mut rows = Vec::new();
    for (index, part) in chosen.iter().enumerate() {
        println!("\n==> [{}/{}] {}: {}", index + 1, chosen.len(), part.name, part.about);
        let measured = (part.measure)(&Asked { quick });
        println!("\n{}", table::render(&measured));
        rows.extend(measured);
    }
    if chosen.len() > 1 {
        println!("\n==> all parts\n\n{}", table::render(&rows));
    }
    Ok(())
}

fn pick(only: &[String]) -> Result<Vec<&'static Part>> {
    if let Some(name) = only.iter().find(|name| PARTS.iter().all(|part| part.name != *name)) {
        let names: Vec<_> = PARTS.iter().map(|part| part.name).collect();
        bail!("there is no part `{name}`; the parts are {}", names.join(", "));
    }
    let wanted = |part: &&Part| only.is_empty() || only.iter().any(|name| name == part.name);
    Ok(PARTS.iter().filter(wanted).collect())
}

fn window() -> Vec<Row> {
    #[cfg(target_os = "linux")]
    return window::measure();
    #[cfg(not(target_os = "linux"))]
    vec![Row::missing("window", "these are read from Linux's /proc", "cargo xtask bench --only window")]
}

fn program(package: &str, example: &str) -> Vec<Row> {
    figures(example, &Run::words(&format!("cargo run --release --quiet -p {package} --example {example}")))
}

/// A program that drives the real window.
fn live_program(name: &str, arguments: &str) -> Vec<Row> {
    figures(name, &Run::words(&format!("cargo test --quiet --test {name} -- {arguments}")))
}

/// Runs a program that measures one part and prints a JSON object a line: name, value, unit, bar.
fn figures(part: &str, run: &Run) -> Vec<Row> {
    let shown = run.shown();
    println!("    $ {shown}");
    match run.read() {
        Ok(output) => table::rows(part, &output, &shown),
        Err(error) => vec![Row::missing(part, &format!("{error:#}"), &shown)],
    }
}

fn package() -> Row {
    const WHAT: &str = ".deb size";
    let run = || {
        ui::install()?;
        let build = command::tauri().args(["build", "--bundles", "deb"]);
        println!("    $ {}", build.shown());
        build.read()?;
        let deb = bundle::newest(&workspace::target().join("release/bundle/deb"))?;
        anyhow::Ok(bundle::megabytes(std::fs::metadata(deb)?.len()))
    };
    const COMMAND: &str = "cargo xtask bench --only package";
    if !cfg!(target_os = "linux") {
        return Row::missing(WHAT, "a .deb is made on Linux", COMMAND);
    }
    match run() {
        Ok(size) => {
            Row::measured(WHAT, size, "MB", Bar::AtMost(bundle::megabytes(bundle::DEB_LIMIT)), COMMAND)
        }
        Err(error) => Row::missing(WHAT, &format!("{error:#}"), COMMAND),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_picked_in_their_own_order_and_an_unknown_one_is_refused_with_the_names_that_exist() {
        let names = |only: &[&str]| {
            let only: Vec<_> = only.iter().map(|&name| name.to_owned()).collect();
            pick(&only).map(|parts| parts.iter().map(|part| part.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).unwrap().len(), PARTS.len());
        assert_eq!(names(&["window", "parse"]).unwrap(), ["parse", "window"]);
        let error = names(&["parse", "echo"]).unwrap_err().to_string();
        assert!(error.contains("`echo`") && error.contains("parse, latency, call, acoustics"), "{error}");
    }
}

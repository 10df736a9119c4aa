//! The project's measures, each with its bar and the command that gives it. Figures, never tests: a
//! number that misses its bar is marked and does not fail the command.

#[cfg(target_os = "linux")]
pub(crate) mod process;
mod table;
#[cfg(target_os = "linux")]
mod window;

use anyhow::Result;

use crate::command::{self, Run};
use crate::provision::{self, Group, provision};
use crate::{bundle, ui, workspace};
use table::{Bar, Row};

/// Programs that measure one part and print a JSON object a line: name, value, unit, bar.
const PROGRAMS: [(&str, &str); 3] =
    [("realtime", "parse_rate"), ("audio", "latency"), ("call", "call_bench")];

/// Measures that this project has set itself and that nothing here can take yet, with the reason.
const PENDING: [(&str, &str); 5] = [
    ("CPU in a call, beside Chromium", "no Chromium page holds the same call yet"),
    ("memory in a call, beside an empty window", "the window is measured without a call so far"),
    ("memory after 2 h of call", "no fast replay of a long call yet"),
    ("echo left on loudspeakers", "the audio thread holds no echo canceller yet"),
    ("near speech in double talk", "the audio thread holds no echo canceller yet"),
];

pub(crate) fn bench() -> Result<()> {
    println!("==> [1/4] machine: everything to build and measure is there");
    provision(&[Group::Build, Group::Test])?;
    provision::node()?;
    println!("\n==> [2/4] programs: the parts, release builds");
    let mut rows: Vec<Row> =
        PROGRAMS.iter().flat_map(|(package, example)| program(package, example)).collect();
    println!("\n==> [3/4] package: the release .deb");
    rows.push(package());
    println!("\n==> [4/4] window: the real app beside an empty one");
    #[cfg(target_os = "linux")]
    rows.extend(window::measure());
    #[cfg(not(target_os = "linux"))]
    rows.push(Row::missing("window", "these are read from Linux's /proc", "cargo xtask bench"));
    rows.extend(PENDING.map(|(what, why)| Row::missing(what, why, "")));
    println!("\n{}", table::render(&rows));
    Ok(())
}

fn program(package: &str, example: &str) -> Vec<Row> {
    let run = Run::words(&format!("cargo run --release --quiet -p {package} --example {example}"));
    let shown = run.shown();
    println!("    $ {shown}");
    let folder = workspace::root().join("src-tauri/crates").join(package).join("examples");
    if !folder.join(format!("{example}.rs")).is_file() && !folder.join(example).is_dir() {
        return vec![Row::missing(example, "this program does not exist yet", &shown)];
    }
    match run.read() {
        Ok(output) => table::rows(example, &output, &shown),
        Err(error) => vec![Row::missing(example, &format!("{error:#}"), &shown)],
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
    const COMMAND: &str = "cargo xtask bundle";
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

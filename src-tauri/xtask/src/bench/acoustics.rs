//! The acoustic bench in tests/acoustics: a folder of Python packages for it, and its verdicts as rows.

use anyhow::{Context, Result};

use super::table::{Bar, Row};
use crate::command::Run;
use crate::python::python;
use crate::workspace;

const WHAT: &str = "echo canceller beside libwebrtc";
const COMMAND: &str = "cargo xtask bench --only acoustics";

/// Runs it with its tables on this terminal; with `quick` a dozen cases once.
pub(super) fn measure(quick: bool) -> Vec<Row> {
    run(quick).unwrap_or_else(|error| vec![Row::missing(WHAT, &format!("{error:#}"), COMMAND)])
}

fn run(quick: bool) -> Result<Vec<Row>> {
    let home = workspace::target().join("acoustics");
    let bench = workspace::root().join("tests/acoustics");
    let python = python(&home, &[bench.join("requirements.txt")])?;
    Run::new(&python).args(["-m", "unittest", "-q"]).folder(&bench).run()?;
    Run::words("cargo build --release --quiet -p audio --example cancel").run()?;
    let cancel =
        workspace::target().join("release/examples").join(format!("cancel{}", std::env::consts::EXE_SUFFIX));
    let report = home.join("report.json");
    let mut bench = Run::new(&python).args([bench.join("bench.py")]);
    bench = bench.args(["--cancel".as_ref(), cancel.as_os_str(), "--out".as_ref(), report.as_os_str()]);
    if quick {
        bench = bench.args(["--quick"]);
    }
    bench.run()?;
    let text = std::fs::read_to_string(&report)?;
    rows(&text).with_context(|| format!("{} is not understood", report.display()))
}

/// The report's `bar`: what, ours, at_least.
fn rows(report: &str) -> Option<Vec<Row>> {
    let report: serde_json::Value = serde_json::from_str(report).ok()?;
    let row = |line: &serde_json::Value| {
        let hundredths = |name: &str| Some((line[name].as_f64()? * 100.0).round() / 100.0);
        Some(Row::measured(
            line["what"].as_str()?,
            hundredths("ours")?,
            "",
            Bar::AtLeast(hundredths("at_least")?),
            COMMAND,
        ))
    };
    report["bar"].as_array()?.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reports_bar_becomes_rows_and_a_broken_report_none() {
        let report =
            r#"{"bar": [{"what": "a", "ours": 2.996, "libwebrtc": null, "at_least": 3.0, "note": ""}]}"#;
        assert_eq!(rows(report), Some(vec![Row::measured("a", 3.0, "", Bar::AtLeast(3.0), COMMAND)]));
        assert_eq!(rows(r#"{"bar": [{"what": "a", "ours": null, "at_least": 3}]}"#), None);
        assert_eq!(rows("{}"), None);
    }
}

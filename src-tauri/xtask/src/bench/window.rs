//! The real window beside an empty one: time until it stands, memory, and what it costs to leave it alone.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::process;
use super::table::{Bar, Row};
use crate::command::Run;
use crate::headless::Screen;
use crate::workspace;

const COMMAND: &str = "cargo xtask bench --only package,window";

/// How long nothing may change on the screen before the window counts as standing.
const STILL: Duration = Duration::from_secs(1);

/// How long a window that was taken off the screen may tidy up before it is watched.
const CALM: Duration = Duration::from_secs(10);

/// How long the idle window is watched.
const WATCH: Duration = Duration::from_secs(20);

struct Figures {
    /// From the start of the process to the last change of the picture.
    ready: Duration,
    /// Bytes.
    memory: u64,
    /// Share of one core while the window stands there, in percent.
    idle: f64,
    /// The same while the window is off the screen.
    hidden: f64,
}

pub(super) fn measure() -> Vec<Row> {
    let release = workspace::target().join("release");
    let app = match of(&release.join("sidetone"), "Sidetone") {
        Ok(figures) => figures,
        Err(error) => return vec![Row::missing("window", &format!("{error:#}"), COMMAND)],
    };
    let megabytes = app.memory as f64 / 1e6;
    let mut rows = vec![
        Row::measured("window ready", app.ready.as_secs_f64(), "s", Bar::None, COMMAND),
        Row::measured("memory, no call (PSS of the tree)", megabytes, "MB", Bar::None, COMMAND),
        Row::measured("CPU, window open, no call", app.idle, "% of a core", Bar::AtMost(0.5), COMMAND),
        Row::measured("CPU, window hidden, no call", app.hidden, "% of a core", Bar::AtMost(0.0), COMMAND),
    ];
    let empty = build_empty().and_then(|()| of(&release.join("examples/empty_window"), "Empty window"));
    match empty {
        Ok(empty) => {
            let ready = app.ready.as_secs_f64() / empty.ready.as_secs_f64();
            let memory = app.memory as f64 / empty.memory as f64;
            let what = "window ready, beside an empty window";
            rows.push(Row::measured(what, ready, "×", Bar::AtMost(2.0), COMMAND));
            let what = "memory, no call, beside an empty window";
            rows.push(Row::measured(what, memory, "×", Bar::AtMost(1.25), COMMAND));
        }
        Err(error) => rows.push(Row::missing("beside an empty window", &format!("{error:#}"), COMMAND)),
    }
    rows
}

fn build_empty() -> Result<()> {
    let build = Run::words("cargo build --release --quiet --example empty_window");
    println!("    $ {}", build.shown());
    build.read()?;
    Ok(())
}

fn of(program: &Path, title: &str) -> Result<Figures> {
    ensure!(program.is_file(), "{} is not built", program.display());
    println!("    $ dbus-run-session -- {}", program.display());
    let screen = Screen::open()?;
    // The first start fills the disk cache; the second is the one that is measured.
    let mut first = screen.start(program)?;
    screen.window(&mut first, title)?;
    first.end();
    let blank = screen.frame()?;
    let begun = Instant::now();
    let mut app = screen.start(program)?;
    let ready = settled(&screen, &blank, begun)?;
    let window = screen.window(&mut app, title)?;
    let pid = app.pid().context("the program has gone")?;
    let memory = process::pss(&process::tree(pid));
    let idle = load(pid)?;
    screen.tool("xdotool windowunmap").args([window]).read()?;
    std::thread::sleep(CALM);
    let hidden = load(pid)?;
    Ok(Figures { ready, memory, idle, hidden })
}

/// When the picture changed for the last time, seen from `begun`.
fn settled(screen: &Screen, blank: &[u8], begun: Instant) -> Result<Duration> {
    let mut last = blank.to_vec();
    let mut changed = None;
    while begun.elapsed() < Duration::from_secs(60) {
        let frame = screen.frame()?;
        if frame != last {
            changed = Some(begun.elapsed());
            last = frame;
        } else if let Some(changed) = changed
            && begun.elapsed() - changed > STILL
        {
            return Ok(changed);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let what = if changed.is_some() { "its picture never stood still" } else { "it drew nothing" };
    anyhow::bail!("within a minute {what}")
}

/// Processor time of the tree over a while, in percent of one core.
fn load(pid: u32) -> Result<f64> {
    let per_second: f64 = Run::words("getconf CLK_TCK").read()?.trim().parse()?;
    let begun = Instant::now();
    let before = process::ticks(&process::tree(pid));
    std::thread::sleep(WATCH);
    let after = process::ticks(&process::tree(pid));
    Ok(after.saturating_sub(before) as f64 / per_second / begun.elapsed().as_secs_f64() * 100.0)
}

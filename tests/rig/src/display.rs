//! A private X display with a window manager.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::process::{Running, run, tool, wait_until};

/// Dropped in this order: the window manager before its display.
#[derive(Debug)]
pub struct Display {
    _manager: Running,
    _server: Running,
    _home: TempDir,
    name: String,
}

impl Display {
    /// A 24 bit screen of the given size in pixels, under a display number that was free.
    pub fn start(width: u32, height: u32) -> Result<Self> {
        let mut server = Running::start(
            tool("Xvfb", "xvfb")?
                .args(["-displayfd", "1", "-screen", "0"])
                .arg(format!("{width}x{height}x24"))
                .args(["-nolisten", "tcp", "-noreset"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        )?;
        let name = format!(":{}", server.first_line().context("starting a display")?);
        let home = tempfile::Builder::new().prefix("rig-display-").tempdir().context("making a folder")?;
        let mut manager = Running::start(
            tool("openbox", "openbox")?
                .args(["--sm-disable"])
                .env("DISPLAY", &name)
                .env("HOME", home.path())
                .env("XDG_CONFIG_HOME", home.path())
                .env("XDG_CACHE_HOME", home.path())
                .env("XDG_DATA_HOME", home.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )?;
        // The question is one that only a window manager answers.
        let mut question = tool("xdotool", "xdotool")?;
        question.arg("get_num_desktops").env("DISPLAY", &name);
        wait_until(&mut manager, "starting a window manager", || run(&mut question).ok())?;
        Ok(Self { _manager: manager, _server: server, _home: home, name })
    }

    /// What a child process needs in its environment to appear on this display.
    pub fn env(&self) -> Vec<(String, String)> {
        vec![("DISPLAY".to_owned(), self.name.clone()), ("GDK_BACKEND".to_owned(), "x11".to_owned())]
    }

    /// Takes a picture of the whole screen; the ending of `path` names the format.
    pub fn screenshot(&self, path: &Path) -> Result<()> {
        self.photograph("root", path)
    }

    /// Takes a picture of one window, without its frame; whatever covers it is in the picture.
    /// `window` is a number as [`Display::xdotool`] gives it.
    pub fn photograph(&self, window: &str, path: &Path) -> Result<()> {
        run(tool("import", "imagemagick")?.args(["-window", window]).arg(path).env("DISPLAY", &self.name))
            .context("taking a picture of the display")?;
        Ok(())
    }

    /// Sends keys or clicks by `xdotool`, such as `["key", "space"]`, and returns what it printed.
    pub fn xdotool(&self, args: &[&str]) -> Result<String> {
        run(tool("xdotool", "xdotool")?.args(args).env("DISPLAY", &self.name))
    }
}

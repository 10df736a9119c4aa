//! Starting the app for a person: built once, or live from the Vite server.

use anyhow::{Result, bail};

use crate::command::{self, Run};
use crate::provision::{self, Group, provision};
use crate::{ui, workspace};

/// Builds everything and opens the window on the practice agent, or with `arguments` in place of that.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    prepare(5)?;
    println!("\n==> [3/5] ui-build: the window's pages");
    ui::build()?;
    println!("\n==> [4/5] app: built for this machine");
    Run::words("cargo build --bin sidetone").run()?;
    println!("\n==> [5/5] run: the window opens on the practice agent; close it to come back here");
    needs_screen()?;
    let app = workspace::app();
    let practice = ["--practice".to_owned()];
    Run::new(app).args(if arguments.is_empty() { &practice } else { arguments }).run()
}

pub(crate) fn dev() -> Result<()> {
    prepare(3)?;
    println!("\n==> [3/3] dev: pages from the Vite server; edits reload the window or rebuild the app");
    needs_screen()?;
    command::tauri().args(["dev"]).run()
}

fn prepare(steps: u32) -> Result<()> {
    println!("==> [1/{steps}] machine: everything to build and run is there");
    provision(&[Group::Build])?;
    provision::node()?;
    println!("\n==> [2/{steps}] ui-install: the window's packages");
    ui::install()
}

/// On Linux a window needs somebody's screen; the other systems always have one.
fn needs_screen() -> Result<()> {
    let there = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    if cfg!(target_os = "linux") && !there("DISPLAY") && !there("WAYLAND_DISPLAY") {
        bail!(
            "there is no screen here: neither DISPLAY nor WAYLAND_DISPLAY is set. Start this from a desktop \
             session, or on a screen nobody sees: xvfb-run -a dbus-run-session -- cargo xtask run"
        );
    }
    Ok(())
}

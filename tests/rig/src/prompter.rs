//! The desktop's own dialog in which a keychain asks for its password.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::bus::{Bus, PASSWORD};
use crate::display::Display;
use crate::process::{Running, run, tool};

/// Where distributions put it; it is no program that one calls by its name.
const PLACES: [&str; 3] =
    ["/usr/libexec/gcr-prompter", "/usr/lib/gcr-prompter", "/usr/lib/x86_64-linux-gnu/gcr-prompter"];
/// How long a dialog may take to show or to go.
const PATIENCE: Duration = Duration::from_secs(20);

/// While it lives, a locked keychain on this bus asks on this display; without it nobody is asked, which
/// to the keychain is a no.
#[derive(Debug)]
pub struct Prompter {
    display: Vec<(String, String)>,
    _program: Running,
}

impl Prompter {
    /// It ends by itself when nothing was asked for some ten seconds.
    pub fn start(bus: &Bus, display: &Display) -> Result<Self> {
        let place = PLACES.into_iter().find(|place| Path::new(place).is_file()).context(
            "`gcr-prompter` is missing: it comes with the Debian package `gcr`, which gnome-keyring depends on",
        )?;
        let mut program = std::process::Command::new(place);
        program.envs(bus.env()).envs(display.env());
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut program = Running::start(&mut program)?;
        bus.wait_for_owner("org.gnome.keyring.SystemPrompter", &mut program)?;
        Ok(Self { display: display.env(), _program: program })
    }

    /// Waits until the dialog shows.
    pub fn asked(&self) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while !self.shows() {
            if Instant::now() > until {
                bail!("the keychain's dialog never came");
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // The keyboard goes to it a moment after it shows.
        std::thread::sleep(Duration::from_millis(500));
        Ok(())
    }

    /// Turns the dialog down.
    pub fn dismiss(&self) -> Result<()> {
        self.asked()?;
        self.until_gone(&["key", "Escape"])
    }

    /// Unlocks the keychain.
    pub fn answer(&self) -> Result<()> {
        self.asked()?;
        self.xdotool(&["type", "--delay", "20", PASSWORD])?;
        self.until_gone(&["key", "Return"])
    }

    /// Gives a new keychain its password, which is asked for twice.
    pub fn choose(&self) -> Result<()> {
        self.asked()?;
        self.xdotool(&["type", "--delay", "20", PASSWORD])?;
        self.xdotool(&["key", "Tab"])?;
        self.answer()
    }

    /// Sends a key until it has worked: the first may come before the dialog has the keyboard.
    fn until_gone(&self, key: &[&str]) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while self.shows() {
            if Instant::now() > until {
                bail!("the keychain's dialog does not go");
            }
            self.xdotool(key)?;
            std::thread::sleep(Duration::from_millis(300));
        }
        Ok(())
    }

    fn shows(&self) -> bool {
        // Nothing found is an error to xdotool.
        self.xdotool(&["search", "--onlyvisible", "--class", "gcr-prompter"]).is_ok()
    }

    fn xdotool(&self, args: &[&str]) -> Result<()> {
        run(tool("xdotool", "xdotool")?.args(args).envs(self.display.clone())).map(drop)
    }
}

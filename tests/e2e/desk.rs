//! A desk with a display, a sound server and a keychain on it. Everything is a child process that ends
//! with its owner.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rig::{Colour, Picture};

/// How long a person would wait for anything here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The system's theme, which the window follows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Theme {
    Light,
    Dark,
}

impl Theme {
    /// The window's ground, as `ui/src/app.css` has it.
    pub(crate) fn ground(self) -> Colour {
        match self {
            Self::Light => [0xfb, 0xfa, 0xf8],
            Self::Dark => [0x14, 0x14, 0x14],
        }
    }

    /// What cards stand on, as `ui/src/app.css` has it.
    pub(crate) fn surface(self) -> Colour {
        match self {
            Self::Light => [0xff, 0xff, 0xff],
            Self::Dark => [0x1e, 0x1d, 0x1b],
        }
    }

    fn gtk(self) -> &'static str {
        match self {
            Self::Light => "Adwaita",
            Self::Dark => "Adwaita:dark",
        }
    }
}

pub(crate) struct Desk {
    pub(crate) sound: rig::Sound,
    pub(crate) display: rig::Display,
    pub(crate) theme: Theme,
    /// Where the app's log of every level goes, instead of the test's own output.
    pub(crate) log: RefCell<Option<PathBuf>>,
    /// Taken away, the microphone is as dead as one that is switched off.
    pub(crate) room: RefCell<Option<rig::RoomTone>>,
    bus: rig::Bus,
    folder: tempfile::TempDir,
}

impl Desk {
    pub(crate) fn set_up(keychain: bool) -> Result<Self> {
        Self::with_theme(keychain, Theme::Light)
    }

    pub(crate) fn with_theme(keychain: bool, theme: Theme) -> Result<Self> {
        let mut bus = rig::Bus::start()?;
        if keychain {
            bus.unlock_keyring()?;
        }
        // With room for the window's frame around 1280 x 800.
        let display = rig::Display::start(1360, 900)?;
        // Everything that makes or hears sound from now on. The app does not: it has to do with what
        // a busy machine leaves it.
        rig::real_time(true);
        let sound = rig::Sound::start()?;
        let room = RefCell::new(Some(sound.room_tone()?));
        Ok(Self { sound, display, theme, log: RefCell::default(), room, bus, folder: tempfile::tempdir()? })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A picture of the whole display as it is, kept among the artefacts.
    pub(crate) fn picture(&self, name: &str) -> Result<()> {
        self.display.screenshot(&artefact(name)?)
    }

    /// A picture of one window as it is, kept among the artefacts.
    pub(crate) fn photograph(&self, window: &str, name: &str) -> Result<Picture> {
        let path = artefact(name)?;
        self.display.photograph(window, &path)?;
        Picture::open(&path)
    }

    /// The number of the visible window of that title.
    pub(crate) fn window(&self, title: &str) -> Result<Option<String>> {
        // Nothing found is an error to xdotool.
        let search = ["search", "--onlyvisible", "--name", &format!("^{title}$")];
        let found = self.display.xdotool(&search).unwrap_or_default();
        Ok(found.lines().next().map(str::to_owned))
    }

    /// Waits for the system's dialog of that title, and gives it the keyboard.
    pub(crate) async fn dialog(&self, title: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(dialog) = self.window(title)? {
                return self.display.xdotool(&["windowactivate", "--sync", &dialog]).map(drop);
            }
            ensure!(Instant::now() < until, "the dialog {title:?} never came");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }

    /// Waits until it is gone.
    pub(crate) async fn no_dialog(&self, title: &str) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        while self.window(title)?.is_some() {
            ensure!(Instant::now() < until, "the dialog {title:?} never went");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        Ok(())
    }

    /// Locks the keychain; with what is returned it asks for its password on this desk.
    pub(crate) fn lock_keychain(&self) -> Result<rig::Prompter> {
        self.bus.lock_keyring()?;
        rig::Prompter::start(&self.bus, &self.display)
    }

    /// Whether that window is still on the display.
    pub(crate) fn is_there(&self, window: &str) -> bool {
        self.display.xdotool(&["getwindowgeometry", window]).is_ok()
    }

    pub(crate) fn env(&self) -> Vec<(String, String)> {
        let theme = vec![("GTK_THEME".to_owned(), self.theme.gtk().to_owned())];
        // The bus has the private home; the sound server's runtime folder must win over the bus's.
        [self.display.env(), self.bus.env(), self.sound.env(), theme].concat()
    }

    /// Where programs on this desk keep what the environment names, such as `XDG_DATA_HOME`.
    pub(crate) fn place(&self, variable: &str) -> Result<PathBuf> {
        let found = self.bus.env().into_iter().find(|(name, _)| name == variable);
        Ok(found.context("the bus has a private home")?.1.into())
    }

    /// Settings that the app finds when it starts; what is left out has its default.
    pub(crate) fn set(&self, settings: serde_json::Value) -> Result<()> {
        let folder = self.place("XDG_CONFIG_HOME")?.join("dev.sidetone.desktop");
        std::fs::create_dir_all(&folder)?;
        let mut kept = settings;
        kept["version"] = 1.into();
        Ok(std::fs::write(folder.join("settings.json"), kept.to_string())?)
    }

    /// Files below the private home that contain these bytes.
    pub(crate) fn files_that_contain(&self, words: &str) -> Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        let mut folders = vec![self.place("HOME")?];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let entry = entry?;
                let kind = entry.file_type()?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if kind.is_file() {
                    let bytes = std::fs::read(entry.path()).unwrap_or_default();
                    if bytes.windows(words.len()).any(|window| window == words.as_bytes()) {
                        found.push(entry.path());
                    }
                }
            }
        }
        Ok(found)
    }

    /// The app that runs on this desk.
    pub(crate) fn app(&self) -> Result<u32> {
        let app = Path::new(env!("CARGO_BIN_EXE_sidetone")).canonicalize()?;
        let (name, value) = self.display.env().into_iter().next().context("a display has a name")?;
        let display = format!("{name}={value}\0").into_bytes();
        std::fs::read_dir("/proc")?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .find(|pid: &u32| {
                let process = PathBuf::from(format!("/proc/{pid}"));
                let environ = std::fs::read(process.join("environ")).unwrap_or_default();
                std::fs::read_link(process.join("exe")).is_ok_and(|exe| exe == app)
                    && environ.windows(display.len()).any(|part| part == display)
            })
            .context("the app does not run")
    }
}

fn artefact(name: &str) -> Result<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("artefacts/e2e");
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("{name}.png")))
}

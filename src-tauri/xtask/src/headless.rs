//! A screen that nobody sees, and a program on it with a session bus and a home of its own.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::bench::process;
use crate::command::Run;

/// An X server in memory. Ends when dropped.
pub(crate) struct Screen {
    server: Child,
    display: String,
    folder: PathBuf,
}

impl Screen {
    /// Opens one on a display number that is free.
    pub(crate) fn open() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("sidetone-screen-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let server = Run::words("Xvfb -displayfd 1 -nolisten tcp -screen 0 1280x800x24 -fbdir")
            .args([&folder])
            .command()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("could not start Xvfb")?;
        let mut screen = Self { server, display: String::new(), folder };
        let mut number = String::new();
        let output = screen.server.stdout.take().context("Xvfb has no output")?;
        BufReader::new(output).read_line(&mut number).context("could not read Xvfb's display number")?;
        if number.trim().is_empty() {
            bail!("Xvfb ended without opening a display");
        }
        screen.display = format!(":{}", number.trim());
        Ok(screen)
    }

    /// The screen's memory as it is this instant: an XWD header and the pixels.
    pub(crate) fn frame(&self) -> Result<Vec<u8>> {
        Ok(std::fs::read(self.folder.join("Xvfb_screen0"))?)
    }

    pub(crate) fn picture(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        self.tool("import -window root").args([path]).read()?;
        Ok(())
    }

    /// A command line that draws on or asks this screen.
    pub(crate) fn tool(&self, words: &str) -> Run {
        Run::words(words).env("DISPLAY", &self.display).without_env("WAYLAND_DISPLAY")
    }

    /// Starts `program` on this screen, inside a session bus and with an empty home.
    pub(crate) fn start(&self, program: &Path) -> Result<App> {
        let home = self.folder.join("home");
        let runtime = home.join("runtime");
        std::fs::create_dir_all(&runtime)?;
        std::fs::set_permissions(&runtime, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        let mut run = self.tool("dbus-run-session --").args([program]).env("XDG_RUNTIME_DIR", &runtime);
        for name in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"] {
            run = run.env(name, &home);
        }
        let shown = run.shown();
        let log = home.join("app.log");
        let file = std::fs::File::create(&log)?;
        let child = run
            .command()
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .process_group(0)
            .spawn()
            .with_context(|| format!("could not start `{shown}`"))?;
        Ok(App { child, program: program.to_owned(), log })
    }

    /// Waits for a visible window of that title and gives its number.
    ///
    /// # Errors
    /// The program ended, or no such window came within a minute; with what the program said.
    pub(crate) fn window(&self, app: &mut App, title: &str) -> Result<String> {
        let search = self.tool("xdotool search --onlyvisible --name").args([format!("^{title}$")]);
        let begun = Instant::now();
        loop {
            if let Some(window) = search.read().ok().and_then(|found| found.lines().next().map(str::to_owned))
            {
                return Ok(window);
            }
            let ended = app.child.try_wait()?;
            if ended.is_some() || begun.elapsed() > Duration::from_secs(60) {
                let said = std::fs::read_to_string(&app.log).unwrap_or_default();
                let how = match ended {
                    Some(status) => format!("it ended with {status}"),
                    None => "after a minute".to_owned(),
                };
                bail!("{} showed no window named {title}: {how}\n{said}", app.program.display());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Nothing to be done about a server that has gone already.
        self.server.kill().ok();
        self.server.wait().ok();
        std::fs::remove_dir_all(&self.folder).ok();
    }
}

/// A program with everything it started, in a process group of its own. Ends when dropped.
pub(crate) struct App {
    child: Child,
    program: PathBuf,
    log: PathBuf,
}

impl App {
    /// The program itself, not the session bus around it.
    pub(crate) fn pid(&self) -> Option<u32> {
        let program = self.program.canonicalize().ok()?;
        process::tree(self.child.id())
            .into_iter()
            .find(|pid| std::fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program))
    }

    /// Asks all of it to end, and makes it after five seconds.
    pub(crate) fn end(&mut self) {
        let members = process::tree(self.child.id());
        for signal in ["-TERM", "-KILL"] {
            Run::new("kill").args([signal, "--", &format!("-{}", self.child.id())]).succeeds();
            let begun = Instant::now();
            while begun.elapsed() < Duration::from_secs(5) {
                let reaped = matches!(self.child.try_wait(), Ok(Some(_)) | Err(_));
                if reaped && !members.iter().any(|pid| process::lives(*pid)) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

impl Drop for App {
    fn drop(&mut self) {
        self.end();
    }
}

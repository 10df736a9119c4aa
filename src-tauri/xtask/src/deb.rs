//! The .deb, proved: built, looked into, installed, started, seen and removed.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::bench::process;
use crate::command::{self, Run};
use crate::headless::Screen;
use crate::provision::{APT_INSTALL, is_root};
use crate::{bundle, workspace};

const PACKAGE: &str = "sidetone";

pub(crate) fn prove() -> Result<()> {
    // With the tests beside it cargo settles on the features that the other stages built with, so that nearly
    // everything is there already and the packaged binary is the one that the window tests drove.
    let with_tests = ["--", "--workspace", "--lib", "--tests"];
    command::tauri().args(["build", "--debug", "--bundles", "deb"]).args(with_tests).run()?;
    let deb = bundle::newest(&workspace::target().join("debug/bundle/deb"))?;
    look_into(&deb)?;
    if is_root() && command_exists("apt-get") && !Run::words("dpkg -s").args([PACKAGE]).succeeds() {
        let installed = Installed::new(&deb)?;
        start(Path::new("/usr/bin/sidetone"))?;
        installed.remove()
    } else {
        println!(
            "    not root on a system with apt, or already installed: started from its own folder instead"
        );
        let folder = Unpacked::new(&deb)?;
        start(&folder.0.join("usr/bin/sidetone"))
    }
}

fn command_exists(name: &str) -> bool {
    Run::new(name).args(["--version"]).succeeds()
}

/// Everything the package has to hold, and everything it has to ask for.
fn look_into(deb: &Path) -> Result<()> {
    let list = Run::words("dpkg-deb --contents").args([deb]);
    println!("    $ {}", list.shown());
    let list = list.read()?;
    let files = files(&list);
    for wanted in [
        "/usr/bin/sidetone",
        "/usr/share/applications/Sidetone.desktop",
        "/usr/share/doc/sidetone/copyright",
        "/usr/share/icons/hicolor/32x32/apps/sidetone.png",
        "/usr/share/icons/hicolor/128x128/apps/sidetone.png",
        "/usr/share/icons/hicolor/256x256@2/apps/sidetone.png",
    ] {
        ensure!(files.iter().any(|file| file == wanted), "the package lacks {wanted}; it holds:\n{list}");
    }
    let depends = Run::words("dpkg-deb --field").args([deb.as_os_str(), "Depends".as_ref()]).read()?;
    for wanted in ["libwebkit2gtk-4.1-0", "libgtk-3-0", "libasound2"] {
        ensure!(depends.contains(wanted), "the package does not depend on {wanted}: {depends}");
    }
    let size = std::fs::metadata(deb)?.len();
    println!(
        "      {} files, {:.1} MB unstripped, depends on {}",
        files.len(),
        bundle::megabytes(size),
        depends.trim()
    );
    Ok(())
}

/// The files in `dpkg-deb --contents`, without the folders: mode, owner, size, day, hour, path.
fn files(list: &str) -> Vec<String> {
    list.lines()
        .filter(|line| !line.starts_with('d'))
        .filter_map(|line| line.split_whitespace().nth(5))
        .map(|path| format!("/{}", path.trim_start_matches("./")))
        .collect()
}

/// Opens it on a screen, waits for its window, keeps a picture, ends it.
fn start(program: &Path) -> Result<()> {
    let screen = Screen::open()?;
    println!("    $ dbus-run-session -- {}", program.display());
    let mut app = screen.start(program)?;
    let window = screen.window(&mut app, "Sidetone")?;
    let pid = app.pid().context("the window is there but its process is not")?;
    let picture = workspace::artefacts().join("deb/window.png");
    screen.picture(&picture)?;
    println!("      window {window} of process {pid}, picture in {}", picture.display());
    app.end();
    ensure!(!process::lives(pid), "process {pid} did not end");
    Ok(())
}

/// The package on this system. Removed when dropped, so that a failed stage leaves nothing behind.
struct Installed {
    removed: bool,
}

impl Installed {
    fn new(deb: &Path) -> Result<Self> {
        let installed = Self { removed: false };
        Run::words(APT_INSTALL).args([deb]).env("DEBIAN_FRONTEND", "noninteractive").run()?;
        Ok(installed)
    }

    fn remove(mut self) -> Result<()> {
        self.removed = true;
        Run::words("dpkg --purge").args([PACKAGE]).run()?;
        if Path::new("/usr/bin/sidetone").exists() {
            bail!("removing the package left /usr/bin/sidetone behind");
        }
        Ok(())
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        if !self.removed {
            Run::words("dpkg --purge").args([PACKAGE]).succeeds();
        }
    }
}

struct Unpacked(PathBuf);

impl Unpacked {
    fn new(deb: &Path) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("sidetone-deb-{}", std::process::id()));
        Run::words("dpkg-deb --extract").args([deb, &folder]).run()?;
        Ok(Self(folder))
    }
}

impl Drop for Unpacked {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_list_of_a_package_gives_its_files() {
        let list = "drwxr-xr-x 0/0         0 2026-01-01 00:00 usr/bin\n\
                    -rwxr-xr-x 0/0  12345678 2026-01-01 00:00 usr/bin/sidetone\n\
                    lrwxrwxrwx 0/0         0 2026-01-01 00:00 ./usr/bin/talk -> sidetone\n";
        assert_eq!(super::files(list), ["/usr/bin/sidetone", "/usr/bin/talk"]);
    }
}

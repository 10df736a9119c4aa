//! The one table of system needs: what, why, how to see that it is there, and which package brings it.

use std::path::Path;

use super::system::Family;
use crate::command::Run;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {
    /// To compile the app.
    Build,
    /// To run the tests: a screen, sound, a keychain, speech, a browser.
    Test,
    /// To type-check for Windows.
    Targets,
    /// To hold the echo canceller beside libwebrtc.
    Acoustics,
}

#[derive(Debug)]
pub(crate) enum Probe {
    /// A module that pkg-config knows.
    Module(&'static str),
    /// Any one of these programs on the path.
    Program(&'static [&'static str]),
    /// Any one of these files. `*` stands for one folder, such as the machine's triple.
    File(&'static [&'static str]),
}

#[derive(Debug)]
pub(crate) struct Need {
    pub(crate) what: &'static str,
    pub(crate) why: &'static str,
    group: Group,
    probe: Probe,
    apt: &'static str,
    dnf: &'static str,
    pacman: &'static str,
}

#[rustfmt::skip]
pub(crate) const NEEDS: &[Need] = &[
    Need { group: Group::Build, what: "C compiler", why: "links every program; ring and SQLite are C", probe: Probe::Program(&["cc"]), apt: "build-essential", dnf: "gcc", pacman: "base-devel" },
    Need { group: Group::Build, what: "pkg-config", why: "finds the libraries below", probe: Probe::Program(&["pkg-config"]), apt: "pkg-config", dnf: "pkgconf-pkg-config", pacman: "pkgconf" },
    Need { group: Group::Build, what: "WebKitGTK 4.1", why: "draws the window", probe: Probe::Module("webkit2gtk-4.1"), apt: "libwebkit2gtk-4.1-dev", dnf: "webkit2gtk4.1-devel", pacman: "webkit2gtk-4.1" },
    Need { group: Group::Build, what: "ALSA", why: "microphone and loudspeaker without a sound server", probe: Probe::Module("alsa"), apt: "libasound2-dev", dnf: "alsa-lib-devel", pacman: "alsa-lib" },
    Need { group: Group::Build, what: "D-Bus", why: "the window toolkit follows the desktop's theme over it", probe: Probe::Module("dbus-1"), apt: "libdbus-1-dev", dnf: "dbus-devel", pacman: "dbus" },

    Need { group: Group::Test, what: "Xvfb", why: "a screen for the real window", probe: Probe::Program(&["Xvfb"]), apt: "xvfb", dnf: "xorg-x11-server-Xvfb", pacman: "xorg-server-xvfb" },
    Need { group: Group::Test, what: "openbox", why: "window focus and size on that screen", probe: Probe::Program(&["openbox"]), apt: "openbox", dnf: "openbox", pacman: "openbox" },
    Need { group: Group::Test, what: "xdotool", why: "finds the window and types into it", probe: Probe::Program(&["xdotool"]), apt: "xdotool", dnf: "xdotool", pacman: "xdotool" },
    Need { group: Group::Test, what: "ImageMagick", why: "takes pictures of that screen", probe: Probe::Program(&["import"]), apt: "imagemagick", dnf: "ImageMagick", pacman: "imagemagick" },
    Need { group: Group::Test, what: "DejaVu fonts", why: "readable pictures", probe: Probe::File(&["/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf", "/usr/share/fonts/TTF/DejaVuSans.ttf"]), apt: "fonts-dejavu-core", dnf: "dejavu-sans-fonts", pacman: "ttf-dejavu" },
    Need { group: Group::Test, what: "WebKitWebDriver", why: "presses the window's buttons", probe: Probe::Program(&["WebKitWebDriver"]), apt: "webkit2gtk-driver", dnf: "/usr/bin/WebKitWebDriver", pacman: "webkit2gtk-4.1" },
    Need { group: Group::Test, what: "accessibility bus", why: "the window's accessible tree", probe: Probe::File(&["/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher"]), apt: "at-spi2-core", dnf: "at-spi2-core", pacman: "at-spi2-core" },
    Need { group: Group::Test, what: "PulseAudio", why: "a real sound server", probe: Probe::Program(&["pulseaudio"]), apt: "pulseaudio", dnf: "pulseaudio", pacman: "pulseaudio" },
    Need { group: Group::Test, what: "PulseAudio tools", why: "speak into the microphone, record the loudspeaker", probe: Probe::Program(&["parec"]), apt: "pulseaudio-utils", dnf: "pulseaudio-utils", pacman: "libpulse" },
    Need { group: Group::Test, what: "ALSA's PulseAudio plugin", why: "the fallback sound path", probe: Probe::File(&["/usr/lib/*/alsa-lib/libasound_module_pcm_pulse.so", "/usr/lib64/alsa-lib/libasound_module_pcm_pulse.so", "/usr/lib/alsa-lib/libasound_module_pcm_pulse.so"]), apt: "libasound2-plugins", dnf: "alsa-plugins-pulseaudio", pacman: "alsa-plugins" },
    Need { group: Group::Test, what: "espeak-ng", why: "somebody who speaks", probe: Probe::Program(&["espeak-ng"]), apt: "espeak-ng", dnf: "espeak-ng", pacman: "espeak-ng" },
    Need { group: Group::Test, what: "SoX", why: "converts and mixes speech", probe: Probe::Program(&["sox"]), apt: "sox", dnf: "sox", pacman: "sox" },
    Need { group: Group::Test, what: "D-Bus session", why: "a private session for window and keychain", probe: Probe::Program(&["dbus-run-session"]), apt: "dbus", dnf: "dbus-daemon", pacman: "dbus" },
    Need { group: Group::Test, what: "D-Bus launcher", why: "a bus for programs that were given none", probe: Probe::Program(&["dbus-launch"]), apt: "dbus-x11", dnf: "dbus-x11", pacman: "dbus" },
    Need { group: Group::Test, what: "gnome-keyring", why: "a real keychain", probe: Probe::Program(&["gnome-keyring-daemon"]), apt: "gnome-keyring", dnf: "gnome-keyring", pacman: "gnome-keyring" },
    Need { group: Group::Test, what: "secret-tool", why: "looks into that keychain", probe: Probe::Program(&["secret-tool"]), apt: "libsecret-tools", dnf: "libsecret", pacman: "libsecret" },
    Need { group: Group::Test, what: "Chromium", why: "tests the window's pages in a browser", probe: Probe::Program(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]), apt: "chromium", dnf: "chromium", pacman: "chromium" },
    Need { group: Group::Test, what: "libfaketime", why: "sets the clock of one program while it runs", probe: Probe::File(&["/usr/lib/*/faketime/libfaketime.so.1", "/usr/lib64/faketime/libfaketime.so.1", "/usr/lib/faketime/libfaketime.so.1"]), apt: "libfaketime", dnf: "libfaketime", pacman: "libfaketime" },
    Need { group: Group::Test, what: "systemd-analyze", why: "checks the backend's unit", probe: Probe::Program(&["systemd-analyze"]), apt: "systemd", dnf: "systemd", pacman: "systemd" },
    Need { group: Group::Test, what: "dpkg-deb", why: "makes and opens the .deb", probe: Probe::Program(&["dpkg-deb"]), apt: "dpkg", dnf: "dpkg", pacman: "dpkg" },
    Need { group: Group::Test, what: "Python", why: "runs programs of others against the agent and the backend", probe: Probe::Program(&["python3"]), apt: "python3", dnf: "python3", pacman: "python" },
    Need { group: Group::Test, what: "Python's own packages", why: "a folder of Python packages for those programs alone", probe: Probe::File(&["/usr/lib/*/ensurepip/__init__.py", "/usr/lib64/*/ensurepip/__init__.py"]), apt: "python3-venv", dnf: "python3", pacman: "python" },

    Need { group: Group::Acoustics, what: "Python", why: "runs the acoustic bench", probe: Probe::Program(&["python3"]), apt: "python3", dnf: "python3", pacman: "python" },
    Need { group: Group::Acoustics, what: "Python's own packages", why: "a folder of Python packages for the bench alone", probe: Probe::File(&["/usr/lib/*/ensurepip/__init__.py", "/usr/lib64/*/ensurepip/__init__.py"]), apt: "python3-venv", dnf: "python3", pacman: "python" },
    Need { group: Group::Acoustics, what: "Python headers", why: "the PESQ measure is C", probe: Probe::File(&["/usr/include/*/Python.h"]), apt: "python3-dev", dnf: "python3-devel", pacman: "python" },
    Need { group: Group::Acoustics, what: "Flite", why: "voices of the far and the near end", probe: Probe::Program(&["flite"]), apt: "flite", dnf: "flite", pacman: "flite" },
    Need { group: Group::Acoustics, what: "espeak-ng", why: "another voice of each end", probe: Probe::Program(&["espeak-ng"]), apt: "espeak-ng", dnf: "espeak-ng", pacman: "espeak-ng" },
    Need { group: Group::Acoustics, what: "recorded speech", why: "a human voice of the far end", probe: Probe::File(&["/usr/share/sounds/alsa/Front_Center.wav"]), apt: "alsa-utils", dnf: "alsa-utils", pacman: "alsa-utils" },

    Need { group: Group::Targets, what: "mingw-w64 C compiler", why: "C and resources for Windows", probe: Probe::Program(&["x86_64-w64-mingw32-gcc"]), apt: "gcc-mingw-w64-x86-64-win32", dnf: "mingw64-gcc", pacman: "mingw-w64-gcc" },
];

impl Need {
    /// The package that brings it, where that is known.
    pub(crate) fn package(&self, family: &Family) -> Option<&'static str> {
        match family {
            Family::Debian => Some(self.apt),
            Family::Fedora => Some(self.dnf),
            Family::Arch => Some(self.pacman),
            Family::MacOs | Family::Windows | Family::Other(_) => None,
        }
    }

    fn is_there(&self) -> bool {
        match self.probe {
            Probe::Module(name) => Run::new("pkg-config").args(["--exists", name]).succeeds(),
            Probe::Program(names) => names.iter().any(|name| on_path(name)),
            Probe::File(patterns) => patterns.iter().any(|pattern| file_exists(pattern)),
        }
    }
}

/// What of these groups this machine lacks.
pub(crate) fn missing(groups: &[Group]) -> Vec<&'static Need> {
    NEEDS.iter().filter(|need| groups.contains(&need.group) && !need.is_there()).collect()
}

pub(crate) fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn file_exists(pattern: &str) -> bool {
    match pattern.split_once("/*/") {
        None => Path::new(pattern).is_file(),
        Some((before, after)) => std::fs::read_dir(before).is_ok_and(|mut entries| {
            entries.any(|entry| entry.is_ok_and(|entry| entry.path().join(after).is_file()))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_need_has_a_reason_and_a_package_on_each_family() {
        for need in NEEDS {
            assert!(!need.why.is_empty(), "{}", need.what);
            for family in [Family::Debian, Family::Fedora, Family::Arch] {
                let package = need.package(&family).unwrap_or_default();
                assert!(!package.is_empty() && !package.contains(' '), "{} on {family:?}", need.what);
            }
            assert_eq!(need.package(&Family::Other("nixos".into())), None);
        }
    }

    #[test]
    fn names_differ_where_the_families_differ() {
        let alsa = NEEDS.iter().find(|need| need.what == "ALSA").unwrap();
        let names = [Family::Debian, Family::Fedora, Family::Arch].map(|family| alsa.package(&family));
        assert_eq!(names, [Some("libasound2-dev"), Some("alsa-lib-devel"), Some("alsa-lib")]);
    }

    #[test]
    fn a_star_stands_for_one_folder() {
        let root = crate::workspace::root().display();
        assert!(file_exists(&format!("{root}/src-tauri/*/Cargo.toml")));
        assert!(!file_exists(&format!("{root}/src-tauri/*/no-such-file")));
        assert!(!file_exists(&format!("{root}/no-such-folder/*/Cargo.toml")));
    }

    #[cfg(unix)]
    #[test]
    fn programs_are_found_on_the_path() {
        assert!(on_path("sh"));
        assert!(!on_path("no-such-program-at-all"));
    }
}

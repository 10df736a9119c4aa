//! The standard library's source, of exactly the version that this rustc is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::command::Run;

/// Suites of Debian that may carry a rustc as new as this one.
const SUITES: [&str; 3] = ["trixie-backports", "trixie", "sid"];

#[derive(Debug, PartialEq)]
pub(super) enum Source {
    /// It lies where it was wanted.
    Here,
    /// No place that is known has this version; with what they do have.
    Nowhere(String),
}

/// Puts the source's `library` folder at `library`: from the archive that `RUST_LIBRARY_TAR` names, or from
/// Debian's rust-src, whose archive is asked through lists of its own, so that the system's stay as they are.
pub(super) fn fetch(version: &str, library: &Path, cache: &Path) -> Result<Source> {
    let folder = library.parent().context("the library has no parent folder")?;
    std::fs::create_dir_all(folder)?;
    if let Some(archive) = std::env::var_os("RUST_LIBRARY_TAR") {
        let archive = PathBuf::from(archive);
        println!("    the standard library's source from {}", archive.display());
        Run::words("tar --extract --file").args([&archive]).args(["--directory"]).args([folder]).read()?;
        if library.join("Cargo.lock").is_file() {
            return Ok(Source::Here);
        }
        bail!("{} holds no folder `library` with a Cargo.lock", archive.display());
    }
    let Some(archive) = debian_archive() else {
        return Ok(Source::Nowhere(format!(
            "no source of std {version}: this system has no Debian archive to ask; give a copy as \
             RUST_LIBRARY_TAR, or let rustup bring the targets: rustup target add TRIPLE"
        )));
    };
    println!("    asking Debian for rust-src {version}");
    let apt = Apt::new(&archive, cache)?;
    let offered = apt.tool("apt-cache madison rust-src").read()?;
    let Some(package) = pick(&offered, version) else {
        let versions: Vec<_> = versions(&offered).collect();
        return Ok(Source::Nowhere(format!(
            "no source of std {version}: Debian has rust-src {}",
            if versions.is_empty() { "in no suite".to_owned() } else { versions.join(", ") }
        )));
    };
    apt.tool("apt-get download").args([format!("rust-src={package}")]).folder(&apt.folder).read()?;
    let deb = std::fs::read_dir(&apt.folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|kind| kind == "deb"))
        .context("apt downloaded rust-src, but no package is there")?;
    let unpacked = apt.folder.join("unpacked");
    Run::words("dpkg-deb --extract").args([&deb, &unpacked]).read()?;
    std::fs::rename(unpacked.join(format!("usr/src/rustc-{version}/library")), library)
        .context("rust-src does not hold the library where it is expected")?;
    std::fs::remove_dir_all(&apt.folder)?;
    Ok(Source::Here)
}

/// The address of Debian's archive as this machine's own apt knows it.
fn debian_archive() -> Option<String> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    files.extend(
        std::fs::read_dir("/etc/apt/sources.list.d")
            .into_iter()
            .flatten()
            .filter_map(|entry| Some(entry.ok()?.path())),
    );
    files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).find_map(|text| archive_of(&text))
}

/// Reads sources of either form: `deb [options] URI suite …`, or deb822 with `URIs:`.
fn archive_of(text: &str) -> Option<String> {
    text.lines()
        .filter_map(|line| {
            if let Some(uris) = line.strip_prefix("URIs:") {
                return uris.split_whitespace().next();
            }
            let rest = line.strip_prefix("deb ")?.trim_start();
            let rest = rest
                .strip_prefix('[')
                .map_or(Some(rest), |rest| rest.split_once(']').map(|(_, rest)| rest))?;
            rest.split_whitespace().next()
        })
        .find(|uri| uri.trim_end_matches('/').ends_with("/debian"))
        .map(str::to_owned)
}

/// The Debian versions in `apt-cache madison`: name | version | place.
fn versions(madison: &str) -> impl Iterator<Item = &str> {
    madison.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim)
}

/// The first offer that is this very version, whatever Debian added to it.
fn pick<'a>(madison: &'a str, version: &str) -> Option<&'a str> {
    versions(madison).find(|offer| {
        offer.strip_prefix(version).is_some_and(|rest| rest.starts_with('+') || rest.starts_with('-'))
    })
}

/// apt with a configuration, lists and a cache that are nobody else's.
struct Apt {
    folder: PathBuf,
    configuration: PathBuf,
}

impl Apt {
    fn new(archive: &str, cache: &Path) -> Result<Self> {
        let folder = cache.join("apt");
        if folder.exists() {
            std::fs::remove_dir_all(&folder)?;
        }
        std::fs::create_dir_all(folder.join("lists/partial"))?;
        std::fs::create_dir_all(folder.join("cache/archives/partial"))?;
        let sources: String = SUITES
            .iter()
            .map(|suite| {
                format!(
                    "Types: deb\nURIs: {archive}\nSuites: {suite}\nComponents: main\n\
                     Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
                )
            })
            .collect();
        std::fs::write(folder.join("debian.sources"), sources)?;
        let configuration = folder.join("apt.conf");
        let place = folder.display();
        std::fs::write(
            &configuration,
            format!(
                "Dir::State::Lists \"{place}/lists\";\nDir::Cache \"{place}/cache\";\n\
                 Dir::Etc::SourceList \"{place}/debian.sources\";\nDir::Etc::SourceParts \"-\";\n\
                 Acquire::Languages \"none\";\nAcquire::IndexTargets::deb::DEP-11::DefaultEnabled \"false\";\n\
                 APT::Sandbox::User \"root\";\n"
            ),
        )?;
        let apt = Self { folder, configuration };
        let mut tries = 1;
        while let Err(error) = apt.tool("apt-get update -q -o APT::Update::Error-Mode=any").read() {
            if tries == 3 {
                return Err(error.context("could not read Debian's package lists"));
            }
            tries += 1;
            std::thread::sleep(Duration::from_secs(10));
        }
        Ok(apt)
    }

    fn tool(&self, words: &str) -> Run {
        Run::words(words).env("APT_CONFIG", &self.configuration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_archive_is_read_from_sources_of_either_form() {
        let new = "Types: deb\n# http://snapshot.example/debian/1\nURIs: http://mirror.example/debian-security\n\
                   Suites: x\n\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\n";
        assert_eq!(archive_of(new).as_deref(), Some("http://mirror.example/debian"));
        let old = "# deb http://no.example/debian x main\n\
                   deb [arch=amd64 signed-by=/k] https://mirror.example/debian/ trixie main\n";
        assert_eq!(archive_of(old).as_deref(), Some("https://mirror.example/debian/"));
        assert_eq!(archive_of("deb http://archive.ubuntu.com/ubuntu noble main\n"), None);
    }

    #[test]
    fn only_the_very_version_will_do() {
        let offers = " rust-src | 1.96.0+dfsg1-1 | http://x sid/main\n\
                       rust-src | 1.95.0+dfsg1-1~bpo13+1 | http://x trixie-backports/main\n\
                       rust-src | 1.9.0-2 | http://x trixie/main\n";
        assert_eq!(pick(offers, "1.95.0"), Some("1.95.0+dfsg1-1~bpo13+1"));
        assert_eq!(pick(offers, "1.9.0"), Some("1.9.0-2"));
        assert_eq!(pick(offers, "1.95"), None);
        assert_eq!(pick(offers, "1.97.0"), None);
        assert_eq!(pick("", "1.95.0"), None);
    }
}

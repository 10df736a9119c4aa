//! Packages for people, from a release build.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::command;
use crate::provision::{self, Group, provision};
use crate::{ui, workspace};

/// A .deb larger than this has grown something that does not belong into it. Bytes.
pub(crate) const DEB_LIMIT: u64 = 12_000_000;

pub(crate) fn bundle() -> Result<()> {
    println!("==> [1/3] machine: everything to build is there");
    provision(&[Group::Build])?;
    provision::node()?;
    println!("\n==> [2/3] ui-install: the window's packages");
    ui::install()?;
    println!("\n==> [3/3] bundle: release build and packages");
    // AppImage, NSIS and MSI tools are downloaded by the bundler; the .deb needs no network.
    let kinds = if cfg!(target_os = "macos") {
        "app,dmg"
    } else if cfg!(windows) {
        "nsis"
    } else {
        "deb"
    };
    command::tauri().args(["build", "--bundles", kinds]).run()?;
    println!();
    for kind in kinds.split(',') {
        let path = newest(&workspace::target().join("release/bundle").join(folder(kind)))?;
        if path.is_dir() {
            println!("{}", path.display());
            continue;
        }
        let size = std::fs::metadata(&path)?.len();
        println!("{}  {:.2} MB", path.display(), megabytes(size));
        if kind == "deb" && size > DEB_LIMIT {
            bail!("the .deb is larger than {:.0} MB", megabytes(DEB_LIMIT));
        }
    }
    Ok(())
}

/// The bundler's folder for a kind of package.
fn folder(kind: &str) -> &str {
    if kind == "app" { "macos" } else { kind }
}

/// The package that was made last in a bundler's folder.
pub(crate) fn newest(folder: &Path) -> Result<PathBuf> {
    const KINDS: [&str; 4] = ["deb", "app", "dmg", "exe"];
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("could not look for a package in {}", folder.display()))?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|kind| KINDS.iter().any(|known| kind == *known)))
        .max_by_key(|path| path.metadata().and_then(|metadata| metadata.modified()).ok())
        .with_context(|| format!("no package in {}", folder.display()))
}

pub(crate) fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

//! The window's pages: their packages and their build, each done again only when something changed.

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::command::npm;
use crate::workspace;

/// Installs exactly what package-lock.json names, unless that was done since it last changed.
pub(crate) fn install() -> Result<()> {
    let folder = workspace::root().join("ui");
    let wanted = modified(&folder.join("package-lock.json")).context("ui/package-lock.json is missing")?;
    if modified(&folder.join("node_modules/.package-lock.json")).is_some_and(|done| done >= wanted) {
        println!("    ui/node_modules is up to date with package-lock.json");
        return Ok(());
    }
    npm().args(["ci", "--no-audit", "--no-fund"]).run()
}

/// Builds ui/dist, unless it is newer than everything it is made from.
pub(crate) fn build() -> Result<()> {
    let folder = workspace::root().join("ui");
    let built = modified(&folder.join("dist/index.html"));
    if built.is_some_and(|built| newest(&folder).is_some_and(|source| source < built)) {
        println!("    ui/dist is newer than its sources");
        return Ok(());
    }
    npm().args(["run", "build"]).run()
}

/// The latest change among the sources, which are everything but what the tools make.
fn newest(folder: &Path) -> Option<SystemTime> {
    const MADE: [&str; 3] = ["node_modules", "dist", "test-results"];
    let entries = std::fs::read_dir(folder).ok()?.filter_map(Result::ok);
    entries
        .filter(|entry| !MADE.iter().any(|made| entry.file_name() == *made))
        .filter_map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => newest(&entry.path()),
            _ => modified(&entry.path()),
        })
        .max()
}

fn modified(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_tools_make_is_no_source() {
        let folder = std::env::temp_dir().join(format!("xtask-ui-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("src/deep")).unwrap();
        std::fs::create_dir_all(folder.join("node_modules")).unwrap();
        let (source, made) = (folder.join("src/deep/a.ts"), folder.join("node_modules/b.js"));
        std::fs::write(&source, "").unwrap();
        std::fs::write(&made, "").unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
        std::fs::File::options().write(true).open(&source).unwrap().set_modified(long_ago).unwrap();
        assert_eq!(newest(&folder), Some(long_ago));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

//! Installs the programs in other languages that the test `interop` starts, all under the target folder.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::npm;
use crate::python::python;
use crate::workspace;

/// The folder that holds them. What is there already and unchanged stays.
pub(crate) fn install() -> Result<PathBuf> {
    let home = workspace::target().join("interop");
    let backends = workspace::root().join("docs/backends");
    let clients = workspace::root().join("src-tauri/crates/backend/tests/interop/clients");
    let (fastapi, python_clients) = (backends.join("fastapi"), clients.join("python"));
    python(
        &home.join("python"),
        &[fastapi.join("requirements.txt"), python_clients.join("requirements.txt")],
    )?;
    copy(&fastapi, &home.join("fastapi"))?;
    copy(&python_clients, &home.join("clients-python"))?;
    for (source, name) in [
        (backends.join("express"), "express"),
        (backends.join("worker"), "worker"),
        (clients.join("node"), "clients-node"),
    ] {
        packages(&source, &home.join(name))?;
    }
    Ok(home)
}

/// A copy with its packages, exactly those of its package-lock.json.
fn packages(source: &Path, place: &Path) -> Result<()> {
    let lock = std::fs::read(source.join("package-lock.json"))
        .with_context(|| format!("reading the lock file of {}", source.display()))?;
    copy(source, place)?;
    let stamp = place.join("node_modules/.installed");
    if std::fs::read(&stamp).is_ok_and(|installed| installed == lock) {
        return Ok(());
    }
    npm().folder(place).args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).run()?;
    Ok(std::fs::write(stamp, lock)?)
}

/// The files of a folder, but not the folders in it.
fn copy(source: &Path, place: &Path) -> Result<()> {
    std::fs::create_dir_all(place)?;
    for entry in std::fs::read_dir(source).with_context(|| format!("reading {}", source.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            std::fs::copy(entry.path(), place.join(entry.file_name()))?;
        }
    }
    Ok(())
}

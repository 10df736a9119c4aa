//! A folder of Python packages of its own, for what runs in Python.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::command::Run;

/// A Python in `home` with the pinned packages in it, made once and again when the pins change.
pub(crate) fn python(home: &Path, pins: &[PathBuf]) -> Result<PathBuf> {
    let python = home.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    let stamp = home.join("installed.txt");
    let mut wanted = String::new();
    for pins in pins {
        let text =
            std::fs::read_to_string(pins).with_context(|| format!("could not read {}", pins.display()))?;
        wanted.push_str(&text);
    }
    if python.is_file() && std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(python);
    }
    Run::words("python3 -m venv --clear").args([home]).run()?;
    let mut install = Run::new(&python).args(["-m", "pip", "install", "--quiet"]);
    for pins in pins {
        install = install.args(["-r".as_ref(), pins.as_os_str()]);
    }
    install.run()?;
    std::fs::write(stamp, wanted)?;
    Ok(python)
}

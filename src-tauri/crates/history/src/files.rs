//! The files on the disk: the database and the two that SQLite keeps beside it.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::HistoryError;

/// SQLite's names for the write-ahead log and its index.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];

/// Moves the history at `path`, with its log, to a free name beside it and returns that name. Only for
/// when the person has asked for it; nothing may have the history open.
///
/// # Errors
/// [`HistoryError::SetAside`] with what the disk said. The log goes first, so that a failure half-way
/// leaves a database that opens, without the log's last writes, and never a log without its database.
pub fn set_aside(path: &Path) -> Result<PathBuf, HistoryError> {
    let failed = |source| HistoryError::SetAside { path: path.to_owned(), source };
    let aside = free_name(path).map_err(failed)?;
    for suffix in COMPANIONS {
        match fs::rename(with_suffix(path, suffix), with_suffix(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    fs::rename(path, &aside).map_err(failed)?;
    Ok(aside)
}

/// Makes the folder and the file where they are missing, and leaves the file to its owner alone.
/// SQLite gives its companions the mode of the database.
pub(crate) fn prepare(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    drop(file);
    Ok(())
}

fn free_name(path: &Path) -> io::Result<PathBuf> {
    for number in 1..=999 {
        let name = with_suffix(path, &format!(".aside-{number}"));
        if !name.try_exists()? {
            return Ok(name);
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "999 histories have been set aside already"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

//! Small JSON files, replaced as a whole so that a crash leaves the old one.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

#[derive(Debug, Error)]
pub(crate) enum KeptError {
    #[error("could not read {path}: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    #[error("could not write {path}: {source}")]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{path} is damaged: {source}")]
    Damaged { path: PathBuf, source: serde_json::Error },
    #[error("{path} was written by a newer Sidetone (layout {found}, this one knows {known})")]
    Newer { path: PathBuf, found: u32, known: u32 },
}

/// What every such file begins with.
#[derive(Deserialize)]
struct Layout {
    version: u32,
}

#[derive(Serialize)]
struct Versioned<'a, T> {
    version: u32,
    #[serde(flatten)]
    content: &'a T,
}

/// Reads a file of layout `known` or older; `None` where there is none yet.
pub(crate) fn read<T: DeserializeOwned>(path: &Path, known: u32) -> Result<Option<T>, KeptError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KeptError::Read { path: path.to_owned(), source }),
    };
    let damaged = |source| KeptError::Damaged { path: path.to_owned(), source };
    let Layout { version } = serde_json::from_str(&text).map_err(damaged)?;
    if version > known {
        return Err(KeptError::Newer { path: path.to_owned(), found: version, known });
    }
    serde_json::from_str(&text).map(Some).map_err(damaged)
}

/// Writes the file beside the old one, then puts it in its place.
pub(crate) fn write<T: Serialize>(path: &Path, version: u32, content: &T) -> Result<(), KeptError> {
    let replace = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let fresh = path.with_extension("json.new");
        let mut out = fs::File::create(&fresh)?;
        out.write_all(&serde_json::to_vec_pretty(&Versioned { version, content })?)?;
        out.sync_all()?;
        fs::rename(&fresh, path)
    };
    replace().map_err(|source| KeptError::Write { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Note {
        text: String,
    }

    #[test]
    fn what_was_written_is_read_and_a_missing_file_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/note.json");
        assert_eq!(read::<Note>(&path, 3).unwrap(), None);
        let note = Note { text: "hello".into() };
        write(&path, 3, &note).unwrap();
        assert_eq!(read(&path, 3).unwrap(), Some(note));
    }

    #[test]
    fn a_damaged_or_newer_file_is_named_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note.json");
        for (text, wanted) in
            [("{", "damaged"), ("{\"version\": 1}", "damaged"), ("{\"version\": 99}", "newer")]
        {
            fs::write(&path, text).unwrap();
            let error = read::<Note>(&path, 1).unwrap_err().to_string();
            assert!(error.contains(wanted) && error.contains("note.json"), "{error}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        let error =
            write(&folder.path().join("file/note.json"), 1, &Note { text: String::new() }).unwrap_err();
        assert!(error.to_string().contains("could not write"), "{error}");
    }
}

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

/// Like [`read`], but a file that cannot be read is put aside and named in the second value, so that
/// neither it nor the start of the app is lost.
pub(crate) fn read_or_put_aside<T: DeserializeOwned>(
    path: &Path,
    known: u32,
) -> (Option<T>, Option<PutAside>) {
    let error = match read(path, known) {
        Ok(found) => return (found, None),
        Err(error) => error,
    };
    tracing::error!(%error, "a file of ours is not used");
    let place = free_place(path);
    let moved = fs::rename(path, &place)
        .inspect_err(|error| tracing::error!(%error, "it could not be put aside either"))
        .is_ok();
    (None, Some(PutAside { error, place: moved.then_some(place) }))
}

/// A file that could not be read.
#[derive(Debug)]
pub(crate) struct PutAside {
    pub(crate) error: KeptError,
    /// Where it is now; `None` where it could not be moved. A folder that does not let a file be
    /// moved does not let [`write`] replace it either.
    pub(crate) place: Option<PathBuf>,
}

/// `settings.json.damaged`, or the first such name with a number that is free.
fn free_place(path: &Path) -> PathBuf {
    let named = |number: u32| {
        let mut name = path.as_os_str().to_owned();
        name.push(".damaged");
        if number > 1 {
            name.push(format!("-{number}"));
        }
        PathBuf::from(name)
    };
    let mut number = 1;
    while named(number).exists() {
        number += 1;
    }
    named(number)
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
    fn a_file_that_cannot_be_read_is_put_aside_and_never_over_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("note.json");
        for (text, name) in [("{", "note.json.damaged"), ("{\"version\": 99}", "note.json.damaged-2")] {
            fs::write(&path, text).unwrap();
            let (found, aside) = read_or_put_aside::<Note>(&path, 1);
            assert_eq!(found, None);
            assert_eq!(aside.unwrap().place, Some(folder.path().join(name)));
            assert!(!path.exists());
            assert_eq!(fs::read_to_string(folder.path().join(name)).unwrap(), text);
        }
        assert!(read_or_put_aside::<Note>(&path, 1).1.is_none());
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

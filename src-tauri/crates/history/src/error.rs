use std::io;
use std::path::PathBuf;

/// Why the history could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    #[error("making room for the history at {}", path.display())]
    Place { path: PathBuf, source: io::Error },
    #[error("opening the history at {}", path.display())]
    Open { path: PathBuf, source: rusqlite::Error },
    /// The file is kept as it is.
    #[error("opening the history at {}: the file is damaged and has been left alone", path.display())]
    Damaged { path: PathBuf, source: rusqlite::Error },
    /// The file is kept as it is.
    #[error(
        "opening the history at {}: a newer Sidetone wrote it (format {found}, this one knows {known})",
        path.display()
    )]
    Newer { path: PathBuf, found: i64, known: i64 },
    /// An SQLite database, but not this one. The file is kept as it is.
    #[error("opening the history at {}: another program's database is there", path.display())]
    NotOurs { path: PathBuf },
    #[error("setting aside the history at {}", path.display())]
    SetAside { path: PathBuf, source: io::Error },
    #[error("starting the history's thread")]
    Thread(#[source] io::Error),
    /// Nothing was queued.
    #[error("queueing for the history: the queue is full")]
    Full,
    #[error("asking the history: its thread has ended")]
    Gone,
    #[error("asking the history: no answer in time")]
    Slow,
    #[error("{doing} in the history")]
    Query { doing: &'static str, source: rusqlite::Error },
    #[error("saving to the history: {waiting} writes still wait, and will be tried again")]
    Unsaved { waiting: usize, source: rusqlite::Error },
    #[error("saving to the history: {count} writes made no sense and were dropped")]
    Refused { count: u64, source: rusqlite::Error },
    #[error("erasing a call: it is deleted, but another program keeps its words in the log")]
    NotErased,
}

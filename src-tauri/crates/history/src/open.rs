//! Opening: whose file it is, which format it has, and bringing it up to date.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::{HistoryError, calls, files, items, spending};

/// Each entry brings the format from its index to the next. Never change one that has been released.
const MIGRATIONS: &[&[&str]] = &[&[calls::CREATE, items::CREATE], &[calls::ANY_CURRENCY, spending::CREATE]];

/// The format that this build writes.
const KNOWN: i64 = MIGRATIONS.len() as i64;

/// Marks the file as Sidetone's: `Side` in ASCII.
const APPLICATION: i64 = 0x5369_6465;

/// Another process may hold the lock for the length of one of its commits.
const LOCK_PATIENCE: Duration = Duration::from_secs(2);

pub(crate) fn file(path: &Path) -> Result<Connection, HistoryError> {
    files::prepare(path).map_err(|source| HistoryError::Place { path: path.to_owned(), source })?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|source| fault(path, source))?;
    ready(connection, path)
}

pub(crate) fn memory() -> Result<Connection, HistoryError> {
    let path = PathBuf::from(":memory:");
    let connection = Connection::open_in_memory().map_err(|source| fault(&path, source))?;
    ready(connection, &path)
}

fn ready(mut connection: Connection, path: &Path) -> Result<Connection, HistoryError> {
    let found = inspect(&connection).map_err(|source| fault(path, source))?;
    if found.foreign {
        return Err(HistoryError::NotOurs { path: path.to_owned() });
    }
    if found.version > KNOWN {
        return Err(HistoryError::Newer { path: path.to_owned(), found: found.version, known: KNOWN });
    }
    settle(&connection).and_then(|()| migrate(&mut connection)).map_err(|source| fault(path, source))?;
    let abandoned = calls::close_abandoned(&connection).map_err(|source| fault(path, source))?;
    if abandoned > 0 {
        tracing::warn!(calls = abandoned, "closed calls that a dead process had left open");
    }
    Ok(connection)
}

struct Found {
    version: i64,
    foreign: bool,
}

/// Reads only, so that a file which is refused is left as it was.
fn inspect(connection: &Connection) -> rusqlite::Result<Found> {
    connection.busy_timeout(LOCK_PATIENCE)?;
    let version = number(connection, "PRAGMA user_version")?;
    let application = number(connection, "PRAGMA application_id")?;
    let tables = number(connection, "SELECT count(*) FROM sqlite_schema")?;
    let empty = version == 0 && application == 0 && tables == 0;
    Ok(Found { version, foreign: application != APPLICATION && !empty })
}

fn settle(connection: &Connection) -> rusqlite::Result<()> {
    // secure_delete: deleted words are overwritten with zeros. temp_store: no word is sorted on disk.
    // synchronous = NORMAL: see the crate's page for what that gives up.
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA trusted_schema = OFF;",
    )
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = usize::try_from(number(&transaction, "PRAGMA user_version")?).unwrap_or(0);
    for step in MIGRATIONS.iter().skip(version) {
        for statement in *step {
            transaction.execute_batch(statement)?;
        }
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", KNOWN)?;
    transaction.commit()
}

fn number(connection: &Connection, query: &str) -> rusqlite::Result<i64> {
    connection.query_row(query, [], |row| row.get(0))
}

fn fault(path: &Path, source: rusqlite::Error) -> HistoryError {
    let path = path.to_owned();
    match source.sqlite_error_code() {
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => HistoryError::Damaged { path, source },
        _ => HistoryError::Open { path, source },
    }
}

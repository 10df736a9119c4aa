//! The table of calls: its rows, what writes them and what reads them.

use rusqlite::{Connection, OptionalExtension, Row, params};

pub(crate) const CREATE: &str = "
    CREATE TABLE calls (
        id           TEXT NOT NULL PRIMARY KEY,
        started_at   INTEGER NOT NULL,
        ended_at     INTEGER,
        with_name    TEXT NOT NULL,
        practice     INTEGER NOT NULL,
        model        TEXT,
        ended_reason TEXT,
        elapsed_ms   INTEGER,
        estimate_usd REAL
    ) STRICT;
    CREATE INDEX calls_by_start ON calls (started_at DESC);
";

/// The estimate is in the currency that the person counts in, which need not be the dollar.
pub(crate) const ANY_CURRENCY: &str = "ALTER TABLE calls RENAME COLUMN estimate_usd TO estimate;";

/// The reason of a call whose process died before it could say why it ended.
pub const ENDED_UNEXPECTEDLY: &str = "endedUnexpectedly";

/// A call that begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCall {
    /// Unique among all calls.
    pub id: String,
    /// Unix time in milliseconds.
    pub started_at: i64,
    /// Who is on the line: the profile's name.
    pub with_name: String,
    /// The call is with the practice agent on this computer.
    pub practice: bool,
    /// The model asked for, if one was.
    pub model: Option<String>,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub struct CallEnd {
    /// Unix time in milliseconds.
    pub ended_at: i64,
    /// A word of the caller's own choice, such as `byYou`.
    pub reason: String,
    /// Milliseconds with the line ready.
    pub elapsed_ms: u64,
    /// In the currency that the person counts in; absent when the call costs nothing.
    pub estimate: Option<f64>,
    /// The model that really answered; `None` leaves the one named at the beginning.
    pub model: Option<String>,
}

/// A call as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct CallRow {
    pub id: String,
    /// Unix time in milliseconds.
    pub started_at: i64,
    /// Unix time in milliseconds; absent while the call runs.
    pub ended_at: Option<i64>,
    pub with_name: String,
    pub practice: bool,
    pub model: Option<String>,
    /// As given at the end, or [`ENDED_UNEXPECTEDLY`]; absent while the call runs.
    pub ended_reason: Option<String>,
    /// Milliseconds with the line ready; up to the last kept item where the end was not seen.
    pub elapsed_ms: Option<u64>,
    /// In the currency that the person counts in; up to the last kept moment where the end was not seen.
    pub estimate: Option<f64>,
}

pub(crate) fn begin(connection: &Connection, call: &NewCall) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO calls (id, started_at, with_name, practice, model) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![call.id, call.started_at, call.with_name, call.practice, call.model])?;
    Ok(())
}

/// Fails with [`rusqlite::Error::QueryReturnedNoRows`] where the call is not known.
pub(crate) fn end(connection: &Connection, id: &str, end: &CallEnd) -> rusqlite::Result<()> {
    let changed = connection
        .prepare_cached(
            "UPDATE calls SET ended_at = ?2, ended_reason = ?3, elapsed_ms = ?4, estimate = ?5,
                 model = coalesce(?6, model)
             WHERE id = ?1",
        )?
        .execute(params![id, end.ended_at, end.reason, to_column(end.elapsed_ms), end.estimate, end.model])?;
    if changed == 0 { Err(rusqlite::Error::QueryReturnedNoRows) } else { Ok(()) }
}

/// Closes what a dead process left open, at the last moment that is known of each. Returns how many.
pub(crate) fn close_abandoned(connection: &Connection) -> rusqlite::Result<usize> {
    connection.execute(
        "UPDATE calls SET
             elapsed_ms = (SELECT coalesce(max(at_ms), 0) FROM items WHERE call_id = calls.id),
             ended_at = started_at + (SELECT coalesce(max(at_ms), 0) FROM items WHERE call_id = calls.id),
             estimate = (SELECT sum(amount) FROM spending WHERE call_id = calls.id),
             ended_reason = ?1
         WHERE ended_at IS NULL",
        [ENDED_UNEXPECTEDLY],
    )
}

/// The columns that [`row`] reads, in its order.
macro_rules! select_call {
    () => {
        "SELECT id, started_at, ended_at, with_name, practice, model, ended_reason, elapsed_ms, estimate FROM calls"
    };
}

pub(crate) fn newest(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<CallRow>> {
    connection
        .prepare_cached(concat!(select_call!(), " ORDER BY started_at DESC, rowid DESC LIMIT ?1"))?
        .query_map([limit], row)?
        .collect()
}

pub(crate) fn find(connection: &Connection, id: &str) -> rusqlite::Result<Option<CallRow>> {
    connection.prepare_cached(concat!(select_call!(), " WHERE id = ?1"))?.query_row([id], row).optional()
}

/// `false` where the call is not known. Its items go with it.
pub(crate) fn delete(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    let found: Option<i64> = connection
        .query_row("DELETE FROM calls WHERE id = ?1 RETURNING 1", [id], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}

fn row(row: &Row<'_>) -> rusqlite::Result<CallRow> {
    Ok(CallRow {
        id: row.get(0)?,
        started_at: row.get(1)?,
        ended_at: row.get(2)?,
        with_name: row.get(3)?,
        practice: row.get(4)?,
        model: row.get(5)?,
        ended_reason: row.get(6)?,
        elapsed_ms: row.get::<_, Option<i64>>(7)?.map(from_column),
        estimate: row.get(8)?,
    })
}

/// SQLite's integers are signed; a duration beyond 292 million years is held at that.
pub(crate) fn to_column(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}

pub(crate) fn from_column(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0)
}

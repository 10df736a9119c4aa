//! The table of items: its rows, what writes them and what reads them.

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, Row, params};

use crate::calls::{from_column, to_column};

pub(crate) const CREATE: &str = "
    CREATE TABLE items (
        call_id  TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
        item_id  TEXT NOT NULL,
        position INTEGER NOT NULL,
        role     TEXT NOT NULL CHECK (role IN ('you', 'agent', 'tool', 'note')),
        text     TEXT NOT NULL,
        unheard  TEXT,
        typed    INTEGER NOT NULL,
        at_ms    INTEGER NOT NULL,
        PRIMARY KEY (call_id, item_id)
    ) STRICT;
";

/// Whose words they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    You,
    Agent,
    Tool,
    /// A line of the app's own in the transcript, such as a gap.
    Note,
}

/// One utterance, typed message, tool call or note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredItem {
    /// Unique within its call.
    pub item_id: String,
    /// Its index in the transcript as it is now. Where a new item takes the place of an older one,
    /// the older one comes after it, so the caller need not put everything behind it again.
    pub position: u32,
    pub role: Role,
    pub text: String,
    /// What was said after the listener interrupted, and so never heard.
    pub unheard: Option<String>,
    /// Typed, not spoken.
    pub typed: bool,
    /// Milliseconds since the call began.
    pub at_ms: u64,
}

pub(crate) fn put(connection: &Connection, call: &str, item: &StoredItem) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO items (call_id, item_id, position, role, text, unheard, typed, at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
             ON CONFLICT (call_id, item_id) DO UPDATE SET position = excluded.position, role = excluded.role,
                 text = excluded.text, unheard = excluded.unheard, typed = excluded.typed, at_ms = excluded.at_ms",
        )?
        .execute(params![
            call,
            item.item_id,
            item.position,
            item.role,
            item.text,
            item.unheard,
            item.typed,
            to_column(item.at_ms)
        ])?;
    Ok(())
}

pub(crate) fn of(connection: &Connection, call: &str) -> rusqlite::Result<Vec<StoredItem>> {
    connection
        .prepare_cached(
            "SELECT item_id, position, role, text, unheard, typed, at_ms
             FROM items WHERE call_id = ?1 ORDER BY position, rowid DESC",
        )?
        .query_map([call], row)?
        .collect()
}

fn row(row: &Row<'_>) -> rusqlite::Result<StoredItem> {
    Ok(StoredItem {
        item_id: row.get(0)?,
        position: row.get(1)?,
        role: row.get(2)?,
        text: row.get(3)?,
        unheard: row.get(4)?,
        typed: row.get(5)?,
        at_ms: from_column(row.get(6)?),
    })
}

impl ToSql for Role {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(match self {
            Self::You => "you",
            Self::Agent => "agent",
            Self::Tool => "tool",
            Self::Note => "note",
        }))
    }
}

impl FromSql for Role {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "you" => Ok(Self::You),
            "agent" => Ok(Self::Agent),
            "tool" => Ok(Self::Tool),
            "note" => Ok(Self::Note),
            _ => Err(FromSqlError::InvalidType),
        }
    }
}

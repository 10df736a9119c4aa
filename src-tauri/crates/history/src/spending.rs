//! The table of what was spent when. It outlives the calls: a call that is deleted was paid for all the
//! same, and a cap on spending must not be lifted by deleting. It holds no word and no name.

use rusqlite::{Connection, params};

use crate::Span;

/// Every zone's midnight is at the beginning of a quarter of an hour, so a row for each quarter lets any
/// zone's days be added up later, and a call over midnight is paid for on both.
const QUARTER_MS: i64 = 15 * 60 * 1_000;

/// What older calls cost is set down at the quarter in which they began.
pub(crate) const CREATE: &str = "
    CREATE TABLE spending (
        call_id TEXT NOT NULL,
        quarter INTEGER NOT NULL,
        amount  REAL NOT NULL,
        PRIMARY KEY (call_id, quarter)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX spending_by_quarter ON spending (quarter);
    INSERT INTO spending SELECT id, started_at / 900000, estimate FROM calls WHERE estimate > 0;
";

/// Adds to what the call has cost in the quarter of `at`, Unix time in ms.
pub(crate) fn add(connection: &Connection, call: &str, at: i64, amount: f64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO spending (call_id, quarter, amount) VALUES (?1, ?2, ?3)
             ON CONFLICT (call_id, quarter) DO UPDATE SET amount = amount + excluded.amount",
        )?
        .execute(params![call, at.div_euclid(QUARTER_MS), amount])?;
    Ok(())
}

/// What was spent in the quarters that begin within the span.
pub(crate) fn within(connection: &Connection, span: Span) -> rusqlite::Result<f64> {
    let first = |ms: i64| ms.div_euclid(QUARTER_MS) + i64::from(ms.rem_euclid(QUARTER_MS) != 0);
    connection
        .prepare_cached("SELECT total(amount) FROM spending WHERE quarter >= ?1 AND quarter < ?2")?
        .query_row(params![first(span.from), first(span.to)], |row| row.get(0))
}

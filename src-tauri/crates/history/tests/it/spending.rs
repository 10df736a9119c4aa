//! What calls cost, added up by day: over midnight, over a crash, over a deletion, over an update.

use history::{Calendar, History, HistoryError, Span};
use rusqlite::Connection;

use crate::support::{call, ended, said};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// Midnight in Greenwich, as every whole number of days.
const MIDNIGHT: i64 = 19_676 * DAY;
const ALL: Span = Span { from: i64::MIN, to: i64::MAX };

fn near(found: f64, wanted: f64) {
    assert!((found - wanted).abs() < 1e-9, "{found} instead of {wanted}");
}

#[test]
fn a_call_over_midnight_is_paid_for_on_both_days() {
    let history = History::in_memory().unwrap();
    history.begin(call("one")).unwrap();
    for (minutes, amount) in [(-20, 0.5), (-1, 0.25), (0, 0.125), (40, 1.0)] {
        history.spend("one", MIDNIGHT + minutes * MINUTE, amount).unwrap();
    }
    let greenwich = Calendar::posix("UTC0").unwrap();
    near(history.spent(greenwich.day(MIDNIGHT - 1)).unwrap(), 0.75);
    near(history.spent(greenwich.day(MIDNIGHT)).unwrap(), 1.125);
    near(history.spent(greenwich.day(MIDNIGHT + DAY)).unwrap(), 0.0);
    near(history.spent(greenwich.month(MIDNIGHT)).unwrap(), 1.875);
    let nepal = Calendar::posix("<+0545>-5:45").unwrap();
    near(history.spent(nepal.day(MIDNIGHT)).unwrap(), 1.875);
}

#[test]
fn a_span_that_begins_or_ends_within_a_quarter_takes_it_once() {
    let history = History::in_memory().unwrap();
    history.spend("one", MIDNIGHT, 1.0).unwrap();
    let at = |from, to| history.spent(Span { from: MIDNIGHT + from, to: MIDNIGHT + to }).unwrap();
    near(at(-7 * MINUTE, 7 * MINUTE), 1.0);
    near(at(7 * MINUTE, 20 * MINUTE), 0.0);
    near(history.spent(ALL).unwrap(), 1.0);
}

#[test]
fn what_a_deleted_call_cost_stays_counted_and_also_what_was_still_queued() {
    let history = History::in_memory().unwrap();
    history.begin(call("one")).unwrap();
    history.put("one", said("a", 0, "words")).unwrap();
    history.spend("one", MIDNIGHT, 0.5).unwrap();
    history.flush().unwrap();
    history.spend("one", MIDNIGHT, 0.25).unwrap();
    assert!(history.delete("one").unwrap());
    near(history.spent(ALL).unwrap(), 0.75);
    assert_eq!(history.calls(10).unwrap(), []);
}

#[test]
fn a_call_whose_process_died_has_cost_what_was_noted_until_then() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let history = History::open(&path).unwrap();
    history.begin(call("paid")).unwrap();
    history.spend("paid", MIDNIGHT, 0.5).unwrap();
    history.spend("paid", MIDNIGHT + 20 * MINUTE, 0.25).unwrap();
    history.begin(call("free")).unwrap();
    drop(history);
    let history = History::open(&path).unwrap();
    assert_eq!(history.find("paid").unwrap().unwrap().estimate, Some(0.75));
    assert_eq!(history.find("free").unwrap().unwrap().estimate, None);
    near(history.spent(ALL).unwrap(), 0.75);
}

#[test]
fn an_amount_that_is_no_number_is_refused() {
    let history = History::in_memory().unwrap();
    history.spend("one", MIDNIGHT, f64::NAN).unwrap();
    assert!(matches!(history.flush(), Err(HistoryError::Refused { count: 1, .. })));
    near(history.spent(ALL).unwrap(), 0.0);
}

/// The first format, as Sidetone wrote it before money was added up.
const FIRST: &str = "
    PRAGMA journal_mode = WAL;
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
    PRAGMA application_id = 0x53696465;
    PRAGMA user_version = 1;
    INSERT INTO calls VALUES ('paid', 1700000000000, 1700000060000, 'Mine', 0, NULL, 'by you', 59000, 0.34);
    INSERT INTO calls VALUES ('again', 1700000000001, 1700000060000, 'Mine', 0, NULL, 'by you', 59000, 0.16);
    INSERT INTO calls VALUES ('free', 1700000000000, 1700000060000, 'Practice', 1, NULL, 'by you', 59000, NULL);
    INSERT INTO items VALUES ('paid', 'a', 0, 'you', 'still here', NULL, 0, 5);
";

#[test]
fn a_history_of_the_first_format_keeps_its_calls_and_their_cost_is_added_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    Connection::open(&path).unwrap().execute_batch(FIRST).unwrap();
    let history = History::open(&path).unwrap();
    let estimate = |id: &str| history.find(id).unwrap().unwrap().estimate;
    assert_eq!((estimate("paid"), estimate("free")), (Some(0.34), None));
    assert_eq!(history.items("paid").unwrap()[0].text, "still here");
    let day = Calendar::posix("UTC0").unwrap().day(1_700_000_000_000);
    near(history.spent(day).unwrap(), 0.5);
    near(history.spent(ALL).unwrap(), 0.5);
    history.begin(call("new")).unwrap();
    history.end("new", ended()).unwrap();
    history.flush().unwrap();
    assert_eq!(estimate("new"), Some(0.05));
}

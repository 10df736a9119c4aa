//! The file: who may read it, which one is opened, what is left of deleted words, a queue that fills.

use std::fs;
use std::path::{Path, PathBuf};

use history::{ENDED_UNEXPECTEDLY, History, HistoryError, set_aside};
use rusqlite::Connection;

use crate::support::{call, ended, said};

fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made on the way").join("history.db");
    (folder, path)
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

#[test]
fn dropping_the_handle_writes_what_was_queued() {
    let (_folder, path) = place();
    let history = History::open(&path).unwrap();
    history.begin(call("one")).unwrap();
    for position in 0..100 {
        history.put("one", said(&position.to_string(), position, "words")).unwrap();
    }
    history.end("one", ended()).unwrap();
    drop(history);
    let history = History::open(&path).unwrap();
    assert_eq!(history.items("one").unwrap().len(), 100);
    assert_eq!(history.calls(1).unwrap()[0].ended_reason.as_deref(), Some("byYou"));
}

#[test]
fn a_call_left_open_is_closed_at_its_last_item() {
    let (_folder, path) = place();
    let history = History::open(&path).unwrap();
    history.begin(call("talked")).unwrap();
    history.put("talked", said("a", 7, "and then")).unwrap();
    history.begin(call("silent")).unwrap();
    history.begin(call("ended")).unwrap();
    history.end("ended", ended()).unwrap();
    drop(history);
    let history = History::open(&path).unwrap();
    let calls = history.calls(10).unwrap();
    let of = |id: &str| calls.iter().find(|call| call.id == id).unwrap();
    assert_eq!(of("talked").ended_reason.as_deref(), Some(ENDED_UNEXPECTEDLY));
    assert_eq!(of("talked").elapsed_ms, Some(7_000));
    assert_eq!(of("talked").ended_at, Some(1_700_000_007_000));
    assert_eq!(of("silent").ended_at, Some(1_700_000_000_000));
    assert_eq!(of("ended").ended_reason.as_deref(), Some("byYou"));
}

#[cfg(unix)]
#[test]
fn only_the_owner_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (_folder, path) = place();
    let history = History::open(&path).unwrap();
    history.begin(call("one")).unwrap();
    history.flush().unwrap();
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for file in [path.clone(), beside(&path, "-wal"), beside(&path, "-shm")] {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    drop(history);

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    History::open(&path).unwrap();
    assert_eq!(mode(&path), 0o600, "a file that was open to others is closed to them");
}

#[test]
fn an_empty_database_of_version_0_is_brought_up_to_date() {
    let (_folder, path) = place();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, b"").unwrap();
    let history = History::open(&path).unwrap();
    history.begin(call("one")).unwrap();
    drop(history);
    let version: i64 =
        Connection::open(&path).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 2);
    assert_eq!(History::open(&path).unwrap().calls(1).unwrap().len(), 1, "opened again without harm");
}

#[test]
fn a_newer_database_is_refused_and_kept() {
    let (_folder, path) = place();
    drop(History::open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(&path).unwrap();
    let error = History::open(&path).unwrap_err();
    assert!(matches!(error, HistoryError::Newer { found: 99, known: 2, .. }), "{error}");
    assert!(error.to_string().contains("newer Sidetone"), "{error}");
    assert!(fs::read(&path).unwrap() == before, "the file was touched");
}

#[test]
fn another_programs_database_is_refused_and_kept() {
    let (_folder, path) = place();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
    let before = fs::read(&path).unwrap();
    let error = History::open(&path).unwrap_err();
    assert!(matches!(error, HistoryError::NotOurs { .. }), "{error}");
    assert!(fs::read(&path).unwrap() == before, "the file was touched");
}

#[test]
fn a_damaged_file_is_refused_kept_and_set_aside_only_on_request() {
    let (_folder, path) = place();
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let garbage = b"these are not the pages of a database ".repeat(500);
    fs::write(&path, &garbage).unwrap();
    for _ in 0..2 {
        let error = History::open(&path).unwrap_err();
        assert!(matches!(error, HistoryError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("damaged"), "{error}");
        assert!(fs::read(&path).unwrap() == garbage, "the file was touched");
    }
    fs::write(beside(&path, "-wal"), b"its log").unwrap();
    let aside = set_aside(&path).unwrap();
    assert!(fs::read(&aside).unwrap() == garbage);
    assert_eq!(fs::read(beside(&aside, "-wal")).unwrap(), b"its log");
    assert!(!path.exists() && !beside(&path, "-wal").exists());

    drop(History::open(&path).unwrap());
    let second = set_aside(&path).unwrap();
    assert_ne!(second, aside);
    assert!(fs::read(&aside).unwrap() == garbage, "the first one was overwritten");
    assert!(matches!(set_aside(&path), Err(HistoryError::SetAside { .. })), "nothing is there");
}

#[test]
fn damage_behind_a_good_header_is_an_error_too() {
    let (_folder, path) = place();
    let history = History::open(&path).unwrap();
    history.begin(call("one")).unwrap();
    for position in 0..200 {
        history.put("one", said(&position.to_string(), position, &"words ".repeat(50))).unwrap();
    }
    drop(history);
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..].fill(0xA5);
    fs::write(&path, &bytes).unwrap();
    let error = History::open(&path).unwrap_err();
    assert!(matches!(error, HistoryError::Damaged { .. }), "{error}");
    assert!(fs::read(&path).unwrap() == bytes, "the file was touched");
}

#[test]
fn a_folder_in_the_place_of_the_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = History::open(folder.path()).unwrap_err();
    assert!(matches!(error, HistoryError::Place { .. }), "{error}");
}

#[test]
fn deleted_words_are_no_longer_in_the_files() {
    const WORD: &[u8] = b"xylophone";
    let (_folder, path) = place();
    let holds_word = || {
        [path.clone(), beside(&path, "-wal")].iter().any(|file| {
            fs::read(file).is_ok_and(|bytes| bytes.windows(WORD.len()).any(|window| window == WORD))
        })
    };
    let history = History::open(&path).unwrap();
    for id in ["kept", "deleted"] {
        history.begin(call(id)).unwrap();
    }
    for position in 0..200 {
        history.put("kept", said(&position.to_string(), position, "something else")).unwrap();
        history.flush().unwrap();
        // Of many lengths, some longer than a page and some rewritten, so that cells move about.
        let long = "xylophone ".repeat(usize::try_from(position * 7 % 900).unwrap() + 1);
        history.put("deleted", said(&position.to_string(), position, &long)).unwrap();
        if position % 3 == 0 {
            history.put("deleted", said(&position.to_string(), position, "a xylophone")).unwrap();
        }
    }
    history.flush().unwrap();
    assert!(holds_word(), "the search itself finds nothing");
    assert!(history.delete("deleted").unwrap());
    assert!(!holds_word(), "words are left after the deletion");
    assert_eq!(history.items("kept").unwrap().len(), 200);
    drop(history);
    assert!(!holds_word(), "words are left after closing");
}

#[test]
fn a_reader_that_keeps_the_log_is_told_about() {
    let (_folder, path) = place();
    let history = History::open(&path).unwrap();
    history.begin(call("one")).unwrap();
    history.put("one", said("a", 0, "still here")).unwrap();
    history.flush().unwrap();
    let mut reader = Connection::open(&path).unwrap();
    let reading = reader.transaction().unwrap();
    let count: i64 = reading.query_row("SELECT count(*) FROM items", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 1);
    let error = history.delete("one").unwrap_err();
    assert!(matches!(error, HistoryError::NotErased), "{error}");
    assert_eq!(history.calls(1).unwrap(), [], "deleted all the same");
}

#[test]
fn a_full_queue_gives_the_item_back_and_loses_nothing_it_took() {
    let (_folder, path) = place();
    let history = History::open(&path).unwrap();
    history.begin(call("one")).unwrap();
    history.flush().unwrap();
    let mut other = Connection::open(&path).unwrap();
    let lock = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let mut taken = 0;
    let error = loop {
        match history.put("one", said(&taken.to_string(), taken, "words")) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 10_000, "the queue has no end");
    };
    assert!(matches!(error, HistoryError::Full), "{error}");
    assert!(taken >= 256, "{taken}");
    drop(lock);
    history.flush().unwrap();
    let kept = history.items("one").unwrap();
    assert_eq!(kept.len(), usize::try_from(taken).unwrap());
    history.put("one", said("given again", taken, "words")).unwrap();
    history.flush().unwrap();
}

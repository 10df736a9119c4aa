//! A process that dies in the middle of a call. The process is this test binary, run again.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use history::{ENDED_UNEXPECTEDLY, History};

use crate::support::{call, said};

const ROLE: &str = "SIDETONE_HISTORY_CRASH";
const PATH: &str = "SIDETONE_HISTORY_CRASH_PATH";
/// Far beyond any real delay: it only keeps a broken test from hanging.
const DEADLINE: Duration = Duration::from_secs(60);

/// Does nothing but in the process that the other tests start.
#[test]
fn the_process_that_dies() {
    let Ok(role) = env::var(ROLE) else { return };
    let history = History::open(Path::new(&env::var_os(PATH).unwrap())).unwrap();
    history.begin(call("one")).unwrap();
    let say = |line: &str| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{line}").and_then(|()| out.flush()).unwrap();
    };
    match role.as_str() {
        "flushed" => {
            for position in 0..50 {
                history.put("one", said(&position.to_string(), position, "flushed words")).unwrap();
            }
            history.flush().unwrap();
            say("flushed");
        }
        "unasked" => {
            history.put("one", said("0", 0, "the last word")).unwrap();
            say("put");
        }
        _ => {}
    }
    let mut position = 50;
    loop {
        if role == "unasked" {
            std::thread::park();
        } else if history.put("one", said(&position.to_string(), position, "more words")).is_ok() {
            position += 1;
            say(&format!("put {position}"));
        }
    }
}

fn start(role: &str, path: &Path) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", "crash::the_process_that_dies", "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .env(PATH, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    (child, out)
}

fn wait_for(out: &mut impl BufRead, wanted: &str) {
    let mut line = String::new();
    while out.read_line(&mut line).unwrap() > 0 {
        if line.trim_end() == wanted {
            return;
        }
        line.clear();
    }
    panic!("the process never said {wanted:?}");
}

#[test]
fn a_killed_process_keeps_what_was_flushed_and_has_no_holes_in_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let (mut child, mut out) = start("flushed", &path);
    wait_for(&mut out, "flushed");
    // Into the midst of writes that nobody flushes.
    wait_for(&mut out, "put 400");
    child.kill().unwrap();
    child.wait().unwrap();

    let history = History::open(&path).unwrap();
    let kept = history.items("one").unwrap();
    assert!(kept.len() >= 50, "{} of 50 flushed items", kept.len());
    for (index, item) in kept.iter().enumerate() {
        assert_eq!(item.item_id, index.to_string(), "a hole before the newest");
        assert_eq!(item.text, if index < 50 { "flushed words" } else { "more words" });
    }
    let calls = history.calls(10).unwrap();
    assert_eq!(calls[0].ended_reason.as_deref(), Some(ENDED_UNEXPECTEDLY));
    assert_eq!(calls[0].elapsed_ms, Some(kept.last().unwrap().at_ms));
    let sound: String = rusqlite::Connection::open(&path)
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok");
}

#[test]
fn an_item_is_committed_without_being_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let (mut child, mut out) = start("unasked", &path);
    wait_for(&mut out, "put");
    let reader = rusqlite::Connection::open(&path).unwrap();
    let started = Instant::now();
    while reader.query_row("SELECT count(*) FROM items", [], |row| row.get::<_, i64>(0)).unwrap() == 0 {
        assert!(started.elapsed() < DEADLINE, "the item stays in the queue");
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    drop(reader);
    assert_eq!(History::open(&path).unwrap().items("one").unwrap()[0].text, "the last word");
}

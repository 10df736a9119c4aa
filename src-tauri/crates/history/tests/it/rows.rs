//! Calls and items as they go in and come out.

use std::error::Error;

use history::{CallRow, History, HistoryError, Role, StoredItem};

use crate::support::{call, ended, said};

fn ids(history: &History, call: &str) -> Vec<String> {
    history.items(call).unwrap().into_iter().map(|item| item.item_id).collect()
}

#[test]
fn a_call_comes_back_as_it_went_in() {
    let history = History::in_memory().unwrap();
    history.begin(call("one")).unwrap();
    let spoken = said("a", 0, "Grüße, 世界 🎙");
    let cut = StoredItem {
        role: Role::Agent,
        unheard: Some("that nobody heard".to_owned()),
        at_ms: u64::try_from(i64::MAX).unwrap(),
        ..said("b", 1, "An answer ")
    };
    let tool = StoredItem { role: Role::Tool, typed: true, ..said("c", 2, "") };
    let note = StoredItem { role: Role::Note, ..said("d", u32::MAX, "The line was lost for 3 s.") };
    for item in [&spoken, &cut, &tool, &note] {
        history.put("one", item.clone()).unwrap();
    }
    history.flush().unwrap();
    assert_eq!(history.items("one").unwrap(), [spoken, cut, tool, note]);

    let mut row = CallRow {
        id: "one".to_owned(),
        started_at: 1_700_000_000_000,
        ended_at: None,
        with_name: "Practice agent".to_owned(),
        practice: true,
        model: Some("grok-voice-latest".to_owned()),
        ended_reason: None,
        elapsed_ms: None,
        estimate: None,
    };
    assert_eq!(history.calls(10).unwrap(), [row.clone()]);

    history.end("one", ended()).unwrap();
    row.ended_at = Some(1_700_000_060_000);
    row.ended_reason = Some("byYou".to_owned());
    row.elapsed_ms = Some(59_000);
    row.estimate = Some(0.05);
    assert_eq!(history.find("one").unwrap().as_ref(), Some(&row));
    assert_eq!(history.find("another").unwrap(), None);
    assert_eq!(history.calls(10).unwrap(), [row], "an end that names no model leaves the one asked for");
}

#[test]
fn the_model_that_answered_replaces_the_one_asked_for() {
    let history = History::in_memory().unwrap();
    history.begin(call("one")).unwrap();
    let end = history::CallEnd { model: Some("another".to_owned()), ..ended() };
    history.end("one", end).unwrap();
    assert_eq!(history.calls(1).unwrap()[0].model.as_deref(), Some("another"));
}

#[test]
fn newest_calls_come_first_and_no_more_than_asked_for() {
    let history = History::in_memory().unwrap();
    for (id, started_at) in [("old", 1), ("newest", 3), ("middle", 2), ("same moment", 3)] {
        history.begin(history::NewCall { started_at, ..call(id) }).unwrap();
    }
    let ids = |limit| history.calls(limit).unwrap().into_iter().map(|call| call.id).collect::<Vec<_>>();
    assert_eq!(ids(3), ["same moment", "newest", "middle"]);
    assert_eq!(ids(0), [""; 0]);
    assert_eq!(ids(u32::MAX).len(), 4);
}

#[test]
fn putting_an_item_again_replaces_it_where_it_stands() {
    let history = History::in_memory().unwrap();
    history.begin(call("one")).unwrap();
    for (id, position, text) in
        [("a", 0, "how ar"), ("b", 1, "fine"), ("c", 2, "good"), ("a", 0, "how are you")]
    {
        history.put("one", said(id, position, text)).unwrap();
    }
    assert_eq!(ids(&history, "one"), ["a", "b", "c"]);
    assert_eq!(history.items("one").unwrap()[0].text, "how are you");
}

#[test]
fn an_item_put_late_takes_its_place_before_the_older_one() {
    let history = History::in_memory().unwrap();
    history.begin(call("one")).unwrap();
    for (id, position) in [("question", 0), ("answer", 1), ("typed between", 1)] {
        history.put("one", said(id, position, "…")).unwrap();
    }
    assert_eq!(ids(&history, "one"), ["question", "typed between", "answer"]);
}

#[test]
fn the_same_item_id_in_two_calls_is_two_items() {
    let history = History::in_memory().unwrap();
    history.begin(call("one")).unwrap();
    history.begin(call("two")).unwrap();
    history.put("one", said("a", 0, "first")).unwrap();
    history.put("two", said("a", 0, "second")).unwrap();
    assert_eq!(history.items("one").unwrap()[0].text, "first");
    assert_eq!(history.items("two").unwrap()[0].text, "second");
}

#[test]
fn what_makes_no_sense_is_refused_alone_and_said_once() {
    let history = History::in_memory().unwrap();
    history.begin(call("one")).unwrap();
    history.begin(call("one")).unwrap();
    history.put("never begun", said("a", 0, "to nobody")).unwrap();
    history.end("never begun", ended()).unwrap();
    history.put("one", said("a", 0, "kept")).unwrap();
    let error = history.flush().unwrap_err();
    let HistoryError::Refused { count: 3, .. } = error else { panic!("{error}: {:?}", error.source()) };
    history.flush().unwrap();
    assert_eq!(ids(&history, "one"), ["a"]);
    assert_eq!(history.items("never begun").unwrap(), []);
}

#[test]
fn a_deleted_call_is_gone_and_late_items_do_not_bring_it_back() {
    let history = History::in_memory().unwrap();
    for id in ["one", "two"] {
        history.begin(call(id)).unwrap();
        history.put(id, said("a", 0, id)).unwrap();
    }
    assert!(history.delete("one").unwrap());
    assert!(!history.delete("one").unwrap());
    history.put("one", said("b", 1, "late")).unwrap();
    assert!(matches!(history.flush(), Err(HistoryError::Refused { count: 1, .. })));
    assert_eq!(history.items("one").unwrap(), []);
    assert_eq!(history.calls(10).unwrap().len(), 1);
    assert_eq!(ids(&history, "two"), ["a"]);
}

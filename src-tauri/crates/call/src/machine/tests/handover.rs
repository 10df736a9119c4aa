//! One session after another.

use super::*;

const MINUTE: u64 = 60_000;

fn next(json: &str) -> Input {
    match server(json) {
        Input::Server(event) => Input::Next(event),
        other => other,
    }
}

fn next_conversation(id: &str) -> Input {
    next(&format!(r#"{{"type":"conversation.created","conversation":{{"id":"{id}"}}}}"#))
}

fn agreed() -> Input {
    next(r#"{"type":"session.updated","session":{}}"#)
}

fn prepared() -> Input {
    Input::Prepared(Wishes::default())
}

fn failed() -> Input {
    Input::PrepareFailed { problem: problem::never_agreed(10), conversation: false }
}

/// A call in which the first hand-over is about to be due.
fn old() -> Table {
    let mut table = Table::live(Turns::Auto);
    assert_eq!(table.wait(115 * MINUTE - 1), "");
    table
}

#[test]
fn in_a_quiet_moment_the_next_session_takes_over_without_a_word_to_spare() {
    let mut table = old();
    assert_eq!(table.wait(1), "prepare c1");
    table.rows(&[
        (prepared(), "next session.update"),
        (frame(), "append"),
        (next_conversation("c1"), ""),
        (
            agreed(),
            "item 0 'The session was renewed here' | switch | item 0 'The session was renewed here, and the agent remembers the conversation.'",
        ),
        (frame(), "append"),
    ]);
    assert_eq!(table.wait(114 * MINUTE), "", "the clock of the session begins anew");
    assert_eq!(table.wait(MINUTE), "prepare c1");
}

#[test]
fn a_session_that_knows_nothing_is_told() {
    let mut table = Table::speaking();
    table.take(server(r#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#));
    table.take(Input::Device(Report::Finished(played("i1", 1_000))));
    assert_eq!(table.wait(116 * MINUTE), "prepare c1");
    table.take(prepared());
    table.take(next_conversation("c2"));
    let taken = table.take(agreed());
    assert!(taken.contains("switch | conversation.item.create | item 1"), "{taken}");
    assert_eq!(table.state().conversation.as_deref(), Some("c2"));
}

#[test]
fn nobody_is_interrupted_for_it() {
    let mut table = old();
    table.take(speech("started"));
    assert_eq!(table.wait(MINUTE), "");
    table.take(speech("stopped"));
    assert_eq!(table.wait(ANSWER_MS), "notice ReplyLost | prepare c1 | = listening");
    table.take(prepared());
    table.row(speech("started"), "= hearingYou");
    table.row(agreed(), "drop next");
    table.take(speech("stopped"));
    assert_eq!(table.wait(ANSWER_MS), "notice ReplyLost | prepare c1 | = listening");
}

#[test]
fn in_the_last_moment_it_need_not_be_quiet_and_the_sentence_begins_again() {
    let mut table = old();
    table.take(speech("started"));
    assert_eq!(table.wait(5 * MINUTE - 20_000), "");
    for _ in 0..50 {
        table.row(Input::Frame(Box::new([9_000; FRAME_SAMPLES])), "append");
    }
    assert_eq!(table.wait(1), "prepare c1");
    table.take(prepared());
    table.take(next_conversation("c1"));
    let taken = table.take(agreed());
    assert!(taken.contains("switch | give 500 ms | give 500 ms | item 1"), "{taken}");
    let items = table.state().transcript.items();
    let wanted = "The session was renewed here, and the agent remembers the conversation. \
                  Your sentence was sent again from its beginning.";
    assert_eq!(items[1].text, wanted);
}

#[test]
fn when_it_cannot_be_done_the_old_session_goes_on_and_that_is_said() {
    let mut table = old();
    assert_eq!(table.wait(1), "prepare c1");
    for attempt in 2..=10 {
        table.row(failed(), "drop next");
        assert_eq!(table.wait(9_999), "", "{attempt}");
        assert_eq!(table.wait(1), "prepare c1", "{attempt}");
    }
    table.row(failed(), "drop next | notice HandOver");
    assert_eq!(table.wait(MINUTE), "");
    table.row(frame(), "append");
    assert_eq!(table.wait(4 * MINUTE - 90_000 - 20_000), "prepare c1", "one last time");
    table.take(prepared());
    assert_eq!(table.wait(AGREE_MS), "drop next | prepare anew", "and one without the conversation");
    table.take(prepared());
    assert_eq!(table.wait(AGREE_MS), "drop next | notice HandOver");
    table.row(frame(), "append");
    let broken = table.take(closed(None, CloseKind::Lost));
    assert!(broken.starts_with("notice gone HandOver | item 0 'The line broke here.'"), "{broken}");
    table.row(agreed(), "");
}

#[test]
fn the_cap_of_a_server_is_learned_by_meeting_it() {
    let mut table = Table::live(Turns::Auto);
    table.now += 30 * MINUTE;
    table.take(server(r#"{"type":"error","error":{"type":"max_duration","message":"Session limit"}}"#));
    table.take(connected());
    table.take(server(r#"{"type":"session.updated","session":{}}"#));
    assert_eq!(table.wait(27 * MINUTE - 1), "");
    assert_eq!(table.wait(1), "prepare c1", "a tenth of it before its end");
}

#[test]
fn a_conversation_that_cannot_be_taken_over_is_told_to_the_next_session() {
    let refused = |table: &mut Table| {
        table.take(prepared());
        table.take(next(r#"{"type":"error","error":{"message":"The conversation is in use"}}"#))
    };
    let at_the_door = |table: &mut Table| {
        table.take(Input::PrepareFailed { problem: problem::never_agreed(10), conversation: true })
    };
    let silent = |table: &mut Table| {
        table.take(prepared());
        table.wait(AGREE_MS)
    };
    for how in [&refused as &dyn Fn(&mut Table) -> String, &at_the_door, &silent] {
        let mut table = old();
        assert_eq!(table.wait(1), "prepare c1");
        assert_eq!(how(&mut table), "drop next | prepare anew");
        table.take(prepared());
        table.take(next_conversation("c2"));
        assert!(table.take(agreed()).contains("switch"));
        assert_eq!(table.state().conversation.as_deref(), Some("c2"));
    }
}

#[test]
fn the_next_session_is_looked_at_as_the_first_was() {
    let mut table = old();
    table.wait(1);
    table.take(prepared());
    let rate = r#"{"type":"session.updated","session":{"audio":{"output":{"format":{"type":"audio/pcm","rate":8000}}}}}"#;
    assert_eq!(table.take(next(rate)), "drop next");
    assert_eq!(table.wait(10_000), "prepare c1");
    table.take(prepared());
    table.take(next(r#"{"type":"session.created","session":{"model":"another"}}"#));
    table.take(agreed());
    assert_eq!(table.state().model.as_deref(), Some("another"));
}

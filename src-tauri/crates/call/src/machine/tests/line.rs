//! Breaks, gaps and comings back.

use std::time::Duration;

use super::*;

const BACK: &str = r#"{"type":"session.updated","session":{}}"#;
const BROKEN: &str = "item 0 'The line broke here.' | notice LineLost | connect c1 | = reconnecting";

fn conversation(id: &str) -> Input {
    server(&format!(r#"{{"type":"conversation.created","conversation":{{"id":"{id}"}}}}"#))
}

fn lost() -> Input {
    closed(None, CloseKind::Lost)
}

/// A frame of a voice, far above any threshold.
fn loud() -> Input {
    Input::Frame(Box::new([9_000; FRAME_SAMPLES]))
}

impl Table {
    /// `count` frames of 20 ms, and what followed from them.
    fn frames(&mut self, frame: fn() -> Input, count: usize) -> usize {
        (0..count)
            .filter(|_| {
                self.now += 20;
                self.take(frame()) == "append"
            })
            .count()
    }

    /// The line is agreed again, in the conversation `id`. What followed from that.
    fn back(&mut self, id: &str) -> String {
        self.take(connected());
        self.take(conversation(id));
        self.take(server(BACK))
    }

    fn note(&self) -> String {
        let items = self.state().transcript.items();
        items.iter().rev().find(|item| item.role == Role::Note).unwrap().text.clone()
    }

    fn failed(&mut self, retry: bool, after: Option<u64>) -> String {
        let problem = problem::never_agreed(10);
        let after = after.map(Duration::from_secs);
        self.take(Input::ConnectFailed(Failed { problem, retry, conversation: false, after }))
    }

    fn attempt(&self) -> u32 {
        match self.state().phase {
            Phase::Reconnecting { attempt, .. } => attempt,
            _ => 0,
        }
    }

    fn ended_with(&self) -> ProblemCode {
        match &self.state().phase {
            Phase::Ended { ending: Ending::Failed { problem } | Ending::ByServer { problem, .. } } => {
                problem.code
            }
            phase => panic!("{phase:?}"),
        }
    }
}

#[test]
fn every_end_of_a_line_has_its_name_and_its_consequence() {
    use CloseKind::*;
    for (code, kind, name, comes_back) in [
        (Some(1000), Normal, ProblemCode::ServerClosed, false),
        (Some(1005), Normal, ProblemCode::ServerClosed, false),
        (Some(1001), Idle, ProblemCode::Idle, false),
        (Some(1008), Other, ProblemCode::ServerPolicy, true),
        (Some(1011), Other, ProblemCode::ServerFailed, true),
        (Some(1012), Other, ProblemCode::ServerBusy, true),
        (Some(1013), Other, ProblemCode::ServerBusy, true),
        (Some(4000), Other, ProblemCode::LineLost, true),
        (None, Lost, ProblemCode::LineLost, true),
        (None, PingTimeout, ProblemCode::LineLost, true),
        (None, TooLarge, ProblemCode::LineLost, true),
    ] {
        let mut table = Table::live(Turns::Auto);
        table.take(closed(code, kind));
        if comes_back {
            let notices: Vec<_> = table.state().notices.iter().map(|notice| notice.code).collect();
            assert_eq!((table.attempt(), notices), (1, vec![name]), "{code:?}");
            table.back("c1");
            assert_eq!(table.state().notices, [], "{code:?}: it is over");
        } else {
            assert_eq!(table.ended_with(), name, "{code:?}");
        }
    }
}

#[test]
fn a_server_that_restarts_is_given_some_seconds() {
    for (code, least, most) in [(1011, 800, 1_000), (1012, 5_000, 5_000), (1013, 5_000, 5_000)] {
        let mut table = Table::live(Turns::Auto);
        table.take(closed(Some(code), CloseKind::Other));
        let Phase::Reconnecting { retry_at, .. } = table.state().phase else { panic!("{code}") };
        assert!((least..=most).contains(&retry_at), "{code}: {retry_at}");
    }
}

#[test]
fn a_policy_that_forbids_twice_ends_the_call() {
    let refused = || closed(Some(1008), CloseKind::Other);
    let mut table = Table::live(Turns::Auto);
    table.take(refused());
    table.back("c1");
    table.wait(1_000);
    table.take(refused());
    assert_eq!(table.ended_with(), ProblemCode::ServerPolicy);

    let mut table = Table::live(Turns::Auto);
    table.take(refused());
    table.back("c1");
    table.wait(70_000);
    table.take(refused());
    assert_eq!(table.attempt(), 1, "an hour later it is another matter");
}

#[test]
fn quiet_that_the_server_ends_is_announced_and_then_no_break() {
    let mut table = Table::live(Turns::Auto);
    let timeout = r#"{"type":"error","error":{"type":"timeout","message":"Conversation timed out"}}"#;
    table.row(server(timeout), "notice Idle");
    table.take(closed(Some(1000), CloseKind::Normal));
    assert_eq!(table.ended_with(), ProblemCode::Idle);

    let mut table = Table::live(Turns::Auto);
    table.take(server(timeout));
    let reply = server(r#"{"type":"response.created","response":{"id":"r1"}}"#);
    table.row(reply, "notice gone Idle | = thinking");
    table.take(closed(Some(1000), CloseKind::Normal));
    assert_eq!(table.ended_with(), ProblemCode::ServerClosed);
}

#[test]
fn a_session_that_reached_its_cap_is_followed_by_another() {
    let mut table = Table::live(Turns::Auto);
    let cap = r#"{"type":"error","error":{"type":"max_duration","message":"Session limit"}}"#;
    table.row(
        server(cap),
        "item 0 'The session reached its limit here.' | notice SessionCap | connect c1 | = reconnecting",
    );
    assert!(table.back("c1").starts_with("notice gone SessionCap"));
}

#[test]
fn a_line_that_comes_back_goes_on_without_saying_anything_twice() {
    let mut table = Table::speaking();
    table.row(
        lost(),
        "finish i1 | item 1 'The line broke here.' | notice LineLost | connect c1 | = reconnecting",
    );
    table.now += 7_000;
    table.rows(&[
        (connected(), "session.update | = reconnecting"),
        (conversation("c1"), ""),
        (
            server(
                r#"{"type":"conversation.item.added","item":{"id":"other","type":"message","role":"assistant","content":[{"type":"text","text":"one two three four"}]}}"#,
            ),
            "",
        ),
        (
            server(BACK),
            "notice gone LineLost | item 1 'The line broke here. It was back after 7 s, and the agent remembers the conversation.' | = speaking",
        ),
    ]);
}

#[test]
fn a_conversation_that_was_forgotten_is_told_again() {
    for first in [Some("c1"), None] {
        let mut table = Table::speaking();
        table.state.as_mut().unwrap().conversation = first.map(str::to_owned);
        table.take(lost());
        let back = table.back("c2");
        assert!(back.starts_with("notice gone LineLost | conversation.item.create | item 1"), "{back}");
        assert!(table.note().ends_with("and the agent was told what had been said so far."));
    }
    let mut table = Table::live(Turns::Auto);
    table.take(lost());
    table.back("c2");
    assert_eq!(table.note(), "The line broke here. It was back after less than a second.");
}

#[test]
fn a_conversation_that_is_not_given_back_is_let_go() {
    let mut table = Table::live(Turns::Auto);
    table.take(lost());
    table.take(connected());
    let unknown =
        r#"{"type":"error","error":{"type":"invalid_request_error","message":"Unknown conversation"}}"#;
    table.row(server(unknown), "connect");
    assert_eq!(table.attempt(), 1, "that was no failed attempt");
    table.take(connected());
    assert!(table.take(server(unknown)).ends_with("= ended"), "without one it is the session itself");
}

#[test]
fn what_of_a_reply_had_come_is_heard_and_the_rest_of_its_words_was_not() {
    let mut table = Table::speaking();
    let more = r#"{"type":"response.output_audio_transcript.delta","item_id":"i1","response_id":"r1","delta":" five six","start_time":1.0}"#;
    table.take(server(more));
    table.take(lost());
    table.row(
        Input::Device(Report::Finished(played("i1", 1_000))),
        "item 0 'one two three four' cut 'five six'",
    );
    let mut table = Table::speaking();
    table.take(server(
        r#"{"type":"response.output_audio_transcript.delta","item_id":"i2","response_id":"r1","delta":"unheard"}"#,
    ));
    let broken = table.take(lost());
    assert!(broken.contains("item 1 '' cut 'unheard'"), "{broken}");
    table.row(Input::Device(Report::Finished(played("i1", 1_000))), "item 0 'one two three four'");
}

#[test]
fn an_answer_that_was_due_is_asked_for_again() {
    let mut table = Table::live(Turns::Auto);
    table.take(speech("started"));
    table.take(server(
        r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"u1","transcript":"hello","status":"completed"}"#,
    ));
    table.frames(loud, 50);
    table.row(speech("stopped"), "= thinking");
    table.take(lost());
    let back = table.back("c1");
    assert!(back.contains("response.create") && !back.contains("give"), "{back}");

    // Nobody remembers the turn and nobody has its words, but its sound is still there.
    let mut table = Table::live(Turns::Auto);
    table.take(speech("started"));
    table.frames(loud, 50);
    table.take(speech("stopped"));
    table.take(lost());
    let back = table.back("c2");
    assert!(back.contains("give 500 ms | give 500 ms") && !back.contains("response.create"), "{back}");
}

#[test]
fn a_sentence_that_the_break_cuts_begins_again_and_stays_one_item() {
    let mut table = Table::live(Turns::Auto);
    table.frames(frame, 500);
    table.frames(loud, 10);
    table.row(speech("started"), "item 0 ''… | = hearingYou");
    assert_eq!(table.frames(loud, 90), 90);
    table.row(lost(), &BROKEN.replace("item 0", "item 1"));
    assert_eq!(table.frames(loud, 25), 0, "nothing goes to a line that is away");
    let back = table.back("c1");
    // 340 ms from before the voice and 2.5 s of it.
    assert!(back.contains(&["give 500 ms"; 5].join(" | ")) && back.contains("| give 340 ms |"), "{back}");
    assert!(table.note().ends_with("Your sentence was sent again from its beginning."), "{}", table.note());
    table.row(frame(), "append");
    let again = server(r#"{"type":"input_audio_buffer.speech_started","item_id":"u2"}"#);
    table.row(again, "= hearingYou");
    table.row(
        server(
            r#"{"type":"conversation.item.input_audio_transcription.completed","item_id":"u2","transcript":"hello","status":"completed"}"#,
        ),
        "item 0 'hello'",
    );
}

#[test]
fn what_is_said_in_the_gap_is_sent_in_order_and_counted() {
    let mut table = Table::live(Turns::Auto);
    table.row(lost(), BROKEN);
    table.frames(loud, 100);
    table.frames(frame, 1_000);
    let back = table.back("c1");
    // 2 s of voice, and of the pause as much as ends a turn.
    assert!(back.contains(&["give 500 ms"; 5].join(" | ")) && back.contains("| give 400 ms |"), "{back}");
    assert!(table.note().ends_with("What you said meanwhile (2 s) was kept and sent."), "{}", table.note());

    let mut table = Table::live(Turns::Auto);
    table.take(lost());
    table.frames(loud, 1_750);
    assert_eq!(table.back("c1").matches("give 500 ms").count(), 60, "30 s are kept");
    let wanted = "What you said meanwhile (30 s) was kept and sent. The first 5 s of it were lost.";
    assert!(table.note().ends_with(wanted), "{}", table.note());
}

#[test]
fn silence_in_the_gap_is_not_sent() {
    let mut table = Table::live(Turns::Auto);
    table.take(lost());
    table.frames(frame, 500);
    assert!(!table.back("c1").contains("give"));
    assert!(table.note().ends_with("the agent remembers the conversation."));
}

#[test]
fn nothing_of_a_muted_microphone_is_kept() {
    for mute in [Mute::Soft, Mute::Hard] {
        let mut table = Table::live(Turns::Auto);
        table.take(lost());
        table.take(command(Command::Mute(mute)));
        table.frames(loud, 100);
        table.take(command(Command::Mute(Mute::Open)));
        let back = table.back("c1");
        assert!(!back.contains("give"), "{mute:?}: {back}");
    }
    let mut table = Table::new(Turns::Auto);
    table.take(Input::Start);
    table.frames(loud, 100);
    table.take(connected());
    table.row(server(BACK), "gate Open | = listening");
}

#[test]
fn speech_that_a_silent_server_may_have_missed_is_sent_again() {
    let mut table = Table::live(Turns::Auto);
    table.frames(frame, 100);
    table.take(server(r#"{"type":"ping"}"#));
    table.frames(loud, 500);
    table.take(closed(None, CloseKind::PingTimeout));
    let back = table.back("c1");
    assert_eq!(back.matches("give 500 ms").count(), 20, "10 s and the beginning: {back}");

    // A server that talks has heard it, and had no use for it.
    let mut table = Table::live(Turns::Auto);
    table.frames(loud, 500);
    table.frames(frame, 100);
    table.take(server(r#"{"type":"ping"}"#));
    table.frames(frame, 1);
    table.take(lost());
    assert!(!table.back("c1").contains("give"));

    // Unless it did not leave.
    let mut table = Table::live(Turns::Auto);
    table.take(Input::Waiting { ms: 10_000 });
    table.frames(loud, 500);
    table.take(server(r#"{"type":"ping"}"#));
    table.frames(loud, 5);
    table.take(lost());
    assert_eq!(table.back("c1").matches("give 500 ms").count(), 20);
}

#[test]
fn a_turn_that_was_answered_is_not_sent_again() {
    let mut table = Table::live(Turns::Auto);
    table.take(speech("started"));
    table.frames(loud, 50);
    table.take(speech("stopped"));
    table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    table.take(sound("i1", "r1", 1_000));
    table.frames(frame, 5);
    table.take(lost());
    let back = table.back("c1");
    assert!(!back.contains("give") && !back.contains("response.create"), "{back}");
}

#[test]
fn what_was_given_at_once_is_kept_for_the_next_line_too() {
    let mut table = Table::live(Turns::Auto);
    table.take(lost());
    table.frames(loud, 50);
    assert!(table.back("c1").contains("give 500 ms | give 500 ms"));
    table.frames(frame, 10);
    table.take(lost());
    assert!(table.back("c1").contains("give 500 ms | give 500 ms"));
}

#[test]
fn a_held_talk_key_goes_on_over_the_gap() {
    let mut table = Table::live(Turns::Manual);
    table.take(command(Command::Talk(true)));
    table.frames(loud, 50);
    table.row(lost(), "item 0 'The line broke here.' | notice LineLost | connect c1 | = reconnecting");
    table.frames(loud, 50);
    let back = table.back("c1");
    assert!(back.contains(&["give 500 ms"; 4].join(" | ")) && !back.contains("commit"), "{back}");
    assert!(back.ends_with("= hearingYou"), "{back}");
    table.take(command(Command::Talk(false)));
    assert!(table.wait(TAIL_MS).starts_with("input_audio_buffer.commit | response.create"));
}

#[test]
fn a_talk_key_that_comes_up_in_the_gap_hands_the_turn_over_after_it() {
    let mut table = Table::live(Turns::Manual);
    table.take(lost());
    table.take(command(Command::Talk(true)));
    table.frames(loud, 50);
    table.take(command(Command::Talk(false)));
    table.wait(TAIL_MS);
    let back = table.back("c1");
    let given = "give 500 ms | give 500 ms | input_audio_buffer.commit | response.create";
    assert!(back.contains(given), "{back}");
}

#[test]
fn a_text_at_the_break_is_sent_once_more_unless_the_server_has_it() {
    let text = |text: &str| command(Command::SendText(text.into()));
    let added = r#"{"type":"conversation.item.added","item":{"id":"w1","type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}}"#;
    let create = "conversation.item.create";

    // It never arrived.
    let mut table = Table::live(Turns::Auto);
    table.take(text("hi"));
    table.take(lost());
    assert_eq!(table.back("c1").matches(create).count(), 1);
    table.take(lost());
    assert_eq!(table.back("c1").matches(create).count(), 1, "nor did it the second time");

    // It arrived: the server said so before the break, or on coming back, or answered.
    let mut table = Table::live(Turns::Auto);
    table.take(text("hi"));
    table.take(server(added));
    table.take(lost());
    assert_eq!(table.back("c1").matches(create).count(), 0);

    let mut table = Table::live(Turns::Auto);
    table.take(text("hi"));
    table.take(lost());
    table.take(connected());
    table.take(conversation("c1"));
    table.take(server(added));
    let back = table.take(server(BACK));
    assert_eq!(back.matches(create).count(), 0, "{back}");
    assert!(back.contains("response.create"), "its answer was still due: {back}");

    let mut table = Table::live(Turns::Auto);
    table.take(text("hi"));
    table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    table.take(sound("i1", "r1", 1_000));
    table.take(lost());
    assert_eq!(table.back("c1").matches(create).count(), 0);

    // Typed while the line was away: once, and its own words do not take the place of older ones.
    let mut table = Table::live(Turns::Auto);
    table.take(lost());
    table.take(text("hi"));
    table.take(connected());
    table.take(server(added));
    assert_eq!(table.take(server(BACK)).matches(create).count(), 1);
}

#[test]
fn text_and_speech_of_one_gap_are_answered_together() {
    let mut table = Table::live(Turns::Auto);
    table.take(lost());
    table.take(command(Command::SendText("hi".into())));
    table.frames(loud, 50);
    let back = table.back("c1");
    assert!(back.contains("conversation.item.create | give 500 ms") && !back.contains("response.create"));
}

#[test]
fn a_tool_that_ran_at_the_break_is_named() {
    let mut table = Table::live(Turns::Auto);
    table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    table.take(server(
        r#"{"type":"response.function_call_arguments.done","response_id":"r1","item_id":"t1","name":"web_search","arguments":"{}"}"#,
    ));
    table.take(lost());
    let back = table.back("c1");
    assert!(back.contains("response.create"), "the answer is asked for again: {back}");
    assert!(table.note().ends_with("The tool web_search was running; its result did not come."));
    assert!(table.state().transcript.unsettled().is_empty());
}

#[test]
fn attempts_have_an_end_and_the_note_says_what_was_lost() {
    let mut table = Table::live(Turns::Auto);
    table.take(lost());
    table.frames(loud, 100);
    table.take(command(Command::SendText("hi".into())));
    for attempt in 2..=ATTEMPTS {
        table.failed(true, None);
        assert_eq!(table.attempt(), attempt);
    }
    assert!(table.failed(true, None).ends_with("= ended"));
    assert_eq!(
        table.note(),
        "The line broke here. It did not come back within 2 s. What you said meanwhile (2 s) was lost. The text that you typed was not sent."
    );
}

#[test]
fn what_cannot_pass_burns_no_attempts() {
    let mut table = Table::live(Turns::Auto);
    table.take(lost());
    assert!(table.failed(false, None).ends_with("= ended"));
}

#[test]
fn a_wait_that_is_asked_for_is_waited_and_shown() {
    let mut table = Table::live(Turns::Auto);
    table.take(lost());
    assert_eq!(
        table.failed(true, Some(42)),
        "notice gone LineLost | notice SessionRefused | connect c1 | = reconnecting"
    );
    assert_eq!(table.state().snapshot().status, Status::Reconnecting { attempt: 2, retry_in_ms: 42_000 });
    assert!(table.failed(true, Some(3_600)).ends_with("= ended"), "nobody waits for an hour");
}

#[test]
fn lines_that_break_at_once_are_given_up_and_one_that_held_is_a_new_matter() {
    let mut table = Table::live(Turns::Auto);
    for attempt in 1..=ATTEMPTS {
        table.take(lost());
        assert_eq!(table.attempt(), attempt);
        table.back("c1");
        table.wait(1_000);
    }
    assert!(table.take(lost()).ends_with("= ended"));

    let mut table = Table::live(Turns::Auto);
    for _ in 0..2 * ATTEMPTS {
        table.take(lost());
        assert_eq!(table.attempt(), 1);
        table.back("c1");
        table.wait(60_000);
    }
}

#[test]
fn a_reply_that_is_announced_and_never_comes_is_given_up_with_words() {
    let mut table = Table::live(Turns::Auto);
    table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    assert_eq!(table.wait(ANSWER_MS), "");
    assert_eq!(table.wait(REPLY_SILENCE_MS - ANSWER_MS), "notice ReplyLost | = listening");
    table.row(
        server(r#"{"type":"response.created","response":{"id":"r2"}}"#),
        "notice gone ReplyLost | = thinking",
    );
}

fn slept(took_s: u64, unseen_s: u64) -> Input {
    let (took, unseen) = (Duration::from_secs(took_s), Duration::from_secs(unseen_s));
    Input::Slept(Nap { took, unseen })
}

#[test]
fn a_computer_that_woke_up_asks_whether_the_line_is_there() {
    let mut table = Table::live(Turns::Auto);
    table.row(slept(420, 420), "probe 3 s");
    table.now += 3_000;
    table.take(closed(None, CloseKind::PingTimeout));
    assert_eq!(table.note(), "This computer slept for 7 min, and the line was gone.");
    table.back("c1");
    assert!(table.note().contains("It was back after less than a second"), "{}", table.note());

    // A line that answers goes on without a word, and what happens to it later has other reasons.
    let mut table = Table::live(Turns::Auto);
    table.take(slept(420, 420));
    table.now += 30_000;
    table.row(lost(), BROKEN);
}

#[test]
fn a_sleep_in_the_gap_counts_to_it_and_ends_the_waiting() {
    let mut table = Table::live(Turns::Auto);
    table.take(lost());
    table.failed(true, Some(300));
    table.now += 10_000;
    table.row(slept(600, 590), "connect c1 | = reconnecting");
    assert_eq!(table.state().snapshot().status, Status::Reconnecting { attempt: 1, retry_in_ms: 0 });
    table.back("c1");
    let wanted = "The line broke here. It was back after 10 min, and the agent remembers the conversation. \
                  This computer slept for 10 min of it.";
    assert_eq!(table.note(), wanted);
}

#[test]
fn another_network_is_a_reason_to_ask_and_to_try_at_once() {
    let mut table = Table::live(Turns::Auto);
    table.row(Input::NetworkChanged, "probe 3 s");
    table.now += 3_000;
    table.take(closed(None, CloseKind::PingTimeout));
    assert_eq!(table.note(), "The network changed here.");
    table.failed(true, Some(300));
    table.row(Input::NetworkChanged, "connect c1 | = reconnecting");
    table.take(connected());
    table.row(Input::NetworkChanged, "");

    let mut table = Table::new(Turns::Auto);
    table.take(Input::Start);
    table.row(Input::NetworkChanged, "");
}

#[test]
fn a_turn_that_was_handed_to_a_dead_line_is_handed_to_the_next() {
    let hand_over = |table: &mut Table| {
        table.take(command(Command::Talk(true)));
        table.frames(loud, 50);
        table.take(command(Command::Talk(false)));
        assert!(table.wait(TAIL_MS).contains("commit"));
    };
    let mut table = Table::live(Turns::Manual);
    hand_over(&mut table);
    table.wait(ANSWER_MS);
    table.take(closed(None, CloseKind::PingTimeout));
    let given = "give 500 ms | give 500 ms | input_audio_buffer.commit | response.create";
    let back = table.back("c1");
    assert!(back.contains(given), "{back}");
    table.take(lost());
    let back = table.back("c1");
    assert!(back.contains(given), "and to the one after it: {back}");

    let mut table = Table::live(Turns::Manual);
    hand_over(&mut table);
    table.take(server(r#"{"type":"input_audio_buffer.committed","item_id":"u1"}"#));
    table.take(lost());
    let back = table.back("c1");
    assert!(!back.contains("give") && back.contains("response.create"), "only its answer is due: {back}");
}

/// The attempt to resume `c1` has come to nothing.
fn unresumed(how: impl FnOnce(&mut Table) -> String) -> (Table, String) {
    let mut table = Table::speaking();
    table.take(server(r#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#));
    table.take(Input::Device(Report::Finished(played("i1", 1_000))));
    assert!(table.take(lost()).contains("connect c1"));
    let followed = how(&mut table);
    (table, followed)
}

#[test]
fn a_conversation_that_the_server_does_not_know_any_more_is_told_to_it_in_short() {
    let refused = |table: &mut Table| {
        let problem = problem::never_agreed(10);
        table.take(Input::ConnectFailed(Failed { problem, retry: false, conversation: true, after: None }))
    };
    let closed = |table: &mut Table| {
        table.take(connected());
        table.take(closed(Some(1008), CloseKind::Other))
    };
    let silent = |table: &mut Table| {
        table.take(connected());
        table.wait(AGREE_MS)
    };
    for how in [&refused as &dyn Fn(&mut Table) -> String, &closed, &silent] {
        let (mut table, followed) = unresumed(how);
        assert!(followed.starts_with("connect |") || followed == "connect", "{followed}");
        assert!(table.back("c2").contains("conversation.item.create"));
        let note = table.note();
        assert!(note.ends_with("and the agent was told what had been said so far."), "{note}");
    }
}

#[test]
fn a_network_that_breaks_again_says_nothing_of_the_conversation() {
    let lost = |table: &mut Table| {
        table.take(connected());
        table.take(lost())
    };
    let failing = |table: &mut Table| {
        table.take(connected());
        table.take(closed(Some(1011), CloseKind::Other))
    };
    for how in [&lost as &dyn Fn(&mut Table) -> String, &failing] {
        let (_, followed) = unresumed(how);
        assert!(followed.contains("connect c1"), "{followed}");
    }
}

#[test]
fn what_fails_without_a_conversation_is_no_matter_of_it() {
    let mut table = Table::new(Turns::Auto);
    table.take(Input::Start);
    let problem = problem::never_agreed(10);
    table.take(Input::ConnectFailed(Failed { problem, retry: false, conversation: true, after: None }));
    assert!(table.state().is_ended());
}

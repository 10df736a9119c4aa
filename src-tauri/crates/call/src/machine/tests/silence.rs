//! What the line is given where the microphone gives nothing, and what is said where the server gives nothing.

use super::*;

impl Table {
    /// Lets time pass in steps of 10 ms, and what silence was given in it, in ms.
    fn silence_in(&mut self, ms: u64) -> u64 {
        let mut given = 0;
        for _ in 0..ms / 10 {
            self.now += 10;
            let (state, effects) = step(self.state.take().unwrap(), self.now, Input::Tick);
            self.state = Some(state);
            let silence = |effect: &Effect| if let Effect::Silence { ms } = effect { *ms } else { 0 };
            given += effects.iter().map(silence).sum::<u64>();
        }
        given
    }
}

#[test]
fn a_microphone_that_is_let_go_keeps_the_line_open() {
    let mut table = Table::live(Turns::Auto);
    table.take(command(Command::Mute(Mute::Hard)));
    assert_eq!(table.silence_in(60_000), 600, "100 ms every 10 s");
    assert!(
        table.state().deadline().is_some_and(|due| due <= table.now + 10_000),
        "and it is woken for that"
    );
}

#[test]
fn so_does_a_talk_key_that_is_up_and_what_that_costs_is_counted() {
    let mut table = Table::live(Turns::Manual);
    let before = table.state().meter.cost(Price::default()).billed_ms;
    assert_eq!(table.silence_in(60_000), 600);
    assert_eq!(table.state().meter.cost(Price::default()).billed_ms - before, 600);
}

#[test]
fn a_microphone_that_gives_is_not_added_to() {
    let mut table = Table::live(Turns::Auto);
    for _ in 0..200 {
        assert_eq!(table.silence_in(100), 0);
        table.take(frame());
    }
}

#[test]
fn a_hard_mute_in_the_middle_of_a_sentence_ends_the_sentence() {
    let mut table = Table::live(Turns::Auto);
    table.take(frame());
    table.take(speech("started"));
    table.take(command(Command::Mute(Mute::Hard)));
    assert_eq!(table.silence_in(1_000), 1_000, "the server hears all of the silence");
    table.row(speech("stopped"), "= thinking");
    assert_eq!(table.silence_in(5_000), 0, "and then no more than keeps the line");
}

#[test]
fn a_tool_that_never_comes_back_is_given_up_and_said() {
    let mut table = Table::live(Turns::Auto);
    let called = r#"{"type":"response.function_call_arguments.done","item_id":"t1","name":"web_search"}"#;
    table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    table.take(server(called));
    assert_eq!(table.wait(59_999), "");
    assert_eq!(table.wait(1), "notice ReplyLost | = listening");
    let said = &table.state().notices[0].message;
    assert!(said.contains("web_search"), "{said}");
}

#[test]
fn so_is_one_that_works_for_no_reply() {
    let mut table = Table::live(Turns::Auto);
    table.row(server(r#"{"type":"response.mcp_call.in_progress","item_id":"t1"}"#), "= usingTool");
    assert_eq!(table.wait(60_000), "notice ReplyLost | = listening");
}

#[test]
fn a_turn_that_nothing_answers_is_said_so() {
    let mut table = Table::live(Turns::Auto);
    table.take(speech("started"));
    table.take(speech("stopped"));
    assert_eq!(table.wait(ANSWER_MS), "notice ReplyLost | = listening");
    table.take(speech("started"));
    table.take(speech("stopped"));
    let answer = table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    assert!(answer.contains("notice gone ReplyLost"), "{answer}");
}

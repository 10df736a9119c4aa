//! The quiet line: when it is warned about, what keeps it, when it is hung up.

use super::*;

const AFTER: u64 = 300_000;
const HUNG_UP: &str = "gate Released | Microphone shut | Speaker shut | hang up | not quiet | = ended";

/// A live call on which nothing has been said yet, one millisecond before the warning.
fn nearly() -> Table {
    let mut table = Table::live(Turns::Auto);
    table.row(command(Command::Idle(Idle::default())), "");
    assert_eq!(table.wait(AFTER - 1), "");
    table
}

/// The same, with the countdown under way.
fn warned() -> Table {
    let mut table = nearly();
    assert_eq!(table.wait(1), "quiet 30");
    table
}

#[test]
fn a_quiet_line_is_warned_about_counted_down_and_hung_up() {
    let mut table = warned();
    let left = |table: &Table| table.state().snapshot().quiet.map(|quiet| quiet.hang_up_in_ms);
    assert_eq!(left(&table), Some(30_000), "a window that is opened now counts, too");
    assert_eq!(table.wait(400), "");
    assert_eq!(table.state().deadline(), Some(table.now + 600), "to the next whole second");
    assert_eq!(table.wait(600), "quiet 29");
    assert_eq!(table.wait(28_000), "quiet 1");
    assert_eq!(table.wait(999), "");
    assert_eq!(table.wait(1), HUNG_UP);
    assert_eq!(table.state().phase, Phase::Ended { ending: Ending::Quiet { for_ms: AFTER + 30_000 } });
    assert_eq!(left(&table), None);
}

#[test]
fn whoever_says_that_they_are_there_is_not_hung_up_on() {
    let mut table = warned();
    table.row(command(Command::Stay), "not quiet");
    assert_eq!(table.wait(AFTER - 1), "", "the quiet begins anew");
    assert_eq!(table.wait(1), "quiet 30");
}

#[test]
fn speech_of_either_side_and_typing_begin_the_quiet_anew() {
    let stirs: [(Input, &str); 4] = [
        (speech("started"), "item 0 ''… | not quiet | = hearingYou"),
        (
            command(Command::SendText("hi".into())),
            "item 0 'hi' | conversation.item.create | response.create | not quiet | = thinking",
        ),
        (server(r#"{"type":"response.created","response":{"id":"r1"}}"#), "not quiet | = thinking"),
        (command(Command::Talk(true)), "controls | not quiet"),
    ];
    for (stir, wanted) in stirs {
        warned().row(stir, wanted);
    }
}

#[test]
fn while_the_agent_is_heard_it_is_not_quiet() {
    let mut table = Table::speaking();
    table.row(command(Command::Idle(Idle::default())), "");
    table.take(server(r#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#));
    assert_eq!(table.wait(AFTER * 2), "", "its last sample has not been played");
    table.take(Input::Device(Report::Finished(played("i1", 1_000))));
    assert_eq!(table.wait(AFTER - 1), "");
    assert_eq!(table.wait(1), "quiet 30");
}

#[test]
fn muted_is_quiet() {
    let mut table = nearly();
    table.row(command(Command::Mute(Mute::Hard)), "controls | gate Released | = muted");
    assert_eq!(table.wait(1), "quiet 30");
    table.row(command(Command::Mute(Mute::Open)), "controls | gate Open | = listening");
}

#[test]
fn a_broken_line_is_not_hung_up_on_and_gets_the_whole_countdown_again() {
    let mut table = warned();
    table.wait(29_000);
    table.row(
        closed(None, CloseKind::Lost),
        "item 0 'The line broke here.' | notice LineLost | connect c1 | not quiet | = reconnecting",
    );
    table.wait(60_000);
    table.take(connected());
    table.row(
        server(r#"{"type":"session.updated","session":{}}"#),
        "notice gone LineLost | item 0 'The line broke here. It was back after 60 s, and the agent remembers the conversation.' | quiet 30 | = listening",
    );
}

#[test]
fn a_clock_that_jumps_takes_nothing_off_the_countdown() {
    assert_eq!(nearly().wait(3_600_000), "quiet 30");
}

#[test]
fn it_is_set_while_the_call_runs_and_off_means_off() {
    let mut table = nearly();
    table.row(command(Command::Idle(Idle { hang_up: false, ..Idle::default() })), "");
    assert_eq!(table.wait(AFTER * 10), "");
    table.row(command(Command::Idle(Idle { hang_up: true, after_s: 0, countdown_s: 0 })), "quiet 10");
    assert_eq!(
        table.state().snapshot().quiet.map(|quiet| quiet.after_ms),
        Some(60_000),
        "the least there is"
    );
}

#[test]
fn a_call_with_the_practice_agent_is_never_hung_up_on() {
    let mut table = nearly();
    let mut state = table.state.take().unwrap();
    state.setup.practice = true;
    table.state = Some(state);
    assert_eq!(table.wait(AFTER * 10), "");
}

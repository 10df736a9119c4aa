//! What a call is reckoned to cost, minute by minute.

use super::*;
use crate::cost::Reported;

/// Dollars so far, at xAI's rates, rounded to a hundredth of a cent.
fn dollars(table: &Table) -> f64 {
    let cost = table.state().clock.cost.unwrap();
    (cost.estimate * 10_000.0).round() / 10_000.0
}

#[test]
fn the_clock_runs_from_the_first_ready_and_the_estimate_with_it() {
    let mut table = Table::new(Turns::Auto);
    table.take(Input::Start);
    table.wait(5_000);
    table.take(connected());
    table.take(server(r#"{"type":"session.updated","session":{}}"#));
    table.wait(60_000);
    table.take(command(Command::SendText("hi".into())));
    table.take(Input::Tick);
    assert_eq!(table.state().clock.elapsed_ms, 60_000);
    assert_eq!(dollars(&table), 0.084);
}

#[test]
fn in_manual_turns_only_sound_is_paid_for() {
    let mut table = Table::live(Turns::Manual);
    table.wait(60_000);
    assert_eq!(table.state().clock.cost.map(|cost| cost.billed_ms), Some(100), "silence that keeps the line");
    table.take(command(Command::Talk(true)));
    for _ in 0..50 {
        table.take(frame());
    }
    table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    table.take(sound("i1", "r1", 2_000));
    assert_eq!(table.state().clock.cost.map(|cost| cost.billed_ms), Some(3_100), "sent and come");
}

#[test]
fn a_switch_of_turns_is_reckoned_from_its_moment() {
    let mut table = Table::live(Turns::Auto);
    table.now += 30_000;
    table.take(command(Command::Turns(Turns::Manual)));
    table.now += 30_000;
    table.take(command(Command::Turns(Turns::Auto)));
    table.wait(30_000);
    assert_eq!(dollars(&table), 0.08);
}

#[test]
fn a_line_that_is_away_costs_nothing_and_the_clock_goes_on() {
    let mut table = Table::live(Turns::Auto);
    table.now += 30_000;
    table.take(closed(None, CloseKind::Lost));
    // No input comes meanwhile: what passed is known by the state before, not by the one after.
    table.now += 600_000;
    table.take(connected());
    table.now += 400;
    table.take(server(r#"{"type":"session.updated","session":{}}"#));
    table.wait(30_000);
    assert_eq!(table.state().clock.elapsed_ms, 660_400);
    assert_eq!(dollars(&table), 0.08);
}

#[test]
fn what_the_agent_is_told_of_a_lost_conversation_is_a_text_that_costs() {
    let mut table = Table::live(Turns::Auto);
    table.take(command(Command::SendText("hi".into())));
    table.take(server(
        r#"{"type":"conversation.item.added","item":{"id":"u1","type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}}"#,
    ));
    table.take(server(r#"{"type":"response.created","response":{"id":"r1"}}"#));
    table.take(server(r#"{"type":"response.done","response":{"id":"r1","status":"completed"}}"#));
    table.take(closed(None, CloseKind::Lost));
    table.take(connected());
    table.take(server(r#"{"type":"conversation.created","conversation":{"id":"another"}}"#));
    table.take(server(r#"{"type":"session.updated","session":{}}"#));
    assert_eq!(table.state().clock.cost.map(|cost| cost.texts), Some(2));
}

#[test]
fn the_services_reports_stand_beside_the_estimate_wherever_they_are() {
    let mut table = Table::live(Turns::Auto);
    table.take(server(
        r#"{"type":"response.done","response":{"id":"r1","status":"completed","usage":{}},"usage":{"total_tokens":120,"billable_audio_seconds":1}}"#,
    ));
    table.take(server(
        r#"{"type":"response.done","response":{"id":"r2","status":"cancelled","usage":{"total_tokens":9,"billable_audio_seconds":4}}}"#,
    ));
    table.take(server(
        r#"{"type":"response.done","response":{"id":"r2","status":"cancelled","usage":{"total_tokens":9,"billable_audio_seconds":4}}}"#,
    ));
    table.take(server(r#"{"type":"response.done","response":{"id":"r3","status":"completed"},"usage":{}}"#));
    let cost = table.state().clock.cost.unwrap();
    assert_eq!(cost.reported, Some(Reported { audio_s: 5.0, tokens: 129 }));
    assert_eq!(cost.estimate, 0.0);
}

#[test]
fn the_price_is_the_profiles_and_is_told_with_the_call() {
    let mut table = Table::live(Turns::Auto);
    let price = Price { per_minute: 0.6, per_text: 0.0 };
    let mut state = table.state.take().unwrap();
    state.setup.profile.price = price;
    table.state = Some(state);
    table.wait(30_000);
    assert_eq!(dollars(&table), 0.3);
    assert_eq!(table.state().snapshot().price, Some(price));
}

#[test]
fn the_practice_agent_costs_nothing() {
    let mut table = Table::live(Turns::Auto);
    let mut state = table.state.take().unwrap();
    state.setup.practice = true;
    table.state = Some(state);
    table.wait(60_000);
    let now = table.state().snapshot();
    assert_eq!((now.clock.elapsed_ms, now.clock.cost, now.price), (60_000, None, None));
}

#[test]
fn nothing_is_added_once_the_call_has_ended() {
    let mut table = Table::live(Turns::Auto);
    table.now += 30_000;
    table.take(command(Command::End));
    let at_the_end = table.state().clock;
    assert_eq!(dollars(&table), 0.04);
    table.wait(60_000);
    assert_eq!(table.state().clock, at_the_end);
}

//! The daily cap while a call runs: when it speaks up, and that it cuts nothing.

use super::*;
use crate::budget::Money;

/// A live call at 60 a minute, so 1 a second, on a day on which 4 of 10 have been spent already.
fn spending() -> Table {
    let mut table = Table::live(Turns::Auto);
    let mut state = table.state.take().unwrap();
    state.setup.profile.price = Price { per_minute: 60.0, per_text: 0.0 };
    state.setup.money = capped(10.0);
    state.setup.spent_today = 4.0;
    table.state = Some(state);
    table
}

fn capped(cap: f64) -> Money {
    Money { daily_cap: Some(cap), ..Money::default() }
}

fn said(table: &Table) -> String {
    let notices = &table.state().notices;
    notices.iter().find(|notice| notice.code == ProblemCode::DailyCap).unwrap().message.clone()
}

#[test]
fn the_cap_is_warned_about_at_four_fifths_and_when_it_is_reached_and_the_call_goes_on() {
    let mut table = spending();
    assert_eq!(table.wait(3_900), "");
    assert_eq!(table.wait(100), "notice DailyCap");
    assert_eq!(said(&table), "About $8.00 of today\u{2019}s cap of $10.00 has been spent.");
    assert_eq!(table.wait(1_999), "", "once is enough");
    assert_eq!(table.wait(1), "notice DailyCap");
    assert_eq!(said(&table), "Today\u{2019}s cap of $10.00 is reached: about $10.00 has been spent.");
    assert_eq!(table.wait(600_000), "");
    assert_eq!(table.state().phase, Phase::Live);
    let end = table.take(command(Command::End));
    assert!(end.contains("notice gone DailyCap"), "it spoke of a call that goes on: {end}");
}

#[test]
fn a_warning_that_was_put_away_comes_back_only_when_there_is_more_to_say() {
    let mut table = spending();
    table.wait(4_000);
    table.row(command(Command::Dismiss(ProblemCode::DailyCap)), "notice gone DailyCap");
    assert_eq!(table.wait(1_000), "");
    assert_eq!(table.wait(1_000), "notice DailyCap");
}

#[test]
fn a_raised_cap_takes_its_warning_back_at_once_and_none_means_silence() {
    let mut table = spending();
    table.wait(6_000);
    table.row(command(Command::Money(capped(12.0))), "notice DailyCap");
    assert_eq!(said(&table), "About $10.00 of today\u{2019}s cap of $12.00 has been spent.");
    table.row(command(Command::Money(capped(100.0))), "notice gone DailyCap");
    table.row(command(Command::Money(capped(5.0))), "notice DailyCap");
    table.row(command(Command::Money(Money::default())), "notice gone DailyCap");
    assert_eq!(table.wait(600_000), "");
}

#[test]
fn a_new_day_begins_with_what_was_spent_on_it() {
    let mut table = spending();
    table.wait(6_000);
    table.row(command(Command::NewDay { spent: 0.5 }), "notice gone DailyCap");
    assert_eq!(table.wait(7_499), "");
    assert_eq!(table.wait(1), "notice DailyCap");
    assert_eq!(said(&table), "About $8.00 of today\u{2019}s cap of $10.00 has been spent.");
}

#[test]
fn a_practice_call_has_nothing_to_do_with_the_cap() {
    let mut table = spending();
    let mut state = table.state.take().unwrap();
    state.setup.practice = true;
    state.setup.spent_today = 1_000.0;
    table.state = Some(state);
    assert_eq!(table.wait(600_000), "");
}

#[test]
fn a_call_that_begins_near_the_cap_says_so_once_it_is_live() {
    let mut table = Table::new(Turns::Auto);
    let mut state = table.state.take().unwrap();
    (state.setup.money, state.setup.spent_today) = (capped(10.0), 9.0);
    table.state = Some(state);
    table.row(Input::Start, "connect | gate Silent | = connecting");
    table.take(connected());
    table.row(
        server(r#"{"type":"session.updated","session":{}}"#),
        "notice DailyCap | gate Open | = listening",
    );
}

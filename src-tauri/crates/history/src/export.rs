//! A call as a text that people read, for taking it elsewhere.

use std::fmt::Write as _;

use crate::{Calendar, CallRow, Role, StoredItem};

/// With how far the zone is from UTC, for whoever reads it elsewhere.
const MINUTE: &str = "%Y-%m-%d %H:%M %:z";
/// Windows refuses a colon in a file's name.
const DOT: &str = "%Y-%m-%d %H.%M";

/// The whole call as plain text, UTF-8, one line per item; further lines of an item are indented. Times are
/// those of the calendar's zone; `money` words an amount.
pub fn plain_text(
    call: &CallRow,
    items: &[StoredItem],
    calendar: &Calendar,
    money: impl Fn(f64) -> String,
) -> String {
    let began = calendar.moment(call.started_at, MINUTE);
    let mut text = format!("Call with {}\n{began}", one_line(&call.with_name));
    // Writing into a string cannot fail.
    if let Some(elapsed_ms) = call.elapsed_ms {
        let seconds = elapsed_ms / 1_000;
        write!(text, ", {}:{:02} min", seconds / 60, seconds % 60).ok();
    }
    if let Some(model) = &call.model {
        write!(text, ", {}", one_line(model)).ok();
    }
    if let Some(estimate) = call.estimate {
        write!(text, ", estimated at {}", money(estimate)).ok();
    }
    text.push_str("\n\n");
    for item in items {
        text.push_str(&line(item));
        text.push('\n');
    }
    text
}

/// A name for the file that no system refuses, such as `Sidetone 2026-07-01 09.30.txt` in the calendar's zone.
pub fn file_name(call: &CallRow, calendar: &Calendar) -> String {
    format!("Sidetone {}.txt", calendar.moment(call.started_at, DOT))
}

fn line(item: &StoredItem) -> String {
    let words = item.text.trim().replace('\n', "\n  ");
    let mut line = match item.role {
        Role::You if item.typed => format!("you (typed): {words}"),
        Role::You => format!("you: {words}"),
        Role::Agent => format!("agent: {words}"),
        Role::Tool => format!("tool: {words}"),
        Role::Note => format!("[{words}]"),
    };
    match item.unheard.as_deref().map(str::trim) {
        None => {}
        Some("") => line.push_str(" [interrupted]"),
        Some(unheard) => {
            write!(line, " [interrupted; not heard: {}]", unheard.replace('\n', "\n  ")).ok();
        }
    }
    line
}

fn one_line(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(started_at: i64) -> CallRow {
        CallRow {
            id: "c".to_owned(),
            started_at,
            ended_at: None,
            with_name: "My\nown  backend".to_owned(),
            practice: false,
            model: Some("grok-voice-latest".to_owned()),
            ended_reason: None,
            elapsed_ms: Some(252_900),
            estimate: Some(0.336),
        }
    }

    fn utc() -> Calendar {
        Calendar::posix("UTC0").unwrap()
    }

    fn said(role: Role, text: &str) -> StoredItem {
        StoredItem {
            item_id: "i".to_owned(),
            position: 0,
            role,
            text: text.to_owned(),
            unheard: None,
            typed: false,
            at_ms: 0,
        }
    }

    #[test]
    fn every_item_is_a_line_and_what_was_not_heard_is_said_to_be_so() {
        let items = [
            said(Role::You, " Wann fährt die Fähre? "),
            StoredItem { unheard: Some(" at ten past eight".to_owned()), ..said(Role::Agent, "On Sundays") },
            StoredItem { unheard: Some(String::new()), ..said(Role::Agent, "All of it\nwas heard.") },
            StoredItem { typed: true, ..said(Role::You, "Thanks") },
            said(Role::Tool, "timetable"),
            said(Role::Note, "The line was lost for 3 s."),
        ];
        assert_eq!(
            plain_text(&call(1_782_898_200_000), &items, &utc(), |amount| format!("{amount:.2} EUR")),
            "Call with My own backend\n\
             2026-07-01 09:30 +00:00, 4:12 min, grok-voice-latest, estimated at 0.34 EUR\n\n\
             you: Wann fährt die Fähre?\n\
             agent: On Sundays [interrupted; not heard: at ten past eight]\n\
             agent: All of it\n  was heard. [interrupted]\n\
             you (typed): Thanks\n\
             tool: timetable\n\
             [The line was lost for 3 s.]\n"
        );
    }

    #[test]
    fn a_call_that_cost_nothing_that_is_known_says_nothing_of_money() {
        let free = CallRow { estimate: None, ..call(0) };
        let text = plain_text(&free, &[], &utc(), |_| unreachable!("no amount to word"));
        assert_eq!(
            text,
            "Call with My own backend\n1970-01-01 00:00 +00:00, 4:12 min, grok-voice-latest\n\n"
        );
    }

    #[test]
    fn times_are_those_of_the_persons_own_clock() {
        let central = Calendar::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let text = plain_text(&call(1_782_898_200_000), &[], &central, |amount| amount.to_string());
        assert!(text.contains("\n2026-07-01 11:30 +02:00, "), "{text}");
        assert_eq!(file_name(&call(1_782_898_200_000), &central), "Sidetone 2026-07-01 11.30.txt");
    }

    #[test]
    fn a_file_name_has_no_character_that_a_system_refuses() {
        let name = file_name(&call(1_782_898_200_000), &utc());
        assert_eq!(name, "Sidetone 2026-07-01 09.30.txt");
    }

    #[test]
    fn a_moment_outside_the_calendar_still_has_a_name() {
        assert_eq!(file_name(&call(-1), &utc()), "Sidetone 1969-12-31 23.59.txt");
        assert_eq!(file_name(&call(i64::MAX), &utc()), "Sidetone 1970-01-01 00.00.txt");
    }
}

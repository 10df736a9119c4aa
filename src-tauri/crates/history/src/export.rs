//! A call as a text that people read, for taking it elsewhere.

use std::fmt::Write as _;

use time::OffsetDateTime;
use time::format_description::StaticFormatDescription;
use time::macros::format_description;

use crate::{CallRow, Role, StoredItem};

const COLON: StaticFormatDescription = format_description!("[year]-[month]-[day] [hour]:[minute]");
/// Windows refuses a colon in a file's name.
const DOT: StaticFormatDescription = format_description!("[year]-[month]-[day] [hour].[minute]");

/// The whole call as plain text, UTF-8, one line per item; further lines of an item are indented. The
/// times are UTC.
pub fn plain_text(call: &CallRow, items: &[StoredItem]) -> String {
    let mut text = format!("Call with {}\n{} UTC", one_line(&call.with_name), moment(call.started_at, COLON));
    // Writing into a string cannot fail.
    if let Some(elapsed_ms) = call.elapsed_ms {
        let seconds = elapsed_ms / 1_000;
        write!(text, ", {}:{:02} min", seconds / 60, seconds % 60).ok();
    }
    if let Some(model) = &call.model {
        write!(text, ", {}", one_line(model)).ok();
    }
    text.push_str("\n\n");
    for item in items {
        text.push_str(&line(item));
        text.push('\n');
    }
    text
}

/// A name for the file that no system refuses, such as `Sidetone 2026-07-01 09.30.txt` (UTC).
pub fn file_name(call: &CallRow) -> String {
    format!("Sidetone {}.txt", moment(call.started_at, DOT))
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

/// A moment that no calendar has is the first of 1970.
fn moment(unix_ms: i64, format: StaticFormatDescription) -> String {
    let moment =
        OffsetDateTime::from_unix_timestamp(unix_ms.div_euclid(1_000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    // A date and a time of day are all that the formats ask for.
    moment.format(format).unwrap_or_default()
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
            estimate: None,
        }
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
            plain_text(&call(1_782_898_200_000), &items),
            "Call with My own backend\n2026-07-01 09:30 UTC, 4:12 min, grok-voice-latest\n\n\
             you: Wann fährt die Fähre?\n\
             agent: On Sundays [interrupted; not heard: at ten past eight]\n\
             agent: All of it\n  was heard. [interrupted]\n\
             you (typed): Thanks\n\
             tool: timetable\n\
             [The line was lost for 3 s.]\n"
        );
    }

    #[test]
    fn a_file_name_has_no_character_that_a_system_refuses() {
        let name = file_name(&call(1_782_898_200_000));
        assert_eq!(name, "Sidetone 2026-07-01 09.30.txt");
    }

    #[test]
    fn a_moment_outside_the_calendar_still_has_a_name() {
        assert_eq!(file_name(&call(-1)), "Sidetone 1969-12-31 23.59.txt");
        assert_eq!(file_name(&call(i64::MAX)), "Sidetone 1970-01-01 00.00.txt");
    }
}

//! A call as a text that people read, for taking it elsewhere.

use std::fmt::Write as _;

use crate::{CallRow, Role, StoredItem};

/// The whole call as plain text, UTF-8, one line per item; further lines of an item are indented. The
/// times are UTC.
pub fn plain_text(call: &CallRow, items: &[StoredItem]) -> String {
    let mut text = format!("Call with {}\n{} UTC", one_line(&call.with_name), moment(call.started_at, ':'));
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
    format!("Sidetone {}.txt", moment(call.started_at, '.'))
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

/// `2026-07-01 09:30`, with `colon` between hour and minute.
fn moment(unix_ms: i64, colon: char) -> String {
    let minutes = unix_ms.div_euclid(60_000);
    let (year, month, day) = date(minutes.div_euclid(1_440));
    let minute = minutes.rem_euclid(1_440);
    format!("{year:04}-{month:02}-{day:02} {:02}{colon}{:02}", minute / 60, minute % 60)
}

/// The proleptic Gregorian date of a day counted from 1970-01-01. Years begin in March here, so that
/// the leap day is a year's last and every 400 years are alike.
fn date(day: i64) -> (i64, i64, i64) {
    const YEARS_400: i64 = 146_097;
    // Days from 0000-03-01 to 1970-01-01.
    let since = day + 719_468;
    let (era, in_era) = (since.div_euclid(YEARS_400), since.rem_euclid(YEARS_400));
    let year_of_era = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / (YEARS_400 - 1)) / 365;
    let in_year = in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * in_year + 2) / 153;
    let day = in_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
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
            estimate_usd: None,
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
    fn days_become_dates() {
        for (day, wanted) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (11_016, (2000, 2, 29)),
            (11_017, (2000, 3, 1)),
            (20_454, (2026, 1, 1)),
            (47_540, (2100, 2, 28)),
            (47_541, (2100, 3, 1)),
        ] {
            assert_eq!(date(day), wanted, "{day}");
        }
    }
}

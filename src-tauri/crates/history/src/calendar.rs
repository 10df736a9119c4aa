//! Days and months as the person's calendar has them.

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, ZonedDateTime};

/// From a moment, up to but without another; Unix time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: i64,
    pub to: i64,
}

impl Span {
    pub fn contains(&self, at: i64) -> bool {
        (self.from..self.to).contains(&at)
    }
}

/// The zone that days are counted in.
#[derive(Clone, Debug)]
pub struct Calendar(TimeZone);

impl Calendar {
    /// The zone of this computer, as it is set now.
    pub fn local() -> Self {
        Self(TimeZone::system())
    }

    /// A zone by its rule, such as `CET-1CEST,M3.5.0,M10.5.0/3` (POSIX `TZ`); `None` where it is none.
    pub fn posix(rule: &str) -> Option<Self> {
        TimeZone::posix(rule).ok().map(Self)
    }

    /// The day of the moment, midnight to midnight; 23 or 25 hours long where the clocks change.
    pub fn day(&self, at: i64) -> Span {
        self.span(at, |now| {
            let from = now.start_of_day()?;
            Ok((from, now.tomorrow()?.start_of_day()?))
        })
    }

    /// The month of the moment, from its first midnight to the next month's.
    pub fn month(&self, at: i64) -> Span {
        self.span(at, |now| {
            let from = now.first_of_month()?.start_of_day()?;
            Ok((from.clone(), from.checked_add(1.month())?.start_of_day()?))
        })
    }

    /// The moment in words, by a format such as `%Y-%m-%d`. One that no calendar has is the first of 1970.
    pub(crate) fn moment(&self, at: i64, format: &str) -> String {
        let at = Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH);
        // The formats are ours and ask for a date and a time of day.
        strtime::format(format, &ZonedDateTime::new(at, self.0.clone())).unwrap_or_default()
    }

    /// A moment that no calendar has is a span of its own.
    fn span(
        &self,
        at: i64,
        ends: impl Fn(ZonedDateTime) -> Result<(ZonedDateTime, ZonedDateTime), jiff::Error>,
    ) -> Span {
        let moment = Timestamp::from_millisecond(at);
        let ends = moment.and_then(|at| ends(ZonedDateTime::new(at, self.0.clone())));
        match ends {
            Ok((from, to)) => {
                Span { from: from.timestamp().as_millisecond(), to: to.timestamp().as_millisecond() }
            }
            Err(_) => Span { from: at, to: at.saturating_add(1) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn ms(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn days_and_months_begin_and_end_at_the_zones_own_midnights() {
        let central = "CET-1CEST,M3.5.0,M10.5.0/3";
        for (rule, at, day, month) in [
            ("UTC0", "2026-11-24T19:30:00Z", ("2026-11-24T00:00:00Z", 24), ("2026-11-01T00:00:00Z", 30 * 24)),
            (
                central,
                "2026-11-24T23:30:00Z",
                ("2026-11-24T23:00:00Z", 24),
                ("2026-10-31T23:00:00Z", 30 * 24),
            ),
            // The clocks go forward on the 29th of March, and back on the 25th of October.
            (
                central,
                "2026-03-29T12:00:00Z",
                ("2026-03-28T23:00:00Z", 23),
                ("2026-02-28T23:00:00Z", 31 * 24 - 1),
            ),
            (
                central,
                "2026-10-25T12:00:00Z",
                ("2026-10-24T22:00:00Z", 25),
                ("2026-09-30T22:00:00Z", 31 * 24 + 1),
            ),
            (
                "<+0545>-5:45",
                "2026-01-01T00:00:00Z",
                ("2025-12-31T18:15:00Z", 24),
                ("2025-12-31T18:15:00Z", 744),
            ),
        ] {
            let calendar = Calendar::posix(rule).unwrap();
            let span = |(from, hours): (&str, i64)| Span { from: ms(from), to: ms(from) + hours * HOUR };
            assert_eq!(calendar.day(ms(at)), span(day), "{rule} {at}");
            assert_eq!(calendar.month(ms(at)), span(month), "{rule} {at}");
            assert!(calendar.day(ms(at)).contains(ms(at)));
        }
    }

    #[test]
    fn a_moment_that_no_calendar_has_is_still_a_span() {
        for at in [i64::MIN, i64::MAX - 1, i64::MAX] {
            let day = Calendar::local().day(at);
            assert_eq!(day.from, at);
        }
        assert!(Calendar::posix("not a zone").is_none());
    }
}

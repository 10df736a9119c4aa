//! What was spent today and this month, by this computer's calendar.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use history::{Calendar, History, Span};

use crate::past;
use crate::view::Spending;

/// Unix time in milliseconds, by the clock on the wall: good for dates, not for durations.
pub type WallClock = fn() -> i64;

/// The clock of this computer.
pub fn unix_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// The sums, kept by the history.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    /// Without it nothing can be added up.
    history: Option<Arc<History>>,
    now: WallClock,
    /// Asked every time, since a person may travel.
    calendar: fn() -> Calendar,
}

/// A day and what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Day {
    pub(crate) span: Span,
    /// Absent where it cannot be read.
    pub(crate) spending: Option<Spending>,
}

impl Ledger {
    pub(crate) fn new(history: Option<Arc<History>>, now: WallClock, calendar: fn() -> Calendar) -> Self {
        Self { history, now, calendar }
    }

    /// Whether the span is the day that it is now.
    pub(crate) fn is_today(&self, day: Span) -> bool {
        (self.calendar)().day((self.now)()) == day
    }

    /// Waits for the disk.
    pub(crate) fn read(&self) -> Day {
        let now = (self.now)();
        let calendar = (self.calendar)();
        let span = calendar.day(now);
        let sums = |history: &Arc<History>| {
            Ok(Spending { today: history.spent(span)?, month: history.spent(calendar.month(now))? })
        };
        let spending = self.history.as_ref().and_then(|history| {
            sums(history)
                .inspect_err(|error: &history::HistoryError| {
                    tracing::error!(%error, "what was spent could not be added up");
                })
                .ok()
        });
        Day { span, spending }
    }

    /// The same, off the runtime's threads.
    pub(crate) async fn today(&self) -> Day {
        let ledger = self.clone();
        let now = (self.now)();
        let unknown = Day { span: (self.calendar)().day(now), spending: None };
        past::aside(move || ledger.read()).await.unwrap_or(unknown)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    const HOUR: i64 = 3_600_000;
    /// 2026-11-30, 23:00 in Greenwich.
    const LATE: i64 = 1_796_079_600_000;

    static NOW: AtomicI64 = AtomicI64::new(LATE);

    fn now() -> i64 {
        NOW.load(Ordering::Relaxed)
    }

    fn greenwich() -> Calendar {
        Calendar::posix("UTC0").unwrap()
    }

    #[tokio::test]
    async fn the_day_and_the_month_are_the_calendars_and_begin_anew() {
        let history = Arc::new(History::in_memory().unwrap());
        for (hours, amount) in [(-30, 0.5), (-1, 0.25), (2, 4.0)] {
            history.spend("one", LATE + hours * HOUR, amount).unwrap();
        }
        let ledger = Ledger::new(Some(history), now, greenwich);
        let before = ledger.today().await;
        assert_eq!(before.spending, Some(Spending { today: 0.25, month: 0.75 }));
        assert!(ledger.is_today(before.span));
        NOW.store(LATE + 2 * HOUR, Ordering::Relaxed);
        assert!(!ledger.is_today(before.span));
        assert_eq!(ledger.today().await.spending, Some(Spending { today: 4.0, month: 4.0 }));
        // The clock is set back: the day before is that day again.
        NOW.store(LATE, Ordering::Relaxed);
        assert_eq!(ledger.today().await, before);
    }

    #[tokio::test]
    async fn without_a_history_nothing_is_known() {
        let ledger = Ledger::new(None, unix_ms, Calendar::local);
        let day = ledger.today().await;
        assert_eq!(day.spending, None);
        assert!(day.span.from < day.span.to);
    }
}

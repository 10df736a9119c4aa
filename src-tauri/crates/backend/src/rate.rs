//! How often each caller may ask, and all of them together.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(60);

/// A sliding minute for each caller and one for all. It is this process's own: of several behind a load
/// balancer, each lets so many through.
#[derive(Debug)]
pub(crate) struct Rate {
    per_caller: usize,
    for_all: usize,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    callers: HashMap<String, VecDeque<Instant>>,
    all: VecDeque<Instant>,
}

/// Which limit is reached, and how long until it is not.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Exceeded {
    Caller(Duration),
    All(Duration),
}

impl Rate {
    pub(crate) fn new(per_caller: u32, for_all: u32) -> Self {
        let count = |count| usize::try_from(count).unwrap_or(usize::MAX);
        Self { per_caller: count(per_caller), for_all: count(for_all), seen: Mutex::default() }
    }

    /// Counts a request at `now`, or says how long the caller has to wait. A request that is turned
    /// away does not count.
    pub(crate) fn admit(&self, caller: &str, now: Instant) -> Result<(), Exceeded> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Seen { callers, all } = &mut *seen;
        if !callers.contains_key(caller) {
            // Callers come and go with their file; those who are gone leave nothing behind.
            callers.retain(|_, times| wait(times, usize::MAX, now).is_none() && !times.is_empty());
        }
        let times = callers.entry(caller.to_owned()).or_default();
        if let Some(wait) = wait(times, self.per_caller, now) {
            return Err(Exceeded::Caller(wait));
        }
        if let Some(wait) = wait(all, self.for_all, now) {
            return Err(Exceeded::All(wait));
        }
        times.push_back(now);
        all.push_back(now);
        Ok(())
    }
}

/// Forgets what is older than the window; then, how long until there is room again.
fn wait(times: &mut VecDeque<Instant>, limit: usize, now: Instant) -> Option<Duration> {
    while times.front().is_some_and(|&first| now.duration_since(first) >= WINDOW) {
        times.pop_front();
    }
    let first = times.front()?;
    (times.len() >= limit).then(|| WINDOW - now.duration_since(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_caller_may_ask_so_often_in_any_minute_and_no_other_pays_for_it() {
        let rate = Rate::new(2, 100);
        let start = Instant::now();
        for (caller, at, answer) in [
            ("anna", 0, Ok(())),
            ("anna", 20, Ok(())),
            ("anna", 20, Err(Exceeded::Caller(seconds(40)))),
            ("ben", 20, Ok(())),
            ("anna", 59, Err(Exceeded::Caller(seconds(1)))),
            ("anna", 60, Ok(())),
            ("anna", 61, Err(Exceeded::Caller(seconds(19)))),
            ("anna", 80, Ok(())),
            ("ben", 500, Ok(())),
        ] {
            assert_eq!(rate.admit(caller, start + seconds(at)), answer, "{caller} at {at} s");
        }
    }

    #[test]
    fn all_together_may_ask_so_often_and_who_is_turned_away_does_not_count() {
        let rate = Rate::new(2, 3);
        let start = Instant::now();
        for (caller, at, answer) in [
            ("anna", 0, Ok(())),
            ("anna", 10, Ok(())),
            ("anna", 11, Err(Exceeded::Caller(seconds(49)))),
            ("ben", 20, Ok(())),
            ("ben", 20, Err(Exceeded::All(seconds(40)))),
            ("cleo", 59, Err(Exceeded::All(seconds(1)))),
            ("cleo", 60, Ok(())),
            ("ben", 60, Err(Exceeded::All(seconds(10)))),
        ] {
            assert_eq!(rate.admit(caller, start + seconds(at)), answer, "{caller} at {at} s");
        }
    }

    #[test]
    fn callers_of_a_minute_ago_are_forgotten() {
        let rate = Rate::new(1, 1000);
        let start = Instant::now();
        for index in 0..100 {
            rate.admit(&format!("caller-{index}"), start + seconds(index * 60)).unwrap();
        }
        assert_eq!(rate.seen.lock().unwrap().callers.len(), 1);
        assert_eq!(rate.seen.lock().unwrap().all.len(), 1);
    }
}

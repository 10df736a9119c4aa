//! How often each caller may ask.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(60);

/// A sliding minute for each caller. There are no more callers than the list of them has names.
#[derive(Debug)]
pub(crate) struct Rate {
    per_minute: usize,
    seen: Mutex<HashMap<String, VecDeque<Instant>>>,
}

impl Rate {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self {
            per_minute: usize::try_from(per_minute).unwrap_or(usize::MAX),
            seen: Mutex::new(HashMap::new()),
        }
    }

    /// Counts a request at `now`, or says how long the caller has to wait. A request that is turned
    /// away does not count.
    pub(crate) fn admit(&self, caller: &str, now: Instant) -> Result<(), Duration> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let times = match seen.get_mut(caller) {
            Some(times) => times,
            None => seen.entry(caller.to_owned()).or_default(),
        };
        while times.front().is_some_and(|&first| now.duration_since(first) >= WINDOW) {
            times.pop_front();
        }
        match times.front() {
            Some(&first) if times.len() >= self.per_minute => Err(WINDOW - now.duration_since(first)),
            _ => {
                times.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_may_ask_so_often_in_any_minute_and_no_other_pays_for_it() {
        let rate = Rate::new(2);
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for (caller, seconds, answer) in [
            ("anna", 0, Ok(())),
            ("anna", 20, Ok(())),
            ("anna", 20, Err(Duration::from_secs(40))),
            ("ben", 20, Ok(())),
            ("anna", 59, Err(Duration::from_secs(1))),
            ("anna", 60, Ok(())),
            ("anna", 61, Err(Duration::from_secs(19))),
            ("anna", 80, Ok(())),
            ("ben", 500, Ok(())),
        ] {
            assert_eq!(rate.admit(caller, at(seconds)), answer, "{caller} at {seconds} s");
        }
    }
}

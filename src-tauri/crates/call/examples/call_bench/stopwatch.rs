//! What is timed, and how it is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

/// When something began, by its number, and how long it took until it was seen at the other end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopwatch(Arc<Mutex<Times>>);

#[derive(Debug, Default)]
struct Times {
    began: HashMap<u16, Instant>,
    took: Vec<Duration>,
}

impl Stopwatch {
    pub(crate) fn begin(&self, number: u16, at: Instant) {
        self.times().began.insert(number, at);
    }

    /// What was never begun, or was seen before, does not count.
    pub(crate) fn end(&self, number: u16) {
        let now = Instant::now();
        let mut times = self.times();
        if let Some(began) = times.began.remove(&number) {
            times.took.push(now - began);
        }
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn print(&self, name: &str, at_most_ms: f64) -> Result<()> {
        print(name, self.times().took.clone(), json!(at_most_ms))
    }
}

/// One row per share, and of how many.
pub(crate) fn print(name: &str, mut times: Vec<Duration>, at_most_ms: Value) -> Result<()> {
    ensure!(!times.is_empty(), "nothing was seen of: {name}");
    times.sort_unstable();
    for (share, word, bar) in [(0.5, "p50", json!(null)), (0.99, "p99", at_most_ms)] {
        let place = ((times.len() as f64 * share) as usize).min(times.len() - 1);
        let name = format!("{name}, {word} of {}", times.len());
        let ms = times[place].as_secs_f64() * 1_000.0;
        println!("{}", json!({ "name": name, "value": ms, "unit": "ms", "bar": bar }));
    }
    Ok(())
}

/// What is timed of a call, each by both ends on one clock.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watches {
    pub(crate) frames: Stopwatch,
    pub(crate) deltas: Stopwatch,
    pub(crate) flushes: Stopwatch,
}

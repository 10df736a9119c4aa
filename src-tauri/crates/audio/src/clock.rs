//! When the samples of a device's stream meet the air, and how fast two devices drift apart.

use std::collections::VecDeque;

use crate::RATE_HZ;

/// Time in which the clock follows a step by two thirds, in notes of the device's callback: about a
/// second. Callbacks come late by some milliseconds and never early, and PulseAudio's latencies are
/// interpolated; one note alone is not believed.
const INERTIA: f64 = 100.0;
/// A stream has stood still, or lost a piece, when so many notes in a row are off by more than so
/// many seconds.
const STRANGE: u32 = 5;
const FAR_OFF: f64 = 0.03;

/// Which instant belongs to which sample of one stream, learnt from the notes of its callbacks.
///
/// Instants are seconds since a common beginning; positions are samples at 48 kHz since the stream
/// began.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Clock {
    /// When the sample at position 0 met the air, and how many notes say so.
    origin: Option<(f64, f64)>,
    /// Notes in a row that were far off.
    strange: u32,
}

impl Clock {
    /// The sample at `position` met the air at `instant`, as far as the device knows.
    pub(crate) fn note(&mut self, position: f64, instant: f64) {
        let said = instant - position / f64::from(RATE_HZ);
        if !said.is_finite() {
            return;
        }
        let far_off = self.origin.is_some_and(|(origin, _)| (said - origin).abs() > FAR_OFF);
        self.strange = if far_off { self.strange + 1 } else { 0 };
        self.origin = Some(match self.origin {
            None => (said, 1.0),
            Some(_) if self.strange >= STRANGE => (said, 1.0),
            Some((origin, notes)) => {
                let notes = (notes + 1.0).min(INERTIA);
                (origin + (said - origin) / notes, notes)
            }
        });
    }

    /// When the sample at `position` meets the air.
    pub(crate) fn instant(&self, position: f64) -> Option<f64> {
        self.origin.map(|(origin, _)| origin + position / f64::from(RATE_HZ))
    }

    /// Which sample meets the air at `instant`.
    pub(crate) fn position(&self, instant: f64) -> Option<f64> {
        self.origin.map(|(origin, _)| (instant - origin) * f64::from(RATE_HZ))
    }
}

/// Steps of 10 ms in one window of [`Drift`]: 10 s, so that the mean of it is good to about 0.1 ms.
const WINDOW: usize = 1_000;
/// Windows kept: a minute.
const WINDOWS: usize = 6;
/// Fewer say nothing.
const FEWEST: usize = 3;
/// A slope below this is noise; sound cards differ by up to ±100 ppm.
const LEAST: f64 = 20e-6;
/// No two sound cards that work differ by more.
const MOST: f64 = 500e-6;

/// How much faster one stream runs than the other, learnt from how far they are apart.
#[derive(Debug, Default)]
pub(crate) struct Drift {
    ratio: f64,
    sum: f64,
    count: usize,
    means: VecDeque<f64>,
}

impl Drift {
    /// How much faster the loudspeaker runs than the microphone, less one: 0.0001 is 100 ppm.
    pub(crate) fn ratio(&self) -> f64 {
        self.ratio
    }

    /// By how many samples the pairing was off in one step of 10 ms, already corrected for
    /// [`Drift::ratio`]. True when the ratio has been changed.
    pub(crate) fn note(&mut self, error: f64) -> bool {
        self.sum += error;
        self.count += 1;
        if self.count < WINDOW {
            return false;
        }
        self.means.push_back(self.sum / self.count as f64);
        (self.sum, self.count) = (0.0, 0);
        if self.means.len() > WINDOWS {
            self.means.pop_front();
        }
        if self.means.len() < FEWEST {
            return false;
        }
        let slope = slope(&self.means) / (WINDOW * crate::STEP) as f64;
        if slope.abs() < LEAST {
            return false;
        }
        self.ratio = (self.ratio + slope).clamp(-MOST, MOST);
        self.means.clear();
        true
    }

    /// The pairing was made anew: what was measured across it says nothing.
    pub(crate) fn start_over(&mut self) {
        (self.sum, self.count) = (0.0, 0);
        self.means.clear();
    }
}

/// Least squares: by how much the values grow from one to the next.
fn slope(values: &VecDeque<f64>) -> f64 {
    let middle = (values.len() as f64 - 1.0) / 2.0;
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let (mut above, mut below) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        let from_middle = at as f64 - middle;
        above += from_middle * (value - mean);
        below += from_middle * from_middle;
    }
    if below > 0.0 { above / below } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same every time, evenly spread over ±1.
    fn noise() -> impl FnMut() -> f64 {
        let mut random = 1_u32;
        move || {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            f64::from(random) / f64::from(u32::MAX) * 2.0 - 1.0
        }
    }

    #[test]
    fn a_clock_sees_through_jitter() {
        let mut clock = Clock::default();
        assert_eq!(clock.instant(0.0), None);
        let mut noise = noise();
        for at in 0..1_000 {
            clock.note(f64::from(at) * 480.0, 7.0 + f64::from(at) * 0.01 + noise() * 0.005);
        }
        let instant = clock.instant(480_000.0).unwrap();
        assert!((instant - 17.0).abs() < 0.001, "{instant} s");
        assert!((clock.position(17.0).unwrap() - 480_000.0).abs() < 48.0);
        for at in 1_000..1_000 + STRANGE {
            clock.note(f64::from(at) * 480.0, 7.2 + f64::from(at) * 0.01);
        }
        let instant = clock.instant(480_000.0).unwrap();
        assert!((instant - 17.2).abs() < 0.001, "{instant} s after it has stood still for 200 ms");
        clock.note(f64::NAN, 1.0);
        assert!(clock.instant(0.0).unwrap().is_finite());
    }

    /// Two sound cards 100 ppm apart whose callbacks jitter by ±5 ms, and what the drift makes of it.
    fn learn(ppm: f64, minutes: usize) -> f64 {
        let (mut drift, mut noise, mut apart) = (Drift::default(), noise(), 0.0);
        for _ in 0..minutes * 6_000 {
            apart += 480.0 * (ppm * 1e-6 - drift.ratio());
            drift.note(apart + noise() * 240.0);
        }
        drift.ratio() * 1e6
    }

    #[test]
    fn drift_is_learnt_and_no_drift_is_left_alone() {
        for ppm in [100.0, -100.0, 40.0] {
            let learnt = learn(ppm, 5);
            assert!((learnt - ppm).abs() < 20.0, "{learnt} ppm in place of {ppm}");
        }
        assert_eq!(learn(0.0, 10), 0.0);
    }

    #[test]
    fn a_jump_is_not_taken_for_drift() {
        let mut drift = Drift::default();
        assert!((0..WINDOW * 2).all(|_| !drift.note(0.0)));
        drift.start_over();
        assert!((0..WINDOW * 2).all(|_| !drift.note(2_000.0)));
        assert_eq!(drift.ratio(), 0.0);
    }
}

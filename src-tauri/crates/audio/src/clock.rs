//! When the samples of a device's stream meet the air, and how fast two devices drift apart.

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

/// Steps of 10 ms over which it is smoothed how far two streams are apart: 20 s. What sound systems say
/// of their latency wanders by as much as 10 ms within such a time.
const SMOOTHING: f64 = 2_000.0;
/// Steps between two changes of the ratio: 1 s.
const EVERY: u32 = 100;
/// Time in which the streams come together again, in samples: one minute. Two clocks that are 100 ppm apart
/// then stay 6 ms apart, which is less than the reference's lead.
const RETURN: f64 = 60.0 * RATE_HZ as f64;
/// The ratio changes by no more than this at a time. The canceller follows the turn of the echo's phase
/// as fast as this, many times over; it does not follow a leap of some hundred ppm, and wandering
/// latencies must not make one.
const SLEW: f64 = 5e-6;
/// No two sound cards that work differ by more.
const MOST: f64 = 300e-6;

/// How much faster one stream runs than the other, by how far they are apart: a loop that closes the
/// distance gently, rather than a measurement that can be wrong.
#[derive(Debug, Default)]
pub(crate) struct Drift {
    ratio: f64,
    /// How far the streams are apart, smoothed, in samples.
    apart: f64,
    steps: u32,
}

impl Drift {
    /// How much faster the loudspeaker is taken to run than the microphone, less one: 0.0001 is 100 ppm.
    pub(crate) fn ratio(&self) -> f64 {
        self.ratio
    }

    /// By how many samples the pairing was off in one step of 10 ms. True when the ratio has changed.
    pub(crate) fn note(&mut self, error: f64) -> bool {
        self.apart += (error - self.apart) / SMOOTHING;
        self.steps += 1;
        if !self.steps.is_multiple_of(EVERY) {
            return false;
        }
        let wanted = (self.apart / RETURN).clamp(-MOST, MOST);
        let change = (wanted - self.ratio).clamp(-SLEW, SLEW);
        self.ratio += change;
        change != 0.0
    }

    /// The pairing was made anew: what was measured across it says nothing.
    pub(crate) fn start_over(&mut self) {
        self.apart = 0.0;
    }
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

    /// Two clocks that are `ppm` apart, seen with a jitter of ±5 ms and a wander of `wander_ms` in a
    /// minute: the ratio of every second.
    fn ratios(ppm: f64, wander_ms: f64, minutes: u32) -> Vec<f64> {
        let (mut drift, mut noise, mut apart) = (Drift::default(), noise(), 0.0);
        let mut seen = Vec::new();
        for step in 0..minutes * 6_000 {
            apart += 480.0 * (ppm * 1e-6 - drift.ratio());
            let wander = wander_ms * 48.0 * (f64::from(step) / 6_000.0 * std::f64::consts::TAU).sin();
            if drift.note(apart + noise() * 240.0 + wander) {
                seen.push(drift.ratio() * 1e6);
            }
        }
        seen
    }

    #[test]
    fn two_clocks_come_together_and_equal_ones_stay() {
        for ppm in [100.0, -100.0, 40.0, 0.0] {
            let last = ratios(ppm, 0.0, 10).pop().unwrap();
            assert!((last - ppm).abs() < 12.0, "{last} ppm in place of {ppm}");
        }
    }

    #[test]
    fn latencies_that_wander_are_not_followed_in_leaps() {
        let seen = ratios(0.0, 10.0, 10);
        let steepest = seen.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f64::max);
        let most = seen.iter().map(|ppm| ppm.abs()).fold(0.0, f64::max);
        assert!(steepest <= SLEW * 1e6 + 1e-6, "{steepest} ppm in a second");
        assert!(most < 100.0, "{most} ppm");
    }

    #[test]
    fn a_jump_is_not_taken_for_drift() {
        let mut drift = Drift::default();
        for _ in 0..EVERY - 1 {
            drift.note(2_000.0);
        }
        drift.start_over();
        for _ in 0..EVERY * 10 {
            drift.note(0.0);
        }
        assert_eq!(drift.ratio(), 0.0);
    }
}

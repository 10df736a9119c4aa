//! Two clocks: how much faster the loudspeaker's is than the microphone's, from the slow turn of the
//! filter's phase.

use super::BLOCK;
use super::fft::{Bins, ZERO};
use super::filter::PARTITIONS;

/// Blocks between two looks: half a second.
const EVERY: usize = 50;
/// The bins that are compared, 150 Hz to 3 kHz: below one turn at any drift that is followed.
const LOW: usize = 3;
const HIGH: usize = 60;
/// Part of what is seen that goes into the pace.
const TRUST: f64 = 0.4;
/// Highest pace that is believed: 400 ppm.
const MOST: f64 = 4e-4;
/// What one look may tell at most, in samples: 42 ppm. One bad look must not spoil a good pace.
const STRIDE: f64 = 0.5;
/// A turn of this many samples in one look is not drift but a path that moved.
const LEAP: f64 = 2.0;

pub(super) struct Drift {
    before: Vec<Bins>,
    blocks: usize,
    pace: f64,
}

impl Drift {
    pub(super) fn new() -> Self {
        Self { before: vec![[ZERO; BLOCK + 1]; PARTITIONS], blocks: 0, pace: 0.0 }
    }

    /// Starts the comparison anew; the pace stays.
    pub(super) fn restart(&mut self) {
        self.blocks = 0;
        for bins in &mut self.before {
            bins.fill(ZERO);
        }
    }

    /// Looks at the path after each block. Gives a new pace of the reference in samples per sample.
    pub(super) fn look(&mut self, weights: &[Bins]) -> Option<f64> {
        self.blocks += 1;
        if !self.blocks.is_multiple_of(EVERY) {
            return None;
        }
        let (mut lean, mut spread) = (0.0f64, 0.0f64);
        for bin in LOW..HIGH {
            let turn = weights
                .iter()
                .zip(&self.before)
                .fold(ZERO, |sum, (now, before)| sum + now[bin] * before[bin].conj());
            let weight = f64::from(turn.norm());
            lean -= weight * f64::from(turn.arg()) * bin as f64;
            spread += weight * (bin * bin) as f64;
        }
        for (before, now) in self.before.iter_mut().zip(weights) {
            before.copy_from_slice(now);
        }
        let samples = lean / (spread + 1e-30) * (2 * BLOCK) as f64 / std::f64::consts::TAU;
        if samples.abs() > LEAP {
            return None;
        }
        let samples = samples.clamp(-STRIDE, STRIDE);
        self.pace = (self.pace - TRUST * samples / (EVERY * BLOCK) as f64).clamp(-MOST, MOST);
        Some(self.pace)
    }
}

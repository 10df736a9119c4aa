//! The reference: what the loudspeaker was given, read at the echo's delay and at the microphone's
//! clock.

use super::fft::{Bins, Fourier, ZERO};
use super::filter::PARTITIONS;
use super::{BINS, BLOCK};

/// Samples kept: 2.7 s.
const KEPT: usize = 65_536;
/// Points of the interpolation on each side.
const REACH: usize = 16;
/// Steps of the interpolation's table within one sample.
const PHASES: usize = 128;

pub(super) struct Reference {
    kept: Vec<f32>,
    /// Samples taken in, ever.
    newest: usize,
    /// How far behind the newest sample the filter reads, in samples.
    delay: f64,
    /// Samples of the reference, less one, that pass while the microphone takes one.
    pace: f64,
    table: Vec<[f32; 2 * REACH]>,
    /// Spectra of the blocks read, the newest at `at`.
    spectra: Vec<Bins>,
    at: usize,
    block: [f32; 2 * BLOCK],
}

impl Reference {
    pub(super) fn new() -> Self {
        let table = (0..=PHASES)
            .map(|phase| {
                std::array::from_fn(|tap| {
                    let away = tap as f32 - (REACH as f32 - 1.0) - phase as f32 / PHASES as f32;
                    if away.abs() < 1e-6 {
                        return 1.0;
                    }
                    let turn = std::f32::consts::PI * away;
                    let window = 0.5 + 0.5 * (turn / REACH as f32).cos();
                    if away.abs() < REACH as f32 { turn.sin() / turn * window } else { 0.0 }
                })
            })
            .collect();
        Self {
            kept: vec![0.0; KEPT],
            newest: 0,
            delay: 0.0,
            pace: 0.0,
            table,
            spectra: vec![[ZERO; BINS]; PARTITIONS],
            at: 0,
            block: [0.0; 2 * BLOCK],
        }
    }

    /// Takes the next block.
    pub(super) fn push(&mut self, far: &[f32; BLOCK]) {
        let at = self.newest % KEPT;
        for (offset, &sample) in far.iter().enumerate() {
            self.kept[(at + offset) % KEPT] = sample;
        }
        self.newest += BLOCK;
    }

    /// The newest samples, without the delay.
    pub(super) fn newest(&self, into: &mut [f32]) {
        let length = into.len();
        for (offset, sample) in into.iter_mut().enumerate() {
            *sample = self.kept[(self.newest + KEPT - length + offset) % KEPT];
        }
    }

    /// Samples by which the filter reads behind the newest.
    pub(super) fn delay(&self) -> f64 {
        self.delay
    }

    /// See [`Reference::set_pace`].
    #[cfg(test)]
    pub(super) fn pace(&self) -> f64 {
        self.pace
    }

    /// Goes on by one block: the spectrum of the two newest blocks at the present delay.
    pub(super) fn advance(&mut self, fourier: &mut Fourier) {
        self.at = (self.at + PARTITIONS - 1) % PARTITIONS;
        self.transform(0, fourier);
        self.delay = (self.delay - self.pace * BLOCK as f64).clamp(0.0, (KEPT / 2) as f64);
    }

    /// Sets the pace in samples per sample (1e-6 is one ppm): positive when the loudspeaker's clock is
    /// the faster one.
    pub(super) fn set_pace(&mut self, pace: f64) {
        self.pace = pace;
    }

    /// Reads at another delay from now on, and what was read before as if it had been so all along.
    pub(super) fn set_delay(&mut self, samples: f64, fourier: &mut Fourier) {
        self.delay = samples.clamp(0.0, (KEPT / 2) as f64);
        for back in 0..PARTITIONS {
            self.transform(back, fourier);
        }
    }

    /// The spectrum of what was read `back` blocks ago and of the block before it.
    pub(super) fn spectrum(&self, back: usize) -> &Bins {
        &self.spectra[(self.at + back) % PARTITIONS]
    }

    fn transform(&mut self, back: usize, fourier: &mut Fourier) {
        let span = ((back + 2) * BLOCK) as f64;
        let start = self.newest as f64 + KEPT as f64 - span * (1.0 + self.pace) - self.delay;
        for at in 0..2 * BLOCK {
            let place = start + at as f64 * (1.0 + self.pace);
            self.block[at] = self.between(place);
        }
        let slot = (self.at + back) % PARTITIONS;
        fourier.forward(&mut self.block, &mut self.spectra[slot]);
    }

    fn between(&self, place: f64) -> f32 {
        let whole = place as usize;
        let part = (place - whole as f64) as f32 * PHASES as f32;
        if part == 0.0 {
            return self.kept[whole % KEPT];
        }
        let phase = part as usize;
        let mix = part - phase as f32;
        let (low, high) = (&self.table[phase], &self.table[(phase + 1).min(PHASES)]);
        // Before the first sample and after the newest there is silence.
        let last = self.newest + KEPT;
        (0..2 * REACH)
            .map(|tap| {
                let from = whole + tap + 1 - REACH;
                let sample = if from < last { self.kept[from % KEPT] } else { 0.0 };
                sample * (low[tap] + mix * (high[tap] - low[tap]))
            })
            .sum()
    }
}

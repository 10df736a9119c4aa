//! The linear stage: a partitioned-block frequency-domain Kalman filter.
//!
//! Each bin of each partition is a random walk with a little forgetting,
//! `W' = A·W + noise of power (1 − A²)·|W|²`, seen through the near end as observation noise. The
//! gain that follows from it is large while the path is unknown and small while somebody speaks at
//! the near end, so that no double-talk detector is needed (Enzner and Vary, "Frequency-domain
//! adaptive Kalman filter for acoustic echo control in hands-free telephones", 2006; partitioned:
//! Kuech, Mabande and Enzner, "State-space architecture of the partitioned-block-based acoustic
//! echo controller", 2014).

use super::fft::{Bins, Fourier, ZERO};
use super::{BINS, BLOCK};

/// Partitions of one [`BLOCK`] each: 320 ms of echo path.
pub(super) const PARTITIONS: usize = 32;
/// What a bin of the path keeps from one block to the next.
const TRANSITION: f32 = 0.9995;
/// Power that is new in it: 1 − [`TRANSITION`]².
const WALK: f32 = 0.001;
/// Part of the optimal gain that is used. Bins and partitions are taken to be independent; a voice is
/// periodic, and they are not.
const CAUTION: f32 = 0.8;
/// Power of the echo path that is believed before anything is known.
const FIRST_POWER: f32 = 1.0;
/// How fast the early belief falls from partition to partition (a room with RT60 of about 0.4 s).
const FIRST_DECAY: f32 = 0.75;
/// Share of the old observation noise that stays from one block to the next.
const NOISE_MEMORY: f32 = 0.6;
/// Power of one bin below which nothing is learned: about -100 dBFS of white noise.
const POWER_FLOOR: f32 = 1e-10 * BLOCK as f32;
/// The least misalignment that is ever believed, relative to the partition's own power.
const LEAST_DOUBT: f32 = 1e-6;

/// What one block of the microphone became.
pub(super) struct Linear<'a> {
    /// Microphone less the echo estimate.
    pub(super) error: &'a [f32; BLOCK],
    /// The echo estimate.
    pub(super) echo: &'a [f32; BLOCK],
    /// Power of the echo that the filter believes it has missed, by bin.
    pub(super) doubt: &'a [f32; BINS],
}

pub(super) struct Filter {
    weights: Vec<Bins>,
    doubt: Vec<[f32; BINS]>,
    noise: [f32; BINS],
    missed: [f32; BINS],
    played: [f32; BINS],
    error: [f32; BLOCK],
    echo: [f32; BLOCK],
    spectrum: Bins,
    gradient: Bins,
    block: [f32; 2 * BLOCK],
}

impl Filter {
    pub(super) fn new() -> Self {
        let mut new = Self {
            weights: vec![[ZERO; BINS]; PARTITIONS],
            doubt: vec![[0.0; BINS]; PARTITIONS],
            noise: [0.0; BINS],
            missed: [0.0; BINS],
            played: [0.0; BINS],
            error: [0.0; BLOCK],
            echo: [0.0; BLOCK],
            spectrum: [ZERO; BINS],
            gradient: [ZERO; BINS],
            block: [0.0; 2 * BLOCK],
        };
        new.reset();
        new
    }

    /// Forgets the path.
    pub(super) fn reset(&mut self) {
        for weights in &mut self.weights {
            weights.fill(ZERO);
        }
        let mut power = FIRST_POWER;
        for doubt in &mut self.doubt {
            doubt.fill(power);
            power *= FIRST_DECAY;
        }
        self.noise.fill(0.0);
    }

    /// Keeps the path but doubts all of it.
    pub(super) fn loosen(&mut self) {
        for (weights, doubt) in self.weights.iter().zip(&mut self.doubt) {
            for (weight, doubt) in weights.iter().zip(doubt) {
                *doubt = doubt.max(weight.norm_sqr());
            }
        }
    }

    /// Moves the path by whole blocks, later for a positive number; what comes in is unknown.
    pub(super) fn shift(&mut self, blocks: isize) {
        let most = PARTITIONS as isize;
        if blocks.abs() >= most {
            return self.reset();
        }
        let by = blocks.rem_euclid(most) as usize;
        self.weights.rotate_right(by);
        self.doubt.rotate_right(by);
        let fresh = if blocks >= 0 { 0..by } else { by..PARTITIONS };
        for at in fresh {
            self.weights[at].fill(ZERO);
            self.doubt[at].fill(0.1 * FIRST_POWER);
        }
    }

    /// `far(i)` is the spectrum of the reference `i` blocks ago, over two blocks; `near` what the
    /// microphone heard.
    pub(super) fn run<'a>(
        &mut self,
        fourier: &mut Fourier,
        far: impl Fn(usize) -> &'a Bins,
        near: &[f32; BLOCK],
    ) {
        self.spectrum.fill(ZERO);
        self.missed.fill(0.0);
        self.played.fill(0.0);
        for (at, (weights, doubt)) in self.weights.iter().zip(&self.doubt).enumerate() {
            let far = far(at);
            for bin in 0..BINS {
                self.spectrum[bin] += far[bin] * weights[bin];
                let power = far[bin].norm_sqr();
                self.missed[bin] += power * doubt[bin];
                self.played[bin] += power;
            }
        }
        fourier.inverse(&mut self.spectrum, &mut self.block);
        self.echo.copy_from_slice(&self.block[BLOCK..]);
        for ((error, &near), &echo) in self.error.iter_mut().zip(near).zip(&self.echo) {
            *error = near - echo;
        }
        self.block[..BLOCK].fill(0.0);
        self.block[BLOCK..].copy_from_slice(&self.error);
        fourier.forward(&mut self.block, &mut self.spectrum);

        // The error has only half a transform of samples in it, hence the halves.
        let mut step = [0.0; BINS];
        for bin in 0..BINS {
            self.missed[bin] *= 0.5;
            let power = self.spectrum[bin].norm_sqr();
            self.noise[bin] = NOISE_MEMORY * self.noise[bin] + (1.0 - NOISE_MEMORY) * power;
        }
        for (bin, step) in step.iter_mut().enumerate() {
            let (below, above) = (self.noise[bin.saturating_sub(1)], self.noise[(bin + 1).min(BINS - 1)]);
            let noise = self.noise[bin].max((below + self.noise[bin] + above) / 3.0);
            *step = 1.0 / (self.missed[bin] + noise + POWER_FLOOR);
        }
        for (at, (weights, doubt)) in self.weights.iter_mut().zip(&mut self.doubt).enumerate() {
            let far = far(at);
            for bin in 0..BINS {
                self.gradient[bin] =
                    far[bin].conj() * self.spectrum[bin] * (CAUTION * doubt[bin] * step[bin]);
            }
            fourier.inverse(&mut self.gradient, &mut self.block);
            self.block[BLOCK..].fill(0.0);
            fourier.forward(&mut self.block, &mut self.gradient);
            for bin in 0..BINS {
                let weight = (weights[bin] + self.gradient[bin]) * TRANSITION;
                weights[bin] = weight;
                let kept = 1.0 - 0.5 * CAUTION * far[bin].norm_sqr() * doubt[bin] * step[bin];
                // While nothing is played nothing is known of the path, and an old belief is the best one.
                let walk = if self.played[bin] > POWER_FLOOR { WALK * weight.norm_sqr() } else { 0.0 };
                doubt[bin] = (TRANSITION * TRANSITION * kept.max(0.0) * doubt[bin] + walk)
                    .max(LEAST_DOUBT * weight.norm_sqr());
            }
        }
    }

    /// What the last block became.
    pub(super) fn linear(&self) -> Linear<'_> {
        Linear { error: &self.error, echo: &self.echo, doubt: &self.missed }
    }

    /// The path, by partition.
    pub(super) fn weights(&self) -> &[Bins] {
        &self.weights
    }
}

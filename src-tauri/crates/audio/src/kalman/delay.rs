//! Where in the reference the echo begins: a coarse delay from the phase of the cross-spectrum
//! (GCC-PHAT: Knapp and Carter, 1976) over the last second and a half.

use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use super::fft::ZERO;
use super::{BLOCK, RATE_HZ};

/// Samples of one transform: 1.365 s.
const LENGTH: usize = 32_768;
/// Samples of the microphone in it. What is left over in front of them is the longest delay.
const HEARD: usize = 18_000;
/// Longest delay that is looked for, in samples: 600 ms.
pub(super) const LONGEST: usize = 14_400;
/// Blocks between two looks: before the first delay is found, and after.
const SOON: usize = 10;
const EVERY: usize = 25;
/// Part of the earlier looks that stays in the next.
const MEMORY: f32 = 0.5;
/// The peak must stand this far above the correlation's RMS.
const CLEAR: f32 = 9.0;
/// Two looks agree when they differ by no more than this, in samples: 1 ms.
const NEAR: usize = 24;
/// Looks in a row that must agree where there was no echo for long, and at most.
const CAREFUL: usize = 5;
const MOST_CAREFUL: usize = 40;
/// Mean power of a reference in which something is played: -65 dBFS.
const AUDIBLE: f32 = 3e-7;
/// The band that is compared: where loudspeakers and voices have something.
const BAND_HZ: [usize; 2] = [200, 5_000];

pub(super) struct Delay {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    scratch: Vec<Complex32>,
    /// The last [`HEARD`] samples of the microphone, as a ring.
    near: Vec<f32>,
    at: usize,
    time: Vec<f32>,
    near_bins: Vec<Complex32>,
    far_bins: Vec<Complex32>,
    phase: Vec<Complex32>,
    blocks: usize,
    last: Option<usize>,
    /// Looks in a row that agreed with the one before, and how many it takes.
    agreed: usize,
    needed: usize,
    known: bool,
}

impl Delay {
    pub(super) fn new() -> Self {
        let mut planner = RealFftPlanner::new();
        let forward = planner.plan_fft_forward(LENGTH);
        let inverse = planner.plan_fft_inverse(LENGTH);
        let scratch = vec![ZERO; forward.get_scratch_len().max(inverse.get_scratch_len())];
        let bins = vec![ZERO; LENGTH / 2 + 1];
        Self {
            forward,
            inverse,
            scratch,
            near: vec![0.0; HEARD],
            at: 0,
            time: vec![0.0; LENGTH],
            near_bins: bins.clone(),
            far_bins: bins.clone(),
            phase: bins,
            blocks: 0,
            last: None,
            agreed: 0,
            needed: 1,
            known: false,
        }
    }

    /// Takes a block of the microphone. `far` fills what it is given with the newest samples of the
    /// reference, in order. Gives the echo's delay behind the reference in samples, when looks in
    /// a row agree on it: two, or more where it was careful.
    pub(super) fn look(&mut self, near: &[f32; BLOCK], far: impl FnOnce(&mut [f32])) -> Option<usize> {
        self.near[self.at..self.at + BLOCK].copy_from_slice(near);
        self.at = (self.at + BLOCK) % HEARD;
        self.blocks += 1;
        let every = if self.known { EVERY } else { SOON };
        if !self.blocks.is_multiple_of(every) {
            return None;
        }
        far(&mut self.time);
        let power =
            self.time[LENGTH - HEARD..].iter().map(|sample| sample * sample).sum::<f32>() / HEARD as f32;
        if power < AUDIBLE {
            self.last = None;
            return None;
        }
        // They fail only on wrong lengths, and these are made for each other.
        let _ = self.forward.process_with_scratch(&mut self.time, &mut self.far_bins, &mut self.scratch);
        self.time[..LENGTH - HEARD].fill(0.0);
        let (newer, older) = self.near.split_at(self.at);
        self.time[LENGTH - HEARD..LENGTH - newer.len()].copy_from_slice(older);
        self.time[LENGTH - newer.len()..].copy_from_slice(newer);
        let _ = self.forward.process_with_scratch(&mut self.time, &mut self.near_bins, &mut self.scratch);
        let [low, high] = BAND_HZ.map(|hz| hz * LENGTH / RATE_HZ);
        for bin in low..high {
            let cross = self.near_bins[bin] * self.far_bins[bin].conj();
            self.phase[bin] = self.phase[bin] * MEMORY + cross / (cross.norm() + 1e-12);
        }
        self.near_bins.fill(ZERO);
        self.near_bins[low..high].copy_from_slice(&self.phase[low..high]);
        let _ = self.inverse.process_with_scratch(&mut self.near_bins, &mut self.time, &mut self.scratch);
        let lags = &self.time[..LONGEST];
        let rms = (lags.iter().map(|value| value * value).sum::<f32>() / LONGEST as f32).sqrt();
        let (lag, peak) = lags
            .iter()
            .enumerate()
            .fold((0, 0.0), |best, (lag, &value)| if value > best.1 { (lag, value) } else { best });
        let found = (peak > CLEAR * rms).then_some(lag);
        let before = std::mem::replace(&mut self.last, found);
        let same = before.zip(found).is_some_and(|(before, lag)| before.abs_diff(lag) <= NEAR);
        self.agreed = if same { self.agreed + 1 } else { 0 };
        let sure = found.filter(|_| self.agreed >= self.needed);
        self.known |= sure.is_some();
        sure
    }

    /// Where nothing was found for long, a find must last: two voices may look alike for a moment.
    pub(super) fn be_careful(&mut self) {
        self.needed = self.needed.max(CAREFUL);
    }

    /// What was found is no echo; the next find must last longer.
    pub(super) fn forget(&mut self) {
        self.known = false;
        self.last = None;
        self.agreed = 0;
        self.needed = (2 * self.needed.max(CAREFUL)).min(MOST_CAREFUL);
        self.phase.fill(ZERO);
    }
}

//! What the linear stage has left is taken out by a gain on each bin: gently while somebody speaks at
//! the near end, thoroughly while nobody does, and filled up with noise as the room has it.

use realfft::num_complex::Complex32;

use super::coherence::Coherence;
use super::fft::{Bins, Fourier, ZERO};
use super::filter::Linear;
use super::floor::Floor;
use super::residual::{BAND_COUNT, BANDS, Residual, VOICED};
use super::{BINS, BLOCK};

/// Memory of the estimate that is directed by the decision before (Ephraim and Malah, 1984).
const DIRECTED: f32 = 0.9;
/// How much more than the residual echo is taken out where the near end is heard, and where not.
const GENTLE: f32 = 1.0;
const THOROUGH: f32 = 10.0;
/// Certainty of the near voice at which it passes whole.
const OPEN: f32 = 0.3;
/// Part of the echo that may be left at any time, whatever was learned: -10 dB. The residual of a sound
/// that comes up in a band where the path is not known yet is greater than what was learned.
const UNLEARNED: f32 = 0.1;
/// The least gain: -50 dB.
const DEEPEST: f32 = 0.003;
/// Echo quieter than this is no share of anything: -70 dBFS, as the sum of the squared bins.
const UNHEARD: f32 = 1e-7 * (BLOCK * BLOCK) as f32;
/// Part of each new block in the share of echo that is told.
const SHARE_NEWS: f32 = 0.05;

pub(super) struct Suppressor {
    window: [f32; 2 * BLOCK],
    errors: [f32; 2 * BLOCK],
    echoes: [f32; 2 * BLOCK],
    overlap: [f32; BLOCK],
    block: [f32; 2 * BLOCK],
    error: Bins,
    echo: Bins,
    voice: [f32; BINS],
    coherence: Coherence,
    residual: Residual,
    floor: Floor,
    random: u32,
    /// Powers of the block that goes out: what is thought to be echo in it, and all.
    left: [f32; 2],
    share: f32,
}

impl Suppressor {
    pub(super) fn new() -> Self {
        Self {
            window: std::array::from_fn(|at| {
                (std::f32::consts::PI * (at as f32 + 0.5) / (2 * BLOCK) as f32).sin()
            }),
            errors: [0.0; 2 * BLOCK],
            echoes: [0.0; 2 * BLOCK],
            overlap: [0.0; BLOCK],
            block: [0.0; 2 * BLOCK],
            error: [ZERO; BINS],
            echo: [ZERO; BINS],
            voice: [0.0; BINS],
            coherence: Coherence::new(),
            residual: Residual::new(),
            floor: Floor::new(),
            random: 1,
            left: [0.0; 2],
            share: 0.0,
        }
    }

    /// Gives the block before the one that comes in. What the linear stage has left is all echo while it
    /// is not `trusted`; the room's noise is learned while the far side is `still`.
    pub(super) fn run(
        &mut self,
        fourier: &mut Fourier,
        linear: Linear<'_>,
        still: bool,
        trusted: bool,
        out: &mut [f32; BLOCK],
    ) {
        for (kept, new) in [(&mut self.errors, linear.error), (&mut self.echoes, linear.echo)] {
            kept.copy_within(BLOCK.., 0);
            kept[BLOCK..].copy_from_slice(new);
        }
        for (kept, bins) in [(&self.errors, &mut self.error), (&self.echoes, &mut self.echo)] {
            for ((sample, &kept), &window) in self.block.iter_mut().zip(kept).zip(&self.window) {
                *sample = kept * window;
            }
            fourier.forward(&mut self.block, bins);
        }
        let errors = self.error.map(|bin| bin.norm_sqr());
        let echoes = self.echo.map(|bin| bin.norm_sqr());
        self.coherence.learn(&self.error, &self.echo);
        let follows = self.coherence.share(VOICED);
        self.residual.learn(&echoes, &errors, linear.doubt, follows, &self.floor);
        if !trusted {
            self.residual.distrust(&errors);
        }
        if still {
            self.floor.learn(&errors, self.residual.power());
        }
        self.left = [0.0, UNHEARD];
        for band in 0..BAND_COUNT {
            self.attenuate(band, &errors);
        }
        let share = (self.left[0] / self.left[1]).clamp(0.0, 1.0);
        self.share += SHARE_NEWS * (share - self.share);
        fourier.inverse(&mut self.error, &mut self.block);
        for (sample, window) in self.block.iter_mut().zip(&self.window) {
            *sample *= window;
        }
        let (first, second) = self.block.split_at(BLOCK);
        for ((out, &kept), &new) in out.iter_mut().zip(&self.overlap).zip(first) {
            *out = kept + new;
        }
        self.overlap.copy_from_slice(second);
    }

    /// How surely somebody speaks at the near end, 0.0 to 1.0.
    pub(super) fn near(&self) -> f32 {
        self.residual.near()
    }

    /// The share of echo in what goes out, by power, over the last tenths of a second.
    pub(super) fn share(&self) -> f32 {
        self.share
    }

    fn attenuate(&mut self, band: usize, errors: &[f32; BINS]) {
        let range = BANDS[band]..BANDS[band + 1];
        let factor = THOROUGH + (GENTLE - THOROUGH) * self.residual.own(band);
        let echo = self.residual.smooth(band) + UNLEARNED * self.residual.echoed(band);
        let audible = echo / (echo + self.floor.power(range.clone()) + 1e-9);
        let most = 1.0 - (1.0 - self.residual.near() / OPEN).max(0.0) * audible;
        for bin in range {
            let echo = factor * self.residual.power()[bin] + 1e-12;
            let now = (errors[bin] / echo - 1.0).max(0.0);
            let voice = DIRECTED * self.voice[bin] / echo + (1.0 - DIRECTED) * now;
            let gain = (voice / (1.0 + voice) * most).max(DEEPEST);
            self.voice[bin] = gain * gain * errors[bin];
            self.left[0] += gain * gain * self.residual.power()[bin];
            let noise = self.floor.power(bin..bin + 1) * (1.0 - gain * gain);
            self.left[1] += gain * gain * errors[bin] + noise.max(0.0);
            self.error[bin] =
                self.error[bin] * gain + Complex32::from_polar(noise.max(0.0).sqrt(), self.turn());
        }
    }

    /// Any angle; a linear congruential generator (Numerical Recipes) is random enough for noise.
    fn turn(&mut self) -> f32 {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.random >> 8) as f32 / (1 << 24) as f32 * std::f32::consts::TAU
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sounds::Noise;

    #[test]
    fn more_echo_than_was_ever_left_is_held_down_while_nobody_speaks() {
        let (mut suppressor, mut fourier, mut noise) = (Suppressor::new(), Fourier::new(), Noise(7));
        let mut block = |gain: f32| -> [f32; BLOCK] { std::array::from_fn(|_| gain * noise.next()) };
        let (mut before, mut after) = (0.0, 0.0);
        for at in 0..520 {
            // The room alone, then an echo of which little is left, and at last a tenth of it.
            let still = at < 200;
            let (echo, room) = (block(if still { 0.0 } else { 0.2 }), block(1e-3));
            let part = if at < 510 { 0.005 } else { 0.1 };
            let error = std::array::from_fn(|sample| part * echo[sample] + room[sample]);
            let linear = Linear { error: &error, echo: &echo, doubt: &[0.0; BINS] };
            let mut out = [0.0; BLOCK];
            suppressor.run(&mut fourier, linear, still, true, &mut out);
            if at >= 511 {
                before += error.iter().map(|sample| sample * sample).sum::<f32>();
                after += out.iter().map(|sample| sample * sample).sum::<f32>();
            }
        }
        let down = 10.0 * (before / after).log10();
        // The room's own noise is 26 dB below.
        assert!(down > 24.0, "{down} dB");
    }
}

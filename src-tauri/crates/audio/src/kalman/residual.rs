//! How much echo the linear stage has left, and whether somebody speaks over it.

use super::BINS;
use super::floor::Floor;

/// First bin of each band (50 Hz a bin), and the end.
pub(super) const BANDS: [usize; 17] = [0, 4, 8, 12, 16, 20, 26, 32, 40, 50, 62, 76, 94, 116, 142, 176, BINS];
pub(super) const BAND_COUNT: usize = BANDS.len() - 1;
/// Bands whose voice decides whether somebody speaks: 400 Hz to 3.8 kHz.
pub(super) const VOICED: std::ops::Range<usize> = 2..11;
/// What stays of the echo's power from one block to the next: RT60 of 0.3 s.
const TAIL: f32 = 0.65;
/// Part of each new block in the smoothed powers.
const NEWS: f32 = 0.3;
/// Steps of the leak per block, in dB: down, up, and up while somebody speaks.
const DOWN_DB: f32 = 0.3;
const UP_DB: f32 = 0.25;
const UP_NEAR_DB: f32 = 0.005;
/// The leak's bounds in dB. Above 0: the estimate of a filter that has lost its way is too small.
const LEAK_DB: std::ops::RangeInclusive<f32> = -40.0..=15.0;
/// Echo power of a band (a sum of squared bins) below which nothing is learned.
const SILENT: f32 = 1e-7;
/// Blocks with echo, 1.5 s, in which the filter's own doubt counts without a bound.
const YOUNG: usize = 150;
/// Mean power of a block of echo that counts: -60 dBFS.
const AUDIBLE: f32 = 1e-6;
/// Weight of the filter's doubt, and what of it is dropped while somebody speaks: then the doubt is
/// too high.
const DOUBT: f32 = 2.0;
const DOUBT_NEAR: f32 = 0.9;
/// The doubt of a filter that is no longer young, at most, as a multiple of the learned leak.
const DOUBT_BOUND: f32 = 3.0;
/// What is in the error must be this many dB above the residual echo for a near voice to be there; the
/// better the filter is, the more.
const VOICE_DB: f32 = 6.0;
const VOICE_DB_PER_DB: f32 = 0.15;
/// As many dB more where all of the error follows the echo, less what is chance.
const FOLLOWS_DB: f32 = 20.0;
const CHANCE: f32 = 0.15;
/// From no voice to surely one.
const VOICE_SPAN_DB: f32 = 4.0;
/// How fast the voice comes and goes, per block.
const COME: f32 = 0.2;
const GO: f32 = 0.03;

/// One band's share of the echo estimate that is still in the error. A low quantile in dB, so that a
/// near voice raises it slowly.
#[derive(Clone, Copy, Default)]
struct Leak {
    leak_db: f32,
    echo: f32,
    error: f32,
    doubt: f32,
    residual: f32,
}

pub(super) struct Residual {
    tail: [f32; BINS],
    leaks: [Leak; BAND_COUNT],
    heard: usize,
    power: [f32; BINS],
    near: f32,
    own: [f32; BAND_COUNT],
}

impl Residual {
    pub(super) fn new() -> Self {
        Self {
            tail: [0.0; BINS],
            leaks: [Leak::default(); BAND_COUNT],
            heard: 0,
            power: [0.0; BINS],
            near: 0.0,
            own: [0.0; BAND_COUNT],
        }
    }

    /// Takes the powers of one block by bin: echo estimate, error, and the filter's doubt; and the share
    /// of the error in the [`VOICED`] bands that follows the echo.
    pub(super) fn learn(
        &mut self,
        echo: &[f32; BINS],
        error: &[f32; BINS],
        doubt: &[f32; BINS],
        follows: f32,
        floor: &Floor,
    ) {
        for (tail, &echo) in self.tail.iter_mut().zip(echo) {
            *tail = echo.max(TAIL * *tail);
        }
        // A bin's power is about that of a block times its samples, over half as many bins.
        if echo.iter().sum::<f32>() > AUDIBLE * (super::BLOCK * BINS) as f32 {
            self.heard = self.heard.saturating_add(1);
        }
        let (mut over, mut weights) = (0.0, 1e-9);
        let (mut enhancement, mut loudness) = (0.0, 1e-9);
        for (band, leak) in self.leaks.iter_mut().enumerate() {
            let range = BANDS[band]..BANDS[band + 1];
            let tail: f32 = self.tail[range.clone()].iter().sum();
            let noise = floor.power(range.clone());
            let learned = leak.learn(tail, error[range.clone()].iter().sum(), noise, self.near);
            let (mut doubts, mut residual) = (0.0, 0.0);
            for bin in range {
                let leaked = learned * self.tail[bin];
                let mut doubted = DOUBT * (1.0 - DOUBT_NEAR * self.near) * doubt[bin];
                if self.heard >= YOUNG {
                    doubted = doubted.min(DOUBT_BOUND * leaked);
                }
                self.power[bin] = leaked.max(doubted);
                residual += self.power[bin];
                doubts += (doubt[bin] - leaked).max(0.0);
            }
            leak.doubt += NEWS * (doubts - leak.doubt);
            leak.residual += if residual > leak.residual { 1.0 } else { NEWS } * (residual - leak.residual);
            let echo = learned * leak.echo;
            self.own[band] = decibels(leak.error / (echo + leak.doubt + noise + 1e-12));
            if VOICED.contains(&band) {
                let weight = echo.sqrt().sqrt() + leak.error.sqrt().sqrt();
                over += weight * decibels(leak.error / (echo + leak.doubt + 2.0 * noise + 1e-12));
                weights += weight;
                enhancement -= leak.echo.sqrt() * leak.leak_db;
                loudness += leak.echo.sqrt();
            }
        }
        let needed = VOICE_DB
            + VOICE_DB_PER_DB * (enhancement / loudness).max(0.0)
            + FOLLOWS_DB * (follows - CHANCE).max(0.0);
        let near = ((over / weights - needed) / VOICE_SPAN_DB).clamp(0.0, 1.0);
        self.near += if near > self.near { COME } else { GO } * (near - self.near);
    }

    /// Takes all of the error for echo.
    pub(super) fn distrust(&mut self, error: &[f32; BINS]) {
        self.near = 0.0;
        self.power = *error;
        for (band, leak) in self.leaks.iter_mut().enumerate() {
            leak.residual = error[BANDS[band]..BANDS[band + 1]].iter().sum();
        }
    }

    /// Power of the echo that is left, by bin.
    pub(super) fn power(&self) -> &[f32; BINS] {
        &self.power
    }

    /// Power of the echo in a band before anything was taken out of it.
    pub(super) fn echoed(&self, band: usize) -> f32 {
        self.tail[BANDS[band]..BANDS[band + 1]].iter().sum()
    }

    /// The residual echo of a band, and how quickly it goes.
    pub(super) fn smooth(&self, band: usize) -> f32 {
        self.leaks[band].residual
    }

    /// How surely somebody speaks at the near end, 0.0 to 1.0.
    pub(super) fn near(&self) -> f32 {
        self.near
    }

    /// How surely it is the near end that is heard in this band, 0.0 to 1.0: from 1 dB to 7 dB above
    /// the residual echo and the noise.
    pub(super) fn own(&self, band: usize) -> f32 {
        self.near * ((self.own[band] - 1.0) / 6.0).clamp(0.0, 1.0)
    }
}

impl Leak {
    /// Gives the leak as a ratio of powers.
    fn learn(&mut self, echo: f32, error: f32, noise: f32, near: f32) -> f32 {
        self.echo += NEWS * (echo - self.echo);
        self.error += NEWS * (error - self.error);
        if self.echo > 4.0 * noise + SILENT {
            let now = 10.0 * ((self.error - noise).max(1e-12) / self.echo).log10();
            let step = if now < self.leak_db { -DOWN_DB } else { UP_DB * (1.0 - near) + UP_NEAR_DB };
            self.leak_db = (self.leak_db + step).clamp(*LEAK_DB.start(), *LEAK_DB.end());
        }
        10.0f32.powf(0.1 * self.leak_db)
    }
}

fn decibels(ratio: f32) -> f32 {
    10.0 * ratio.clamp(0.03, 300.0).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remainder_that_follows_the_echo_is_nobody() {
        let near = |follows: f32| {
            let (mut residual, floor) = (Residual::new(), Floor::new());
            for at in 0..320 {
                // For the last ten blocks 17 dB more than was ever left.
                let error = if at < 310 { 1.0 } else { 50.0 };
                residual.learn(&[1_000.0; BINS], &[error; BINS], &[0.0; BINS], follows, &floor);
            }
            residual.near()
        };
        assert!(near(0.05) > 0.5, "{}", near(0.05));
        assert!(near(0.8) < 0.05, "{}", near(0.8));
    }
}

//! The room's own noise: the least of the smoothed power over the last seconds, by bin (minimum
//! statistics: Martin, 2001; with a fixed bias).

use super::BINS;

/// Windows whose minima are kept, and blocks of each: 1.6 s in all.
const WINDOWS: usize = 8;
const BLOCKS: usize = 20;
const MEMORY: f32 = 0.85;
/// The minimum of a smoothed power is half its mean or so; all of that made the noise that is filled in
/// louder than the room.
const BIAS: f32 = 1.2;
/// A bin whose power is not this much above the residual echo's (12 dB) tells nothing of the noise.
const CLEAN: f32 = 16.0;

#[derive(Clone, Copy)]
struct Bin {
    smooth: f32,
    /// The newest window first.
    least: [f32; WINDOWS],
    blocks: usize,
    power: f32,
}

pub(super) struct Floor {
    bins: [Bin; BINS],
}

impl Floor {
    pub(super) fn new() -> Self {
        let bin = Bin { smooth: 0.0, least: [f32::MAX; WINDOWS], blocks: 0, power: 0.0 };
        Self { bins: [bin; BINS] }
    }

    /// Learns from the bins in which the `residual` echo is small against their `powers`.
    pub(super) fn learn(&mut self, powers: &[f32; BINS], residual: &[f32; BINS]) {
        for ((bin, &power), &echo) in self.bins.iter_mut().zip(powers).zip(residual) {
            if CLEAN * echo <= power {
                bin.learn(power);
            }
        }
    }

    /// Summed over the bins of `range`.
    pub(super) fn power(&self, range: std::ops::Range<usize>) -> f32 {
        self.bins[range].iter().map(|bin| bin.power).sum()
    }
}

impl Bin {
    fn learn(&mut self, power: f32) {
        self.smooth = if self.smooth == 0.0 { power } else { MEMORY * self.smooth + (1.0 - MEMORY) * power };
        if self.blocks == 0 {
            self.least.rotate_right(1);
            self.least[0] = f32::MAX;
        }
        self.blocks = (self.blocks + 1) % BLOCKS;
        self.least[0] = self.least[0].min(self.smooth);
        self.power = BIAS * self.least.iter().fold(f32::MAX, |least, &window| least.min(window));
    }
}

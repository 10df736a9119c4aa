//! Whether somebody speaks at the near end while the filter has only begun to learn: then what it has
//! left is no measure yet, but how little it has taken away is one. Of an echo alone it takes most after
//! a tenth of a second; of a near voice it takes nothing.

use super::BINS;

/// Bins that are looked at, 200 Hz to 8.8 kHz: the loud low ones are learned first, and count most.
const LOOKED_AT: std::ops::Range<usize> = 4..176;
/// Part of each new block in the powers that are compared: a tenth of a second or so, in which loud blocks
/// count more than quiet ones.
const NEWS: f32 = 0.15;
/// The least power rises by this much with each block, and a voice must stand so far above it.
const RISE: f32 = 1.01;
const ABOVE: f32 = 8.0;
/// Power of the quietest room that is thought of, about -85 dBFS.
const QUIETEST: f32 = 1e-5;
/// Share of the microphone's power that is left where nobody speaks, and where somebody surely does.
const LEFT: [f32; 2] = [0.4, 0.6];

pub(super) struct Opening {
    heard: f32,
    left: f32,
    doubt: f32,
    least: f32,
}

impl Opening {
    pub(super) fn new() -> Self {
        Self { heard: 0.0, left: 0.0, doubt: 0.0, least: f32::MAX }
    }

    /// Takes the powers of one block by bin: the microphone's, the error's, and what the filter believes to
    /// have missed.
    pub(super) fn learn(&mut self, heard: &[f32; BINS], error: &[f32; BINS], doubt: &[f32; BINS]) {
        let sum = |powers: &[f32; BINS]| powers[LOOKED_AT].iter().sum::<f32>();
        let heard = sum(heard);
        if self.least == f32::MAX {
            self.heard = heard;
        }
        self.heard += NEWS * (heard - self.heard);
        // A filter that makes it worse must not look like a voice for long.
        self.left += NEWS * (sum(error).min(2.0 * heard) - self.left);
        self.doubt += NEWS * (sum(doubt) - self.doubt);
        self.least = (RISE * self.least).min(self.heard).max(QUIETEST);
    }

    /// Something stands clearly above the room's own noise.
    pub(super) fn is_loud(&self) -> bool {
        self.heard > ABOVE * self.least
    }

    /// The share of the microphone's power that the filter leaves.
    pub(super) fn whole(&self) -> f32 {
        self.left / (self.heard + QUIETEST)
    }

    /// How surely somebody speaks, 0.0 to 1.0: most of what is heard is left, and more than the filter
    /// may have missed.
    pub(super) fn near(&self) -> f32 {
        if !self.is_loud() || self.left < self.doubt {
            return 0.0;
        }
        ((self.whole() - LEFT[0]) / (LEFT[1] - LEFT[0])).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After a quiet second, one in which something of power 1 is heard in every bin.
    fn near(left: f32, doubt: f32) -> f32 {
        let mut opening = Opening::new();
        for at in 0..200 {
            let heard = if at < 100 { 1e-3 } else { 1.0 };
            opening.learn(&[heard; BINS], &[heard * left; BINS], &[heard * doubt; BINS]);
        }
        opening.near()
    }

    #[test]
    fn what_the_filter_takes_nothing_from_is_a_voice() {
        assert_eq!(near(1.0, 0.1), 1.0);
        assert_eq!(near(0.1, 0.01), 0.0);
    }

    #[test]
    fn a_filter_that_knows_nothing_yet_says_nothing() {
        assert_eq!(near(1.0, 4.0), 0.0);
    }

    #[test]
    fn the_room_s_own_noise_is_nobody() {
        let mut opening = Opening::new();
        for _ in 0..200 {
            opening.learn(&[0.01; BINS], &[0.01; BINS], &[0.0; BINS]);
        }
        assert!(!opening.is_loud() && opening.near() == 0.0);
    }
}

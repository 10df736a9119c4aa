//! How much of what the linear stage has left follows its echo estimate. A loudspeaker that bends leaves
//! such a remainder, and so does a path that is not yet known in some band; a near voice does not.

use realfft::num_complex::Complex32;

use super::fft::{Bins, ZERO};
use super::residual::{BAND_COUNT, BANDS};

/// Part of each new block in what is compared: about six blocks are.
const NEWS: f32 = 0.3;

#[derive(Clone, Copy)]
struct Band {
    cross: Complex32,
    error: f32,
    echo: f32,
}

pub(super) struct Coherence {
    bands: [Band; BAND_COUNT],
}

impl Coherence {
    pub(super) fn new() -> Self {
        Self { bands: [Band { cross: ZERO, error: 0.0, echo: 0.0 }; BAND_COUNT] }
    }

    /// Takes one block's error and echo estimate.
    pub(super) fn learn(&mut self, error: &Bins, echo: &Bins) {
        for (band, range) in self.bands.iter_mut().zip(BANDS.windows(2)) {
            let (mut cross, mut power, mut echoed) = (ZERO, 0.0, 0.0);
            for (error, echo) in error[range[0]..range[1]].iter().zip(&echo[range[0]..range[1]]) {
                cross += error * echo.conj();
                power += error.norm_sqr();
                echoed += echo.norm_sqr();
            }
            band.cross += (cross - band.cross) * NEWS;
            band.error += (power - band.error) * NEWS;
            band.echo += (echoed - band.echo) * NEWS;
        }
    }

    /// The share of the error's power in these bands that follows the echo: 0.0 to 1.0, and about 0.05
    /// of two sounds that have nothing to do with each other.
    pub(super) fn share(&self, bands: std::ops::Range<usize>) -> f32 {
        let (mut follows, mut all) = (0.0, 1e-12);
        for band in &self.bands[bands] {
            follows += band.cross.norm_sqr() / (band.echo + 1e-12);
            all += band.error;
        }
        (follows / all).clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::BINS;
    use super::*;
    use crate::sounds::Noise;

    fn spectrum(noise: &mut Noise) -> Bins {
        std::array::from_fn(|_| Complex32::new(noise.next(), noise.next()))
    }

    #[test]
    fn what_is_made_of_the_echo_follows_it_and_another_sound_does_not() {
        let mut noise = Noise(5);
        let (mut bent, mut other, mut both) = (Coherence::new(), Coherence::new(), Coherence::new());
        for _ in 0..40 {
            let (echo, voice) = (spectrum(&mut noise), spectrum(&mut noise));
            // Another phase and level in every bin.
            bent.learn(&echo.map(|bin| bin * Complex32::new(-0.1, 0.2)), &echo);
            other.learn(&voice, &echo);
            both.learn(&std::array::from_fn(|bin| voice[bin] + echo[bin]), &echo);
        }
        assert!(bent.share(0..BAND_COUNT) > 0.99, "{}", bent.share(0..BAND_COUNT));
        assert!(other.share(0..BAND_COUNT) < 0.1, "{}", other.share(0..BAND_COUNT));
        assert!((both.share(0..BAND_COUNT) - 0.5).abs() < 0.15, "{}", both.share(0..BAND_COUNT));
        assert!(Coherence::new().share(0..BAND_COUNT) == 0.0 && BANDS[BAND_COUNT] == BINS);
    }
}

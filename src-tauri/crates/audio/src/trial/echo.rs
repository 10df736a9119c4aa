//! Finding a known sound in a recording: how late, how loud, and how much of it a canceller takes off.

use super::ear::{Ear, level};
use crate::port::{SILENCE_DBFS, WIRE_RATE_HZ};

/// Samples averaged into one before the search: 8 kHz are enough to find speech by.
const COARSE: usize = 3;
const COARSE_PER_MS: usize = WIRE_RATE_HZ as usize / COARSE / 1_000;
/// The most an echo may be late, in ms.
const MOST_LATE_MS: usize = 1_000;
/// The part of the sound that is searched for, in ms.
const PATTERN_MS: usize = 1_500;
/// The likeness (normalised cross-correlation) below which nothing was found, and how far it must stand
/// above that of the other places.
const LEAST_LIKENESS: f32 = 0.08;
const ABOVE_OTHERS: f32 = 6.0;

/// A recording of the room, first alone, then with a sound in it.
#[derive(Debug)]
pub(super) struct Echo {
    ear: Ear,
    /// The room alone, in ms.
    quiet_ms: u64,
    /// When the sound was handed over, in ms of the recording.
    handed_over_ms: u64,
}

#[derive(Debug, PartialEq)]
pub(super) struct Found {
    pub(super) loop_ms: f32,
    pub(super) echo_db: f32,
    /// Samples of the recording before the sound is in it.
    at: usize,
    length: usize,
}

impl Echo {
    pub(super) fn new(ear: Ear, quiet_ms: u64, handed_over_ms: u64) -> Self {
        Self { ear, quiet_ms, handed_over_ms }
    }

    fn samples_in(ms: u64) -> usize {
        (ms * u64::from(WIRE_RATE_HZ) / 1_000) as usize
    }

    pub(super) fn noise_dbfs(&self) -> f32 {
        let samples = self.ear.samples();
        level(&samples[..Self::samples_in(self.quiet_ms).min(samples.len())])
    }

    /// Looks for `sound` (24 kHz mono) after it was handed over.
    pub(super) fn find(&self, sound: &[i16]) -> Option<Found> {
        let heard = self.ear.samples();
        let from = Self::samples_in(self.handed_over_ms).min(heard.len());
        let (pattern, into) = loudest(&sharp(sound), PATTERN_MS * COARSE_PER_MS)?;
        let place = sharp(&heard[from..]);
        let likeness = likeness(&pattern, place.get(into..)?, MOST_LATE_MS * COARSE_PER_MS);
        let (late, &best) = likeness.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
        let others = (likeness.iter().map(|value| value * value).sum::<f32>() / likeness.len() as f32).sqrt();
        if best.abs() < LEAST_LIKENESS || best.abs() < ABOVE_OTHERS * others {
            return None;
        }
        let at = from + late * COARSE;
        let length = sound.len().min(heard.len().saturating_sub(at));
        let power = |dbfs: f32| 10_f32.powf(dbfs / 10.0);
        let there = power(level(&heard[at..at + length]));
        // What is like the sound is echo at least; what the quiet room had is not.
        let echo = (there - power(self.noise_dbfs())).max(there * best * best);
        let loop_ms = late as f32 / COARSE_PER_MS as f32;
        Some(Found { loop_ms, echo_db: 10.0 * echo.log10() - level(sound), at, length })
    }
}

impl Found {
    /// By how many dB the second half of the sound is quieter in `rest` than the echo was in `raw`: by
    /// then a canceller has settled. All that is left counts, the room's noise too.
    pub(super) fn reduction_db(&self, raw: &Echo, rest: &Echo) -> f32 {
        let half = |echo: &Echo, at: usize| {
            let samples = echo.ear.samples();
            let end = (at + self.length).min(samples.len());
            level(&samples[(at + self.length / 2).min(end)..end])
        };
        let late = self.at - Echo::samples_in(raw.handed_over_ms).min(self.at);
        let at = Echo::samples_in(rest.handed_over_ms) + late;
        (half(raw, self.at) - half(rest, at)).clamp(0.0, -SILENCE_DBFS)
    }
}

/// At 8 kHz, its slope instead of itself: the low tones that fill a room would blur the place.
fn sharp(samples: &[i16]) -> Vec<f32> {
    let coarse: Vec<f32> =
        samples.chunks_exact(COARSE).map(|few| few.iter().map(|&sample| f32::from(sample)).sum()).collect();
    coarse.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// The loudest part of that length, and where it begins.
fn loudest(samples: &[f32], length: usize) -> Option<(Vec<f32>, usize)> {
    let length = length.min(samples.len());
    if length == 0 {
        return None;
    }
    let power = |at: usize| samples[at..at + length].iter().map(|sample| sample * sample).sum::<f32>();
    let at = (0..=samples.len() - length)
        .step_by(COARSE_PER_MS * 50)
        .max_by(|&a, &b| power(a).total_cmp(&power(b)))?;
    Some((samples[at..at + length].to_vec(), at))
}

/// The normalised cross-correlation (-1 to 1) of `pattern` with each of the first `most` places.
fn likeness(pattern: &[f32], place: &[f32], most: usize) -> Vec<f32> {
    let energy = |samples: &[f32]| samples.iter().map(|sample| sample * sample).sum::<f32>();
    let own = energy(pattern);
    place
        .windows(pattern.len())
        .take(most)
        .map(|window| {
            let product: f32 = window.iter().zip(pattern).map(|(a, b)| a * b).sum();
            let both = (own * energy(window)).sqrt();
            if both > 0.0 { product / both } else { 0.0 }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{FRAME_SAMPLES, Frame};
    use std::time::Instant;

    /// Noise of this amplitude with the rhythm of syllables.
    fn speech(ms: usize, amplitude: f32, seed: u32) -> Vec<i16> {
        let mut random = seed;
        (0..ms * 24)
            .map(|at| {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let noise = random as f32 / u32::MAX as f32 * 2.0 - 1.0;
                let syllable = (at as f32 / 24_000.0 * std::f32::consts::TAU * 3.0).sin().abs();
                (noise * syllable * amplitude) as i16
            })
            .collect()
    }

    /// 400 ms of room, then the sound `late_ms` after it was handed over.
    fn recorded(sound: &[i16], gain: f32, late_ms: usize, noise: f32) -> Echo {
        let mut samples = speech(400 + late_ms + sound.len() / 24 + 400, noise, 7);
        for (at, &sample) in sound.iter().enumerate() {
            samples[(400 + late_ms) * 24 + at] += (f32::from(sample) * gain) as i16;
        }
        let mut ear = Ear::default();
        for piece in samples.chunks_exact(FRAME_SAMPLES) {
            let samples = std::array::from_fn(|at| piece[at]);
            ear.hear(&Frame { samples, captured_at: Instant::now() });
        }
        Echo::new(ear, 400, 400)
    }

    #[test]
    fn an_echo_is_found_where_and_as_loud_as_it_is() {
        let sound = speech(3_000, 10_000.0, 1);
        for (late_ms, gain_db, noise) in [(20, -6.0, 10.0), (180, -20.0, 60.0), (700, 0.0, 10.0)] {
            let echo = recorded(&sound, 10_f32.powf(gain_db / 20.0), late_ms, noise);
            let found = echo.find(&sound).expect("it is there");
            assert!((found.loop_ms - late_ms as f32).abs() < 0.5, "{found:?}");
            assert!((found.echo_db - gain_db).abs() < 1.0, "{found:?}");
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let sound = speech(3_000, 10_000.0, 1);
        assert_eq!(recorded(&sound, 0.0, 100, 3_000.0).find(&sound), None);
        assert_eq!(recorded(&sound, 0.0, 100, 0.0).find(&sound), None);
        assert_eq!(recorded(&sound, 0.5, 100, 10.0).find(&[]), None);
    }

    #[test]
    fn the_reduction_is_what_was_taken_off() {
        let sound = speech(3_000, 10_000.0, 1);
        let raw = recorded(&sound, 0.5, 100, 1.0);
        let rest = recorded(&sound, 0.005, 100, 1.0);
        let found = raw.find(&sound).unwrap();
        assert!((found.reduction_db(&raw, &rest) - 40.0).abs() < 1.0, "{}", found.reduction_db(&raw, &rest));
        assert!(found.reduction_db(&raw, &raw).abs() < 0.01);
    }
}

//! Recognising a sound in a recording.

use std::f64::consts::PI;

/// The rate at which sounds are compared; speech keeps its shape in it.
const COMPARE_HZ: u32 = 8_000;

/// Where a sound was found again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// Normalised correlation at the best lag, 1.0 = the same sound at any level, with its sign.
    pub correlation: f32,
    /// Seconds after the beginning of the recording at which the sound begins; negative when its
    /// beginning is cut off.
    pub lag_s: f32,
}

/// Looks for `sound` in `recording`, both mono at `rate_hz`, at the one lag where they agree best.
pub fn correlate(sound: &[f32], recording: &[f32], rate_hz: u32) -> Match {
    let sound = resample(sound, rate_hz, COMPARE_HZ);
    let recording = resample(recording, rate_hz, COMPARE_HZ);
    let mut best = Match { correlation: 0.0, lag_s: 0.0 };
    if sound.is_empty() || recording.is_empty() {
        return best;
    }
    let size = (sound.len() + recording.len()).next_power_of_two();
    let spectrum = spectrum(&recording, size);
    let mut energy_until = vec![0.0; recording.len() + 1];
    for (at, &sample) in recording.iter().enumerate() {
        energy_until[at + 1] = energy_until[at] + f64::from(sample).powi(2);
    }
    // A window of near silence must not look like a perfect match of rounding errors.
    let floor = energy_until[recording.len()] * 1e-3;

    // The true lag lies between two samples; half a sample off would cost a tenth of the agreement.
    for shift in [0.0, 0.25, 0.5, 0.75] {
        let sound: Vec<f32> =
            (0..sound.len()).map(|at| interpolate(&sound, at as f64 - shift, 1.0)).collect();
        let sound_energy: f64 = sound.iter().map(|&sample| f64::from(sample).powi(2)).sum();
        let products = circular_correlation(&sound, &spectrum);
        for lag in (1 - sound.len() as i64)..recording.len() as i64 {
            let within = |at: i64| at.clamp(0, recording.len() as i64) as usize;
            let window = energy_until[within(lag + sound.len() as i64)] - energy_until[within(lag)];
            let product = products[lag.rem_euclid(size as i64) as usize];
            let scale = (sound_energy * window.max(floor)).sqrt().max(f64::MIN_POSITIVE);
            let correlation = (product / scale) as f32;
            if correlation.abs() > best.correlation.abs() {
                best = Match { correlation, lag_s: ((lag as f64 + shift) / f64::from(COMPARE_HZ)) as f32 };
            }
        }
    }
    best
}

/// RMS level in dB below full scale, never below -96.
pub fn rms_dbfs(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return -96.0;
    }
    let power = samples.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>() / samples.len() as f64;
    (10.0 * power.max(1e-12).log10()).max(-96.0) as f32
}

/// Band-limited change of rate (windowed sinc); the length changes with the ratio, nothing is delayed.
pub fn resample(samples: &[f32], from_hz: u32, to_hz: u32) -> Vec<f32> {
    if from_hz == to_hz || from_hz == 0 {
        return samples.to_vec();
    }
    let step = f64::from(from_hz) / f64::from(to_hz);
    let length = samples.len() as u64 * u64::from(to_hz) / u64::from(from_hz);
    (0..length).map(|at| interpolate(samples, at as f64 * step, (1.0 / step).min(1.0))).collect()
}

/// The value between samples, without what lies above `cutoff` (1.0 = half the sample rate).
fn interpolate(samples: &[f32], position: f64, cutoff: f64) -> f32 {
    const LOBES: f64 = 12.0;
    let reach = LOBES / cutoff;
    let first = (position - reach).ceil().max(0.0) as usize;
    let last = ((position + reach).floor().max(0.0) as usize + 1).min(samples.len());
    let tap = |at: usize| {
        let distance = at as f64 - position;
        let window = (PI * distance / (2.0 * reach)).cos().powi(2);
        f64::from(samples[at]) * window * cutoff * sinc(distance * cutoff)
    };
    (first..last).map(tap).sum::<f64>() as f32
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 { 1.0 } else { (PI * x).sin() / (PI * x) }
}

fn spectrum(samples: &[f32], size: usize) -> Vec<(f64, f64)> {
    let mut bins = vec![(0.0, 0.0); size];
    for (bin, &sample) in bins.iter_mut().zip(samples) {
        bin.0 = f64::from(sample);
    }
    transform(&mut bins);
    bins
}

/// `result[lag mod size]` = the sum of `sound[i] * recording[i + lag]`.
fn circular_correlation(sound: &[f32], recording: &[(f64, f64)]) -> Vec<f64> {
    let size = recording.len();
    let mut bins = spectrum(sound, size);
    for (bin, recording) in bins.iter_mut().zip(recording) {
        let real = recording.0 * bin.0 + recording.1 * bin.1;
        let imaginary = recording.1 * bin.0 - recording.0 * bin.1;
        // Conjugated, so that one more forward transform is the inverse one.
        *bin = (real, -imaginary);
    }
    transform(&mut bins);
    bins.into_iter().map(|bin| bin.0 / size as f64).collect()
}

/// In-place radix-2 Fourier transform of (real, imaginary) pairs; the length is a power of two.
fn transform(bins: &mut [(f64, f64)]) {
    let size = bins.len();
    if size < 2 {
        return;
    }
    let bits = size.trailing_zeros();
    for at in 0..size {
        let mirrored = at.reverse_bits() >> (usize::BITS - bits);
        if at < mirrored {
            bins.swap(at, mirrored);
        }
    }
    let turns: Vec<(f64, f64)> = (0..size / 2)
        .map(|at| -2.0 * PI * at as f64 / size as f64)
        .map(|angle| (angle.cos(), angle.sin()))
        .collect();
    let mut width = 2;
    while width <= size {
        let stride = size / width;
        for block in bins.chunks_exact_mut(width) {
            let (low, high) = block.split_at_mut(width / 2);
            for (at, (a, b)) in low.iter_mut().zip(high).enumerate() {
                let turn = turns[at * stride];
                let turned = (b.0 * turn.0 - b.1 * turn.1, b.0 * turn.1 + b.1 * turn.0);
                (*a, *b) = ((a.0 + turned.0, a.1 + turned.1), (a.0 - turned.0, a.1 - turned.1));
            }
        }
        width *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize, mut seed: u64) -> Vec<f32> {
        let mut next = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
        };
        (0..length).map(|_| next() * 0.5).collect()
    }

    #[test]
    fn a_sound_is_found_at_its_place_whatever_its_level() {
        let sound = resample(&noise(8_000, 1), 8_000, 48_000);
        let mut recording = vec![0.0; 96_000];
        recording.extend(sound.iter().map(|x| x * -0.1));
        recording.extend(vec![0.0; 24_000]);
        let found = correlate(&sound, &recording, 48_000);
        assert!(found.correlation < -0.99, "{found:?}");
        assert!((found.lag_s - 2.0).abs() < 0.001, "{found:?}");
    }

    #[test]
    fn another_sound_is_not_found() {
        let found = correlate(&noise(16_000, 1), &noise(64_000, 2), 8_000);
        assert!(found.correlation.abs() < 0.1, "{found:?}");
    }

    #[test]
    fn a_cut_beginning_gives_a_negative_lag() {
        let sound = noise(8_000, 3);
        let found = correlate(&sound, &sound[800..], 8_000);
        assert!(found.correlation > 0.9, "{found:?}");
        assert!((found.lag_s + 0.1).abs() < 0.001, "{found:?}");
    }

    #[test]
    fn silence_matches_nothing() {
        let found = correlate(&noise(8_000, 1), &vec![0.0; 16_000], 8_000);
        assert!(found.correlation.abs() < 1e-6, "{found:?}");
        assert_eq!(rms_dbfs(&[0.0; 10]), -96.0);
    }

    #[test]
    fn resampling_keeps_a_tone_and_its_length() {
        let tone = |hz: f64| -> Vec<f32> {
            (0..48_000).map(|at| (2.0 * PI * hz * f64::from(at) / 48_000.0).sin() as f32).collect()
        };
        let lower = resample(&tone(440.0), 48_000, 24_000);
        assert_eq!(lower.len(), 24_000);
        assert!((rms_dbfs(&lower[1_000..23_000]) + 3.01).abs() < 0.05);
        let above = tone(18_000.0);
        assert!(rms_dbfs(&resample(&above, 48_000, 24_000)[1_000..23_000]) < -60.0);
    }
}

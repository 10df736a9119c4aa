//! Resampling of a whole sound, any stretch of it at a time.

use std::f32::consts::PI;
use std::ops::Range;

/// Zero crossings of the sinc on each side.
const CROSSINGS: f32 = 16.0;

/// How many samples `count` samples at `from` Hz become at `to` Hz.
pub(crate) fn length(count: usize, from: u32, to: u32) -> usize {
    let scaled = count as u64 * u64::from(to) / u64::from(from.max(1));
    usize::try_from(scaled).unwrap_or(usize::MAX)
}

/// The samples `range`, counted at `to` Hz, of `source`, which has `from` Hz. A windowed sinc;
/// beyond both ends of the source there is silence.
pub(crate) fn resample(source: &[i16], from: u32, to: u32, range: Range<usize>) -> Vec<i16> {
    if from == to {
        let end = range.end.min(source.len());
        return source.get(range.start..end).unwrap_or_default().to_vec();
    }
    let step = f64::from(from) / f64::from(to.max(1));
    // Below the lower of the two Nyquist frequencies.
    let cutoff = (1.0 / step).min(1.0) as f32;
    let reach = CROSSINGS / cutoff;
    range
        .map(|index| {
            let position = index as f64 * step;
            let first = (position - f64::from(reach)).ceil().max(0.0) as usize;
            let last = (position + f64::from(reach)).floor().max(0.0) as usize;
            let taps = source.get(first..=last.min(source.len().saturating_sub(1))).unwrap_or_default();
            let sum: f32 = (first..)
                .zip(taps)
                .map(|(at, sample)| f32::from(*sample) * tap((at as f64 - position) as f32, cutoff, reach))
                .sum();
            sum.round().clamp(f32::from(i16::MIN), f32::from(i16::MAX)) as i16
        })
        .collect()
}

fn tap(distance: f32, cutoff: f32, reach: f32) -> f32 {
    let x = PI * distance * cutoff;
    let sinc = if x.abs() < 1e-6 { 1.0 } else { x.sin() / x };
    let hann = 0.5 + 0.5 * (PI * distance / reach).cos();
    sinc * hann * cutoff
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(rate: u32, hz: f32, count: usize) -> Vec<i16> {
        (0..count).map(|n| (10_000.0 * (2.0 * PI * hz * n as f32 / rate as f32).sin()) as i16).collect()
    }

    #[test]
    fn the_same_rate_gives_the_same_samples() {
        let sound = tone(24_000, 440.0, 100);
        assert_eq!(resample(&sound, 24_000, 24_000, 10..20), &sound[10..20]);
        assert_eq!(resample(&sound, 24_000, 24_000, 90..200), &sound[90..]);
        assert!(resample(&sound, 24_000, 24_000, 200..300).is_empty());
    }

    #[test]
    fn a_tone_stays_the_same_tone_at_every_pair_of_rates() {
        for from in [8000, 16_000, 22_050, 48_000] {
            for to in [8000, 24_000, 44_100] {
                let source = tone(from, 500.0, from as usize / 2);
                let whole = resample(&source, from, to, 0..length(source.len(), from, to));
                let wanted = tone(to, 500.0, whole.len());
                let edge = to as usize / 50;
                for n in edge..whole.len() - edge {
                    let off = (i32::from(whole[n]) - i32::from(wanted[n])).abs();
                    assert!(off < 200, "{from} to {to}: sample {n} is off by {off}");
                }
            }
        }
    }

    #[test]
    fn pieces_join_without_a_seam() {
        let source = tone(16_000, 300.0, 4000);
        let whole = resample(&source, 16_000, 24_000, 0..6000);
        let pieces: Vec<i16> = [0..1000, 1000..1001, 1001..6000]
            .into_iter()
            .flat_map(|r| resample(&source, 16_000, 24_000, r))
            .collect();
        assert_eq!(whole, pieces);
    }

    #[test]
    fn nothing_becomes_nothing() {
        assert_eq!(length(0, 8000, 48_000), 0);
        assert!(resample(&[], 8000, 48_000, 0..0).is_empty());
        assert_eq!(resample(&[], 8000, 48_000, 0..3), [0, 0, 0]);
    }
}

//! Recordings through exactly what a call does to the microphone's sound, without any device.
//!
//! For benches, and for people who hear echo and have a recording of it.

use std::time::{Duration, Instant};

use thiserror::Error;

pub use crate::canceller::EchoMethod;
use crate::canceller::Step;
use crate::error::DeviceError;
use crate::port::{EchoFigures, Processing};
use crate::processor::Processor;
use crate::resampler::Resampler;
use crate::{RATE_HZ, STEP};

/// Rates that are taken, in Hz.
pub const RATES_HZ: std::ops::RangeInclusive<u32> = 8_000..=192_000;
/// How far the loudspeaker's sound is ahead, in steps: as a device's buffer has it.
const AHEAD: usize = 4;
/// A second in which either side is quieter than this mean square says nothing of the echo: -60 dBFS.
const AUDIBLE: f32 = 1e-6;

/// A mono recording, full scale = 1.0.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a> {
    pub samples: &'a [f32],
    pub rate_hz: u32,
}

/// What has become of a microphone's recording.
#[derive(Clone, Debug)]
pub struct Cancelled {
    /// As many samples as the microphone's recording has, at its rate. Resampling moves nothing; the
    /// canceller itself adds up to 15 ms of delay.
    pub samples: Vec<f32>,
    /// Echo return loss enhancement in dB of every whole second: by how much quieter the microphone's
    /// sound became, noise suppression and gain included. Nothing where either side was quieter than
    /// -60 dBFS.
    pub erle_db: Vec<Option<f32>>,
    /// What the canceller said of itself at the end.
    pub figures: EchoFigures,
    /// Time the processing took, resampling included.
    pub took: Duration,
    /// Length of the recording.
    pub length: Duration,
}

/// Why a recording cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OfflineError {
    #[error("the {0} recording is empty")]
    Empty(&'static str),
    #[error("the {0} recording has {1} Hz; 8000 to 192000 can be used")]
    Rate(&'static str, u32),
    #[error("sample {1} of the {0} recording is not a number")]
    Broken(&'static str, usize),
    #[error("a resampler could not be made: {0}")]
    Resampler(#[from] DeviceError),
}

/// Takes the sound of `far` out of `mic`. Both begin at the same instant; `far` is what the loudspeaker
/// was given, and silent where it is shorter. A call's `method` is the default one.
///
/// # Errors
/// [`OfflineError`] where one of the recordings cannot be used.
pub fn cancel(
    far: Recording<'_>,
    mic: Recording<'_>,
    processing: Processing,
    method: EchoMethod,
) -> Result<Cancelled, OfflineError> {
    check("far", far)?;
    check("microphone", mic)?;
    let mut tap = Feed::new(far)?;
    let mut up = Feed::new(mic)?;
    let mut down = Resampler::fixed_input(RATE_HZ, mic.rate_hz, STEP)?;
    let mut processor = Processor::with(processing, method)?;
    let late = down.delay() + up.resampler.delay() * mic.rate_hz as usize / RATE_HZ as usize;
    let mut samples = Vec::with_capacity(mic.samples.len() + late + STEP);
    let mut second = Second::default();
    let (mut erle_db, mut figures) = (Vec::new(), EchoFigures::default());

    let began = Instant::now();
    for _ in 0..AHEAD {
        processor.heard(&tap.next());
    }
    let mut step = 0;
    while samples.len() < mic.samples.len() + late {
        let at = began + Duration::from_millis(10) * step;
        let position = (step as usize * STEP) as f64;
        processor.speaker_called(position + tap.resampler.delay() as f64, at, Duration::ZERO);
        processor.microphone_called(position + up.resampler.delay() as f64, at, Duration::ZERO);
        let reference = tap.next();
        processor.heard(&reference);
        let heard = up.next();
        let mut left = heard;
        figures = processor.capture(&mut left);
        erle_db.extend(second.note(&reference, &heard, &left));
        samples.extend_from_slice(down.process(&left));
        step += 1;
    }
    let took = began.elapsed();
    samples.drain(..late);
    samples.truncate(mic.samples.len());
    let length = Duration::from_secs_f64(mic.samples.len() as f64 / f64::from(mic.rate_hz));
    erle_db.truncate(length.as_secs() as usize);
    Ok(Cancelled { samples, erle_db, figures, took, length })
}

fn check(which: &'static str, recording: Recording<'_>) -> Result<(), OfflineError> {
    if recording.samples.is_empty() {
        return Err(OfflineError::Empty(which));
    }
    if !RATES_HZ.contains(&recording.rate_hz) {
        return Err(OfflineError::Rate(which, recording.rate_hz));
    }
    match recording.samples.iter().position(|sample| !sample.is_finite()) {
        Some(at) => Err(OfflineError::Broken(which, at)),
        None => Ok(()),
    }
}

/// A recording in steps of 10 ms at 48 kHz, and silence after it.
struct Feed<'a> {
    rest: &'a [f32],
    resampler: Resampler,
    piece: Vec<f32>,
}

impl<'a> Feed<'a> {
    fn new(recording: Recording<'a>) -> Result<Self, DeviceError> {
        let resampler = Resampler::fixed_output(recording.rate_hz, RATE_HZ, STEP)?;
        let piece = Vec::with_capacity(resampler.most_wanted());
        Ok(Self { rest: recording.samples, resampler, piece })
    }

    fn next(&mut self) -> Step {
        let wanted = self.resampler.wanted();
        let (now, rest) = self.rest.split_at(wanted.min(self.rest.len()));
        self.rest = rest;
        self.piece.clear();
        self.piece.extend_from_slice(now);
        self.piece.resize(wanted, 0.0);
        let mut step = [0.0; STEP];
        for (sample, &given) in step.iter_mut().zip(self.resampler.process(&self.piece)) {
            *sample = given;
        }
        step
    }
}

/// The powers of one second.
#[derive(Default)]
struct Second {
    steps: usize,
    reference: f32,
    before: f32,
    after: f32,
}

impl Second {
    /// Gives the echo return loss enhancement of a second that is over.
    fn note(&mut self, reference: &Step, before: &Step, after: &Step) -> Option<Option<f32>> {
        let power = |step: &Step| step.iter().map(|sample| sample * sample).sum::<f32>() / RATE_HZ as f32;
        self.steps += 1;
        self.reference += power(reference);
        self.before += power(before);
        self.after += power(after);
        if self.steps < 100 {
            return None;
        }
        let Self { reference, before, after, .. } = std::mem::take(self);
        let audible = reference > AUDIBLE && before > AUDIBLE;
        Some(audible.then(|| 10.0 * (before / after.max(1e-12)).log10()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(count: usize) -> Vec<f32> {
        let mut random = 1_u32;
        let mut next = || {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            random as f32 / u32::MAX as f32 - 0.5
        };
        (0..count).map(|at| next() * if at % 12_000 < 8_000 { 0.4 } else { 0.1 }).collect()
    }

    fn at(samples: &[f32], rate_hz: u32) -> Recording<'_> {
        Recording { samples, rate_hz }
    }

    #[test]
    fn switched_off_a_recording_of_the_engine_s_own_rate_comes_back_bit_by_bit() {
        let mic = noise(100_123);
        let done =
            cancel(at(&[0.0], 48_000), at(&mic, 48_000), Processing::OFF, EchoMethod::default()).unwrap();
        assert!(done.samples == mic);
        assert_eq!(done.erle_db, [None, None]);
        assert_eq!(done.length.as_millis(), 2_085);
    }

    #[test]
    fn any_rate_comes_back_in_its_own_length_and_place() {
        for rate_hz in [8_000, 16_000, 24_000, 44_100, 96_000] {
            let hz = 300.0 * std::f32::consts::TAU / rate_hz as f32;
            let mic: Vec<f32> = (0..rate_hz * 2).map(|at| (at as f32 * hz).sin() * 0.3).collect();
            let done = cancel(at(&[0.0], 16_000), at(&mic, rate_hz), Processing::OFF, EchoMethod::default())
                .unwrap();
            assert_eq!(done.samples.len(), mic.len());
            let middle = mic.len() / 4..mic.len() * 3 / 4;
            let off = middle.map(|n| (mic[n] - done.samples[n]).abs()).fold(0.0, f32::max);
            // Half a sample of the lowest rate at most.
            assert!(off < 0.04, "{rate_hz} Hz: {off}");
        }
    }

    #[test]
    fn an_echo_is_taken_out_whatever_the_two_rates_are() {
        for (far_hz, mic_hz) in [(48_000, 48_000), (24_000, 16_000)] {
            let far = noise(far_hz as usize * 6);
            let late = vec![0.0; mic_hz as usize * 8 / 100];
            let echo = rig::resample(&far, far_hz, mic_hz).into_iter().map(|sample| sample * 0.3);
            let mic: Vec<f32> = late.into_iter().chain(echo).take(mic_hz as usize * 6).collect();
            let echo_only = Processing { echo: true, noise: false, gain: false };
            let done = cancel(at(&far, far_hz), at(&mic, mic_hz), echo_only, EchoMethod::default()).unwrap();
            assert_eq!(done.erle_db.len(), 6);
            assert!(done.erle_db[5].is_some_and(|db| db > 20.0), "{:?}", done.erle_db);
            assert!(done.figures.delay_ms.is_some_and(|ms| (ms - 80.0).abs() < 9.0), "{:?}", done.figures);
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let good = noise(4_800);
        let try_it = |far, mic| {
            cancel(far, mic, Processing::default(), EchoMethod::default()).unwrap_err().to_string()
        };
        let said = try_it(at(&[], 48_000), at(&good, 48_000));
        assert_eq!(said, "the far recording is empty");
        let said = try_it(at(&good, 48_000), at(&good, 100));
        assert_eq!(said, "the microphone recording has 100 Hz; 8000 to 192000 can be used");
        let said = try_it(at(&good, 48_000), at(&[0.0, f32::NAN], 48_000));
        assert_eq!(said, "sample 1 of the microphone recording is not a number");
    }
}

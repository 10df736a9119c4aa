//! Changing the sample rate of one endless mono stream.

use audioadapter_buffers::direct::SequentialSlice;
use rubato::{
    Adjustable as _, Async, FixedAsync, Resampler as _, SincInterpolationParameters, SincInterpolationType,
    WindowFunction,
};

use crate::error::DeviceError;

/// Windowed sinc of 128 taps: its delay (64 samples of the lower rate) is a quarter of what an FFT
/// resampler with 10 ms blocks would add, for about 0.1 % of a core.
const TAPS: usize = 128;
/// How far a [`Resampler::tunable`] can be tuned, up and down.
const MOST_TUNING: f64 = 1.01;

/// Keeps its state between calls, so that a stream cut into pieces comes out in one piece.
pub(crate) struct Resampler {
    /// `None` where both rates are the same.
    inner: Option<Async<f32>>,
    chunk: usize,
    output: Vec<f32>,
}

impl Resampler {
    /// Takes `chunk` samples at a time and gives what comes of them.
    pub(crate) fn fixed_input(from_hz: u32, to_hz: u32, chunk: usize) -> Result<Self, DeviceError> {
        Self::new(from_hz, to_hz, chunk, FixedAsync::Input)
    }

    /// Gives `chunk` samples at a time and takes what it needs for them.
    pub(crate) fn fixed_output(from_hz: u32, to_hz: u32, chunk: usize) -> Result<Self, DeviceError> {
        Self::new(from_hz, to_hz, chunk, FixedAsync::Output)
    }

    /// [`Resampler::fixed_output`] of one rate, to be run a little faster or slower by
    /// [`Resampler::tune`].
    pub(crate) fn tunable(rate_hz: u32, chunk: usize) -> Result<Self, DeviceError> {
        Self::between(rate_hz, rate_hz, MOST_TUNING, chunk, FixedAsync::Output)
    }

    fn new(from_hz: u32, to_hz: u32, chunk: usize, fixed: FixedAsync) -> Result<Self, DeviceError> {
        if from_hz == to_hz {
            return Ok(Self { inner: None, chunk, output: Vec::new() });
        }
        Self::between(from_hz, to_hz, 1.0, chunk, fixed)
    }

    fn between(
        from_hz: u32,
        to_hz: u32,
        tuning: f64,
        chunk: usize,
        fixed: FixedAsync,
    ) -> Result<Self, DeviceError> {
        let mut parameters = SincInterpolationParameters::new(TAPS, WindowFunction::BlackmanHarris2);
        parameters.interpolation = SincInterpolationType::Linear;
        parameters.oversampling_factor = 256;
        let ratio = f64::from(to_hz) / f64::from(from_hz);
        let inner = Async::new_sinc(ratio, tuning, &parameters, chunk, 1, fixed)
            .map_err(|error| DeviceError::Format(format!("{from_hz} Hz to {to_hz} Hz: {error}")))?;
        let output = vec![0.0; inner.output_frames_max()];
        Ok(Self { inner: Some(inner), chunk, output })
    }

    /// How many samples [`Resampler::process`] wants next.
    pub(crate) fn wanted(&self) -> usize {
        self.inner.as_ref().map_or(self.chunk, |inner| inner.input_frames_next())
    }

    /// The most that [`Resampler::wanted`] can ever be.
    pub(crate) fn most_wanted(&self) -> usize {
        self.inner.as_ref().map_or(self.chunk, |inner| inner.input_frames_max())
    }

    /// By how many samples of the output the sound comes late.
    pub(crate) fn delay(&self) -> usize {
        self.inner.as_ref().map_or(0, |inner| inner.output_delay())
    }

    /// Turns [`Resampler::wanted`] samples into samples of the other rate.
    pub(crate) fn process<'a>(&'a mut self, input: &'a [f32]) -> &'a [f32] {
        let Some(inner) = &mut self.inner else { return input };
        let frames = self.output.len();
        let (Ok(source), Ok(mut target)) = (
            SequentialSlice::new(input, 1, input.len()),
            SequentialSlice::new_mut(&mut self.output, 1, frames),
        ) else {
            return &[];
        };
        match inner.process_into_buffer(&source, &mut target, None) {
            Ok((_, written)) => &self.output[..written],
            Err(error) => {
                tracing::error!(%error, "resampling a piece of sound");
                &[]
            }
        }
    }

    /// Gives `ratio` times as many samples as came; between 1/1.01 and 1.01. Only for a
    /// [`Resampler::tunable`].
    pub(crate) fn tune(&mut self, ratio: f64) {
        if let Some(inner) = &mut self.inner
            && let Err(error) = inner.set_resample_ratio_relative(ratio, true)
        {
            tracing::error!(%error, "tuning a resampler");
        }
    }

    /// Forgets what it has heard.
    pub(crate) fn reset(&mut self) {
        if let Some(inner) = &mut self.inner {
            inner.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::rms_dbfs;

    fn tone(rate_hz: u32, seconds: u32, hz: f64) -> Vec<f32> {
        let angle = |at: u32| std::f64::consts::TAU * hz * f64::from(at) / f64::from(rate_hz);
        (0..rate_hz * seconds).map(|at| (angle(at).sin() * 0.5) as f32).collect()
    }

    fn run(resampler: &mut Resampler, input: &[f32]) -> Vec<f32> {
        let mut output = Vec::new();
        let mut rest = input;
        while rest.len() >= resampler.wanted() {
            let (piece, left) = rest.split_at(resampler.wanted());
            output.extend_from_slice(resampler.process(piece));
            rest = left;
        }
        output
    }

    #[test]
    fn there_and_back_keeps_level_and_length() -> Result<(), DeviceError> {
        for device_hz in [8_000, 16_000, 22_050, 44_100, 47_999, 48_000, 96_000, 192_000] {
            let input = tone(24_000, 2, 997.0);
            let there = run(&mut Resampler::fixed_input(24_000, device_hz, 240)?, &input);
            let back = run(&mut Resampler::fixed_output(device_hz, 24_000, 240)?, &there);
            let missing = input.len().abs_diff(back.len());
            assert!(missing < 1_200, "{device_hz} Hz: {} of {} samples", back.len(), input.len());
            let level = rms_dbfs(&back[4_800..back.len() - 4_800]);
            assert!((level - rms_dbfs(&input)).abs() < 0.1, "{device_hz} Hz: {level} dBFS");
        }
        Ok(())
    }

    #[test]
    fn what_the_lower_rate_cannot_carry_is_left_out() -> Result<(), DeviceError> {
        let input = tone(48_000, 1, 17_000.0);
        let output = run(&mut Resampler::fixed_input(48_000, 24_000, 480)?, &input);
        assert!(rms_dbfs(&output[2_400..]) < -70.0, "{}", rms_dbfs(&output[2_400..]));
        Ok(())
    }

    #[test]
    fn the_delay_is_what_it_says() -> Result<(), DeviceError> {
        let mut resampler = Resampler::fixed_input(24_000, 48_000, 240)?;
        let mut click = vec![0.0; 2_400];
        click[0] = 1.0;
        let output = run(&mut resampler, &click);
        let loudest = (0..output.len()).max_by(|&a, &b| output[a].abs().total_cmp(&output[b].abs()));
        assert!(loudest.is_some_and(|at| at.abs_diff(resampler.delay()) <= 2), "{loudest:?}");
        Ok(())
    }

    #[test]
    fn a_reset_leaves_no_trace() -> Result<(), DeviceError> {
        let mut resampler = Resampler::fixed_input(24_000, 44_100, 240)?;
        run(&mut resampler, &tone(24_000, 1, 500.0));
        resampler.reset();
        let output = run(&mut resampler, &[0.0; 2_400]);
        assert!(output.iter().all(|&sample| sample == 0.0));
        Ok(())
    }
}

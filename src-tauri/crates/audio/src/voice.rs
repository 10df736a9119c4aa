//! Whether somebody speaks into the microphone: earshot's detector behind the canceller.

use earshot::Detector;

use crate::error::DeviceError;
use crate::level::rms_dbfs;
use crate::port::Report;
use crate::resampler::Resampler;

/// What the detector takes: 256 samples at 16 kHz.
const DETECTOR_HZ: u32 = 16_000;
const DETECTOR_FRAME: usize = 256;
const DETECTOR_FRAME_MS: u32 = 16;
/// From this score on a frame is taken for a voice (earshot's own advice).
const VOICED: f32 = 0.5;
/// Voiced frames in a row that make a beginning: 48 ms, which a click does not reach.
const ONSET_FRAMES: u32 = 3;
/// Frames without a voice that make an end: 192 ms, longer than the silence within a word.
const END_FRAMES: u32 = 12;
/// How long a voice has been over when its end is told, in ms.
pub const VOICE_END_MS: u64 = (END_FRAMES * DETECTOR_FRAME_MS) as u64;
/// How far a voice may fall below the level at which it began before it counts as silence, in dB.
const HYSTERESIS_DB: f32 = 6.0;
/// A voice that goes on is told frame by frame up to this length, in ms; then only its end.
const TOLD_MS: u32 = 640;

/// Hears one endless mono stream.
pub struct Voice {
    down: Resampler,
    detector: Box<Detector>,
    frame: [f32; DETECTOR_FRAME],
    filled: usize,
    /// The least level of a voice in dBFS; without one nothing is heard.
    from_dbfs: Option<f32>,
    speaking: bool,
    voiced: u32,
    quiet: u32,
}

impl std::fmt::Debug for Voice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Voice").field("from_dbfs", &self.from_dbfs).finish_non_exhaustive()
    }
}

impl Voice {
    /// Will hear pieces of `chunk` samples at `rate_hz`. Switched off until [`Voice::listen`].
    ///
    /// # Errors
    /// [`DeviceError::Format`] when no resampler can be made for that rate.
    pub fn new(rate_hz: u32, chunk: usize) -> Result<Self, DeviceError> {
        Ok(Self {
            down: Resampler::fixed_input(rate_hz, DETECTOR_HZ, chunk)?,
            detector: Detector::default_boxed(),
            frame: [0.0; DETECTOR_FRAME],
            filled: 0,
            from_dbfs: None,
            speaking: false,
            voiced: 0,
            quiet: 0,
        })
    }

    /// Hears only what is at least this loud, in dBFS; nothing at all without a level. A voice that
    /// is switched off while it speaks ends.
    pub fn listen(&mut self, from_dbfs: Option<f32>, report: impl FnOnce(Report)) {
        if from_dbfs.is_none() || self.from_dbfs.is_none() {
            self.forget(report);
        }
        self.from_dbfs = from_dbfs;
    }

    /// Begins anew: another device, or none.
    pub fn forget(&mut self, report: impl FnOnce(Report)) {
        if std::mem::take(&mut self.speaking) {
            report(Report::Voice { speaking: false, voiced_ms: self.voiced * DETECTOR_FRAME_MS });
        }
        (self.filled, self.voiced, self.quiet) = (0, 0, 0);
        self.down.reset();
        self.detector.reset();
    }

    /// The next piece of sound, full scale at 1.0.
    pub fn hear(&mut self, piece: &[f32], mut report: impl FnMut(Report)) {
        let Some(from_dbfs) = self.from_dbfs else { return };
        for &sample in self.down.process(piece) {
            self.frame[self.filled] = sample.clamp(-1.0, 1.0);
            self.filled += 1;
            if self.filled < DETECTOR_FRAME {
                continue;
            }
            self.filled = 0;
            let least = if self.speaking { from_dbfs - HYSTERESIS_DB } else { from_dbfs };
            let scored = self.detector.predict_f32(&self.frame) >= VOICED;
            let voiced = scored && rms_dbfs(&self.frame) >= least;
            let before = (self.speaking, self.voiced);
            match (self.speaking, voiced) {
                (_, true) => {
                    self.voiced += 1;
                    self.quiet = 0;
                    self.speaking |= self.voiced >= ONSET_FRAMES;
                }
                (true, false) => {
                    self.quiet += 1;
                    self.speaking = self.quiet < END_FRAMES;
                }
                (false, false) => self.voiced = 0,
            }
            let voiced_ms = self.voiced * DETECTOR_FRAME_MS;
            if self.speaking != before.0 || (self.speaking && self.voiced > before.1 && voiced_ms <= TOLD_MS)
            {
                report(Report::Voice { speaking: self.speaking, voiced_ms });
            }
            if before.0 && !self.speaking {
                self.voiced = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests;

//! What the microphone has brought during a trial.

use std::time::{Duration, Instant};

use super::Outcome;
use crate::level::rms_dbfs;
use crate::port::{FRAME_MS, FRAME_SAMPLES, Frame, SILENCE_DBFS, WIRE_RATE_HZ};

/// How far above the room a voice is, in dB.
const ABOVE_NOISE: f32 = 12.0;
/// Quieter than this is no voice, in dBFS, however quiet the room.
const FAINTEST: f32 = -55.0;
/// Frames without which the room is not known yet.
const ROOM: usize = 15;

#[derive(Debug, Default)]
pub(super) struct Ear {
    samples: Vec<i16>,
    /// When the last sample was captured.
    last: Option<Instant>,
}

impl Ear {
    pub(super) fn hear(&mut self, frame: &Frame) {
        self.samples.extend_from_slice(&frame.samples);
        self.last = Some(frame.captured_at);
    }

    pub(super) fn heard_ms(&self) -> u64 {
        self.samples.len() as u64 * 1_000 / u64::from(WIRE_RATE_HZ)
    }

    /// The millisecond of the recording that was captured at `moment`; 0 when it is older.
    pub(super) fn ms_at(&self, moment: Instant) -> u64 {
        let Some(last) = self.last else { return 0 };
        let since = last.saturating_duration_since(moment);
        Duration::from_millis(self.heard_ms()).saturating_sub(since).as_millis() as u64
    }

    pub(super) fn samples(&self) -> &[i16] {
        &self.samples
    }

    pub(super) fn into_samples(self) -> Vec<i16> {
        self.samples
    }
}

/// RMS in dBFS.
pub(super) fn level(samples: &[i16]) -> f32 {
    let scaled: Vec<f32> = samples.iter().map(|&sample| f32::from(sample) / 32_768.0).collect();
    rms_dbfs(&scaled)
}

/// Finds a sentence in what comes, frame by frame.
#[derive(Debug, Default)]
pub(super) struct Voice {
    levels: Vec<f32>,
    /// Frames since the last one with a voice in it; none before the first.
    quiet: Option<u64>,
}

impl Voice {
    pub(super) fn hear(&mut self, frame: &[i16; FRAME_SAMPLES]) {
        let now = level(frame);
        self.levels.push(now);
        let speaks = self.levels.len() > ROOM && now > (self.noise() + ABOVE_NOISE).max(FAINTEST);
        self.quiet = if speaks { Some(0) } else { self.quiet.map(|quiet| quiet + 1) };
    }

    /// Milliseconds since the last word; `None` before the first.
    pub(super) fn quiet_ms(&self) -> Option<u64> {
        self.quiet.map(|quiet| quiet * FRAME_MS)
    }

    /// The level below which a tenth of the frames are.
    fn noise(&self) -> f32 {
        share(&self.levels, 0.1)
    }

    pub(super) fn outcome(&self, ear: &Ear) -> Outcome {
        let heard = self.quiet.is_some();
        let mut sorted = self.levels.clone();
        sorted.sort_by(f32::total_cmp);
        let loud = &sorted[sorted.len() * 2 / 3..];
        let power =
            loud.iter().map(|level| 10_f32.powf(level / 10.0)).sum::<f32>() / loud.len().max(1) as f32;
        Outcome::Voice {
            heard,
            speech_dbfs: (10.0 * power.log10()).max(SILENCE_DBFS),
            noise_dbfs: self.noise(),
            clipped: ear.samples().iter().filter(|&&sample| sample == i16::MAX || sample == i16::MIN).count()
                as u32,
            zeros: ear.samples().iter().all(|&sample| sample == 0),
        }
    }
}

fn share(levels: &[f32], share: f32) -> f32 {
    let mut sorted = levels.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get((sorted.len() as f32 * share) as usize).copied().unwrap_or(SILENCE_DBFS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(amplitude: i16) -> [i16; FRAME_SAMPLES] {
        std::array::from_fn(|at| if at % 2 == 0 { amplitude } else { -amplitude })
    }

    fn heard(parts: &[(i16, usize)]) -> (Voice, Ear) {
        let (mut voice, mut ear) = (Voice::default(), Ear::default());
        for &(amplitude, frames) in parts {
            for _ in 0..frames {
                voice.hear(&frame(amplitude));
                ear.hear(&Frame { samples: frame(amplitude), captured_at: Instant::now() });
            }
        }
        (voice, ear)
    }

    #[test]
    fn a_sentence_is_told_from_the_room_and_ends_in_quiet() {
        let (voice, ear) = heard(&[(30, 30), (3_277, 50)]);
        assert_eq!(voice.quiet_ms(), Some(0));
        let Outcome::Voice { heard: true, speech_dbfs, noise_dbfs, clipped: 0, zeros: false } =
            voice.outcome(&ear)
        else {
            panic!("{:?}", voice.outcome(&ear));
        };
        assert!((speech_dbfs + 20.0).abs() < 0.1 && (noise_dbfs + 60.8).abs() < 0.1);
        let (voice, _) = heard(&[(30, 30), (3_277, 50), (30, 60)]);
        assert_eq!(voice.quiet_ms(), Some(1_200));
    }

    #[test]
    fn a_silent_room_and_a_dead_microphone_are_not_the_same() {
        let (voice, ear) = heard(&[(20, 200)]);
        assert!(matches!(voice.outcome(&ear), Outcome::Voice { heard: false, zeros: false, .. }));
        let (voice, ear) = heard(&[(0, 200)]);
        assert!(matches!(voice.outcome(&ear), Outcome::Voice { heard: false, zeros: true, .. }));
        assert_eq!(voice.quiet_ms(), None);
    }

    #[test]
    fn what_hits_the_ceiling_is_counted() {
        let (voice, ear) = heard(&[(30, 20), (i16::MAX, 1)]);
        assert!(matches!(voice.outcome(&ear), Outcome::Voice { clipped: 240, .. }));
    }
}

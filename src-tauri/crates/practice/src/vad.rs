//! Finding speech by its energy. Time is counted in samples, so audio may come at any speed.

use std::collections::VecDeque;

/// A turn that grows longer than this many seconds is ended.
pub(crate) const LONGEST_TURN_S: usize = 60;

/// Voiced frames, less the unvoiced ones between them, that make a beginning: 40 ms.
const ONSET_FRAMES: usize = 4;
/// Sound kept after the last voiced frame of a turn.
const TAIL_MS: u64 = 200;
/// How far the level may fall below the threshold before a frame within speech counts as silence, dB.
const HYSTERESIS: f32 = 6.0;
/// How far speech has to stand above the noise of the room, dB.
const ABOVE_NOISE: f32 = 8.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tuning {
    /// 0.1 to 0.9.
    pub(crate) threshold: f32,
    pub(crate) silence_ms: u64,
    pub(crate) prefix_ms: u64,
}

impl Tuning {
    /// The level a frame must reach to count as speech, in dBFS: 0.1 is −56, 0.5 is −46,
    /// 0.85 (the default) is −37.25 and 0.9 is −36. The service's own scale is not published.
    fn level(self) -> f32 {
        -58.5 + 25.0 * self.threshold
    }
}

/// Times count from the first sample ever heard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// `start_ms` is where the turn's audio begins, prefix included; speech begins at `onset_ms`.
    Started { start_ms: u64, onset_ms: u64 },
    /// Speech goes on; sent every 100 ms.
    Going { speech_ms: u64 },
    /// `samples` holds the turn with its prefix and without most of the silence that ended it.
    Stopped { end_ms: u64, samples: Vec<i16> },
}

#[derive(Debug)]
pub(crate) struct Vad {
    rate: u32,
    tuning: Tuning,
    /// Less than a frame, waiting for the rest of it.
    rest: Vec<i16>,
    /// Samples judged so far.
    position: u64,
    /// The newest samples outside of speech.
    lead: VecDeque<i16>,
    onset: usize,
    speech: Option<Speech>,
    noise_db: f32,
    /// State of the filter that keeps hum and offset out of the measured level.
    last_in: f32,
    last_out: f32,
}

#[derive(Debug)]
struct Speech {
    samples: Vec<i16>,
    began: u64,
    last_voiced: u64,
}

impl Vad {
    pub(crate) fn new(rate: u32, tuning: Tuning, position: u64) -> Self {
        Self {
            rate,
            tuning,
            rest: Vec::new(),
            position,
            lead: VecDeque::new(),
            onset: 0,
            speech: None,
            noise_db: -70.0,
            last_in: 0.0,
            last_out: 0.0,
        }
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn tune(&mut self, tuning: Tuning) {
        self.tuning = tuning;
    }

    pub(crate) fn hear(&mut self, samples: &[i16]) -> Vec<Heard> {
        let frame = self.rate as usize / 100;
        let mut heard = Vec::new();
        let mut pool = std::mem::take(&mut self.rest);
        pool.extend_from_slice(samples);
        let mut frames = pool.chunks_exact(frame);
        for frame in frames.by_ref() {
            self.judge(frame, &mut heard);
        }
        self.rest = frames.remainder().to_vec();
        heard
    }

    /// Ends a turn that is under way, at once.
    pub(crate) fn finish(&mut self) -> Option<Heard> {
        self.stop()
    }

    /// Forgets everything heard but the time.
    pub(crate) fn clear(&mut self) {
        self.rest.clear();
        self.lead.clear();
        self.onset = 0;
        self.speech = None;
    }

    fn judge(&mut self, frame: &[i16], heard: &mut Vec<Heard>) {
        let db = self.level(frame);
        self.follow_noise(db);
        self.position += frame.len() as u64;
        let needed = self.tuning.level().max(self.noise_db + ABOVE_NOISE);
        if self.speech.is_none() {
            self.wait(frame, db >= needed, heard);
            return;
        }
        let silence = self.samples(self.tuning.silence_ms);
        let tick = u64::from(self.rate) / 10;
        let Some(speech) = &mut self.speech else { return };
        speech.samples.extend_from_slice(frame);
        if db >= needed - HYSTERESIS {
            speech.last_voiced = self.position;
            let spoken = self.position - speech.began;
            if spoken / tick > (spoken - frame.len() as u64) / tick {
                heard.push(Heard::Going { speech_ms: spoken * 1000 / u64::from(self.rate) });
            }
        }
        let quiet = self.position - speech.last_voiced;
        let full = speech.samples.len() >= LONGEST_TURN_S * self.rate as usize;
        if full || (quiet > 0 && quiet >= silence) {
            heard.extend(self.stop());
        }
    }

    fn wait(&mut self, frame: &[i16], voiced: bool, heard: &mut Vec<Heard>) {
        self.onset = if voiced { self.onset + 1 } else { self.onset.saturating_sub(1) };
        let onset = (ONSET_FRAMES * frame.len()) as u64;
        let keep = self.samples(self.tuning.prefix_ms) + onset;
        self.lead.extend(frame);
        let excess = self.lead.len().saturating_sub(usize::try_from(keep).unwrap_or(usize::MAX));
        self.lead.drain(..excess);
        if self.onset < ONSET_FRAMES {
            return;
        }
        self.onset = 0;
        let samples: Vec<i16> = self.lead.drain(..).collect();
        let start = self.position - samples.len() as u64;
        let began = self.position.saturating_sub(onset);
        heard.push(Heard::Started { start_ms: self.ms(start), onset_ms: self.ms(began) });
        self.speech = Some(Speech { samples, began, last_voiced: self.position });
    }

    fn stop(&mut self) -> Option<Heard> {
        let mut speech = self.speech.take()?;
        let quiet = self.position - speech.last_voiced;
        let surplus = quiet.saturating_sub(self.samples(TAIL_MS));
        let keep = speech.samples.len().saturating_sub(usize::try_from(surplus).unwrap_or(usize::MAX));
        speech.samples.truncate(keep);
        Some(Heard::Stopped { end_ms: self.ms(speech.last_voiced), samples: speech.samples })
    }

    /// The frame's level in dBFS above some 60 Hz.
    fn level(&mut self, frame: &[i16]) -> f32 {
        let keep = 1.0 - 377.0 / self.rate as f32;
        let mut power = 0.0;
        for sample in frame {
            let sample = f32::from(*sample) / 32_768.0;
            self.last_out = keep * (self.last_out + sample - self.last_in);
            self.last_in = sample;
            power += self.last_out * self.last_out;
        }
        10.0 * (power / frame.len().max(1) as f32).max(1e-10).log10()
    }

    /// Falls at once to a lower level and climbs by 1 dB a second, so that a fan does not hold a
    /// turn open for ever while pauses between words keep it down.
    fn follow_noise(&mut self, db: f32) {
        if db < self.noise_db {
            self.noise_db += 0.2 * (db.max(-80.0) - self.noise_db);
        } else {
            self.noise_db += 0.01;
        }
    }

    fn samples(&self, ms: u64) -> u64 {
        ms * u64::from(self.rate) / 1000
    }

    fn ms(&self, samples: u64) -> u64 {
        samples * 1000 / u64::from(self.rate)
    }
}

#[cfg(test)]
mod tests;

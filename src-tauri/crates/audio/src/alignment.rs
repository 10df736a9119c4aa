//! Which piece of the loudspeaker's sound belongs beside which piece of the microphone's.
//!
//! An echo canceller learns the way from one stream's sample to the other's. That way must stay the
//! same while the two devices call back whenever they like, stop for a moment, or run at rates that
//! are not quite equal. Here the two streams are paired once, by the instants at which their samples
//! meet the air, and then step on together, 10 ms against 10 ms.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::clock::{Clock, Drift};
use crate::error::DeviceError;
use crate::resampler::Resampler;
use crate::{RATE_HZ, STEP};

/// The reference comes so much earlier than the instants say, in ms, so that instants which are a
/// little wrong do not put the echo before the sound it is an echo of.
pub(crate) const LEAD_MS: u32 = 10;
const LEAD: f64 = LEAD_MS as f64 / 1_000.0;
/// Samples of the loudspeaker that may wait for their partners: 1 s. Then the oldest go.
const MOST_WAITING: usize = RATE_HZ as usize;
/// The pairing is made anew when it is off by more than this, in samples: 30 ms.
const JUMP: f64 = 0.03 * RATE_HZ as f64;
/// Steps over which the error is smoothed before it counts as a jump: 1 s.
const PATIENCE: f64 = 100.0;
/// Steps after the first pairing until the clocks have settled, and it is looked at again.
const SETTLING: u32 = 25;
/// The same after the loudspeaker stood still: a sound system that was late may have played less
/// silence than it seemed, or may have left out what came too late.
const RECOVERING: u32 = 50;
/// The error that is then allowed: 4 ms.
const SMALL: f64 = 0.004 * RATE_HZ as f64;
/// A loudspeaker that has not called back for so long stands still.
const STANDS_STILL: Duration = Duration::from_millis(50);
/// A device that claims more is not believed.
const MOST_LATENCY: Duration = Duration::from_millis(500);

pub(crate) struct Alignment {
    began: Instant,
    speaker: Side,
    microphone: Side,
    /// Samples at 48 kHz that came from the microphone.
    captured: f64,
    waiting: VecDeque<f32>,
    /// Position of the first sample in `waiting`, in the loudspeaker's stream at 48 kHz.
    front: f64,
    paired: bool,
    /// Steps until the pairing is looked at again; 0 when it has been.
    probation: u32,
    /// How far the pairing is off lately, in samples.
    error: f64,
    drift: Drift,
    resampler: Resampler,
    piece: Vec<f32>,
}

#[derive(Default)]
struct Side {
    clock: Clock,
    latency: Duration,
    called: Option<Instant>,
}

impl Side {
    fn note(&mut self, position: f64, instant: f64, latency: Duration) {
        self.latency = latency;
        self.clock.note(position, instant);
    }
}

impl Alignment {
    /// # Errors
    /// [`DeviceError::Format`] where the resampler cannot be made.
    pub(crate) fn new() -> Result<Self, DeviceError> {
        let resampler = Resampler::tunable(RATE_HZ, STEP)?;
        Ok(Self {
            began: Instant::now(),
            speaker: Side::default(),
            microphone: Side::default(),
            captured: 0.0,
            waiting: VecDeque::with_capacity(MOST_WAITING),
            front: 0.0,
            paired: false,
            probation: 0,
            error: 0.0,
            drift: Drift::default(),
            piece: Vec::with_capacity(resampler.most_wanted()),
            resampler,
        })
    }

    /// Another loudspeaker, or none: its stream begins at position 0.
    pub(crate) fn speaker_changed(&mut self) {
        self.speaker = Side::default();
        self.waiting.clear();
        self.front = 0.0;
        self.part();
        self.drift = Drift::default();
    }

    /// Another microphone, or none.
    pub(crate) fn microphone_changed(&mut self) {
        self.microphone = Side::default();
        self.captured = 0.0;
        self.part();
        self.drift = Drift::default();
    }

    fn part(&mut self) {
        self.paired = false;
        self.error = 0.0;
        self.drift.start_over();
        self.resampler.reset();
        self.tune();
    }

    fn tune(&mut self) {
        self.resampler.tune(1.0 / (1.0 + self.drift.ratio()));
    }

    /// The loudspeaker's callback of the instant `at` was given the sample at `position` (48 kHz),
    /// which is heard `latency` later.
    pub(crate) fn speaker_called(&mut self, position: f64, at: Instant, latency: Duration) {
        let latency = latency.min(MOST_LATENCY);
        self.speaker.called = Some(at);
        self.speaker.note(position, self.seconds(at) + latency.as_secs_f64(), latency);
    }

    /// The microphone's callback of the instant `at` brought the sample at `position` (48 kHz), which
    /// was captured `latency` before.
    pub(crate) fn microphone_called(&mut self, position: f64, at: Instant, latency: Duration) {
        let latency = latency.min(MOST_LATENCY);
        self.microphone.note(position, self.seconds(at) - latency.as_secs_f64(), latency);
    }

    fn seconds(&self, at: Instant) -> f64 {
        at.saturating_duration_since(self.began).as_secs_f64()
    }

    /// The next samples handed to the loudspeaker, silences included.
    pub(crate) fn heard(&mut self, frame: &[f32]) {
        let over = (self.waiting.len() + frame.len()).saturating_sub(MOST_WAITING);
        self.skip(over);
        self.waiting.extend(frame);
    }

    /// From the callback that hands a sample to the loudspeaker until the callback that brings its
    /// echo, in ms, for an echo that comes `behind_ms` after its partner of the pairing.
    pub(crate) fn loop_ms(&self, behind_ms: f32) -> f32 {
        if !self.paired {
            return behind_ms;
        }
        let devices = self.speaker.latency + self.microphone.latency;
        (devices.as_secs_f32() * 1_000.0 + behind_ms - LEAD_MS as f32).max(0.0)
    }

    /// The partner of the microphone's next 10 ms is there. It may not be while the loudspeaker's
    /// callback is late; one that stands still is not waited for.
    pub(crate) fn is_ready(&self, now: Instant) -> bool {
        let stands_still = |at| now.saturating_duration_since(at) > STANDS_STILL;
        !self.paired
            || self.waiting.len() >= self.resampler.wanted()
            || self.speaker.called.is_none_or(stands_still)
    }

    /// The partner of the microphone's next 10 ms: what the loudspeaker plays at that time, or
    /// silence where it was given nothing.
    pub(crate) fn next(&mut self) -> &[f32] {
        let position = self.captured;
        self.captured += STEP as f64;
        let target = self
            .microphone
            .clock
            .instant(position)
            .and_then(|captured| self.speaker.clock.position(captured + LEAD));
        if let Some(target) = target
            && let Some(spare) = self.waiting.len().checked_sub(self.resampler.wanted())
        {
            // What the loudspeaker has not been given yet cannot be read, whatever the instants say.
            self.follow((target + self.resampler.delay() as f64).min(self.front + spare as f64));
        }
        let wanted = self.resampler.wanted();
        self.piece.clear();
        if self.paired {
            let there = wanted.min(self.waiting.len());
            self.piece.extend(self.waiting.drain(..there));
            self.front += there as f64;
        }
        // The loudspeaker stands still: what it plays is silence, and its next sample comes after it.
        if self.piece.len() < wanted {
            self.drift.start_over();
            self.probation = RECOVERING;
        }
        self.piece.resize(wanted, 0.0);
        self.resampler.process(&self.piece)
    }

    fn follow(&mut self, target: f64) {
        let error = target - self.front;
        if !self.paired {
            self.pair(target);
            self.probation = SETTLING;
            return;
        }
        if self.probation > 0 {
            self.probation -= 1;
            if self.probation == 0 && error.abs() > SMALL {
                self.pair(target);
                return;
            }
        }
        self.error += (error - self.error) / PATIENCE;
        if self.error.abs() > JUMP && error.abs() > JUMP {
            tracing::debug!(ms = error * 1_000.0 / f64::from(RATE_HZ), "pairing the two streams anew");
            self.pair(target);
        } else if self.drift.note(error) {
            tracing::trace!(ppm = self.drift.ratio() * 1e6, "keeping the two streams together");
            self.tune();
        }
    }

    fn pair(&mut self, target: f64) {
        let forward = target.round() - self.front;
        if forward >= 0.0 {
            self.skip(forward as usize);
        } else {
            let missing = ((-forward) as usize).min(MOST_WAITING - self.waiting.len());
            (0..missing).for_each(|_| self.waiting.push_front(0.0));
            self.front -= missing as f64;
        }
        self.paired = true;
        self.error = 0.0;
        self.drift.start_over();
    }

    fn skip(&mut self, samples: usize) {
        let samples = samples.min(self.waiting.len());
        self.waiting.drain(..samples);
        self.front += samples as f64;
    }
}

#[cfg(test)]
mod tests;

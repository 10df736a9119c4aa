//! From the microphone's ring to the call's frames.

use std::sync::atomic::Ordering;
use std::time::Instant;

use crate::ears::Ears;
use crate::error::DeviceError;
use crate::level::rms_dbfs;
use crate::port::{Direction, FRAME_SAMPLES, Frame, Gate, Meters, Report, SILENCE_DBFS, WIRE_RATE_HZ};
use crate::processor::Processor;
use crate::resampler::Resampler;
use crate::ring::CaptureLane;
use crate::{RATE_HZ, STEP};

pub(crate) struct Capture {
    frames: flume::Sender<Frame>,
    down: Resampler,
    samples: [i16; FRAME_SAMPLES],
    filled: usize,
    /// What there is to tell of the sound itself.
    told: Vec<Report>,
    line: Option<Line>,
}

/// A running microphone.
struct Line {
    lane: CaptureLane,
    up: Resampler,
    heard: Vec<f32>,
    captured_at: Instant,
    lost: u64,
    ears: Ears,
    /// Samples of the callbacks so far.
    brought: u64,
}

impl Capture {
    pub(crate) fn new(frames: flume::Sender<Frame>) -> Result<Self, DeviceError> {
        let down = Resampler::fixed_input(RATE_HZ, WIRE_RATE_HZ, STEP)?;
        Ok(Self { frames, down, samples: [0; FRAME_SAMPLES], filled: 0, told: Vec::new(), line: None })
    }

    pub(crate) fn attach(&mut self, lane: CaptureLane) -> Result<(), DeviceError> {
        self.detach();
        let up = Resampler::fixed_output(lane.rate_hz, RATE_HZ, STEP)?;
        let heard = Vec::with_capacity(up.most_wanted());
        self.line = Some(Line {
            lane,
            up,
            heard,
            captured_at: Instant::now(),
            lost: 0,
            brought: 0,
            ears: Ears::default(),
        });
        Ok(())
    }

    pub(crate) fn detach(&mut self) {
        self.line = None;
        self.down.reset();
        self.filled = 0;
    }

    /// What there is to tell of the sound since the last time; a handful a second at most.
    pub(crate) fn told(&mut self) -> std::vec::Drain<'_, Report> {
        self.told.drain(..)
    }

    /// Takes every whole 10 ms out of the ring.
    pub(crate) fn pump(&mut self, gate: Gate, processor: &mut Processor, meters: &Meters) {
        let Some(line) = &mut self.line else {
            meters.set_level(Direction::Microphone, SILENCE_DBFS);
            return;
        };
        while let Ok(tick) = line.lane.ticks.pop() {
            line.captured_at = tick.at;
            // In a full ring its first sample has no place.
            if tick.pushed > tick.from {
                processor.microphone_called(line.position(tick.from), tick.at, tick.latency);
            }
            meters.overruns.fetch_add(tick.lost - line.lost, Ordering::Relaxed);
            line.lost = tick.lost;
            let brought = tick.pushed + tick.lost;
            meters.learn_callback(Direction::Microphone, (brought - line.brought) as usize);
            line.brought = brought;
        }
        let (mut sound, now) = ([0.0; STEP], Instant::now());
        loop {
            let wanted = line.up.wanted();
            if line.lane.samples.slots() < wanted || !processor.is_ready(now) {
                break;
            }
            line.heard.clear();
            line.heard.extend((0..wanted).map_while(|_| line.lane.samples.pop().ok()));
            self.told.extend(line.ears.raw(&line.heard));
            let frame = line.up.process(&line.heard);
            if frame.len() != STEP {
                continue;
            }
            sound.copy_from_slice(frame);
            meters.set_echo(processor.capture(&mut sound));
            self.told.extend(line.ears.clean(&sound, gate));
            if gate != Gate::Open {
                sound.fill(0.0);
            }
            meters.set_level(Direction::Microphone, rms_dbfs(&sound));
            for &sample in self.down.process(&sound) {
                let Some(slot) = self.samples.get_mut(self.filled) else { break };
                *slot = (sample * 32_768.0).round() as i16;
                self.filled += 1;
                if self.filled == FRAME_SAMPLES {
                    self.filled = 0;
                    let frame = Frame { samples: self.samples, captured_at: line.captured_at };
                    if let Err(flume::TrySendError::Full(_)) = self.frames.try_send(frame) {
                        meters.dropped_frames.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        }
    }
}

impl Line {
    /// Where the device's sample `position` is in what the processor gets.
    fn position(&self, position: u64) -> f64 {
        position as f64 * f64::from(RATE_HZ) / f64::from(self.lane.rate_hz) + self.up.delay() as f64
    }
}

#[cfg(test)]
mod tests;

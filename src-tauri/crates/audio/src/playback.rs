//! From what the call wants said to the loudspeaker's ring, and back again: what was really heard.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crate::error::DeviceError;
use crate::level::rms_dbfs;
use crate::port::{Direction, ItemId, Meters, Report, SILENCE_DBFS, WIRE_RATE_HZ};
use crate::processor::Processor;
use crate::queue::{Cut, Queue};
use crate::resampler::Resampler;
use crate::ring::{PlaybackLane, PlaybackTick};
use crate::thread::Outbox;
use crate::{RATE_HZ, STEP};

/// 10 ms of the wire's sound.
const WIRE_STEP: usize = 240;
const STEP_TIME: Duration = Duration::from_millis(10);
/// A device that does not call back within this time has nothing left to be flushed.
const FLUSH_PATIENCE: Duration = Duration::from_millis(150);
const PROGRESS_EVERY: Duration = Duration::from_millis(100);
/// How long what is to be said waits for the next device after one has gone; then time passes.
const NEXT_DEVICE: Duration = Duration::from_secs(2);
/// A device that claims more is not believed.
const MOST_LATENCY: Duration = Duration::from_millis(500);

pub(crate) struct Playback {
    queue: Queue,
    up: Resampler,
    wire: Vec<f32>,
    /// The gain of the last sample, on its way to `volume` or, when hushed, to nothing.
    gain: f32,
    volume: f32,
    hushed: bool,
    /// The resamplers still hold the end of what was last said.
    tail: bool,
    line: Option<Line>,
    /// Without a device, time itself consumes the sound: when the next 10 ms are over.
    clock: Instant,
    /// Without a device, not before this.
    patient_until: Instant,
    /// Since when the ring has been full with more to come.
    full_since: Option<Instant>,
    progress_at: Instant,
}

/// A running loudspeaker.
struct Line {
    lane: PlaybackLane,
    down: Resampler,
    tap: Resampler,
    tapped: Vec<f32>,
    /// Which place of the timeline is at which place of the device's stream.
    marks: VecDeque<Mark>,
    tick: Option<PlaybackTick>,
    /// The last callback that took anything: what it took is heard as time goes on from there, however
    /// many silent ones follow.
    taking: Option<PlaybackTick>,
    /// The largest recent request of the device, in samples.
    asked: usize,
    cut: Option<PendingCut>,
}

#[derive(Clone, Copy, Debug)]
struct Mark {
    device: u64,
    wire: u64,
}

struct PendingCut {
    cut: Cut,
    target: u64,
    asked_at: Instant,
}

impl Playback {
    pub(crate) fn new(volume: f32) -> Result<Self, DeviceError> {
        let volume = limited(volume);
        Ok(Self {
            queue: Queue::default(),
            up: Resampler::fixed_output(WIRE_RATE_HZ, RATE_HZ, STEP)?,
            wire: Vec::new(),
            gain: volume,
            volume,
            hushed: false,
            tail: false,
            line: None,
            clock: Instant::now(),
            patient_until: Instant::now() + NEXT_DEVICE,
            full_since: None,
            progress_at: Instant::now(),
        })
    }

    pub(crate) fn attach(&mut self, lane: PlaybackLane, outbox: &mut Outbox) -> Result<(), DeviceError> {
        let now = Instant::now();
        self.let_go(|line, delay| line.position(now, delay), outbox);
        let rate_hz = lane.rate_hz;
        let tap = Resampler::fixed_output(rate_hz, RATE_HZ, STEP)?;
        let tapped = Vec::with_capacity(tap.most_wanted());
        self.line = Some(Line {
            down: Resampler::fixed_input(RATE_HZ, rate_hz, STEP)?,
            tap,
            tapped,
            marks: VecDeque::from([Mark { device: 0, wire: self.queue.taken() }]),
            tick: None,
            taking: None,
            asked: 0,
            cut: None,
            lane,
        });
        self.up.reset();
        Ok(())
    }

    /// The device is gone, and nobody has heard more than was heard in its last callback.
    pub(crate) fn detach(&mut self, outbox: &mut Outbox) {
        self.let_go(Line::last_position, outbox);
    }

    /// What the ear had not come to goes to the next device.
    fn let_go(&mut self, ear: impl FnOnce(&mut Line, usize) -> u64, outbox: &mut Outbox) {
        let Some(mut line) = self.line.take() else { return };
        let position = ear(&mut line, self.up.delay());
        if let Some(pending) = line.cut.take() {
            self.queue.settle(pending.cut, position, |report| outbox.send(report));
        }
        self.queue.hear(position, |report| outbox.send(report));
        self.queue.rewind(position);
        self.tail = false;
        self.clock = Instant::now();
        self.patient_until = self.clock + NEXT_DEVICE;
        self.full_since = None;
    }

    /// Gives the number of samples that found no room.
    pub(crate) fn speak(&mut self, item: ItemId, samples: Vec<i16>) -> usize {
        self.queue.push(item, samples)
    }

    pub(crate) fn finish(&mut self, item: &ItemId, outbox: &mut Outbox) {
        if let Some(report) = self.queue.close(item) {
            outbox.send(report);
        }
    }

    pub(crate) fn set_volume(&mut self, volume: f32) {
        self.volume = limited(volume);
    }

    pub(crate) fn set_hushed(&mut self, hushed: bool) {
        self.hushed = hushed;
    }

    pub(crate) fn flush(&mut self, outbox: &mut Outbox) {
        let cut = self.queue.cut();
        self.tail = false;
        self.full_since = None;
        self.up.reset();
        let Some(line) = &mut self.line else {
            return self.queue.settle(cut, self.queue.taken(), |report| outbox.send(report));
        };
        line.down.reset();
        let target = line.lane.flush();
        let now = Instant::now();
        if let Some(earlier) = line.cut.take() {
            let position = line.position(now, self.up.delay());
            self.queue.settle(earlier.cut, position, |report| outbox.send(report));
        }
        if cut.is_empty() {
            self.queue.settle(cut, self.queue.taken(), |report| outbox.send(report));
        } else {
            line.cut = Some(PendingCut { cut, target, asked_at: now });
        }
    }

    /// One round: learn what was heard, tell it, and fill the ring again.
    pub(crate) fn pump(&mut self, processor: &mut Processor, meters: &Meters, outbox: &mut Outbox) {
        let now = Instant::now();
        let position = match &mut self.line {
            Some(line) => {
                meters.underruns.fetch_add(line.read_ticks(self.full_since, processor), Ordering::Relaxed);
                meters.learn_callback(Direction::Speaker, line.asked);
                line.read_heard(processor, meters);
                let delay = self.up.delay();
                if let Some((cut, position)) = line.cut_done(now, delay) {
                    self.queue.settle(cut, position, |report| outbox.send(report));
                }
                line.position(now, delay)
            }
            None => {
                meters.set_level(Direction::Speaker, SILENCE_DBFS);
                self.play_into_nothing(now);
                self.queue.taken()
            }
        };
        self.queue.hear(position, |report| outbox.send(report));
        if now.duration_since(self.progress_at) >= PROGRESS_EVERY
            && let Some(played) = self.queue.playing()
        {
            self.progress_at = now;
            outbox.send(Report::Progress(played));
        }
        self.fill(meters);
    }

    /// Keeps a little more in the ring than the device is going to ask for. Nothing is put there
    /// while nothing is said: the callback makes its own silence, and the next word goes out at once.
    fn fill(&mut self, meters: &Meters) {
        let Some(line) = &mut self.line else { return };
        let step = line.lane.rate_hz as usize / 100;
        let ahead = (line.asked.max(step) * 2 + step).min(step * 25);
        while line.lane.waiting() < ahead {
            let waiting = self.queue.waiting();
            self.wire.resize(self.up.wanted(), 0.0);
            if waiting == 0 && !self.tail {
                break;
            }
            // The rest of a step may be on its way: silence in the middle of a word only when the
            // ring would run dry otherwise.
            let more_to_come = waiting < self.wire.len() && !self.queue.ends_closed();
            if more_to_come && line.lane.waiting() > step {
                break;
            }
            self.tail = waiting > 0;
            meters.underruns.fetch_add(self.queue.take(&mut self.wire), Ordering::Relaxed);
            let mut sound = [0.0; STEP];
            let target = if self.hushed { 0.0 } else { self.volume };
            let (mut gain, slope) = (self.gain, (target - self.gain) / STEP as f32);
            for (sound, &sample) in sound.iter_mut().zip(self.up.process(&self.wire)) {
                gain += slope;
                *sound = sample * gain;
            }
            self.gain = target;
            for &sample in line.down.process(&sound) {
                line.lane.push(sample.clamp(-1.0, 1.0));
            }
            let spoken = waiting - self.queue.waiting();
            meters.handed_over.fetch_add(spoken as u64, Ordering::Relaxed);
            line.marks.push_back(Mark { device: line.lane.pushed, wire: self.queue.taken() });
        }
        self.full_since = match self.queue.waiting() {
            0 => None,
            _ => self.full_since.or_else(|| Some(Instant::now())),
        };
    }

    fn play_into_nothing(&mut self, now: Instant) {
        // Asleep, idle, or waiting: nothing to catch up with.
        if now < self.patient_until
            || !self.queue.is_speaking()
            || now.duration_since(self.clock) > Duration::from_secs(1)
        {
            self.clock = now + STEP_TIME;
        }
        while self.clock <= now {
            self.queue.take(&mut [0.0; WIRE_STEP]);
            self.clock += STEP_TIME;
        }
    }
}

impl Line {
    /// Gives the number of callbacks that found too little although there was more to say.
    fn read_ticks(&mut self, full_since: Option<Instant>, processor: &mut Processor) -> u64 {
        let mut underruns = 0;
        while let Ok(tick) = self.lane.ticks.pop() {
            let short = tick.to - tick.from < tick.asked as u64;
            underruns += u64::from(short && full_since.is_some_and(|since| since < tick.at));
            self.asked = tick.asked.max(self.asked - self.asked / 64);
            let heard = tick.heard as f64 * f64::from(RATE_HZ) / f64::from(self.lane.rate_hz);
            processor.speaker_called(heard + self.tap.delay() as f64, tick.at, tick.latency);
            self.tick = Some(tick);
            self.taking = self.tick.filter(|tick| tick.to > tick.from).or(self.taking);
        }
        underruns
    }

    fn read_heard(&mut self, processor: &mut Processor, meters: &Meters) {
        let mut wanted = self.tap.wanted();
        while self.lane.heard.slots() >= wanted {
            self.tapped.clear();
            self.tapped.extend((0..wanted).map_while(|_| self.lane.heard.pop().ok()));
            let frame = self.tap.process(&self.tapped);
            if frame.len() == STEP {
                processor.heard(frame);
                meters.set_level(Direction::Speaker, rms_dbfs(frame));
            }
            wanted = self.tap.wanted();
        }
    }

    /// The cut that the device has carried out, and where on the timeline.
    fn cut_done(&mut self, now: Instant, up_delay: usize) -> Option<(Cut, u64)> {
        let pending = self.cut.as_ref()?;
        let done = self.tick.filter(|tick| tick.flushed_to >= pending.target);
        if done.is_none() && now.duration_since(pending.asked_at) < FLUSH_PATIENCE {
            return None;
        }
        let position = match done {
            Some(tick) => {
                let late = self.samples(tick.latency);
                self.wire_position(tick.flushed_from.saturating_sub(late), up_delay)
            }
            None => self.position(now, up_delay),
        };
        self.cut.take().map(|pending| (pending.cut, position))
    }

    /// Where on the timeline the ear is now.
    fn position(&mut self, now: Instant, up_delay: usize) -> u64 {
        let Some(tick) = self.taking else { return self.wire_position(0, up_delay) };
        let since = self.samples(now.saturating_duration_since(tick.at));
        let heard = (tick.from + since).saturating_sub(self.samples(tick.latency)).min(tick.to);
        let position = self.wire_position(heard, up_delay);
        // Nobody asks for anything before the mark that is behind the ear.
        while self.marks.get(1).is_some_and(|next| next.wire < position) && self.cut.is_none() {
            self.marks.pop_front();
        }
        position
    }

    /// Where the ear was in the last callback.
    fn last_position(&mut self, up_delay: usize) -> u64 {
        let at = self.tick.map_or_else(Instant::now, |tick| tick.at);
        self.position(at, up_delay)
    }

    fn samples(&self, time: Duration) -> u64 {
        (time.min(MOST_LATENCY).as_secs_f64() * f64::from(self.lane.rate_hz)) as u64
    }

    fn wire_position(&self, device: u64, up_delay: usize) -> u64 {
        let rate = u64::from(self.lane.rate_hz);
        let delay = up_delay as u64 * rate / u64::from(RATE_HZ) + self.down.delay() as u64;
        let device = device.saturating_sub(delay);
        let Some(first) = self.marks.front() else { return 0 };
        let after = self.marks.partition_point(|mark| mark.device <= device);
        let before = self.marks.get(after.saturating_sub(1)).unwrap_or(first);
        let passed = device.saturating_sub(before.device) * u64::from(WIRE_RATE_HZ) / rate;
        match self.marks.get(after) {
            Some(next) => (before.wire + passed).min(next.wire),
            None => before.wire,
        }
    }
}

fn limited(volume: f32) -> f32 {
    if volume.is_finite() { volume.clamp(0.0, 1.0) } else { 1.0 }
}

#[cfg(test)]
mod tests;

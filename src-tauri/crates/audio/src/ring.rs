//! What a device callback may do: move samples between its buffer and a wait-free ring, and leave
//! a note of it. No lock, no allocation, no log, no system call.
//!
//! Public so that a test with an allocator of its own can prove it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cpal::{FromSample, SizedSample};
use rtrb::{Consumer, Producer, RingBuffer};

/// Notes that may wait for the audio thread: more than a second of the shortest callbacks. A note
/// that finds no room is left out; the next one carries the same counters.
const TICKS: usize = 512;

/// Written by a device's callback, watched by its keeper.
#[derive(Debug, Default)]
pub struct Pulse {
    /// Callbacks so far.
    pub callbacks: AtomicU64,
}

/// One microphone callback.
#[derive(Clone, Copy, Debug)]
pub struct CaptureTick {
    pub at: Instant,
    /// From the capture of its first sample until this callback.
    pub latency: Duration,
    /// Samples put into the ring before this callback.
    pub from: u64,
    /// Samples put into the ring so far, this callback's included.
    pub pushed: u64,
    /// Samples so far that found no room.
    pub lost: u64,
}

/// The microphone callback's end of the ring.
#[derive(Debug)]
pub struct CaptureEnd {
    samples: Producer<f32>,
    ticks: Producer<CaptureTick>,
    pulse: Arc<Pulse>,
    channels: usize,
    pushed: u64,
    lost: u64,
}

/// The audio thread's end.
#[derive(Debug)]
pub struct CaptureLane {
    pub samples: Consumer<f32>,
    pub ticks: Consumer<CaptureTick>,
    pub rate_hz: u32,
}

/// A ring for half a second of microphone sound.
pub fn capture(rate_hz: u32, channels: u16) -> (CaptureEnd, CaptureLane, Arc<Pulse>) {
    let (samples, samples_out) = RingBuffer::new(rate_hz as usize / 2);
    let (ticks, ticks_out) = RingBuffer::new(TICKS);
    let pulse = Arc::new(Pulse::default());
    let channels = usize::from(channels.max(1));
    let end = CaptureEnd { samples, ticks, pulse: pulse.clone(), channels, pushed: 0, lost: 0 };
    (end, CaptureLane { samples: samples_out, ticks: ticks_out, rate_hz }, pulse)
}

impl CaptureEnd {
    /// Takes what the device heard, averaging its channels. `latency`: since the first of these
    /// samples was captured.
    pub fn take<T: SizedSample>(&mut self, data: &[T], latency: Duration)
    where
        f32: FromSample<T>,
    {
        self.take_by(data, latency, f32::from_sample_);
    }

    /// [`CaptureEnd::take`] for 24 bits in 32: PulseAudio leaves the upper byte empty, so that the
    /// sign has to be drawn up from the 24th bit.
    pub fn take_24(&mut self, data: &[cpal::I24], latency: Duration) {
        self.take_by(data, latency, |sample| (sample.inner() << 8 >> 8) as f32 / 8_388_608.0);
    }

    fn take_by<T: Copy>(&mut self, data: &[T], latency: Duration, to_f32: impl Fn(T) -> f32) {
        let from = self.pushed;
        let scale = 1.0 / self.channels as f32;
        for frame in data.chunks_exact(self.channels) {
            let sum: f32 = frame.iter().map(|&sample| to_f32(sample)).sum();
            // One NaN of a broken driver would silence the resampler for ever.
            let mono = if sum.is_finite() { sum * scale } else { 0.0 };
            match self.samples.push(mono) {
                Ok(()) => self.pushed += 1,
                Err(_) => self.lost += 1,
            }
        }
        let tick = CaptureTick { at: Instant::now(), latency, from, pushed: self.pushed, lost: self.lost };
        // A full ring is no loss here: the counters are totals.
        let _ = self.ticks.push(tick);
        self.pulse.callbacks.fetch_add(1, Ordering::Relaxed);
    }
}

/// One loudspeaker callback. Positions count samples taken from the ring since it was made, both
/// those handed to the device and those thrown away by a flush.
#[derive(Clone, Copy, Debug)]
pub struct PlaybackTick {
    pub at: Instant,
    /// Position of the first sample handed over in this callback.
    pub from: u64,
    /// Position after the last.
    pub to: u64,
    /// From this callback until the first of its samples is heard.
    pub latency: Duration,
    /// Samples the device asked for.
    pub asked: usize,
    /// Samples put into [`PlaybackLane::heard`] before this callback.
    pub heard: u64,
    /// Up to where the last flush has thrown away, and from where.
    pub flushed_to: u64,
    pub flushed_from: u64,
}

/// The loudspeaker callback's end of the rings.
#[derive(Debug)]
pub struct PlaybackEnd {
    samples: Consumer<f32>,
    heard: Producer<f32>,
    heard_so_far: u64,
    ticks: Producer<PlaybackTick>,
    flush_to: Arc<AtomicU64>,
    pulse: Arc<Pulse>,
    channels: usize,
    position: u64,
    flushed_to: u64,
    flushed_from: u64,
}

/// The audio thread's end.
#[derive(Debug)]
pub struct PlaybackLane {
    pub samples: Producer<f32>,
    /// Exactly what was handed to the device, silences included, in mono.
    pub heard: Consumer<f32>,
    pub ticks: Consumer<PlaybackTick>,
    pub rate_hz: u32,
    /// Samples put into the ring so far.
    pub pushed: u64,
    flush_to: Arc<AtomicU64>,
}

/// Rings for half a second of loudspeaker sound.
pub fn playback(rate_hz: u32, channels: u16) -> (PlaybackEnd, PlaybackLane, Arc<Pulse>) {
    let (samples, samples_out) = RingBuffer::new(rate_hz as usize / 2);
    let (heard, heard_out) = RingBuffer::new(rate_hz as usize / 2);
    let (ticks, ticks_out) = RingBuffer::new(TICKS);
    let pulse = Arc::new(Pulse::default());
    let flush_to = Arc::new(AtomicU64::new(0));
    let end = PlaybackEnd {
        samples: samples_out,
        heard,
        heard_so_far: 0,
        ticks,
        flush_to: flush_to.clone(),
        pulse: pulse.clone(),
        channels: usize::from(channels.max(1)),
        position: 0,
        flushed_to: 0,
        flushed_from: 0,
    };
    let lane = PlaybackLane { samples, heard: heard_out, ticks: ticks_out, rate_hz, pushed: 0, flush_to };
    (end, lane, pulse)
}

impl PlaybackEnd {
    /// Gives the device what it asks for, the same on every channel, and silence where nothing is
    /// there. `latency`: from now until the first of these samples is heard.
    pub fn give<T: SizedSample + FromSample<f32>>(&mut self, data: &mut [T], latency: Duration) {
        self.flush();
        let (from, heard) = (self.position, self.heard_so_far);
        let mut asked = 0;
        for frame in data.chunks_mut(self.channels) {
            let mono = match self.samples.pop() {
                Ok(sample) => {
                    self.position += 1;
                    sample
                }
                Err(_) => 0.0,
            };
            frame.fill(T::from_sample_(mono));
            // Full only when the audio thread stands still; then there is nobody to cancel echo for.
            self.heard_so_far += u64::from(self.heard.push(mono).is_ok());
            asked += 1;
        }
        let tick = PlaybackTick {
            at: Instant::now(),
            from,
            to: self.position,
            latency,
            asked,
            heard,
            flushed_to: self.flushed_to,
            flushed_from: self.flushed_from,
        };
        let _ = self.ticks.push(tick);
        self.pulse.callbacks.fetch_add(1, Ordering::Relaxed);
    }

    fn flush(&mut self) {
        let to = self.flush_to.load(Ordering::Acquire);
        if to <= self.flushed_to {
            return;
        }
        self.flushed_from = self.position;
        self.flushed_to = to;
        let stale = to.saturating_sub(self.position) as usize;
        if let Ok(chunk) = self.samples.read_chunk(stale.min(self.samples.slots())) {
            self.position += chunk.len() as u64;
            chunk.commit_all();
        }
    }
}

impl PlaybackLane {
    /// Puts a sample into the ring; false when there is no room.
    pub fn push(&mut self, sample: f32) -> bool {
        let pushed = self.samples.push(sample).is_ok();
        self.pushed += u64::from(pushed);
        pushed
    }

    /// Has the next callback throw away everything pushed so far; answered by the tick that carries
    /// the returned position as `flushed_to`.
    pub fn flush(&mut self) -> u64 {
        self.flush_to.store(self.pushed, Ordering::Release);
        self.pushed
    }

    /// Samples waiting in the ring.
    pub fn waiting(&self) -> usize {
        self.samples.buffer().capacity() - self.samples.slots()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard<T: SizedSample>(channels: u16, data: &[T]) -> Vec<f32>
    where
        f32: FromSample<T>,
    {
        let (mut end, mut lane, _) = capture(8_000, channels);
        end.take(data, Duration::ZERO);
        std::iter::from_fn(|| lane.samples.pop().ok()).collect()
    }

    fn given<T: SizedSample + FromSample<f32>>(channels: u16, sound: &[f32], asked: usize) -> Vec<T> {
        let (mut end, mut lane, _) = playback(8_000, channels);
        assert!(sound.iter().all(|&sample| lane.push(sample)));
        let mut data = vec![T::EQUILIBRIUM; asked];
        end.give(&mut data, Duration::ZERO);
        data
    }

    #[test]
    fn channels_are_averaged_on_the_way_in_and_doubled_on_the_way_out() {
        assert_eq!(heard(2, &[1.0f32, 0.0, -0.5, 0.5]), [0.5, 0.0]);
        assert_eq!(heard(3, &[0.75f32, 0.75, 0.0, 0.1]), [0.5]);
        assert_eq!(given::<f32>(3, &[0.5, -1.0], 9), [0.5, 0.5, 0.5, -1.0, -1.0, -1.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn every_format_means_the_same() {
        assert_eq!(heard(1, &[16_384i16, -32_768]), [0.5, -1.0]);
        assert_eq!(heard(1, &[128u8, 0]), [0.0, -1.0]);
        assert_eq!(heard(1, &[1i32 << 30]), [0.5]);
        assert_eq!(given::<i16>(1, &[1.0, -1.0, 0.5], 4), [32_767, -32_768, 16_384, 0]);
        assert_eq!(given::<u8>(1, &[0.0, -1.0], 3), [128, 0, 128]);
    }

    #[test]
    fn the_sign_of_24_bits_is_kept_with_and_without_its_upper_byte() {
        let (mut end, mut lane, _) = capture(8_000, 1);
        end.take_24(&[-4_194_304, 0x00C0_0000, 4_194_304].map(cpal::I24::new_unchecked), Duration::ZERO);
        let heard: Vec<f32> = std::iter::from_fn(|| lane.samples.pop().ok()).collect();
        assert_eq!(heard, [-0.5, -0.5, 0.5]);
    }

    #[test]
    fn a_broken_sample_is_silence() {
        assert_eq!(heard(1, &[f32::NAN, f32::INFINITY, 0.25]), [0.0, 0.0, 0.25]);
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        let (mut end, mut lane, pulse) = capture(8_000, 1);
        end.take(&[0.0f32; 4_100], Duration::ZERO);
        let tick = lane.ticks.pop().unwrap();
        assert_eq!((tick.pushed, tick.lost), (4_000, 100));
        assert_eq!(pulse.callbacks.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_flush_silences_the_very_next_callback_and_nothing_that_comes_after() {
        let (mut end, mut lane, _) = playback(8_000, 1);
        (0..100).for_each(|_| assert!(lane.push(0.5)));
        let mut data = [0.0f32; 10];
        end.give(&mut data, Duration::ZERO);
        assert_eq!(data, [0.5; 10]);
        assert_eq!(lane.flush(), 100);
        assert!(lane.push(0.25));
        end.give(&mut data, Duration::ZERO);
        assert_eq!(data, [0.25, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let tick = std::iter::from_fn(|| lane.ticks.pop().ok()).last().unwrap();
        assert_eq!((tick.flushed_from, tick.flushed_to, tick.from, tick.to), (10, 100, 100, 101));
        let heard: Vec<f32> = std::iter::from_fn(|| lane.heard.pop().ok()).collect();
        assert_eq!(heard[..11], [[0.5; 10].as_slice(), &[0.25]].concat());
    }
}

//! One thread per device: open its stream, watch it, and open it again.
//!
//! Opening and closing may block for as long as the system likes; done here, it never holds up the
//! audio thread or the other device.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, SampleFormat, StreamConfig, SupportedBufferSize, SupportedStreamConfig};
use flume::RecvTimeoutError;
use rtrb::{Consumer, RingBuffer};

use crate::device::{self, HostChoice, choose, describe_format, explain, explain_loss, id_of, native_config};
use crate::engine::DeviceChoice;
use crate::error::DeviceError;
use crate::port::{DeviceFormat, Direction};
use crate::ring::{self, CaptureEnd, CaptureLane, PlaybackEnd, PlaybackLane, Pulse};

const RETRY: Duration = Duration::from_secs(1);
/// How often a running stream is looked after.
const LOOK: Duration = Duration::from_millis(50);
/// The same until its first callback has been seen.
const LOOK_EARLY: Duration = Duration::from_millis(5);
/// The first callback may come seconds after the start (PulseAudio with its default buffer: 4 s).
const FIRST_SOUND: Duration = Duration::from_secs(6);
/// A stream that ran and does not call back for so long is dead, whatever its system says: the
/// computer slept, or the device was pulled out.
const SILENT: Duration = Duration::from_secs(2);
/// How often the system is asked which device is the chosen one now.
const CHOICE: Duration = Duration::from_secs(2);
/// How long a sound server may take to make a stream.
const BUILD: Duration = Duration::from_secs(5);

/// What the audio thread wants of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Want {
    Open,
    Close,
}

/// What the audio thread learns.
pub(crate) enum News {
    Microphone(CaptureLane),
    Speaker(PlaybackLane),
    /// The first samples have passed.
    Running(DeviceFormat),
    /// The stream is gone because the audio thread wanted so.
    Closed,
    /// The stream is gone and a new one comes at once.
    Moving,
    Failed(DeviceError),
}

pub(crate) struct Keeper {
    pub(crate) direction: Direction,
    pub(crate) choice: DeviceChoice,
    pub(crate) host: HostChoice,
    pub(crate) wants: flume::Receiver<Want>,
    pub(crate) news: flume::Sender<News>,
}

struct Running {
    /// Closed by being dropped.
    _stream: cpal::Stream,
    host: cpal::Host,
    format: DeviceFormat,
    pulse: Arc<Pulse>,
    errors: Consumer<cpal::Error>,
}

enum Outcome {
    Stop,
    Close,
    Move,
    Lost(DeviceError),
}

impl Keeper {
    /// Runs until the audio thread is gone; then no stream is open.
    pub(crate) fn run(self) {
        let mut reported: Option<DeviceError> = None;
        while let Ok(want) = self.wants.recv() {
            if want == Want::Close {
                continue;
            }
            loop {
                let began = Instant::now();
                let outcome = match self.open() {
                    Ok(running) => self.watch(running, &mut reported),
                    Err(error) => Outcome::Lost(error),
                };
                let news = match outcome {
                    Outcome::Stop => return,
                    Outcome::Close => {
                        reported = None;
                        self.tell(News::Closed);
                        break;
                    }
                    Outcome::Move => News::Moving,
                    Outcome::Lost(error) if reported.as_ref() == Some(&error) => News::Moving,
                    Outcome::Lost(error) => {
                        tracing::warn!(direction = ?self.direction, %error, "keeping a device open");
                        reported = Some(error.clone());
                        News::Failed(error)
                    }
                };
                self.tell(news);
                // At once after a stream that ran for a while, never in a hurry after one that did not.
                match self.wants.recv_timeout(RETRY.saturating_sub(began.elapsed())) {
                    Ok(Want::Close) => {
                        reported = None;
                        self.tell(News::Closed);
                        break;
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                    Ok(Want::Open) | Err(RecvTimeoutError::Timeout) => {}
                }
            }
        }
    }

    fn tell(&self, news: News) {
        if self.news.send(news).is_err() {
            tracing::debug!("the audio thread has ended");
        }
    }

    fn open(&self) -> Result<Running, DeviceError> {
        let host = device::open_host(self.host)?;
        let device = choose(&host, self.direction, &self.choice)?;
        let config = native_config(&device, self.direction).map_err(|e| explain(self.direction, &e))?;
        let format = describe_format(&device, &config);
        let fixed = fixed_buffer(&config);
        let (stream, pulse, errors) = match self.build(&device, &config, fixed) {
            Err(error) if fixed != BufferSize::Default && error.kind() == ErrorKind::UnsupportedConfig => {
                self.build(&device, &config, BufferSize::Default)
            }
            other => other,
        }
        .map_err(|error| explain(self.direction, &error))?;
        stream.play().map_err(|error| explain(self.direction, &error))?;
        Ok(Running { _stream: stream, host, format, pulse, errors })
    }

    fn build(
        &self,
        device: &cpal::Device,
        supported: &SupportedStreamConfig,
        buffer_size: BufferSize,
    ) -> Result<(cpal::Stream, Arc<Pulse>, Consumer<cpal::Error>), cpal::Error> {
        let config = StreamConfig { buffer_size, ..supported.config() };
        let (rate, channels, format) = (config.sample_rate, config.channels, supported.sample_format());
        let unusable = || cpal::Error::with_message(ErrorKind::UnsupportedConfig, format.to_string());
        let (mut error_in, errors) = RingBuffer::new(8);
        // Moving an error into a ring takes no lock; one too many is dropped.
        let on_error = move |error: cpal::Error| drop(error_in.push(error));
        let (stream, pulse, lane) = match self.direction {
            Direction::Microphone => {
                let (mut end, lane, pulse) = ring::capture(rate, channels);
                let take = taker(format).ok_or_else(unusable)?;
                let on_data = move |data: &cpal::Data, info: &cpal::InputCallbackInfo| {
                    let times = info.timestamp();
                    take(&mut end, data, times.callback - times.capture);
                };
                let stream = device.build_input_stream_raw(config, format, on_data, on_error, Some(BUILD))?;
                (stream, pulse, News::Microphone(lane))
            }
            Direction::Speaker => {
                let (mut end, lane, pulse) = ring::playback(rate, channels);
                let give = giver(format).ok_or_else(unusable)?;
                let on_data = move |data: &mut cpal::Data, info: &cpal::OutputCallbackInfo| {
                    let times = info.timestamp();
                    give(&mut end, data, times.playback - times.callback);
                };
                let stream =
                    device.build_output_stream_raw(config, format, on_data, on_error, Some(BUILD))?;
                (stream, pulse, News::Speaker(lane))
            }
        };
        self.tell(lane);
        Ok((stream, pulse, errors))
    }

    /// Looks after a stream until it has to go. It is gone when this returns.
    fn watch(&self, mut running: Running, reported: &mut Option<DeviceError>) -> Outcome {
        let mut seen = 0;
        let mut seen_at = Instant::now();
        let mut asked_at = Instant::now();
        loop {
            let look = if seen == 0 { LOOK_EARLY } else { LOOK };
            match self.wants.recv_timeout(look) {
                Ok(Want::Close) => return Outcome::Close,
                Err(RecvTimeoutError::Disconnected) => return Outcome::Stop,
                Ok(Want::Open) | Err(RecvTimeoutError::Timeout) => {}
            }
            while let Ok(error) = running.errors.pop() {
                match error.kind() {
                    ErrorKind::Xrun | ErrorKind::RealtimeDenied => {
                        tracing::debug!(direction = ?self.direction, %error, "a stream stumbled");
                    }
                    ErrorKind::DeviceChanged => return Outcome::Move,
                    _ => return Outcome::Lost(explain_loss(self.direction, &error)),
                }
            }
            let callbacks = running.pulse.callbacks.load(Ordering::Relaxed);
            if callbacks != seen {
                if seen == 0 {
                    *reported = None;
                    self.tell(News::Running(running.format.clone()));
                }
                (seen, seen_at) = (callbacks, Instant::now());
            }
            let patience = if seen == 0 { FIRST_SOUND } else { SILENT };
            if seen_at.elapsed() > patience {
                let name = &running.format.name;
                return Outcome::Lost(DeviceError::Lost(format!("{name} has stopped without a word")));
            }
            if asked_at.elapsed() > CHOICE {
                asked_at = Instant::now();
                let chosen = choose(&running.host, self.direction, &self.choice);
                let id = chosen.ok().and_then(|device| id_of(&device).ok());
                if id.is_some_and(|id| id != running.format.id) {
                    let DeviceFormat { id, name, .. } = &running.format;
                    let here = id.parse().is_ok_and(|id| running.host.device_by_id(&id).is_some());
                    let gone = || DeviceError::Lost(format!("{name} is no longer there"));
                    return if here { Outcome::Move } else { Outcome::Lost(gone()) };
                }
            }
        }
    }
}

/// 10 ms, as far as the device lets itself be told.
fn fixed_buffer(config: &SupportedStreamConfig) -> BufferSize {
    let wanted = config.sample_rate() / 100;
    match *config.buffer_size() {
        SupportedBufferSize::Range { min, max } if min <= max => BufferSize::Fixed(wanted.clamp(min, max)),
        _ => BufferSize::Fixed(wanted),
    }
}

type Take = fn(&mut CaptureEnd, &cpal::Data, Duration);
type Give = fn(&mut PlaybackEnd, &mut cpal::Data, Duration);

fn take<T: cpal::SizedSample>(end: &mut CaptureEnd, data: &cpal::Data, latency: Duration)
where
    f32: cpal::FromSample<T>,
{
    if let Some(samples) = data.as_slice::<T>() {
        end.take(samples, latency);
    }
}

fn take_24(end: &mut CaptureEnd, data: &cpal::Data, latency: Duration) {
    if let Some(samples) = data.as_slice::<cpal::I24>() {
        end.take_24(samples, latency);
    }
}

fn give<T: cpal::SizedSample + cpal::FromSample<f32>>(
    end: &mut PlaybackEnd,
    data: &mut cpal::Data,
    latency: Duration,
) {
    if let Some(samples) = data.as_slice_mut::<T>() {
        end.give(samples, latency);
    }
}

fn taker(format: SampleFormat) -> Option<Take> {
    Some(match format {
        SampleFormat::I8 => take::<i8>,
        SampleFormat::I16 => take::<i16>,
        SampleFormat::I24 => take_24,
        SampleFormat::I32 => take::<i32>,
        SampleFormat::I64 => take::<i64>,
        SampleFormat::U8 => take::<u8>,
        SampleFormat::U16 => take::<u16>,
        SampleFormat::U24 => take::<cpal::U24>,
        SampleFormat::U32 => take::<u32>,
        SampleFormat::U64 => take::<u64>,
        SampleFormat::F32 => take::<f32>,
        SampleFormat::F64 => take::<f64>,
        _ => return None,
    })
}

fn giver(format: SampleFormat) -> Option<Give> {
    Some(match format {
        SampleFormat::I8 => give::<i8>,
        SampleFormat::I16 => give::<i16>,
        SampleFormat::I24 => give::<cpal::I24>,
        SampleFormat::I32 => give::<i32>,
        SampleFormat::I64 => give::<i64>,
        SampleFormat::U8 => give::<u8>,
        SampleFormat::U16 => give::<u16>,
        SampleFormat::U24 => give::<cpal::U24>,
        SampleFormat::U32 => give::<u32>,
        SampleFormat::U64 => give::<u64>,
        SampleFormat::F32 => give::<f32>,
        SampleFormat::F64 => give::<f64>,
        _ => return None,
    })
}

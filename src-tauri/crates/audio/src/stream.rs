//! A stream of one device: how its samples get into the rings and out of them, and what it complains of.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use cpal::traits::{DeviceTrait, StreamTrait};
use cpal::{BufferSize, ErrorKind, SampleFormat, StreamConfig, SupportedBufferSize, SupportedStreamConfig};
use rtrb::{Consumer, RingBuffer};

use crate::device::explain_loss;
use crate::error::DeviceError;
use crate::port::Direction;
use crate::ring::{self, CaptureEnd, CaptureLane, PlaybackEnd, PlaybackLane, Pulse};

/// How long a sound server may take to make a stream.
const BUILD: Duration = Duration::from_secs(5);

/// The other end of a stream's rings.
pub(crate) enum Lane {
    Microphone(CaptureLane),
    Speaker(PlaybackLane),
}

/// Why a running stream has to go.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The system plays on another device, or in another format, from now on.
    Changed,
    Lost(DeviceError),
}

pub(crate) struct Stream {
    /// Closed by being dropped.
    _stream: cpal::Stream,
    pulse: Arc<Pulse>,
    errors: Consumer<cpal::Error>,
}

impl Stream {
    /// Opens a stream and lets it run; nothing says yet that it flows.
    ///
    /// # Errors
    /// What the sound system says; [`ErrorKind::UnsupportedConfig`] also for a sample format that nobody
    /// here reads.
    pub(crate) fn open(
        direction: Direction,
        device: &cpal::Device,
        supported: &SupportedStreamConfig,
        buffer_size: BufferSize,
    ) -> Result<(Self, Lane), cpal::Error> {
        let config = StreamConfig { buffer_size, ..supported.config() };
        let (rate, channels, format) = (config.sample_rate, config.channels, supported.sample_format());
        let unusable = || cpal::Error::with_message(ErrorKind::UnsupportedConfig, format.to_string());
        let (mut error_in, errors) = RingBuffer::new(8);
        // Moving an error into a ring takes no lock; one too many is dropped.
        let on_error = move |error: cpal::Error| drop(error_in.push(error));
        let (stream, pulse, lane) = match direction {
            Direction::Microphone => {
                let (mut end, lane, pulse) = ring::capture(rate, channels);
                let take = taker(format).ok_or_else(unusable)?;
                let on_data = move |data: &cpal::Data, info: &cpal::InputCallbackInfo| {
                    let times = info.timestamp();
                    take(&mut end, data, times.callback - times.capture);
                };
                let stream = device.build_input_stream_raw(config, format, on_data, on_error, Some(BUILD))?;
                (stream, pulse, Lane::Microphone(lane))
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
                (stream, pulse, Lane::Speaker(lane))
            }
        };
        stream.play()?;
        Ok((Self { _stream: stream, pulse, errors }, lane))
    }

    /// How often it has called back so far.
    pub(crate) fn callbacks(&self) -> u64 {
        self.pulse.callbacks.load(Ordering::Relaxed)
    }

    /// What the stream has complained of that ends it.
    pub(crate) fn trouble(&mut self, direction: Direction) -> Option<Trouble> {
        while let Ok(error) = self.errors.pop() {
            match error.kind() {
                ErrorKind::Xrun | ErrorKind::RealtimeDenied => {
                    tracing::debug!(?direction, %error, "a stream stumbled");
                }
                ErrorKind::DeviceChanged => return Some(Trouble::Changed),
                _ => return Some(Trouble::Lost(explain_loss(direction, &error))),
            }
        }
        None
    }
}

/// 10 ms, as far as the device lets itself be told.
pub(crate) fn fixed_buffer(config: &SupportedStreamConfig) -> BufferSize {
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

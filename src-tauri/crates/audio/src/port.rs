//! What the audio side and the call say to each other.
//!
//! Every queue here is bounded; the two sides share no lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::error::DeviceError;

/// The wire's sample rate in Hz: mono, signed 16 bit.
pub const WIRE_RATE_HZ: u32 = 24_000;
/// Samples in one [`Frame`]: 20 ms at [`WIRE_RATE_HZ`].
pub const FRAME_SAMPLES: usize = 480;
/// Length of one [`Frame`] in milliseconds.
pub const FRAME_MS: u64 = 20;

/// Capacity of the microphone queue in frames (1 s). When the call falls behind, the newest frame
/// is dropped and counted in [`Meters::dropped_frames`].
pub const FRAME_QUEUE: usize = 50;
/// Capacity of the control queue.
pub const CONTROL_QUEUE: usize = 256;
/// Capacity of the report queue.
pub const REPORT_QUEUE: usize = 256;

/// The wire's `item_id` of one utterance.
pub type ItemId = Arc<str>;

/// 20 ms of microphone sound: mono, 24 kHz, after the canceller.
#[derive(Clone, Debug)]
pub struct Frame {
    pub samples: [i16; FRAME_SAMPLES],
    /// When the last of these samples left the capture callback.
    pub captured_at: Instant,
}

/// What becomes of the microphone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Gate {
    /// Sound passes.
    #[default]
    Open,
    /// Capture runs, every frame is silence.
    Silent,
    /// The capture stream is closed, so the system's microphone indicator goes out. No frames come.
    Released,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    Microphone,
    Speaker,
}

/// What is done to the microphone's sound before anybody hears it. With everything off it passes bit
/// by bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase", default)]
pub struct Processing {
    /// Take the loudspeaker's sound out of it.
    pub echo: bool,
    /// Suppress steady noise.
    pub noise: bool,
    /// Bring quiet voices up, gently.
    pub gain: bool,
}

impl Default for Processing {
    fn default() -> Self {
        Self { echo: true, noise: true, gain: true }
    }
}

impl Processing {
    pub const OFF: Self = Self { echo: false, noise: false, gain: false };
}

/// From the call to the audio thread.
#[derive(Clone, Debug, PartialEq)]
pub enum Control {
    /// More sound of `item`: mono, 24 kHz. Played in the order given.
    Speak {
        item: ItemId,
        samples: Vec<i16>,
    },
    /// Nothing more will come for `item`; answered by [`Report::Finished`] once all of it was heard,
    /// and at once, with what was heard of it, where it has been flushed.
    Finish {
        item: ItemId,
    },
    /// Silence now; answered by [`Report::Flushed`].
    Flush,
    Gate(Gate),
    /// Linear gain of the loudspeaker, 0.0 to 1.0.
    Volume(f32),
    /// The loudspeaker is silent, whatever its volume; what is played counts as heard all the same.
    Hush(bool),
    /// The devices to use from now on, as in [`EngineOptions`](crate::EngineOptions).
    Prefer {
        direction: Direction,
        order: Vec<String>,
    },
    /// What is done to the microphone's sound from now on.
    Process(Processing),
}

/// How much of an item has really left the loudspeaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    pub item: ItemId,
    /// Milliseconds of the item's own sound, the device's latency taken off.
    pub ms: u64,
}

/// From the audio thread to the call.
#[derive(Clone, Debug)]
pub enum Report {
    /// The first sample of an item is leaving the loudspeaker.
    Started { item: ItemId },
    /// At most ten a second; the only report that may be dropped when the queue is full.
    Progress(Played),
    /// The last sample of an item has left the loudspeaker.
    Finished(Played),
    /// The loudspeaker is silent. Every item that was queued or half played, in playing order
    /// (0 ms where nothing of it was heard).
    Flushed(Vec<Played>),
    /// A stream runs: its first samples have been seen.
    Opened { direction: Direction, device: DeviceFormat },
    /// Another device than before runs, and not because somebody preferred it just now; told after
    /// its [`Report::Opened`]. `from` and `to` are names.
    Moved { direction: Direction, from: String, to: String, why: Move },
    /// Somebody is speaking although the gate is [`Gate::Silent`]; told at most every 10 s.
    SpokenUnheard,
    /// The microphone has given nothing but digital zeros for 3 s (`dead`), or gives sound again.
    Zeros { dead: bool },
    /// A stream was closed on purpose.
    Closed { direction: Direction },
    /// A stream could not be opened, or broke. The audio thread goes on and tries again.
    Failed { direction: Direction, error: DeviceError },
}

/// Why another device is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// The one before is not there any more, or delivers nothing.
    Lost,
    /// The one that was lost is back.
    Returned,
    /// The system's default has changed.
    Followed,
}

/// The device behind a running stream and the format it runs in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct DeviceFormat {
    /// Stable id, fit for saving.
    pub id: String,
    /// What the system calls the device.
    pub name: String,
    pub rate_hz: u32,
    pub channels: u16,
    /// cpal's name of the sample format, such as `f32`.
    pub format: String,
}

impl DeviceFormat {
    /// A headset whose microphone is in use over Bluetooth runs both ways as a telephone does: one
    /// channel of 8 or 16 kHz. PulseAudio and PipeWire name such devices after BlueZ, Windows calls
    /// them hands-free.
    pub fn is_telephone(&self) -> bool {
        let bluetooth = self.id.contains("bluez") || self.name.contains("Hands-Free");
        bluetooth && self.channels == 1 && self.rate_hz <= 16_000
    }
}

/// Figures that are written many times a second and read when somebody looks.
#[derive(Debug)]
pub struct Meters {
    microphone_dbfs: AtomicU32,
    speaker_dbfs: AtomicU32,
    microphone_callback: AtomicU32,
    speaker_callback: AtomicU32,
    echo: EchoSlots,
    /// Capture samples lost because the ring was full.
    pub overruns: AtomicU64,
    /// Playback callbacks that found too few samples while something was being said.
    pub underruns: AtomicU64,
    /// [`Frame`]s dropped because the call did not take them.
    pub dropped_frames: AtomicU64,
    /// Samples (24 kHz) of [`Control::Speak`] put into the loudspeaker's ring.
    pub handed_over: AtomicU64,
    /// Samples (24 kHz) of [`Control::Speak`] dropped because 15 minutes of sound were waiting.
    pub unsaid: AtomicU64,
}

/// The level shown for digital silence, in dBFS.
pub const SILENCE_DBFS: f32 = -96.0;

impl Default for Meters {
    fn default() -> Self {
        Self {
            microphone_dbfs: AtomicU32::new(SILENCE_DBFS.to_bits()),
            speaker_dbfs: AtomicU32::new(SILENCE_DBFS.to_bits()),
            microphone_callback: AtomicU32::new(0),
            speaker_callback: AtomicU32::new(0),
            echo: EchoSlots::default(),
            overruns: AtomicU64::new(0),
            underruns: AtomicU64::new(0),
            dropped_frames: AtomicU64::new(0),
            handed_over: AtomicU64::new(0),
            unsaid: AtomicU64::new(0),
        }
    }
}

impl Meters {
    /// RMS level of the last 10 ms that passed, in dBFS, never below [`SILENCE_DBFS`].
    pub fn level(&self, direction: Direction) -> f32 {
        f32::from_bits(self.slot(direction).load(Ordering::Relaxed))
    }

    pub fn set_level(&self, direction: Direction, dbfs: f32) {
        self.slot(direction).store(dbfs.max(SILENCE_DBFS).to_bits(), Ordering::Relaxed);
    }

    /// The most samples (per channel, at the device's rate) that one callback has brought or asked for.
    pub fn largest_callback(&self, direction: Direction) -> u32 {
        self.callback(direction).load(Ordering::Relaxed)
    }

    pub(crate) fn learn_callback(&self, direction: Direction, samples: usize) {
        self.callback(direction).fetch_max(u32::try_from(samples).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    fn callback(&self, direction: Direction) -> &AtomicU32 {
        match direction {
            Direction::Microphone => &self.microphone_callback,
            Direction::Speaker => &self.speaker_callback,
        }
    }

    /// What the echo canceller says of itself; nothing while it is off or has not learnt yet.
    pub fn echo(&self) -> EchoFigures {
        self.echo.get()
    }

    pub fn set_echo(&self, figures: EchoFigures) {
        self.echo.set(figures);
    }

    fn slot(&self, direction: Direction) -> &AtomicU32 {
        match direction {
            Direction::Microphone => &self.microphone_dbfs,
            Direction::Speaker => &self.speaker_dbfs,
        }
    }
}

/// What an echo canceller says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct EchoFigures {
    /// Echo return loss: by how many dB the echo is quieter at the microphone than at the loudspeaker.
    pub return_loss_db: Option<f32>,
    /// Echo return loss enhancement: by how many dB the canceller has made it quieter still.
    pub enhancement_db: Option<f32>,
    /// From handing a sample to the loudspeaker's device until the microphone's device brings its
    /// echo, in ms.
    pub delay_ms: Option<f32>,
    /// How likely it is that echo is left in what is sent, 0.0 to 1.0.
    pub residual_likelihood: Option<f32>,
    /// How likely it is that somebody speaks beside the echo, 0.0 to 1.0.
    pub near_likelihood: Option<f32>,
}

/// [`EchoFigures`] written without a lock; NaN stands for nothing. A reader may see figures of two
/// moments 10 ms apart.
#[derive(Debug)]
struct EchoSlots([AtomicU32; 5]);

impl Default for EchoSlots {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU32::new(f32::NAN.to_bits())))
    }
}

impl EchoSlots {
    fn get(&self) -> EchoFigures {
        let [return_loss_db, enhancement_db, delay_ms, residual_likelihood, near_likelihood] =
            std::array::from_fn(|at| {
                let value = f32::from_bits(self.0[at].load(Ordering::Relaxed));
                value.is_finite().then_some(value)
            });
        EchoFigures { return_loss_db, enhancement_db, delay_ms, residual_likelihood, near_likelihood }
    }

    fn set(&self, figures: EchoFigures) {
        let values = [
            figures.return_loss_db,
            figures.enhancement_db,
            figures.delay_ms,
            figures.residual_likelihood,
            figures.near_likelihood,
        ];
        for (slot, value) in self.0.iter().zip(values) {
            slot.store(value.unwrap_or(f32::NAN).to_bits(), Ordering::Relaxed);
        }
    }
}

/// The call's side of the audio thread. Tests and the headless caller make their own.
#[derive(Debug)]
pub struct Ports {
    pub frames: flume::Receiver<Frame>,
    pub control: flume::Sender<Control>,
    pub reports: flume::Receiver<Report>,
    pub meters: Arc<Meters>,
}

/// The other side of [`Ports`].
#[derive(Debug)]
pub struct FarPorts {
    pub frames: flume::Sender<Frame>,
    pub control: flume::Receiver<Control>,
    pub reports: flume::Sender<Report>,
    pub meters: Arc<Meters>,
}

/// A fresh pair of ends.
pub fn ports() -> (Ports, FarPorts) {
    let (frames_in, frames) = flume::bounded(FRAME_QUEUE);
    let (control, control_out) = flume::bounded(CONTROL_QUEUE);
    let (reports_in, reports) = flume::bounded(REPORT_QUEUE);
    let meters = Arc::new(Meters::default());
    let near = Ports { frames, control, reports, meters: meters.clone() };
    let far = FarPorts { frames: frames_in, control: control_out, reports: reports_in, meters };
    (near, far)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bluetooth_headset_in_telephone_mode_is_told_from_other_devices() {
        let telephone = |id: &str, name: &str, rate_hz, channels| {
            let format = "i16".into();
            DeviceFormat { id: id.into(), name: name.into(), rate_hz, channels, format }.is_telephone()
        };
        assert!(telephone("pulseaudio:bluez_input.00_11.handsfree_head_unit", "Phones", 16_000, 1));
        assert!(telephone("pulseaudio:bluez_source.00_11.headset_head_unit", "Phones", 8_000, 1));
        assert!(telephone("wasapi:{0}", "Headset (Phones Hands-Free AG Audio)", 16_000, 1));
        assert!(!telephone("pulseaudio:bluez_output.00_11.a2dp_sink", "Phones", 48_000, 2));
        assert!(!telephone("pulseaudio:alsa_input.usb-dictaphone", "Dictaphone", 16_000, 1));
    }
}

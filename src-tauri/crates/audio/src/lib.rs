//! Devices, rings, resampling, echo cancellation and levels.
//!
//! [`Engine::start`] opens the devices and gives the [`Ports`] through which a call hears and
//! speaks. Three threads stand behind it: one per device that opens, watches and reopens its
//! stream, and the audio thread that does everything with samples between the two rings.
//!
//! Not here: tokio, sockets, tauri, and any idea of what a call is.

mod alignment;
mod canceller;
mod capture;
mod clock;
mod device;
mod ears;
mod echo_meter;
mod engine;
mod error;
mod kalman;
mod keeper;
mod level;
mod names;
pub mod offline;
mod playback;
mod port;
mod processor;
mod queue;
mod resampler;
pub mod ring;
#[cfg(test)]
mod sounds;
mod stream;
mod thread;
mod trial;
mod voice;
mod wire;

pub use device::{Device, Devices, HostChoice, devices};
pub use engine::{Engine, EngineOptions};
pub use error::DeviceError;
pub use level::rms_dbfs;
pub use port::*;
pub use trial::{Findings, Line, Outcome, Trial, TrialError, TrialProgress, TrialStep, try_out};
pub use voice::{VOICE_END_MS, Voice};
pub use wire::to_wire;

/// The rate in Hz at which the audio thread works, mono.
pub(crate) const RATE_HZ: u32 = 48_000;
/// Samples in 10 ms at [`RATE_HZ`].
pub(crate) const STEP: usize = 480;

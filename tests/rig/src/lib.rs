//! A desk without a desk: a sound server, a display and a session bus with a keychain, each a
//! private child process that ends with the value that owns it, the means to make speech and to
//! recognise it again in a recording, and a network of its own: an authority and proxies.
//!
//! Not here: anything of the app itself. Linux only, and only for tests and benches.

mod authority;
mod between;
mod bus;
mod display;
mod log;
mod picture;
mod process;
mod prompter;
mod room;
mod signal;
mod sound;
pub mod wav;

pub use authority::{Authority, Certified};
pub use between::{Between, Protocol};
pub use bus::Bus;
pub use display::Display;
pub use log::Captured;
pub use picture::{Colour, Picture};
pub use process::{Running, real_time};
pub use prompter::Prompter;
pub use room::{Acoustics, Room};
pub use signal::{Match, correlate, resample, rms_dbfs};
pub use sound::{RATE_HZ, Recording, RoomTone, Sound, SourceOutput, Utterance};

use std::path::Path;

use anyhow::{Context, Result};

/// Writes `text` as speech: mono, 24 kHz, 16 bit, at espeak-ng's ordinary level and pace.
pub fn speech(text: &str, path: &Path) -> Result<()> {
    let raw = tempfile::NamedTempFile::with_suffix(".wav").context("making a file for the speech")?;
    process::run(process::tool("espeak-ng", "espeak-ng")?.arg("-w").arg(raw.path()).arg("--").arg(text))
        .context("speaking a text by espeak-ng")?;
    let (samples, rate) = wav::read_mono(raw.path())?;
    wav::write_mono(path, &resample(&samples, rate, 24_000), 24_000)
}

//! The practice agent: a token endpoint and a realtime voice server on 127.0.0.1 that speaks the
//! dialect of xAI's Grok Voice Agent. It greets with a recorded line and then says your own words
//! back; it can also be told to misbehave, one [switch](Switches) at a time.
//!
//! It is not a model of the service's mind: it understands no speech, and says so. It shares no
//! code with the client side, so that a misreading of the wire on either side shows.

mod clips;
mod conversations;
mod format;
mod log;
mod resample;
mod server;
mod session;
mod switches;
mod tokens;
mod vad;

/// Mono, of [`speech`], in Hz.
pub const SPEECH_RATE_HZ: u32 = clips::RATE;

/// The agent's greeting, some ten seconds of clear speech, for measuring what comes back of it.
pub fn speech() -> std::sync::Arc<[i16]> {
    clips::greeting().samples
}

pub use log::{SessionLog, WireLog};
pub use server::{Options, Practice, StartError};
pub use switches::{SwitchError, Switches, help};

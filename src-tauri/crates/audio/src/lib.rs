//! Devices, rings, resampling and the echo canceller's place.
//!
//! Not here: tokio, sockets, tauri, and any idea of what a call is.

mod error;
mod port;

pub use error::DeviceError;
pub use port::*;

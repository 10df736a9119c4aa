//! Why a device does not work, in classes that a person can act on.

use serde::Serialize;
use thiserror::Error;

#[derive(Clone, Debug, Error, PartialEq, Eq, Serialize)]
pub enum DeviceError {
    #[error("there is no {0}")]
    NoDevice(&'static str),
    #[error("the device is in use by another program: {0}")]
    Busy(String),
    #[error("the system does not let this app use the device: {0}")]
    Denied(String),
    #[error("the device went away: {0}")]
    Lost(String),
    #[error("the device offers no format that can be used: {0}")]
    Format(String),
    #[error("the sound system failed: {0}")]
    Backend(String),
}

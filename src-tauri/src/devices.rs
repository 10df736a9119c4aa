//! The devices that may be chosen.

use std::fmt::Display;

use call::{Problem, ProblemCode};

use crate::trouble::trouble;
use crate::view::{DeviceEntry, DeviceList};

/// Asks the sound system anew; what only records a loudspeaker is left out. May take some 100 ms.
///
/// # Errors
/// Where there is no sound system to ask.
pub(crate) async fn devices() -> Result<DeviceList, Problem> {
    let found = tokio::task::spawn_blocking(audio::devices).await.map_err(|error| unknown(&error))?;
    let audio::Devices { inputs, outputs } = found.map_err(|error| unknown(&error))?;
    let microphones = inputs.into_iter().filter(|device| !device.is_monitor).map(DeviceEntry::from);
    let speakers = outputs.into_iter().map(DeviceEntry::from);
    Ok(DeviceList { microphones: microphones.collect(), speakers: speakers.collect() })
}

fn unknown(error: &impl Display) -> Problem {
    let message = "The sound system does not tell which devices there are.";
    let cure = "Check that the sound system runs; meanwhile its default devices are used.";
    trouble(ProblemCode::Internal, message, cure, error)
}

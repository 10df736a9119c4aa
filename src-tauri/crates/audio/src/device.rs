//! Finding devices, and naming what is wrong with them.

use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{ErrorKind, HostId, SupportedStreamConfig};

use crate::error::DeviceError;
use crate::names;
use crate::port::{DeviceFormat, Direction};

/// Which sound system to use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HostChoice {
    /// The system's own; on Linux PulseAudio (which PipeWire serves too), then ALSA.
    #[default]
    Auto,
    /// Linux only.
    PulseAudio,
    /// Linux only.
    Alsa,
}

/// A device as a person may choose it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Stable id, fit for saving and for [`EngineOptions`](crate::EngineOptions).
    pub id: String,
    /// What the system calls it; of several that it calls the same, each has more to its name.
    pub name: String,
    /// The system's choice of today.
    pub is_default: bool,
    /// Not a microphone: it records what a loudspeaker plays.
    pub is_monitor: bool,
    /// The format a stream would run in, where the device tells.
    pub format: Option<DeviceFormat>,
}

/// The devices that are there now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Devices {
    pub inputs: Vec<Device>,
    pub outputs: Vec<Device>,
}

/// Lists the devices of the system's own sound system. May take some 100 ms: not for a thread that
/// draws or plays.
///
/// # Errors
/// [`DeviceError::Backend`] where there is no sound system to ask.
pub fn devices() -> Result<Devices, DeviceError> {
    let host = open_host(HostChoice::Auto)?;
    let list = |direction: Direction| {
        let default = default_device(&host, direction).and_then(|device| id_of(&device).ok());
        let all = host.devices().map_err(|error| explain(direction, &error))?;
        let describe = |device: cpal::Device| {
            let id = id_of(&device).ok()?;
            let format = native_config(&device, direction).ok();
            Some(Device {
                name: device.to_string(),
                is_default: default.as_ref() == Some(&id),
                is_monitor: is_monitor(&id),
                format: format.map(|config| describe_format(&device, &config)),
                id,
            })
        };
        let mut list: Vec<Device> = all.filter(of(direction)).filter_map(describe).collect();
        let calls: Vec<_> = list.iter().map(|device| (device.id.clone(), device.name.clone())).collect();
        for (device, name) in list.iter_mut().zip(names::told_apart(&calls)) {
            if let Some(format) = &mut device.format {
                format.name.clone_from(&name);
            }
            device.name = name;
        }
        Ok(list)
    };
    Ok(Devices { inputs: list(Direction::Microphone)?, outputs: list(Direction::Speaker)? })
}

/// The first sound system of `choice` that answers.
pub(crate) fn open_host(choice: HostChoice) -> Result<cpal::Host, DeviceError> {
    let mut failure = None;
    for id in hosts(choice) {
        match cpal::host_from_id(id) {
            Ok(host) => return Ok(host),
            Err(error) => failure = Some(error),
        }
    }
    Err(DeviceError::Backend(
        failure.map_or_else(|| "it is not part of this system".to_owned(), |error| error.to_string()),
    ))
}

#[cfg(target_os = "linux")]
fn hosts(choice: HostChoice) -> Vec<HostId> {
    match choice {
        HostChoice::Auto => vec![HostId::PulseAudio, HostId::Alsa],
        HostChoice::PulseAudio => vec![HostId::PulseAudio],
        HostChoice::Alsa => vec![HostId::Alsa],
    }
}

#[cfg(not(target_os = "linux"))]
fn hosts(choice: HostChoice) -> Vec<HostId> {
    match choice {
        HostChoice::Auto => cpal::available_hosts(),
        HostChoice::PulseAudio | HostChoice::Alsa => Vec::new(),
    }
}

fn of(direction: Direction) -> fn(&cpal::Device) -> bool {
    match direction {
        Direction::Microphone => cpal::Device::supports_input,
        Direction::Speaker => cpal::Device::supports_output,
    }
}

/// The first device of `order` that is there, else the default one; those that `shunned` names only
/// when there is no other.
pub(crate) fn choose(
    host: &cpal::Host,
    direction: Direction,
    order: &[String],
    shunned: impl Fn(&str) -> bool,
) -> Result<cpal::Device, DeviceError> {
    let there = |id: &String| host.device_by_id(&id.parse().ok()?);
    if let Some(device) = order.iter().filter(|id| !shunned(id)).find_map(there) {
        return Ok(device);
    }
    match usual(host, direction) {
        Ok(device) if !id_of(&device).is_ok_and(|id| shunned(&id)) => Ok(device),
        usual => order.iter().find_map(there).map_or(usual, Ok),
    }
}

/// What the system uses today.
fn usual(host: &cpal::Host, direction: Direction) -> Result<cpal::Device, DeviceError> {
    let device = default_device(host, direction).ok_or(DeviceError::NoDevice(word(direction)))?;
    // Without a microphone PulseAudio offers the loudspeaker's monitor, and the agent would hear
    // itself.
    if id_of(&device).is_ok_and(|id| is_monitor(&id)) {
        return Err(DeviceError::NoDevice(word(direction)));
    }
    Ok(device)
}

fn default_device(host: &cpal::Host, direction: Direction) -> Option<cpal::Device> {
    match direction {
        Direction::Microphone => host.default_input_device(),
        Direction::Speaker => host.default_output_device(),
    }
}

pub(crate) fn id_of(device: &cpal::Device) -> Result<String, cpal::Error> {
    device.id().map(|id| id.to_string())
}

fn is_monitor(id: &str) -> bool {
    id.starts_with("pulseaudio:") && id.ends_with(".monitor")
}

/// The format the device itself runs in, so that only one resampler stands in the way: ours.
pub(crate) fn native_config(
    device: &cpal::Device,
    direction: Direction,
) -> Result<SupportedStreamConfig, cpal::Error> {
    match direction {
        Direction::Microphone => device.default_input_config(),
        Direction::Speaker => device.default_output_config(),
    }
}

/// What the device is called, told apart from its namesakes.
pub(crate) fn name_of(host: &cpal::Host, direction: Direction, device: &cpal::Device) -> String {
    let plain = device.to_string();
    // To list them ALSA opens every device, and calls no two the same.
    if host.id().to_string().eq_ignore_ascii_case("alsa") {
        return plain;
    }
    let Ok(all) = host.devices() else { return plain };
    let calls: Vec<_> = all
        .filter(of(direction))
        .filter_map(|device| Some((id_of(&device).ok()?, device.to_string())))
        .collect();
    let mine = id_of(device).ok().and_then(|id| calls.iter().position(|(other, _)| *other == id));
    mine.and_then(|at| names::told_apart(&calls).into_iter().nth(at)).unwrap_or(plain)
}

pub(crate) fn describe_format(device: &cpal::Device, config: &SupportedStreamConfig) -> DeviceFormat {
    DeviceFormat {
        id: id_of(device).unwrap_or_default(),
        name: device.to_string(),
        rate_hz: config.sample_rate(),
        channels: config.channels(),
        format: config.sample_format().to_string(),
    }
}

pub(crate) fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Microphone => "microphone",
        Direction::Speaker => "loudspeaker",
    }
}

/// Puts an error of opening a stream into the class that a person can act on.
pub(crate) fn explain(direction: Direction, error: &cpal::Error) -> DeviceError {
    match error.kind() {
        ErrorKind::DeviceNotAvailable => DeviceError::NoDevice(word(direction)),
        ErrorKind::DeviceBusy => DeviceError::Busy(error.to_string()),
        ErrorKind::PermissionDenied => DeviceError::Denied(error.to_string()),
        ErrorKind::StreamInvalidated | ErrorKind::DeviceChanged => DeviceError::Lost(error.to_string()),
        ErrorKind::UnsupportedConfig | ErrorKind::InvalidInput => DeviceError::Format(error.to_string()),
        _ => DeviceError::Backend(error.to_string()),
    }
}

/// What [`explain`] says, for a stream that ran before: then a missing device is a lost one.
pub(crate) fn explain_loss(direction: Direction, error: &cpal::Error) -> DeviceError {
    match error.kind() {
        ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable => DeviceError::Lost(error.to_string()),
        _ => explain(direction, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_error_has_its_class() {
        use ErrorKind as Kind;
        let class = |kind| explain(Direction::Microphone, &cpal::Error::with_message(kind, "why"));
        let why = || "why".to_owned();
        assert_eq!(class(Kind::DeviceNotAvailable), DeviceError::NoDevice("microphone"));
        assert_eq!(class(Kind::DeviceBusy), DeviceError::Busy(why()));
        assert_eq!(class(Kind::PermissionDenied), DeviceError::Denied(why()));
        assert_eq!(class(Kind::StreamInvalidated), DeviceError::Lost(why()));
        assert_eq!(class(Kind::UnsupportedConfig), DeviceError::Format(why()));
        assert_eq!(class(Kind::HostUnavailable), DeviceError::Backend(why()));
        let lost = cpal::Error::with_message(Kind::DeviceNotAvailable, "why");
        assert_eq!(explain_loss(Direction::Speaker, &lost), DeviceError::Lost(why()));
    }

    #[test]
    fn a_monitor_is_told_from_a_microphone() {
        assert!(is_monitor("pulseaudio:alsa_output.pci.analog-stereo.monitor"));
        assert!(!is_monitor("pulseaudio:mic"));
        assert!(!is_monitor("wasapi:my.monitor"));
    }
}

//! Lists the sound devices as the engine sees them: what to report when a device is missing.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

fn main() -> Result<(), audio::DeviceError> {
    let devices = audio::devices()?;
    for (title, list) in [("Microphones", &devices.inputs), ("Loudspeakers", &devices.outputs)] {
        println!("{title}");
        for device in list {
            let mark = if device.is_default { '*' } else { ' ' };
            let kind = if device.is_monitor { " (records a loudspeaker)" } else { "" };
            let format = device.format.as_ref().map_or_else(
                || "format unknown".to_owned(),
                |format| format!("{} Hz, {} channels, {}", format.rate_hz, format.channels, format.format),
            );
            println!("{mark} {}{kind}\n    {}\n    {format}", device.name, device.id);
        }
    }
    Ok(())
}

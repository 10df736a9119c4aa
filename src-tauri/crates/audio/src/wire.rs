//! Whole recordings on their way to the wire.

use crate::error::DeviceError;
use crate::port::WIRE_RATE_HZ;
use crate::resampler::Resampler;

/// A mono recording at `rate_hz` as samples for the wire, without the resampler's delay.
///
/// # Errors
/// [`DeviceError::Format`] when no resampler can be made for that rate.
pub fn to_wire(samples: &[f32], rate_hz: u32) -> Result<Vec<i16>, DeviceError> {
    let chunk = (rate_hz / 100).max(1) as usize;
    let mut resampler = Resampler::fixed_input(rate_hz, WIRE_RATE_HZ, chunk)?;
    let late = resampler.delay();
    let length = (samples.len() as u64 * u64::from(WIRE_RATE_HZ) / u64::from(rate_hz.max(1))) as usize;
    let mut wire = Vec::with_capacity(late + length + chunk);
    let mut rest = samples;
    while wire.len() < late + length {
        let mut piece: Vec<f32> = rest[..rest.len().min(resampler.wanted())].to_vec();
        rest = &rest[piece.len()..];
        piece.resize(resampler.wanted(), 0.0);
        let made = resampler.process(&piece);
        if made.is_empty() {
            return Err(DeviceError::Format(format!("{rate_hz} Hz to {WIRE_RATE_HZ} Hz")));
        }
        wire.extend(made.iter().map(|sample| (sample * 32_768.0).round() as i16));
    }
    Ok(wire[late..late + length].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_and_timing_are_kept_at_every_rate() -> Result<(), DeviceError> {
        for rate_hz in [8_000u32, 16_000, 22_050, 24_000, 44_100, 48_000] {
            let mut samples = vec![0.0; rate_hz as usize];
            let at = rate_hz as usize / 2;
            samples[at..at + rate_hz as usize / 100].fill(0.5);
            let wire = to_wire(&samples, rate_hz)?;
            assert_eq!(wire.len(), 24_000, "{rate_hz} Hz");
            let loud = wire.iter().position(|&sample| sample > 8_000).unwrap_or(0);
            assert!(loud.abs_diff(12_000) <= 4, "{rate_hz} Hz: the sound begins at {loud}");
        }
        Ok(())
    }
}

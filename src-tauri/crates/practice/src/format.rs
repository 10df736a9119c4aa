//! Audio formats of the wire: signed 16-bit PCM at several rates, and the two G.711 codes.

use serde_json::{Value, json};

/// Sample rates that `audio/pcm` may have, in Hz.
const RATES: [u32; 8] = [8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Pcm,
    Mulaw,
    Alaw,
}

/// Mono sound as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    encoding: Encoding,
    /// Hz.
    pub(crate) rate: u32,
}

impl Default for Format {
    fn default() -> Self {
        Self { encoding: Encoding::Pcm, rate: 24_000 }
    }
}

impl Format {
    /// Reads the `format` object of a session.
    ///
    /// # Errors
    /// What is wrong with it, in words for the caller.
    pub(crate) fn read(value: &Value) -> Result<Self, String> {
        let rate = match value.get("rate") {
            None | Some(Value::Null) => None,
            Some(rate) => Some(
                rate.as_u64()
                    .and_then(|rate| u32::try_from(rate).ok())
                    .ok_or("The audio rate must be a whole number.")?,
            ),
        };
        let (encoding, rate) = match value.get("type").and_then(Value::as_str) {
            Some("audio/pcm") => (Encoding::Pcm, rate.unwrap_or(24_000)),
            Some("audio/pcmu") => (Encoding::Mulaw, 8000),
            Some("audio/pcma") => (Encoding::Alaw, 8000),
            _ => return Err("Audio format not supported. Use audio/pcm, audio/pcmu, or audio/pcma.".into()),
        };
        if !RATES.contains(&rate) {
            return Err(format!("Audio rate {rate} not supported. Use one of {RATES:?}."));
        }
        Ok(Self { encoding, rate })
    }

    pub(crate) fn echo(self) -> Value {
        match self.encoding {
            Encoding::Pcm => json!({"type": "audio/pcm", "rate": self.rate}),
            Encoding::Mulaw => json!({"type": "audio/pcmu"}),
            Encoding::Alaw => json!({"type": "audio/pcma"}),
        }
    }

    /// `None` if the bytes end within a sample.
    pub(crate) fn decode(self, bytes: &[u8]) -> Option<Vec<i16>> {
        match self.encoding {
            Encoding::Pcm if !bytes.len().is_multiple_of(2) => None,
            Encoding::Pcm => Some(pcm(bytes)),
            Encoding::Mulaw => Some(bytes.iter().map(|byte| from_mulaw(*byte)).collect()),
            Encoding::Alaw => Some(bytes.iter().map(|byte| from_alaw(*byte)).collect()),
        }
    }

    pub(crate) fn encode(self, samples: &[i16]) -> Vec<u8> {
        match self.encoding {
            Encoding::Pcm => samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
            Encoding::Mulaw => samples.iter().map(|sample| to_mulaw(*sample)).collect(),
            Encoding::Alaw => samples.iter().map(|sample| to_alaw(*sample)).collect(),
        }
    }

    /// Samples in `ms` milliseconds.
    pub(crate) fn samples(self, ms: u64) -> usize {
        usize::try_from(ms.saturating_mul(u64::from(self.rate)) / 1000).unwrap_or(usize::MAX)
    }
}

/// Little-endian samples; a trailing odd byte is left out.
pub(crate) fn pcm(bytes: &[u8]) -> Vec<i16> {
    bytes.as_chunks::<2>().0.iter().map(|pair| i16::from_le_bytes(*pair)).collect()
}

/// ITU-T G.711, μ-law.
fn from_mulaw(byte: u8) -> i16 {
    let code = !byte;
    let segment = (code >> 4) & 7;
    let size = ((i16::from(code & 15) << 3) + 0x84) << segment;
    if code & 0x80 == 0 { size - 0x84 } else { 0x84 - size }
}

fn to_mulaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0x80 } else { 0 };
    let size = i32::from(sample).abs().min(32_635) + 0x84;
    let segment = (size >> 7).ilog2().min(7);
    let step = (size >> (segment + 3)) & 15;
    // Both parts are at most four bits wide.
    !(sign | ((segment as u8) << 4) | step as u8)
}

/// ITU-T G.711, A-law.
fn from_alaw(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let segment = (code >> 4) & 7;
    let step = i16::from(code & 15) << 4;
    let size = if segment == 0 { step + 8 } else { (step + 0x108) << (segment - 1) };
    if code & 0x80 == 0 { -size } else { size }
}

fn to_alaw(sample: i16) -> u8 {
    let sign = if sample < 0 { 0 } else { 0x80 };
    let size = if sample < 0 { -i32::from(sample) - 1 } else { i32::from(sample) };
    let code = if size < 256 {
        size >> 4
    } else {
        let segment = (size >> 7).ilog2().min(7);
        ((segment as i32) << 4) | ((size >> (segment + 3)) & 15)
    };
    // Seven bits: three of the segment, four of the step.
    (sign | code as u8) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rate_of_the_guide_is_read() {
        for rate in RATES {
            let format = Format::read(&json!({"type": "audio/pcm", "rate": rate})).unwrap();
            assert_eq!(format.rate, rate);
            assert_eq!(format.echo(), json!({"type": "audio/pcm", "rate": rate}));
        }
    }

    #[test]
    fn what_is_not_supported_is_named() {
        for (value, part) in [
            (json!({"type": "audio/opus"}), "audio/pcmu"),
            (json!({"type": "audio/pcm", "rate": 21050}), "21050"),
            (json!({"type": "audio/pcm", "rate": "24000"}), "whole number"),
            (json!("pcm16"), "audio/pcmu"),
        ] {
            assert!(Format::read(&value).unwrap_err().contains(part), "{value}");
        }
    }

    #[test]
    fn pcm_ends_with_whole_samples() {
        assert_eq!(Format::default().decode(&[1, 0, 255]), None);
        assert_eq!(Format::default().decode(&[1, 0, 255, 255]), Some(vec![1, -1]));
    }

    /// Values from the tables of ITU-T G.711, scaled to 16 bits.
    #[test]
    fn g711_codes_have_the_values_of_the_standard() {
        assert_eq!([0x00, 0x80, 0x7f, 0xff, 0xf0].map(from_mulaw), [-32124, 32124, 0, 0, 120]);
        assert_eq!([0x2a, 0xaa, 0x55, 0xd5].map(from_alaw), [-32256, 32256, -8, 8]);
    }

    #[test]
    fn g711_keeps_every_code_and_is_close_for_every_sample() {
        for byte in 0..=255u8 {
            // 0x7f is the negative zero, for which the encoder has no sample.
            if byte != 0x7f {
                assert_eq!(to_mulaw(from_mulaw(byte)), byte);
            }
            assert_eq!(to_alaw(from_alaw(byte)), byte);
        }
        for sample in i16::MIN..=i16::MAX {
            let allowed = i32::from(sample).abs() / 16 + 16;
            for back in [from_mulaw(to_mulaw(sample)), from_alaw(to_alaw(sample))] {
                let off = (i32::from(back) - i32::from(sample)).abs();
                assert!(
                    off <= allowed.max(if i32::from(sample).abs() > 32_000 { 700 } else { 0 }),
                    "{sample}: {back}"
                );
            }
        }
    }
}

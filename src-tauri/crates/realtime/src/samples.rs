//! Mono signed 16-bit little-endian samples, as bytes and as base64.

use base64::{Engine, engine::general_purpose::STANDARD};

pub(crate) fn encode(samples: &[i16]) -> String {
    let mut text = String::new();
    encode_into(samples, &mut text);
    text
}

pub(crate) fn encode_into(samples: &[i16], text: &mut String) {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    STANDARD.encode_string(bytes, text);
}

/// Samples, and whether a last lone byte was dropped.
pub(crate) fn from_bytes(bytes: &[u8]) -> (Vec<i16>, bool) {
    let (pairs, rest) = bytes.as_chunks::<2>();
    (pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect(), !rest.is_empty())
}

/// The bytes behind base64; none when it is broken. Missing padding is forgiven.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().or_else(|| FORGIVING.decode(text.trim()).ok())
}

const FORGIVING: base64::engine::GeneralPurpose = base64::engine::GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    base64::engine::GeneralPurposeConfig::new()
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

//! Sounds that the tests of this crate are made of.

use crate::RATE_HZ;

/// Evenly spread over ±1, the same for the same seed.
pub(crate) struct Noise(pub(crate) u32);

impl Noise {
    pub(crate) fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as f32 / u32::MAX as f32 * 2.0 - 1.0
    }
}

/// The practice agent's own words from these files, once, at 48 kHz.
pub(crate) fn words(names: &[&str]) -> Vec<f32> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../practice/assets");
    let mut sound = Vec::new();
    for name in names {
        let (samples, rate_hz) = rig::wav::read_mono(&folder.join(name)).unwrap();
        sound.extend(rig::resample(&samples, rate_hz, RATE_HZ));
    }
    sound
}

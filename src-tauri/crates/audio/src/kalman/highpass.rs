//! Rumble, hum and an offset of the microphone's input are no voice: a Butterworth high-pass of the fourth
//! order, as two sections of the second (Bristow-Johnson's bilinear forms).

/// Power is halved here; 50 Hz comes 16 dB down, 100 Hz 0.7 dB.
const CORNER_HZ: f32 = 80.0;
/// Quality of the two sections of a Butterworth filter of the fourth order.
const QUALITY: [f32; 2] = [0.541_196_1, 1.306_563];

#[derive(Clone, Copy)]
struct Section {
    /// Feed-forward and feedback coefficients, normalised.
    forward: [f32; 3],
    back: [f32; 2],
    kept: [f32; 2],
}

pub(super) struct HighPass {
    sections: [Section; 2],
}

impl HighPass {
    pub(super) fn new(rate_hz: usize) -> Self {
        let (sine, cosine) = (std::f32::consts::TAU * CORNER_HZ / rate_hz as f32).sin_cos();
        let sections = QUALITY.map(|quality| {
            let alpha = sine / (2.0 * quality);
            let all = 1.0 / (1.0 + alpha);
            let outer = 0.5 * (1.0 + cosine) * all;
            Section {
                forward: [outer, -2.0 * outer, outer],
                back: [-2.0 * cosine * all, (1.0 - alpha) * all],
                kept: [0.0; 2],
            }
        });
        Self { sections }
    }

    /// Filters in place.
    pub(super) fn run(&mut self, samples: &mut [f32]) {
        for Section { forward, back, kept } in &mut self.sections {
            for sample in samples.iter_mut() {
                let new = forward[0] * *sample + kept[0];
                kept[0] = forward[1] * *sample - back[0] * new + kept[1];
                kept[1] = forward[2] * *sample - back[1] * new;
                *sample = new;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BLOCK, RATE_HZ};
    use super::*;

    /// By how many dB a tone comes out louder.
    fn gain(hz: f32) -> f32 {
        let mut filter = HighPass::new(RATE_HZ);
        let (mut before, mut after) = (0.0, 0.0);
        for at in 0..100 {
            let mut block: [f32; BLOCK] = std::array::from_fn(|sample| {
                (std::f32::consts::TAU * hz * (at * BLOCK + sample) as f32 / RATE_HZ as f32).sin() + 0.1
            });
            let powers = |block: &[f32; BLOCK]| block.iter().map(|sample| sample * sample).sum::<f32>();
            // What it does to the beginning is no gain.
            if at >= 50 {
                before += powers(&block) - 0.01 * BLOCK as f32;
            }
            filter.run(&mut block);
            if at >= 50 {
                after += powers(&block);
            }
        }
        10.0 * (after / before).log10()
    }

    #[test]
    fn hum_and_an_offset_go_and_a_voice_stays() {
        assert!((gain(50.0) + 16.3).abs() < 0.3, "{} dB", gain(50.0));
        assert!((gain(80.0) + 3.0).abs() < 0.2, "{} dB", gain(80.0));
        assert!((gain(100.0) + 0.7).abs() < 0.2, "{} dB", gain(100.0));
        assert!(gain(250.0).abs() < 0.05, "{} dB", gain(250.0));
    }
}

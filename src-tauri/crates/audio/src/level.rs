//! Loudness of real samples.

use crate::port::SILENCE_DBFS;

/// RMS in dB below full scale (a full-scale sine is at -3), never below [`SILENCE_DBFS`].
pub fn rms_dbfs(samples: &[f32]) -> f32 {
    let power = samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len().max(1) as f32;
    (10.0 * power.log10()).max(SILENCE_DBFS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_measured_in_decibels_below_full_scale() {
        assert_eq!(rms_dbfs(&[]), SILENCE_DBFS);
        assert_eq!(rms_dbfs(&[0.0; 480]), SILENCE_DBFS);
        assert_eq!(rms_dbfs(&[1e-9; 480]), SILENCE_DBFS);
        assert!((rms_dbfs(&[1.0; 480])).abs() < 0.01);
        assert!((rms_dbfs(&[-0.1; 480]) + 20.0).abs() < 0.01);
        let sine: Vec<f32> = (0..480).map(|at| (at as f32 * std::f32::consts::TAU / 48.0).sin()).collect();
        assert!((rms_dbfs(&sine) + 3.01).abs() < 0.01);
    }
}

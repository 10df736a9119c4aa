//! Reading and writing WAV files as mono samples.

use std::path::Path;

use anyhow::{Context, Result, ensure};

/// The samples (channels averaged, full scale = 1.0) and the rate in Hz.
pub fn read_mono(path: &Path) -> Result<(Vec<f32>, u32)> {
    let mut reader = hound::WavReader::open(path).with_context(|| format!("reading {}", path.display()))?;
    let spec = reader.spec();
    ensure!(spec.channels > 0, "{} has no channels", path.display());
    let interleaved: Vec<f32> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>(),
        hound::SampleFormat::Int => {
            let scale = 1.0 / (1_i64 << (spec.bits_per_sample - 1)) as f32;
            reader.samples::<i32>().map(|sample| sample.map(|value| value as f32 * scale)).collect()
        }
    }
    .with_context(|| format!("reading the samples of {}", path.display()))?;
    let channels = usize::from(spec.channels);
    let mono = interleaved.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32);
    Ok((mono.collect(), spec.sample_rate))
}

/// Writes 16 bit mono; what lies beyond full scale is clipped.
pub fn write_mono(path: &Path, samples: &[f32], rate_hz: u32) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate_hz,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer =
        hound::WavWriter::create(path, spec).with_context(|| format!("creating {}", path.display()))?;
    for sample in samples {
        let value = (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0);
        writer.write_sample(value as i16).with_context(|| format!("writing {}", path.display()))?;
    }
    writer.finalize().with_context(|| format!("finishing {}", path.display()))
}

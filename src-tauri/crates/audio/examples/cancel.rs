//! Takes the echo out of a recording, exactly as a call does, and prints what came of it as JSON.
//!
//! `cargo run --release -p audio --example cancel -- --far FAR.wav --mic MIC.wav --out OUT.wav
//! [--no-echo] [--no-ns] [--no-agc] [--sonora]`: `FAR` is what the loudspeaker was given, `MIC` what the
//! microphone heard; both begin at the same instant, at any sample rate. `OUT` has the rate and the
//! length of `MIC`. `--sonora` takes libwebrtc's AEC3 in place of our own canceller.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what it is for")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use audio::Processing;
use audio::offline::{EchoMethod, Recording, cancel};
use serde_json::json;

#[derive(Default)]
struct Asked {
    far: Option<PathBuf>,
    mic: Option<PathBuf>,
    out: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let (mut asked, mut processing) = (Asked::default(), Processing::default());
    let mut method = EchoMethod::default();
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let mut path = || words.next().map(PathBuf::from).with_context(|| format!("{word} needs a file"));
        match word.as_str() {
            "--far" => asked.far = Some(path()?),
            "--mic" => asked.mic = Some(path()?),
            "--out" => asked.out = Some(path()?),
            "--sonora" => method = EchoMethod::Sonora,
            "--no-echo" => processing.echo = false,
            "--no-ns" => processing.noise = false,
            "--no-agc" => processing.gain = false,
            _ => bail!(
                "{word} is not known; known are --far FILE, --mic FILE, --out FILE, --no-echo, --no-ns, --no-agc, --sonora"
            ),
        }
    }
    let Asked { far: Some(far), mic: Some(mic), out: Some(out) } = asked else {
        bail!("--far FILE, --mic FILE and --out FILE are needed");
    };
    let ((far, far_hz), (mic, mic_hz)) = (read(&far)?, read(&mic)?);
    let cpu_before = cpu_time();
    let done = cancel(
        Recording { samples: &far, rate_hz: far_hz },
        Recording { samples: &mic, rate_hz: mic_hz },
        processing,
        method,
    )?;
    // Where the system does not count it, the time that passed.
    let took = cpu_time().zip(cpu_before).map_or(done.took, |(after, before)| after - before);
    write(&out, &done.samples, mic_hz)?;
    let figures = serde_json::to_value(done.figures)?;
    println!(
        "{}",
        json!({
            "seconds": done.length.as_secs_f64(),
            "erle_db": done.erle_db,
            "delay_ms": done.figures.delay_ms,
            "cpu_share": took.as_secs_f64() / done.length.as_secs_f64(),
            "processing": processing,
            "figures": figures,
        })
    );
    Ok(())
}

/// What this thread has had of a core so far; Linux alone tells.
fn cpu_time() -> Option<Duration> {
    let counts = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    counts.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// The samples (channels averaged, full scale = 1.0) and the rate in Hz.
fn read(path: &Path) -> Result<(Vec<f32>, u32)> {
    let name = path.display();
    let mut reader =
        hound::WavReader::open(path).with_context(|| format!("{name} is no WAV file to read"))?;
    let spec = reader.spec();
    ensure!(spec.channels > 0, "{name} has no channels");
    let samples: Result<Vec<f32>, hound::Error> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect(),
        hound::SampleFormat::Int => {
            let scale = 1.0 / (1_i64 << (spec.bits_per_sample - 1)) as f32;
            reader.samples::<i32>().map(|sample| sample.map(|value| value as f32 * scale)).collect()
        }
    };
    let samples = samples.with_context(|| format!("the samples of {name} cannot be read"))?;
    let channels = usize::from(spec.channels);
    let mono = samples.chunks_exact(channels).map(|frame| frame.iter().sum::<f32>() / channels as f32);
    Ok((mono.collect(), spec.sample_rate))
}

/// 32 bit float, so that nothing is lost to rounding.
fn write(path: &Path, samples: &[f32], rate_hz: u32) -> Result<()> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: rate_hz,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let name = path.display();
    let mut writer =
        hound::WavWriter::create(path, spec).with_context(|| format!("{name} cannot be written"))?;
    for &sample in samples {
        writer.write_sample(sample).with_context(|| format!("{name} cannot be written"))?;
    }
    writer.finalize().with_context(|| format!("{name} cannot be finished"))
}

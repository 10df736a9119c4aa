//! Measures the engine on the devices of this computer and prints a line of JSON per figure:
//! how long a captured frame takes to the call, how long a word takes to the loudspeaker's ring,
//! and what the engine's threads cost. Plays a quiet tone for half of the time.
//!
//! `cargo run --release -p audio --example latency -- [--desk] [SECONDS]` (20 unless told). With
//! `--desk` the devices are those of a private PulseAudio server.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use audio::{Control, Direction, Engine, EngineOptions, ItemId, Ports, Report};

/// As the system knows it.
const AUDIO_THREAD: &str = "audio";

fn main() -> Result<()> {
    let mut words: Vec<_> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == "--desk") {
        return rig::Sound::run_again(&words.split_off(1));
    }
    let seconds: u64 = words.first().map_or(Ok(20), |text| text.parse()).context("SECONDS")?;
    let (engine, ports) = Engine::start(EngineOptions::default());
    await_devices(&ports)?;
    // A sound server may take two seconds until it asks for sound regularly.
    let settled = Instant::now() + Duration::from_secs(3);
    while ports.frames.recv_deadline(settled).is_ok() {}

    let frames = ports.frames.clone();
    let until = Instant::now() + Duration::from_secs(seconds);
    let capture = std::thread::spawn(move || {
        let mut late = Vec::new();
        while let Ok(frame) = frames.recv_deadline(until) {
            late.push(frame.captured_at.elapsed());
        }
        late
    });
    let cpu_before = thread_times();
    let began = Instant::now();
    let speak = speak_until(&ports, until)?;
    let elapsed = began.elapsed();
    let cpu_after = thread_times();
    let Ok(capture) = capture.join() else { bail!("the listener has panicked") };

    distribution("capture callback → frame at the call", capture, 5.0);
    distribution("word from the call → loudspeaker's ring", speak, 3.0);
    for (name, time) in cpu_after {
        let spent = time.saturating_sub(cpu_before.get(&name).copied().unwrap_or_default());
        let share = spent.as_secs_f64() / elapsed.as_secs_f64() * 100.0;
        if name == AUDIO_THREAD {
            row("CPU of the audio thread", share, "% of a core", Some(3.0));
        }
    }
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed) as f64;
    row("underruns", count(&ports.meters.underruns), "", None);
    row("overruns", count(&ports.meters.overruns), "samples", None);
    row("frames dropped", count(&ports.meters.dropped_frames), "", None);
    drop(engine);
    Ok(())
}

fn await_devices(ports: &Ports) -> Result<()> {
    let (mut microphone, mut speaker) = (false, false);
    let until = Instant::now() + Duration::from_secs(15);
    while !(microphone && speaker) {
        match ports.reports.recv_deadline(until).context("waiting for the devices")? {
            Report::Opened { direction: Direction::Microphone, .. } => microphone = true,
            Report::Opened { direction: Direction::Speaker, .. } => speaker = true,
            Report::Failed { error, .. } => bail!("opening the devices: {error}"),
            _ => {}
        }
    }
    Ok(())
}

/// Says half a second every second, and times each from the word to the ring.
fn speak_until(ports: &Ports, until: Instant) -> Result<Vec<Duration>> {
    let tone: Vec<i16> = (0..12_000)
        .map(|at| ((at as f32 * std::f32::consts::TAU * 440.0 / 24_000.0).sin() * 1_000.0) as i16)
        .collect();
    let mut taken = Vec::new();
    for number in 0.. {
        if Instant::now() >= until {
            break;
        }
        let item = ItemId::from(number.to_string());
        let before = ports.meters.handed_over.load(Ordering::Relaxed);
        let began = Instant::now();
        ports.control.send(Control::Speak { item: item.clone(), samples: tone.clone() })?;
        ports.control.send(Control::Finish { item })?;
        while ports.meters.handed_over.load(Ordering::Relaxed) == before {
            if began.elapsed() > Duration::from_secs(5) {
                bail!("a word has not reached the loudspeaker's ring within 5 s");
            }
            std::thread::sleep(Duration::from_micros(50));
        }
        taken.push(began.elapsed());
        // Off the beat of the callbacks, so that every phase is met.
        std::thread::sleep(Duration::from_micros(1_000_000 + number % 10 * 1_013));
        ports.reports.try_iter().for_each(drop);
    }
    Ok(taken)
}

fn distribution(name: &str, mut times: Vec<Duration>, at_most_ms: f64) {
    times.sort_unstable();
    for (share, word, bar) in [(0.5, "p50", None), (0.99, "p99", Some(at_most_ms))] {
        let place = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
        if let Some(time) = times.get(place) {
            let name = format!("{name}, {word} of {}", times.len());
            row(&name, time.as_secs_f64() * 1_000.0, "ms", bar);
        }
    }
}

fn row(name: &str, value: f64, unit: &str, bar: Option<f64>) {
    let bar = bar.map_or("null".to_owned(), |bar| bar.to_string());
    println!(r#"{{"name":"{name}","value":{value:.4},"unit":"{unit}","bar":{bar}}}"#);
}

/// CPU time of this process's threads so far, by name; empty where the system does not tell.
fn thread_times() -> BTreeMap<String, Duration> {
    let mut times = BTreeMap::new();
    let Ok(tasks) = std::fs::read_dir("/proc/self/task") else { return times };
    for task in tasks.flatten() {
        let read = |file: &str| std::fs::read_to_string(task.path().join(file)).unwrap_or_default();
        let spent = read("schedstat").split_whitespace().next().and_then(|text| text.parse().ok());
        let name = read("comm").trim().to_owned();
        *times.entry(name).or_default() += Duration::from_nanos(spent.unwrap_or(0));
    }
    times
}

//! Measures the engine on the devices of this computer and prints one line of JSON for the bench:
//! how long a captured frame takes to the call, how long a word takes to the loudspeaker's ring,
//! and what the engine's threads cost. Plays a quiet tone for half of the time.
//!
//! `cargo run --release -p audio --example latency -- [SECONDS]` (20 unless told).

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use audio::{Control, Direction, Engine, EngineOptions, ItemId, Ports, Report};

fn main() -> Result<()> {
    let seconds: u64 = std::env::args().nth(1).map_or(Ok(20), |text| text.parse()).context("SECONDS")?;
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

    let cpu: Vec<String> = cpu_after
        .iter()
        .map(|(name, time)| (name, time.saturating_sub(cpu_before.get(name).copied().unwrap_or_default())))
        .map(|(name, time)| format!("\"{name}\":{:.3}", time.as_secs_f64() / elapsed.as_secs_f64() * 100.0))
        .collect();
    println!(
        "{{\"seconds\":{:.1},\"capture_to_frame_ms\":{},\"speak_to_ring_ms\":{},\"cpu_percent_of_a_core\":{{{}}},\
         \"underruns\":{},\"overruns\":{},\"dropped_frames\":{}}}",
        elapsed.as_secs_f64(),
        distribution(capture),
        distribution(speak),
        cpu.join(","),
        ports.meters.underruns.load(Ordering::Relaxed),
        ports.meters.overruns.load(Ordering::Relaxed),
        ports.meters.dropped_frames.load(Ordering::Relaxed),
    );
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

fn distribution(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: f64| {
        let index = (times.len() as f64 * share) as usize;
        let time = times.get(index.min(times.len().saturating_sub(1))).copied().unwrap_or_default();
        time.as_secs_f64() * 1_000.0
    };
    format!(
        "{{\"count\":{},\"p50\":{:.3},\"p90\":{:.3},\"p99\":{:.3},\"max\":{:.3}}}",
        times.len(),
        at(0.5),
        at(0.9),
        at(0.99),
        at(1.0)
    )
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

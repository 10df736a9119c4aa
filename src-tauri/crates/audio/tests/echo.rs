//! The loudspeaker is heard by the microphone through a room: what of it reaches the call.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use audio::{Control, Engine, EngineOptions, HostChoice, ItemId, Ports, Processing, Report};

const PATIENCE: Duration = Duration::from_secs(30);
const ROOM: rig::Acoustics = rig::Acoustics { echo_db: -10.0, rt60_ms: 300, bend: 0.0 };
const ECHO_ONLY: Processing = Processing { echo: true, noise: false, gain: false };

#[expect(unsafe_code, reason = "cpal finds the server by the environment alone")]
fn adopt(env: &[(String, String)]) {
    for (name, value) in env {
        // SAFETY: the only test of this program, and no engine runs yet that could read along.
        unsafe { std::env::set_var(name, value) };
    }
}

/// Says `samples` and gives the level in dBFS of what reached the call meanwhile, the first
/// `learning` left out.
fn level(ports: &Ports, item: &str, samples: &[f32], learning: Duration) -> Result<f32> {
    let item = ItemId::from(item);
    let samples: Vec<i16> = samples.iter().map(|sample| (sample * 32_767.0) as i16).collect();
    for piece in samples.chunks(2_400) {
        ports.control.send(Control::Speak { item: item.clone(), samples: piece.to_vec() })?;
    }
    ports.control.send(Control::Finish { item: item.clone() })?;
    let began = Instant::now();
    let mut heard = Vec::new();
    let mut spoken = false;
    while !spoken {
        ensure!(began.elapsed() < PATIENCE * 2, "{item} did not end");
        if let Ok(frame) = ports.frames.recv_timeout(Duration::from_millis(50))
            && began.elapsed() > learning
        {
            heard.extend(frame.samples.iter().map(|&sample| f32::from(sample) / 32_768.0));
        }
        spoken = ports.reports.try_iter().any(|report| matches!(report, Report::Finished(_)));
    }
    ensure!(heard.len() > 24_000, "only {} samples reached the call", heard.len());
    Ok(rig::rms_dbfs(&heard))
}

#[test]
fn what_the_loudspeaker_says_does_not_come_back_through_the_microphone() -> Result<()> {
    rig::real_time(true);
    let sound = rig::Sound::start()?;
    adopt(&sound.env());
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("speech.wav");
    rig::speech(
        "The first boat leaves at ten past eight, and the next one leaves an hour later. On Sundays \
         there is no boat at all, but the bus over the bridge takes you to the other side.",
        &path,
    )?;
    let (speech, _) = rig::wav::read_mono(&path)?;
    let (_engine, ports) = Engine::start(EngineOptions {
        host: HostChoice::PulseAudio,
        processing: Processing::OFF,
        ..EngineOptions::default()
    });
    let (mut open, until) = (0, Instant::now() + PATIENCE);
    while open < 2 {
        open += usize::from(matches!(ports.reports.recv_deadline(until)?, Report::Opened { .. }));
    }
    let learning = Duration::from_secs(4);
    let room = rig::Room::around(&sound, ROOM)?;
    let raw = level(&ports, "raw", &speech, learning)?;
    assert_eq!(ports.meters.echo(), audio::EchoFigures::default());
    drop(room);
    ports.control.send(Control::Process(ECHO_ONLY))?;
    let mut found = Vec::new();
    // A computer that stands still for a moment tears a hole into the sound and spoils one try; a
    // mistake of ours spoils them all.
    for item in ["first", "second", "third", "fourth"] {
        let _room = rig::Room::around(&sound, ROOM)?;
        let left = level(&ports, item, &speech, learning)?;
        let figures = ports.meters.echo();
        let measured = figures.enhancement_db.is_some_and(|db| db > 10.0);
        if raw - left > 15.0 && measured && figures.delay_ms.is_some_and(|ms| ms > 0.0) {
            return Ok(());
        }
        found.push((left, figures));
    }
    bail!("{raw} dBFS of echo became {found:?}")
}

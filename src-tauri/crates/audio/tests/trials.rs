//! The sound check on a real sound server.
#![cfg(target_os = "linux")]

mod desk;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use audio::{EngineOptions, HostChoice, Outcome, Processing, Trial, TrialError, TrialStep};
use desk::{Desk, recognised};
use rig::{Acoustics, Room};

/// A computer that stands still for a moment tears the sound; it does not do so three times.
const TRIES: usize = 3;

fn try_out(
    trial: Trial,
    speech: &[i16],
    tell: &mut dyn FnMut(TrialStep),
) -> Result<audio::Findings, TrialError> {
    // Only the echo is to be taken out, and the sentence to come back as it was said.
    let processing = Processing { echo: trial == Trial::Echo, ..Processing::OFF };
    let options = EngineOptions { host: HostChoice::PulseAudio, processing, ..EngineOptions::default() };
    let mut last = None;
    audio::try_out(trial, options, speech, &AtomicBool::new(false), &mut |progress| {
        if last.replace(progress.step) != Some(progress.step) {
            tell(progress.step);
        }
    })
}

fn wire(samples: &[f32]) -> Vec<i16> {
    samples.iter().map(|sample| (sample * 32_767.0) as i16).collect()
}

#[test]
fn a_sentence_is_heard_and_comes_back_out_of_the_loudspeaker() -> Result<()> {
    let desk = Desk::new()?;
    let (said, file) = desk.speech("The ferry leaves at ten past eight.")?;
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let recording = desk.sound.record_speaker(&desk.file("heard.wav"))?;
        let mut speaking = None;
        let findings = try_out(Trial::Voice, &[], &mut |step| {
            if step == TrialStep::Recording {
                // The room comes first, so that the voice stands out.
                std::thread::sleep(Duration::from_millis(600));
                speaking = Some(desk.sound.speak_async(&file));
            }
        })?;
        speaking.transpose()?;
        let Outcome::Voice { heard: true, speech_dbfs, noise_dbfs, zeros: false, .. } = findings.outcome
        else {
            bail!("{findings:?}");
        };
        ensure!(speech_dbfs > -40.0 && speech_dbfs > noise_dbfs + 20.0, "{findings:?}");
        let microphone = findings.microphone.context("it has no name")?;
        ensure!(
            microphone.device.id == "pulseaudio:mic" && microphone.largest_callback > 0,
            "{microphone:?}"
        );
        let (heard, rate_hz) = recording.stop()?;
        desk.await_microphone_let_go()?;
        let share = recognised(&said, &heard, rate_hz);
        if share > 0.5 {
            return Ok(());
        }
        seen.push(share);
    }
    bail!("of the sentence came back only {seen:?}")
}

#[test]
fn the_tone_is_played_and_no_microphone_is_opened_for_it() -> Result<()> {
    let desk = Desk::new()?;
    let recording = desk.sound.record_speaker(&desk.file("tone.wav"))?;
    let mut listened = false;
    // The recorder itself is one.
    let findings = try_out(Trial::Tone, &[], &mut |_| {
        listened |= desk.sound.source_outputs().is_ok_and(|outputs| outputs.len() > 1);
    })?;
    ensure!(!listened, "a microphone was open");
    ensure!(findings.outcome == Outcome::Tone { played_ms: 1_500 }, "{findings:?}");
    ensure!(findings.microphone.is_none() && findings.speaker.is_some(), "{findings:?}");
    let (heard, rate_hz) = recording.stop()?;
    let sine: Vec<f32> =
        (0..rate_hz).map(|at| (at as f32 * 440.0 * std::f32::consts::TAU / rate_hz as f32).sin()).collect();
    let found = rig::correlate(&sine, &heard, rate_hz);
    ensure!(found.correlation.abs() > 0.9, "{found:?}");
    Ok(())
}

#[test]
fn the_echo_of_a_room_is_measured_and_that_of_headphones_is_none() -> Result<()> {
    let desk = Desk::new()?;
    let (said, _) =
        desk.speech("On Sundays the first boat leaves at ten past eight, and then every ninety minutes.")?;
    let quiet = try_out(Trial::Echo, &wire(&said), &mut |_| {})?;
    let Outcome::Echo { loop_ms: None, echo_db: None, reduction_db: None, .. } = quiet.outcome else {
        bail!("{quiet:?}");
    };
    let _room = Room::around(&desk.sound, Acoustics { echo_db: -12.0, rt60_ms: 300, bend: 0.0 })?;
    let mut seen = Vec::new();
    for _ in 0..TRIES {
        let findings = try_out(Trial::Echo, &wire(&said), &mut |_| {});
        if let Ok(Outcome::Echo {
            loop_ms: Some(loop_ms),
            echo_db: Some(echo_db),
            reduction_db: Some(reduction_db),
            ..
        }) = findings.as_ref().map(|findings| &findings.outcome)
            && (20.0..900.0).contains(loop_ms)
            && (echo_db + 12.0).abs() < 3.0
            && *reduction_db > 15.0
        {
            return Ok(());
        }
        seen.push(findings);
    }
    bail!("{seen:?}")
}

#[test]
fn a_missing_device_is_named_and_a_stop_is_heeded() -> Result<()> {
    let desk = Desk::new()?;
    let stop = AtomicBool::new(false);
    let options = EngineOptions { host: HostChoice::PulseAudio, ..EngineOptions::default() };
    let stopped = audio::try_out(Trial::Voice, options, &[], &stop, &mut |progress| {
        stop.store(progress.step == TrialStep::Recording, Ordering::Relaxed);
    });
    ensure!(stopped == Err(TrialError::Stopped), "{stopped:?}");
    desk.await_microphone_let_go()?;
    desk.sound.pactl(&["unload-module", "module-remap-source"])?;
    let missing = try_out(Trial::Voice, &[], &mut |_| {});
    let Err(TrialError::Device { direction: audio::Direction::Microphone, .. }) = missing else {
        bail!("{missing:?}");
    };
    Ok(())
}

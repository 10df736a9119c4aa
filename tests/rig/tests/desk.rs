//! The desk stands on its own legs: each part is started, used and gone again.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

/// Whoever asks sets the priority back, before work that takes long.
fn sound_in_real_time() -> anyhow::Result<rig::Sound> {
    rig::real_time(true);
    rig::Sound::start()
}

/// A spoken sentence: its file, its samples and their rate in Hz.
fn boat(folder: &Path) -> anyhow::Result<(PathBuf, Vec<f32>, u32)> {
    let spoken = folder.join("spoken.wav");
    rig::speech("the first boat leaves at ten past eight", &spoken)?;
    let (said, rate) = rig::wav::read_mono(&spoken)?;
    Ok((spoken, said, rate))
}

#[test]
fn what_is_spoken_into_the_microphone_can_be_recorded_from_it() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let sound = sound_in_real_time()?;
    let (spoken, said, rate) = boat(folder.path())?;
    assert_eq!(rate, 24_000);

    let recording = sound.record("mic", &folder.path().join("heard.wav"))?;
    assert_eq!(sound.source_outputs()?.len(), 1);
    sound.speak(&spoken)?;
    std::thread::sleep(Duration::from_millis(500));
    let (heard, rate) = recording.stop()?;
    assert!(sound.source_outputs()?.is_empty());

    rig::real_time(false);
    let found = rig::correlate(&rig::resample(&said, 24_000, rate), &heard, rate);
    assert!(found.correlation > 0.6, "{found:?}");
    sound.stop()
}

#[test]
fn a_display_has_a_window_manager_and_can_be_photographed() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let display = rig::Display::start(640, 480)?;
    assert!(display.xdotool(&["get_num_desktops"])?.trim().parse::<u32>()? > 0);
    let picture = folder.path().join("screen.png");
    display.screenshot(&picture)?;
    let seen = rig::Picture::open(&picture)?;
    assert_eq!((seen.width, seen.height), (640, 480));
    Ok(())
}

#[test]
fn a_keychain_keeps_a_secret_while_it_is_locked() -> anyhow::Result<()> {
    let secret_tool = |bus: &rig::Bus, script: &str| {
        let output = Command::new("sh").args(["-c", script]).envs(bus.env()).output();
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let mut bus = rig::Bus::start()?;
    bus.unlock_keyring()?;
    secret_tool(&bus, "printf hidden | secret-tool store --label=rig service rig-test")?;
    assert_eq!(secret_tool(&bus, "secret-tool lookup service rig-test")?, "hidden");
    bus.lock_keyring()?;
    assert_eq!(secret_tool(&bus, "secret-tool lookup service rig-test")?, "", "nobody answers its prompt");
    bus.end_keyring()?;
    assert_eq!(secret_tool(&bus, "secret-tool lookup service rig-test")?, "");
    bus.unlock_keyring()?;
    assert_eq!(secret_tool(&bus, "secret-tool lookup service rig-test")?, "hidden");
    Ok(())
}

#[test]
fn nothing_outlives_its_owner() -> anyhow::Result<()> {
    let sound = rig::Sound::start()?;
    let pid = sound.server_id();
    assert!(alive(pid));
    drop(sound);
    assert!(!alive(pid));
    Ok(())
}

#[test]
fn in_a_room_the_microphone_hears_what_the_loudspeaker_plays() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let sound = sound_in_real_time()?;
    let (spoken, said, rate) = boat(folder.path())?;

    let room = rig::Room::around(&sound, rig::Acoustics { echo_db: -12.0, rt60_ms: 60, bend: 0.0 })?;
    let ids = room.ids();
    let played = sound.record_speaker(&folder.path().join("played.wav"))?;
    let heard = sound.record("mic", &folder.path().join("heard.wav"))?;
    sound.speak_into("speaker", &spoken)?.wait()?;
    std::thread::sleep(Duration::from_millis(500));
    let ((played, _), (heard, heard_rate)) = (played.stop()?, heard.stop()?);
    drop(room);
    assert!(ids.into_iter().all(|id| !alive(id)));

    rig::real_time(false);
    let found = rig::correlate(&rig::resample(&said, rate, heard_rate), &heard, heard_rate);
    assert!(found.correlation > 0.6, "{found:?}");
    let quieter = rig::rms_dbfs(&played) - rig::rms_dbfs(&heard);
    assert!((quieter - 12.0).abs() < 3.0, "{quieter} dB quieter");
    sound.stop()
}

//! The real window, driven over WebDriver, with a real sound server and a real keychain.
//! `cargo xtask test --only e2e` runs it; pictures of what was seen are left in `artefacts/e2e`.
#![cfg(target_os = "linux")]

/// Backends that go to a file and come back.
mod backends;
/// The sound check.
mod check;
/// *Check my backend*.
mod checkup;
mod desk;
/// Devices that come and go, and mute.
mod devices;
/// An interruption that was none.
mod false_start;
/// Without a mouse.
mod keyboard;
/// A keychain that keeps one waiting.
mod keychain;
/// What is left of a call.
mod leaving;
/// A line on which nothing is said, and one that breaks.
mod line;
/// Light and dark, wide and narrow.
mod looks;
/// A price, a cap, and what comes of them.
mod money;
/// What must not be found anywhere.
mod secrets;
mod window;

#[path = "../../src-tauri/crates/call/tests/it/relay.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "the fault table, which is a test to its end, asks for more of the network"
)]
mod relay;

use anyhow::{Result, ensure};
use practice::{Options, Practice, Switches};
use serde_json::json;

use desk::Desk;
use window::Window;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_tries_it_speaks_and_interrupts() -> Result<()> {
    let desk = Desk::set_up(true)?;
    // What comes back is compared with what was said, wave by wave; the processing is meant to change waves.
    desk.set(json!({ "processing": { "echo": false, "noise": false, "gain": false } }))?;
    let window = Window::open(&desk).await?;
    window.see("try-now").await?;
    window.picture("first-run").await?;
    window.click("try-now").await?;

    window.word("Speaking").await?;
    window.picture("greeting").await?;
    window.word("Listening").await?;
    ensure!(
        window.captions("agent").await?.concat().contains("practice agent"),
        "the greeting has its caption"
    );

    let said = desk.path("said.wav");
    rig::speech("The quick brown fox jumps over the lazy dog.", &said)?;
    let recording = desk.sound.record_speaker(&desk.path("reply.wav"))?;
    let speaking = desk.sound.speak_async(&said)?;
    window.word("Hearing you").await?;
    window.picture("hearing-you").await?;
    window.word("Speaking").await?;
    window.picture("speaking").await?;
    speaking.wait()?;
    window.word("Listening").await?;
    let (heard, rate) = recording.stop()?;
    rig::real_time(false);
    let (original, original_rate) = rig::wav::read_mono(&said)?;
    let likeness = rig::correlate(&rig::resample(&original, original_rate, rate), &heard, rate).correlation;
    rig::real_time(true);
    ensure!(likeness > 0.6, "what was said came back out of the loudspeaker: {likeness}");
    println!("what was said came back: correlation {likeness:.3}");
    let yours = window.captions("you").await?;
    ensure!(yours.len() == 1 && yours[0].contains("s of speech"), "your turn has its caption: {yours:?}");
    let agents = window.captions("agent").await?;
    ensure!(
        agents.len() == 2 && agents[1].contains("your own words"),
        "the answer has its caption: {agents:?}"
    );

    be_interrupted(&desk, &window).await?;
    window.picture("interrupted").await?;

    window.resize(480, 640).await?;
    window.word("Listening").await?;
    window.picture("narrow").await?;
    window.click("end").await?;
    window.see("ending").await?;
    window.picture("ended").await?;
    ensure!(desk.sound.source_outputs()?.is_empty(), "after the end nobody records");
    window.close().await
}

/// The agent repeats a long sentence and is spoken over.
async fn be_interrupted(desk: &Desk, window: &Window<'_>) -> Result<()> {
    let said = desk.path("said.wav");
    rig::speech(
        "Please repeat all of this long sentence, because somebody is going to interrupt it before it is over.",
        &said,
    )?;
    desk.sound.speak(&said)?;
    window.word("Speaking").await?;
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    rig::speech("Stop, that is quite enough, thank you very much indeed, now listen to me.", &said)?;
    let over = desk.sound.speak_async(&said)?;
    window.word("Hearing you").await?;
    let recording = desk.sound.record_speaker(&desk.path("silence.wav"))?;
    tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
    ensure!(window.text("state-word").await? == "Hearing you", "you are still speaking");
    let (silence, rate) = recording.stop()?;
    let level = rig::rms_dbfs(&silence[rate as usize / 3..]);
    ensure!(level < -70.0, "the loudspeaker fell silent: {level} dBFS");
    window.see("cut").await?;
    over.wait()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_interrupts_with_the_processing_as_it_comes() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let window = Window::open(&desk).await?;
    window.be_greeted().await?;
    be_interrupted(&desk, &window).await?;
    window.word("Listening").await?;
    window.click("end").await?;
    window.see("ending").await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_is_connected_and_its_secret_found_again_after_a_restart() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let agent = practice().await?;
    let window = Window::open(&desk).await?;
    window.click("connect-backend").await?;
    window.fill_in(&agent, agent.key()).await?;
    window.click("test-profile").await?;
    window.wait("the test's result", "test-result", |text| text.contains("It works")).await?;
    window.picture("profile-tested").await?;
    window.click("save-profile").await?;
    window.wait("the secret in the keychain", "secret-state", |text| text.contains("keychain")).await?;
    window.picture("ready").await?;
    window.close().await?;

    let window = Window::open(&desk).await?;
    window.wait("the profile after a restart", "profile-name", |text| text.contains("My own")).await?;
    window.click("start-call").await?;
    window.word("Listening").await?;
    window.picture("my-backend").await?;
    ensure!(agent.wire_log().sessions.len() == 2, "one session was the test, one the call");
    window.click("end").await?;
    window.see("ending").await?;
    let traces = desk.files_that_contain(agent.key())?;
    ensure!(traces.is_empty(), "the secret is in no file in the clear: {traces:?}");
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_keychain_the_secret_lasts_for_this_run_and_the_window_says_so() -> Result<()> {
    let desk = Desk::set_up(false)?;
    let agent = practice().await?;
    let window = Window::open(&desk).await?;
    window.connect(&agent, agent.key()).await?;
    window.wait("the secret's short life", "secret-state", |text| text.contains("run")).await?;
    window.picture("no-keychain").await?;
    window.click("start-call").await?;
    window.word("Listening").await?;
    window.click("end").await?;
    window.see("ending").await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_refuses_is_named_in_words() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let agent = practice().await?;
    let window = Window::open(&desk).await?;
    window.click("connect-backend").await?;
    window.fill_in(&agent, "not-the-secret").await?;
    window.click("test-profile").await?;
    window.wait("whose fault it is", "test-result", |text| text.contains("refused this profile")).await?;
    window.picture("profile-refused").await?;
    window.close().await
}

pub(crate) async fn practice() -> Result<Practice> {
    let key = "a-secret-that-only-this-test-knows".to_owned();
    Ok(Practice::start(Options { port: 0, key, switches: Switches::default() }).await?)
}

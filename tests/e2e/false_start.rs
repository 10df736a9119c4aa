use std::time::Duration;

use anyhow::{Result, ensure};
use practice::{Options, Practice, Switches};

use crate::desk::Desk;
use crate::window::Window;

/// The server is deaf here, so that whatever interrupts is this computer's own detector.
#[tokio::test(flavor = "multi_thread")]
async fn a_voice_that_only_this_computer_hears_stops_the_agent_and_continue_takes_it_back() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let mut switches = Switches::default();
    for (name, value) in [("deaf", "on"), ("delta_pace", "0"), ("reading_s", "12")] {
        switches.set(name, value)?;
    }
    let agent = Practice::start(Options { port: 0, key: "a-secret-of-this-test".into(), switches }).await?;
    let window = Window::open(&desk).await?;
    window.connect(&agent, agent.key()).await?;
    window.click("start-call").await?;
    window.word("Listening").await?;
    window.press("Return")?;
    window.focus("type-input").await?;
    window.type_text("Read to me, please")?;
    window.press("Return")?;
    window.word("Speaking").await?;
    window.press("Escape")?;
    window.word("Listening").await?;
    window.press("Escape")?;
    window.gone("type-input").await?;

    // Stopped by key: nothing is to be continued. Once more, and this time a voice stops it.
    window.press("Return")?;
    window.focus("type-input").await?;
    window.type_text("Read it again")?;
    window.press("Return")?;
    window.word("Speaking").await?;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let said = desk.path("said.wav");
    rig::speech("Wait a moment please.", &said)?;
    desk.sound.speak(&said)?;
    window.see("continue").await?;
    for (name, width, height) in [("false-start-narrow", 480, 640), ("false-start-wide", 1280, 800)] {
        window.resize(width, height).await?;
        window.picture(name).await?;
    }
    let recording = desk.sound.record_speaker(&desk.path("silence.wav"))?;
    tokio::time::sleep(Duration::from_millis(600)).await;
    let (silence, rate) = recording.stop()?;
    let level = rig::rms_dbfs(&silence[rate as usize / 4..]);
    ensure!(level < -70.0, "the loudspeaker is silent: {level} dBFS");

    window.click("continue").await?;
    window.word("Speaking").await?;
    window.gone("continue").await?;
    window.picture("continued").await?;
    window.word("Listening").await?;
    let agents = window.captions("agent").await?;
    ensure!(agents.len() == 3, "what was continued has a caption of its own: {agents:?}");
    ensure!(agent.wire_log().sessions.len() == 1, "it was one line all the while");
    window.close().await
}

use anyhow::{Result, ensure};

use crate::desk::Desk;
use crate::window::Window;

fn headset(desk: &Desk) -> Result<String> {
    let called = "sink_properties=device.description=Headset";
    desk.sound.pactl(&["load-module", "module-null-sink", "sink_name=headset", called])
}

fn boom(desk: &Desk) -> Result<String> {
    let called = "source_properties=device.description=Boom";
    let master = "master=mic_in.monitor";
    desk.sound.pactl(&["load-module", "module-remap-source", master, "source_name=boom", called])
}

#[tokio::test(flavor = "multi_thread")]
async fn chosen_devices_are_pulled_out_and_come_back_and_no_word_is_lost() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let (speaker, microphone) = (headset(&desk)?, boom(&desk)?);
    let window = Window::open(&desk).await?;
    window.press("ctrl+comma")?;
    window.pick("field-microphone", "pulseaudio:boom").await?;
    window.pick("field-speaker", "pulseaudio:headset").await?;
    window.picture("devices-settings").await?;
    window.press("Escape")?;
    window.click("try-now").await?;
    window.word("Speaking").await?;
    window.wait("the chosen speaker", "speaker-name", |name| name == "Headset").await?;

    desk.sound.pactl(&["unload-module", &speaker])?;
    window.wait("the other speaker", "speaker-name", |name| name == "Speaker").await?;
    window.wait_for("[data-code=speakerMoved]").await?;
    window.picture("devices-speaker-moved").await?;
    let notice = window.text("problem-message").await?;
    ensure!(notice.contains("Headset") && notice.contains("Speaker"), "both are named: {notice}");
    window.word("Listening").await?;
    window.gone("cut").await?;
    let greeting = window.captions("agent").await?.concat();
    ensure!(greeting.contains("practice agent"), "the greeting is whole: {greeting}");

    window.wait("the chosen microphone", "microphone-name", |name| name == "Boom").await?;
    let said = desk.path("said.wav");
    rig::speech("This sentence goes on while the microphone is pulled out of its socket.", &said)?;
    let speaking = desk.sound.speak_async(&said)?;
    window.word("Hearing you").await?;
    desk.sound.pactl(&["unload-module", &microphone])?;
    window.wait("the other microphone", "microphone-name", |name| name == "Microphone").await?;
    window.wait_for("[data-code=microphoneMoved]").await?;
    window.picture("devices-both-moved").await?;
    speaking.wait()?;
    window.word("Speaking").await?;
    window.word("Listening").await?;
    let yours = window.captions("you").await?;
    ensure!(yours.iter().any(|text| text.contains("s of speech")), "your turn has its caption: {yours:?}");

    headset(&desk)?;
    boom(&desk)?;
    window.wait("the speaker's return", "speaker-name", |name| name == "Headset").await?;
    window.wait("the microphone's return", "microphone-name", |name| name == "Boom").await?;
    window.gone("problem").await?;

    window.pick("choose-speaker", "").await?;
    window.wait("the system's speaker", "speaker-name", |name| name == "Speaker").await?;
    window.gone("problem").await?;
    window.click("end").await?;
    window.see("ending").await?;
    ensure!(desk.sound.source_outputs()?.is_empty(), "after the end nobody records");
    window.close().await
}

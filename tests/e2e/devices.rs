use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::desk::{Desk, PATIENCE};
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

#[tokio::test(flavor = "multi_thread")]
async fn damaged_settings_are_put_aside_and_named_and_new_ones_are_kept() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let window = Window::open(&desk).await?;
    window.press("ctrl+comma")?;
    window.pick("field-speaker", "pulseaudio:mic_in").await?;
    window.press("Escape")?;
    window.see("try-now").await?;
    window.close().await?;
    let found = desk.files_that_contain("pulseaudio:mic_in")?;
    let [file] = found.as_slice() else { bail!("the settings are in one file: {found:?}") };
    std::fs::write(file, "{ not what it was")?;

    let window = Window::open(&desk).await?;
    window.wait("what became of the settings", "problem-cure", |text| text.contains(".damaged")).await?;
    window.picture("damaged-settings").await?;
    let aside = desk.files_that_contain("{ not what it was")?;
    ensure!(aside.len() == 1 && aside[0] != *file, "the damaged file is kept: {aside:?}");
    window.click("dismiss").await?;
    window.gone("problem").await?;
    window.close().await
}

/// How many streams record, by the sound server's own list.
async fn recorders(desk: &Desk, wanted: usize) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        let found = desk.sound.source_outputs()?.len();
        if found == wanted {
            return Ok(());
        }
        ensure!(Instant::now() < until, "{found} streams record in place of {wanted}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn mute_is_what_it_says_both_ways_and_a_dead_microphone_is_an_alarm() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let window = Window::open(&desk).await?;
    window.be_greeted().await?;
    recorders(&desk, 1).await?;

    // Soft: the stream stays, nothing is sent, and speaking is noticed.
    window.press("m")?;
    window.word("Muted").await?;
    let said = desk.path("said.wav");
    rig::speech("Nobody must hear this sentence, and the window must say that nobody does.", &said)?;
    desk.sound.speak(&said)?;
    window.wait_for("[data-code=mutedSpeech]").await?;
    window.picture("mute-soft").await?;
    ensure!(window.captions("you").await?.is_empty(), "a muted word was heard");
    recorders(&desk, 1).await?;

    // Hard: no stream at all.
    window.press("shift+m")?;
    window.wait_for(".more").await?;
    recorders(&desk, 0).await?;
    window.gone("problem").await?;
    window.picture("mute-hard").await?;
    window.press("m")?;
    window.word("Listening").await?;
    recorders(&desk, 1).await?;

    // The speaker, apart from all that.
    window.press("shift+s")?;
    window.see("hushed").await?;
    desk.sound.speak(&said)?;
    window.word("Speaking").await?;
    let recording = desk.sound.record_speaker(&desk.path("hushed.wav"))?;
    window.picture("speaker-off").await?;
    window.resize(480, 640).await?;
    window.picture("speaker-off-narrow").await?;
    window.resize(1280, 800).await?;
    let (heard, _) = recording.stop()?;
    ensure!(heard.iter().all(|&sample| sample == 0.0), "the silenced speaker was heard");
    window.word("Listening").await?;
    window.press("shift+s")?;
    window.gone("hushed").await?;

    // A microphone that is switched off.
    desk.room.replace(None);
    let began = Instant::now();
    window.wait_for("[data-code=silentMicrophone]").await?;
    println!("the alarm came after {:?}", began.elapsed());
    ensure!(began.elapsed() < Duration::from_secs(5), "the alarm took {:?}", began.elapsed());
    window.picture("silent-microphone").await?;
    desk.room.replace(Some(desk.sound.room_tone()?));
    window.gone("problem").await?;

    // A Bluetooth headset whose microphone is in use.
    let shape = "rate=16000 channels=1";
    let called = "source_properties=device.description=Earbuds";
    let source = "source_name=bluez_input.00_11.handsfree";
    desk.sound.pactl(&[
        "load-module",
        "module-remap-source",
        "master=mic_in.monitor",
        source,
        shape,
        called,
    ])?;
    window.pick("choose-microphone", "pulseaudio:bluez_input.00_11.handsfree").await?;
    window.wait("the headset", "microphone-name", |name| name == "Earbuds").await?;
    window.wait_for("[data-code=telephone]").await?;
    window.picture("telephone").await?;
    window.click("use-other").await?;
    window.wait("the other microphone", "microphone-name", |name| name == "Microphone").await?;
    window.gone("problem").await?;

    window.click("end").await?;
    window.see("ending").await?;
    recorders(&desk, 0).await?;
    window.close().await
}

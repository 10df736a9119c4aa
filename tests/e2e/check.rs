use anyhow::{Result, ensure};
use rig::{Acoustics, Room};

use crate::desk::Desk;
use crate::window::Window;

#[tokio::test(flavor = "multi_thread")]
async fn the_sound_check_says_in_words_what_it_hears() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let window = Window::open(&desk).await?;
    window.click("place-check").await?;

    window.click("try-tone").await?;
    window.wait_for("[data-testid='trial-tone'] [data-grade='fine']").await?;

    let said = desk.path("said.wav");
    rig::speech("The first boat on Sundays leaves at ten past eight.", &said)?;
    window.click("try-voice").await?;
    window.wait("the word to speak", "trial-step", |text| text.contains("Say a sentence")).await?;
    // The room comes first, so that the voice stands out.
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    let speaking = desk.sound.speak_async(&said)?;
    window.picture("check-recording").await?;
    window.wait_for("[data-testid='trial-voice'] [data-grade='fine']").await?;
    speaking.wait()?;
    window.picture("check-voice").await?;

    {
        let _room = Room::around(&desk.sound, Acoustics { echo_db: -12.0, rt60_ms: 300, bend: 0.0 })?;
        window.click("try-echo").await?;
        window.wait_for("[data-testid='trial-echo'] [data-grade]").await?;
    }
    let found = window.text("trial-echo").await?;
    ensure!(found.contains("−12 dB") || found.contains("−13 dB") || found.contains("−11 dB"), "{found}");
    window.picture("check-echo").await?;
    window.resize(480, 640).await?;
    window.picture("check-narrow").await?;
    ensure!(desk.sound.source_outputs()?.is_empty(), "nobody records when nothing is tried out");

    // Leaving lets the microphone go.
    window.click("try-voice").await?;
    window.wait("the word to speak", "trial-step", |text| text.contains("Say a sentence")).await?;
    ensure!(!desk.sound.source_outputs()?.is_empty(), "it listens");
    window.click("place-call").await?;
    window.see("try-now").await?;
    let until = std::time::Instant::now() + crate::desk::PATIENCE;
    while !desk.sound.source_outputs()?.is_empty() {
        ensure!(std::time::Instant::now() < until, "it still listens");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    window.close().await
}

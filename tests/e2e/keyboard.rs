use anyhow::{Result, ensure};
use serde_json::json;

use crate::desk::Desk;
use crate::window::Window;

#[tokio::test(flavor = "multi_thread")]
async fn a_first_call_from_the_first_run_to_its_deletion_without_a_mouse() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let window = Window::open(&desk).await?;
    window.tab_to("try-now").await?;
    window.press("Return")?;

    window.word("Speaking").await?;
    window.focus("h1").await?;
    window.word("Listening").await?;
    window.press("m")?;
    window.word("Muted").await?;
    window.focus("h1").await?;
    window.press("m")?;
    window.word("Listening").await?;

    window.press("Return")?;
    window.focus("type-input").await?;
    window.type_text("Mind the m in Space, please")?;
    window.press("Return")?;
    window.word("Speaking").await?;
    let yours = window.captions("you").await?;
    ensure!(
        yours == ["Mind the m in Space, please"],
        "the text was sent, and no letter was a command: {yours:?}"
    );
    window.focus("type-input").await?;
    window.word("Listening").await?;
    window.press("Escape")?;
    window.focus("h1").await?;
    window.gone("type-input").await?;

    let said = desk.path("said.wav");
    rig::speech("Only while the key is down.", &said)?;
    window.hold("space")?;
    window.wait_for("[data-testid=talk][aria-pressed=true]").await?;
    desk.sound.speak(&said)?;
    window.focus("h1").await?;
    window.let_go("space")?;
    window.wait_for("[data-testid=talk][aria-pressed=false]").await?;
    window.word("Speaking").await?;
    window.word("Listening").await?;
    let yours = window.captions("you").await?;
    ensure!(yours.len() == 2 && yours[1].contains("s of speech"), "the held turn has its caption: {yours:?}");

    window.press("ctrl+e")?;
    window.word("Ended").await?;
    window.focus("h1").await?;
    window.wait("the words are kept", "keeping", |text| text.contains("Kept on this computer")).await?;
    window.tab_to("delete-call").await?;
    window.press("Return")?;
    window.focus("delete-call-keep").await?;
    window.tab_to("delete-call-confirm").await?;
    window.press("Return")?;
    window.wait("the deletion", "keeping", |text| text.contains("Deleted")).await?;
    window.focus("keeping").await?;
    ensure!(window.captions("you").await?.is_empty(), "deleted words are still on the page");
    let traces = desk.files_that_contain("Mind the m in Space")?;
    ensure!(traces.is_empty(), "deleted words are still on the disk: {traces:?}");

    // Backwards, because *Close* is before what was just done.
    window.press("shift+Tab")?;
    window.focus("close-call").await?;
    window.press("Return")?;
    window.see("try-now").await?;
    window.focus("h1").await?;
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_talk_key_stays_down_until_it_is_pressed_again_where_that_is_set() -> Result<()> {
    let desk = Desk::set_up(true)?;
    desk.set(json!({ "talkKey": "toggle", "turns": "manual" }))?;
    let window = Window::open(&desk).await?;
    window.be_greeted_in("Muted").await?;
    window.press("space")?;
    window.wait_for("[data-testid=talk][aria-pressed=true]").await?;
    window.word("Hearing you").await?;
    let said = desk.path("said.wav");
    rig::speech("Nobody holds this key.", &said)?;
    desk.sound.speak(&said)?;
    window.wait_for("[data-testid=talk][aria-pressed=true]").await?;
    window.press("space")?;
    window.wait_for("[data-testid=talk][aria-pressed=false]").await?;
    window.word("Speaking").await?;
    window.word("Muted").await?;
    let yours = window.captions("you").await?;
    ensure!(yours.len() == 1 && yours[0].contains("s of speech"), "the turn has its caption: {yours:?}");
    window.press("ctrl+e")?;
    window.word("Ended").await?;
    window.close().await
}

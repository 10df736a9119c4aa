use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::desk::Desk;
use crate::relay::{Network, Relay};
use crate::window::Window;

/// The shortest that can be set; the two desks wait for it side by side.
const QUIET: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_line_is_warned_about_kept_by_a_key_and_hung_up() -> Result<()> {
    let (kept, hung_up) = tokio::join!(quiet_and_kept(), quiet_and_hung_up());
    kept.and(hung_up)
}

/// On a line that costs nothing nobody is warned, so it is not the practice agent of the app itself.
async fn quiet<'a>(desk: &'a Desk, agent: &practice::Practice) -> Result<Window<'a>> {
    desk.set(json!({ "idle": { "hangUp": true, "afterS": 60, "countdownS": 10 } }))?;
    let window = Window::open(desk).await?;
    window.connect(agent, agent.key()).await?;
    window.click("start-call").await?;
    window.word("Listening").await?;
    tokio::time::sleep(QUIET / 2).await;
    ensure!(window.text("state-word").await? == "Listening", "half of the time is no reason to warn");
    tokio::time::sleep(QUIET / 2 - Duration::from_secs(5)).await;
    window.see("quiet").await?;
    Ok(window)
}

async fn quiet_and_kept() -> Result<()> {
    let desk = Desk::set_up(false)?;
    let agent = crate::practice().await?;
    let window = quiet(&desk, &agent).await?;
    let left = window.text("quiet-left").await?;
    window.picture("quiet-warning").await?;
    window.wait("the count to go on", "quiet-left", |text| text != left).await?;
    window.press("s")?;
    window.gone("quiet").await?;
    ensure!(window.text("state-word").await? == "Listening", "the call goes on");
    window.picture("quiet-stayed").await?;
    window.close().await
}

async fn quiet_and_hung_up() -> Result<()> {
    let desk = Desk::set_up(false)?;
    let agent = crate::practice().await?;
    let window = quiet(&desk, &agent).await?;
    window.wait("the reason of the end", "ending", |text| text.contains("it was quiet for")).await?;
    window.picture("quiet-ended").await?;
    ensure!(desk.sound.source_outputs()?.is_empty(), "nobody records any more");
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_in_a_reply_is_got_back_and_nothing_said_is_lost() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let agent = crate::practice().await?;
    let relay = Relay::before(&agent.realtime_url());
    let window = Window::open(&desk).await?;
    window.click("connect-backend").await?;
    window.fill_in(&agent, agent.key()).await?;
    window.fill("field-realtimeUrl", &relay.route(&agent.realtime_url())).await?;
    window.click("save-profile").await?;
    window.click("start-call").await?;
    window.word("Listening").await?;
    window.click("type").await?;
    window.fill("type-input", "Remember this.").await?;
    window.click("type-send").await?;
    window.word("Speaking").await?;
    let mine = window.captions("you").await?;
    relay.becomes(Network::Down);
    window.word("Reconnecting").await?;
    let words = "return document.querySelector('[data-testid=state-word]').parentElement.textContent";
    let words = window.ask(words, vec![]).await?;
    ensure!(words.as_str().is_some_and(|words| words.contains("(1)")), "which try it is: {words}");
    window.picture("line-broken").await?;
    relay.becomes(Network::Well);
    window.word("Listening").await?;
    window.wait_for("[data-role=note]").await?;
    window.picture("line-back").await?;
    ensure!(window.captions("you").await? == mine, "what was said stands as it stood");
    let note = window.captions("note").await?.concat();
    ensure!(note.contains("the agent remembers the conversation"), "the gap is marked: {note}");
    let sessions = agent.wire_log().sessions;
    ensure!(sessions.len() == 2 && sessions[1].resumed, "the same conversation was taken up again");

    window.fill("type-input", "And this.").await?;
    window.click("type-send").await?;
    window.word("Speaking").await?;
    window.word("Listening").await?;
    ensure!(window.captions("you").await?.len() == 2, "the conversation goes on");
    window.click("end").await?;
    window.see("ending").await?;
    window.close().await
}

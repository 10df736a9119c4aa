use anyhow::{Result, ensure};

use crate::desk::Desk;
use crate::relay::{Network, Relay};
use crate::window::Window;

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

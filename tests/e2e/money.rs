use anyhow::{Result, ensure};

use crate::desk::Desk;
use crate::window::Window;

#[tokio::test(flavor = "multi_thread")]
async fn a_price_and_a_tiny_cap_stop_the_second_call_and_a_raised_cap_lets_it_begin() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let agent = crate::practice().await?;
    let window = Window::open(&desk).await?;
    window.click("connect-backend").await?;
    window.fill_in(&agent, agent.key()).await?;
    // One a second.
    window.fill("field-perMinute", "60").await?;
    window.click("save-profile").await?;
    window.see("start-call").await?;

    window.click("place-settings").await?;
    window.click("field-cap-on").await?;
    window.fill("field-dailyCap", "3").await?;
    window.press("Return")?;
    window.wait("the sum of the day", "spent-today", |text| text == "≈ $0.00").await?;
    window.picture("money").await?;

    window.click("place-call").await?;
    window.click("start-call").await?;
    window.word("Listening").await?;
    let reached = |text: &str| text.contains("cap of $3.00 is reached");
    window.wait("the word that the cap is reached", "problem-message", reached).await?;
    ensure!(window.text("state-word").await? == "Listening", "the call goes on");
    ensure!(!window.text("cost").await?.contains("$0.00"), "the estimate runs");
    window.picture("cap-in-call").await?;
    window.click("end").await?;
    window.see("ended-cost").await?;
    window.wait("what it rests on", "cost-basis", |text| text.contains("at $60.00 a minute")).await?;
    window.picture("ended-cost").await?;

    window.click("close-call").await?;
    window.click("start-call").await?;
    window.wait("the refusal", "problem-message", reached).await?;
    ensure!(window.text("problem-cure").await?.contains("tomorrow"), "it says the way on");
    ensure!(agent.wire_log().sessions.len() == 1, "no second session was opened");
    window.picture("cap-refused").await?;

    window.click("raise-cap").await?;
    window.focus("field-dailyCap").await?;
    window.fill("field-dailyCap", "1000").await?;
    window.press("Return")?;
    window.wait("the sum of the day", "spent-today", |text| text != "≈ $0.00").await?;
    window.click("place-call").await?;
    window.click("start-call").await?;
    window.word("Listening").await?;
    window.click("end").await?;
    window.see("ending").await?;
    window.close().await
}

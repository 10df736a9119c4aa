use anyhow::{Result, ensure};
use practice::{Options, Practice, Switches};

use crate::desk::Desk;
use crate::window::Window;

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_is_checked_step_by_step_as_it_is_typed_and_from_the_settings() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let agent = crate::practice().await?;
    let window = Window::open(&desk).await?;

    // Nothing is saved yet.
    window.click("connect-backend").await?;
    window.fill_in(&agent, agent.key()).await?;
    window.click("test-profile").await?;
    window.wait("the end of a good check", "test-result", |text| text.contains("It works")).await?;
    for (step, state) in [("profile", "passed"), ("tokenFound", "passed"), ("sessionUpdated", "passed")] {
        window.wait_for(&format!("[data-step='{step}'][data-state='{state}']")).await?;
    }
    window.picture("checkup-good").await?;
    window.click("copy-check").await?;
    window.wait("the report was copied", "check-said", |text| text.contains("Copied")).await?;
    window.resize(480, 640).await?;
    window.picture("checkup-narrow").await?;
    window.resize(1280, 800).await?;

    // A server that opens the line and then says nothing is stopped by the person.
    let mut switches = Switches::default();
    switches.set("handshake", "hang")?;
    let mute = Practice::start(Options { port: 0, key: agent.key().to_owned(), switches }).await?;
    window.fill("field-realtimeUrl", &mute.realtime_url()).await?;
    window.click("test-profile").await?;
    window.wait_for("[data-step='lineOpen'][data-state='trying']").await?;
    window.click("test-profile").await?;
    window.wait("the stop", "test-result", |text| text.contains("Stopped")).await?;
    window.fill("field-realtimeUrl", &agent.realtime_url()).await?;
    window.click("save-profile").await?;
    window.see("start-call").await?;

    // The server is gone: the first step that fails says so, and nothing after it is tried.
    agent.stop().await;
    window.click("place-settings").await?;
    window.click("check-profile").await?;
    window
        .wait("whose fault it is", "test-result", |text| text.contains("Check that the backend runs"))
        .await?;
    window.wait_for("[data-step='backendReached'][data-state='failed']").await?;
    window.wait_for("[data-step='lineOpen'][data-state='notTried']").await?;
    window.picture("checkup-gone").await?;

    // The agent on this computer can be checked, too.
    window.click("check-practice").await?;
    window.wait("the practice agent", "test-result", |text| text.contains("It works")).await?;
    let said = window.text("check-steps").await?;
    ensure!(said.contains("HTTP 200"), "{said}");
    window.close().await
}

use anyhow::{Result, ensure};

use crate::desk::Desk;
use crate::window::Window;

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_keychain_is_not_waited_for_and_takes_the_secret_when_it_is_unlocked() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let agent = crate::practice().await?;
    let window = Window::open(&desk).await?;
    window.click("connect-backend").await?;
    window.fill_in(&agent, agent.key()).await?;
    let prompter = desk.lock_keychain()?;
    window.click("save-profile").await?;
    prompter.asked()?;
    window.see("keychain-wait").await?;
    desk.picture("keychain-asks")?;
    window.click("give-up-keychain").await?;
    window.wait("the secret's short life", "secret-state", |text| text.contains("only for this run")).await?;
    window.wait("why", "keychain-trouble", |text| text.contains("is locked")).await?;
    desk.picture("keychain-locked")?;
    window.click("start-call").await?;
    window.word("Listening").await?;
    window.click("end").await?;
    window.click("close-call").await?;

    prompter.answer()?;
    window
        .wait("the secret in the keychain", "secret-state", |text| text.contains("in the keychain"))
        .await?;
    window.gone("save-secret").await?;
    window.picture("keychain-unlocked").await?;
    let traces = desk.files_that_contain(agent.key())?;
    ensure!(traces.is_empty(), "the secret is in no file in the clear: {traces:?}");
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_is_deleted_while_the_keychain_is_locked_leaves_nothing_in_it() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let agent = crate::practice().await?;
    let window = Window::open(&desk).await?;
    window.connect(&agent, agent.key()).await?;
    window.click("place-settings").await?;
    window.wait("the secret in the keychain", "backend", |text| text.contains("in the keychain")).await?;
    let prompter = desk.lock_keychain()?;
    window.click("delete-profile").await?;
    window.click("delete-confirm").await?;
    prompter.asked()?;
    window.gone("backend").await?;
    window.click("give-up-keychain").await?;
    window.wait("what is left", "problem", |text| text.contains("may still have an old secret")).await?;
    desk.picture("old-secret")?;
    prompter.answer()?;
    window.gone("problem").await?;
    window.close().await
}

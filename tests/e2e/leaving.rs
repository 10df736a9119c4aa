use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::desk::Desk;
use crate::window::Window;

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_call_is_written_where_the_systems_dialog_says() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let window = Window::open(&desk).await?;
    window.be_greeted().await?;
    let said = window.captions("agent").await?;
    window.click("end").await?;
    window.click("export-call").await?;
    desk.dialog("Export this call").await?;
    desk.picture("export-dialog")?;
    window.press("Escape")?;
    desk.no_dialog("Export this call").await?;
    ensure!(
        window.text("keeping").await? == "Kept on this computer.",
        "nothing was exported, and nothing is said"
    );

    window.click("export-call").await?;
    let path = desk.path("call.txt");
    let path = path.to_str().context("a path in ASCII")?;
    desk.dialog("Export this call").await?;
    window.name_file(std::path::Path::new(path))?;
    window.wait("the export", "exported", |text| text.ends_with(path)).await?;
    window.picture("exported").await?;
    let text = std::fs::read_to_string(path)?;
    ensure!(text.starts_with("Call with Practice agent\n"), "{text}");
    for words in said {
        ensure!(text.contains(words.trim()), "{words:?} is missing:\n{text}");
    }
    window.close().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_app_has_kept_every_final_word() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let window = Window::open(&desk).await?;
    window.be_greeted().await?;
    window.click("type").await?;
    window.fill("type-input", "Remember this.").await?;
    window.click("type-send").await?;
    window.word("Speaking").await?;
    window.word("Listening").await?;
    let mut shown = window.captions("agent").await?;
    shown.extend(window.captions("you").await?);
    ensure!(shown.len() == 3, "greeting, text and answer: {shown:?}");
    let killed = Command::new("kill").args(["-KILL", &desk.app()?.to_string()]).status()?;
    ensure!(killed.success(), "the app could not be killed");

    let path = desk.place("XDG_DATA_HOME")?.join("dev.sidetone.desktop/history.db");
    let history = history::History::open(&path)?;
    let call = history.calls(1)?.pop().context("the call is in the history")?;
    ensure!(call.ended_reason.as_deref() == Some(history::ENDED_UNEXPECTEDLY), "{call:?}");
    let kept: Vec<_> = history.items(&call.id)?.into_iter().map(|item| item.text).collect();
    for words in &shown {
        ensure!(kept.contains(words), "{words:?} was lost: {kept:?}");
    }
    Ok(())
}

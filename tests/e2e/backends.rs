use anyhow::{Result, ensure};

use crate::desk::Desk;
use crate::window::Window;

#[tokio::test(flavor = "multi_thread")]
async fn backends_go_to_a_file_without_their_secrets_and_come_back_from_it() -> Result<()> {
    let desk = Desk::set_up(true)?;
    let agent = crate::practice().await?;
    let window = Window::open(&desk).await?;
    window.connect(&agent, agent.key()).await?;
    window.click("place-settings").await?;
    window.click("export-profiles").await?;
    desk.dialog("Export backends").await?;
    let path = desk.path("backends.json");
    window.name_file(&path)?;
    window.wait("the export", "backends-said", |text| text.contains("backends.json")).await?;
    window.picture("backends-exported").await?;
    let text = std::fs::read_to_string(&path)?;
    ensure!(
        text.contains(&agent.token_url()) && text.contains("My own"),
        "the backend is in the file: {text}"
    );
    ensure!(!text.contains(agent.key()), "its secret is not: {text}");

    window.click("delete-profile").await?;
    window.click("delete-confirm").await?;
    window.gone("backend").await?;
    window.click("import-profiles").await?;
    desk.dialog("Import backends").await?;
    desk.picture("import-dialog")?;
    window.find_file(&path, "Import backends").await?;
    window.wait("the import", "backends-said", |text| text.contains("My own")).await?;
    window.picture("backends-imported").await?;
    ensure!(!window.text("backend").await?.contains("in the keychain"), "the secret did not come along");

    window.click("place-call").await?;
    window.click("enter-secret").await?;
    window.fill("field-secret", agent.key()).await?;
    window.click("save-profile").await?;
    window.click("start-call").await?;
    window.word("Listening").await?;
    window.click("end").await?;
    window.see("ending").await?;
    window.close().await
}

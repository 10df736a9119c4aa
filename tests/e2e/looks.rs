use anyhow::{Result, ensure};

use crate::desk::{Desk, Theme};
use crate::window::Window;

#[tokio::test(flavor = "multi_thread")]
async fn the_window_is_light_on_a_light_desk() -> Result<()> {
    walk(Theme::Light, "light").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_is_dark_on_a_dark_desk() -> Result<()> {
    walk(Theme::Dark, "dark").await
}

/// Every page in both sizes. A picture whose ground is not the theme's fails by itself.
async fn walk(theme: Theme, name: &str) -> Result<()> {
    let desk = Desk::with_theme(true, theme)?;
    let window = Window::open(&desk).await?;
    both(&window, &format!("{name}-first-run")).await?;
    window.click("connect-backend").await?;
    window.see("save-profile").await?;
    both(&window, &format!("{name}-form")).await?;
    window.click("cancel-profile").await?;
    window.be_greeted().await?;
    window.see("caption").await?;
    both(&window, &format!("{name}-call")).await?;
    window.press("ctrl+e")?;
    window.wait("the words are kept", "keeping", |text| text.contains("Kept")).await?;
    both(&window, &format!("{name}-ended")).await?;
    window.close().await
}

async fn both(window: &Window<'_>, name: &str) -> Result<()> {
    for (size, width, height) in [("narrow", 480, 640), ("wide", 1280, 800)] {
        window.resize(width, height).await?;
        let picture = window.picture(&format!("{name}-{size}")).await?;
        let seen = (picture.width, picture.height);
        ensure!(seen == (width as usize, height as usize), "{name}-{size} is a picture of {seen:?}");
    }
    Ok(())
}

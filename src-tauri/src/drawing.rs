//! How WebKitGTK draws the window.

use tauri::{App, Manager as _};
use webkit2gtk::{HardwareAccelerationPolicy, SettingsExt as _, WebViewExt as _};

/// Has the page drawn by the processor, and only where it changes. With the graphics card every frame
/// composes the whole window, which is dear where the card is a program (a call cost a whole core
/// instead of a fifth of one), takes some 90 MB more, and with some drivers leaves the window blank.
pub(crate) fn without_graphics_card(app: &App) -> tauri::Result<()> {
    for window in app.webview_windows().values() {
        window.with_webview(|view| {
            if let Some(settings) = view.inner().settings() {
                settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
            }
        })?;
    }
    Ok(())
}

//! What the window may ask for: each one line onto [`App`].

use std::path::PathBuf;

use audio::Trial;
use call::{Checkup, Command, Mute, Problem, ProblemCode, Turns};
use tauri::ipc::Channel;
use tauri::{Manager as _, State, WebviewWindow, Wry};
use tauri_plugin_dialog::{DialogExt as _, FileDialogBuilder};
use tokio::sync::oneshot;

use crate::app::App;
use crate::devices as list;
use crate::view::{AppEvent, AppSnapshot, CheckTarget, DeviceList, Imported, ProfileDraft, Settings, Target};

type Done<T = ()> = Result<T, Problem>;

#[tauri::command]
pub(crate) async fn subscribe(app: State<'_, App>, bell: Channel<()>) -> Done<AppSnapshot> {
    let ring = move || {
        if let Err(error) = bell.send(()) {
            tracing::warn!(%error, "the window cannot be rung for");
        }
    };
    Ok(app.subscribe(ring).await)
}

#[tauri::command]
pub(crate) async fn news(app: State<'_, App>) -> Done<Vec<AppEvent>> {
    Ok(app.news().await)
}

#[tauri::command]
pub(crate) async fn start_call(app: State<'_, App>, target: Target) -> Done {
    app.start_call(target).await
}

#[tauri::command]
pub(crate) async fn end_call(app: State<'_, App>) -> Done {
    app.command(Command::End).await
}

#[tauri::command]
pub(crate) async fn clear_call(app: State<'_, App>) -> Done {
    app.clear_call().await;
    Ok(())
}

#[tauri::command]
pub(crate) async fn set_mute(app: State<'_, App>, mute: Mute) -> Done {
    app.command(Command::Mute(mute)).await
}

#[tauri::command]
pub(crate) async fn set_turns(app: State<'_, App>, turns: Turns) -> Done {
    app.command(Command::Turns(turns)).await
}

#[tauri::command]
pub(crate) async fn hush_speaker(app: State<'_, App>, hushed: bool) -> Done {
    app.command(Command::Hush(hushed)).await
}

#[tauri::command]
pub(crate) async fn talk(app: State<'_, App>, pressed: bool) -> Done {
    app.command(Command::Talk(pressed)).await
}

#[tauri::command]
pub(crate) async fn interrupt(app: State<'_, App>) -> Done {
    app.command(Command::Interrupt).await
}

#[tauri::command]
pub(crate) async fn continue_reply(app: State<'_, App>) -> Done {
    app.command(Command::Continue).await
}

#[tauri::command]
pub(crate) async fn stay(app: State<'_, App>) -> Done {
    app.command(Command::Stay).await
}

#[tauri::command]
pub(crate) async fn send_text(app: State<'_, App>, text: String) -> Done {
    app.command(Command::SendText(text)).await
}

#[tauri::command]
pub(crate) async fn dismiss_notice(app: State<'_, App>, code: ProblemCode) -> Done {
    app.command(Command::Dismiss(code)).await
}

#[tauri::command]
pub(crate) async fn check(
    app: State<'_, App>,
    target: CheckTarget,
    channel: Channel<Checkup>,
) -> Done<Option<Checkup>> {
    app.check(target, channel).await
}

#[tauri::command]
pub(crate) async fn stop_check(app: State<'_, App>) -> Done {
    app.stop_check().await;
    Ok(())
}

#[tauri::command]
pub(crate) async fn save_profile(app: State<'_, App>, draft: ProfileDraft) -> Done<String> {
    app.save_profile(draft).await
}

/// Tries the keychain again with a secret that is kept for this run only.
#[tauri::command]
pub(crate) async fn save_secret(app: State<'_, App>, id: String) -> Done {
    app.save_secret(&id).await
}

/// Whatever waits for the keychain goes on without it.
#[tauri::command]
pub(crate) async fn give_up_keychain(app: State<'_, App>) -> Done {
    app.give_up_keychain();
    Ok(())
}

#[tauri::command]
pub(crate) async fn delete_profile(app: State<'_, App>, id: String) -> Done {
    app.delete_profile(&id).await
}

/// The copy's id. Its secret is not copied.
#[tauri::command]
pub(crate) async fn duplicate_profile(app: State<'_, App>, id: String) -> Done<String> {
    app.duplicate_profile(&id).await
}

/// Where the profiles were written to, without their secrets; `null` when no place was chosen.
#[tauri::command]
pub(crate) async fn export_profiles(app: State<'_, App>, window: WebviewWindow) -> Done<Option<String>> {
    let place = |name| choose_file(window, "Export backends", JSON, name);
    let written = app.export_profiles(place).await?;
    Ok(written.map(|path| path.display().to_string()))
}

/// What came of a file of profiles; `null` when none was chosen.
#[tauri::command]
pub(crate) async fn import_profiles(app: State<'_, App>, window: WebviewWindow) -> Done<Option<Imported>> {
    let Some(path) = find_file(window, "Import backends", JSON).await else { return Ok(None) };
    app.import_profiles(&path).await.map(Some)
}

#[tauri::command]
pub(crate) async fn set_active(app: State<'_, App>, id: String) -> Done {
    app.set_active(&id).await
}

#[tauri::command]
pub(crate) async fn save_settings(app: State<'_, App>, settings: Settings) -> Done {
    app.save_settings(settings).await
}

#[tauri::command]
pub(crate) async fn devices() -> Done<DeviceList> {
    list::devices().await
}

/// Where the call was written to; `null` when no place was chosen.
#[tauri::command]
pub(crate) async fn export_call(app: State<'_, App>, window: WebviewWindow) -> Done<Option<String>> {
    let written = app.export_call(|name| choose_file(window, "Export this call", TEXT, name)).await?;
    Ok(written.map(|path| path.display().to_string()))
}

#[tauri::command]
pub(crate) async fn delete_call(app: State<'_, App>) -> Done {
    app.delete_call().await
}

/// Returns when the trial is over.
#[tauri::command]
pub(crate) async fn try_out(app: State<'_, App>, trial: Trial) -> Done {
    app.try_out(trial).await
}

#[tauri::command]
pub(crate) async fn stop_trial(app: State<'_, App>) -> Done {
    app.stop_trial().await;
    Ok(())
}

/// Where the text was written to; `null` when no place was chosen.
#[tauri::command]
pub(crate) async fn save_text(window: WebviewWindow, name: String, text: String) -> Done<Option<String>> {
    let Some(path) = choose_file(window, "Save as text", TEXT, name).await else { return Ok(None) };
    crate::past::write(&path, &text, "text").await?;
    Ok(Some(path.display().to_string()))
}

/// A kind of file as the system's dialogs know it: its name, and how such files end.
type Kind = (&'static str, &'static str);

const TEXT: Kind = ("Text", "txt");
const JSON: Kind = ("JSON", "json");

/// The system's own dialog, which also asks before it replaces a file.
async fn choose_file(window: WebviewWindow, title: &str, kind: Kind, name: String) -> Option<PathBuf> {
    let (tell, chosen) = oneshot::channel();
    dialog(&window, title, kind).set_file_name(name).save_file(move |path| {
        // Nobody listens any more when the app is closing.
        let _ = tell.send(path);
    });
    chosen.await.ok().flatten()?.into_path().ok()
}

/// The same for a file that is there.
async fn find_file(window: WebviewWindow, title: &str, kind: Kind) -> Option<PathBuf> {
    let (tell, chosen) = oneshot::channel();
    dialog(&window, title, kind).pick_file(move |path| {
        let _ = tell.send(path);
    });
    chosen.await.ok().flatten()?.into_path().ok()
}

fn dialog(window: &WebviewWindow, title: &str, (name, end): Kind) -> FileDialogBuilder<Wry> {
    let dialog = window.dialog().file().set_parent(window).set_title(title).add_filter(name, &[end]);
    match window.path().document_dir() {
        Ok(documents) => dialog.set_directory(documents),
        Err(_) => dialog,
    }
}

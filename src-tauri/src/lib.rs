//! The shell: the only code that names `tauri`. It adapts commands to the call and events to the
//! window, and gives the core its folders. It decides nothing about a conversation.

mod app;
mod commands;
mod devices;
#[cfg(target_os = "linux")]
mod drawing;
mod kept;
mod keychain;
pub mod ledger;
mod outbox;
mod past;
mod profiles;
pub mod record;
mod running;
mod settings;
mod shared;
mod stream;
mod trials;
mod trouble;
pub mod view;

use anyhow::Context as _;
use tauri::{Manager as _, RunEvent};
use tracing_subscriber::EnvFilter;

use app::{App, Places};

/// Opens the window and runs until it is closed. With `--practice` it calls the practice agent at
/// once.
///
/// # Errors
/// When the window, the app's files or the system's trust store cannot be opened.
pub fn run() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_env("SIDETONE_LOG").unwrap_or_else(|_| EnvFilter::new("warn")))
        .with_writer(std::io::stderr)
        .init();
    let practice = std::env::args().skip(1).any(|argument| argument == "--practice");
    let app = tauri::Builder::default()
        .plugin(tauri_plugin_dialog::init())
        .invoke_handler(tauri::generate_handler![
            commands::subscribe,
            commands::news,
            commands::start_call,
            commands::end_call,
            commands::clear_call,
            commands::set_mute,
            commands::set_turns,
            commands::hush_speaker,
            commands::talk,
            commands::interrupt,
            commands::continue_reply,
            commands::stay,
            commands::send_text,
            commands::dismiss_notice,
            commands::check,
            commands::stop_check,
            commands::save_profile,
            commands::save_secret,
            commands::give_up_keychain,
            commands::delete_profile,
            commands::duplicate_profile,
            commands::export_profiles,
            commands::import_profiles,
            commands::set_active,
            commands::save_settings,
            commands::devices,
            commands::export_call,
            commands::delete_call,
            commands::try_out,
            commands::stop_trial,
            commands::save_text,
        ])
        .setup(move |tauri| {
            #[cfg(target_os = "linux")]
            drawing::without_graphics_card(tauri)?;
            let path = tauri.path();
            let places = Places { config: path.app_config_dir()?, data: path.app_local_data_dir()? };
            let app = App::open(&places).context("could not start")?;
            tauri.manage(app);
            let handle = tauri.handle().clone();
            tauri::async_runtime::spawn(async move { handle.state::<App>().watch_keychain().await });
            let handle = tauri.handle().clone();
            tauri::async_runtime::spawn(async move { handle.state::<App>().follow_spending().await });
            if practice {
                let handle = tauri.handle().clone();
                tauri::async_runtime::spawn(async move {
                    if let Err(problem) = handle.state::<App>().start_call(view::Target::Practice).await {
                        tracing::error!(?problem, "the practice call did not start");
                    }
                });
            }
            Ok(())
        })
        .build(tauri::generate_context!())
        .context("could not open the window")?;
    app.run(|handle, event| {
        if let RunEvent::Exit = event {
            tauri::async_runtime::block_on(handle.state::<App>().close());
        }
    });
    Ok(())
}

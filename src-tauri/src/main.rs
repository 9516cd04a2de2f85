//! The desktop shell: one window over a hub that runs inside it, or over a team's.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod answer;
mod changes;
mod choose;
mod door;
mod embedded;
mod hubs;
mod journal;
mod keychain;
mod lean;
mod link;
mod menu;
mod native;
mod request;
mod settings;
mod window;
mod witness;

use std::io::IsTerminal;

use hubs::Hubs;
use settings::Remembered;
#[cfg(unix)]
use tauri::AppHandle;
use tauri::{Manager, RunEvent};
use tracing_subscriber::EnvFilter;
use witness::Witness;

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    if let Err(error) = lean::restart() {
        tracing::warn!(%error, "the program takes more memory than it has to");
    }

    let app = tauri::Builder::default()
        // First of all plugins: a second start must end before it opens a hub.
        .plugin(tauri_plugin_single_instance::init(|app, _args, _cwd| {
            window::focus(app);
        }))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_dialog::init())
        .plugin(tauri_plugin_notification::init())
        .plugin(window::remember_size())
        .invoke_handler(tauri::generate_handler![
            request::hub_request,
            choose::hub_choice,
            choose::use_remote,
            choose::use_embedded,
            choose::journal_load,
            choose::journal_save,
            native::save_as,
            native::zoom,
            native::notify,
            menu::set_menu,
            menu::toggle_menu,
            menu::set_tray,
            witness::log_state,
            witness::believe_log,
        ])
        .on_menu_event(|app, event| menu::chosen(app, event.id().as_ref()))
        .setup(|app| {
            let settings = Remembered::load(&app.path().app_config_dir()?);
            let scale = settings.get().zoom;
            app.manage(settings);
            app.manage(Witness::in_folder(app.path().app_local_data_dir().ok()));
            app.manage(Hubs::start(app.handle().clone()));
            window::open(app, link::at_start(app.handle()), scale)?;
            app.manage(menu::tray(app.handle()));
            link::follow(app.handle());
            #[cfg(unix)]
            tauri::async_runtime::spawn(end_on_signal(app.handle().clone()));
            Ok(())
        })
        .build(tauri::generate_context!())?;

    app.run(|app, event| {
        if let RunEvent::Exit = event {
            app.state::<Hubs>().close();
        }
    });
    Ok(())
}

/// A logout or Ctrl-C closes the hub as a closed window does.
#[cfg(unix)]
async fn end_on_signal(app: AppHandle) {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = signals else {
        tracing::warn!("signals can't be caught here; they end the program at once");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    app.exit(0);
}

//! The desktop shell: one window over a hub that runs inside it.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod answer;
mod changes;
mod door;
mod embedded;
mod request;
mod window;

use std::io::IsTerminal;

use embedded::Embedded;
#[cfg(unix)]
use tauri::AppHandle;
use tauri::{Manager, RunEvent};
use tracing_subscriber::EnvFilter;

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();

    let app = tauri::Builder::default()
        // First of all plugins: a second start must end before it opens a hub.
        .plugin(tauri_plugin_single_instance::init(|app, _args, _cwd| {
            window::focus(app);
        }))
        .plugin(window::remember_size())
        .invoke_handler(tauri::generate_handler![request::hub_request])
        .setup(|app| {
            app.manage(Embedded::start(app.handle().clone()));
            window::open(app)?;
            #[cfg(unix)]
            tauri::async_runtime::spawn(end_on_signal(app.handle().clone()));
            Ok(())
        })
        .build(tauri::generate_context!())?;

    app.run(|app, event| {
        if let RunEvent::Exit = event {
            app.state::<Embedded>().close();
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

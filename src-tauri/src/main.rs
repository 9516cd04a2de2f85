//! The desktop shell: one window over a hub that runs inside it.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

mod answer;
mod changes;
mod door;
mod embedded;
mod request;
mod window;

use embedded::Embedded;
use tauri::{Manager, RunEvent};
use tracing_subscriber::EnvFilter;

fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_env_filter(
            EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn")),
        )
        .with_writer(std::io::stderr)
        .init();

    let config = embedded::config()?;
    let app = tauri::Builder::default()
        // First of all plugins: a second start must end before it opens a hub.
        .plugin(tauri_plugin_single_instance::init(|app, _args, _cwd| {
            window::focus(app);
        }))
        .plugin(window::remember_size())
        .invoke_handler(tauri::generate_handler![request::hub_request])
        .setup(move |app| {
            app.manage(Embedded::start(app.handle().clone(), config));
            window::open(app)?;
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

//! Writes the permissions of the commands, so that the capability file can name them.

use tauri_build::{AppManifest, Attributes};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let manifest = AppManifest::new().commands(&[
        "hub_request",
        "hub_choice",
        "use_remote",
        "use_embedded",
        "journal_load",
        "journal_save",
        "save_as",
        "zoom",
        "notify",
        "set_menu",
        "toggle_menu",
        "set_tray",
        "log_state",
        "believe_log",
    ]);
    tauri_build::try_build(Attributes::new().app_manifest(manifest))?;
    Ok(())
}

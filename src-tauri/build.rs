//! Writes the permission of the one command, so that the capability file can name it.

use tauri_build::{AppManifest, Attributes};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let manifest = AppManifest::new().commands(&["hub_request"]);
    tauri_build::try_build(Attributes::new().app_manifest(manifest))?;
    Ok(())
}

//! A window with nothing in it: what the desktop's memory is measured against.

fn main() -> tauri::Result<()> {
    tauri::Builder::default()
        .setup(|app| {
            let place = tauri::WebviewUrl::App("icon.svg".into());
            tauri::WebviewWindowBuilder::new(app, "empty", place).inner_size(1280.0, 800.0).build()?;
            Ok(())
        })
        .run(tauri::generate_context!())
}

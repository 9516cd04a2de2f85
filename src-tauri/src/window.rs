//! The one window: it shows the built-in console and nothing else.

use tauri::utils::config::WindowConfig;
use tauri::webview::NewWindowResponse;
use tauri::{App, AppHandle, Manager, Runtime, Url, WebviewWindowBuilder, plugin::TauriPlugin};
use tauri_plugin_window_state::StateFlags;

const LABEL: &str = "main";

/// Opens the window that tauri.conf.json describes.
///
/// # Errors
/// When the system can't make a window.
pub fn open(app: &App) -> tauri::Result<()> {
    let described: &WindowConfig =
        app.config().app.windows.iter().find(|window| window.label == LABEL).ok_or(tauri::Error::WindowNotFound)?;
    WebviewWindowBuilder::from_config(app, described)?
        .on_navigation(is_console)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    Ok(())
}

/// Brings the window to the front, as a second start of the program does.
pub fn focus(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    let shown = window.unminimize().and_then(|()| window.show()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window did not come to the front");
    }
}

/// The plugin that brings size and place back at the next start.
pub fn remember_size<R: Runtime>() -> TauriPlugin<R> {
    tauri_plugin_window_state::Builder::default()
        .with_state_flags(StateFlags::SIZE | StateFlags::POSITION | StateFlags::MAXIMIZED)
        .build()
}

/// Whether `url` is the console itself: its own scheme, or on Windows and Android the host that stands for it.
fn is_console(url: &Url) -> bool {
    matches!((url.scheme(), url.host_str()), ("tauri", Some("localhost")) | ("http" | "https", Some("tauri.localhost")))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn only_the_console_may_be_navigated_to() {
        let answers = |url: &str| is_console(&Url::parse(url).unwrap());
        assert!(answers("tauri://localhost/index.html#/review"));
        assert!(answers("http://tauri.localhost/"));
        for elsewhere in [
            "https://example.com/",
            "http://localhost/",
            "https://tauri.localhost.example.com/",
            "tauri://example.com/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "about:blank",
        ] {
            assert!(!answers(elsewhere), "{elsewhere}");
        }
    }
}

//! The one window: it shows the built-in console and nothing else.

use tauri::menu::Menu;
use tauri::utils::config::WindowConfig;
use tauri::webview::NewWindowResponse;
use tauri::{App, AppHandle, Manager, Runtime, Url, WebviewUrl, WebviewWindowBuilder, Wry, plugin::TauriPlugin};
use tauri_plugin_window_state::StateFlags;

const LABEL: &str = "main";

/// Opens the window that tauri.conf.json describes, at a place in the console.
///
/// # Errors
/// When the system can't make a window.
pub fn open(app: &App, place: Option<String>, scale: f64) -> tauri::Result<()> {
    let mut described: WindowConfig = app
        .config()
        .app
        .windows
        .iter()
        .find(|window| window.label == LABEL)
        .cloned()
        .ok_or(tauri::Error::WindowNotFound)?;
    if let Some(place) = place {
        described.url = WebviewUrl::App(format!("index.html{place}").into());
    }
    WebviewWindowBuilder::from_config(app, &described)?
        .on_navigation(is_console)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    zoom(app.handle(), scale);
    Ok(())
}

/// Makes everything in the window this many times as large.
pub fn zoom(app: &AppHandle, scale: f64) {
    if let Some(Err(error)) = app.get_webview_window(LABEL).map(|window| window.set_zoom(scale)) {
        tracing::warn!(%error, "the window did not change its size of text");
    }
}

/// Puts a menu bar on the window.
///
/// # Errors
/// When the system takes no menu.
pub fn set_menu(app: &AppHandle, menu: Menu<Wry>, shown: bool) -> tauri::Result<()> {
    let Some(window) = app.get_webview_window(LABEL) else { return Ok(()) };
    window.set_menu(menu)?;
    show_menu(app, shown)
}

/// Shows the menu bar, or hides it.
///
/// # Errors
/// When the system won't.
pub fn show_menu(app: &AppHandle, shown: bool) -> tauri::Result<()> {
    let Some(window) = app.get_webview_window(LABEL) else { return Ok(()) };
    if shown { window.show_menu() } else { window.hide_menu() }
}

/// Brings the window to the front, as a second start of the program does.
pub fn focus(app: &AppHandle) {
    let Some(window) = app.get_webview_window(LABEL) else {
        return;
    };
    // GTK shows a window with all that is in it, a hidden menu bar too.
    let show = || if window.is_visible()? { Ok(()) } else { window.show() };
    let shown = window.unminimize().and_then(|()| show()).and_then(|()| window.set_focus());
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

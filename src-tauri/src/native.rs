//! What the console asks of the system: files, notices, larger text.

use anyhow::Context;
use std::path::PathBuf;
use tauri::{AppHandle, Manager};
use tauri_plugin_dialog::DialogExt;
use tauri_plugin_notification::NotificationExt;

use crate::door::Door;
use crate::hubs::Hubs;
use crate::request::FromWindow;
use crate::settings::Remembered;
use crate::window;

const ZOOM: [f64; 9] = [0.5, 0.67, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0];

/// Asks where to, and saves what the hub answers there; answers where that was, or nothing if nobody wanted it.
///
/// # Errors
/// In words, what went wrong. A file that was there before is as it was.
#[tauri::command]
pub async fn save_as(app: AppHandle, path: String, name: String) -> Result<Option<String>, String> {
    let name: String = name.chars().filter(|c| c.is_alphanumeric() || "-_. ".contains(*c)).take(120).collect();
    let (sender, chosen) = tokio::sync::oneshot::channel();
    app.dialog().file().set_file_name(name).save_file(|file| {
        // Nobody waits any more: the window is gone.
        let _ = sender.send(file);
    });
    let Some(file) = chosen.await.ok().flatten() else { return Ok(None) };
    let file = file.into_path().map_err(|e| e.to_string())?;
    let request = FromWindow::get(&path).check().map_err(|answer| answer.body)?;
    let door = app.state::<Hubs>().door().await;
    save(door, request, file.clone()).await.map_err(|e| format!("{e:#}"))?;
    Ok(Some(file.display().to_string()))
}

async fn save(door: Door, request: axum::http::Request<String>, file: PathBuf) -> anyhow::Result<()> {
    let folder = file.parent().context("that is no place for a file")?.to_owned();
    let beside =
        tempfile::NamedTempFile::new_in(&folder).with_context(|| format!("can't write to {}", folder.display()))?;
    let (handle, place) = beside.into_parts();
    let mut handle = tokio::fs::File::from_std(handle);
    door.save(request, &mut handle).await?;
    handle.sync_all().await?;
    place.persist(&file)?;
    Ok(())
}

/// Makes everything larger (1), smaller (-1), or as the system has it (0).
#[tauri::command]
pub fn zoom(app: AppHandle, by: i8) {
    let settings = app.state::<Remembered>();
    let now = settings.get().zoom;
    let at = ZOOM.iter().position(|z| *z >= now).unwrap_or(ZOOM.len() - 1);
    let next = match by {
        0 => 1.0,
        1.. => ZOOM.get(at + 1).copied().unwrap_or(now),
        _ => at.checked_sub(1).and_then(|at| ZOOM.get(at)).copied().unwrap_or(now),
    };
    if let Err(error) = settings.change(|s| s.zoom = next) {
        tracing::warn!(%error, "the size of the text holds until the program ends");
    }
    window::zoom(&app, next);
}

/// A notice of the system's own.
#[tauri::command]
pub fn notify(app: AppHandle, title: String, body: String) {
    // Some notification servers read markup; what is said here is plain.
    let plain = |text: String| -> String {
        let text: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
        text.replace('&', "&amp;").replace('<', "&lt;")
    };
    let shown = app.notification().builder().title(plain(title)).body(plain(body)).show();
    if let Err(error) = shown {
        tracing::warn!(%error, "the system shows no notices");
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use axum::Router;
    use axum::http::StatusCode;
    use axum::routing::get;

    #[tokio::test]
    async fn a_file_is_saved_whole_or_left_as_it_was() {
        let hub = Router::new().route("/v1/cases/export", get(|| async { "one\ntwo\n" })).route(
            "/v1/broken",
            get(|| async { (StatusCode::NOT_FOUND, r#"{"error": {"message": "no such thing"}}"#) }),
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("cases.jsonl");
        let ask = |path| FromWindow::get(path).check().ok().unwrap();
        save(Door::Here(hub.clone()), ask("/v1/cases/export"), file.clone()).await.unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "one\ntwo\n");
        let refused = save(Door::Here(hub), ask("/v1/broken"), file.clone()).await.unwrap_err();
        assert_eq!(refused.to_string(), "no such thing");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }
}

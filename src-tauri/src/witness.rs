//! The last checkpoint of a hub's log, kept by the desktop and held against that log at every start: whoever rewrites the
//! log, or puts an old copy in its place, can't reach what is kept here.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::{Method, Request, Uri, header};
use countersign_hub::{Kept, NotHeld, Witnessed};
use serde::Serialize;
use serde_json::json;
use tauri::{AppHandle, Emitter, Manager};

use crate::door::Door;

/// The name that the window listens to.
const EVENT: &str = "hub-log";
/// Between two looks.
const EVERY: Duration = Duration::from_secs(60);

/// How the log stands to what is kept of it here.
#[derive(Clone, Default, PartialEq, Serialize)]
pub struct LogState {
    /// Over how many entries the kept checkpoint is; none before the first.
    entries: Option<i64>,
    /// When it was signed.
    signed_at: Option<String>,
    /// Why the log doesn't hold it any more.
    why: Option<NotHeld>,
}

/// What is kept of the hub that is chosen.
pub struct Witness {
    folder: Option<PathBuf>,
    now: Mutex<(Option<String>, LogState)>,
}

impl Witness {
    /// Keeps its checkpoints in this folder; without one it compares nothing.
    pub fn in_folder(folder: Option<PathBuf>) -> Self {
        Self { folder, now: Mutex::default() }
    }

    /// Looks at a hub's log, now and then again, for as long as this is awaited.
    pub async fn watch(app: &AppHandle, door: Door, place: &str) {
        loop {
            app.state::<Self>().look(app, &door, place).await;
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn look(&self, app: &AppHandle, door: &Door, place: &str) {
        let Some(kept) = self.kept(place) else { return };
        let Some(state) = compare(door, &kept).await else { return };
        if state.why.is_some() {
            tracing::error!(place, file = %kept.file().display(), "the audit log is not the one that was seen before");
        }
        {
            let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
            *now = (Some(place.to_owned()), state.clone());
        }
        if let Err(error) = app.emit(EVENT, state) {
            tracing::warn!(%error, "the window was not told how the audit log stands");
        }
    }

    fn kept(&self, place: &str) -> Option<Kept> {
        self.folder.as_ref().map(|folder| Kept::of(folder, place))
    }
}

/// Asks a hub whether its log holds what is kept, and keeps its last checkpoint if it does. Nothing where the hub
/// doesn't answer that.
async fn compare(door: &Door, kept: &Kept) -> Option<LogState> {
    let before = kept.get();
    let mut request = Request::new(json!({ "checkpoint": before }).to_string());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = Uri::from_static("/v1/audit/seen");
    request.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    let answer = door.clone().send(request).await;
    let seen: Witnessed = serde_json::from_str(&answer.body).ok().filter(|_| answer.status == 200)?;
    if seen.holds
        && let Some(checkpoint) = &seen.checkpoint
        && let Err(error) = kept.put(checkpoint)
    {
        tracing::warn!(%error, file = %kept.file().display(), "a checkpoint can't be kept");
    }
    let now = kept.get();
    let entries = now.as_ref().map(|c| c.seq);
    Some(LogState { entries, signed_at: now.map(|c| c.at.to_string()), why: seen.why })
}

/// How the log of the hub that is chosen stands to what is kept of it here.
#[tauri::command]
pub fn log_state(app: AppHandle) -> LogState {
    app.state::<Witness>().now.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
}

/// Believes the log as it is now: a restore was meant.
///
/// # Errors
/// When what was kept can't be let go of.
#[tauri::command]
pub async fn believe_log(app: AppHandle) -> Result<(), String> {
    let witness = app.state::<Witness>();
    let place = witness.now.lock().unwrap_or_else(PoisonError::into_inner).0.clone();
    let Some(place) = place else { return Ok(()) };
    if let Some(kept) = witness.kept(&place) {
        kept.forget().map_err(|e| e.to_string())?;
    }
    let door = app.state::<crate::hubs::Hubs>().door().await;
    witness.look(&app, &door, &place).await;
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use axum::routing::post;
    use axum::{Json, Router};
    use serde_json::Value;
    use std::sync::Arc;

    /// A hub whose log holds what is sent for as long as nobody cut it.
    fn hub(cut: Arc<Mutex<bool>>) -> Door {
        let signed =
            json!({ "seq": 5, "hash": "ab", "at": "2026-11-22T10:00:00Z", "public_key": "k", "signature": "s" });
        Door::Here(Router::new().route(
            "/v1/audit/seen",
            post(move |Json(kept): Json<Value>| async move {
                let holds = kept["checkpoint"].is_null() || !*cut.lock().unwrap();
                Json(if holds {
                    json!({ "holds": true, "checkpoint": signed })
                } else {
                    json!({ "holds": false, "why": "shorter" })
                })
            }),
        ))
    }

    #[tokio::test]
    async fn a_log_that_was_cut_shows_at_the_next_start_and_until_somebody_believes_it() {
        let folder = tempfile::tempdir().unwrap();
        let cut = Arc::new(Mutex::new(false));
        let start = || Kept::of(folder.path(), "https://hub.example.com");
        let first = compare(&hub(cut.clone()), &start()).await.unwrap();
        assert_eq!((first.entries, first.why), (Some(5), None));
        *cut.lock().unwrap() = true;
        let next = compare(&hub(cut.clone()), &start()).await.unwrap();
        assert_eq!((next.entries, next.why), (Some(5), Some(NotHeld::Shorter)), "what was kept stays");
        let other = compare(&hub(cut.clone()), &Kept::of(folder.path(), "https://other.example.com")).await.unwrap();
        assert_eq!(other.why, None, "another hub has a log of its own");
        start().forget().unwrap();
        assert_eq!(compare(&hub(cut), &start()).await.unwrap().why, None);
    }
}

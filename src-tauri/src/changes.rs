//! What changed in the hub, told to the window as `hub-event`.

use countersign_hub::Change;
use futures::TryStreamExt;
use serde::Serialize;
use tauri::{AppHandle, Emitter};
use tokio::io::AsyncBufReadExt;
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::io::StreamReader;

use crate::door::Remote;

/// The name the window listens to.
const EVENT: &str = "hub-event";

/// Tells the window that it may have missed changes and must read again.
pub fn reconnected(app: &AppHandle) {
    tell(app, "reconnected");
}

/// Tells the window that no change reaches it now.
pub fn lost(app: &AppHandle) {
    tell(app, "lost");
}

/// Tells the window of each change in the hub of this process, until the hub ends.
pub async fn forward(app: &AppHandle, mut changes: Receiver<Change>) {
    loop {
        match changes.recv().await {
            Ok(change) => tell(app, change),
            Err(RecvError::Lagged(_)) => reconnected(app),
            Err(RecvError::Closed) => return,
        }
    }
}

/// Tells the window of each change in another process's hub, which knows it by `console`, until that hub is lost.
///
/// # Errors
/// Why it was lost.
pub async fn follow(app: &AppHandle, remote: &Remote, console: &str) -> anyhow::Result<()> {
    let bytes = remote.events(console).await?.bytes_stream();
    reconnected(app);
    let mut lines = StreamReader::new(bytes.map_err(std::io::Error::other)).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(data) = line.strip_prefix("data:") {
            tell(app, serde_json::from_str::<serde_json::Value>(data)?);
        }
    }
    Ok(())
}

fn tell(app: &AppHandle, change: impl Serialize + Clone) {
    if let Err(error) = app.emit(EVENT, change) {
        tracing::warn!(%error, "the window was not told of a change");
    }
}

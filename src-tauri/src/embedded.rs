//! The hub inside the window's process: opened beside the window, closed when the program ends or another is chosen.

use std::future::Future;
use std::time::Duration;

use anyhow::Context;
use axum::http::{Method, Request, Uri};
use countersign_hub::{Config, Hub, Opened, Running};
use tauri::AppHandle;
use tokio::sync::{Notify, watch};

use crate::changes;
use crate::door::{Door, Remote};
use crate::witness::Witness;

/// The pause before a hub that was lost or didn't open is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// Opens the hub and keeps the door to it open until `leave`. Answers what `leave` does; the hub is closed then. `moved`
/// says that the hub of another process no longer takes the token that its lock file had.
pub async fn serve(
    app: &AppHandle,
    opener: &watch::Sender<Door>,
    console: &str,
    moved: &Notify,
    leave: impl Future<Output = bool>,
) -> bool {
    tokio::pin!(leave);
    let hub = tokio::select! {
        hub = open(app, opener, console, moved) => hub,
        ending = &mut leave => return ending,
    };
    let router = hub.owner_router();
    if std::env::var_os("COUNTERSIGN_DEMO").is_some() {
        load_demo(&Door::Here(router.clone())).await;
    }
    let (changes, _open) = hub.events(console);
    opener.send_replace(Door::Here(router.clone()));
    changes::reconnected(app);
    let place = database().map(|(_, database)| database).unwrap_or_default();
    let ending = tokio::select! {
        () = changes::forward(app, changes) => false,
        () = Witness::watch(app, Door::Here(router), &place) => false,
        ending = &mut leave => ending,
    };
    opener.send_replace(Door::Shut("the hub is closing".into()));
    hub.close().await;
    ending
}

/// Opens the hub in this process. While another process has it, or it doesn't open, the door leads there or says why.
async fn open(app: &AppHandle, opener: &watch::Sender<Door>, console: &str, moved: &Notify) -> Hub {
    loop {
        match find().await {
            Ok(Opened::Here(hub)) => return *hub,
            Ok(Opened::Elsewhere(running)) => {
                let lost = visit(app, opener, running, console, moved).await;
                tracing::info!(?lost, "the other hub went away");
                // The next one has another token: requests wait until it is known.
                opener.send_replace(Door::Opening);
                changes::lost(app);
            }
            Err(error) => {
                let why = error.to_string();
                if !matches!(&*opener.borrow(), Door::Shut(before) if *before == why) {
                    tracing::error!(why, "the hub did not open");
                }
                opener.send_replace(Door::Shut(why));
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// The data folder, and the database: that of `COUNTERSIGN_DATABASE`, else the one in the folder.
fn database() -> anyhow::Result<(std::path::PathBuf, String)> {
    let data_dir = dirs::data_dir().context("this system names no data folder: set XDG_DATA_HOME")?.join("countersign");
    let database = std::env::var("COUNTERSIGN_DATABASE")
        .unwrap_or_else(|_| format!("sqlite://{}", data_dir.join("hub.db").display()));
    Ok((data_dir, database))
}

async fn find() -> anyhow::Result<Opened> {
    let (data_dir, database) = database()?;
    let listen = Some(([127, 0, 0, 1], 0).into());
    Ok(Hub::open(Config { listen, ..Config::new(database, data_dir) }).await?)
}

/// Leads the door to the hub of another process, for as long as that one answers and takes its token.
async fn visit(
    app: &AppHandle,
    opener: &watch::Sender<Door>,
    running: Running,
    console: &str,
    moved: &Notify,
) -> anyhow::Result<()> {
    let remote = Remote::new(running.url, running.token)?;
    let door = Door::Elsewhere(remote.clone());
    opener.send_replace(door.clone());
    let place = database()?.1;
    tokio::select! {
        lost = changes::follow(app, &remote, console) => lost,
        () = moved.notified() => Ok(()),
        () = Witness::watch(app, door, &place) => Ok(()),
    }
}

/// Loads the demo workflow into a hub that has none yet.
async fn load_demo(door: &Door) {
    let ask = |method, path| {
        let mut request = Request::new(String::new());
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from_static(path);
        door.clone().send(request)
    };
    let listed = ask(Method::GET, "/v1/workflows").await;
    let listed: serde_json::Value = serde_json::from_str(&listed.body).unwrap_or_default();
    if listed["workflows"].as_array().is_some_and(Vec::is_empty) {
        let loaded = ask(Method::POST, "/v1/demo").await;
        if loaded.status >= 300 {
            tracing::warn!(answer = loaded.body, "the demo did not load");
        }
    }
}

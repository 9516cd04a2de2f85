//! The hub inside the window's process: opened beside the window, closed when the program ends.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use axum::http::{Method, Request, Uri};
use countersign_hub::{Config, Hub, Opened, Running};
use tauri::AppHandle;
use tokio::sync::{Notify, watch};

use crate::changes;
use crate::door::{Door, Remote};

/// How long a request waits for the database to be opened.
const OPENING: Duration = Duration::from_secs(30);
/// How long the end of the program waits for the hub to close.
const CLOSING: Duration = Duration::from_secs(5);
/// The pause before a hub that was lost or didn't open is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// The running hub, as the window sees it.
pub struct Embedded {
    door: watch::Receiver<Door>,
    stop: Arc<Notify>,
}

impl Embedded {
    /// Begins to open the hub and returns at once: requests wait at the door.
    pub fn start(app: AppHandle) -> Self {
        let (opener, door) = watch::channel(Door::Opening);
        let stop = Arc::new(Notify::new());
        tauri::async_runtime::spawn(run(app, opener, Arc::clone(&stop)));
        Self { door, stop }
    }

    /// The door as it is now, once it is no longer being opened.
    pub async fn door(&self) -> Door {
        let mut door = self.door.clone();
        let opened = door.wait_for(|door| !matches!(door, Door::Opening));
        match tokio::time::timeout(OPENING, opened).await {
            Ok(Ok(door)) => door.clone(),
            Ok(Err(_)) | Err(_) => Door::Opening,
        }
    }

    /// Closes the hub and waits for it, within a limit.
    pub fn close(&self) {
        self.stop.notify_one();
        let mut door = self.door.clone();
        let closed = async { while door.changed().await.is_ok() {} };
        let closed = async { tokio::time::timeout(CLOSING, closed).await };
        if tauri::async_runtime::block_on(closed).is_err() {
            tracing::warn!("the hub did not close within {CLOSING:?}");
        }
    }
}

/// Keeps the door open until `stop`. That it drops `opener` says that all is closed.
async fn run(app: AppHandle, opener: watch::Sender<Door>, stop: Arc<Notify>) {
    let hub = tokio::select! {
        hub = open(&app, &opener) => hub,
        () = stop.notified() => return,
    };
    let router = hub.owner_router();
    if std::env::var_os("COUNTERSIGN_DEMO").is_some() {
        load_demo(&Door::Here(router.clone())).await;
    }
    let changes = hub.events();
    opener.send_replace(Door::Here(router));
    changes::reconnected(&app);
    tokio::select! {
        () = changes::forward(&app, changes) => {}
        () = stop.notified() => {}
    }
    opener.send_replace(Door::Shut("Countersign is closing".into()));
    hub.close().await;
}

/// Opens the hub in this process. While another process has it, or it doesn't open, the door leads there or says why.
async fn open(app: &AppHandle, opener: &watch::Sender<Door>) -> Hub {
    loop {
        match find().await {
            Ok(Opened::Here(hub)) => return *hub,
            Ok(Opened::Elsewhere(running)) => {
                let lost = visit(app, opener, running).await;
                tracing::info!(?lost, "the other hub went away");
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

/// Opens the database of `COUNTERSIGN_DATABASE`, else the one in the platform's data folder.
async fn find() -> anyhow::Result<Opened> {
    let data_dir = dirs::data_dir().context("this system names no data folder: set XDG_DATA_HOME")?.join("countersign");
    let database = std::env::var("COUNTERSIGN_DATABASE")
        .unwrap_or_else(|_| format!("sqlite://{}", data_dir.join("hub.db").display()));
    let listen = Some(([127, 0, 0, 1], 0).into());
    Ok(Hub::open(Config { database, data_dir, listen, packs: None }).await?)
}

/// Leads the door to the hub of another process, for as long as that one answers.
async fn visit(app: &AppHandle, opener: &watch::Sender<Door>, running: Running) -> anyhow::Result<()> {
    let remote = Remote::new(running.url, running.token)?;
    opener.send_replace(Door::Elsewhere(remote.clone()));
    changes::reconnected(app);
    changes::follow(app, &remote).await
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

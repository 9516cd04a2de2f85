//! Which hub the window works with: the one inside this process, or a team's. It can change while the program runs.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Request, StatusCode};
use tauri::{AppHandle, Manager};
use tokio::sync::{Notify, watch};

use crate::answer::Answer;
use crate::door::{Door, Remote};
use crate::settings::Remembered;
use crate::witness::Witness;
use crate::{changes, embedded, keychain};

/// How long a request waits for a database to be opened.
const OPENING: Duration = Duration::from_secs(30);
/// How long the end of the program waits for the hub to close.
const CLOSING: Duration = Duration::from_secs(5);
/// The pauses before a team's hub that was lost is tried again.
const AGAIN: [Duration; 4] =
    [Duration::from_millis(250), Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(3)];

/// Which hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// The one in this process.
    Embedded,
    /// A team's: its address, and the token for it.
    Remote(String, String),
}

/// The hub that was chosen, as the window sees it.
pub struct Hubs {
    choice: watch::Sender<Choice>,
    door: watch::Receiver<Door>,
    stop: Arc<Notify>,
    moved: Arc<Notify>,
    console: String,
}

impl Hubs {
    /// Begins to open the hub that was chosen last and returns at once: requests wait at the door.
    pub fn start(app: AppHandle) -> Self {
        let (opener, door) = watch::channel(Door::Opening);
        let remote = app.state::<Remembered>().get().remote;
        // Without its token the team's hub refuses, and the window asks for one.
        let first = remote.map_or(Choice::Embedded, |url| {
            let token = keychain::get(&url).unwrap_or_default();
            Choice::Remote(url, token)
        });
        let (choice, choices) = watch::channel(first);
        let (stop, moved) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let console = uuid::Uuid::now_v7().to_string();
        let (ended, left) = (Arc::clone(&stop), Arc::clone(&moved));
        tauri::async_runtime::spawn(run(app, opener, choices, console.clone(), ended, left));
        Self { choice, door, stop, moved, console }
    }

    /// The name by which a hub knows this window, to measure when a kill has reached it.
    pub fn console(&self) -> &str {
        &self.console
    }

    /// The one that is chosen.
    pub fn chosen(&self) -> Choice {
        self.choice.borrow().clone()
    }

    /// Changes to another.
    pub fn choose(&self, choice: Choice) {
        self.choice.send_replace(choice);
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

    /// Sends a request through the door. Where the hub of another process on the same database refuses the token that
    /// its lock file had, it is a new run with a new one: the file is read again, and the request sent once more.
    pub async fn send(&self, request: Request<String>) -> Answer {
        let used = self.door().await;
        let own = self.chosen() == Choice::Embedded;
        let Door::Elsewhere(remote) = &used else { return used.send(request).await };
        if !own {
            return used.send(request).await;
        }
        let answer = used.clone().send(request.clone()).await;
        if answer.status != StatusCode::UNAUTHORIZED.as_u16() {
            return answer;
        }
        let mut door = self.door.clone();
        self.moved.notify_waiters();
        let other = door.wait_for(|now| !matches!(now, Door::Elsewhere(known) if known.is_same(remote)));
        if !matches!(tokio::time::timeout(OPENING, other).await, Ok(Ok(_))) {
            return Answer::unavailable("the hub on this computer is being started again");
        }
        let again = self.door().await.send(request).await;
        match again.status {
            401 => Answer::unavailable("the hub on this computer is being started again"),
            _ => again,
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
async fn run(
    app: AppHandle,
    opener: watch::Sender<Door>,
    mut choices: watch::Receiver<Choice>,
    console: String,
    stop: Arc<Notify>,
    moved: Arc<Notify>,
) {
    loop {
        let choice = choices.borrow_and_update().clone();
        let leave = async {
            tokio::select! {
                () = stop.notified() => true,
                changed = choices.changed() => changed.is_err(),
            }
        };
        let ending = match choice {
            Choice::Embedded => embedded::serve(&app, &opener, &console, &moved, leave).await,
            Choice::Remote(url, token) => {
                visit(&app, &opener, Remote::new(url.clone(), token), &url, &console, leave).await
            }
        };
        if ending {
            return;
        }
        opener.send_replace(Door::Opening);
    }
}

/// Leads the door to a team's hub and follows its changes, however often it goes away. Answers what `leave` does.
async fn visit(
    app: &AppHandle,
    opener: &watch::Sender<Door>,
    remote: Result<Remote, reqwest::Error>,
    place: &str,
    console: &str,
    leave: impl Future<Output = bool>,
) -> bool {
    let remote = match remote {
        Ok(remote) => remote,
        Err(error) => {
            opener.send_replace(Door::Shut(error.to_string()));
            return leave.await;
        }
    };
    opener.send_replace(Door::Elsewhere(remote.clone()));
    let follow = async {
        let mut tries = 0;
        loop {
            let before = std::time::Instant::now();
            let lost = changes::follow(app, &remote, console).await;
            changes::lost(app);
            tracing::info!(?lost, "the hub went away");
            // A hub that was there for a while is back soon; one that wasn't is left alone for longer.
            tries = if before.elapsed() > Duration::from_secs(10) { 0 } else { (tries + 1).min(AGAIN.len() - 1) };
            tokio::time::sleep(AGAIN.get(tries).copied().unwrap_or(CLOSING)).await;
        }
    };
    tokio::select! {
        () = follow => false,
        () = Witness::watch(app, Door::Elsewhere(remote.clone()), place) => false,
        ending = leave => ending,
    }
}

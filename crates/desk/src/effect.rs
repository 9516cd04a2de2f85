//! How a kill reaches those it has to reach: flag clients, consoles, other hubs. Measured from the call, kept with the
//! transition.

use crate::kill::{HubStopped, hubs_of};
use crate::{Desk, DeskError};
use countersign_domain::access::{Act, Identity};
use countersign_domain::time::Millis;
use countersign_store::effects::{self, EffectRow};
use countersign_store::workflows;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// A kill is watched for so long: for a little longer than a try can last whose hub died in it. Who hasn't been reached
/// by then is counted as not reached.
const WATCHED: Duration = Duration::from_secs(35);
/// A hub without a sign of life for so long is gone.
const ALIVE_SECONDS: i64 = 5;

/// Of so many, so many were reached, the slowest after so long.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Reached {
    /// Whom it had to reach.
    pub of: i64,
    /// Whom it has reached.
    pub acknowledged: i64,
    /// The slowest of them, in milliseconds from the call.
    pub slowest_ms: Option<f64>,
}

/// How a kill took effect.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Effect {
    /// From the call to the commit: no lease, verdict or claim of a delivery comes after it.
    pub commit_ms: Option<f64>,
    /// From the call until the last reply that was being sent had been broken off. None as long as that isn't known.
    pub refused_ms: Option<f64>,
    /// Replies of which it isn't known that they were broken off.
    pub sends_running: i64,
    /// Each hub, and whether it has stopped sending.
    pub senders: Vec<HubStopped>,
    /// Flag clients with an open event stream: each has fetched the flags since.
    pub flags: Reached,
    /// Consoles with an open event stream: each has said that it knows.
    pub consoles: Reached,
    /// The other hubs over the same database.
    pub hubs: Reached,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Client,
    Console,
}

/// A kill that is being watched.
struct Watch {
    transition: String,
    began: Instant,
    at_origin: bool,
    /// The board on which the workflow is off.
    etag: String,
    waiting: HashSet<(Kind, String)>,
    /// Whether something of the workflow was still being sent when it was last looked at.
    sending: bool,
    workflow: String,
    row: EffectRow,
    kept: EffectRow,
}

/// Who has an open stream here, and which kills are being watched.
#[derive(Default)]
pub(crate) struct Watched {
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    streams: HashMap<(Kind, String), watch::Sender<String>>,
    watches: Vec<Watch>,
    /// Kills that this hub knows of, so that each is watched once.
    known: HashSet<String>,
}

/// An open stream; counts until it is dropped.
pub struct Stream {
    desk: Desk,
    key: (Kind, String),
    fetched: watch::Receiver<String>,
}

impl Stream {
    /// The name that the client's fetches carry.
    pub fn name(&self) -> &str {
        &self.key.1
    }

    /// Waits until the client has been answered from this board.
    pub async fn fetched(&mut self, etag: &str) {
        // The sender is there for as long as the stream is.
        let _ = self.fetched.wait_for(|fetched| fetched == etag).await;
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut open = self.desk.inner.watched.lock();
        // Whoever connected anew under the same name, before this end was noticed, is still there.
        if open.streams.get(&self.key).is_some_and(|sender| sender.subscribe().same_channel(&self.fetched)) {
            open.streams.remove(&self.key);
        }
    }
}

impl Watched {
    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1_000.0
}

impl Desk {
    fn stream(&self, kind: Kind, name: String) -> Stream {
        let key = (kind, name);
        let (sender, fetched) = watch::channel(String::new());
        self.inner.watched.lock().streams.insert(key.clone(), sender);
        Stream { desk: self.clone(), key, fetched }
    }

    /// A flag client opens its event stream.
    pub fn client_stream(&self) -> Stream {
        self.stream(Kind::Client, crate::new_id())
    }

    /// A console opens its event stream, under its own name.
    pub fn console_stream(&self, console: &str) -> Stream {
        self.stream(Kind::Console, console.to_owned())
    }

    /// A flag client has been answered from this board.
    pub fn client_fetched(&self, client: &str, etag: &str) {
        let key = (Kind::Client, client.to_owned());
        if let Some(stream) = self.inner.watched.lock().streams.get(&key) {
            stream.send_replace(etag.to_owned());
        }
        self.reached(Kind::Client, client, |w| w.etag == etag);
    }

    /// A console has shown a kill.
    pub fn console_told(&self, console: &str, transition: &str) {
        self.reached(Kind::Console, console, |w| w.transition == transition);
    }

    fn reached(&self, kind: Kind, name: &str, of: impl Fn(&Watch) -> bool) {
        let mut open = self.inner.watched.lock();
        let key = (kind, name.to_owned());
        for watch in open.watches.iter_mut().filter(|w| of(w)) {
            if watch.waiting.remove(&key) {
                let took = Some(ms(watch.began));
                let (n, slowest) = match kind {
                    Kind::Client => (&mut watch.row.clients_off, &mut watch.row.clients_ms),
                    Kind::Console => (&mut watch.row.consoles_told, &mut watch.row.consoles_ms),
                };
                *n += 1;
                *slowest = slower(took, *slowest);
            }
        }
    }

    /// Begins to watch a kill that was called here, before its workflow's flag is off on the board.
    pub(crate) fn watch_kill(&self, workflow: &str, transition: &str, began: Instant) {
        self.watch(workflow, transition, began, true, String::new());
        // The board may have been read between the commit and now, and have taken it for another hub's.
        let mut open = self.inner.watched.lock();
        for watch in open.watches.iter_mut().filter(|w| w.transition == transition) {
            (watch.began, watch.at_origin, watch.row.at_origin, watch.sending) = (began, true, 1, true);
        }
    }

    /// Answers whether it is news.
    fn watch(&self, workflow: &str, transition: &str, began: Instant, at_origin: bool, etag: String) -> bool {
        let mut open = self.inner.watched.lock();
        if !open.known.insert(transition.to_owned()) {
            return false;
        }
        let waiting: HashSet<(Kind, String)> = open.streams.keys().cloned().collect();
        let consoles = waiting.iter().filter(|(kind, _)| *kind == Kind::Console).count() as i64;
        let row = EffectRow {
            transition_id: transition.to_owned(),
            hub_id: self.inner.changes.origin().to_owned(),
            at_origin: at_origin.into(),
            clients: waiting.len() as i64 - consoles,
            consoles,
            ..EffectRow::default()
        };
        let kept = EffectRow::default();
        let (transition, workflow) = (transition.to_owned(), workflow.to_owned());
        let sending = at_origin;
        open.watches.push(Watch { transition, began, at_origin, etag, waiting, sending, workflow, row, kept });
        true
    }

    /// Looks at the board that was just read: kills called at other hubs break off what is being sent here, whether or not
    /// this hub was told of them, and are watched from here on; those called here learn on which board they are in force.
    pub(crate) fn board_was_read(&self, board: &crate::flags::Board, first: bool) {
        for (workflow, transition) in board.kills() {
            if first {
                // What was killed before this hub began is nothing to measure.
                self.inner.watched.lock().known.insert(transition.to_owned());
                continue;
            }
            if self.watch(workflow, transition, Instant::now(), false, board.etag().to_owned()) {
                self.inner.sending.break_off(workflow);
            }
            let mut open = self.inner.watched.lock();
            for watch in open.watches.iter_mut().filter(|w| w.transition == transition) {
                board.etag().clone_into(&mut watch.etag);
            }
        }
    }

    /// Writes down what is known of the kills that are being watched, and looks whether other hubs have learned of
    /// those that were called here. Answers how many are still watched.
    pub async fn keep_effects(&self) -> Result<usize, DeskError> {
        let due: Vec<(String, String, bool, bool, Instant, EffectRow)> = {
            let open = self.inner.watched.lock();
            let changed = |w: &&Watch| w.row != w.kept || w.at_origin;
            open.watches
                .iter()
                .filter(changed)
                .map(|w| (w.workflow.clone(), w.transition.clone(), w.sending, w.row != w.kept, w.began, w.row.clone()))
                .collect()
        };
        for (workflow, transition, sending, changed, began, row) in due {
            if changed {
                let mut tx = self.write().await?;
                effects::keep(&mut tx, &row).await?;
                tx.commit().await?;
            }
            if row.at_origin == 1 {
                self.see_other_hubs(&transition, began, &row.hub_id).await?;
            }
            let stopped = sending && self.sends_stopped(&workflow, &transition, began).await?;
            let mut open = self.inner.watched.lock();
            if let Some(watch) = open.watches.iter_mut().find(|w| w.transition == transition) {
                watch.kept = row;
                watch.sending &= !stopped;
            }
        }
        let mut open = self.inner.watched.lock();
        open.watches.retain(|w| w.began.elapsed() < WATCHED);
        Ok(open.watches.len())
    }

    async fn see_other_hubs(&self, transition: &str, began: Instant, mine: &str) -> Result<(), DeskError> {
        let rows = effects::of(&mut self.read().await?, transition).await?;
        let fresh: Vec<&EffectRow> = rows.iter().filter(|r| r.hub_id != mine && r.learned_ms.is_none()).collect();
        if fresh.is_empty() {
            return Ok(());
        }
        let mut tx = self.write().await?;
        for row in fresh {
            effects::learned(&mut tx, transition, &row.hub_id, ms(began)).await?;
        }
        Ok(tx.commit().await?)
    }

    /// A sign of life, so that a kill knows which hubs it has to reach.
    pub async fn beat(&self) -> Result<(), DeskError> {
        if self.inner.store.postgres().is_none() {
            return Ok(());
        }
        self.compare_clocks().await?;
        if self.clock_agrees().is_err() {
            return Ok(());
        }
        let now = self.now();
        let mut tx = self.write_first().await?;
        effects::beat(&mut tx, self.inner.changes.origin(), now).await?;
        effects::forget(&mut tx, Millis(now.0 - 3_600_000)).await?;
        Ok(tx.commit().await?)
    }

    /// The hubs that gave a sign of life lately; none on SQLite, which has but one.
    pub async fn hubs_alive(&self) -> Result<Vec<String>, DeskError> {
        if self.inner.store.postgres().is_none() {
            return Ok(Vec::new());
        }
        let since = Millis(self.now().0 - ALIVE_SECONDS * 1_000);
        Ok(effects::hubs(&mut self.read_first().await?, since, self.now().plus_seconds(5)).await?)
    }

    /// How a kill took effect, as far as it is known by now.
    pub async fn effect(&self, who: &Identity, workflow: &str, transition: &str) -> Result<Effect, DeskError> {
        self.require(who, Act::Watch, Some(workflow), "read this workflow")?;
        let mut tx = self.read().await?;
        let found = workflows::transition(&mut tx, transition).await?.filter(|t| t.workflow_id == workflow);
        let found = found.ok_or_else(|| DeskError::not_found("transition", transition))?;
        let rows = effects::of(&mut tx, transition).await?;
        let senders = hubs_of(&found);
        let mut effect = Effect {
            commit_ms: found.commit_ms,
            refused_ms: found.effect_ms,
            sends_running: senders.iter().map(|h| h.sends_running).sum(),
            senders,
            flags: Reached::default(),
            consoles: Reached::default(),
            hubs: Reached::default(),
        };
        let known: HashSet<&str> = rows.iter().map(|r| r.hub_id.as_str()).collect();
        for row in &rows {
            // At another hub the time ran from when it learned of the kill.
            let later = row.learned_ms.unwrap_or(0.0);
            add(&mut effect.flags, row.clients, row.clients_off, row.clients_ms.map(|ms| ms + later));
            add(&mut effect.consoles, row.consoles, row.consoles_told, row.consoles_ms.map(|ms| ms + later));
            if row.at_origin == 0 {
                add(&mut effect.hubs, 1, row.learned_ms.is_some().into(), row.learned_ms);
            }
        }
        // A hub that is alive and has said nothing yet was not reached.
        let since = Millis(self.now().0.min(found.at + ALIVE_SECONDS * 1_000) - ALIVE_SECONDS * 1_000);
        if self.now().0 - found.at < WATCHED.as_millis() as i64 && !rows.is_empty() {
            let silent = effects::hubs(&mut tx, since, self.now().plus_seconds(5))
                .await?
                .iter()
                .filter(|id| !known.contains(id.as_str()))
                .count();
            effect.hubs.of += silent as i64;
        }
        Ok(effect)
    }
}

fn add(to: &mut Reached, of: i64, acknowledged: i64, slowest_ms: Option<f64>) {
    to.of += of;
    to.acknowledged += acknowledged;
    to.slowest_ms = slower(to.slowest_ms, slowest_ms);
}

/// The longer of two times, either of which may be unknown.
fn slower(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (one, None) | (None, one) => one,
    }
}

//! Flags: where each workflow stands, kept in memory so that an evaluation costs no query, and never longer than it can
//! be trusted. What can't be read from the database any more is off, and says that it is stale.

use crate::promote::stage_of;
use crate::{Desk, DeskError, Version, tokens};
use countersign_domain::access::{Act, Identity};
use countersign_domain::draft::Audience;
use countersign_domain::flag::{self, Evaluation, OFF};
use countersign_domain::pack::Stage;
use countersign_store::workflows::{self, Hold};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, watch};

/// A board younger than this is used as it is.
const FRESH: Duration = Duration::from_millis(500);
/// One older than this says nothing any more: every flag is off.
const STALE: Duration = Duration::from_millis(1_500);
/// The etag of what is left of a board that could not be read anew.
const NOTHING: &str = "stale";

/// Where a workflow stands.
#[derive(Clone)]
struct Flag {
    version: Arc<Version>,
    number: i64,
    stage: Stage,
    /// The transition that killed it, where it is killed.
    killed_by: Option<String>,
    killed: bool,
}

/// Every workflow as it was read at one moment.
#[derive(Default)]
pub struct Board {
    flags: BTreeMap<String, Flag>,
    /// Hash over what flags come from: workflows, versions, stages, kills.
    etag: String,
    /// When that last changed, in seconds since 1970.
    pub last_modified: i64,
}

impl Board {
    /// Hash over what flags come from, for whoever asks whether anything has changed.
    pub fn etag(&self) -> &str {
        &self.etag
    }

    /// The same workflows, all of them off: what is left of a board that could not be read anew.
    fn off(&self) -> Self {
        let flags = self.flags.iter().map(|(id, f)| (id.clone(), Flag { killed: true, ..f.clone() }));
        Self { flags: flags.collect(), etag: NOTHING.to_owned(), last_modified: self.last_modified }
    }

    /// Kills in force, by their transitions.
    pub(crate) fn kills(&self) -> impl Iterator<Item = (&str, &str)> {
        self.flags.iter().filter_map(|(id, f)| f.killed_by.as_deref().map(|t| (id.as_str(), t)))
    }
}

/// What is held in memory.
pub(crate) struct Flags {
    board: RwLock<(Instant, Arc<Board>)>,
    /// One reads at a time, so that an older board never takes the place of a newer one.
    reading: Mutex<()>,
    changed: watch::Sender<Arc<Board>>,
    /// Who has asked, by the hash of their token.
    askers: RwLock<HashMap<String, Identity>>,
}

impl Default for Flags {
    fn default() -> Self {
        let board = Arc::new(Board::default());
        let long_ago = Instant::now().checked_sub(STALE * 2).unwrap_or_else(Instant::now);
        Self {
            board: RwLock::new((long_ago, board.clone())),
            reading: Mutex::new(()),
            changed: watch::channel(board).0,
            askers: RwLock::default(),
        }
    }
}

/// Flags as somebody sees them.
pub struct Evaluated {
    /// By key.
    pub flags: Vec<(String, Evaluation)>,
    /// The board's etag; `stale` where everything is off because nothing could be read.
    pub config: String,
    /// When the board last changed, in seconds since 1970.
    pub last_modified: i64,
}

impl Desk {
    /// Reads where every workflow stands. Answers whether that has changed.
    pub async fn refresh_flags(&self) -> Result<bool, DeskError> {
        // A hub that may not act says that nothing is on.
        self.clock_agrees()?;
        let flags = &self.inner.flags;
        let _one = flags.reading.lock().await;
        let began = Instant::now();
        let mut board = Board::default();
        let mut hash = Sha256::new();
        let mut tx = self.inner.store.snapshot_first().await?;
        let kills: BTreeMap<String, String> = workflows::kills_in_force(&mut tx).await?.into_iter().collect();
        for w in workflows::list(&mut tx, Hold::Look).await? {
            // A flag that isn't there is off.
            let Some(version) = self.version_if_readable(&mut tx, &w.id, w.version).await? else { continue };
            let is_held = self.is_held(&w.id);
            hash.update(format!("{}\n{}\n{}\n{:?}\n{is_held}\n", w.id, w.version, w.stage, w.killed_at));
            let flag = Flag {
                version,
                number: w.version,
                stage: stage_of(&w),
                killed_by: kills.get(&w.id).cloned(),
                killed: w.killed_at.is_some() || is_held,
            };
            board.flags.insert(w.id, flag);
        }
        drop(tx);
        board.etag = hex::encode(&hash.finalize()[..16]);
        let mut held = flags.board.write().unwrap_or_else(PoisonError::into_inner);
        let changed = held.1.etag != board.etag;
        if changed {
            board.last_modified = self.now().0.div_euclid(1_000);
            let board = Arc::new(board);
            self.board_was_read(&board, held.1.etag.is_empty());
            *held = (began, board.clone());
            drop(held);
            flags.changed.send_replace(board);
        } else {
            held.0 = began;
            let board = held.1.clone();
            drop(held);
            // Those that were told that all is off learn that it isn't any more.
            flags.changed.send_if_modified(|told| {
                let was_off = told.etag != board.etag;
                *told = board.clone();
                was_off
            });
        }
        Ok(changed)
    }

    /// For how long the board can still be trusted.
    fn board_is_good_for(&self) -> Duration {
        let held = self.inner.flags.board.read().unwrap_or_else(PoisonError::into_inner);
        STALE.saturating_sub(held.0.elapsed())
    }

    /// Waits until everybody is told that all flags are off because nothing can be read.
    async fn flags_are_lost(&self) {
        let mut told = self.inner.flags.changed.subscribe();
        // The sender is there for as long as the desk is.
        let _ = told.wait_for(|board| board.etag == NOTHING).await;
    }

    /// Keeps the board fresh; called again after `pause`. Where it can't be read for too long, every flag goes off, and
    /// whoever listens is told at that moment.
    pub async fn watch_flags(&self, pause: Duration) {
        let good_for = self.board_is_good_for();
        let patience = if good_for.is_zero() { STALE / 2 } else { good_for };
        let failed = match tokio::time::timeout(patience, self.refresh_flags()).await {
            Ok(Ok(_)) => return,
            Ok(Err(e)) => e.to_string(),
            Err(_) => "the database doesn't answer".to_owned(),
        };
        let good_for = self.board_is_good_for();
        if good_for > pause {
            return;
        }
        tokio::time::sleep(good_for).await;
        if self.board_is_good_for().is_zero() {
            let off = self.inner.flags.board.read().unwrap_or_else(PoisonError::into_inner).1.off();
            self.inner.flags.changed.send_if_modified(|told| {
                let is_news = told.etag != NOTHING;
                if is_news {
                    tracing::warn!(error = failed, "flags can't be read; all of them are off");
                    *told = Arc::new(off);
                }
                is_news
            });
        }
    }

    /// Who a token is, for flags and kills. While the database doesn't answer it is who it was last: an error wouldn't
    /// turn anything off, since a client that gets one goes on with the flags it has.
    pub async fn authenticate_or_recall(&self, token: &str) -> Result<Identity, DeskError> {
        let (hash, askers) = (tokens::hash(token), &self.inner.flags.askers);
        let last = || askers.read().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned();
        tokio::select! {
            biased;
            () = self.flags_are_lost() => match last() {
                Some(identity) => Ok(identity),
                None => self.authenticate_and_remember(token).await,
            },
            answer = self.authenticate_and_remember(token) => match answer {
                Err(e) if !matches!(e, DeskError::Unauthorized(_)) => last().ok_or(e),
                answer => answer,
            },
        }
    }

    /// Who a token is, remembered for when the database is away.
    pub async fn authenticate_and_remember(&self, token: &str) -> Result<Identity, DeskError> {
        let (hash, askers) = (tokens::hash(token), &self.inner.flags.askers);
        let answer = self.authenticate(token).await;
        match &answer {
            Ok(identity) => {
                let known = askers.read().unwrap_or_else(PoisonError::into_inner).get(&hash) == Some(identity);
                if !known {
                    askers.write().unwrap_or_else(PoisonError::into_inner).insert(hash, identity.clone());
                }
            }
            Err(DeskError::Unauthorized(_)) => {
                askers.write().unwrap_or_else(PoisonError::into_inner).remove(&hash);
            }
            Err(_) => {}
        }
        answer
    }

    /// Nothing in memory is to be trusted until it has been read anew.
    pub(crate) fn distrust_flags(&self) {
        let mut held = self.inner.flags.board.write().unwrap_or_else(PoisonError::into_inner);
        held.0 = held.0.checked_sub(STALE * 2).unwrap_or(held.0);
    }

    /// The board, if it can be trusted.
    async fn board(&self, wanted: Option<&str>) -> Option<Arc<Board>> {
        let held = || {
            let held = self.inner.flags.board.read().unwrap_or_else(PoisonError::into_inner);
            (held.0.elapsed(), held.1.clone())
        };
        let (age, board) = held();
        // Whoever has heard of a newer board than ours, from another hub, is right.
        let behind = wanted.is_some_and(|etag| etag != board.etag);
        if age < FRESH && !behind {
            return Some(board);
        }
        // While somebody reads, the others go on with what is still good.
        let busy = self.inner.flags.reading.try_lock().is_err();
        if !(busy && age < STALE && !behind) {
            tokio::select! {
                biased;
                // Whoever keeps the board fresh goes on trying; nobody else waits for it.
                () = self.flags_are_lost() => {}
                read = tokio::time::timeout(STALE, self.refresh_flags()) => if let Ok(Err(e)) = read {
                    tracing::warn!(error = %e, "flags can't be read");
                },
            }
        }
        let (age, board) = held();
        (age < STALE).then_some(board)
    }

    /// What every flag that this identity may see comes to. `config` is the etag that a client was told of.
    pub async fn evaluate_flags(&self, who: &Identity, audience: &Audience, config: Option<&str>) -> Evaluated {
        let scope = who.scope(Act::Evaluate);
        let Some(board) = self.board(config).await else {
            let board = self.inner.flags.changed.borrow().clone();
            let known = board.flags.keys().filter(|id| scope.includes(id));
            let flags = known.map(|id| (id.clone(), flag::STALE)).collect();
            return Evaluated { flags, config: NOTHING.to_owned(), last_modified: board.last_modified };
        };
        let seen = board.flags.iter().filter(|(id, _)| scope.includes(id));
        let flags = seen.map(|(id, flag)| (id.clone(), of(flag, audience))).collect();
        Evaluated { flags, config: board.etag.clone(), last_modified: board.last_modified }
    }

    /// What one flag comes to, and the workflow's version; `None` where there is no such flag for this identity.
    pub async fn evaluate_flag(
        &self,
        who: &Identity,
        key: &str,
        audience: &Audience,
    ) -> Option<(Evaluation, Option<i64>)> {
        if !who.scope(Act::Evaluate).includes(key) {
            return None;
        }
        match self.board(None).await {
            Some(board) => board.flags.get(key).map(|flag| (of(flag, audience), Some(flag.number))),
            // Off, whether there is such a workflow or not: nothing is known.
            None => Some((flag::STALE, None)),
        }
    }

    /// Told whenever what flags come from has changed.
    pub fn flag_changes(&self) -> watch::Receiver<Arc<Board>> {
        self.inner.flags.changed.subscribe()
    }
}

fn of(flag: &Flag, audience: &Audience) -> Evaluation {
    if flag.killed { OFF } else { flag::evaluate(&flag.version.pack, flag.stage, audience) }
}

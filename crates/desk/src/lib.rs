//! The use-cases of the review desk, one file each. Transactions begin and end here; nothing here knows HTTP.

mod alert;
pub mod audit;
mod baseline;
mod budget;
mod burn;
pub mod cases;
mod changes;
mod clock;
mod confirm;
mod decide;
mod deliver;
mod demo;
mod draws;
mod drill;
mod earned;
mod effect;
mod error;
mod escalate;
mod evals;
mod flags;
mod gate;
mod health;
mod history;
mod hold;
mod incident;
mod kept;
mod keys;
mod kill;
mod lease;
mod list;
mod pack;
mod pack_check;
mod pair;
mod probe;
mod promote;
mod pull;
mod reads;
mod recheck;
mod redline;
mod rescue;
mod retention;
mod secrets;
mod send;
mod settle;
mod sources;
mod stage;
mod sweep;
mod tend;
mod tokens;
mod transition;
mod trust;
mod verify;
mod view;
mod withdraw;
mod workflow;

pub use alert::{AlertView, PostView};
pub use budget::{Budget, ByRisk, DaysToGreen};
pub use burn::{BurnRule, BurnView};
pub use changes::{Change, ChangeKind};
pub use clock::{Clock, SystemClock};
pub use countersign_store::page::Page;
pub use countersign_store::{is_there, private_dir, redacted, sqlite_path};
pub use decide::{Decided, Outcome};
pub use deliver::DeliveryView;
pub use draws::{Replayed, WrongDraw};
pub use drill::DrillView;
pub use effect::{Effect, Reached, Stream};
pub use error::{Code, DeskError};
pub use escalate::EscalationView;
pub use evals::{EvalResult, EvalVerdict, NewEvalResult};
pub use flags::{Board, Evaluated};
pub use gate::{GateView, Plan, Point, RatePlan, Series};
pub use history::{
    Day, History, InForceView, RevisionView, SettingChange, TextChange, TransitionView, VersionDiff, VersionFiles,
    VersionView,
};
pub use incident::{EntryView, IncidentSummary, IncidentView, MessageView, StepView};
pub use kept::Kept;
pub use kill::{HubStopped, Killed, Resumed};
pub use lease::{LeaseRequest, LeaseView, Leased};
pub use list::{DraftList, DraftListQuery, DraftSummary, Me, Today};
pub use pack::{Applied, AtStart, PackChange};
pub use pack_check::{LooserLimit, PackCheck};
pub use pair::{Agreement, VersionAgreement, WorkflowAgreement};
pub use probe::Vigilance;
pub use promote::{Move, Moved};
pub use secrets::{SecretFault, SecretView};
pub use settle::{DisagreementQuery, DisagreementView, Opinion, SettledLabel, Settling};
pub use sources::{NewSource, SourceError, SourceRead, SourceReport, SourceView, parse_source};
pub use stage::{LineResult, LineStatus, Prepared};
pub use tokens::{NewToken, TokenMade, TokenView};
pub use trust::{AgreementFigures, ProbeCounts, TooFast, Trust};
pub use verify::{Checked, Fault, Verified};
pub use view::{DeliveryState, DraftView, KeptView, OutcomeView, StoredSource};
pub use withdraw::Withdrawn;
pub use workflow::{PullView, ReasonView, WorkflowDetail, WorkflowView};

use countersign_domain::access::Identity;
use countersign_domain::pack::Pack;
pub use countersign_domain::secret::Allowed;
use countersign_domain::time::Millis;
use countersign_providers::{PullClient, WebhookClient};
use countersign_store::{Store, StoreError, Tx, audit::Fact, workflows};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, RwLock};

/// Looks up a secret by the name that a pack gives it; the process's environment outside of tests.
pub type Secrets = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// What a desk is built from.
pub struct DeskConfig {
    /// `sqlite://PATH` or `postgres://…`.
    pub database: String,
    /// Where files beside the database live: the signing key where there is no keychain.
    pub data_dir: PathBuf,
    /// Whether the signing key may live in the OS keychain.
    pub keychain: bool,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The secrets that packs name.
    pub secrets: Secrets,
    /// Which of them packs may name.
    pub allowed: Allowed,
}

impl DeskConfig {
    /// The usual: system clock, secrets from the environment.
    pub fn new(database: impl Into<String>, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            database: database.into(),
            data_dir: data_dir.into(),
            keychain: true,
            clock: Arc::new(SystemClock::default()),
            secrets: Arc::new(|name| std::env::var(name).ok()),
            allowed: Allowed::default(),
        }
    }
}

/// The desk: built whole at start, cheap to clone.
#[derive(Clone)]
pub struct Desk {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    clock: Arc<dyn Clock>,
    secrets: Secrets,
    allowed: Allowed,
    reads: reads::Reads,
    health: health::Health,
    held: hold::Held,
    signing: ed25519_dalek::SigningKey,
    kept: Kept,
    verifying: tokio::sync::Mutex<()>,
    pseudonyms: Vec<u8>,
    webhooks: WebhookClient,
    pulls: PullClient,
    changes: changes::Changes,
    sending: send::Sending,
    flags: flags::Flags,
    watched: effect::Watched,
    /// Comparisons of long texts that may run at once.
    diffs: tokio::sync::Semaphore,
    packs: RwLock<HashMap<(String, i64), Arc<Version>>>,
    /// Whether something was erased that a database's log may still hold; at first nobody knows.
    unscrubbed: AtomicBool,
}

/// A workflow version, which never changes, with its revision in force.
pub(crate) struct Version {
    pub(crate) number: i64,
    pub(crate) revision: i64,
    pub(crate) pack: Pack,
    pub(crate) seed: Vec<u8>,
}

impl Desk {
    /// Opens the database and everything else the desk needs.
    pub async fn open(config: DeskConfig) -> Result<Self, DeskError> {
        let store = Store::open(&config.database).await?;
        let (dir, keychain) = (config.data_dir, config.keychain);
        let kept = Kept::of(&dir, &config.database);
        // A keychain answers over a bus, and takes its time.
        let signing = tokio::task::spawn_blocking(move || keys::signing_key(&dir, keychain))
            .await
            .map_err(|e| DeskError::Setup(format!("the signing key can't be read: {e}")))??;
        let mut tx = store.write().await?;
        let fresh = hex::encode(keys::random::<32>()?);
        let pseudonyms = countersign_store::meta::get_or_set(&mut tx, "pseudonym_key", &fresh).await?;
        baseline::write_if_due(&mut tx, config.clock.now()).await?;
        tx.commit().await?;
        let inner = Inner {
            store,
            clock: config.clock,
            secrets: config.secrets,
            allowed: config.allowed,
            reads: reads::Reads::default(),
            health: health::Health::default(),
            held: hold::Held::default(),
            signing,
            kept,
            verifying: tokio::sync::Mutex::default(),
            pseudonyms: hex::decode(&pseudonyms).unwrap_or_else(|_| pseudonyms.into_bytes()),
            webhooks: WebhookClient::new().map_err(|e| DeskError::Setup(e.to_string()))?,
            pulls: PullClient::new().map_err(|e| DeskError::Setup(e.to_string()))?,
            changes: changes::Changes::default(),
            sending: send::Sending::default(),
            flags: flags::Flags::default(),
            watched: effect::Watched::default(),
            diffs: tokio::sync::Semaphore::new(1),
            packs: RwLock::default(),
            unscrubbed: AtomicBool::new(true),
        };
        let desk = Self { inner: Arc::new(inner) };
        desk.compare_clocks().await?;
        if let Err(lost @ DeskError::LogLost { .. }) = desk.holds_what_it_signed(&mut desk.read().await?).await {
            tracing::error!(error = %lost, file = %desk.inner.kept.file().display(), "the audit log");
        }
        Ok(desk)
    }

    /// The hub's time.
    pub fn now(&self) -> Millis {
        self.inner.clock.now()
    }

    /// The database, for loops that outlive a use-case.
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// A tag that only this database's hubs can make, for something that they hand out.
    pub fn seal(&self, purpose: &str, text: &str) -> String {
        decide::hmac_hex(&self.inner.pseudonyms, &[purpose, text])
    }

    /// Closes the database, once what was read is on record.
    pub async fn close(&self) {
        if let Err(e) = self.record_reads().await {
            tracing::error!(error = %e, "which lists were read last is not on record");
        }
        self.notify_now().await;
        self.inner.store.close().await;
    }

    pub(crate) async fn write(&self) -> Result<Tx, DeskError> {
        self.clock_agrees()?;
        Ok(self.inner.store.write().await?)
    }

    /// Ahead of everybody who waits to write.
    pub(crate) async fn write_first(&self) -> Result<Tx, DeskError> {
        self.clock_agrees()?;
        Ok(self.inner.store.write_first().await?)
    }

    pub(crate) async fn read(&self) -> Result<Tx, DeskError> {
        Ok(self.inner.store.read().await?)
    }

    /// For signing in, and for what a kill reads.
    pub(crate) async fn read_first(&self) -> Result<Tx, DeskError> {
        Ok(self.inner.store.read_first().await?)
    }

    /// For lists and searches, which may take their time.
    pub(crate) async fn browse(&self) -> Result<Tx, DeskError> {
        Ok(self.inner.store.browse().await?)
    }

    pub(crate) async fn snapshot(&self) -> Result<Tx, DeskError> {
        Ok(self.inner.store.snapshot().await?)
    }

    /// A workflow version with its revision in force; kept in memory once read. Which revision that is, is asked every
    /// time, since another hub may have applied one.
    pub(crate) async fn version(&self, tx: &mut Tx, workflow: &str, version: i64) -> Result<Arc<Version>, DeskError> {
        let missing = || DeskError::not_found("workflow version", format!("{workflow} {version}"));
        let revision = workflows::revision_of(tx, workflow, version).await?.ok_or_else(missing)?;
        let key = (workflow.to_owned(), version);
        if let Some(found) = self.inner.packs.read().unwrap_or_else(PoisonError::into_inner).get(&key)
            && found.revision == revision
        {
            return Ok(found.clone());
        }
        let row = workflows::version(tx, workflow, version).await?.ok_or_else(missing)?;
        let unreadable = || StoreError::Unreadable { what: "a pack", value: format!("{workflow} version {version}") };
        let seed = hex::decode(&row.seed).map_err(|_| unreadable())?;
        let pack = pack::stored_pack(tx, workflow, version, revision).await?;
        let found = Arc::new(Version { number: version, revision, pack, seed });
        self.inner.packs.write().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        Ok(found)
    }
}

impl Desk {
    /// Lets go of a workflow that is gone.
    pub(crate) fn forget(&self, workflow: &str) {
        self.inner.packs.write().unwrap_or_else(PoisonError::into_inner).retain(|(id, _), _| id != workflow);
    }
}

/// Appends an audit entry of this use-case. It names who acted, and the token they came by: the same name may have
/// several, and not all of them need be the person's own.
pub(crate) fn record(
    tx: &mut Tx,
    at: Millis,
    who: &Identity,
    act: &str,
    workflow: Option<&str>,
    object: Option<&str>,
    mut detail: serde_json::Value,
) {
    if let (Some(token), Some(facts)) = (&who.token, detail.as_object_mut()) {
        facts.insert("token".to_owned(), token.as_str().into());
    }
    let detail = detail.to_string();
    countersign_store::audit::append(tx, Fact { at, actor: &who.subject, act, workflow, object, detail: &detail });
}

pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

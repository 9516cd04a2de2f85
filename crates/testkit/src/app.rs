//! A hub as its callers see it, over a database of its own and a clock that stands still.

use crate::clock::FixedClock;
use crate::drafts::{Draft, SOURCE, SOURCE_TEXT};
use crate::pack::{PULL_SECRET_NAME, SECRET_NAME, SECRET_PREFIX, TestPack};
use crate::person::Person;
use countersign_desk::{Allowed, Desk, DeskConfig};
use countersign_domain::time::Millis;
use countersign_hub::Hub;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tracing_subscriber::filter::LevelFilter;

/// The secret behind [`SECRET_NAME`].
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr";
/// The workflow that every app begins with.
pub const WORKFLOW: &str = "desk";

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A file in a folder of its own.
    Sqlite,
    /// A database of its own on this process's server.
    Postgres,
}

/// A hub with what a test wants of it.
pub struct App {
    /// Its use-cases, for the loops that tests run by hand.
    pub desk: Desk,
    /// Its time.
    pub clock: Arc<FixedClock>,
    /// Its database's address.
    pub database: String,
    secrets: Named,
    hub: Hub,
    folder: PathBuf,
    temporary: Option<Arc<TempDir>>,
}

type Named = Arc<Mutex<HashMap<String, String>>>;

impl App {
    /// With the workflow [`WORKFLOW`] as the template has it, which delivers nowhere.
    pub async fn start(engine: Engine) -> Self {
        Self::with(engine, &TestPack::of(WORKFLOW)).await
    }

    /// With this workflow.
    pub async fn with(engine: Engine, pack: &TestPack) -> Self {
        let app = Self::empty(engine).await;
        app.furnish_with(pack).await;
        app
    }

    /// Puts in what [`App::start`] begins with.
    pub async fn furnish(&self) {
        self.furnish_with(&TestPack::of(WORKFLOW)).await;
    }

    /// The same with this workflow.
    pub async fn furnish_with(&self, pack: &TestPack) {
        self.apply(pack).await;
        let source = json!({ "id": SOURCE, "title": "Returns", "text": SOURCE_TEXT, "access": ["public"] });
        self.owner().post_lines("/v1/sources", source.to_string()).await.ok();
    }

    /// With nothing in it.
    pub async fn empty(engine: Engine) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().to_owned();
        let database = match engine {
            Engine::Sqlite => file_in(&folder),
            Engine::Postgres => return Self::at(crate::postgres::Server::start().database()).await,
        };
        Self::over(database, folder, Some(Arc::new(temporary)), Arc::new(FixedClock::default())).await
    }

    /// Over a SQLite file in this folder.
    pub async fn in_folder(folder: &Path) -> Self {
        Self::over(file_in(folder), folder.to_owned(), None, Arc::new(FixedClock::default())).await
    }

    /// Over the database at this address.
    pub async fn at(database: String) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().to_owned();
        Self::over(database, folder, Some(Arc::new(temporary)), Arc::new(FixedClock::default())).await
    }

    async fn over(database: String, folder: PathBuf, temporary: Option<Arc<TempDir>>, clock: Arc<FixedClock>) -> Self {
        // A failed story shows what the hub said. The first app of a process sets this up; the others have it.
        let _ = tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_test_writer().try_init();
        let secrets = Named::default();
        let named = secrets.clone();
        let config = DeskConfig {
            database: database.clone(),
            data_dir: folder.clone(),
            keychain: false,
            clock: clock.clone(),
            secrets: Arc::new(move |name| {
                let named = named.lock().unwrap_or_else(PoisonError::into_inner);
                let is_usual = [SECRET_NAME, PULL_SECRET_NAME].contains(&name) || name.starts_with(SECRET_PREFIX);
                named.get(name).cloned().or_else(|| is_usual.then(|| SECRET.to_owned()))
            }),
            allowed: Allowed::default(),
        };
        let desk = Desk::open(config).await.unwrap();
        // Nothing runs by itself without a listener.
        let hub = Hub::over(desk.clone(), None, None, None, Vec::new()).await.unwrap();
        Self { desk, clock, database, secrets, hub, folder, temporary }
    }

    /// Sets a secret that packs can name.
    pub fn set_secret(&self, name: &str, value: &str) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value.to_owned());
    }

    /// Another hub over the same database and clock.
    pub async fn another(&self) -> Self {
        Self::over(self.database.clone(), self.folder.clone(), self.temporary.clone(), self.clock.clone()).await
    }

    /// Another hub over the same database, which has a data folder of its own and so signs with a key of its own.
    pub async fn with_another_key(&self) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().to_owned();
        Self::over(self.database.clone(), folder, Some(Arc::new(temporary)), self.clock.clone()).await
    }

    /// Takes away what the hub keeps of the log beside its database; it knows it until it is restarted.
    pub fn forget_checkpoint(&self) {
        for file in std::fs::read_dir(&self.folder).unwrap().filter_map(Result::ok) {
            if file.file_name().to_string_lossy().starts_with("audit-seen-") {
                std::fs::remove_file(file.path()).unwrap();
            }
        }
    }

    /// The same hub after a restart.
    pub async fn restarted(self) -> Self {
        let (database, folder, temporary, clock) = (self.database, self.folder, self.temporary, self.clock);
        self.hub.close().await;
        Self::over(database, folder, temporary, clock).await
    }

    /// Ends the hub, which closes its database.
    pub async fn close(self) {
        self.hub.close().await;
    }

    /// The embedded owner, who needs no token.
    pub fn owner(&self) -> Person {
        Person::new("owner", self.hub.owner_router(), None)
    }

    /// Somebody without a token.
    pub fn nobody(&self) -> Person {
        Person::new("nobody", self.hub.router(), None)
    }

    /// Somebody with this token.
    pub fn bearer(&self, token: &str) -> Person {
        Person::new("bearer", self.hub.router(), Some(token.to_owned()))
    }

    /// Somebody with these grants: `{"role", "workflow"?}` each.
    pub async fn person(&self, name: &str, grants: Value, routes: &[&str]) -> Person {
        let new = json!({ "name": name, "grants": grants, "routes": routes });
        let made = self.owner().post("/v1/tokens", new).await.ok();
        Person::new(name, self.hub.router(), made["token"].as_str().map(str::to_owned))
    }

    /// Somebody with one role in every workflow.
    pub async fn role(&self, role: &str) -> Person {
        self.person(&format!("the-{role}"), json!([{ "role": role }]), &[]).await
    }

    /// A reviewer of every workflow.
    pub async fn reviewer(&self, name: &str) -> Person {
        self.person(name, json!([{ "role": "reviewer" }]), &[]).await
    }

    /// Applies a pack.
    pub async fn apply(&self, pack: &TestPack) -> Value {
        self.owner().post("/v1/packs", json!({ "files": pack.files() })).await.ok()
    }

    /// Sends drafts in as NDJSON; answers what became of each.
    pub async fn send<'a>(&self, drafts: impl IntoIterator<Item = &'a Draft>) -> Vec<Value> {
        // A row for another workflow says so; all others are for the usual one.
        let drafts: Vec<Draft> = drafts
            .into_iter()
            .map(
                |draft| {
                    if draft["workflow"].is_null() { draft.clone().with("workflow", WORKFLOW) } else { draft.clone() }
                },
            )
            .collect();
        let reply = self.owner().post_lines("/v1/drafts", crate::drafts::ndjson(&drafts)).await.ok();
        reply["results"].as_array().unwrap().clone()
    }

    /// Sends one draft in that must be taken; answers its id.
    pub async fn stage(&self, draft: &Draft) -> String {
        let results = self.send([draft]).await;
        assert_ne!(results[0]["status"], "rejected", "{results:?}");
        results[0]["id"].as_str().unwrap().to_owned()
    }

    /// A workflow as `GET /v1/workflows` shows it.
    pub async fn workflow(&self, id: &str) -> Value {
        self.owner().get(&format!("/v1/workflows/{id}")).await.ok()
    }

    /// A draft as the owner sees it.
    pub async fn draft(&self, id: &str) -> Value {
        self.owner().get(&format!("/v1/drafts/{id}")).await.ok()
    }

    /// The evidence counts of [`WORKFLOW`], by outcome, over every version, stage and probability.
    pub async fn evidence(&self) -> HashMap<String, i64> {
        let mut tx = self.desk.store().read().await.unwrap();
        let mut by_outcome = HashMap::new();
        for count in countersign_store::evidence::of(&mut tx, WORKFLOW).await.unwrap() {
            *by_outcome.entry(count.outcome).or_insert(0) += count.n;
        }
        by_outcome
    }

    /// Does what only somebody with the database at hand can do; answers how many rows it touched.
    pub async fn tamper(&self, sql: &str) -> u64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self.desk.store().postgres() {
            Some(pool) => sqlx::query(sql).execute(pool).await.unwrap().rows_affected(),
            None => sqlx::query(sql).execute(&self.file().await).await.unwrap().rows_affected(),
        }
    }

    /// A number straight from the database.
    pub async fn number(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match self.desk.store().postgres() {
            Some(pool) => sqlx::query_scalar(sql).fetch_one(pool).await.unwrap(),
            None => sqlx::query_scalar(sql).fetch_one(&self.file().await).await.unwrap(),
        }
    }

    async fn file(&self) -> sqlx::SqlitePool {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(self.desk.store().path().unwrap());
        sqlx::SqlitePool::connect_with(options).await.unwrap()
    }

    /// Follows the audit chain.
    pub async fn verify(&self) -> Value {
        self.owner().get("/v1/audit/verify").await.ok()
    }

    /// The time.
    pub fn now(&self) -> Millis {
        self.desk.now()
    }

    /// Sends what is due until nothing is; answers how many tries that took.
    pub async fn deliver(&self) -> usize {
        let mut tries = 0;
        loop {
            match self.desk.deliver_due().await.unwrap() {
                0 => return tries,
                n => tries += n,
            }
            assert!(tries < 1000, "deliveries that never end");
        }
    }

    /// What is due right after the undo time of verdicts given now.
    pub async fn deliver_after_undo(&self) -> usize {
        self.clock.advance(11);
        self.deliver().await
    }
}

fn file_in(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("desk.db").display())
}

/// Waits until this holds.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let limit = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < limit, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

//! The hub: one router over one database, reached by desktop, browser and command line.

mod access;
mod answer;
mod body;
mod console;
mod docs;
mod events;
mod inflate;
mod ingest;
mod lock;
mod loops;
mod metrics;
mod routes;
mod serve;

pub use access::{ROUTES, Route};
pub use countersign_desk::audit::{NotHeld, Witnessed};
pub use countersign_desk::{Change, Kept, Stream};
pub use lock::Running;
pub use routes::{CONTRACT, openapi};

use axum::Router;
use countersign_desk::{Allowed, Desk, DeskConfig, DeskError};
use countersign_domain::access::Identity;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What a hub is opened with.
pub struct Config {
    /// `sqlite://PATH` or `postgres://…`.
    pub database: String,
    /// Where files beside the database live.
    pub data_dir: PathBuf,
    /// Where to listen; `None` for a hub that is only called in process.
    pub listen: Option<SocketAddr>,
    /// A folder of packs to apply at start: each folder in it that holds a `workflow.toml`.
    pub packs: Option<PathBuf>,
    /// The operator's file of the secrets that packs may name.
    pub secrets: Option<PathBuf>,
    /// The proxies that are believed when they say who is behind them and under which path.
    pub proxies: Vec<ipnet::IpNet>,
}

impl Config {
    /// A hub that is only called in process, and trusts nobody's word.
    pub fn new(database: impl Into<String>, data_dir: impl Into<PathBuf>) -> Self {
        Self {
            database: database.into(),
            data_dir: data_dir.into(),
            listen: None,
            packs: None,
            secrets: None,
            proxies: Vec::new(),
        }
    }
}

/// Either this process has the hub, or it found the one that has.
pub enum Opened {
    /// The hub is here.
    Here(Box<Hub>),
    /// Another process has this SQLite file open.
    Elsewhere(Running),
}

/// Why no hub could be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The desk couldn't be built.
    #[error(transparent)]
    Desk(#[from] DeskError),
    /// The address is taken, or not ours.
    #[error("can't listen on {address}: {}", refused(.why))]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why not.
        why: std::io::Error,
    },
    /// The lock file beside the database can't be used.
    #[error("the lock file {path} can't be used: {source}")]
    Lock {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Somebody holds the database without saying where they listen.
    #[error("another process has {0} open and doesn't listen; try again when it is done")]
    Busy(PathBuf),
    /// The operator's file of secrets can't be used.
    #[error("the secrets file {path} can't be used: {why}")]
    Secrets {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: String,
    },
    /// A pack in the packs folder that can't be applied.
    #[error("{path}: {source}")]
    Pack {
        /// Its folder.
        path: PathBuf,
        /// Why not.
        source: Box<DeskError>,
    },
}

fn refused(e: &std::io::Error) -> String {
    match e.kind() {
        std::io::ErrorKind::AddrInUse => "something listens there already".to_owned(),
        std::io::ErrorKind::PermissionDenied => "this user may not".to_owned(),
        _ => e.to_string(),
    }
}

/// A running hub.
pub struct Hub {
    state: State,
    url: Option<String>,
    stop: CancellationToken,
    tasks: TaskTracker,
    _lock: Option<lock::Lock>,
}

/// What every handler shares.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) desk: Desk,
    pub(crate) metrics: Arc<metrics::Metrics>,
    /// SHA-256 of the owner's token of this run.
    owner: Option<Arc<str>>,
    owner_token: Arc<str>,
    pub(crate) proxies: Arc<[ipnet::IpNet]>,
    pub(crate) stop: CancellationToken,
}

impl Hub {
    /// Opens the database and starts what runs by itself; on SQLite only where no other process has it open.
    pub async fn open(config: Config) -> Result<Opened, OpenError> {
        let lock = match countersign_desk::sqlite_path(&config.database) {
            Some(path) => match lock::take(&path).await? {
                lock::Taken::Ours(lock) => Some(lock),
                lock::Taken::Theirs(running) => return Ok(Opened::Elsewhere(running)),
            },
            None => None,
        };
        let mut desk = DeskConfig::new(config.database, config.data_dir);
        if let Some(path) = config.secrets {
            let text = std::fs::read_to_string(&path).map_err(|e| e.to_string());
            let allowed = text.and_then(|text| Allowed::parse(&text));
            desk.allowed = allowed.map_err(|why| OpenError::Secrets { path, why })?;
        }
        let desk = Desk::open(desk).await?;
        if config.listen.is_none() {
            desk.hold_no_kills();
        }
        Self::over(desk, config.listen, lock, config.packs, config.proxies).await.map(|hub| Opened::Here(Box::new(hub)))
    }

    /// A hub over a desk that is open already.
    pub async fn over(
        desk: Desk,
        listen: Option<SocketAddr>,
        lock: Option<lock::Lock>,
        packs: Option<PathBuf>,
        proxies: Vec<ipnet::IpNet>,
    ) -> Result<Self, OpenError> {
        let owner_token = access::fresh_token()?;
        let stop = CancellationToken::new();
        let state = State {
            metrics: Arc::new(metrics::Metrics::default()),
            // Who can read the lock file can read the database beside it; a Postgres has no such file.
            owner: lock.is_some().then(|| access::token_hash(&owner_token).into()),
            owner_token: owner_token.into(),
            desk,
            proxies: proxies.into(),
            stop: stop.clone(),
        };
        state.desk.adopt_secrets().await?;
        if let Some(dir) = packs {
            apply_packs(&state.desk, &dir).await?;
        }
        let tasks = TaskTracker::new();
        let mut hub = Self { state, url: None, stop, tasks, _lock: None };
        if let Some(address) = listen {
            let failed = |why| OpenError::Listen { address, why };
            let listener = tokio::net::TcpListener::bind(address).await.map_err(failed)?;
            let bound = listener.local_addr().map_err(failed)?;
            hub.tasks.spawn(serve::serve(listener, hub.router(), serve::HEAD, hub.stop.clone()));
            hub.url = Some(format!("http://{bound}"));
        }
        if let Some(lock) = lock {
            lock.announce(hub.url.as_deref(), &hub.state.owner_token)?;
            hub._lock = Some(lock);
        }
        // A hub that is only called in process, by a command that is soon done, leaves the rest to the next one.
        if hub.url.is_some() {
            for secret in hub.state.desk.list_secrets(&Identity::owner()).await? {
                let (name, workflow) = (secret.name, secret.workflow);
                if let Some(why) = secret.refused {
                    tracing::warn!(name, workflow, "a pack names a secret that it can't use: {why}");
                } else if let Some(fault) = secret.fault {
                    tracing::warn!(name, workflow, "a secret that a pack names {fault}");
                }
            }
            loops::start(&hub.state.desk, &hub.tasks, &hub.stop);
        }
        Ok(hub)
    }

    /// The router for whoever brings a bearer token.
    pub fn router(&self) -> Router {
        routes::router(&self.state, None)
    }

    /// The embedded owner's door: every request is the owner's.
    pub fn owner_router(&self) -> Router {
        routes::router(&self.state, Some(Identity::owner()))
    }

    /// Where it listens.
    pub fn url(&self) -> Option<String> {
        self.url.clone()
    }

    /// The owner's token of this run; good only where there is a lock file to keep it in.
    pub fn owner_token(&self) -> &str {
        &self.state.owner_token
    }

    /// The same, or nothing where only tokens of the database are good.
    pub fn owner_token_if_any(&self) -> Option<&str> {
        self.state.owner.is_some().then_some(&*self.state.owner_token)
    }

    /// What happens from now on, for a console of this name: a kill is measured until it has said that it knows. It
    /// counts for as long as the stream is kept.
    pub fn events(&self, console: &str) -> (broadcast::Receiver<Change>, Stream) {
        (self.state.desk.changes(), self.state.desk.console_stream(console))
    }

    /// The use-cases, for what needs no HTTP.
    pub fn desk(&self) -> &Desk {
        &self.state.desk
    }

    /// Ends the listener and the loops, lets requests and deliveries that are under way finish, closes the database.
    /// None of it is waited for without a limit: what isn't done by then is as if the hub had died.
    pub async fn close(self) {
        // A delivery is tried for 15 seconds at the most.
        const FINISH: Duration = Duration::from_secs(20);
        const CLOSE: Duration = Duration::from_secs(5);
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(FINISH, self.tasks.wait()).await.is_err() {
            tracing::warn!("requests or deliveries were still under way when the hub closed");
        }
        // Nobody knows of a kill that was held here alone once this hub is gone.
        match tokio::time::timeout(CLOSE, self.state.desk.commit_held_kills()).await {
            Ok(Ok(0)) => {}
            _ => tracing::error!("a kill was never committed, and ends with this hub: kill it at another one"),
        }
        // What was done since the last checkpoint, or without a loop that signs, is signed as well.
        match tokio::time::timeout(CLOSE, self.state.desk.sign_if_moved()).await {
            Ok(Ok(_)) => {}
            Ok(Err(e)) => tracing::warn!(error = %e, "the audit log is not signed at the end"),
            Err(_) => tracing::warn!("the audit log was not signed in time at the end"),
        }
        if tokio::time::timeout(CLOSE, self.state.desk.close()).await.is_err() {
            tracing::warn!("the database was still in use when the hub closed");
        }
    }
}

async fn apply_packs(desk: &Desk, dir: &std::path::Path) -> Result<(), OpenError> {
    let unreadable = |path: &std::path::Path, e: std::io::Error| OpenError::Pack {
        path: path.to_owned(),
        source: Box::new(DeskError::Setup(format!("can't be read: {e}"))),
    };
    let entries = std::fs::read_dir(dir).map_err(|e| unreadable(dir, e))?;
    let mut folders: Vec<PathBuf> = entries.filter_map(Result::ok).map(|e| e.path()).collect();
    folders.push(dir.to_owned());
    folders.sort();
    for folder in folders.into_iter().filter(|f| f.join(countersign_domain::pack::Pack::WORKFLOW_FILE).is_file()) {
        let files = read_pack(&folder).map_err(|e| unreadable(&folder, e))?;
        let applied = desk.apply_pack_at_start(&files).await;
        applied.map_err(|e| OpenError::Pack { path: folder.clone(), source: Box::new(e) })?;
    }
    Ok(())
}

fn not_utf8(name: &str, e: &std::string::FromUtf8Error) -> std::io::Error {
    let good = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
    let line = 1 + good.iter().filter(|b| **b == b'\n').count();
    let why =
        format!("{name} isn't UTF-8: line {line} has a letter in another encoding, such as Latin-1; save it as UTF-8");
    std::io::Error::new(std::io::ErrorKind::InvalidData, why)
}

/// Reads a pack's folder: its TOML and Markdown files.
pub fn read_pack(dir: &std::path::Path) -> std::io::Result<countersign_domain::pack::PackFiles> {
    const MAX_BYTES: u64 = 1 << 20;
    let mut files = countersign_domain::pack::PackFiles::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_text = [".toml", ".md", ".txt", ".jsonl"].iter().any(|end| name.ends_with(end));
        if is_text && entry.metadata()?.len() <= MAX_BYTES && entry.path().is_file() {
            let text = String::from_utf8(std::fs::read(entry.path())?).map_err(|e| not_utf8(&name, &e))?;
            files.insert(name, text);
        }
    }
    // A folder may hold whole exports; of those only what the settings name belongs to the pack.
    let settings = files.get(countersign_domain::pack::Pack::WORKFLOW_FILE).cloned().unwrap_or_default();
    files.retain(|name, _| !name.ends_with(".jsonl") || settings.contains(&format!("\"{name}\"")));
    Ok(files)
}

//! The one way to a hub: over HTTP, or the same router in this process over the local database.

use crate::args::Reach;
use crate::print;
use anyhow::{Context, bail};
use axum::body::Body;
use axum::http::{Method, Request};
use bytes::Bytes;
use countersign_hub::{Config, Hub, Kept, NotHeld, Opened, Witnessed};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, TryStreamExt};
use serde_json::{Value, json};
use std::path::PathBuf;
use tower::ServiceExt;

/// A hub, wherever it is.
pub enum Door {
    /// In this process.
    Here {
        /// The hub.
        hub: Box<Hub>,
        /// Its database, for people to read.
        database: String,
    },
    /// Over HTTP.
    There {
        /// The client.
        client: reqwest::Client,
        /// Where.
        url: String,
        /// As whom.
        token: String,
        /// The database by which it was found, where it wasn't named itself.
        over: Option<String>,
    },
}

/// An answer that isn't a success.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    /// The wire's code.
    pub code: String,
    /// What went wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// There is no database where a command looks for one.
#[derive(Debug, thiserror::Error)]
#[error(
    "there is no database at {0}; `countersign pack apply DIR` or `countersign hub` makes one, --hub URL names a hub elsewhere"
)]
pub struct NotThere(pub String);

/// A database's address for people to read: a file's path, or an address without its password.
fn named(database: &str) -> String {
    match countersign_desk::sqlite_path(database) {
        Some(path) => path.display().to_string(),
        None => countersign_desk::redacted(database),
    }
}

async fn is_there(database: &str) -> anyhow::Result<bool> {
    let there = countersign_desk::is_there(database).await;
    there.with_context(|| format!("the database {} can't be opened", named(database)))
}

/// A streamed answer.
pub type Streamed = BoxStream<'static, anyhow::Result<Bytes>>;

/// What is sent with a request.
pub enum Sent {
    /// Nothing.
    Nothing,
    /// A JSON value.
    Json(Value),
    /// Lines of JSON.
    Lines(Bytes),
}

/// The database that is opened when no hub is named.
pub fn database(reach: &Reach) -> anyhow::Result<(String, PathBuf)> {
    let data_dir = dirs::data_dir().context("this platform names no data folder; give --database")?.join("countersign");
    let database = reach.database.clone().unwrap_or_else(|| format!("sqlite://{}", data_dir.join("hub.db").display()));
    // The signing key lies beside the database that it signs for.
    let beside = countersign_desk::sqlite_path(&database).and_then(|p| p.parent().map(PathBuf::from));
    Ok((database, beside.filter(|p| !p.as_os_str().is_empty()).unwrap_or(data_dir)))
}

impl Door {
    /// Finds the hub that is meant. A database that isn't there is an error, unless the command may make one: a
    /// mistyped address is not to become an empty database that everything seems to work on.
    pub async fn open(reach: &Reach, may_make: bool) -> anyhow::Result<Self> {
        if let Some(url) = &reach.hub {
            let token = reach.token.clone().unwrap_or_default();
            return Self::there(url.trim_end_matches('/').to_owned(), token, None);
        }
        let (database, data_dir) = database(reach)?;
        let name = named(&database);
        if !may_make && !is_there(&database).await? {
            return Err(NotThere(name).into());
        }
        match Hub::open(Config { secrets: reach.secrets.clone(), ..Config::new(database, data_dir) }).await? {
            Opened::Here(hub) => Ok(Self::Here { hub, database: name }),
            Opened::Elsewhere(running) => Self::there(running.url, running.token, Some(name)),
        }
    }

    /// The same, but for a database that isn't there yet: it is not made.
    pub async fn if_there(reach: &Reach) -> anyhow::Result<Option<Self>> {
        match Self::open(reach, false).await {
            Ok(door) => Ok(Some(door)),
            Err(e) if e.is::<NotThere>() => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// What a command acts on, for people to read.
    pub fn place(&self) -> String {
        match self {
            Self::Here { database, .. } => format!("the database {database}"),
            Self::There { url, over: None, .. } => format!("the hub at {url}"),
            Self::There { url, over: Some(database), .. } => {
                format!("the hub at {url}, which has the database {database} open")
            }
        }
    }

    /// Whether nothing stands between us and the hub that lets only small requests pass.
    pub fn is_near(&self) -> bool {
        let Self::There { url, .. } = self else { return true };
        let host = url.split("://").nth(1).unwrap_or_default();
        ["127.0.0.1", "localhost", "[::1]"].iter().any(|near| host.starts_with(near))
    }

    fn there(url: String, token: String, over: Option<String>) -> anyhow::Result<Self> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            bail!("expected a hub's address such as http://127.0.0.1:8787, found {url:?}");
        }
        let connect = std::time::Duration::from_secs(5);
        Ok(Self::There { client: reqwest::Client::builder().connect_timeout(connect).build()?, url, token, over })
    }

    /// Asks whether the hub's log still holds the checkpoint that the last command saw, and keeps the one of now. What
    /// is wrong is said; a hub that doesn't answer this is no trouble of the command's own.
    pub async fn watch_log(&self, reach: &Reach) -> Option<String> {
        let kept = kept(reach)?;
        let before = kept.get();
        let answer =
            self.json(Method::POST, "/v1/audit/seen", Sent::Json(json!({ "checkpoint": before }))).await.ok()?;
        let seen: Witnessed = serde_json::from_value(answer).ok()?;
        let why = match (seen.why, &before) {
            (Some(why), Some(before)) => told(why, before.seq),
            _ => {
                if let Some(Err(e)) = seen.checkpoint.map(|c| kept.put(&c)) {
                    print::note(format!(
                        "warning: the log's checkpoint can't be kept in {}: {e}",
                        kept.file().display()
                    ));
                }
                return None;
            }
        };
        let file = kept.file().display();
        print::note(format!("warning: the audit log {why}"));
        print::note(format!(
            "hint: keep both as they are and find out why; after a restore that you meant, remove {file}"
        ));
        Some(why)
    }

    /// Sends a request; answers a success as a stream, anything else as an error.
    pub async fn stream(&self, method: Method, path: &str, sent: Sent) -> anyhow::Result<(u16, Streamed)> {
        let kind = if matches!(sent, Sent::Lines(_)) { "application/x-ndjson" } else { "application/json" };
        let (status, body): (u16, Streamed) = match self {
            Self::Here { hub, .. } => {
                let body = match sent {
                    Sent::Nothing => Body::empty(),
                    Sent::Json(value) => Body::from(value.to_string()),
                    Sent::Lines(lines) => Body::from(lines),
                };
                let request = Request::builder().method(method).uri(path).header("content-type", kind).body(body)?;
                let response = hub.owner_router().oneshot(request).await?;
                let status = response.status().as_u16();
                (
                    status,
                    StreamExt::boxed(TryStreamExt::map_err(
                        response.into_body().into_data_stream(),
                        anyhow::Error::from,
                    )),
                )
            }
            Self::There { client, url, token, .. } => {
                let mut request = client.request(method, format!("{url}{path}")).header("content-type", kind);
                if !token.is_empty() {
                    request = request.bearer_auth(token);
                }
                request = match sent {
                    Sent::Nothing => request,
                    Sent::Json(value) => request.body(value.to_string()),
                    Sent::Lines(lines) => request.body(lines),
                };
                let response = request.send().await.with_context(|| format!("no hub answers at {url}"))?;
                let status = response.status().as_u16();
                (status, response.bytes_stream().map_err(anyhow::Error::from).boxed())
            }
        };
        if (200..300).contains(&status) {
            return Ok((status, body));
        }
        let text = whole(body).await?;
        let error = serde_json::from_slice::<Value>(&text).ok().and_then(|v| v.get("error").cloned());
        let field = |name: &str| error.as_ref().and_then(|e| e.get(name)).and_then(Value::as_str).map(str::to_owned);
        let message = field("message").unwrap_or_else(|| format!("the hub answered {status}"));
        Err(Refused { code: field("code").unwrap_or_default(), message, hint: field("hint") }.into())
    }

    /// Sends a request and reads its answer as JSON; `null` where there is none.
    pub async fn json(&self, method: Method, path: &str, sent: Sent) -> anyhow::Result<Value> {
        let text = self.bytes(method, path, sent).await?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&text).context("the hub's answer is not JSON")
    }

    /// Every page of a list, as one answer.
    pub async fn all(&self, path: &str, name: &str) -> anyhow::Result<Value> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.json(Method::GET, &format!("{path}?limit=200{cursor}"), Sent::Nothing).await?;
            let listed = page.get(name).and_then(Value::as_array);
            rows.extend(listed.with_context(|| format!("the hub's answer has no {name}"))?.iter().cloned());
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={}", crate::commands::segment(next)),
                None => return Ok(serde_json::json!({ name: rows })),
            }
        }
    }

    /// Sends a request and reads its answer.
    pub async fn bytes(&self, method: Method, path: &str, sent: Sent) -> anyhow::Result<Bytes> {
        let (_, body) = self.stream(method, path, sent).await?;
        whole(body).await
    }

    /// Lets go of the hub; the local one closes its database.
    pub async fn close(self) {
        if let Self::Here { hub, .. } = self {
            hub.close().await;
        }
    }
}

/// What the last command saw of the log that is meant, in the platform's folder for what a program has to remember.
fn kept(reach: &Reach) -> Option<Kept> {
    let dir = dirs::state_dir().or_else(dirs::data_local_dir)?.join("countersign");
    let place = match &reach.hub {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => database(reach).ok()?.0,
    };
    Some(Kept::of(&dir, &place))
}

fn told(why: NotHeld, seq: i64) -> String {
    match why {
        NotHeld::NotSigned => {
            format!("was not compared: the kept checkpoint over {seq} entries isn't signed as it says")
        }
        NotHeld::Shorter => format!("is shorter than it was: {seq} entries were signed, and it doesn't have as many"),
        NotHeld::Rewritten => format!("was rewritten: its first {seq} entries are not those that were signed"),
        NotHeld::OtherKey => {
            format!("is signed with another key than before; the one that signed {seq} entries has fallen silent")
        }
    }
}

async fn whole(mut body: impl Stream<Item = anyhow::Result<Bytes>> + Unpin) -> anyhow::Result<Bytes> {
    let mut all = Vec::new();
    while let Some(part) = body.next().await {
        all.extend_from_slice(&part?);
    }
    Ok(all.into())
}

//! HTTP to a hub, as any client speaks it.

use crate::day::say;
use anyhow::{Context, ensure};
use reqwest::{Client, Method};
use serde_json::Value;
use std::time::{Duration, Instant};

/// A hub's address and a token.
#[derive(Clone)]
pub struct Door {
    client: Client,
    url: String,
    token: String,
}

/// An answer.
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body; null where there is none.
    pub body: Value,
    /// The hub went away or refused to act at least once; the request was sent again.
    pub interrupted: bool,
}

impl Door {
    /// A client of this hub.
    pub fn new(url: &str, token: &str) -> anyhow::Result<Self> {
        let client = Client::builder().timeout(Duration::from_secs(30)).build()?;
        Ok(Self { client, url: url.to_owned(), token: token.to_owned() })
    }

    /// Sends a request once.
    pub async fn try_once(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<(u16, Value)> {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
        Ok((status, body))
    }

    /// Sends a request until the hub answers it: one that is down comes back, one that answers 503 recovers.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        const PATIENCE: Duration = Duration::from_secs(60);
        let (began, mut interrupted) = (Instant::now(), false);
        loop {
            let why = match self.try_once(method.clone(), path, body).await {
                Ok((status, body)) if status != 503 => return Ok(Answer { status, body, interrupted }),
                Ok((_, body)) => anyhow::anyhow!("503 {body}"),
                Err(e) => e,
            };
            ensure!(began.elapsed() < PATIENCE, "{method} {path}: no answer for a minute: {why:#}");
            if !interrupted {
                say(&format!("{method} {path}: {why:#}"));
            }
            interrupted = true;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Reads something that must be there.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let answer = self.send(Method::GET, path, None).await?;
        ensure!(answer.status == 200, "GET {path}: {} {}", answer.status, answer.body);
        Ok(answer.body)
    }

    /// Every row of a list, page by page. `path` ends in `?` or `&`.
    pub async fn all(&self, path: &str, rows: &str) -> anyhow::Result<Vec<Value>> {
        let (mut all, mut next) = (Vec::new(), String::new());
        loop {
            let mut page = self.get(&format!("{path}limit=200{next}")).await?;
            let Value::Array(more) = page[rows].take() else { anyhow::bail!("{path}: no {rows} in {page}") };
            all.extend(more);
            match page["next_cursor"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => return Ok(all),
            }
        }
    }

    /// Sends what must succeed.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.send(Method::POST, path, Some(body)).await?;
        ensure!((200..300).contains(&answer.status), "POST {path}: {} {}", answer.status, answer.body);
        Ok(answer.body)
    }

    /// Streams a file of lines in; sent again as a whole when the hub goes away in the middle.
    pub async fn stream(&self, path: &str, lines: &str) -> anyhow::Result<Value> {
        for _ in 0..1_000 {
            let request = self.client.post(format!("{}{path}", self.url)).bearer_auth(&self.token);
            match request.header("content-type", "application/x-ndjson").body(lines.to_owned()).send().await {
                Ok(response) if response.status().is_success() => {
                    if let Ok(report) = response.json().await {
                        return Ok(report);
                    }
                }
                Ok(response) if response.status().as_u16() != 503 => {
                    anyhow::bail!("POST {path}: {} {}", response.status(), response.text().await?)
                }
                _ => {}
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(anyhow::anyhow!("no hub took the lines")).context(path.to_owned())
    }
}

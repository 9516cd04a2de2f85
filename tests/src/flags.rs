//! A flag client: what a hub answers it, and the event stream that tells it to ask again.

use anyhow::{Context, ensure};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, Response};
use serde_json::{Value, json};

const ALL: &str = "/ofrep/v1/evaluate/flags";

/// A client of one hub that asks for one flag, for a member of the staff.
#[derive(Clone)]
pub struct Flags {
    http: Client,
    url: String,
    token: String,
    flag: String,
}

/// An answer.
#[derive(Debug)]
pub struct Evaluated {
    /// The HTTP status.
    pub status: u16,
    /// Whether the flag is on; not if the answer has no such flag.
    pub on: bool,
    /// `Retry-After`.
    pub retry_after: Option<String>,
}

/// An open event stream.
pub struct Events {
    response: Response,
    read: String,
}

impl Flags {
    /// Of this hub, with this token.
    pub fn new(hub: &str, token: &str, flag: &str) -> Self {
        Self { http: Client::new(), url: hub.to_owned(), token: token.to_owned(), flag: flag.to_owned() }
    }

    async fn post(&self, path: &str) -> anyhow::Result<Response> {
        let staff = json!({ "context": { "targetingKey": "u-1", "groups": ["staff"] } });
        let request = self.http.post(format!("{}{path}", self.url)).bearer_auth(&self.token);
        Ok(request.json(&staff).send().await?)
    }

    /// Asks for the flag.
    pub async fn one(&self) -> anyhow::Result<Evaluated> {
        let response = self.post(&format!("{ALL}/{}", self.flag)).await?;
        let status = response.status().as_u16();
        let retry_after = response.headers().get(RETRY_AFTER).map(|v| v.to_str().map(str::to_owned)).transpose()?;
        let body: Value = response.json().await?;
        Ok(Evaluated { status, on: body["value"] == true, retry_after })
    }

    /// Asks for all flags, as an event told it to.
    pub async fn all(&self, event: &Value) -> anyhow::Result<Evaluated> {
        let etag = event["etag"].as_str().unwrap_or_default();
        let response = self.post(&format!("{ALL}?flagConfigEtag={etag}")).await?;
        let status = response.status().as_u16();
        let body: Value = response.json().await?;
        let mine = body["flags"].as_array().and_then(|flags| flags.iter().find(|f| f["key"] == self.flag.as_str()));
        Ok(Evaluated { status, on: mine.is_some_and(|f| f["value"] == true), retry_after: None })
    }

    /// Opens the event stream and does what its first event says.
    pub async fn listen(&self) -> anyhow::Result<Events> {
        let body: Value = self.post(ALL).await?.json().await?;
        let uri = body["eventStreams"][0]["endpoint"]["requestUri"].as_str().context("no event stream")?;
        let response = self.http.get(format!("{}{uri}", self.url)).send().await?;
        ensure!(response.status().is_success(), "the stream: {}", response.status());
        let mut events = Events { response, read: String::new() };
        let first = events.next().await?;
        ensure!(self.all(&first).await?.status == 200, "after {first}");
        Ok(events)
    }
}

impl Events {
    /// The next event's data.
    pub async fn next(&mut self) -> anyhow::Result<Value> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let data = event.lines().find_map(|l| l.strip_prefix("data:")).map(serde_json::from_str);
                self.read = rest.to_owned();
                if let Some(data) = data {
                    return Ok(data?);
                }
                continue;
            }
            let part = self.response.chunk().await?.context("the stream ended")?;
            self.read.push_str(std::str::from_utf8(&part)?);
        }
    }
}

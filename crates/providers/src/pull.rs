//! Pull sources: HTTP endpoints that are asked for new drafts.

use std::time::Duration;

use reqwest::{Client, Response, header::ACCEPT};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::exchange::{self, ExchangeError};

const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_PAGE_BYTES: usize = 32 * 1024 * 1024;

/// One answer of a source.
#[derive(Debug, Deserialize)]
pub struct PullPage {
    /// Each a `draft.v1`, not yet checked.
    pub drafts: Vec<Box<RawValue>>,
    /// Where to go on from next time; without one, the cursor that was sent still holds.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// Why a source brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// The URL can't be called at all.
    #[error("the source's URL is not an http or https URL")]
    Url,
    /// Anything between us and the source.
    #[error("the source: {0}")]
    Exchange(#[from] ExchangeError),
    /// The answer is longer than 32 MiB.
    #[error("the source's page is longer than 32 MiB")]
    TooLarge,
    /// The answer is not JSON. The parser's own message would quote it, so it isn't kept.
    #[error("the source's page is not JSON (line {line}, column {column})")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// The answer is JSON of another form.
    #[error("the source's page is not {{\"drafts\": […], \"cursor\": \"…\"}} (line {line}, column {column})")]
    Form {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
}

impl PullError {
    /// How long the source asked to be left alone.
    #[must_use]
    pub const fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::Exchange(ExchangeError::Status { retry_after_seconds, .. }) => *retry_after_seconds,
            _ => None,
        }
    }
}

/// Fetches drafts; cheap to clone.
#[derive(Debug, Clone)]
pub struct PullClient(Client);

impl PullClient {
    /// A client that gives a source 30 seconds for a page.
    ///
    /// # Errors
    ///
    /// The TLS library finds no certificate authorities on this machine.
    pub fn new() -> Result<Self, reqwest::Error> {
        Self::with_timeout(TIMEOUT)
    }

    /// A client that gives a source this long for a page.
    ///
    /// # Errors
    ///
    /// As [`PullClient::new`].
    pub fn with_timeout(timeout: Duration) -> Result<Self, reqwest::Error> {
        exchange::client(timeout).build().map(Self)
    }

    /// Asks for the page after `cursor`, which goes into the URL's query.
    ///
    /// # Errors
    ///
    /// Anything but a 2xx answer with a page.
    pub async fn fetch(&self, url: &str, bearer: Option<&str>, cursor: Option<&str>) -> Result<PullPage, PullError> {
        let mut url = exchange::http_url(url).ok_or(PullError::Url)?;
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let mut request = self.0.get(url).header(ACCEPT, "application/json");
        if let Some(bearer) = bearer {
            request = request.bearer_auth(bearer);
        }
        let response = request.send().await.map_err(ExchangeError::new)?;
        exchange::check_status(&response)?;
        let page = read(response).await?;
        serde_json::from_slice(&page).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            if error.is_data() { PullError::Form { line, column } } else { PullError::Json { line, column } }
        })
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, PullError> {
    if response.content_length().is_some_and(|length| length > MAX_PAGE_BYTES as u64) {
        return Err(PullError::TooLarge);
    }
    let mut page = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(ExchangeError::new)? {
        if page.len() + chunk.len() > MAX_PAGE_BYTES {
            return Err(PullError::TooLarge);
        }
        page.extend_from_slice(&chunk);
    }
    Ok(page)
}

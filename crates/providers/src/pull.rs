//! Pull sources: HTTP endpoints that are asked for new drafts.

use std::time::Duration;

use reqwest::{Client, Response, header::ACCEPT};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::address::{self, PrivateAddress, PublicOnly};
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
    /// The source is on a private address, and the pack doesn't allow that.
    #[error(transparent)]
    Refused(#[from] PrivateAddress),
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
pub struct PullClient {
    public: Client,
    any: Client,
}

/// Whom to ask. It has no `Debug`, so that its token doesn't end up in a log.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// An http or https URL.
    pub url: &'a str,
    /// The bearer token, if it takes one.
    pub bearer: Option<&'a str>,
    /// Whether it may be on a private address.
    pub allow_private: bool,
}

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
        Ok(Self {
            public: exchange::client(timeout).dns_resolver(PublicOnly).build()?,
            any: exchange::client(timeout).build()?,
        })
    }

    /// Asks for the page after `cursor`, which goes into the URL's query.
    ///
    /// # Errors
    ///
    /// Anything but a 2xx answer with a page.
    pub async fn fetch(&self, source: Source<'_>, cursor: Option<&str>) -> Result<PullPage, PullError> {
        let mut url = exchange::http_url(source.url).ok_or(PullError::Url)?;
        let client = if source.allow_private {
            &self.any
        } else {
            address::check_literal(&url)?;
            &self.public
        };
        if let Some(cursor) = cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let mut request = client.get(url).header(ACCEPT, "application/json");
        if let Some(bearer) = source.bearer {
            request = request.bearer_auth(bearer);
        }
        let response = request.send().await.map_err(|e| match address::refusal(&e) {
            Some(refused) => PullError::Refused(refused),
            None => ExchangeError::new(e).into(),
        })?;
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

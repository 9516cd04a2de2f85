//! Pull sources: HTTP endpoints that are asked for new drafts.

use std::time::Duration;

use countersign_domain::kind::other_kind;
use reqwest::{Client, Response, StatusCode, header::ACCEPT};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::address::{self, PrivateAddress, PublicOnly};
use crate::exchange::{self, ExchangeError};

const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_PAGE_BYTES: usize = 32 * 1024 * 1024;

/// One answer of a source.
#[derive(Debug, Default)]
pub struct PullPage {
    /// Each the text of a `draft.v1`, not yet checked.
    pub drafts: Vec<Box<str>>,
    /// Where to go on from next time; without one, the cursor that was sent still holds.
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
    /// The answer is of another kind altogether.
    #[error(
        "the source's page is {0}, and not JSON: expected {{\"drafts\": […], \"cursor\": \"…\"}}, an array of drafts, or one draft a line"
    )]
    Kind(&'static str),
    /// The answer is JSON of another form.
    #[error(
        "the source's page holds no drafts: expected {{\"drafts\": […], \"cursor\": \"…\"}}, an array of drafts, or one draft a line"
    )]
    Form,
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
        let mut request = client.get(url).header(ACCEPT, "application/json, application/x-ndjson");
        if let Some(bearer) = source.bearer {
            request = request.bearer_auth(bearer);
        }
        let response = request.send().await.map_err(|e| match address::refusal(&e) {
            Some(refused) => PullError::Refused(refused),
            None => ExchangeError::new(e).into(),
        })?;
        exchange::check_status(&response)?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(PullPage::default());
        }
        page(&read(response).await?)
    }
}

/// Reads a page in any form that drafts may be sent to the hub in: `{"drafts", "cursor"}`, an array, one draft, or one
/// draft a line. Nothing at all is a page without news.
fn page(bytes: &[u8]) -> Result<PullPage, PullError> {
    #[derive(Deserialize)]
    struct Envelope {
        drafts: Vec<Box<RawValue>>,
        #[serde(default)]
        cursor: Option<String>,
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let not_json = |line, column| other_kind(bytes).map_or(PullError::Json { line, column }, PullError::Kind);
    let Ok(text) = std::str::from_utf8(bytes) else { return Err(not_json(1, 1)) };
    let text = text.trim();
    let rows = |drafts: Vec<Box<RawValue>>| drafts.into_iter().map(Into::into).collect();
    match serde_json::from_str::<&RawValue>(text) {
        _ if text.is_empty() => Ok(PullPage::default()),
        Ok(_) if text.starts_with('[') => {
            let drafts = serde_json::from_str(text).map_err(|_| PullError::Form)?;
            Ok(PullPage { drafts: rows(drafts), cursor: None })
        }
        Ok(_) => match serde_json::from_str::<Envelope>(text) {
            Ok(Envelope { drafts, cursor }) => Ok(PullPage { drafts: rows(drafts), cursor }),
            Err(_) if is_draft(text) => Ok(PullPage { drafts: vec![text.into()], cursor: None }),
            Err(_) => Err(PullError::Form),
        },
        // One draft a line: a bad one among them is reported as such, as long as the first is one.
        Err(_) if text.lines().next().is_some_and(is_draft) => {
            let lines = text.lines().map(|line| line.trim_start_matches('\u{feff}').trim());
            Ok(PullPage { drafts: lines.filter(|line| !line.is_empty()).map(Into::into).collect(), cursor: None })
        }
        Err(e) => Err(not_json(e.line(), e.column())),
    }
}

/// Whether a text is an object with a draft's own name in it.
fn is_draft(text: &str) -> bool {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "external_id")]
        _external_id: IgnoredAny,
    }
    serde_json::from_str::<Named>(text).is_ok()
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn read(text: &str) -> (Vec<String>, Option<String>) {
        let page = page(text.as_bytes()).unwrap();
        (page.drafts.iter().map(|draft| draft.to_string()).collect(), page.cursor)
    }

    #[test]
    fn a_page_is_read_in_every_form_that_drafts_are_sent_in() {
        let (one, two) = (r#"{"external_id": "1"}"#, r#"{"external_id": "2"}"#);
        let both = vec![one.to_owned(), two.to_owned()];
        let page = format!(r#"{{"cursor": "c", "drafts": [{one}, {two}]}}"#);
        assert_eq!(read(&page), (both.clone(), Some("c".to_owned())));
        for page in [format!("[{one}, {two}]"), format!("{one}\n{two}\n"), format!("{one}\r\n\r\n{two}")] {
            assert_eq!(read(&page), (both.clone(), None), "{page}");
            assert_eq!(read(&format!("\u{feff}{page}")), (both.clone(), None), "{page}");
        }
        assert_eq!(read(one), (vec![one.to_owned()], None));
        for nothing in ["", " \n", "[]", r#"{"drafts": []}"#] {
            assert_eq!(read(nothing), (vec![], None), "{nothing:?}");
        }
    }

    #[test]
    fn a_bad_line_is_left_to_be_reported_and_what_is_no_page_is_refused() {
        let lines = "{\"external_id\": \"1\"}\n{\"exter";
        assert_eq!(read(lines).0, lines.lines().map(str::to_owned).collect::<Vec<_>>());
        for other in [r#"{"rows": []}"#, "7", "null", r#""drafts""#, r#"{"drafts": 7}"#] {
            assert!(matches!(page(other.as_bytes()), Err(PullError::Form)), "{other}");
        }
        for other in [r#"{"drafts": [{"#, "{\n"] {
            assert!(matches!(page(other.as_bytes()), Err(PullError::Json { .. })), "{other}");
        }
        for (other, kind) in [("<html>", "an HTML page"), ("caf\u{e9}", "text without JSON in it")] {
            assert!(matches!(page(other.as_bytes()), Err(PullError::Kind(found)) if found == kind), "{other}");
        }
    }
}

//! Deliveries as [Standard Webhooks](https://www.standardwebhooks.com), version 1.

use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, header::CONTENT_TYPE};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook};

use crate::address::{self, PrivateAddress, PublicOnly};
use crate::exchange::{self, ExchangeError};

const TIMEOUT: Duration = Duration::from_secs(15);
/// As much of an answer as is read, for the sake of the connection's next use, and dropped.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
const SECRET_PREFIX: &str = "whsec_";
/// 24 bytes in base64, the shortest key the standard allows.
const MIN_SECRET_CHARS: usize = 32;

/// A receiver. It has no `Debug`, so that its secrets don't end up in a log.
#[derive(Clone)]
pub struct Target {
    /// An http or https URL.
    pub url: String,
    /// `whsec_…`, the current one first; every one of them signs.
    pub secrets: Vec<String>,
    /// Whether the receiver may be on a private address.
    pub allow_private: bool,
}

impl Target {
    /// Who is at a URL: scheme, host and port. What isn't a URL is taken as it is.
    #[must_use]
    pub fn receiver(url: &str) -> String {
        exchange::http_url(url).map_or_else(|| url.to_owned(), |url| url.origin().ascii_serialization())
    }
}

/// The receiver has taken the delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivered {
    /// 200 to 299.
    pub status: u16,
}

/// Why a delivery was not taken.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The URL can't be called at all.
    #[error("the receiver's URL is not an http or https URL")]
    Url,
    /// There is no secret, or one can't be used.
    #[error("a webhook secret has to be whsec_ and the base64 of at least 24 bytes")]
    Secret,
    /// The receiver is on a private address, and the pack doesn't allow that.
    #[error(transparent)]
    Refused(#[from] PrivateAddress),
    /// 410: the receiver wants no more deliveries.
    #[error("the receiver is gone for good (410)")]
    Gone,
    /// Anything between us and the receiver.
    #[error("the receiver: {0}")]
    Exchange(#[from] ExchangeError),
}

impl SendError {
    /// Whether another try can't help until someone changes the receiver or the pack. A missing
    /// secret isn't final: the environment is mended without touching either.
    #[must_use]
    pub const fn is_final(&self) -> bool {
        matches!(self, Self::Url | Self::Refused(_) | Self::Gone)
    }

    /// Whether the receiver let the time run out.
    #[must_use]
    pub const fn is_timeout(&self) -> bool {
        matches!(self, Self::Exchange(ExchangeError::Timeout))
    }

    /// How long the receiver asked to be left alone.
    #[must_use]
    pub const fn retry_after_seconds(&self) -> Option<u64> {
        match self {
            Self::Exchange(ExchangeError::Status { retry_after_seconds, .. }) => *retry_after_seconds,
            _ => None,
        }
    }
}

/// Sends deliveries; cheap to clone.
#[derive(Debug, Clone)]
pub struct WebhookClient {
    public: Client,
    any: Client,
}

impl WebhookClient {
    /// A client that gives a receiver 15 seconds.
    ///
    /// # Errors
    ///
    /// The TLS library finds no certificate authorities on this machine.
    pub fn new() -> Result<Self, reqwest::Error> {
        Self::with_timeout(TIMEOUT)
    }

    /// A client that gives a receiver this long in all.
    ///
    /// # Errors
    ///
    /// As [`WebhookClient::new`].
    pub fn with_timeout(timeout: Duration) -> Result<Self, reqwest::Error> {
        Ok(Self {
            public: exchange::client(timeout).dns_resolver(PublicOnly).build()?,
            any: exchange::client(timeout).build()?,
        })
    }

    /// Whether deliveries can be signed with this secret.
    #[must_use]
    pub fn takes(secret: &str) -> bool {
        key_of(secret).is_some()
    }

    /// Makes one try. `webhook_id` is the same on every try of a delivery, and `timestamp_unix_s`
    /// is now: receivers refuse what is more than five minutes off.
    ///
    /// # Errors
    ///
    /// Anything but a 2xx answer.
    pub async fn send(
        &self,
        target: &Target,
        webhook_id: &str,
        timestamp_unix_s: i64,
        body: &str,
    ) -> Result<Delivered, SendError> {
        let request = self
            .request(&target.url, target.allow_private)?
            .header(HEADER_WEBHOOK_ID, webhook_id)
            .header(HEADER_WEBHOOK_TIMESTAMP, timestamp_unix_s)
            .header(HEADER_WEBHOOK_SIGNATURE, sign(&target.secrets, webhook_id, timestamp_unix_s, body)?)
            .body(body.to_owned());
        Self::exchange(request).await
    }

    /// Posts JSON to a service that knows us by its URL or by what the body says, without a signature.
    ///
    /// # Errors
    ///
    /// Anything but a 2xx answer.
    pub async fn post(&self, url: &str, allow_private: bool, body: &str) -> Result<Delivered, SendError> {
        Self::exchange(self.request(url, allow_private)?.body(body.to_owned())).await
    }

    fn request(&self, url: &str, allow_private: bool) -> Result<RequestBuilder, SendError> {
        let url = exchange::http_url(url).ok_or(SendError::Url)?;
        let client = if allow_private {
            &self.any
        } else {
            address::check_literal(&url)?;
            &self.public
        };
        Ok(client.post(url).header(CONTENT_TYPE, "application/json"))
    }

    async fn exchange(request: RequestBuilder) -> Result<Delivered, SendError> {
        let response = request.send().await.map_err(failed)?;
        let taken = exchange::check_status(&response);
        drop_body(response).await;
        match taken {
            Ok(status) => Ok(Delivered { status }),
            Err(ExchangeError::Status { status: 410, .. }) => Err(SendError::Gone),
            Err(error) => Err(error.into()),
        }
    }
}

/// One signature for each secret, so that a receiver can change to the new one in its own time.
fn sign(secrets: &[String], id: &str, timestamp_unix_s: i64, body: &str) -> Result<String, SendError> {
    let sign_with = |secret: &String| key_of(secret)?.sign(id, timestamp_unix_s, body.as_bytes()).ok();
    let signatures: Option<Vec<String>> = secrets.iter().map(sign_with).collect();
    signatures.filter(|all| !all.is_empty()).map(|all| all.join(" ")).ok_or(SendError::Secret)
}

fn key_of(secret: &str) -> Option<Webhook> {
    // The library would take any base64 for a key, even none.
    secret.strip_prefix(SECRET_PREFIX).filter(|key| key.len() >= MIN_SECRET_CHARS)?;
    Webhook::new(secret).ok()
}

fn failed(error: reqwest::Error) -> SendError {
    match address::refusal(&error) {
        Some(refused) => refused.into(),
        None => ExchangeError::new(error).into(),
    }
}

/// The status has decided already, so neither an endless nor a broken body changes anything.
async fn drop_body(mut response: Response) {
    let mut read = 0;
    while read < MAX_ANSWER_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => read += chunk.len(),
            Ok(None) | Err(_) => return,
        }
    }
}

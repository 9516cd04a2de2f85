//! One request and its answer: how every client here makes it, and how it can fail.

use std::error::Error;
use std::io;
use std::time::Duration;

use jiff::fmt::rfc2822;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{ClientBuilder, Response, StatusCode, redirect};
use url::Url;

/// What went wrong between us and another server. Sources have no URL, as that may hold a token.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The time for the whole exchange ran out.
    #[error("no answer in time")]
    Timeout,
    /// The name was not found, or nobody took the connection.
    #[error("no connection: {}", root(.0))]
    Connect(#[source] reqwest::Error),
    /// The certificate or the handshake did not hold.
    #[error("no secure connection: {}", root(.0))]
    Tls(#[source] reqwest::Error),
    /// The answer broke off, or was not HTTP.
    #[error("a broken answer: {}", root(.0))]
    Broken(#[source] reqwest::Error),
    /// The answer points elsewhere; the URL in the pack has to be the final one.
    #[error("a redirect ({0}), which is not followed: the pack has to name the final URL")]
    Redirect(u16),
    /// The answer says no, perhaps with how long to wait.
    #[error("answered {status}")]
    Status {
        /// The HTTP status, 400 and above.
        status: u16,
        /// `Retry-After`.
        retry_after_seconds: Option<u64>,
    },
}

impl ExchangeError {
    pub(crate) fn new(error: reqwest::Error) -> Self {
        let error = error.without_url();
        if error.is_timeout() {
            Self::Timeout
        } else if !error.is_connect() {
            Self::Broken(error)
        } else if failed_in_tls(&error) {
            Self::Tls(error)
        } else {
            Self::Connect(error)
        }
    }
}

/// The TLS layer reports what it finds wrong as invalid data, and a peer that hangs up as an
/// unexpected end; a TCP connection fails with neither.
fn failed_in_tls(error: &reqwest::Error) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|io| matches!(io.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof))
}

/// The error and what caused it, outermost first. An `io::Error` names as its source what caused
/// the error inside it, and would leave out that one itself.
pub(crate) fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match inner {
            Some(inner) => Some(inner),
            None => (*error).source(),
        }
    })
}

/// The first cause, which says what happened; the layers above only say that something did.
fn root(error: &reqwest::Error) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// The settings every client shares: `timeout` holds from the name's resolution to the last byte.
pub(crate) fn client(timeout: Duration) -> ClientBuilder {
    reqwest::Client::builder()
        .timeout(timeout)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
}

/// An absolute http or https URL.
pub(crate) fn http_url(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// Turns every answer but a 2xx into an error.
pub(crate) fn check_status(response: &Response) -> Result<u16, ExchangeError> {
    let status = response.status();
    if status.is_success() {
        Ok(status.as_u16())
    } else if status.is_redirection() {
        Err(ExchangeError::Redirect(status.as_u16()))
    } else {
        Err(refused(status, response.headers()))
    }
}

fn refused(status: StatusCode, headers: &HeaderMap) -> ExchangeError {
    ExchangeError::Status { status: status.as_u16(), retry_after_seconds: retry_after(headers) }
}

/// Seconds, or a date (RFC 9110, 10.2.3), which is taken against the server's own `Date`.
fn retry_after(headers: &HeaderMap) -> Option<u64> {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let after = text(RETRY_AFTER)?;
    after.parse().ok().or_else(|| {
        let date = |text| rfc2822::parse(text).ok().map(|date| date.timestamp().as_second());
        u64::try_from(date(after)? - date(text(DATE)?)?).ok()
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn retry_after_is_read_as_seconds_or_as_a_date() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        for (after, seconds) in [
            ("120", Some(120)),
            ("Sun, 06 Nov 1994 08:51:37 GMT", Some(120)),
            ("Sun, 06 Nov 1994 08:40:00 GMT", None),
            ("-5", None),
            ("soon", None),
        ] {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, after.parse().unwrap()), (DATE, date.parse().unwrap())]);
            assert_eq!(retry_after(&headers), seconds, "{after}");
        }
    }
}

//! The window's one command: a request to the hub, whatever the transport.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method, Request, StatusCode, Uri, header};
use serde::Deserialize;
use tauri::{AppHandle, Manager};

use crate::answer::Answer;
use crate::hubs::Hubs;

/// The most that one request may hold, in bytes.
const MOST: usize = 16 << 20;
/// How long the window waits for an answer. The hub goes on with what it began.
const PATIENCE: Duration = Duration::from_secs(60);
/// The headers that the window may set; who asks is the shell's to say.
const PASSED_ON: [HeaderName; 2] = [header::ACCEPT, header::CONTENT_TYPE];

/// An HTTP request in the form that crosses out of the window.
#[derive(Deserialize)]
pub struct FromWindow {
    method: String,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<String>,
}

/// Asks the hub. Every failure is an answer too, so that the console knows one kind of trouble only.
#[tauri::command]
pub async fn hub_request(app: AppHandle, request: FromWindow) -> Answer {
    let request = match request.check() {
        Ok(request) => request,
        Err(refusal) => return refusal,
    };
    // A task of its own: neither a reload of the page nor the limit below cancels a transaction half-way.
    let answer = tauri::async_runtime::spawn(async move { app.state::<Hubs>().send(request).await });
    match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => Answer::unavailable(format!("the request broke off: {error}")),
        Err(_) => Answer::unavailable("the hub has not answered for a minute"),
    }
}

impl FromWindow {
    /// A GET of this path.
    pub fn get(path: &str) -> Self {
        Self { method: "GET".into(), path: path.into(), headers: BTreeMap::new(), body: None }
    }

    /// The request as HTTP, if it is one that the console may send.
    pub fn check(self) -> Result<Request<String>, Answer> {
        let malformed = |message| Answer::error(StatusCode::BAD_REQUEST, "malformed", message);
        let method = Method::from_bytes(self.method.as_bytes()).map_err(|_| malformed("not a method"))?;
        let uri: Uri = self.path.parse().map_err(|_| malformed("not a path"))?;
        // As the client that sends it reads it: `%2e%2e` is `..` to it, and a backslash a slash.
        let read = reqwest::Url::parse(&format!("http://hub{}", self.path)).map_err(|_| malformed("not a path"))?;
        if uri.authority().is_some() || !self.path.starts_with("/v1/") || read.path() != uri.path() {
            return Err(malformed("the path must be one under /v1/"));
        }
        if uri.path() == "/v1/events" {
            return Err(malformed("events come to the window as `hub-event`"));
        }
        let body = self.body.unwrap_or_default();
        if body.len() > MOST {
            let message = format!("the request is larger than {MOST} bytes");
            return Err(Answer::error(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message));
        }
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = uri;
        for (name, value) in self.headers {
            let Some(name) = PASSED_ON.into_iter().find(|passed| name.eq_ignore_ascii_case(passed.as_str())) else {
                continue;
            };
            let value = HeaderValue::from_str(&value).map_err(|_| malformed("not a header"))?;
            request.headers_mut().insert(name, value);
        }
        Ok(request)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use serde_json::json;

    fn check(request: serde_json::Value) -> Result<Request<String>, u16> {
        let request: FromWindow = serde_json::from_value(request).unwrap();
        request.check().map_err(|answer| answer.status)
    }

    #[test]
    fn a_request_keeps_its_query_and_loses_the_headers_that_say_who_asks() {
        let request = check(json!({
            "method": "POST", "path": "/v1/drafts?workflow=a", "body": "{}",
            "headers": {"Content-Type": "application/json", "authorization": "Bearer x", "cookie": "y"},
        }))
        .unwrap();
        assert_eq!(request.uri(), "/v1/drafts?workflow=a");
        assert_eq!(request.headers().len(), 1);
        assert_eq!(request.headers()["content-type"], "application/json");
    }

    #[test]
    fn paths_outside_the_contract_are_refused() {
        for path in [
            "/healthz",
            "v1/me",
            "//example.com/v1/me",
            "http://example.com/v1/me",
            "/v1/../metrics",
            "/v1/%2e%2e/metrics",
            "/v1/.%2E/metrics",
            "/v1/drafts/%2e",
            "/v1/\\..\\metrics",
            "/v1/events",
            "/v1/a b",
        ] {
            assert_eq!(check(json!({"method": "GET", "path": path})).err(), Some(400), "{path}");
        }
    }

    #[test]
    fn a_body_past_the_bound_is_refused() {
        let body = "x".repeat(MOST + 1);
        let refused = check(json!({"method": "POST", "path": "/v1/drafts", "body": body}));
        assert_eq!(refused.err(), Some(413));
    }
}

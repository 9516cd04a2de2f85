//! Somebody who calls the hub.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

/// A name, a token, and the router it is good for.
#[derive(Clone)]
pub struct Person {
    /// The name under which they act.
    pub name: String,
    router: Router,
    token: Option<String>,
}

/// What the hub answered.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The body as it came.
    pub bytes: Vec<u8>,
    /// The body, `null` where it isn't JSON.
    pub body: Value,
}

impl Reply {
    /// The body of an answer that must be 2xx.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {}", self.status, self.text());
        self.body
    }

    /// The error of an answer that must be this refusal.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status.as_u16(), self.code()), (status, code), "{}", self.text());
        self.body["error"].clone()
    }

    /// An error's code; empty if it is none.
    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Person {
    pub(crate) fn new(name: &str, router: Router, token: Option<String>) -> Self {
        Self { name: name.to_owned(), router, token }
    }

    /// Their token, for a client of its own.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Any request; the answer's body is left where it is.
    pub async fn open(&self, method: &str, path: &str, kind: &str, body: impl Into<Body>) -> Response<Body> {
        self.send(method, path, kind, body, None).await
    }

    /// POST of JSON with one header more; the answer's body is left where it is.
    pub async fn open_with(&self, path: &str, body: impl Into<Body>, more: Option<(&str, &str)>) -> Response<Body> {
        self.send("POST", path, "application/json", body, more).await
    }

    async fn send(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: impl Into<Body>,
        more: Option<(&str, &str)>,
    ) -> Response<Body> {
        let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind);
        if let Some((name, value)) = more {
            request = request.header(name, value);
        }
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(body.into()).unwrap();
        match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// Any request.
    pub async fn call(&self, method: &str, path: &str, kind: &str, body: impl Into<Body>) -> Reply {
        Self::reply(self.open(method, path, kind, body).await).await
    }

    /// POST of a body in this `Content-Encoding`.
    pub async fn encoded(&self, path: &str, kind: &str, encoding: &str, body: impl Into<Body>) -> Reply {
        Self::reply(self.send("POST", path, kind, body, Some(("content-encoding", encoding))).await).await
    }

    async fn reply(response: Response<Body>) -> Reply {
        let status = response.status();
        let bytes = response.into_body().collect().await.unwrap().to_bytes().to_vec();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Reply { status, bytes, body }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.call("GET", path, "application/json", Body::empty()).await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call("POST", path, "application/json", body.to_string()).await
    }

    /// POST of NDJSON.
    pub async fn post_lines(&self, path: &str, lines: impl Into<Body>) -> Reply {
        self.call("POST", path, "application/x-ndjson", lines).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        self.call("DELETE", path, "application/json", Body::empty()).await
    }

    /// The next draft to review, with its lease; `null` when there is none.
    pub async fn lease(&self) -> Value {
        self.post("/v1/queue/lease", json!({})).await.ok()
    }

    /// This very draft.
    pub async fn lease_of(&self, draft_id: &str) -> Reply {
        self.post("/v1/queue/lease", json!({ "draft_id": draft_id })).await
    }

    /// Renews the lease that `leased` holds.
    pub async fn renew(&self, leased: &Value) -> Reply {
        self.post(&format!("/v1/leases/{}/renew", text(&leased["lease"]["id"])), json!({})).await
    }

    /// Gives a lease back, to the front or (`skip`) to the back of the queue.
    pub async fn release(&self, leased: &Value, skip: bool) -> Reply {
        self.delete(&format!("/v1/leases/{}?skip={skip}", text(&leased["lease"]["id"]))).await
    }

    /// Decides on the draft that `leased` holds.
    pub async fn decide(&self, leased: &Value, verdict: &Value) -> Reply {
        self.post(&format!("/v1/drafts/{}/verdicts", text(&leased["draft"]["id"])), verdict.clone()).await
    }

    /// Leases this draft and approves it; answers the outcome.
    pub async fn approve(&self, draft_id: &str) -> Value {
        let leased = self.lease_of(draft_id).await.ok();
        self.decide(&leased, &crate::drafts::verdict(&leased, "approve")).await.ok()
    }

    /// Leases this draft and escalates it; answers the outcome.
    pub async fn escalate(&self, draft_id: &str, reason: &str) -> Value {
        let leased = self.lease_of(draft_id).await.ok();
        self.decide(&leased, &crate::drafts::escalation(&leased, reason)).await.ok()
    }

    /// Withdraws a verdict by its outcome.
    pub async fn withdraw(&self, outcome: &Value) -> Reply {
        self.post(&format!("/v1/verdicts/{}/withdraw", text(&outcome["verdict_id"])), json!({})).await
    }
}

/// A string in JSON.
#[track_caller]
pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("expected a string, found {value}"))
}

//! A receiver of webhooks: checks every request with the standard's own library, keeps what came, answers as told.

use crate::SECRET;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use standardwebhooks::{HEADER_WEBHOOK_ID, Webhook};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A request whose signature holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// The `webhook-id` header.
    pub id: String,
    /// `reply.ready`, `draft.escalated` …
    pub kind: String,
    /// The ticket that it is about; empty for a workflow's own notices.
    pub ticket: String,
    /// The body as it came.
    pub body: String,
}

impl Received {
    /// What the body says.
    pub fn data(&self) -> Value {
        serde_json::from_str::<Value>(&self.body).map(|mut b| b["data"].take()).unwrap_or_default()
    }
}

/// How a request is answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// With this status.
    Status(u16),
    /// With 204, after this long.
    After(Duration),
    /// Not at all.
    Hang,
    /// With a redirect to this address.
    Redirect(String),
}

/// A running receiver. It stops with the runtime that it was started in.
#[derive(Clone)]
pub struct Receiver {
    url: String,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    received: Vec<Received>,
    refused: Vec<String>,
    next: VecDeque<Answer>,
    always: Answer,
}

impl Receiver {
    /// Listens on a free loopback port and answers 204.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let inner =
            Inner { received: Vec::new(), refused: Vec::new(), next: VecDeque::new(), always: Answer::Status(204) };
        let receiver = Self { url, inner: Arc::new(Mutex::new(inner)) };
        let app = Router::new().fallback(take).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        receiver
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Everything that came with a good signature, every try of it, in order.
    pub fn received(&self) -> Vec<Received> {
        self.lock().received.clone()
    }

    /// Why requests were refused for their signature.
    pub fn refused(&self) -> Vec<String> {
        self.lock().refused.clone()
    }

    /// Answers the next requests with these, one each.
    pub fn answer_next(&self, answers: impl IntoIterator<Item = Answer>) {
        self.lock().next.extend(answers);
    }

    /// Answers all others with this.
    pub fn answer(&self, always: Answer) {
        self.lock().always = always;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, headers: &HeaderMap, body: &[u8]) -> Result<Answer, String> {
        let text = |e: standardwebhooks::WebhookError| e.to_string();
        Webhook::new(SECRET).and_then(|webhook| webhook.verify(body, headers)).map_err(text)?;
        let body = String::from_utf8(body.to_vec()).map_err(|e| e.to_string())?;
        let said: Value = serde_json::from_str(&body).map_err(|e| e.to_string())?;
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let id = headers.get(HEADER_WEBHOOK_ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        let received = Received { id, kind: word(&said["type"]), ticket: word(&said["data"]["external_id"]), body };
        let mut inner = self.lock();
        inner.received.push(received);
        Ok(inner.next.pop_front().unwrap_or_else(|| inner.always.clone()))
    }
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Response {
    match receiver.keep(&headers, &body) {
        Ok(Answer::Status(status)) => StatusCode::from_u16(status).unwrap_or(StatusCode::NO_CONTENT).into_response(),
        Ok(Answer::After(pause)) => {
            tokio::time::sleep(pause).await;
            StatusCode::NO_CONTENT.into_response()
        }
        Ok(Answer::Hang) => std::future::pending().await,
        Ok(Answer::Redirect(to)) => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response(),
        Err(why) => {
            receiver.lock().refused.push(why.clone());
            (StatusCode::UNAUTHORIZED, why).into_response()
        }
    }
}

//! An endpoint that hubs pull drafts from: pages by cursor, answered as told, and what was asked of it.

use crate::{Draft, SECRET};
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A running endpoint. It stops with the runtime that it was started in.
#[derive(Clone)]
pub struct Feed {
    url: String,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    drafts: Vec<Value>,
    page: usize,
    asked: Vec<Option<String>>,
    next: VecDeque<(u16, &'static str, Vec<u8>)>,
}

impl Feed {
    /// Listens on a free loopback port; it has nothing yet, and gives two drafts a page.
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/drafts?team=support", listener.local_addr().unwrap());
        let feed = Self { url, inner: Arc::new(Mutex::new(Inner { page: 2, ..Inner::default() })) };
        let app = Router::new().fallback(answer).with_state(feed.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        feed
    }

    /// Gives this many drafts a page from now on.
    pub fn pages_of(&self, n: usize) {
        self.lock().page = n;
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Has these as well from now on.
    pub fn add<'a>(&self, drafts: impl IntoIterator<Item = &'a Draft>) {
        self.lock().drafts.extend(drafts.into_iter().map(|d| (**d).clone()));
    }

    /// Answers the next request with this status, header value of `Retry-After` and body.
    pub fn answer_next(&self, status: u16, retry_after: &'static str, body: impl AsRef<[u8]>) {
        self.lock().next.push_back((status, retry_after, body.as_ref().to_owned()));
    }

    /// The cursors that it was asked with, in order.
    pub fn asked(&self) -> Vec<Option<String>> {
        self.lock().asked.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(
    State(feed): State<Feed>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if bearer != format!("Bearer {SECRET}") || query.get("team").map(String::as_str) != Some("support") {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let mut inner = feed.lock();
    let cursor = query.get("cursor").cloned();
    inner.asked.push(cursor.clone());
    if let Some((status, retry_after, body)) = inner.next.pop_front() {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return (status, [(header::RETRY_AFTER, retry_after)], body).into_response();
    }
    let from: usize = cursor.and_then(|c| c.strip_prefix("after-")?.parse().ok()).unwrap_or(0);
    let page: Vec<&Value> = inner.drafts.iter().skip(from).take(inner.page).collect();
    axum::Json(json!({ "cursor": format!("after-{}", from + page.len()), "drafts": page })).into_response()
}

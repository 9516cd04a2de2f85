//! What the window gets back for a request: the shape of an HTTP response, as text.

use std::collections::BTreeMap;

use axum::http::{Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use serde::Serialize;

/// The most that one answer may hold, in bytes.
const MOST: usize = 32 << 20;

/// An HTTP response in a form that crosses into the window.
#[derive(Debug, Serialize)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    /// An error that the shell itself answers, in the hub's own shape.
    pub fn error(status: StatusCode, code: &str, message: impl std::fmt::Display) -> Self {
        let body = serde_json::json!({"error": {
            "code": code,
            "message": message.to_string(),
            "trace_id": uuid::Uuid::now_v7(),
        }});
        Self {
            status: status.as_u16(),
            headers: BTreeMap::from([("content-type".into(), "application/json".into())]),
            body: body.to_string(),
        }
    }

    /// The hub can't be reached or couldn't be opened: nothing was done.
    pub fn unavailable(message: impl std::fmt::Display) -> Self {
        Self::error(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
    }

    /// Reads a whole response.
    pub async fn read<B>(response: Response<B>) -> Self
    where
        B: axum::body::HttpBody,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = response.into_parts();
        let body = match Limited::new(body, MOST).collect().await {
            Ok(body) => body.to_bytes().to_vec(),
            Err(error) => return Self::unavailable(format!("the hub's answer broke off: {error}")),
        };
        let Ok(body) = String::from_utf8(body) else {
            return Self::unavailable("the hub's answer is not text");
        };
        let headers = parts
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
            .collect();
        Self { status: parts.status.as_u16(), headers, body }
    }
}

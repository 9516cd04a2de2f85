//! Reading request bodies: bounded, and with errors in the wire's own shape.

use crate::answer::Failure;
use crate::inflate::unzipped;
use crate::ingest::PATIENCE;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use countersign_desk::{Code, Page};
use countersign_domain::json;
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;

const MAX_JSON: usize = 4 << 20;

/// A JSON body; an empty one is read as `{}`.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let bytes = read(request.into_body(), MAX_JSON).await?;
        let bytes = json::without_bom(&bytes);
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { bytes };
        if holds_nul(bytes) {
            return Err(Failure::new(Code::Invalid, "the body holds U+0000, which nothing here may"));
        }
        json::read(bytes).map(Body).map_err(|fault| {
            let code = if fault.is_json { Code::Invalid } else { Code::Malformed };
            let what =
                if fault.field.is_empty() { fault.message } else { format!("{}: {}", fault.field, fault.message) };
            Failure::new(code, format!("the body is not what this route takes: {what}"))
        })
    }
}

/// Whether JSON text escapes U+0000, which Postgres takes in no text.
fn holds_nul(json: &[u8]) -> bool {
    let escaped = |at: usize| json[..at].iter().rev().take_while(|b| **b == b'\\').count() % 2 == 0;
    memchr::memmem::find_iter(json, b"\\u0000").any(escaped)
}

/// Reads a whole body of at most `limit` bytes.
pub async fn read(body: axum::body::Body, limit: usize) -> Result<bytes::Bytes, Failure> {
    let whole = tokio::time::timeout(PATIENCE, Limited::new(body, limit).collect()).await;
    match whole.map_err(|_| Failure::malformed("the body did not come whole within 60 seconds"))? {
        Ok(all) => Ok(all.to_bytes()),
        Err(e) if e.is::<http_body_util::LengthLimitError>() => {
            Err(Failure::new(Code::TooLarge, format!("the body is larger than {limit} bytes")))
        }
        Err(e) => Err(unzipped(&*e).unwrap_or_else(|| Failure::malformed("the body broke off"))),
    }
}

/// Which part of a list.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paged {
    /// As the last page gave it.
    pub cursor: Option<String>,
    /// Rows a page, at most 200.
    pub limit: Option<i64>,
}

impl Paged {
    /// The part of a list whose cursors are numbers.
    pub fn page(&self) -> Result<Page, Failure> {
        Page::of(self.cursor.as_deref(), self.limit).ok_or_else(|| Failure::malformed("not a cursor of this list"))
    }
}

/// The query of a route.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        axum::extract::Query::<T>::try_from_uri(&parts.uri)
            .map(|q| Self(q.0))
            .map_err(|e| Failure::malformed(format!("the query is not what this route takes: {}", e.body_text())))
    }
}

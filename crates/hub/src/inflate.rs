//! Bodies that come compressed, inflated while they are read: every limit holds for what comes out.

use crate::answer::Failure;
use async_compression::tokio::bufread::GzipDecoder;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use countersign_desk::Code;
use futures::{StreamExt, TryStreamExt};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::io::{ReaderStream, StreamReader};

/// So much may come out of however little. A stream of drafts has no other end.
const FREE: u64 = 64 << 20;
/// Beyond that so much of each byte: drafts, however alike, come to less than half of it.
const MOST_TIMES: u64 = 200;

/// Why no more comes out.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Unzip {
    #[error("the body is not whole gzip, as its Content-Encoding says it is")]
    NotGzip,
    #[error("the body inflates to far more than any draft would; it is not read further")]
    Bomb,
}

/// What is wrong with a body that came compressed, if that is why it broke off.
pub fn unzipped(error: &(dyn Error + 'static)) -> Option<Failure> {
    let mut causes = std::iter::successors(Some(error), |e| (*e).source());
    // An `io::Error` doesn't name what it holds as its source.
    let why = causes.find_map(|e| e.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref::<Unzip>())?;
    let code = match why {
        Unzip::NotGzip => Code::Malformed,
        Unzip::Bomb => Code::TooLarge,
    };
    Some(Failure::new(code, why.to_string()))
}

/// Hands a compressed body on as what is in it; refuses what nobody here can read.
pub async fn inflate(request: Request, next: Next) -> Response {
    let named = request.headers().get(CONTENT_ENCODING).map(|h| h.to_str().unwrap_or("?").trim().to_ascii_lowercase());
    match named.as_deref() {
        None | Some("" | "identity") => next.run(request).await,
        Some("gzip" | "x-gzip") => {
            let (mut parts, body) = request.into_parts();
            parts.headers.remove(CONTENT_ENCODING);
            parts.headers.remove(CONTENT_LENGTH);
            next.run(Request::from_parts(parts, gunzip(body))).await
        }
        Some(other) => {
            Failure::new(Code::UnsupportedEncoding, format!("a body in the encoding {other:?} is not read here"))
                .hint("send it as it is, or as gzip")
                .into_response()
        }
    }
}

fn gunzip(body: Body) -> Body {
    let taken = Arc::new(AtomicU64::new(0));
    let counted = taken.clone();
    let raw = body.into_data_stream().inspect_ok(move |chunk| {
        counted.fetch_add(chunk.len() as u64, Ordering::Relaxed);
    });
    let mut decoder = GzipDecoder::new(StreamReader::new(raw.map_err(std::io::Error::other)));
    // Files that were put together are read to their end.
    decoder.multiple_members(true);
    let mut given = 0;
    let inflated = ReaderStream::with_capacity(decoder, 64 << 10).map(move |chunk| {
        let chunk = chunk.map_err(|e| match e.kind() {
            // The connection's own failure, passed through.
            std::io::ErrorKind::Other if e.get_ref().is_some_and(|inner| inner.is::<axum::Error>()) => e,
            _ => std::io::Error::other(Unzip::NotGzip),
        })?;
        given += chunk.len() as u64;
        if given > FREE && given / MOST_TIMES > taken.load(Ordering::Relaxed) {
            return Err(std::io::Error::other(Unzip::Bomb));
        }
        Ok(chunk)
    });
    Body::from_stream(inflated)
}

//! The console's files, built into the program, and the headers that they are served under.

use crate::answer::Failure;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use countersign_desk::Code;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Files;

const CSP: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Serves a file of the console, or says that there is nothing at a path.
pub async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let name = if path.is_empty() { "index.html" } else { path };
    let Some(file) = Files::get(name) else {
        return Failure::new(Code::NotFound, format!("there is nothing at {}", request.uri().path()))
            .hint("/docs lists what there is")
            .into_response();
    };
    let lasting = name.starts_with("assets/");
    let mime =
        HeaderValue::from_str(file.metadata.mimetype()).unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let cache = if lasting { "public, max-age=31536000, immutable" } else { "no-cache" };
    let headers = [
        (header::CONTENT_TYPE, mime),
        (header::CACHE_CONTROL, HeaderValue::from_static(cache)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(CSP)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (headers, file.data.into_owned()).into_response()
}

/// What stands at `/` in a build without the console.
pub async fn index(request: Request) -> Response {
    if Files::get("index.html").is_none() {
        let text =
            "This build of the hub has no console in it: `make build` builds both. The API is described at /docs.\n";
        return (StatusCode::NOT_FOUND, text).into_response();
    }
    serve(request).await
}

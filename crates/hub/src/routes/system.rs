//! Health, metrics, who I am, tokens.

use crate::State;
use crate::access::Who;
use crate::answer::{Answer, ErrorBody};
use crate::body::{Body, Paged, Query};
use axum::Json;
use axum::extract::{self, Path};
use axum::http::StatusCode;
use countersign_desk::{Me, NewToken, TokenMade, TokenView};
use serde::Serialize;

/// The process is up.
#[utoipa::path(get, path = "/healthz", tag = "system", responses((status = 200, description = "`ok`")))]
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The database answers, so the hub can act.
#[utoipa::path(get, path = "/readyz", tag = "system", responses((status = 200, description = "`ready`"), (status = 503, body = ErrorBody)))]
pub async fn readyz(extract::State(state): extract::State<State>) -> Answer<&'static str> {
    state.desk.ready().await?;
    Ok("ready\n")
}

/// Metrics in Prometheus form.
#[utoipa::path(get, path = "/metrics", tag = "system", responses((status = 200, content_type = "text/plain")))]
pub async fn metrics(extract::State(state): extract::State<State>) -> ([(&'static str, &'static str); 1], String) {
    ([("content-type", "application/openmetrics-text; version=1.0.0; charset=utf-8")], state.metrics.text())
}

/// Who I am here, and my day.
#[utoipa::path(get, path = "/v1/me", tag = "system", responses((status = 200, body = MeHere), (status = 401, body = ErrorBody)))]
pub async fn me(extract::State(state): extract::State<State>, Who(who): Who) -> Answer<Json<MeHere>> {
    let engine = if state.desk.store().postgres().is_some() { "postgres" } else { "sqlite" };
    let hub = HubView { version: env!("CARGO_PKG_VERSION"), contract: CONTRACT, engine };
    Ok(Json(MeHere { me: state.desk.me(&who).await?, hub }))
}

/// Rises when a client that was written before can't speak to this hub any more.
pub const CONTRACT: u32 = 1;

/// Who I am, and where.
#[derive(Serialize, utoipa::ToSchema)]
pub struct MeHere {
    #[serde(flatten)]
    me: Me,
    /// The hub that answers.
    hub: HubView,
}

/// What a client must know of a hub.
#[derive(Serialize, utoipa::ToSchema)]
pub struct HubView {
    /// The program's version.
    version: &'static str,
    /// The contract it speaks.
    contract: u32,
    /// `sqlite` or `postgres`.
    engine: &'static str,
}

/// Makes a token; its secret is shown this once.
#[utoipa::path(post, path = "/v1/tokens", tag = "system", request_body = NewToken,
    responses((status = 201, body = TokenMade), (status = 422, body = ErrorBody)))]
pub async fn create_token(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Body(new): Body<NewToken>,
) -> Answer<(StatusCode, Json<TokenMade>)> {
    Ok((StatusCode::CREATED, Json(state.desk.create_token(&who, new).await?)))
}

/// A page of tokens, without their secrets.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Tokens {
    /// The tokens, newest first.
    tokens: Vec<TokenView>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists tokens.
#[utoipa::path(get, path = "/v1/tokens", tag = "system", params(Paged), responses((status = 200, body = Tokens)))]
pub async fn list_tokens(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(q): Query<Paged>,
) -> Answer<Json<Tokens>> {
    let limit = q.limit.unwrap_or(200).clamp(1, 200);
    let (tokens, next_cursor) = state.desk.list_tokens(&who, q.cursor.as_deref().unwrap_or_default(), limit).await?;
    Ok(Json(Tokens { tokens, next_cursor }))
}

/// Revokes a token at once.
#[utoipa::path(delete, path = "/v1/tokens/{id}", tag = "system", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub async fn revoke_token(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    state.desk.revoke_token(&who, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! Routes to use-cases. A handler unpacks, calls, packs.

mod alerts;
mod audit;
mod cases;
mod drafts;
mod drills;
mod gate;
mod incidents;
mod ofrep;
mod queue;
mod secrets;
mod sources;
mod system;
mod trust;
mod workflows;

pub use system::CONTRACT;

use crate::answer::Failure;
use crate::serve::Origin;
use crate::{State, access, console, docs};
use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use countersign_domain::access::Identity;
use std::time::Instant;
use tower_http::compression::CompressionLayer;
use tracing::Instrument;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Countersign hub",
        description = "No AI draft reaches a customer without a person's countersignature until the evidence says it may. \
                   Errors are `ErrorBody` with a closed list of codes; times are RFC 3339; lists are paged by `cursor`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    components(schemas(crate::answer::ErrorBody))
)]
struct Api;

fn open_router() -> OpenApiRouter<State> {
    OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(system::healthz))
        .routes(routes!(system::readyz))
        .routes(routes!(system::metrics))
        .routes(routes!(system::me))
        .routes(routes!(crate::events::events))
        .routes(routes!(workflows::list))
        .routes(routes!(workflows::show))
        .routes(routes!(workflows::history))
        .routes(routes!(workflows::versions))
        .routes(routes!(workflows::version))
        .routes(routes!(workflows::diff))
        .routes(routes!(gate::gate))
        .routes(routes!(gate::plan))
        .routes(routes!(gate::series))
        .routes(routes!(gate::report))
        .routes(routes!(gate::promote))
        .routes(routes!(gate::demote))
        .routes(routes!(gate::post_eval, gate::list_evals))
        .routes(routes!(workflows::effect))
        .routes(routes!(workflows::seen))
        .routes(routes!(ofrep::evaluate_all))
        .routes(routes!(ofrep::evaluate))
        .routes(routes!(ofrep::stream))
        .routes(routes!(workflows::kill))
        .routes(routes!(workflows::resume))
        .routes(routes!(workflows::apply_pack))
        .routes(routes!(workflows::check_pack))
        .routes(routes!(workflows::roll_back))
        .routes(routes!(workflows::show_pack))
        .routes(routes!(workflows::load_demo))
        .routes(routes!(drafts::stage, drafts::list))
        .routes(routes!(drafts::show))
        .routes(routes!(drafts::diff))
        .routes(routes!(drafts::decide))
        .routes(routes!(drafts::withdraw))
        .routes(routes!(queue::lease))
        .routes(routes!(queue::renew))
        .routes(routes!(queue::release))
        .routes(routes!(queue::escalations))
        .routes(routes!(queue::take_escalation))
        .routes(routes!(queue::settle_escalation))
        .routes(routes!(queue::deliveries))
        .routes(routes!(queue::retry_delivery))
        .routes(routes!(cases::list))
        .routes(routes!(cases::export))
        .routes(routes!(cases::show))
        .routes(routes!(trust::agreement))
        .routes(routes!(trust::trust))
        .routes(routes!(trust::budget))
        .routes(routes!(trust::disagreements))
        .routes(routes!(trust::disagreement))
        .routes(routes!(trust::settle))
        .routes(routes!(sources::import, sources::list))
        .routes(routes!(sources::show))
        .routes(routes!(system::create_token, system::list_tokens))
        .routes(routes!(system::revoke_token))
        .routes(routes!(secrets::list))
        .routes(routes!(secrets::unbind))
        .routes(routes!(audit::list))
        .routes(routes!(audit::export))
        .routes(routes!(audit::verify, audit::verify_against))
        .routes(routes!(audit::checkpoint))
        .routes(routes!(audit::seen))
        .routes(routes!(alerts::burn))
        .routes(routes!(alerts::list))
        .routes(routes!(drills::run))
        .routes(routes!(drills::list))
        .routes(routes!(incidents::list, incidents::open))
        .routes(routes!(incidents::show))
        .routes(routes!(incidents::tick))
        .routes(routes!(incidents::add_entry, incidents::entries))
        .routes(routes!(incidents::set_note))
        .routes(routes!(incidents::close))
        .routes(routes!(incidents::export))
}

/// The contract, as one document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    open_router().split_for_parts().1
}

pub(crate) fn router(state: &State, owner: Option<Identity>) -> Router {
    let (router, api) = open_router().split_for_parts();
    let json = Bytes::from(api.to_pretty_json().unwrap_or_default());
    let page = Bytes::from(docs::page(&api));
    let guarded = state.clone();
    let measured = state.clone();
    let console = Router::new().route("/", get(console::index)).fallback(console::serve).layer(CompressionLayer::new());
    router
        .route("/openapi.json", get(move || async move { ([("content-type", "application/json")], json) }))
        .route("/docs", get(move || async move { Html(page) }))
        .route_layer(middleware::from_fn(crate::inflate::inflate))
        .route_layer(middleware::from_fn(move |request: Request, next: Next| {
            access::guard(guarded.clone(), owner.clone(), request, next)
        }))
        .route_layer(middleware::from_fn(move |request: Request, next: Next| observe(measured.clone(), request, next)))
        .with_state(state.clone())
        .merge(console)
        .layer(middleware::from_fn(finish))
        .layer(middleware::from_fn(cross_origin))
}

/// Flags are for pages of any origin: they bring a token, never a cookie.
async fn cross_origin(request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/ofrep/") {
        return next.run(request).await;
    }
    let mut response = if request.method() == Method::OPTIONS {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", "POST, GET"),
        ("access-control-allow-headers", "authorization, x-api-key, content-type, if-none-match"),
        ("access-control-expose-headers", "ETag, Retry-After"),
        ("access-control-max-age", "600"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A client that goes away doesn't stop what it began: a transaction is never left half-way.
async fn finish(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(e) => {
            tracing::error!(error = %e, "a handler failed");
            Failure::new(countersign_desk::Code::Internal, "a fault of the hub; nothing was changed").into_response()
        }
    }
}

async fn observe(state: State, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let origin = Origin::of(&request, &state.proxies);
    let method = request.method().to_string();
    let route = request.extensions().get::<MatchedPath>().map(|p| p.as_str().to_owned()).unwrap_or_default();
    // Never the path itself, nor its query: they hold words and ids of customers.
    let client = origin.client.map(tracing::field::display);
    let span = tracing::info_span!("request", %method, %route, client);
    request.extensions_mut().insert(origin);
    let mut response = next.run(request).instrument(span).await;
    state.metrics.observe(&method, &route, response.status().as_u16(), began.elapsed());
    let headers = response.headers_mut();
    headers.entry("cache-control").or_insert(HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

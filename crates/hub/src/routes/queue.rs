//! The queue: leases, escalations, deliveries.

use crate::State;
use crate::access::Who;
use crate::answer::{Answer, ErrorBody, Failure};
use crate::body::{Body, Query};
use axum::Json;
use axum::extract::{self, Path};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use countersign_desk::{DeliveryView, EscalationView, LeaseRequest, LeaseView, Leased, Page};
use serde::{Deserialize, Serialize};

/// The next draft to review, or the one asked for.
#[utoipa::path(post, path = "/v1/queue/lease", tag = "review", request_body = LeaseRequest,
    responses((status = 200, body = Leased), (status = 204, description = "nothing to review"), (status = 409, body = ErrorBody)))]
pub async fn lease(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Body(request): Body<LeaseRequest>,
) -> Answer<Response> {
    Ok(match state.desk.lease(&who, &request).await? {
        Some(leased) => Json(leased).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

/// A lease.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Renewed {
    lease: LeaseView,
}

/// Renews a lease that still holds.
#[utoipa::path(post, operation_id = "renew_lease", path = "/v1/leases/{id}/renew", tag = "review", params(("id" = String, Path)),
    responses((status = 200, body = Renewed), (status = 409, body = ErrorBody)))]
pub async fn renew(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<Renewed>> {
    Ok(Json(Renewed { lease: state.desk.renew_lease(&who, &id).await? }))
}

/// How a lease is given back.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Release {
    /// The draft goes to the back of your queue.
    #[serde(default)]
    skip: bool,
}

/// Gives a lease back.
#[utoipa::path(delete, operation_id = "release_lease", path = "/v1/leases/{id}", tag = "review", params(("id" = String, Path), Release),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub async fn release(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Query(how): Query<Release>,
) -> Answer<StatusCode> {
    state.desk.release_lease(&who, &id, how.skip).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which rows, and where to go on.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// Workflows, separated by commas.
    workflow: Option<String>,
    /// In this state.
    state: Option<String>,
    /// For escalations: those that went to me.
    #[serde(default)]
    mine: bool,
    /// Where to go on.
    cursor: Option<String>,
    /// Rows a page, at most 200.
    limit: Option<i64>,
}

impl ListQuery {
    fn page(&self) -> Answer<Page> {
        Page::of(self.cursor.as_deref(), self.limit).ok_or_else(|| Failure::malformed("not a cursor of this list"))
    }
}

/// A page of escalations.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Escalations {
    escalations: Vec<EscalationView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Escalations, newest first.
#[utoipa::path(get, operation_id = "list_escalations", path = "/v1/escalations", tag = "review", params(ListQuery), responses((status = 200, body = Escalations)))]
pub async fn escalations(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(q): Query<ListQuery>,
) -> Answer<Json<Escalations>> {
    let page = q.page()?;
    let (escalations, next_cursor) =
        state.desk.list_escalations(&who, q.workflow.as_deref(), q.state.as_deref(), q.mine, &page).await?;
    Ok(Json(Escalations { escalations, next_cursor }))
}

/// Takes an escalation on.
#[utoipa::path(post, path = "/v1/escalations/{id}/take", tag = "review", params(("id" = String, Path)),
    responses((status = 200, body = EscalationView), (status = 403, body = ErrorBody)))]
pub async fn take_escalation(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<EscalationView>> {
    Ok(Json(state.desk.take_escalation(&who, &id).await?))
}

/// How it was settled.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Note {
    /// 1 to 4000 characters.
    note: String,
}

/// Settles an escalation.
#[utoipa::path(post, path = "/v1/escalations/{id}/settle", tag = "review", params(("id" = String, Path)), request_body = Note,
    responses((status = 200, body = EscalationView), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn settle_escalation(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Body(note): Body<Note>,
) -> Answer<Json<EscalationView>> {
    Ok(Json(state.desk.settle_escalation(&who, &id, &note.note).await?))
}

/// A page of deliveries.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Deliveries {
    deliveries: Vec<DeliveryView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Deliveries, newest first.
#[utoipa::path(get, operation_id = "list_deliveries", path = "/v1/deliveries", tag = "deliveries", params(ListQuery), responses((status = 200, body = Deliveries)))]
pub async fn deliveries(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(q): Query<ListQuery>,
) -> Answer<Json<Deliveries>> {
    let page = q.page()?;
    let (deliveries, next_cursor) =
        state.desk.list_deliveries(&who, q.workflow.as_deref(), q.state.as_deref(), &page).await?;
    Ok(Json(Deliveries { deliveries, next_cursor }))
}

/// Tries a delivery again, now.
#[utoipa::path(post, path = "/v1/deliveries/{id}/retry", tag = "deliveries", params(("id" = String, Path)),
    responses((status = 200, body = DeliveryView), (status = 422, body = ErrorBody)))]
pub async fn retry_delivery(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<DeliveryView>> {
    Ok(Json(state.desk.retry_delivery(&who, &id).await?))
}

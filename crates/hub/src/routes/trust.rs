//! Whether labels can be trusted: agreement, disagreements, probes; and the review budget.

use crate::State;
use crate::access::Who;
use crate::answer::{Answer, ErrorBody};
use crate::body::{Body, Query};
use axum::Json;
use axum::extract::{self, Path};
use countersign_desk::{Budget, DisagreementQuery, DisagreementView, Settling, Trust, WorkflowAgreement};
use serde::Serialize;

/// How far two people agree on the same drafts, in all and version by version.
#[utoipa::path(get, operation_id = "workflow_agreement", path = "/v1/workflows/{id}/agreement", tag = "trust", params(("id" = String, Path)),
    responses((status = 200, body = WorkflowAgreement), (status = 404, body = ErrorBody)))]
pub async fn agreement(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<WorkflowAgreement>> {
    Ok(Json(state.desk.agreement(&who, &id).await?))
}

/// Whether a workflow's labels can be trusted, in one answer.
#[utoipa::path(get, operation_id = "workflow_trust", path = "/v1/workflows/{id}/trust", tag = "trust", params(("id" = String, Path)),
    responses((status = 200, body = Trust), (status = 404, body = ErrorBody)))]
pub async fn trust(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<Trust>> {
    Ok(Json(state.desk.trust(&who, &id).await?))
}

/// The review rates under the pack's budget, and what they come to.
#[utoipa::path(get, operation_id = "workflow_budget", path = "/v1/workflows/{id}/budget", tag = "trust", params(("id" = String, Path)),
    responses((status = 200, body = Budget), (status = 404, body = ErrorBody)))]
pub async fn budget(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<Budget>> {
    Ok(Json(state.desk.budget(&who, &id).await?))
}

/// A page of disagreements.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Disagreements {
    disagreements: Vec<DisagreementView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Drafts on which two verdicts differ, newest first.
#[utoipa::path(get, operation_id = "list_disagreements", path = "/v1/disagreements", tag = "trust", params(DisagreementQuery),
    responses((status = 200, body = Disagreements), (status = 422, body = ErrorBody)))]
pub async fn disagreements(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(query): Query<DisagreementQuery>,
) -> Answer<Json<Disagreements>> {
    let (disagreements, next_cursor) = state.desk.list_disagreements(&who, &query).await?;
    Ok(Json(Disagreements { disagreements, next_cursor }))
}

/// One disagreement, open or settled. One whose verdict was withdrawn is none any more.
#[utoipa::path(get, operation_id = "show_disagreement", path = "/v1/disagreements/{id}", tag = "trust", params(("id" = String, Path)),
    responses((status = 200, body = DisagreementView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn disagreement(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<DisagreementView>> {
    Ok(Json(state.desk.get_disagreement(&who, &id).await?))
}

/// Settles a disagreement: the decision becomes the label. Never by one of its two reviewers.
#[utoipa::path(post, operation_id = "settle_disagreement", path = "/v1/disagreements/{id}/settle", tag = "trust", params(("id" = String, Path)), request_body = Settling,
    responses((status = 200, body = DisagreementView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn settle(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Body(settling): Body<Settling>,
) -> Answer<Json<DisagreementView>> {
    Ok(Json(state.desk.settle_disagreement(&who, &id, &settling).await?))
}

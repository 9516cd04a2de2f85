//! Gates, promotions on them, and the eval results that they read.

use crate::State;
use crate::access::Who;
use crate::answer::{Answer, ErrorBody, Failure};
use crate::body::{Body, Query};
use axum::Json;
use axum::extract::{self, Path};
use axum::http::StatusCode;
use countersign_desk::{EvalResult, GateView, Move, Moved, NewEvalResult, Page, Plan, Series};
use serde::{Deserialize, Serialize};

/// The conditions for the next stage, each pass, hold or fail with its reason. The hash is what a promotion names.
#[utoipa::path(get, operation_id = "show_gate", path = "/v1/workflows/{id}/gate", tag = "rollout", params(("id" = String, Path)),
    responses((status = 200, body = GateView), (status = 404, body = ErrorBody)))]
pub async fn gate(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<GateView>> {
    Ok(Json(state.desk.gate(&who, &id).await?))
}

/// What it still takes until the gate is green, if things go on as they are.
#[utoipa::path(get, operation_id = "plan_gate", path = "/v1/workflows/{id}/gate/plan", tag = "rollout", params(("id" = String, Path)),
    responses((status = 200, body = Plan), (status = 404, body = ErrorBody)))]
pub async fn plan(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<Plan>> {
    Ok(Json(state.desk.gate_plan(&who, &id).await?))
}

/// Every rate's interval, day by day.
#[derive(Serialize, utoipa::ToSchema)]
pub struct GateSeries {
    /// In the pack's order.
    rates: Vec<Series>,
}

/// How each rate's interval came about, day by day, for the version and stage of now.
#[utoipa::path(get, operation_id = "gate_series", path = "/v1/workflows/{id}/gate/series", tag = "rollout", params(("id" = String, Path)),
    responses((status = 200, body = GateSeries), (status = 404, body = ErrorBody)))]
pub async fn series(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<GateSeries>> {
    Ok(Json(GateSeries { rates: state.desk.gate_series(&who, &id).await? }))
}

/// A frozen gate report, as a promotion rested on it.
#[utoipa::path(get, operation_id = "frozen_report", path = "/v1/gate/reports/{hash}", tag = "rollout", params(("hash" = String, Path)),
    responses((status = 200, body = Object), (status = 404, body = ErrorBody)))]
pub async fn report(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(hash): Path<String>,
) -> Answer<Json<serde_json::Value>> {
    Ok(Json(state.desk.frozen_report(&who, &hash).await?))
}

/// Promotes a workflow by one stage, if its gate is green now and its report is still the one that is named; else 409
/// `content_changed` names the one as it is now. Signed by the person whom the pack names as its DRI. With
/// `second_signature` the first call answers 202, and the second, by another dri within a day, promotes.
#[utoipa::path(post, operation_id = "promote_workflow", path = "/v1/workflows/{id}/promote", tag = "rollout", params(("id" = String, Path)), request_body = Move,
    responses((status = 200, body = Moved), (status = 202, body = Moved), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn promote(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Body(asked): Body<Move>,
) -> Answer<(StatusCode, Json<Moved>)> {
    let moved = state.desk.promote(&who, &id, &asked).await?;
    let waits = moved.waits_for_second_signature.is_some();
    Ok((if waits { StatusCode::ACCEPTED } else { StatusCode::OK }, Json(moved)))
}

/// Sends a workflow back to an earlier stage.
#[utoipa::path(post, operation_id = "demote_workflow", path = "/v1/workflows/{id}/demote", tag = "rollout", params(("id" = String, Path)), request_body = Move,
    responses((status = 200, body = Moved), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn demote(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Body(asked): Body<Move>,
) -> Answer<Json<Moved>> {
    Ok(Json(state.desk.demote(&who, &id, &asked).await?))
}

/// Keeps the result of a suite on a workflow version. The latest of the pack's suite counts at the gate.
#[utoipa::path(post, operation_id = "post_eval_result", path = "/v1/evals/results", tag = "rollout", request_body = NewEvalResult,
    responses((status = 201, body = EvalResult), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn post_eval(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Body(new): Body<NewEvalResult>,
) -> Answer<(StatusCode, Json<EvalResult>)> {
    Ok((StatusCode::CREATED, Json(state.desk.post_eval(&who, new).await?)))
}

/// Of which workflow, and which part of the list.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EvalQuery {
    /// The workflow.
    workflow: String,
    /// As the last page gave it.
    cursor: Option<String>,
    /// 1 to 200; 50 if it is left out.
    limit: Option<i64>,
}

/// A page of results.
#[derive(Serialize, utoipa::ToSchema)]
pub struct EvalResults {
    /// Newest first.
    results: Vec<EvalResult>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Results of a workflow's suites, newest first.
#[utoipa::path(get, operation_id = "list_eval_results", path = "/v1/evals/results", tag = "rollout", params(EvalQuery),
    responses((status = 200, body = EvalResults), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn list_evals(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(query): Query<EvalQuery>,
) -> Answer<Json<EvalResults>> {
    let page = Page::of(query.cursor.as_deref(), query.limit)
        .ok_or_else(|| Failure::malformed("not a cursor of this list"))?;
    let (results, next_cursor) = state.desk.list_evals(&who, &query.workflow, &page).await?;
    Ok(Json(EvalResults { results, next_cursor }))
}

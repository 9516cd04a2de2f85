//! Kill drills.

use crate::State;
use crate::access::Who;
use crate::answer::{Answer, ErrorBody};
use axum::Json;
use axum::extract::{self, Path};
use axum::http::StatusCode;
use countersign_desk::DrillView;
use countersign_domain::time::Millis;
use serde::Serialize;

/// Drills a kill on a shadow of the workflow, without freezing real work, and measures it.
#[utoipa::path(post, operation_id = "drill_kill", path = "/v1/workflows/{id}/drill", tag = "workflows", params(("id" = String, Path)),
    responses((status = 201, body = DrillView), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub async fn run(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<(StatusCode, Json<DrillView>)> {
    Ok((StatusCode::CREATED, Json(state.desk.drill(&who, &id).await?)))
}

/// Kill drills.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Drills {
    /// The latest 50, newest first.
    drills: Vec<DrillView>,
    /// When the last one was that nothing got through.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_good_at: Option<Millis>,
}

/// The latest kill drills of a workflow.
#[utoipa::path(get, operation_id = "list_drills", path = "/v1/workflows/{id}/drills", tag = "workflows", params(("id" = String, Path)),
    responses((status = 200, body = Drills), (status = 404, body = ErrorBody)))]
pub async fn list(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<Drills>> {
    let (drills, last_good_at) = state.desk.list_drills(&who, &id).await?;
    Ok(Json(Drills { drills, last_good_at }))
}

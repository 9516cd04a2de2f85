//! The failure budget's burn, and alerts.

use crate::State;
use crate::access::Who;
use crate::answer::{Answer, ErrorBody, Failure};
use crate::body::Query;
use axum::Json;
use axum::extract::{self, Path};
use countersign_desk::{AlertView, BurnView, Page};
use serde::{Deserialize, Serialize};

/// How fast a workflow's failure budget burns; 404 where its pack has none.
#[utoipa::path(get, operation_id = "workflow_burn", path = "/v1/workflows/{id}/burn", tag = "workflows", params(("id" = String, Path)),
    responses((status = 200, body = BurnView), (status = 404, body = ErrorBody)))]
pub async fn burn(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<BurnView>> {
    Ok(Json(state.desk.burn(&who, &id).await?))
}

/// Which alerts.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AlertQuery {
    /// Workflows, separated by commas.
    workflow: Option<String>,
    /// `firing` or `resolved`.
    state: Option<String>,
    /// As the last page gave it.
    cursor: Option<String>,
    /// Rows a page, at most 200.
    limit: Option<i64>,
}

/// A page of alerts.
#[derive(Serialize, utoipa::ToSchema)]
pub struct AlertPage {
    /// Newest first.
    alerts: Vec<AlertView>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Alerts and where their messages stand, newest first.
#[utoipa::path(get, operation_id = "list_alerts", path = "/v1/alerts", tag = "incidents", params(AlertQuery), responses((status = 200, body = AlertPage)))]
pub async fn list(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(q): Query<AlertQuery>,
) -> Answer<Json<AlertPage>> {
    let page = Page::of(q.cursor.as_deref(), q.limit).ok_or_else(|| Failure::malformed("not a cursor of this list"))?;
    let (alerts, next_cursor) = state.desk.list_alerts(&who, q.workflow.as_deref(), q.state.as_deref(), &page).await?;
    Ok(Json(AlertPage { alerts, next_cursor }))
}

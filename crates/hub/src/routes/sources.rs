//! Sources.

use crate::State;
use crate::access::Who;
use crate::answer::{Answer, ErrorBody};
use crate::body::Query;
use crate::ingest::Lines;
use axum::Json;
use axum::extract::{self, Path, Request};
use countersign_desk::{SourceError, SourceRead, SourceReport, SourceView, parse_source};
use serde::{Deserialize, Serialize};

const BATCH: usize = 100;

/// Where sources belong.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// One workflow's own; every workflow's if it is left out.
    workflow: Option<String>,
}

/// Brings sources in, one JSON object a line: `{"id", "title"?, "text", "access": [label]}`.
#[utoipa::path(post, operation_id = "import_sources", path = "/v1/sources", tag = "sources", params(ImportQuery),
    request_body(content = String, content_type = "application/x-ndjson"),
    responses((status = 200, body = SourceReport), (status = 404, body = ErrorBody)))]
pub async fn import(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> Answer<Json<SourceReport>> {
    let mut lines = Lines::of(request.into_body().into_data_stream());
    let mut report = SourceReport::default();
    let mut rows = Vec::new();
    let mut more = true;
    while more {
        match lines.next().await? {
            None => more = false,
            Some((line, row)) => match row.and_then(|bytes| parse_source(&bytes)) {
                Ok(source) => rows.push((line, source)),
                Err(e) => {
                    report.rejected += 1;
                    report.errors.push(SourceError { line, field: e.field, message: e.message });
                }
            },
        }
        if rows.len() >= BATCH || !more {
            let part = state.desk.import_sources(&who, query.workflow.as_deref(), std::mem::take(&mut rows)).await?;
            report.created += part.created;
            report.updated += part.updated;
            report.unchanged += part.unchanged;
            report.rejected += part.rejected;
            report.errors.extend(part.errors);
        }
    }
    report.errors.sort_by_key(|e| e.line);
    report.errors.truncate(1_000);
    Ok(Json(report))
}

/// Which source of an id.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ShowQuery {
    /// This workflow's own, if it has one of this id.
    workflow: Option<String>,
}

/// Which sources.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// This workflow's own and everybody's; of all workflows if it is left out.
    workflow: Option<String>,
    /// As the last page gave it.
    cursor: Option<String>,
    /// Rows a page, at most 200.
    limit: Option<i64>,
}

/// A page of sources.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Sources {
    sources: Vec<SourceView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Sources by id, without their text.
#[utoipa::path(get, operation_id = "list_sources", path = "/v1/sources", tag = "sources", params(ListQuery), responses((status = 200, body = Sources)))]
pub async fn list(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(q): Query<ListQuery>,
) -> Answer<Json<Sources>> {
    let limit = q.limit.unwrap_or(50).clamp(1, 200);
    let (sources, next_cursor) =
        state.desk.list_sources(&who, q.workflow.as_deref(), q.cursor.as_deref().unwrap_or_default(), limit).await?;
    Ok(Json(Sources { sources, next_cursor }))
}

/// One source with its text. Reading it is on record.
#[utoipa::path(get, operation_id = "show_source", path = "/v1/sources/{id}", tag = "sources", params(("id" = String, Path), ShowQuery),
    responses((status = 200, body = SourceRead), (status = 404, body = ErrorBody)))]
pub async fn show(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Query(q): Query<ShowQuery>,
) -> Answer<Json<SourceRead>> {
    Ok(Json(state.desk.show_source(&who, &id, q.workflow.as_deref()).await?))
}

//! Cases: listed, read, exported.

use crate::State;
use crate::access::{Who, while_good};
use crate::answer::{Answer, ErrorBody, Failure};
use crate::body::Query;
use axum::Json;
use axum::body::Body;
use axum::extract::{self, Path};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use countersign_desk::Code;
use countersign_desk::cases::{CaseQuery, Cases};
use countersign_evals::jsonl;
use serde::Deserialize;

/// Cases, newest first.
#[utoipa::path(get, operation_id = "list_cases", path = "/v1/cases", tag = "cases", params(CaseQuery), responses((status = 200, body = Cases), (status = 422, body = ErrorBody)))]
pub async fn list(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(query): Query<CaseQuery>,
) -> Answer<Json<Cases>> {
    Ok(Json(state.desk.list_cases(&who, &query).await?))
}

/// One case with its thread, sources, draft, label and provenance. Reading it is on record.
#[utoipa::path(get, operation_id = "show_case", path = "/v1/cases/{id}", tag = "cases", params(("id" = String, Path)),
    responses((status = 200, body = countersign_evals::Case), (status = 404, body = ErrorBody)))]
pub async fn show(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Response> {
    let case = state.desk.show_case(&who, &id).await?;
    let mut line = Vec::new();
    jsonl::write(&mut line, &case.record, &case.body).map_err(|e| Failure::new(Code::Internal, e.to_string()))?;
    Ok(([("content-type", "application/json")], line).into_response())
}

/// What to export.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// Of this workflow.
    workflow: String,
    /// `jsonl`.
    format: Option<String>,
    /// The first rows alone, at most 200: exactly as the whole export begins.
    limit: Option<usize>,
}

/// Every case of a workflow, oldest first, as a stream. The same cases make the same bytes.
#[utoipa::path(get, operation_id = "export_cases", path = "/v1/cases/export", tag = "cases", params(ExportQuery),
    responses((status = 200, body = countersign_evals::Case, content_type = "application/x-ndjson"), (status = 404, body = ErrorBody)))]
pub async fn export(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(query): Query<ExportQuery>,
) -> Answer<Response> {
    let format = query.format.as_deref().unwrap_or("jsonl");
    if format != "jsonl" {
        return Err(Failure::new(Code::Invalid, format!("expected format jsonl, found {format:?}")));
    }
    if query.limit.is_some_and(|n| n == 0 || n > 200) {
        return Err(Failure::new(Code::Invalid, "expected a limit of 1 to 200"));
    }
    state.desk.begin_export(&who, &query.workflow, format, query.limit).await?;
    let desk = state.desk.clone();
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<Bytes, std::io::Error>>(2);
    // Reading the next stretch while this one is on its way.
    tokio::spawn(async move {
        let (mut after, mut left) = (0, query.limit.unwrap_or(usize::MAX));
        loop {
            let mut part = match desk.export_after(&query.workflow, after).await {
                Ok(part) => part,
                Err(e) => {
                    // The response has begun: breaking it off is the only way to say that it isn't whole.
                    let _ = sender.send(Err(std::io::Error::other(e))).await;
                    return;
                }
            };
            part.truncate(left);
            left -= part.len();
            let Some(last) = part.last().map(|c| c.seq) else { return };
            after = last;
            let mut out = Vec::with_capacity(part.iter().map(|c| c.record.len() + c.body.len() + 64).sum());
            for case in &part {
                if let Err(e) = jsonl::write(&mut out, &case.record, &case.body) {
                    let _ = sender.send(Err(std::io::Error::other(e))).await;
                    return;
                }
                out.push(b'\n');
            }
            if sender.send(Ok(out.into())).await.is_err() {
                return;
            }
        }
    });
    let stream = futures::stream::unfold(receiver, |mut r| async move { r.recv().await.map(|part| (part, r)) });
    Ok(([("content-type", "application/x-ndjson")], Body::from_stream(while_good(&state.desk, &who, stream)))
        .into_response())
}

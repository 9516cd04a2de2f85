//! Drafts coming in, shown, and decided.

use crate::State;
use crate::access::Who;
use crate::answer::{Answer, ErrorBody, Failure};
use crate::body::{Body, Query, read};
use crate::ingest::{HEAD, Lines, peek};
use axum::Json;
use axum::extract::{self, Path, Request};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use countersign_desk::{
    Code, Decided, Desk, DraftList, DraftListQuery, DraftView, LineResult, LineStatus, Outcome, Prepared, Withdrawn,
};
use countersign_domain::access::Identity;
use countersign_domain::diff::Edit;
use countersign_domain::draft::{FieldError, parse};
use countersign_domain::json;
use countersign_domain::kind::other_kind;
use countersign_domain::verdict::Verdict;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::task::JoinHandle;

const MAX_JSON: usize = 64 << 20;
const MAX_RESULTS: usize = 100_000;
const MAX_ERRORS: usize = 1_000;
/// Rows are staged once there are this many, or this many bytes of them: what an import takes up is bounded by this.
const BATCH: usize = 1_000;
const BATCH_BYTES: usize = 4 << 20;

/// Where rows go, and how much is answered.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StageQuery {
    /// The workflow that the rows are for. A row may name it too; one that names another is rejected.
    workflow: Option<String>,
    /// Only the counts and the errors.
    #[serde(default)]
    summary: bool,
}

/// What became of each row.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Staged {
    /// In the order of the lines.
    results: Vec<LineResult>,
}

/// What became of all rows together.
#[derive(Default, Serialize, utoipa::ToSchema)]
pub struct StagedSummary {
    created: u64,
    duplicate: u64,
    /// How many of the created made an older revision of their ticket give way.
    superseded: u64,
    rejected: u64,
    /// Where the duplicates stand, the first thousand.
    duplicate_lines: Vec<u64>,
    /// Where those stand that superseded an older revision, the first thousand.
    superseding_lines: Vec<u64>,
    /// The first thousand.
    errors: Vec<LineError>,
}

/// Why a row was rejected, or how a duplicate differs from the draft that is here.
#[derive(Serialize, utoipa::ToSchema)]
pub struct LineError {
    line: u64,
    field: String,
    message: String,
}

/// Collects what is answered, within bounds.
struct Report {
    summary: Option<StagedSummary>,
    results: Vec<LineResult>,
}

impl Report {
    fn of(summary: bool) -> Self {
        Self { summary: summary.then(StagedSummary::default), results: Vec::new() }
    }

    fn add(&mut self, results: Vec<LineResult>) -> Answer<()> {
        let Some(summary) = &mut self.summary else {
            self.results.extend(results);
            if self.results.len() > MAX_RESULTS {
                let message = format!(
                    "more than {MAX_RESULTS} rows in one request; the rows up to here are staged. Use summary=true for more"
                );
                return Err(Failure::new(Code::TooLarge, message));
            }
            return Ok(());
        };
        let note = |lines: &mut Vec<u64>, line| {
            if lines.len() < MAX_ERRORS {
                lines.push(line);
            }
        };
        for result in results {
            match result.status {
                LineStatus::Created => summary.created += 1,
                LineStatus::Duplicate => {
                    summary.duplicate += 1;
                    note(&mut summary.duplicate_lines, result.line);
                }
                LineStatus::Rejected => summary.rejected += 1,
            }
            if result.supersedes {
                summary.superseded += 1;
                note(&mut summary.superseding_lines, result.line);
            }
            if let Some(e) = result.error.filter(|_| summary.errors.len() < MAX_ERRORS) {
                summary.errors.push(LineError { line: result.line, field: e.field, message: e.message });
            }
        }
        Ok(())
    }

    fn answer(mut self) -> Response {
        self.results.sort_by_key(|r| r.line);
        match self.summary {
            Some(mut summary) => {
                summary.errors.sort_by_key(|e| e.line);
                summary.duplicate_lines.sort_unstable();
                summary.superseding_lines.sort_unstable();
                Json(summary).into_response()
            }
            None => Json(Staged { results: self.results }).into_response(),
        }
    }
}

/// Stages batches, one at a time, while the next one is read.
struct Stager {
    desk: Desk,
    who: Identity,
    workflow: Option<String>,
    batch: Vec<Prepared>,
    bytes: usize,
    running: Option<JoinHandle<Result<Vec<LineResult>, countersign_desk::DeskError>>>,
    report: Report,
}

impl Stager {
    async fn take(&mut self, line: u64, row: Result<&[u8], FieldError>) -> Answer<()> {
        let prepared =
            row.and_then(parse).map_err(|e| LineResult::rejected(line, None, e)).and_then(|i| Prepared::of(line, i));
        match prepared {
            Ok(row) => {
                self.bytes += row.bytes();
                self.batch.push(row);
            }
            Err(rejected) => self.report.add(vec![rejected])?,
        }
        if self.batch.len() >= BATCH || self.bytes >= BATCH_BYTES { self.send().await } else { Ok(()) }
    }

    async fn send(&mut self) -> Answer<()> {
        self.settle().await?;
        let (desk, who, workflow) = (self.desk.clone(), self.who.clone(), self.workflow.clone());
        let batch = std::mem::take(&mut self.batch);
        self.bytes = 0;
        self.running = Some(tokio::spawn(async move { desk.stage(&who, workflow.as_deref(), batch).await }));
        Ok(())
    }

    async fn settle(&mut self) -> Answer<()> {
        if let Some(running) = self.running.take() {
            let results =
                running.await.map_err(|e| Failure::new(Code::Internal, format!("staging broke off: {e}")))??;
            self.report.add(results)?;
        }
        Ok(())
    }
}

/// Sends drafts in: one JSON object, an array, `{"workflow", "drafts": […]}`, or NDJSON as a stream, whichever the body
/// turns out to be. A bad row is reported with its line; the good ones are staged all the same.
#[utoipa::path(post, operation_id = "stage_drafts", path = "/v1/drafts", tag = "drafts", params(StageQuery),
    request_body(content((serde_json::Value = "application/json"), (String = "application/x-ndjson"))),
    responses((status = 200, body = Staged), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 413, body = ErrorBody)))]
pub async fn stage(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(query): Query<StageQuery>,
    request: Request,
) -> Answer<Response> {
    if let Some(id) = &query.workflow {
        // One clear error instead of one for every line.
        state.desk.workflow_exists(id).await?;
    }
    let kind = request.headers().get("content-type").and_then(|h| h.to_str().ok()).unwrap_or_default();
    let labelled = ["ndjson", "jsonl", "jsonlines", "json-seq"].iter().any(|k| kind.contains(k));
    let report = Report::of(query.summary);
    let mut stager =
        Stager { desk: state.desk, who, workflow: query.workflow, batch: Vec::new(), bytes: 0, running: None, report };
    let (head, body) = peek(request.into_body()).await;
    if are_lines(&head, labelled) {
        let mut lines = Lines::of(body.into_data_stream());
        while let Some((line, row)) = lines.next().await? {
            stager.take(line, row.as_ref().map(AsRef::as_ref).map_err(Clone::clone)).await?;
        }
    } else {
        let bytes = read(body, MAX_JSON).await?;
        let (workflow, rows) = rows(json::without_bom(&bytes))?;
        stager.workflow = match (stager.workflow, workflow) {
            (Some(asked), Some(named)) if asked != named => {
                let message = format!("the address names the workflow {asked:?} and the body {named:?}; name one");
                return Err(Failure::new(Code::Invalid, message));
            }
            (asked, named) => asked.or(named),
        };
        for (line, row) in (1..).zip(rows) {
            stager.take(line, Ok(row.get().as_bytes())).await?;
        }
    }
    stager.send().await?;
    stager.settle().await?;
    Ok(stager.report.answer())
}

/// Whether a body is a draft a line, by how it begins: what kind it says it is matters only where both may be meant.
fn are_lines(head: &[u8], labelled: bool) -> bool {
    #[derive(Deserialize)]
    struct Row {
        external_id: Option<IgnoredAny>,
        drafts: Option<IgnoredAny>,
    }
    let text = json::without_bom(head).trim_ascii_start();
    let mut lines = text.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let (first, more) = (lines.next().unwrap_or_default(), lines.next().is_some());
    match serde_json::from_slice::<Row>(first) {
        // An array that ends on its line, with more lines after it, is no document either.
        _ if text.starts_with(b"[") => labelled && more && serde_json::from_slice::<IgnoredAny>(first).is_ok(),
        Ok(Row { external_id: None, drafts: Some(_) }) => false,
        Ok(Row { external_id: Some(_), .. }) => true,
        _ => labelled,
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    workflow: Option<String>,
    #[serde(borrow)]
    drafts: Option<Vec<&'a RawValue>>,
}

fn rows(bytes: &[u8]) -> Answer<(Option<String>, Vec<&RawValue>)> {
    let malformed = |e: serde_json::Error| {
        let what = json::read::<IgnoredAny>(bytes).map_or_else(|fault| fault.message, |_| e.to_string());
        let failure = Failure::malformed(format!("the body can't be read: {what}"));
        let is_array = json::without_bom(bytes).trim_ascii_start().starts_with(b"[");
        if is_array { failure } else { failure.hint("one draft a line is sent as Content-Type: application/x-ndjson") }
    };
    const EXPECTED: &str = "expected a draft, an array of drafts, or {\"drafts\": […]}";
    if let Some(kind) = other_kind(&bytes[..bytes.len().min(HEAD)])
        && serde_json::from_slice::<IgnoredAny>(bytes).is_err()
    {
        return Err(Failure::malformed(format!("the body is {kind}; {EXPECTED}")));
    }
    match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'[') => Ok((None, serde_json::from_slice(bytes).map_err(malformed)?)),
        Some(b'{') => {
            let whole: &RawValue = serde_json::from_slice(bytes).map_err(malformed)?;
            match serde_json::from_slice::<Envelope<'_>>(bytes) {
                Ok(Envelope { workflow, drafts: Some(drafts) }) => Ok((workflow, drafts)),
                _ => Ok((None, vec![whole])),
            }
        }
        _ => Err(Failure::malformed(EXPECTED)),
    }
}

/// A page of drafts.
#[utoipa::path(get, operation_id = "list_drafts", path = "/v1/drafts", tag = "drafts", params(DraftListQuery),
    responses((status = 200, body = DraftList), (status = 422, body = ErrorBody)))]
pub async fn list(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(query): Query<DraftListQuery>,
) -> Answer<Json<DraftList>> {
    Ok(Json(state.desk.list_drafts(&who, &query).await?))
}

/// One draft, whole. Reading it is on record.
#[utoipa::path(get, operation_id = "show_draft", path = "/v1/drafts/{id}", tag = "drafts", params(("id" = String, Path)),
    responses((status = 200, body = DraftView), (status = 404, body = ErrorBody)))]
pub async fn show(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<DraftView>> {
    Ok(Json(state.desk.show_draft(&who, &id).await?))
}

/// A reviewer's text.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct NewText {
    /// The whole of it.
    final_text: String,
}

/// What a text would count as, were it sent instead of the draft's.
#[utoipa::path(post, operation_id = "preview_edit", path = "/v1/drafts/{id}/diff", tag = "review", params(("id" = String, Path)), request_body = NewText,
    responses((status = 200, body = Edit), (status = 404, body = ErrorBody)))]
pub async fn diff(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Body(text): Body<NewText>,
) -> Answer<Json<Edit>> {
    Ok(Json(state.desk.preview_edit(&who, &id, &text.final_text).await?))
}

/// Decides. 201 when it was taken now; 200 for the same verdict again. On 409 what was typed is kept.
#[utoipa::path(post, path = "/v1/drafts/{id}/verdicts", tag = "review", params(("id" = String, Path)), request_body = Verdict,
    responses((status = 201, body = Outcome), (status = 200, body = Outcome), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn decide(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Body(verdict): Body<Verdict>,
) -> Answer<(StatusCode, Json<Outcome>)> {
    Ok(match state.desk.decide(&who, &id, verdict).await? {
        Decided::Now(outcome) => (StatusCode::CREATED, Json(outcome)),
        Decided::Before(outcome) => (StatusCode::OK, Json(outcome)),
    })
}

/// Withdraws a verdict while its reply is undelivered.
#[utoipa::path(post, operation_id = "withdraw_verdict", path = "/v1/verdicts/{id}/withdraw", tag = "review", params(("id" = String, Path)),
    responses((status = 200, body = Withdrawn), (status = 409, body = ErrorBody)))]
pub async fn withdraw(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<Withdrawn>> {
    Ok(Json(state.desk.withdraw(&who, &id).await?))
}

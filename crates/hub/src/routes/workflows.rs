//! Workflows, their packs, kill and resume.

use crate::State;
use crate::access::Who;
use crate::answer::{Answer, ErrorBody, Failure};
use crate::body::{Body, Paged, Query};
use axum::Json;
use axum::extract::{self, Path};
use axum::response::{IntoResponse, Response};
use countersign_desk::{
    Applied, Effect, History, Killed, PackCheck, Resumed, VersionDiff, VersionFiles, VersionView, WorkflowDetail,
    WorkflowView,
};
use countersign_domain::pack::PackFiles;
use serde::{Deserialize, Serialize};

/// A page of workflows.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Workflows {
    /// By id.
    workflows: Vec<WorkflowView>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The workflows that you have to do with, 200 a page if no limit is given.
#[utoipa::path(get, operation_id = "list_workflows", path = "/v1/workflows", tag = "workflows", params(Paged), responses((status = 200, body = Workflows)))]
pub async fn list(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(q): Query<Paged>,
) -> Answer<Json<Workflows>> {
    let limit = q.limit.map_or(200, |n| n.clamp(1, 200) as usize);
    let (workflows, next_cursor) =
        state.desk.list_workflows(&who, q.cursor.as_deref().unwrap_or_default(), limit).await?;
    Ok(Json(Workflows { workflows, next_cursor }))
}

/// One workflow with its guidelines, runbook and pack.
#[utoipa::path(get, operation_id = "show_workflow", path = "/v1/workflows/{id}", tag = "workflows", params(("id" = String, Path)),
    responses((status = 200, body = WorkflowDetail), (status = 404, body = ErrorBody)))]
pub async fn show(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<WorkflowDetail>> {
    Ok(Json(state.desk.show_workflow(&who, &id).await?))
}

/// How far back.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// Days, 1 to 366; 28 if it is left out.
    days: Option<i64>,
}

/// What happened to a workflow: its outcomes by day, its transitions, its versions.
#[utoipa::path(get, operation_id = "workflow_history", path = "/v1/workflows/{id}/history", tag = "workflows", params(("id" = String, Path), HistoryQuery),
    responses((status = 200, body = History), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn history(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Query(query): Query<HistoryQuery>,
) -> Answer<Json<History>> {
    Ok(Json(state.desk.history(&who, &id, query.days.unwrap_or(28)).await?))
}

/// A page of a workflow's versions.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Versions {
    /// The newest first.
    versions: Vec<VersionView>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// A workflow's versions, the newest first.
#[utoipa::path(get, operation_id = "list_versions", path = "/v1/workflows/{id}/versions", tag = "workflows", params(("id" = String, Path), Paged),
    responses((status = 200, body = Versions), (status = 404, body = ErrorBody)))]
pub async fn versions(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Query(q): Query<Paged>,
) -> Answer<Json<Versions>> {
    let (versions, next_cursor) = state.desk.versions(&who, &id, &q.page()?).await?;
    Ok(Json(Versions { versions, next_cursor }))
}

/// Which revision.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RevisionQuery {
    /// A revision of the version; the one in force if it is left out.
    revision: Option<i64>,
}

/// One version's files, as they were applied.
#[utoipa::path(get, operation_id = "show_version", path = "/v1/workflows/{id}/versions/{version}", tag = "workflows",
    params(("id" = String, Path), ("version" = i64, Path), RevisionQuery),
    responses((status = 200, body = VersionFiles), (status = 404, body = ErrorBody)))]
pub async fn version(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path((id, version)): Path<(String, i64)>,
    Query(query): Query<RevisionQuery>,
) -> Answer<Json<VersionFiles>> {
    Ok(Json(state.desk.version_files(&who, &id, version, query.revision).await?))
}

/// Which versions.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DiffQuery {
    /// The one before.
    from: i64,
    /// The one after.
    to: i64,
    /// A revision of the one before; its revision in force if it is left out.
    from_revision: Option<i64>,
    /// A revision of the one after; its revision in force if it is left out.
    to_revision: Option<i64>,
}

/// What changed between two versions, or two revisions of them: settings by key, texts by line.
#[utoipa::path(get, operation_id = "diff_versions", path = "/v1/workflows/{id}/diff", tag = "workflows", params(("id" = String, Path), DiffQuery),
    responses((status = 200, body = VersionDiff), (status = 404, body = ErrorBody)))]
pub async fn diff(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Query(query): Query<DiffQuery>,
) -> Answer<Json<VersionDiff>> {
    let (from, to) = ((query.from, query.from_revision), (query.to, query.to_revision));
    Ok(Json(state.desk.diff_versions(&who, &id, from, to).await?))
}

/// Why.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Reason {
    /// 1 to 2000 characters.
    reason: String,
}

/// One answer for one workflow, a list for `all`.
fn one_or_all<T: Serialize>(id: &str, mut done: Vec<T>) -> Response {
    #[derive(Serialize)]
    struct All<T> {
        workflows: Vec<T>,
    }
    if id == "all" {
        return Json(All { workflows: done }).into_response();
    }
    match done.pop() {
        Some(one) => Json(one).into_response(),
        None => Failure::new(countersign_desk::Code::NotFound, format!("no workflow {id:?}")).into_response(),
    }
}

/// Kills a workflow, or every one with `all`. In force before this answers.
#[utoipa::path(post, operation_id = "kill_workflow", path = "/v1/workflows/{id}/kill", tag = "workflows", params(("id" = String, Path)), request_body = Reason,
    responses((status = 200, body = Killed), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn kill(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Body(why): Body<Reason>,
) -> Answer<Response> {
    Ok(one_or_all(&id, state.desk.kill_or_hold(&who, &id, &why.reason).await?))
}

/// Resumes a killed workflow at `internal`, or every killed one with `all`.
#[utoipa::path(post, operation_id = "resume_workflow", path = "/v1/workflows/{id}/resume", tag = "workflows", params(("id" = String, Path)), request_body = Reason,
    responses((status = 200, body = Resumed), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn resume(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Body(why): Body<Reason>,
) -> Answer<Response> {
    Ok(one_or_all(&id, state.desk.resume(&who, &id, &why.reason).await?))
}

/// How a kill took effect, as far as it is known by now.
#[utoipa::path(get, operation_id = "kill_effect", path = "/v1/workflows/{id}/transitions/{transition}/effect", tag = "workflows",
    params(("id" = String, Path), ("transition" = String, Path)),
    responses((status = 200, body = Effect), (status = 404, body = ErrorBody)))]
pub async fn effect(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path((id, transition)): Path<(String, String)>,
) -> Answer<Json<Effect>> {
    Ok(Json(state.desk.effect(&who, &id, &transition).await?))
}

/// Which console.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Seen {
    /// The name that its event stream was opened under.
    console: String,
}

/// A console says that it has shown a kill.
#[utoipa::path(post, operation_id = "kill_seen", path = "/v1/transitions/{id}/seen", tag = "workflows", params(("id" = String, Path)), request_body = Seen,
    responses((status = 204)))]
pub async fn seen(
    extract::State(state): extract::State<State>,
    Who(_who): Who,
    Path(id): Path<String>,
    Body(seen): Body<Seen>,
) -> axum::http::StatusCode {
    state.desk.console_told(&seen.console, &id);
    axum::http::StatusCode::NO_CONTENT
}

/// A pack's files.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct NewPack {
    /// File name to text; `workflow.toml` and the files that it names.
    files: PackFiles,
}

/// Applies a pack. One that decides otherwise makes a new, immutable version; one that only says something else makes a
/// revision; one that was in force before returns to its version.
#[utoipa::path(post, path = "/v1/packs", tag = "workflows", request_body = NewPack,
    responses((status = 200, body = Applied), (status = 422, body = ErrorBody)))]
pub async fn apply_pack(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Body(new): Body<NewPack>,
) -> Answer<Json<Applied>> {
    Ok(Json(state.desk.apply_pack(&who, &new.files).await?))
}

/// What applying a pack would do to the workflow and its evidence. Changes nothing.
#[utoipa::path(post, path = "/v1/packs/check", tag = "workflows", request_body = NewPack,
    responses((status = 200, body = PackCheck), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn check_pack(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Body(new): Body<NewPack>,
) -> Answer<Json<PackCheck>> {
    Ok(Json(state.desk.check_pack(&who, &new.files).await?))
}

/// To which version, and why.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Return {
    /// The version to return to.
    to: i64,
    /// 1 to 2000 characters.
    reason: String,
}

/// Returns to an earlier version, with its evidence, its eval results and the stages that it has earned. The workflow
/// stays at its stage.
#[utoipa::path(post, operation_id = "roll_back_workflow", path = "/v1/workflows/{id}/rollback", tag = "workflows", params(("id" = String, Path)), request_body = Return,
    responses((status = 200, body = Applied), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn roll_back(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Body(asked): Body<Return>,
) -> Answer<Json<Applied>> {
    Ok(Json(state.desk.roll_back(&who, &id, asked.to, &asked.reason).await?))
}

/// In which form.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PackForm {
    /// `toml` (as it was applied) or `txt` (the rollout pack to circulate).
    format: Option<String>,
}

/// The current pack.
#[utoipa::path(get, path = "/v1/packs/{id}", tag = "workflows", params(("id" = String, Path), PackForm),
    responses((status = 200, content_type = "text/plain"), (status = 404, body = ErrorBody)))]
pub async fn show_pack(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Query(form): Query<PackForm>,
) -> Answer<String> {
    match form.format.as_deref() {
        None | Some("toml") => Ok(state.desk.pack_toml(&who, &id).await?),
        Some("txt") => Ok(state.desk.pack_txt(&who, &id).await?),
        Some(other) => Err(Failure::malformed(format!("expected format toml or txt, found {other:?}"))),
    }
}

/// The demo's workflow.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Demo {
    /// Its id.
    workflow: &'static str,
}

/// Loads the demo workflow, once.
#[utoipa::path(post, path = "/v1/demo", tag = "workflows", responses((status = 200, body = Demo)))]
pub async fn load_demo(extract::State(state): extract::State<State>, Who(who): Who) -> Answer<Json<Demo>> {
    Ok(Json(Demo { workflow: state.desk.load_demo(&who).await? }))
}

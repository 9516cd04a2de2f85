//! Incidents: listed, worked on, exported.

use crate::State;
use crate::access::Who;
use crate::answer::{Answer, ErrorBody, Failure};
use crate::body::{Body, Paged, Query};
use axum::Json;
use axum::extract::{self, Path};
use axum::http::StatusCode;
use countersign_desk::{EntryView, IncidentSummary, IncidentView, Page};
use serde::{Deserialize, Serialize};

/// Which incidents.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct IncidentQuery {
    /// Workflows, separated by commas.
    workflow: Option<String>,
    /// `open` or `closed`.
    state: Option<String>,
    /// As the last page gave it.
    cursor: Option<String>,
    /// Rows a page, at most 200.
    limit: Option<i64>,
}

/// A page of incidents.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Incidents {
    /// Newest first.
    incidents: Vec<IncidentSummary>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Incidents, newest first.
#[utoipa::path(get, operation_id = "list_incidents", path = "/v1/incidents", tag = "incidents", params(IncidentQuery), responses((status = 200, body = Incidents)))]
pub async fn list(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(q): Query<IncidentQuery>,
) -> Answer<Json<Incidents>> {
    let page = Page::of(q.cursor.as_deref(), q.limit).ok_or_else(|| Failure::malformed("not a cursor of this list"))?;
    let (incidents, next_cursor) =
        state.desk.list_incidents(&who, q.workflow.as_deref(), q.state.as_deref(), &page).await?;
    Ok(Json(Incidents { incidents, next_cursor }))
}

/// One incident: the runbook's steps, what to tell whom, the timeline.
#[utoipa::path(get, operation_id = "show_incident", path = "/v1/incidents/{id}", tag = "incidents", params(("id" = String, Path)),
    responses((status = 200, body = IncidentView), (status = 404, body = ErrorBody)))]
pub async fn show(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<IncidentView>> {
    Ok(Json(state.desk.show_incident(&who, &id).await?))
}

/// A new incident.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct NewIncident {
    /// The workflow.
    workflow: String,
    /// A line on what it is, 1 to 200 characters.
    title: String,
}

/// Opens an incident by hand. Kills and demotions open theirs by themselves.
#[utoipa::path(post, operation_id = "open_incident", path = "/v1/incidents", tag = "incidents", request_body = NewIncident,
    responses((status = 201, body = IncidentView), (status = 422, body = ErrorBody)))]
pub async fn open(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Body(new): Body<NewIncident>,
) -> Answer<(StatusCode, Json<IncidentView>)> {
    Ok((StatusCode::CREATED, Json(state.desk.new_incident(&who, &new.workflow, &new.title).await?)))
}

/// Whether a step is done.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct Tick {
    /// Ticked off, or taken back.
    done: bool,
}

/// Ticks a step of the runbook off, or takes the tick back.
#[utoipa::path(post, operation_id = "tick_incident_step", path = "/v1/incidents/{id}/steps/{n}", tag = "incidents",
    params(("id" = String, Path), ("n" = i64, Path)), request_body = Tick,
    responses((status = 200, body = IncidentView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn tick(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path((id, n)): Path<(String, i64)>,
    Body(tick): Body<Tick>,
) -> Answer<Json<IncidentView>> {
    Ok(Json(state.desk.tick_step(&who, &id, n, tick.done).await?))
}

/// Words for the timeline.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct NewEntry {
    /// 1 to 20000 characters.
    text: String,
}

/// A page of a timeline.
#[derive(Serialize, utoipa::ToSchema)]
pub struct IncidentEntries {
    /// The latest first.
    entries: Vec<EntryView>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// The timeline of an incident, the latest first.
#[utoipa::path(get, operation_id = "list_incident_entries", path = "/v1/incidents/{id}/entries", tag = "incidents", params(("id" = String, Path), Paged),
    responses((status = 200, body = IncidentEntries), (status = 404, body = ErrorBody)))]
pub async fn entries(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Query(q): Query<Paged>,
) -> Answer<Json<IncidentEntries>> {
    let (entries, next_cursor) = state.desk.incident_entries(&who, &id, &q.page()?).await?;
    Ok(Json(IncidentEntries { entries, next_cursor }))
}

/// Adds words to the timeline of an open incident.
#[utoipa::path(post, operation_id = "add_incident_entry", path = "/v1/incidents/{id}/entries", tag = "incidents", params(("id" = String, Path)), request_body = NewEntry,
    responses((status = 200, body = IncidentView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn add_entry(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Body(new): Body<NewEntry>,
) -> Answer<Json<IncidentView>> {
    Ok(Json(state.desk.add_incident_entry(&who, &id, &new.text).await?))
}

/// What was learned.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct IncidentNote {
    /// 1 to 20000 characters; the last words stand.
    note: String,
}

/// Writes the post-incident note, while it is open or afterwards.
#[utoipa::path(post, operation_id = "set_incident_note", path = "/v1/incidents/{id}/note", tag = "incidents", params(("id" = String, Path)), request_body = IncidentNote,
    responses((status = 200, body = IncidentView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn set_note(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
    Body(new): Body<IncidentNote>,
) -> Answer<Json<IncidentView>> {
    Ok(Json(state.desk.set_incident_note(&who, &id, &new.note).await?))
}

/// Closes an incident.
#[utoipa::path(post, operation_id = "close_incident", path = "/v1/incidents/{id}/close", tag = "incidents", params(("id" = String, Path)),
    responses((status = 200, body = IncidentView), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub async fn close(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<Json<IncidentView>> {
    Ok(Json(state.desk.close_incident(&who, &id).await?))
}

/// The whole incident as Markdown, to keep elsewhere; what people typed is inert in it.
#[utoipa::path(get, operation_id = "export_incident", path = "/v1/incidents/{id}/export", tag = "incidents", params(("id" = String, Path)),
    responses((status = 200, body = String, content_type = "text/markdown"), (status = 404, body = ErrorBody)))]
pub async fn export(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(id): Path<String>,
) -> Answer<([(&'static str, &'static str); 1], String)> {
    let markdown = state.desk.export_incident(&who, &id).await?;
    Ok(([("content-type", "text/markdown; charset=utf-8")], markdown))
}

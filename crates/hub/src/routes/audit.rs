//! The audit log.

use crate::State;
use crate::access::{Who, while_good};
use crate::answer::{Answer, ErrorBody, Failure};
use crate::body::{Body, Query};
use axum::Json;
use axum::extract;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use countersign_desk::audit::{Filter, Witnessed};
use countersign_desk::{Page, Verified};
use countersign_domain::audit::{Checkpoint, Entry};
use serde::{Deserialize, Serialize};

/// Where to go on.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// As the last page gave it.
    cursor: Option<String>,
    /// Rows a page, at most 200.
    limit: Option<i64>,
    /// Acts, separated by commas; one that ends in a dot stands for all that begin with it.
    act: Option<String>,
    /// Of this workflow.
    workflow: Option<String>,
    /// By this person.
    actor: Option<String>,
    /// About this draft, case, source or token.
    object: Option<String>,
}

/// A page of the log.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Entries {
    entries: Vec<Entry>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Entries, newest first.
#[utoipa::path(get, operation_id = "list_audit", path = "/v1/audit", tag = "audit", params(ListQuery), responses((status = 200, body = Entries)))]
pub async fn list(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(q): Query<ListQuery>,
) -> Answer<Json<Entries>> {
    let page = Page::of(q.cursor.as_deref(), q.limit).ok_or_else(|| Failure::malformed("not a cursor of this list"))?;
    let acts = q.act.unwrap_or_default().split(',').filter(|a| !a.is_empty()).map(str::to_owned).collect();
    let filter = Filter { acts, workflow: q.workflow, actor: q.actor, object: q.object };
    let (entries, next_cursor) = state.desk.list_audit(&who, &filter, &page).await?;
    Ok(Json(Entries { entries, next_cursor }))
}

/// The whole chain, oldest first, an entry a line.
#[utoipa::path(get, operation_id = "export_audit", path = "/v1/audit/export", tag = "audit", responses((status = 200, body = Entry, content_type = "application/x-ndjson")))]
pub async fn export(extract::State(state): extract::State<State>, Who(who): Who) -> Answer<Response> {
    let first = state.desk.audit_from(&who, 1).await?;
    let desk = state.desk.clone();
    let asker = who.clone();
    let stream = async_stream::stream! {
        let mut part = first;
        while let Some(last) = part.last().map(|e| e.seq) {
            let mut out = Vec::new();
            for entry in &part {
                // Plain strings and integers; writing them can't fail.
                let _ = serde_json::to_writer(&mut out, entry);
                out.push(b'\n');
            }
            yield Ok::<_, std::io::Error>(Bytes::from(out));
            part = match desk.audit_from(&who, last + 1).await {
                Ok(part) => part,
                Err(e) => {
                    yield Err(std::io::Error::other(e));
                    return;
                }
            };
        }
    };
    Ok((
        [("content-type", "application/x-ndjson")],
        axum::body::Body::from_stream(while_good(&state.desk, &asker, stream)),
    )
        .into_response())
}

/// How much to verify.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct VerifyQuery {
    /// `false` for the chain alone; else rows, texts, counts and draws are held against the log too.
    draws: Option<bool>,
}

/// Follows the chain and names the first entry that doesn't hold; then holds rows, texts, counts and draws against it.
#[utoipa::path(get, operation_id = "verify_audit", path = "/v1/audit/verify", tag = "audit", params(VerifyQuery), responses((status = 200, body = Verified)))]
pub async fn verify(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(query): Query<VerifyQuery>,
) -> Answer<Json<Verified>> {
    Ok(Json(state.desk.verify_audit(&who, None, query.draws.unwrap_or(true)).await?))
}

/// The same, against a checkpoint that was kept elsewhere: a log cut short or rewritten shows.
#[utoipa::path(post, operation_id = "verify_audit_against", path = "/v1/audit/verify", tag = "audit", params(VerifyQuery), request_body = Checkpoint, responses((status = 200, body = Verified), (status = 422, body = ErrorBody)))]
pub async fn verify_against(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(query): Query<VerifyQuery>,
    Body(checkpoint): Body<Checkpoint>,
) -> Answer<Json<Verified>> {
    Ok(Json(state.desk.verify_audit(&who, Some(checkpoint), query.draws.unwrap_or(true)).await?))
}

/// A signed checkpoint of the chain as it is now, to keep elsewhere.
#[utoipa::path(get, operation_id = "sign_checkpoint", path = "/v1/audit/checkpoint", tag = "audit", responses((status = 200, body = Checkpoint)))]
pub async fn checkpoint(extract::State(state): extract::State<State>, Who(who): Who) -> Answer<Json<Checkpoint>> {
    Ok(Json(state.desk.checkpoint(&who).await?))
}

/// A checkpoint that was kept, if there is one.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeptCheckpoint {
    /// The last checkpoint that this client saw.
    #[serde(default)]
    checkpoint: Option<Checkpoint>,
}

/// Whether the log still holds the checkpoint that a client kept, and the one to keep from now on. For every role.
#[utoipa::path(post, operation_id = "see_checkpoint", path = "/v1/audit/seen", tag = "audit", request_body = KeptCheckpoint, responses((status = 200, body = Witnessed)))]
pub async fn seen(
    extract::State(state): extract::State<State>,
    Body(kept): Body<KeptCheckpoint>,
) -> Answer<Json<Witnessed>> {
    Ok(Json(state.desk.seen(kept.checkpoint.as_ref()).await?))
}

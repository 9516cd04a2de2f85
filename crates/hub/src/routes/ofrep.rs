//! Flags by OFREP 0.3, the OpenFeature Remote Evaluation Protocol: each workflow is a boolean flag.

use crate::State;
use crate::access::Who;
use crate::answer::Failure;
use crate::body::{self, Query};
use crate::serve::Origin;
use axum::Json;
use axum::body::Body;
use axum::extract::{self, Path};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use countersign_desk::{Board, Code};
use countersign_domain::draft::Audience;
use countersign_domain::flag::{self, Evaluation, OFF, STALE};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use std::time::Duration;

const MAX_BYTES: usize = 64 << 10;

/// A flag, or why there is none. Every field that a stock client may read is always there.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FlagAnswer {
    /// The workflow's id.
    key: String,
    /// On or off; off with every error.
    value: bool,
    /// The stage, `killed`, or `stale`.
    variant: &'static str,
    /// `TARGETING_MATCH`, `DISABLED` where it is killed, `STALE` where the hub can't read its database, `ERROR`.
    reason: &'static str,
    /// `FLAG_NOT_FOUND`, `PARSE_ERROR`, `INVALID_CONTEXT`, `GENERAL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    /// What went wrong, or why it is off.
    #[serde(skip_serializing_if = "Option::is_none")]
    error_details: Option<String>,
    /// The workflow's version.
    #[serde(skip_serializing_if = "Map::is_empty")]
    metadata: Map<String, Value>,
}

impl FlagAnswer {
    fn of(key: &str, e: Evaluation, version: Option<i64>) -> Self {
        let metadata = version.map(|v| Map::from_iter([("version".to_owned(), json!(v))])).unwrap_or_default();
        // A client that looks for the reason of a flag that is off finds it where errors have theirs.
        let error_details = match e {
            OFF => Some(format!("{key} is killed")),
            STALE => Some(format!("nothing recent is known of {key}: the hub can't read its database")),
            _ => None,
        };
        Self {
            key: key.to_owned(),
            value: e.value,
            variant: e.variant,
            reason: e.reason,
            error_code: None,
            error_details,
            metadata,
        }
    }

    fn failed(key: &str, code: &'static str, details: String) -> Self {
        Self {
            key: key.to_owned(),
            value: false,
            variant: "off",
            reason: "ERROR",
            error_code: Some(code),
            error_details: Some(details),
            metadata: Map::new(),
        }
    }
}

/// Who is asked about.
#[derive(Deserialize, utoipa::ToSchema)]
pub struct EvaluationRequest {
    /// `targetingKey`, `groups`, `opted_in`; anything else is left alone.
    #[serde(default)]
    #[schema(value_type = Object)]
    context: Map<String, Value>,
}

/// The request's context, to the letter and as an audience.
async fn context(body: Body) -> Result<(Map<String, Value>, Audience), (&'static str, String)> {
    let bytes = body::read(body, MAX_BYTES).await.map_err(|_| ("PARSE_ERROR", "the body can't be read".to_owned()))?;
    let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    let request: EvaluationRequest = serde_json::from_slice(bytes)
        .map_err(|e| ("PARSE_ERROR", format!("the body is no evaluation request: {e}")))?;
    let audience = flag::audience(&request.context).map_err(|e| ("INVALID_CONTEXT", e))?;
    Ok((request.context, audience))
}

/// One flag.
#[utoipa::path(post, operation_id = "evaluate_flag", path = "/ofrep/v1/evaluate/flags/{key}", tag = "flags", params(("key" = String, Path)),
    request_body = EvaluationRequest,
    responses((status = 200, body = FlagAnswer), (status = 400, body = FlagAnswer), (status = 404, body = FlagAnswer)))]
pub async fn evaluate(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Path(key): Path<String>,
    body: Body,
) -> (StatusCode, Json<FlagAnswer>) {
    let audience = match context(body).await {
        Ok((_, audience)) => audience,
        Err((code, why)) => return (StatusCode::BAD_REQUEST, Json(FlagAnswer::failed(&key, code, why))),
    };
    match state.desk.evaluate_flag(&who, &key, &audience).await {
        Some((e, version)) => (StatusCode::OK, Json(FlagAnswer::of(&key, e, version))),
        None => {
            let why = format!("no workflow {key:?} for this token");
            (StatusCode::NOT_FOUND, Json(FlagAnswer::failed(&key, "FLAG_NOT_FOUND", why)))
        }
    }
}

/// What a client was told by its event stream.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub struct BulkQuery {
    /// The `etag` of the event that made it ask.
    flag_config_etag: Option<String>,
}

/// Every flag that this token may see.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BulkAnswer {
    flags: Vec<FlagAnswer>,
    /// Where changes are told.
    event_streams: Vec<EventStream>,
}

/// An event stream.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventStream {
    /// `sse`.
    r#type: &'static str,
    endpoint: Endpoint,
    /// A hidden page keeps its stream for so long.
    inactivity_delay_sec: u32,
}

/// An address on this hub.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    request_uri: String,
}

/// All flags. The `ETag` covers the whole context; a client that was told of a change never gets 304 before it has it.
#[utoipa::path(post, operation_id = "evaluate_flags", path = "/ofrep/v1/evaluate/flags", tag = "flags", params(BulkQuery),
    request_body = EvaluationRequest,
    responses((status = 200, body = BulkAnswer), (status = 304, description = "As the client has it"), (status = 400, body = FlagAnswer)))]
pub async fn evaluate_all(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(query): Query<BulkQuery>,
    extract::Extension(origin): extract::Extension<Origin>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (context, audience) = match context(body).await {
        Ok(read) => read,
        Err((code, why)) => return (StatusCode::BAD_REQUEST, Json(FlagAnswer::failed("", code, why))).into_response(),
    };
    // What an event said: the board it was about, and the stream it came by.
    let (told, stream) = match query.flag_config_etag.as_deref().map(|etag| etag.split_once('.').unwrap_or((etag, "")))
    {
        Some((board, stream)) => (Some(board), Some(stream)),
        None => (None, None),
    };
    let found = state.desk.evaluate_flags(&who, &audience, told).await;
    if let Some(stream) = stream {
        state.desk.client_fetched(stream, &found.config);
    }
    let events = format!("{}/ofrep/v1/stream?t={}", origin.prefix, pass(&state, who.token.as_deref().unwrap_or(OWNER)));
    // A map keeps its keys in order, so equal contexts are equal text. The stream's address is part of it: a client
    // that is told 304 keeps the one it has.
    let etag =
        format!("\"{}.{}\"", found.config, digest(&[&who.subject, &events, &Value::Object(context).to_string()]));
    let has_it = headers.get("if-none-match").and_then(|v| v.to_str().ok()).is_some_and(|v| v == etag);
    if has_it && told.is_none_or(|t| t == found.config) {
        return (StatusCode::NOT_MODIFIED, [("etag", etag)]).into_response();
    }
    let answer = BulkAnswer {
        flags: found.flags.iter().map(|(key, e)| FlagAnswer::of(key, *e, None)).collect(),
        event_streams: vec![EventStream {
            r#type: "sse",
            endpoint: Endpoint { request_uri: events },
            inactivity_delay_sec: 86_400,
        }],
    };
    ([("etag", etag)], Json(answer)).into_response()
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex::encode(&hash.finalize()[..16])
}

/// Stands for the token of the owner, who has none.
const OWNER: &str = "owner";

/// What opens a stream, since an `EventSource` sends no token: the id of the token that it is for, and a tag that only
/// this database's hubs can make. It is good for learning that something changed, and nothing else.
fn pass(state: &State, token: &str) -> String {
    let tag = state.desk.seal("flag stream", token);
    format!("{token}.{}", tag.get(..32).unwrap_or_default())
}

/// The id of the token that a pass is for, if it is one of this database's.
fn token_of<'a>(state: &State, pass: &'a str) -> Option<&'a str> {
    let (token, tag) = pass.rsplit_once('.')?;
    (state.desk.seal("flag stream", token).get(..32) == Some(tag)).then_some(token)
}

/// With which pass.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StreamQuery {
    /// As the bulk answer's address has it.
    t: String,
}

/// How long a client has to fetch the flags before it is told again: from here to there, doubled each time.
const TOLD_AGAIN: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// Told of every change, with one kind of event, `refetchEvaluation`; told again until the flags have been fetched, and
/// never of a second change before. It says nothing of any flag.
#[utoipa::path(get, operation_id = "flag_stream", path = "/ofrep/v1/stream", tag = "flags", params(StreamQuery),
    responses((status = 200, description = "Events named `message`", content_type = "text/event-stream"), (status = 401, description = "Not a stream of this hub's")))]
pub async fn stream(
    extract::State(state): extract::State<State>,
    Query(query): Query<StreamQuery>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Failure> {
    let token = token_of(&state, &query.t);
    let token =
        token.ok_or_else(|| Failure::new(Code::Unauthorized, "not a stream of this hub's; fetch the flags first"))?;
    let token = (token != OWNER).then(|| token.to_owned());
    if let Some(id) = &token
        && !state.desk.is_good(id).await
    {
        return Err(Failure::new(Code::Unauthorized, "the token that this stream was for is no longer good"));
    }
    let desk = state.desk.clone();
    let mut seen = headers.get("last-event-id").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let (mut changes, stop) = (state.desk.flag_changes(), state.stop.clone());
    let mut client = state.desk.client_stream();
    let stream = async_stream::stream! {
        // Something at once: with the headers alone some proxies, and some clients, go on waiting.
        yield Ok::<_, Infallible>(Event::default().comment(""));
        let mut patience = TOLD_AGAIN.0;
        let revoked = desk.revoked(token.as_deref());
        tokio::pin!(revoked);
        loop {
            let board = changes.borrow_and_update().clone();
            // Whoever comes back may have missed something: their first event is the board as it is.
            if board.etag() != seen {
                yield Ok(refetch(&board, client.name()));
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = &mut revoked => break,
                    () = client.fetched(board.etag()) => {
                        board.etag().clone_into(&mut seen);
                        patience = TOLD_AGAIN.0;
                    }
                    () = tokio::time::sleep(patience) => patience = (patience * 2).min(TOLD_AGAIN.1),
                }
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = &mut revoked => break,
                changed = changes.changed() => if changed.is_err() { break },
            }
        }
    };
    let events = Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    Ok((crate::events::UNBUFFERED, events))
}

fn refetch(board: &Board, client: &str) -> Event {
    let etag = format!("{}.{client}", board.etag());
    let data = json!({ "type": "refetchEvaluation", "etag": etag, "lastModified": board.last_modified });
    Event::default().event("message").id(board.etag()).retry(TOLD_AGAIN.0).data(data.to_string())
}

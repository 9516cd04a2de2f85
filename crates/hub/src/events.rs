//! Server-sent events: what happens, to whoever may know of it.

use crate::State;
use crate::access::Who;
use crate::body::Query;
use axum::extract;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use countersign_desk::{Change, ChangeKind};
use countersign_domain::access::{Act, Identity};
use serde::Deserialize;
use std::convert::Infallible;
use std::time::Duration;

/// A proxy that collects before it passes on, or changes what it passes on, would make a kill wait.
pub(crate) const UNBUFFERED: [(&str, &str); 2] =
    [("x-accel-buffering", "no"), ("cache-control", "no-cache, no-transform")];

/// Who listens.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventsQuery {
    /// A console's own name for this stream: a kill is measured until it has said that it knows.
    console: Option<String>,
}

/// Everything that happens, as it happens. A client that can't keep up is cut off; it connects again and reads
/// what it shows anew.
#[utoipa::path(get, path = "/v1/events", tag = "events", params(EventsQuery),
    responses((status = 200, description = "Events named `change`", body = countersign_desk::Change, content_type = "text/event-stream")))]
pub async fn events(
    extract::State(state): extract::State<State>,
    Who(who): Who,
    Query(query): Query<EventsQuery>,
) -> impl IntoResponse {
    let mut changes = state.desk.changes();
    let stop = state.stop.clone();
    let desk = state.desk.clone();
    let open = query.console.map(|console| state.desk.console_stream(&console));
    let stream = async_stream::stream! {
        let _open = open;
        // Something at once: with the headers alone some proxies, and some clients, go on waiting.
        yield Ok::<_, Infallible>(Event::default().comment(""));
        let revoked = desk.revoked(who.token.as_deref());
        tokio::pin!(revoked);
        loop {
            let change = tokio::select! {
                () = stop.cancelled() => break,
                () = &mut revoked => break,
                change = changes.recv() => match change { Ok(change) => change, Err(_) => break },
            };
            if let Some(change) = as_seen_by(&who, change)
                && let Ok(event) = Event::default().event("change").json_data(&change)
            {
                yield Ok(event);
            }
        }
    };
    (UNBUFFERED, Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

/// A change as this person may know of it. Who may be asked for a blind second review learns of no draft that it was
/// decided, or what became of it; to those that an escalation went to it is work.
fn as_seen_by(who: &Identity, change: Change) -> Option<Change> {
    use ChangeKind::{
        DeliveryUpdated, EscalationUpdated, Reconnected, TokenRevoked, VerdictRecorded, VerdictWithdrawn,
    };
    if change.kind == Reconnected {
        return Some(change);
    }
    if change.kind == TokenRevoked || !who.scope(Act::Watch).includes(&change.workflow) {
        return None;
    }
    let of_a_verdict = [VerdictRecorded, VerdictWithdrawn, EscalationUpdated, DeliveryUpdated].contains(&change.kind);
    let reads = if of_a_verdict { Act::ReadCases } else { Act::ReadDrafts };
    if who.scope(reads).includes(&change.workflow) {
        return Some(change);
    }
    let is_told = change.kind != DeliveryUpdated && (change.kind != EscalationUpdated || !who.routes.is_empty());
    is_told.then_some(Change { draft_id: None, ..change })
}

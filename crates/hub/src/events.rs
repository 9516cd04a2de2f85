//! Server-sent events: what happens, to whoever may know of it.

use crate::State;
use crate::access::Who;
use crate::body::Query;
use axum::extract;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use countersign_desk::ChangeKind;
use countersign_domain::access::Act;
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
    let scope = who.scope(Act::Enter);
    let open = query.console.map(|console| state.desk.console_stream(&console));
    let stream = async_stream::stream! {
        let _open = open;
        // Something at once: with the headers alone some proxies, and some clients, go on waiting.
        yield Ok::<_, Infallible>(Event::default().comment(""));
        loop {
            let change = tokio::select! {
                () = stop.cancelled() => break,
                change = changes.recv() => match change { Ok(change) => change, Err(_) => break },
            };
            let mine = change.kind == ChangeKind::Reconnected || scope.includes(&change.workflow);
            if mine && let Ok(event) = Event::default().event("change").json_data(&change) {
                yield Ok(event);
            }
        }
    };
    (UNBUFFERED, Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))))
}

//! Server-sent events: what happens, to whoever may know of it.

use crate::State;
use crate::access::Who;
use axum::extract;
use axum::response::sse::{Event, KeepAlive, Sse};
use countersign_domain::access::Act;
use futures::Stream;
use std::convert::Infallible;
use std::time::Duration;

/// Everything that happens, as it happens. A client that can't keep up is cut off; it connects again and reads
/// what it shows anew.
#[utoipa::path(get, path = "/v1/events", tag = "events",
    responses((status = 200, description = "Events named `change`", body = countersign_desk::Change, content_type = "text/event-stream")))]
pub async fn events(
    extract::State(state): extract::State<State>,
    Who(who): Who,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut changes = state.desk.changes();
    let stop = state.stop.clone();
    let scope = who.scope(Act::Enter);
    let stream = async_stream::stream! {
        loop {
            let change = tokio::select! {
                () = stop.cancelled() => break,
                change = changes.recv() => match change { Ok(change) => change, Err(_) => break },
            };
            if scope.includes(&change.workflow) && let Ok(event) = Event::default().event("change").json_data(&change) {
                yield Ok(event);
            }
        }
    };
    Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

//! `countersign incident` and `countersign drill`.

use super::{act, list, pretty, segment, with_query};
use crate::args::{Incident, Reach};
use crate::door::{Door, Sent};
use crate::print;
use axum::http::Method;
use serde_json::{Value, json};
use std::process::ExitCode;

pub async fn on(door: &Door, reach: &Reach, command: Incident) -> anyhow::Result<ExitCode> {
    let path = |id: &str, rest: &str| format!("/v1/incidents/{}{rest}", segment(id));
    match command {
        Incident::List { workflow, state } => {
            let path = with_query("/v1/incidents", &[("workflow", workflow), ("state", state)]);
            let columns =
                ["id", "workflow", "number", "state", "kind", "opened_at", "steps_done", "steps_total", "title"];
            list(door, reach, &path, "incidents", &columns).await
        }
        Incident::Show { id } => pretty(door, Method::GET, &path(&id, ""), Sent::Nothing).await,
        Incident::Open { workflow, title } => {
            act(door, reach, "/v1/incidents", json!({ "workflow": workflow, "title": title }), |a| {
                format!("incident {} is open: {}", a["number"], print::cell(a, "id"))
            })
            .await
        }
        Incident::Close { id } => {
            act(door, reach, &path(&id, "/close"), json!({}), |a| {
                format!("incident {} is closed, {} of {} steps done", a["number"], a["steps_done"], a["steps_total"])
            })
            .await
        }
        Incident::Export { id } => {
            print::raw(&door.bytes(Method::GET, &path(&id, "/export"), Sent::Nothing).await?);
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Drills a kill: exits 1 when something got through.
pub async fn drill(door: &Door, reach: &Reach, id: &str) -> anyhow::Result<ExitCode> {
    let path = format!("/v1/workflows/{}/drill", segment(id));
    let drill: Value = door.json(Method::POST, &path, Sent::Json(json!({}))).await?;
    let ok = drill["ok"] == true;
    if reach.json {
        print::out(&drill);
    } else {
        let ms = |name: &str| drill[name].as_f64().unwrap_or_default();
        let word = if ok { "ok" } else { "FAILED" };
        print::out(format!(
            "{word}: {}; committed after {:.1} ms, the last refusal after {:.1} ms",
            print::cell(&drill, "detail"),
            ms("commit_ms"),
            ms("effect_ms")
        ));
    }
    Ok(ExitCode::from(u8::from(!ok)))
}

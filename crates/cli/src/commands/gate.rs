//! Gates, and promotions on them.

use super::segment;
use crate::args::{Gate, Reach, Step};
use crate::door::{Door, Refused, Sent};
use crate::print;
use anyhow::{Context, bail};
use axum::http::Method;
use countersign_domain::evidence::{self, BadGroups};
use serde_json::{Value, json};
use std::io::Read;
use std::process::ExitCode;

/// The bounds of groups on standard input; needs no hub.
pub fn bound(alpha: f64) -> anyhow::Result<ExitCode> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("can't read standard input")?;
    let rows: Vec<Vec<f64>> = serde_json::from_str(&text)
        .context("standard input: expected [[probability, failures, successes, unreviewed, floor?], …]")?;
    let groups = match evidence::groups_of_rows(&rows) {
        Err(e @ BadGroups::Mixed(_)) => {
            print::failed(&e.into());
            return Ok(ExitCode::from(2));
        }
        groups => groups?,
    };
    print::out(serde_json::to_string(&evidence::bound(&groups, alpha)?)?);
    Ok(ExitCode::SUCCESS)
}

/// Shows a gate, or what it still takes.
pub async fn on(door: &Door, reach: &Reach, command: Gate) -> anyhow::Result<ExitCode> {
    let (path, show): (String, fn(&Value)) = match command {
        Gate::Show { id } => (format!("/v1/workflows/{}/gate", segment(&id)), show_gate),
        Gate::Plan { id } => (format!("/v1/workflows/{}/gate/plan", segment(&id)), show_plan),
        Gate::Bound { .. } => bail!("this command needs no hub"),
    };
    let answer = door.json(Method::GET, &path, Sent::Nothing).await?;
    if reach.json {
        print::out(&answer)
    } else {
        show(&answer)
    }
    let good = match answer.get("status") {
        Some(status) => status == "pass",
        None => !answer["days"].is_null() || answer["green"] == true,
    };
    Ok(ExitCode::from(u8::from(!good)))
}

fn show_gate(gate: &Value) {
    let to = print::cell(gate, "to");
    print::note(format!(
        "{} version {} at {}{}: {}",
        print::cell(gate, "workflow"),
        print::cell(gate, "version"),
        print::cell(gate, "stage"),
        if to.is_empty() { String::new() } else { format!(", gate to {to}") },
        print::cell(gate, "status"),
    ));
    let conditions = gate["conditions"].as_array().into_iter().flatten();
    let rows: Vec<Vec<String>> =
        conditions.map(|c| ["status", "label", "reason"].map(|k| print::cell(c, k)).to_vec()).collect();
    print::table(&["status", "condition", "reason"], &rows);
    for line in gate["loosened"].as_array().into_iter().flatten() {
        print::out(line.as_str().unwrap_or_default());
    }
}

fn show_plan(plan: &Value) {
    let on = plan["on"].as_str().map_or_else(String::new, |day| format!(", on {day}"));
    let days = plan["days"].as_f64();
    let days = days.map_or_else(|| "never at these rates".to_owned(), |d| format!("in {d:.1} days{on}"));
    let more = plan["more_reviews"].as_u64().map_or_else(String::new, |n| format!("{n} more reviews, "));
    let state = if plan["green"] == true { "green now".to_owned() } else { format!("green {days}") };
    print::out(format!("{state}: {more}{:.1} reviews a day now", plan["reviews_per_day"].as_f64().unwrap_or(0.0)));
    for line in plan["also"].as_array().into_iter().flatten() {
        print::out(format!("also needed: {}", line.as_str().unwrap_or_default()));
    }
}

/// How often a report that changes while it is being signed is shown again.
const TRIES: usize = 5;

/// Promotes, or demotes. A gate that isn't green is the answer no.
pub async fn step(door: &Door, reach: &Reach, act: &str, step: Step) -> anyhow::Result<ExitCode> {
    let workflow = format!("/v1/workflows/{}", segment(&step.id));
    let mut body = json!({ "reason": step.reason });
    if let Some(to) = step.to {
        body["to"] = json!(to);
    }
    let code = |e: &anyhow::Error| e.downcast_ref::<Refused>().map(|r| r.code.clone()).unwrap_or_default();
    let mut tries = 0;
    let done = loop {
        if act == "promote" {
            // What is signed is what was shown; if it has changed meanwhile it is shown again.
            let gate = door.json(Method::GET, &format!("{workflow}/gate"), Sent::Nothing).await?;
            if !reach.json && gate["status"] == "pass" {
                show_gate(&gate);
            }
            body["report"] = gate["hash"].clone();
        }
        tries += 1;
        match door.json(Method::POST, &format!("{workflow}/{act}"), Sent::Json(body.clone())).await {
            Ok(done) => break done,
            Err(e) if code(&e) == "content_changed" && tries < TRIES => {
                print::note("the evidence has changed since; this is the report now:");
            }
            Err(e) if code(&e) == "gate_not_green" => {
                print::failed(&e);
                return Ok(ExitCode::from(1));
            }
            Err(e) => return Err(e),
        }
    };
    if reach.json {
        print::out(done);
    } else if let Some(first) = done.get("waits_for_second_signature") {
        print::out(format!("signed by {}; a second signature is needed", first.as_str().unwrap_or_default()));
    } else {
        print::out(format!("{} is at {} now", print::cell(&done, "workflow"), print::cell(&done, "stage")));
    }
    Ok(ExitCode::SUCCESS)
}

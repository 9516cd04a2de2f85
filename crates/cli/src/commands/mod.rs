//! Each command: a request to the hub, its answer as JSON or for people.

mod gate;
mod hub;
mod import;
mod incident;
mod input;
mod output;
mod pack;

use self::import::What;
use crate::args::{Args, Audit, Cases, Command, Delivery, Draft, Escalation, Reach, Secret, Source, Token};
use crate::door::{Door, NotThere, Refused, Sent};
use crate::print::{self, Said};
use anyhow::{Context, bail};
use axum::http::Method;
use countersign_hub::Config;
use serde_json::{Value, json};
use std::fmt::Write;
use std::io::IsTerminal;
use std::process::ExitCode;

/// Runs a command. 0 done, 1 the answer is no, 3 could not; clap's own 2 is wrong usage.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let reach = args.reach;
    match args.command {
        Command::Hub { listen, packs, demo, print_token, trust_proxy } => {
            let (database, data_dir) = crate::door::database(&reach)?;
            let own = Config::new(database, data_dir);
            let proxies = trust_proxy.into_iter().flatten().collect();
            let config = Config { listen: Some(listen), packs, secrets: reach.secrets, proxies, ..own };
            hub::run(config, demo, print_token || std::io::stdout().is_terminal()).await
        }
        Command::Pack(crate::args::Pack::New { id }) => pack::new(&reach, &id),
        Command::Pack(crate::args::Pack::Check { dir }) => pack::check(&reach, &dir).await,
        Command::Gate(crate::args::Gate::Bound { alpha }) => gate::bound(alpha),
        Command::Doctor => hub::doctor(&reach).await,
        Command::Openapi => {
            print::out(countersign_hub::openapi().to_pretty_json()?);
            Ok(ExitCode::SUCCESS)
        }
        command => at_a_hub(&reach, command).await,
    }
}

/// Runs a command where it is meant to run, and says where that was: an act on the wrong database looks like any other.
async fn at_a_hub(reach: &Reach, command: Command) -> anyhow::Result<ExitCode> {
    let door = match Door::open(reach, command.makes_a_database()).await {
        // Where there is no database there is no workflow either.
        Err(e) if e.is::<NotThere>() && command.is_for_all() => return Err(Said::no(e.to_string()).into()),
        door => door?,
    };
    let (acts, verifies) = (command.acts(), matches!(command, Command::Audit(Audit::Verify { .. })));
    let lost = door.watch_log(reach).await;
    let place = door.place();
    let done = on(&door, reach, command).await;
    door.close().await;
    match done {
        Ok(code) => {
            if acts {
                print::note(format!("on {place}"));
            }
            Ok(if lost.is_some() && verifies { ExitCode::FAILURE } else { code })
        }
        Err(e) => {
            let code = print::failed(&e);
            if e.is::<Refused>() {
                print::note(format!("on {place}"));
            }
            Ok(code)
        }
    }
}

async fn on(door: &Door, reach: &Reach, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Pack(command) => pack::on(door, reach, command).await,
        Command::Source(Source::Import { file, workflow }) => {
            let path = with_query("/v1/sources", &[("workflow", workflow.clone())]);
            let what = What { file: &file, list: "sources", workflow: workflow.as_deref() };
            import::run(door, reach, &path, what, &["created", "updated", "unchanged", "rejected"]).await
        }
        Command::Source(Source::List) => {
            list(door, reach, "/v1/sources", "sources", &["id", "title", "access", "workflow"]).await
        }
        Command::Draft(Draft::Import { file, workflow }) => {
            let what = What { file: &file, list: "drafts", workflow: Some(&workflow) };
            let query = [("workflow", Some(workflow.clone())), ("summary", Some("true".into()))];
            let path = with_query("/v1/drafts", &query);
            import::run(door, reach, &path, what, &["created", "duplicate", "superseded", "rejected"]).await
        }
        Command::Draft(Draft::List { workflow, state, q }) => {
            let path = with_query("/v1/drafts", &[("workflow", workflow), ("state", state), ("q", q)]);
            list(door, reach, &path, "drafts", &["id", "external_id", "state", "risk", "marks", "subject"]).await
        }
        Command::Draft(Draft::Show { id }) => {
            pretty(door, Method::GET, &format!("/v1/drafts/{}", segment(&id)), Sent::Nothing).await
        }
        Command::Status { id } => status(door, reach, id.as_deref()).await,
        Command::Promote(step) => gate::step(door, reach, "promote", step).await,
        Command::Demote(step) => gate::step(door, reach, "demote", step).await,
        Command::Gate(command) => gate::on(door, reach, command).await,
        Command::Kill(why) => {
            act(
                door,
                reach,
                &format!("/v1/workflows/{}/kill", segment(&why.id)),
                json!({ "reason": why.reason }),
                killed,
            )
            .await
        }
        Command::Resume(why) => {
            act(
                door,
                reach,
                &format!("/v1/workflows/{}/resume", segment(&why.id)),
                json!({ "reason": why.reason }),
                resumed,
            )
            .await
        }
        Command::Escalation(Escalation::List { state, mine }) => {
            let path = with_query("/v1/escalations", &[("state", state), ("mine", mine.then(|| "true".into()))]);
            list(
                door,
                reach,
                &path,
                "escalations",
                &["id", "workflow", "external_id", "to", "owner", "state", "reasons", "subject"],
            )
            .await
        }
        Command::Escalation(Escalation::Take { id }) => {
            act(door, reach, &format!("/v1/escalations/{}/take", segment(&id)), json!({}), |a| {
                format!("taken by {}", print::cell(a, "owner"))
            })
            .await
        }
        Command::Escalation(Escalation::Settle { id, note }) => {
            act(door, reach, &format!("/v1/escalations/{}/settle", segment(&id)), json!({ "note": note }), |_| {
                "settled".into()
            })
            .await
        }
        Command::Incident(command) => incident::on(door, reach, command).await,
        Command::Drill { id } => incident::drill(door, reach, &id).await,
        Command::Delivery(Delivery::List { workflow, state }) => {
            let path = with_query("/v1/deliveries", &[("workflow", workflow), ("state", state)]);
            list(
                door,
                reach,
                &path,
                "deliveries",
                &["id", "external_id", "type", "state", "attempts", "next_attempt_at", "last_error"],
            )
            .await
        }
        Command::Delivery(Delivery::Retry { id }) => {
            act(door, reach, &format!("/v1/deliveries/{}/retry", segment(&id)), json!({}), |_| {
                "trying again now".into()
            })
            .await
        }
        Command::Cases(Cases::List { workflow, action, q }) => {
            let path = with_query("/v1/cases", &[("workflow", workflow), ("action", action), ("q", q)]);
            list(
                door,
                reach,
                &path,
                "cases",
                &["id", "external_id", "action", "grade", "reasons", "decided_at", "subject"],
            )
            .await
        }
        Command::Cases(Cases::Show { id }) => {
            pretty(door, Method::GET, &format!("/v1/cases/{}", segment(&id)), Sent::Nothing).await
        }
        Command::Cases(Cases::Export { workflow, format: _, out, force }) => {
            import::export(door, reach, &workflow, &out, force).await
        }
        Command::Audit(Audit::Verify { checkpoint, no_draws }) => verify(door, reach, checkpoint, !no_draws).await,
        Command::Audit(Audit::Checkpoint) => pretty(door, Method::GET, "/v1/audit/checkpoint", Sent::Nothing).await,
        Command::Audit(Audit::Export) => import::print_lines(door, "/v1/audit/export").await,
        Command::Token(token) => tokens(door, reach, token).await,
        Command::Secret(Secret::List) => {
            list(door, reach, "/v1/secrets", "secrets", &["name", "workflow", "hosts", "set", "refused"]).await
        }
        Command::Secret(Secret::Unbind { name }) => {
            door.json(Method::DELETE, &format!("/v1/secrets/{}", segment(&name)), Sent::Nothing).await?;
            if reach.json {
                print::out(json!({ "name": name, "unbound": true }))
            } else {
                print::out("free; the next pack that names it gets it")
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Hub { .. } | Command::Doctor | Command::Openapi => bail!("this command needs no hub"),
    }
}

async fn tokens(door: &Door, reach: &Reach, command: Token) -> anyhow::Result<ExitCode> {
    match command {
        Token::Create { role, workflow, name, route, expires_at } => {
            let grants: Vec<Value> = role.iter().map(|r| json!({ "role": r, "workflow": workflow })).collect();
            let mut new = json!({ "grants": grants, "routes": route });
            for (key, value) in [("name", name), ("expires_at", expires_at)] {
                if let Some(value) = value {
                    new[key] = json!(value);
                }
            }
            let made = door.json(Method::POST, "/v1/tokens", Sent::Json(new)).await?;
            if reach.json {
                print::out(made);
            } else {
                print::note(format!("token {}; it is shown this once", print::cell(&made, "id")));
                print::out(print::cell(&made, "token"));
            }
            Ok(ExitCode::SUCCESS)
        }
        Token::List => {
            let mut all = door.all("/v1/tokens", "tokens").await?;
            if !reach.json
                && let Some(rows) = all.get_mut("tokens").and_then(Value::as_array_mut)
            {
                for row in rows {
                    let grants = row.get("grants").and_then(Value::as_array).cloned().unwrap_or_default();
                    let shown = grants.iter().map(|g| {
                        let place = g.get("workflow").and_then(Value::as_str).map(|w| format!("@{w}"));
                        format!("{}{}", print::cell(g, "role"), place.unwrap_or_default())
                    });
                    row["roles"] = json!(shown.collect::<Vec<_>>().join(" "));
                }
            }
            show(reach, &all, "tokens", &["id", "name", "roles", "created_at", "expires_at", "revoked_at"]);
            Ok(ExitCode::SUCCESS)
        }
        Token::Revoke { id } => {
            door.json(Method::DELETE, &format!("/v1/tokens/{}", segment(&id)), Sent::Nothing).await?;
            if reach.json {
                print::out(json!({ "id": id, "revoked": true }))
            } else {
                print::out("revoked")
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn status(door: &Door, reach: &Reach, id: Option<&str>) -> anyhow::Result<ExitCode> {
    let mut all = door.all("/v1/workflows", "workflows").await?;
    let rows = all.get_mut("workflows").and_then(Value::as_array_mut).context("the hub's answer has no workflows")?;
    if let Some(id) = id {
        rows.retain(|w| print::cell(w, "id") == id);
        if rows.is_empty() {
            bail!("no workflow {id:?} on {}", door.place());
        }
    }
    if reach.json {
        print::out(all);
        return Ok(ExitCode::SUCCESS);
    }
    if rows.is_empty() {
        print::note(
            "no workflow yet; `countersign pack new ID` writes a pack, `countersign pack apply ID` puts it in force",
        );
    }
    let table: Vec<Vec<String>> = rows
        .iter()
        .map(|w| {
            let drafts = w.get("drafts").and_then(Value::as_object).cloned().unwrap_or_default();
            let counts = drafts.iter().map(|(state, n)| format!("{state} {n}")).collect::<Vec<_>>().join(", ");
            let stage = if w["killed"] == true { "KILLED".to_owned() } else { print::cell(w, "stage") };
            vec![print::cell(w, "id"), format!("v{}", print::cell(w, "version")), stage, counts]
        })
        .collect();
    print::table(&["workflow", "version", "stage", "drafts"], &table);
    Ok(ExitCode::SUCCESS)
}

async fn verify(
    door: &Door,
    reach: &Reach,
    checkpoint: Option<std::path::PathBuf>,
    draws: bool,
) -> anyhow::Result<ExitCode> {
    let path = if draws { "/v1/audit/verify" } else { "/v1/audit/verify?draws=false" };
    let verified = match checkpoint {
        None => door.json(Method::GET, path, Sent::Nothing).await?,
        Some(file) => {
            let text = std::fs::read_to_string(&file).with_context(|| format!("can't read {}", file.display()))?;
            let kept: Value =
                serde_json::from_str(&text).with_context(|| format!("{} is not a checkpoint", file.display()))?;
            door.json(Method::POST, path, Sent::Json(kept)).await?
        }
    };
    let ok = verified["ok"] == true;
    if reach.json {
        print::out(&verified);
        return Ok(ExitCode::from(u8::from(!ok)));
    }
    if verified["broken_at"].is_null() {
        print::out(format!("ok: {} entries", verified["entries"]));
    } else {
        print::out(format!("BROKEN at entry {}: {}", verified["broken_at"], print::cell(&verified, "why")));
    }
    for (name, what) in [("rows", "rows"), ("bodies", "texts"), ("counts", "counts")] {
        let Some(checked) = verified.get(name) else { continue };
        let (wrong, first) = (&checked["wrong"], &checked["first_wrong"]);
        if *wrong == 0 {
            print::out(format!("ok: {} {what}", checked["checked"]));
        } else {
            let (kind, object, why) =
                (print::cell(first, "kind"), print::cell(first, "object"), print::cell(first, "why"));
            print::out(format!("WRONG: {wrong} of {} {what}; the first is {kind} {object}: {why}", checked["checked"]));
        }
    }
    if let Some(draws) = verified.get("draws") {
        let (wrong, first) = (&draws["wrong"], &draws["first_wrong"]);
        if *wrong == 0 {
            print::out(format!("ok: {} draws", draws["checked"]));
        } else {
            let (draft, why) = (print::cell(first, "draft_id"), print::cell(first, "why"));
            print::out(format!("WRONG: {wrong} of {} draws; the first is draft {draft}: {why}", draws["checked"]));
        }
    }
    Ok(ExitCode::from(u8::from(!ok)))
}

fn killed(a: &Value) -> String {
    let in_force = match a["effect_ms"].as_f64() {
        Some(ms) => format!("in force after {ms:.1} ms"),
        None => format!("{} sends not known to have stopped", a["sends_running"]),
    };
    let mut said = format!(
        "{} is killed: {} drafts frozen, {} leases void, {} deliveries held, {in_force}",
        print::cell(a, "workflow"),
        a["frozen"],
        a["leases_voided"],
        a["deliveries_held"],
    );
    // One hub says it all above.
    let hubs = a["hubs"].as_array().map(Vec::as_slice).unwrap_or_default();
    for hub in hubs.iter().filter(|h| hubs.len() > 1 || h["stopped"] != true) {
        let id = print::cell(hub, "id");
        said.push_str(&match hub["ms"].as_f64().filter(|_| hub["stopped"] == true) {
            Some(ms) => format!("\n  hub {id} has stopped sending, seen after {ms:.1} ms"),
            None => format!("\n  hub {id} HAS NOT ANSWERED: {} sends may still be going out", hub["sends_running"]),
        });
    }
    said
}

fn resumed(a: &Value) -> String {
    format!(
        "{} runs again at {}: {} drafts staged, {} stay out{}",
        print::cell(a, "workflow"),
        print::cell(a, "stage"),
        a["returned"],
        a["stayed_out"],
        if a["stayed_out_is_final"] == false {
            " so far; the other replies are still being looked through"
        } else {
            ""
        }
    )
}

async fn act(
    door: &Door,
    reach: &Reach,
    path: &str,
    body: Value,
    say: fn(&Value) -> String,
) -> anyhow::Result<ExitCode> {
    let answer = door.json(Method::POST, path, Sent::Json(body)).await?;
    if reach.json {
        print::out(&answer);
    } else if let Some(all) = answer.get("workflows").and_then(Value::as_array) {
        all.iter().for_each(|a| print::out(say(a)));
    } else {
        print::out(say(&answer));
    }
    if answer.get("workflows").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        return Err(Said::no(format!("there is no workflow on {}; nothing was done", door.place())).into());
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(door: &Door, reach: &Reach, path: &str, name: &str, columns: &[&str]) -> anyhow::Result<ExitCode> {
    let answer = door.json(Method::GET, path, Sent::Nothing).await?;
    show(reach, &answer, name, columns);
    Ok(ExitCode::SUCCESS)
}

fn show(reach: &Reach, answer: &Value, name: &str, columns: &[&str]) {
    if reach.json { print::out(answer) } else { print::list(answer, name, columns) }
}

async fn pretty(door: &Door, method: Method, path: &str, sent: Sent) -> anyhow::Result<ExitCode> {
    print::out(serde_json::to_string_pretty(&door.json(method, path, sent).await?)?);
    Ok(ExitCode::SUCCESS)
}

/// A path segment with everything escaped that could end it.
pub fn segment(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(b));
        } else {
            // Writing to a String can't fail.
            let _ = write!(out, "%{b:02X}");
        }
        out
    })
}

/// A path with those parameters that are there.
pub fn with_query(path: &str, parameters: &[(&str, Option<String>)]) -> String {
    let there = parameters.iter().filter_map(|(name, value)| value.as_ref().map(|v| format!("{name}={}", segment(v))));
    let query = there.collect::<Vec<_>>().join("&");
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

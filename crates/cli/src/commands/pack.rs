//! `countersign pack`: the hub says facts, the sentences are made here.

use super::segment;
use crate::args::{Pack as Command, PackForm, Reach};
use crate::door::{Door, Sent};
use crate::print;
use anyhow::{Context, bail};
use axum::http::Method;
use countersign_domain::ids::WorkflowId;
use countersign_domain::pack::{Pack, PackError, PackFiles, template};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;

/// Writes a new pack.
pub fn new(reach: &Reach, id: &str) -> anyhow::Result<ExitCode> {
    let workflow: WorkflowId = id.parse()?;
    let dir = Path::new(id);
    std::fs::create_dir(dir).with_context(|| format!("can't make the folder {id}"))?;
    let files = template(&workflow);
    for (name, text) in &files {
        std::fs::write(dir.join(name), text).with_context(|| format!("can't write {id}/{name}"))?;
    }
    if reach.json {
        print::out(json!({ "workflow": id, "files": files.keys().collect::<Vec<_>>() }));
    } else {
        print::out(format!("{id}/ holds {}", files.keys().cloned().collect::<Vec<_>>().join(", ")));
        print::note(format!("next: edit them, then countersign pack check {id} && countersign pack apply {id}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks a pack, and compares it with what is in force where there is a hub or a database.
pub async fn check(reach: &Reach, dir: &Path) -> anyhow::Result<ExitCode> {
    let files = read(dir)?;
    let pack = match Pack::parse(&files) {
        Ok(pack) => pack,
        Err(faults) => {
            if reach.json {
                print::out(json!({ "ok": false, "faults": faults }));
            } else {
                tell_faults(dir, &faults);
            }
            return Ok(ExitCode::from(1));
        }
    };
    let compared = match compare(reach, &files).await {
        Ok(compared) => compared,
        Err(e) => {
            print::note(format!("note: not compared with what is in force: {e:#}"));
            None
        }
    };
    if reach.json {
        let notes = pack.not_enforced.iter().map(|key| json!({ "key": key, "note": "not enforced yet" }));
        let notes: Vec<Value> = notes.collect();
        print::out(
            json!({ "ok": true, "workflow": pack.workflow.id, "hash": pack.hash(), "faults": [], "notes": notes,
                           "compared": compared }),
        );
        return Ok(ExitCode::SUCCESS);
    }
    print::out(format!("ok: {} ({})", pack.workflow.id, &pack.hash()[..12]));
    if let Some(compared) = &compared {
        effect(compared).iter().for_each(print::out);
        tell_secrets(compared);
    }
    for key in &pack.not_enforced {
        print::note(format!("note: {key} is not enforced yet"));
    }
    if pack.gate.second_signature {
        print::note(format!("note: {TWO_PEOPLE}"));
    }
    Ok(ExitCode::SUCCESS)
}

const TWO_PEOPLE: &str =
    "gate.second_signature asks for two people, each with a token of their own: promotions take a team hub";

fn tell_faults(dir: &Path, faults: &[PackError]) {
    faults.iter().for_each(|f| print::note(format!("error: {}", dir.join(f.to_string()).display())));
}

/// What a hub says that applying these files would do; nothing where none is running and no database is there.
async fn compare(reach: &Reach, files: &PackFiles) -> anyhow::Result<Option<Value>> {
    let Some(door) = Door::if_there(reach).await? else { return Ok(None) };
    let answer = door.json(Method::POST, "/v1/packs/check", Sent::Json(json!({ "files": files }))).await;
    door.close().await;
    Ok(Some(answer?))
}

/// Secrets that can't do what the pack names them for, as things are.
fn tell_secrets(check: &Value) {
    for s in check["secrets"].as_array().into_iter().flatten() {
        let [key, name, why] = ["key", "name", "why"].map(|field| print::cell(s, field));
        print::note(format!("warning: {key}: {name} {why}"));
    }
}

/// What applying a pack does, in sentences.
fn effect(check: &Value) -> Vec<String> {
    let (n, stage) = (|key: &str| check[key].as_i64().unwrap_or(0), print::cell(check, "stage"));
    let (version, revision, reviewed) = (n("version"), n("revision"), reviews(n("reviewed")));
    let until = format!("; at {stage} every draft is reviewed until the gate into {stage} is green");
    let until = if check["reviews_all"] == true { until } else { String::new() };
    let first = match check["change"].as_str().unwrap_or_default() {
        "new_workflow" => "new workflow: version 1, at internal".to_owned(),
        "new_version" => {
            let left = match n("reviewed_now") {
                0 => String::new(),
                now => format!(" (version {} has {})", n("from_version"), reviews(now)),
            };
            format!("new version {version}: evidence starts from zero{left}{until}")
        }
        "new_revision" => format!("revision {revision} of version {version}: evidence stays ({reviewed})"),
        "earlier_version" => format!("returns to version {version} with its {reviewed}{until}"),
        "earlier_revision" => {
            format!("returns to revision {revision} of version {version}: evidence stays ({reviewed})")
        }
        _ => format!("in force already as version {version}: nothing changes"),
    };
    let mut lines = vec![first];
    for change in check["settings"].as_array().into_iter().flatten() {
        let side = |key: &str| change[key].as_str().unwrap_or("not set").to_owned();
        lines.push(format!("  {}: {} -> {}", print::cell(change, "key"), side("before"), side("after")));
    }
    for text in check["texts"].as_array().into_iter().flatten() {
        lines.push(format!("  {} differs", text.as_str().unwrap_or_default()));
    }
    for limit in check["loosened"].as_array().into_iter().flatten() {
        let [what, from, to] = ["limit", "from", "to"].map(|key| print::cell(limit, key));
        lines.push(format!("  loosens {what} from {from} to {to}"));
    }
    lines
}

fn reviews(n: i64) -> String {
    if n == 1 { "1 review".to_owned() } else { format!("{n} reviews") }
}

fn read(dir: &Path) -> anyhow::Result<PackFiles> {
    let files = countersign_hub::read_pack(dir).with_context(|| format!("can't read the pack {}", dir.display()))?;
    if !files.contains_key(Pack::WORKFLOW_FILE) {
        bail!("{} holds no {}", dir.display(), Pack::WORKFLOW_FILE);
    }
    Ok(files)
}

/// Applies or shows a pack.
pub async fn on(door: &Door, reach: &Reach, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Apply { dir } => {
            let files = read(&dir)?;
            if let Err(faults) = Pack::parse(&files) {
                tell_faults(&dir, &faults);
                bail!("{} has {} fault(s); nothing was applied", dir.display(), faults.len());
            }
            let sent = json!({ "files": files });
            // Said before it is done; what the hub refuses to compare it refuses to apply, too.
            let check = door.json(Method::POST, "/v1/packs/check", Sent::Json(sent.clone())).await?;
            if !reach.json {
                effect(&check).iter().for_each(print::note);
                if check["needs_team_hub"] == true {
                    print::note(format!("note: {TWO_PEOPLE}"));
                }
                tell_secrets(&check);
            }
            let applied = door.json(Method::POST, "/v1/packs", Sent::Json(sent)).await?;
            tell_applied(reach, &applied);
        }
        Command::Rollback { id, to, reason } => {
            let reason = reason.unwrap_or_else(|| format!("rolled back to version {to}"));
            let path = format!("/v1/workflows/{}/rollback", segment(&id));
            let back = door.json(Method::POST, &path, Sent::Json(json!({ "to": to, "reason": reason }))).await?;
            tell_applied(reach, &back);
        }
        Command::Show { id, format } => {
            let format = match format {
                PackForm::Toml => "toml",
                PackForm::Txt => "txt",
            };
            let text =
                door.bytes(Method::GET, &format!("/v1/packs/{}?format={format}", segment(&id)), Sent::Nothing).await?;
            let text = String::from_utf8_lossy(&text);
            if reach.json {
                print::out(json!({ "workflow": id, "format": format, "text": text }))
            } else {
                print::out(text.trim_end())
            }
        }
        Command::New { .. } | Command::Check { .. } => bail!("this command needs no hub"),
    }
    Ok(ExitCode::SUCCESS)
}

fn tell_applied(reach: &Reach, applied: &Value) {
    if reach.json {
        return print::out(applied);
    }
    let (id, version, revision) = (print::cell(applied, "workflow"), &applied["version"], &applied["revision"]);
    print::out(match applied["change"].as_str().unwrap_or_default() {
        "new_revision" | "earlier_revision" => format!("{id} is now version {version}, revision {revision}"),
        "earlier_version" => format!("{id} is version {version} again"),
        "unchanged" => format!("{id} is already version {version}"),
        _ => format!("{id} is now version {version}"),
    });
}

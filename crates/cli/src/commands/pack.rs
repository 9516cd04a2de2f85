//! `countersign pack`.

use super::segment;
use crate::args::{Pack as Command, PackForm, Reach};
use crate::door::{Door, Sent};
use crate::print;
use anyhow::{Context, bail};
use axum::http::Method;
use countersign_domain::ids::WorkflowId;
use countersign_domain::pack::{Pack, template};
use serde_json::json;
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

/// Checks a pack without a hub.
pub fn check(reach: &Reach, dir: &Path) -> anyhow::Result<ExitCode> {
    let files = read(dir)?;
    match Pack::parse(&files) {
        Ok(pack) => {
            if reach.json {
                print::out(json!({ "ok": true, "workflow": pack.workflow.id, "hash": pack.hash(), "faults": [] }));
            } else {
                print::out(format!("ok: {} ({})", pack.workflow.id, &pack.hash()[..12]));
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(faults) => {
            if reach.json {
                print::out(json!({ "ok": false, "faults": faults }));
            } else {
                faults.iter().for_each(|f| print::note(format!("error: {}", dir.join(f.to_string()).display())));
            }
            Ok(ExitCode::from(1))
        }
    }
}

fn read(dir: &Path) -> anyhow::Result<countersign_domain::pack::PackFiles> {
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
                faults.iter().for_each(|f| print::note(format!("error: {}", dir.join(f.to_string()).display())));
                bail!("{} has {} fault(s); nothing was applied", dir.display(), faults.len());
            }
            let applied = door.json(Method::POST, "/v1/packs", Sent::Json(json!({ "files": files }))).await?;
            if reach.json {
                print::out(applied);
            } else {
                let news = if applied["created"] == true { "is now" } else { "is already" };
                print::out(format!("{} {news} version {}", print::cell(&applied, "workflow"), applied["version"]));
            }
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

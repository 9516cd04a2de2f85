//! `countersign hub` and `countersign doctor`.

use super::with_query;
use crate::args::Reach;
use crate::door::{Door, Sent};
use crate::print::{self, Said};
use anyhow::Context;
use axum::http::Method;
use countersign_domain::access::Identity;
use countersign_hub::{Config, Hub, Opened};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Runs a hub until it is told to stop.
pub async fn run(config: Config, demo: bool, print_token: bool) -> anyhow::Result<ExitCode> {
    let filter = match std::env::var("COUNTERSIGN_LOG") {
        Ok(filter) if !filter.trim().is_empty() => tracing_subscriber::EnvFilter::try_new(&filter)
            .map_err(|e| Said::could_not(format!("COUNTERSIGN_LOG can't be read: {e}")))?,
        _ => "warn,countersign=info".into(),
    };
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    // What it does begins while it opens: whoever stops it then finds it ready to finish that.
    let stopped = stop_signal().context("can't wait for a signal")?;
    let lock = countersign_desk::sqlite_path(&config.database).map(|path| format!("{}.hub", path.display()));
    let hub = match Hub::open(config).await? {
        Opened::Here(hub) => hub,
        Opened::Elsewhere(running) => {
            anyhow::bail!("process {} runs a hub over this database already, at {}", running.pid, running.url)
        }
    };
    if demo {
        hub.desk().load_demo(&Identity::owner()).await?;
    }
    let url = hub.url().unwrap_or_default();
    // The token is good for as long as this process lives. What a service prints ends up in a log, so there it is told
    // only where the token stands.
    match (hub.owner_token_if_any(), lock) {
        (Some(token), _) if print_token => print::out(format!("console: {url}/#token={token}")),
        (Some(_), Some(lock)) => print::out(format!("console: {url}/ (its owner's token is in {lock})")),
        _ => print::out(format!("console: {url}/")),
    }
    stopped.await;
    hub.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Waits for the signal to stop; from this call on, and not only once it is waited for, none ends the process by itself.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        Ok(async move {
            tokio::select! {
                _ = int.recv() => {}
                _ = term.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        if let Err(e) = tokio::signal::ctrl_c().await {
            tracing::error!(error = %e, "can't wait for a signal");
        }
    })
}

/// What was looked at, whether it is well, and what there is to say.
type Check = (String, bool, String);

/// Checks what the hub needs: exits 1 if something is missing.
pub async fn doctor(reach: &Reach) -> anyhow::Result<ExitCode> {
    let mut checks: Vec<Check> = Vec::new();
    let door = match Door::open(reach, false).await {
        Ok(door) => door,
        Err(e) => {
            let what = if reach.hub.is_some() { "hub" } else { "database" };
            checks.push((what.into(), false, format!("{e:#}")));
            return Ok(told(reach, &checks));
        }
    };
    let runs = runs(&door).await;
    checks.push(("hub".into(), runs.is_ok(), runs.unwrap_or_else(|why| why)));
    for (name, path) in
        [("database", "/readyz"), ("audit log", "/v1/audit/verify?draws=false"), ("secrets", "/v1/secrets")]
    {
        match door.bytes(Method::GET, path, Sent::Nothing).await {
            Ok(bytes) => {
                let answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
                match name {
                    "audit log" => {
                        checks.push((name.into(), answer["ok"] == true, format!("{} entries hold", answer["entries"])))
                    }
                    "secrets" => secrets(&door, &answer, &mut checks),
                    _ => checks.push((name.into(), true, "takes writes".into())),
                }
            }
            Err(e) => checks.push((name.into(), false, format!("{e:#}"))),
        }
    }
    if let Err(e) = workflows(&door, &mut checks).await {
        checks.push(("workflows".into(), false, format!("{e:#}")));
    }
    door.close().await;
    Ok(told(reach, &checks))
}

/// Whether a hub runs: without one nothing is pulled, sent or shown, however well all else is.
async fn runs(door: &Door) -> Result<String, String> {
    let Door::Here { hub, .. } = door else {
        let answers = door.bytes(Method::GET, "/healthz", Sent::Nothing).await;
        return answers.map(|_| format!("answers: {}", door.place())).map_err(|e| format!("{e:#}"));
    };
    match hub.desk().hubs_alive().await.map(|alive| alive.len()) {
        Ok(0) => Err(format!("none runs on {}; `countersign hub` starts one", door.place())),
        Ok(n) => Ok(format!("{n} run on {}", door.place())),
        Err(e) => Err(e.to_string()),
    }
}

async fn workflows(door: &Door, checks: &mut Vec<Check>) -> anyhow::Result<()> {
    let all = door.all("/v1/workflows", "workflows").await?;
    let rows = all["workflows"].as_array().cloned().unwrap_or_default();
    if rows.is_empty() {
        let next = "none yet; `countersign pack new ID` writes a pack, `countersign pack apply ID` puts it in force";
        checks.push(("workflows".into(), true, next.into()));
    }
    for w in rows {
        let name = format!("workflow {}", print::cell(&w, "id"));
        let gone = w["deliveries_undeliverable"].as_i64().unwrap_or(0);
        let mut faults = Vec::new();
        if gone > 0 {
            faults.push(format!("{gone} deliveries gave up: countersign delivery list --state undeliverable"));
        }
        if w["deliveries_waiting"].as_i64().unwrap_or(0) > 0 {
            faults.extend(failing(door, &print::cell(&w, "id")).await?);
        }
        for pull in w["pulls"].as_array().into_iter().flatten() {
            let why = print::cell(pull, "last_error");
            if !why.is_empty() {
                faults.push(format!("the pull from {} failed: {why}", print::cell(pull, "url")));
            }
        }
        if faults.is_empty() {
            checks.push((name, true, "well".into()));
        } else {
            checks.extend(faults.into_iter().map(|fault| (name.clone(), false, fault)));
        }
    }
    Ok(())
}

/// What the latest deliveries that wait for another try were told.
async fn failing(door: &Door, workflow: &str) -> anyhow::Result<Option<String>> {
    let path =
        with_query("/v1/deliveries", &[("workflow", Some(workflow.to_owned())), ("state", Some("pending".into()))]);
    let waiting = door.json(Method::GET, &path, Sent::Nothing).await?;
    let rows = waiting["deliveries"].as_array().map(Vec::as_slice).unwrap_or_default();
    let failed: Vec<&Value> = rows.iter().filter(|d| d["last_error"].is_string()).collect();
    let last = failed.first().map(|d| print::cell(d, "last_error"));
    Ok(last.map(|why| {
        format!("{} of the last {} waiting deliveries have failed, the latest: {why}", failed.len(), rows.len())
    }))
}

fn secrets(door: &Door, answer: &Value, checks: &mut Vec<Check>) {
    let place = if matches!(door, Door::Here { .. }) { "here, where no hub runs" } else { "in the hub's environment" };
    for s in answer["secrets"].as_array().into_iter().flatten() {
        let (refused, fault) = (print::cell(s, "refused"), print::cell(s, "fault"));
        let say = match (refused.is_empty(), fault.is_empty()) {
            (false, _) => refused.clone(),
            (true, false) => format!("{fault} ({place})"),
            (true, true) => "may be used, and is set".into(),
        };
        let ok = refused.is_empty() && fault.is_empty();
        checks.push((format!("secret {} of {}", print::cell(s, "name"), print::cell(s, "workflow")), ok, say));
    }
}

fn told(reach: &Reach, checks: &[Check]) -> ExitCode {
    let ok = checks.iter().all(|(_, ok, _)| *ok);
    if reach.json {
        let rows: Vec<Value> =
            checks.iter().map(|(name, ok, say)| json!({ "check": name, "ok": ok, "detail": say })).collect();
        print::out(json!({ "ok": ok, "checks": rows }));
    } else {
        for (name, ok, say) in checks {
            print::out(format!("{} {name}: {say}", if *ok { "ok  " } else { "FAIL" }));
        }
    }
    ExitCode::from(u8::from(!ok))
}

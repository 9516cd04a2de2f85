//! `countersign hub` and `countersign doctor`.

use crate::args::Reach;
use crate::door::{Door, Sent, database};
use crate::print;
use anyhow::Context;
use axum::http::Method;
use countersign_domain::access::Identity;
use countersign_hub::{Config, Hub, Opened};
use serde_json::{Value, json};
use std::process::ExitCode;

/// Runs a hub until it is told to stop.
pub async fn run(config: Config, demo: bool, print_token: bool) -> anyhow::Result<ExitCode> {
    let filter = tracing_subscriber::EnvFilter::try_from_env("COUNTERSIGN_LOG")
        .unwrap_or_else(|_| "warn,countersign=info".into());
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
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
    stop_signal().await.context("can't wait for a signal")?;
    hub.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn stop_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut term = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            done = tokio::signal::ctrl_c() => done,
            _ = term.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Checks what the hub needs: exits 1 if something is missing.
pub async fn doctor(reach: &Reach) -> anyhow::Result<ExitCode> {
    let mut checks: Vec<(String, bool, String)> = Vec::new();
    let door = match Door::open(reach).await {
        Ok(door) => door,
        Err(e) => {
            checks.push(("hub".into(), false, format!("{e:#}")));
            return Ok(told(reach, &checks));
        }
    };
    let place = match &door {
        Door::Here(_) => format!("local database {}", countersign_desk::redacted(&database(reach)?.0)),
        Door::There { url, .. } => format!("a running hub at {url}"),
    };
    checks.push(("hub".into(), true, place));
    for (name, path) in [
        ("database", "/readyz"),
        ("audit log", "/v1/audit/verify?draws=false"),
        ("workflows", "/v1/workflows"),
        ("secrets", "/v1/secrets"),
    ] {
        match door.bytes(Method::GET, path, Sent::Nothing).await {
            Ok(bytes) => {
                let answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
                match name {
                    "audit log" => {
                        checks.push((name.into(), answer["ok"] == true, format!("{} entries hold", answer["entries"])))
                    }
                    "workflows" => workflows(&answer, &mut checks),
                    "secrets" => secrets(&answer, &mut checks),
                    _ => checks.push((name.into(), true, "answers".into())),
                }
            }
            Err(e) => checks.push((name.into(), false, format!("{e:#}"))),
        }
    }
    door.close().await;
    Ok(told(reach, &checks))
}

fn workflows(answer: &Value, checks: &mut Vec<(String, bool, String)>) {
    let rows = answer["workflows"].as_array().cloned().unwrap_or_default();
    if rows.is_empty() {
        checks.push(("workflows".into(), true, "none yet: countersign pack new ID".into()));
    }
    for w in rows {
        let gone = w["deliveries_undeliverable"].as_i64().unwrap_or(0);
        let say = if gone > 0 {
            format!("{gone} deliveries gave up: countersign delivery list --state undeliverable")
        } else {
            "well".into()
        };
        checks.push((format!("workflow {}", print::cell(&w, "id")), gone == 0, say));
    }
}

fn secrets(answer: &Value, checks: &mut Vec<(String, bool, String)>) {
    for s in answer["secrets"].as_array().into_iter().flatten() {
        let refused = print::cell(s, "refused");
        let ok = refused.is_empty();
        let say = match (ok, s["set"] == true) {
            (true, true) => "may be used, and is set".into(),
            (true, false) => "may be used, but isn't set in the hub's environment".into(),
            (false, _) => refused,
        };
        checks.push((format!("secret {} of {}", print::cell(s, "name"), print::cell(s, "workflow")), ok, say));
    }
}

fn told(reach: &Reach, checks: &[(String, bool, String)]) -> ExitCode {
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

//! The choice between the hub inside and a team's: read, tried, changed.

use countersign_hub::CONTRACT;
use serde::Serialize;
use std::collections::BTreeMap;
use tauri::{AppHandle, Manager, State};

use crate::door::{Door, Remote, is_here};
use crate::hubs::{Choice, Hubs};
use crate::journal::{Entries, Journal};
use crate::keychain;
use crate::request::FromWindow;
use crate::settings::Remembered;

/// What the console shows of it.
#[derive(Serialize)]
pub struct HubChoice {
    kind: &'static str,
    url: Option<String>,
    keychain: bool,
    version: &'static str,
    console: String,
}

/// The hub that is chosen.
#[tauri::command]
pub async fn hub_choice(app: AppHandle) -> HubChoice {
    let console = app.state::<Hubs>().console().to_owned();
    let (kind, url) = match app.state::<Hubs>().chosen() {
        Choice::Embedded => ("embedded", None),
        Choice::Remote(url, _) => ("remote", Some(url)),
    };
    let keychain = blocking(keychain::available).await;
    HubChoice { kind, url, keychain, version: env!("CARGO_PKG_VERSION"), console }
}

/// Changes to a team's hub, once it has answered to the token.
///
/// # Errors
/// In words, what is wrong with the address, the token or the hub; nothing has changed then.
#[tauri::command]
pub async fn use_remote(app: AppHandle, url: String, token: String) -> Result<(), String> {
    let url = address(&url)?;
    let token = token.trim().to_owned();
    if token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()) {
        return Err("A token is letters, digits and signs without a space.".into());
    }
    let remote = Remote::new(url.clone(), token.clone()).map_err(|e| e.to_string())?;
    let request = FromWindow::get("/v1/me").check().map_err(|answer| answer.body)?;
    let answer = Door::Elsewhere(remote).send(request).await;
    let said: serde_json::Value = serde_json::from_str(&answer.body).unwrap_or_default();
    match (answer.status, said["hub"]["contract"].as_u64()) {
        (200, Some(contract)) if contract == u64::from(CONTRACT) => {}
        (200, Some(contract)) if contract > u64::from(CONTRACT) => {
            return Err("That hub is newer than this desktop. Your system's packages update it.".into());
        }
        (200, _) => return Err("That hub is older than this desktop can speak to, or no Countersign hub.".into()),
        (401, _) => return Err("The hub doesn't know this token, or it has expired or been revoked.".into()),
        (503, _) => {
            let why = said["error"]["message"].as_str().unwrap_or("no answer");
            return Err(format!("The hub can't be reached: {why}."));
        }
        (status, _) => return Err(format!("There is no Countersign hub at that address: it answered {status}.")),
    }
    let (name, secret) = (url.clone(), token.clone());
    let kept = blocking(move || keychain::available() && keychain::set(&name, &secret)).await;
    if !kept {
        tracing::warn!("there is no keychain: the token is kept until the program ends");
    }
    remember(&app, Some(url.clone()));
    app.state::<Hubs>().choose(Choice::Remote(url, token));
    Ok(())
}

/// Changes to the hub inside. The team's token is kept no longer.
#[tauri::command]
pub async fn use_embedded(app: AppHandle) {
    if let Choice::Remote(url, _) = app.state::<Hubs>().chosen() {
        blocking(move || keychain::forget(&url)).await;
    }
    remember(&app, None);
    app.state::<Hubs>().choose(Choice::Embedded);
}

/// What waits for the hub that is chosen, and whether it is kept on disk.
#[derive(Serialize)]
pub struct Waiting {
    kept: bool,
    entries: Entries,
}

/// Decisions that wait for a team's hub.
#[tauri::command]
pub async fn journal_load(app: AppHandle) -> Waiting {
    let journal = blocking(move || journal(&app).map(|j| j.load())).await;
    Waiting { kept: journal.is_some(), entries: journal.unwrap_or_default() }
}

/// Keeps the decisions that wait for a team's hub; answers whether they are kept on disk.
#[tauri::command]
pub async fn journal_save(app: AppHandle, entries: BTreeMap<String, String>) -> bool {
    blocking(move || match journal(&app).map(|j| j.save(&entries)) {
        Some(Ok(())) => true,
        Some(Err(error)) => {
            tracing::error!(%error, "decisions that wait to be sent can't be kept");
            false
        }
        None => false,
    })
    .await
}

fn journal(app: &AppHandle) -> Option<Journal> {
    let Choice::Remote(url, _) = app.state::<Hubs>().chosen() else { return None };
    Journal::of(&app.path().app_data_dir().ok()?, &url)
}

fn remember(app: &AppHandle, remote: Option<String>) {
    let settings: State<'_, Remembered> = app.state();
    if let Err(error) = settings.change(|s| s.remote = remote) {
        tracing::warn!(%error, "the choice of the hub holds until the program ends");
    }
}

/// An address as it is kept: scheme, host and port. A token crosses the network encrypted, or not at all.
fn address(text: &str) -> Result<String, String> {
    let url = reqwest::Url::parse(text.trim())
        .map_err(|_| "An address looks like https://countersign.example.com.".to_owned())?;
    if !(url.scheme() == "https" || (url.scheme() == "http" && is_here(&url))) {
        return Err("The address must begin with https://, so that nobody reads the token on its way.".into());
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("The address must be a plain one, without a name, a password or a query.".into());
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Keychain and disk answer when they do; the window goes on meanwhile.
async fn blocking<T: Send + Default + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tauri::async_runtime::spawn_blocking(work).await.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_token_never_goes_out_in_the_clear() {
        assert_eq!(address(" https://hub.example.com/ ").unwrap(), "https://hub.example.com");
        assert_eq!(address("http://127.0.0.1:8787").unwrap(), "http://127.0.0.1:8787");
        assert_eq!(address("http://[::1]:8787/").unwrap(), "http://[::1]:8787");
        assert_eq!(address("https://example.com/desk/").unwrap(), "https://example.com/desk");
        for wrong in [
            "http://hub.example.com",
            "http://127.0.0.1.example.com",
            "ftp://x",
            "hub",
            "https://a:b@x",
            "https://x/?a",
        ] {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}

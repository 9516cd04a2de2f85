//! Links into the program: `countersign://draft/ID`.

use tauri::{AppHandle, Emitter, Url};
use tauri_plugin_deep_link::DeepLinkExt;

use crate::window;

/// The name the window listens to: a place in the console.
const EVENT: &str = "go";

/// The place that the program was started with, if any.
pub fn at_start(app: &AppHandle) -> Option<String> {
    app.deep_link().get_current().ok().flatten().and_then(|urls| urls.iter().find_map(place))
}

/// Follows links for as long as the program runs.
pub fn follow(app: &AppHandle) {
    let to = app.clone();
    app.deep_link().on_open_url(move |event| {
        let Some(place) = event.urls().iter().find_map(place) else { return };
        window::focus(&to);
        if let Err(error) = to.emit(EVENT, place) {
            tracing::warn!(%error, "the window was not told of a link");
        }
    });
}

/// Where a link leads. Anybody can write one: it names a draft and nothing else.
fn place(url: &Url) -> Option<String> {
    if url.scheme() != "countersign" || url.host_str() != Some("draft") || url.query().is_some() {
        return None;
    }
    let id = url.path().trim_matches('/');
    let plain = !id.is_empty() && id.len() <= 64 && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    plain.then(|| format!("#/review/{id}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    #[test]
    fn a_link_leads_to_a_draft_and_nowhere_else() {
        let to = |url: &str| place(&Url::parse(url).unwrap());
        let id = "0199d1b2-0000-7000-8000-000000000001";
        assert_eq!(to(&format!("countersign://draft/{id}")), Some(format!("#/review/{id}")));
        for wrong in [
            "countersign://draft/",
            "countersign://kill/support",
            "countersign://draft/a/b",
            "countersign://draft/%3Cscript%3E",
            "countersign://draft/a?b=c",
            "https://draft/a",
        ] {
            assert_eq!(to(wrong), None, "{wrong}");
        }
    }
}

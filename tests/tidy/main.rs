//! The house keeps its order: who may import whom, how long a file may be, and that what is generated is current.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn files(dir: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    const FOREIGN: &[&str] = &["target", "node_modules", "dist", "gen", "test-results", ".git"];
    for entry in std::fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            if !FOREIGN.contains(&name.as_str()) {
                files(&path, endings, found);
            }
        } else if endings.iter().any(|e| name.ends_with(e)) {
            found.push(path);
        }
    }
}

fn all(dir: &str, endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    files(&root().join(dir), endings, &mut found);
    assert!(!found.is_empty(), "nothing under {dir}");
    let named =
        |p: PathBuf| (p.strip_prefix(root()).unwrap().display().to_string(), std::fs::read_to_string(&p).unwrap());
    found.into_iter().map(named).collect()
}

#[test]
fn a_crate_depends_only_on_the_rooms_below_it() {
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("countersign-domain", &[][..]),
        ("countersign-store", &["domain"]),
        ("countersign-providers", &["domain"]),
        ("countersign-evals", &["domain", "providers"]),
        ("countersign-desk", &["domain", "store", "providers"]),
        ("countersign-hub", &["domain", "desk", "evals"]),
        ("countersign-cli", &["domain", "desk", "hub", "evals"]),
        ("countersign-desktop", &["domain", "desk", "hub"]),
        ("countersign-testkit", &["domain", "store", "providers", "desk", "hub"]),
    ]);
    let metadata = cargo_metadata::MetadataCommand::new().no_deps().exec().expect("cargo metadata");
    let mut seen = 0;
    for package in &metadata.packages {
        let name = package.name.to_string();
        let Some(rooms) = allowed.get(name.as_str()) else {
            assert_eq!(name, "countersign-tests", "{name} has no place in the house: add it to this table");
            continue;
        };
        seen += 1;
        for dependency in package.dependencies.iter().filter(|d| d.kind == cargo_metadata::DependencyKind::Normal) {
            let Some(room) = dependency.name.strip_prefix("countersign-") else { continue };
            assert!(rooms.contains(&room), "{name} may not depend on {room}");
        }
    }
    assert_eq!(seen, allowed.len());
}

#[test]
fn the_rules_do_no_io_and_the_use_cases_know_no_http() {
    let banned = [
        (
            "crates/domain",
            &["std::fs", "std::net", "tokio", "SystemTime", "Instant::now", "async fn", "sqlx", "reqwest"][..],
        ),
        ("crates/desk", &["axum", "tauri", "sqlx::"]),
        ("crates/hub", &["sqlx", "countersign_store"]),
        ("crates/cli", &["sqlx", "countersign_store"]),
    ];
    for (room, words) in banned {
        // A room's own tests may read what they test on.
        let code = all(&format!("{room}/src"), &[".rs"]).into_iter().filter(|(path, _)| !path.ends_with("tests.rs"));
        for (path, text) in code {
            for word in words {
                let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
                assert!(!code.clone().any(|l| l.contains(word)), "{path} speaks of {word}");
            }
        }
    }
}

#[test]
fn no_file_is_past_its_size() {
    let mut rust: Vec<(usize, String)> = Vec::new();
    for room in ["crates", "evals", "src-tauri/src", "tests"] {
        rust.extend(all(room, &[".rs"]).into_iter().map(|(path, text)| (text.lines().count(), path)));
    }
    rust.sort();
    let (longest, path) = rust.last().unwrap();
    assert!(*longest <= 600, "{path} has {longest} lines, 600 is the most");
    let (ninetieth, _) = rust[rust.len() * 9 / 10];
    assert!(ninetieth <= 350, "one Rust file in ten has {ninetieth} lines or more, 350 is the most");
    for (path, text) in all("ui/src", &[".tsx"]) {
        assert!(text.lines().count() <= 300, "{path} has {} lines, 300 is the most", text.lines().count());
    }
}

const SCREENS: [&str; 5] = ["review", "rollout", "cases", "activity", "settings"];

#[test]
fn in_the_console_only_host_knows_a_transport_and_no_screen_knows_another() {
    for (path, text) in all("ui/src", &[".ts", ".tsx"]) {
        let room = path.split('/').nth(2).unwrap_or_default();
        for line in text.lines().filter(|l| l.contains(" from \"") || l.trim_start().starts_with("import(")) {
            let from = line.rsplit('"').nth(1).unwrap_or_default();
            assert!(room == "host" || !from.starts_with("@tauri-apps"), "{path} imports {from}");
            let screen = SCREENS.into_iter().find(|screen| from.starts_with(&format!("../{screen}/")));
            let may = room == "frame" || screen.is_none_or(|screen| screen == room);
            assert!(may && !(room == "kit" && from.contains("/api")), "{path} imports {from}");
        }
    }
}

#[test]
fn the_contract_is_current() {
    let committed = std::fs::read_to_string(root().join("openapi.json")).unwrap();
    let made = countersign_hub::openapi().to_pretty_json().unwrap();
    assert!(
        committed.trim_end() == made.trim_end(),
        "openapi.json is stale: countersign openapi > openapi.json && npm --prefix ui run api"
    );
}

#[test]
fn the_repository_names_no_registry_and_leaves_nothing_unfinished() {
    let words =
        [concat!("registry", ".npmjs"), concat!("TO", "DO"), concat!("FIX", "ME"), concat!("index.crates", ".io")];
    for room in ["crates", "evals", "src-tauri/src", "tests", "ui/src", "packs", "scripts"] {
        for (path, text) in all(room, &[".rs", ".ts", ".tsx", ".mjs", ".sh", ".toml", ".json", ".md"]) {
            for word in words {
                assert!(!text.contains(word), "{path} holds {word:?}");
            }
        }
    }
}

//! The command line as a stranger uses it: in this process over the database, and through a running hub.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::SECRET;
use countersign_tests::site::{Site, free_port};
use serde_json::{Value, json};

fn site() -> Site {
    Site::new(None, "COUNTERSIGN_WEBHOOK_SECRET", SECRET).unwrap()
}

/// A new pack, applied, and one draft.
fn begun() -> Site {
    let site = site();
    let dir = site.path().join("my-replies");
    let pack = dir.display().to_string();
    assert_eq!(site.exit(&["pack", "new", "my-replies"]).0, 0);
    assert_eq!(site.exit(&["pack", "check", &pack]).0, 0);
    let applied = site.run(&["pack", "apply", &pack]).unwrap();
    assert_eq!((&applied["workflow"], &applied["version"]), (&json!("my-replies"), &json!(1)));
    let drafts = site.path().join("drafts.jsonl");
    let row = json!({ "external_id": "t-1", "thread": [{ "role": "customer", "text": "hello" }], "draft": { "text": "Hi." } });
    std::fs::write(&drafts, format!("{row}\nnot json\n")).unwrap();
    let (code, out, _) =
        site.exit(&["draft", "import", &drafts.display().to_string(), "--workflow", "my-replies", "--json"]);
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&report["created"], &report["rejected"], &report["errors"][0]["line"]),
        (&json!(1), &json!(1), &json!(2))
    );
    assert!(code <= 1, "{code}");
    site
}

#[test]
fn an_import_says_by_line_what_was_here_already_and_what_differs() {
    let site = begun();
    let file = site.path().join("more.jsonl");
    let row = |ticket: &str, revision: &str, reply: &str| {
        let thread = json!([{ "role": "customer", "text": "hello" }]);
        json!({ "external_id": ticket, "revision": revision, "thread": thread, "draft": { "text": reply } }).to_string()
    };
    let rows = [
        row("t-1", "1", "Hi."),
        row("t-1", "1", "Hello."),
        row("t-1", "2", "Hi."),
        json!({ "external_id": "t-2", "thread": [], "draft": 7 }).to_string(),
    ];
    std::fs::write(&file, format!("\u{feff}{}\n", rows.join("\n"))).unwrap();
    let (_, out, said) = site.exit(&["draft", "import", &file.display().to_string(), "--workflow", "my-replies"]);
    assert!(out.contains("1 created, 2 duplicate, 1 superseded, 1 rejected"), "{out}{said}");
    let name = file.display();
    for line in [
        format!("duplicate: {name}:1-2"),
        format!("superseding: {name}:3"),
        format!("{name}:2: draft.text: differs from the draft that is here"),
        format!("{name}:4: draft: expected an object, found the number 7"),
    ] {
        assert!(said.contains(&line), "{line} in {said}");
    }
}

#[test]
fn a_faulty_pack_is_the_answer_no_with_file_line_and_key() {
    let site = begun();
    let file = site.path().join("my-replies/workflow.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("lease_seconds = 300", "lease_seconds = \"long\"")).unwrap();
    let (code, out, said) = site.exit(&["pack", "check", &site.path().join("my-replies").display().to_string()]);
    let all = format!("{out}{said}");
    assert_eq!(code, 1, "{all}");
    assert!(all.contains("workflow.toml:") && all.contains("review.lease_seconds"), "{all}");
}

#[test]
fn a_pack_is_shown_as_it_was_applied_and_as_text_to_circulate() {
    let site = begun();
    let (_, toml, _) = site.exit(&["pack", "show", "my-replies", "--format", "toml"]);
    assert!(toml.contains("id = \"my-replies\""));
    let (_, text, _) = site.exit(&["pack", "show", "my-replies", "--format", "txt"]);
    assert!(text.contains("my-replies") && !text.contains("id = "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_from_the_command_line_is_in_force_in_the_hub_and_the_other_way_round() {
    let site = begun();
    let state = |site: &Site| site.run(&["status", "my-replies"]).unwrap()["workflows"][0].clone();
    assert_eq!((&state(&site)["killed"], &state(&site)["drafts"]), (&json!(false), &json!({ "staged": 1 })));
    site.run(&["kill", "my-replies", "--reason", "no hub runs"]).unwrap();
    let hub = site.hub(free_port(&mut fastrand::Rng::new())).await.unwrap();
    // The command finds the hub that runs over the same file.
    assert_eq!((&state(&site)["killed"], &state(&site)["drafts"]), (&json!(true), &json!({ "frozen": 1 })));
    site.run(&["resume", "my-replies", "--reason", "mended"]).unwrap();
    let token = site.token(&["oncall"], "pager").unwrap();
    let said = site.run(&["kill", "all", "--reason", "by the pager", "--hub", &hub.url, "--token", &token]).unwrap();
    assert_eq!(said["workflows"][0]["killed"], true);
    drop(hub);
    assert_eq!(state(&site)["killed"], true);
}

#[test]
fn the_audit_log_is_verified_exported_and_named_where_it_is_broken() {
    let site = begun();
    let (code, out, _) = site.exit(&["audit", "verify", "--json"]);
    let whole: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &whole["ok"]), (0, &json!(true)));
    let (_, lines, _) = site.exit(&["audit", "export"]);
    assert_eq!(lines.lines().count() as u64, whole["entries"].as_u64().unwrap());
    let kept = site.path().join("checkpoint.json");
    std::fs::write(&kept, site.exit(&["audit", "checkpoint"]).1).unwrap();
    let against = ["audit", "verify", "--checkpoint", &kept.display().to_string()];
    assert_eq!(site.exit(&against).0, 0);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let file = site.database().trim_start_matches("sqlite://").to_owned();
        let pool = sqlx::SqlitePool::connect(&file).await.unwrap();
        sqlx::query("UPDATE audit SET actor = 'mallory' WHERE seq = 2").execute(&pool).await.unwrap();
        pool.close().await;
    });
    let (code, out, _) = site.exit(&["audit", "verify", "--json"]);
    let broken: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &broken["ok"], &broken["broken_at"]), (1, &json!(false), &json!(2)));
}

#[test]
fn bounds_are_computed_from_standard_input_without_a_hub() {
    let site = site();
    let (code, out, _) = site.exit_with(&["gate", "bound", "--alpha", "0.05"], "[[1, 28, 972, 0]]");
    let bound: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &bound["estimate"]), (0, &json!(0.028)));
    assert!((bound["upper"].as_f64().unwrap() - 0.045834).abs() < 1e-6, "{bound}");
    assert_eq!(site.exit_with(&["gate", "bound"], "[[2, 1, 1, 0]]").0, 3);
    let (code, out, _) = site.exit_with(&["gate", "bound"], "[[1, 10, 390, 0, 1], [0.25, 2, 98, 300, 0.25]]");
    let bound: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(code, 0, "{bound}");
    assert!((bound["lower"].as_f64().unwrap() - 0.007046).abs() < 1e-6, "{bound}");
    assert!((bound["upper"].as_f64().unwrap() - 0.048699).abs() < 1e-6, "{bound}");
    let (code, _, said) = site.exit_with(&["gate", "bound"], "[[1, 10, 390, 0, 1], [0.25, 2, 98, 300]]");
    assert_eq!((code, said.starts_with("error: ")), (2, true), "floors in some rows only: {said}");
}

#[test]
fn a_gate_that_is_not_green_is_the_answer_no() {
    let site = begun();
    let (code, out, _) = site.exit(&["gate", "show", "my-replies", "--json"]);
    assert_eq!((code, &serde_json::from_str::<Value>(&out).unwrap()["status"]), (1, &json!("hold")));
    let (code, _, said) = site.exit(&["promote", "my-replies", "--reason", "hope"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.starts_with("error: ") && said.contains("hint: "), "{said}");
}

#[test]
fn wrong_usage_is_2_and_what_could_not_be_done_is_3() {
    let site = site();
    assert_eq!(site.exit(&["kill", "my-replies"]).0, 2);
    let (code, _, said) = site.exit(&["status", "--hub", "http://127.0.0.1:1", "--token", "x"]);
    assert_eq!(code, 3);
    assert!(said.starts_with("error: no hub answers"), "{said}");
    assert_eq!(site.exit(&["kill", "nowhere", "--reason", "x"]).0, 3);
    assert_eq!(site.exit(&["doctor"]).0, 0);
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let site = begun();
    let made =
        site.run(&["token", "create", "--role", "reviewer", "--workflow", "my-replies", "--name", "ana"]).unwrap();
    let listed = site.run(&["token", "list"]).unwrap();
    assert_eq!(listed["tokens"][0]["name"], "ana");
    assert!(!listed.to_string().contains(made["token"].as_str().unwrap()));
    site.run(&["token", "revoke", made["id"].as_str().unwrap()]).unwrap();
    assert!(site.run(&["token", "list"]).unwrap()["tokens"][0]["revoked_at"].is_string());
}

//! The command line as a stranger uses it: in this process over the database, and through a running hub.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::SECRET;
use countersign_tests::site::{Site, free_port};
use serde_json::{Value, json};

pub(crate) fn site() -> Site {
    Site::new(None, "COUNTERSIGN_WEBHOOK_SECRET", SECRET).unwrap()
}

/// A new pack, applied, and one draft.
pub(crate) fn begun() -> Site {
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
    assert_eq!(code, 1, "a row was rejected");
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
}

#[test]
fn two_new_packs_are_told_apart_by_name() {
    let site = site();
    for id in ["my-replies", "refunds"] {
        assert_eq!(site.exit(&["pack", "new", id]).0, 0);
        assert_eq!(site.exit(&["pack", "apply", id]).0, 0);
    }
    let text = |id: &str| std::fs::read_to_string(site.path().join(id).join("workflow.toml")).unwrap();
    assert!(text("my-replies").contains("name = \"My replies\"") && text("refunds").contains("name = \"Refunds\""));
}

#[test]
fn a_pack_file_that_is_not_utf_8_is_named_with_its_line() {
    let site = begun();
    let dir = site.path().join("my-replies").display().to_string();
    std::fs::write(site.path().join("my-replies/guidelines.md"), b"# How to review\n\nGr\xfc\xdfe\n").unwrap();
    let (code, _, said) = site.exit(&["pack", "check", &dir]);
    assert_eq!(code, 3);
    assert!(said.contains("guidelines.md isn't UTF-8: line 3"), "{said}");
}

#[test]
fn a_change_says_first_what_it_does_to_the_evidence() {
    let site = begun();
    let file = site.path().join("my-replies/workflow.toml");
    let dir = site.path().join("my-replies").display().to_string();
    let text = std::fs::read_to_string(&file).unwrap();
    let delivery =
        "\n[delivery]\nurl = \"https://helpdesk.example.com/\"\nsecret_env = \"COUNTERSIGN_WEBHOOK_SECRET\"\n";
    std::fs::write(&file, format!("{text}{delivery}")).unwrap();
    assert_eq!(site.run(&["pack", "apply", &dir]).unwrap()["version"], 1);
    // Both halves of a rotation, as the pack's comment says.
    let new = delivery.replace("WEBHOOK_SECRET", "SECRET_WEBHOOK_NEW");
    let during = format!("{new}previous_secret_env = \"COUNTERSIGN_WEBHOOK_SECRET\"\n");
    for delivery in [during, new] {
        std::fs::write(&file, format!("{text}{delivery}")).unwrap();
        let (_, said, _) = site.exit(&["pack", "check", &dir]);
        assert!(said.contains("of version 1: evidence stays"), "{said}");
        let (code, done, said) = site.exit(&["pack", "apply", &dir]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("of version 1: evidence stays") && done.contains("version 1, revision"), "{said}{done}");
    }
    std::fs::write(&file, text.replace("min_days = 3", "min_days = 4")).unwrap();
    for act in ["check", "apply"] {
        let (_, out, said) = site.exit(&["pack", act, &dir]);
        assert!(format!("{out}{said}").contains("new version 2: evidence starts from zero"), "{out}{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_listens_on_a_name_and_says_once_that_a_port_is_taken() {
    let site = site();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (code, _, said) = site.exit(&["hub", "--listen", &format!("localhost:{port}")]);
    assert_eq!(code, 3);
    assert_eq!(said, format!("error: can't listen on 127.0.0.1:{port}: something listens there already\n"));
    let (code, _, said) = site.exit(&["hub", "--listen", "nowhere"]);
    assert!(code == 2 && said.contains("expected HOST:PORT"), "{said}");
}

#[test]
fn a_refusal_says_what_to_do_and_nothing_that_is_false() {
    let site = begun();
    let (code, _, said) = site.exit(&["draft", "import", "drafts.jsonl", "--workflow", "other"]);
    assert!(code == 3 && said.contains("no workflow \"other\"") && said.contains("pack apply DIR"), "{said}");
    let past = ["token", "create", "--role", "admin", "--name", "mo", "--expires-at", "2020-01-01T00:00:00Z"];
    let (code, out, said) = site.exit(&past);
    assert!(code == 3 && out.is_empty() && said.contains("expires_at") && said.contains("passed"), "{said}");
    site.run(&["kill", "my-replies", "--reason", "x"]).unwrap();
    let (_, _, said) = site.exit(&["promote", "my-replies", "--reason", "hope"]);
    assert!(!said.contains("typed") && said.contains("the workflow is killed") && said.contains("resume"), "{said}");
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

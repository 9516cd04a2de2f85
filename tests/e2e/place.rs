//! A command acts where it says, and makes nothing by mistake.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::cli::{begun, site};
use countersign_testkit::postgres::Server;
use countersign_tests::site::{Site, free_port};
use std::process::Command;

/// A command as it is, without a database in its arguments: its exit code and all that it said.
fn said(mut command: Command, args: &[&str]) -> (i32, String) {
    let done = command.args(args).output().unwrap();
    let text = [done.stdout, done.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (done.status.code().unwrap_or(-1), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_act_names_the_hub_or_the_database_it_acted_on() {
    let site = begun();
    let file = site.path().join("hub.db").display().to_string();
    let sources = site.path().join("sources.jsonl");
    std::fs::write(sources, "{\"id\": \"kb/refunds\", \"text\": \"Refunds\", \"access\": [\"public\"]}\n").unwrap();
    let acts: &[&[&str]] = &[
        &["pack", "apply", "my-replies"],
        &["draft", "import", "drafts.jsonl", "--workflow", "my-replies"],
        &["token", "create", "--role", "oncall", "--name", "pager"],
        &["kill", "my-replies", "--reason", "x"],
        &["kill", "all", "--reason", "x"],
        &["resume", "my-replies", "--reason", "x"],
        &["drill", "my-replies"],
        &["promote", "my-replies", "--reason", "x"],
        &["cases", "export", "--workflow", "my-replies", "--out", "c.jsonl", "--force"],
        // What is refused there says where that was.
        &["kill", "nowhere", "--reason", "x"],
        &["token", "revoke", "none"],
        &["source", "import", "sources.jsonl"],
        &["source", "import", "sources.jsonl", "--workflow", "my-replies"],
        &["incident", "open", "--workflow", "my-replies", "--title", "x"],
        &["incident", "close", "none"],
        &["demote", "my-replies", "--reason", "x"],
        &["pack", "rollback", "my-replies", "--to", "1"],
        &["secret", "unbind", "NONE"],
        &["delivery", "retry", "none"],
        &["escalation", "take", "none"],
        &["escalation", "settle", "none", "--note", "x"],
    ];
    for act in acts {
        let (_, out, said) = site.exit(act);
        assert!(said.ends_with(&format!("on the database {file}\n")), "{act:?}: {out}{said}");
        let (_, _, said) = site.exit(&[*act, &["--json"]].concat());
        assert!(said.contains(&format!("on the database {file}\n")), "{act:?} --json: {said}");
    }
    let hub = site.hub(free_port(&mut fastrand::Rng::new())).await.unwrap();
    let over = format!("on the hub at {}, which has the database {file} open\n", hub.url);
    let token = site.token(&["oncall"], "pager").unwrap();
    assert!(site.exit(&["kill", "all", "--reason", "x"]).2.ends_with(&over));
    let (code, _, said) = site.exit(&["kill", "all", "--reason", "x", "--hub", &hub.url, "--token", &token]);
    assert_eq!((code, said), (0, format!("on the hub at {}\n", hub.url)));
}

#[test]
fn a_token_without_a_hub_is_an_error() {
    let site = begun();
    let database = ["--database", site.database()];
    for args in [&["kill", "my-replies", "--reason", "x"][..], &["status"], &["token", "list"], &["doctor"]] {
        let mut command = site.command();
        command.env("COUNTERSIGN_TOKEN", "cs_x").env("COUNTERSIGN_DATABASE", site.database());
        let (code, told) = said(command, args);
        assert!(code == 2 && told.contains("no hub that it is for"), "{args:?}: {code} {told}");
        let (code, told) = said(site.command(), &[args, &database, &["--token", "cs_x"]].concat());
        assert!(code == 2 && told.contains("no hub that it is for"), "{args:?}: {code} {told}");
    }
    assert_eq!(site.run(&["status"]).unwrap()["workflows"][0]["killed"], false);
}

#[test]
fn what_is_typed_counts_before_what_is_exported_and_an_empty_variable_is_none() {
    let site = begun();
    let exported = |hub: &str| {
        let mut command = site.command();
        command.env("COUNTERSIGN_HUB", hub).env("COUNTERSIGN_DATABASE", site.database());
        command
    };
    let (code, told) = said(exported(""), &["status", "my-replies"]);
    assert_eq!(code, 0, "{told}");
    // The database that was typed is meant, not the hub that happens to be exported, nor its token.
    let mut command = exported("http://127.0.0.1:1");
    command.env("COUNTERSIGN_TOKEN", "cs_x");
    let (code, told) = said(command, &["status", "my-replies", "--database", site.database()]);
    assert_eq!(code, 0, "{told}");
    let (code, told) = said(exported("http://127.0.0.1:1"), &["status"]);
    assert!(code == 3 && told.contains("no hub answers at http://127.0.0.1:1"), "{told}");
    for wrong in [&["--hub", ""][..], &["--hub", "http://127.0.0.1:1", "--database", "x.db"]] {
        let (code, told) = said(site.command(), &[&["kill", "all", "--reason", "x"], wrong].concat());
        assert_eq!(code, 2, "{wrong:?}: {told}");
    }
}

/// What is in the site's folder.
fn listing(site: &Site) -> Vec<String> {
    let names = std::fs::read_dir(site.path()).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

#[test]
fn only_a_hub_and_an_applied_pack_make_a_database() {
    let site = site();
    assert_eq!(site.exit(&["pack", "new", "my-replies"]).0, 0);
    std::fs::write(site.path().join("drafts.jsonl"), "{}\n").unwrap();
    std::fs::write(site.path().join("other.db"), "").unwrap();
    let before = listing(&site);
    let commands: &[&[&str]] = &[
        &["status"],
        &["kill", "my-replies", "--reason", "x"],
        &["resume", "my-replies", "--reason", "x"],
        &["token", "create", "--role", "admin", "--name", "mo"],
        &["token", "list"],
        &["draft", "import", "drafts.jsonl", "--workflow", "my-replies"],
        &["source", "import", "drafts.jsonl"],
        &["gate", "show", "my-replies"],
        &["cases", "export", "--workflow", "my-replies", "--out", "c.jsonl"],
        &["audit", "verify"],
    ];
    for typo in ["sqlite://nowhere/hub.db", "typo.db", "other.db"] {
        for args in commands {
            let (code, told) = said(site.command(), &[*args, &["--database", typo]].concat());
            assert!(code == 3 && told.contains("there is no database at"), "{args:?}: {code} {told}");
            assert!(told.contains(typo.trim_start_matches("sqlite://")), "{told}");
            assert_eq!(told.lines().count(), 1, "{told}");
        }
        let (code, told) = said(site.command(), &["doctor", "--database", typo]);
        assert!(code == 1 && told.contains("FAIL database: there is no database at"), "{told}");
        assert_eq!(said(site.command(), &["pack", "check", "my-replies", "--database", typo]).0, 0);
    }
    assert_eq!(listing(&site), before);
    assert_eq!(std::fs::read(site.path().join("other.db")).unwrap(), b"", "somebody else's file stays as it is");
    assert_eq!(said(site.command(), &["pack", "apply", "my-replies"]).0, 0);
    assert_eq!(said(site.command(), &["status"]).0, 0);
}

#[test]
fn an_empty_postgres_stays_empty() {
    let site = Site::new(Some(Server::start().database()), "NONE", "none").unwrap();
    for _ in 0..2 {
        let (code, _, said) = site.exit(&["token", "create", "--role", "admin", "--name", "mo"]);
        assert!(code == 3 && said.contains("there is no database at postgres://"), "{said}");
    }
}

#[test]
fn a_kill_of_everything_where_there_is_nothing_is_the_answer_no() {
    let site = site();
    for act in ["kill", "resume"] {
        let (code, told) = said(site.command(), &[act, "all", "--reason", "x"]);
        assert!(code == 1 && told.contains("there is no database at"), "{told}");
    }
    // A database without a workflow.
    assert_eq!(site.exit(&["pack", "new", "my-replies"]).0, 0);
    assert_eq!(site.exit(&["pack", "apply", "my-replies"]).0, 0);
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let pool = sqlx::SqlitePool::connect(site.database()).await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        for sql in ["PRAGMA foreign_keys = OFF", "DELETE FROM workflow"] {
            sqlx::query(sql).execute(&mut *connection).await.unwrap();
        }
        drop(connection);
        pool.close().await;
    });
    for act in ["kill", "resume"] {
        let (code, out, said) = site.exit(&[act, "all", "--reason", "x"]);
        assert!(code == 1 && out.is_empty() && said.contains("there is no workflow on"), "{code} {out}{said}");
        assert_eq!(site.exit(&[act, "all", "--reason", "x", "--json"]).0, 1);
    }
}

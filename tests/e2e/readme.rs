//! The README's lines, run as they are printed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::cli::site;
use countersign_testkit::postgres::Server;
use countersign_tests::door::Door;
use countersign_tests::site::{Site, free_port};
use std::path::Path;
use std::process::Output;

/// The indented blocks under a heading, in their order.
fn blocks(heading: &str) -> Vec<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let (_, section) = readme.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut blocks: Vec<String> = vec![String::new()];
    for line in section.lines() {
        match line.strip_prefix("    ") {
            Some(code) => *blocks.last_mut().unwrap() += &format!("{code}\n"),
            None if blocks.last().unwrap().is_empty() => {}
            None => blocks.push(String::new()),
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// A block without the lines that begin so.
fn without(block: &str, starts: &[&str]) -> String {
    let kept = block.lines().filter(|line| !starts.iter().any(|start| line.starts_with(start)));
    kept.map(|line| format!("{line}\n")).collect()
}

fn done(output: Output) -> String {
    let [out, said] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "{out}{said}");
    out + &said
}

#[test]
fn a_first_workflow_is_set_up_by_pasting_the_readme() {
    let site = site();
    let all = blocks("The first ten minutes");
    let [commands, source, draft] = &all[..] else { unreachable!("three blocks") };
    std::fs::write(site.path().join("articles.jsonl"), source).unwrap();
    std::fs::write(site.path().join("drafts.jsonl"), draft).unwrap();
    let said = done(site.sh(&without(commands, &["cargo build", "countersign hub"])).unwrap());
    assert!(said.contains("1 created, 0 duplicate, 0 superseded, 0 rejected"), "{said}");
    // The citation holds: nothing is marked.
    let drafts = done(site.sh("countersign draft list --json 2>/dev/null").unwrap());
    let drafts: serde_json::Value = serde_json::from_str(&drafts).unwrap();
    let one = &drafts["drafts"][0];
    assert_eq!((&one["state"], &one["marks"]), (&"staged".into(), &serde_json::json!([])), "{one}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_team_is_set_up_by_pasting_the_readme() {
    let database = Server::start().database();
    let site = Site::new(Some(database.clone()), "NONE", "none").unwrap();
    assert_eq!(site.exit(&["pack", "new", "my-replies"]).0, 0);
    let all = blocks("For a team");
    let [at_the_hub, anywhere] = &all[..2] else { unreachable!("two blocks") };
    let filled = at_the_hub.replace("postgres://countersign@db.example.com/countersign", &database);
    assert_ne!(&filled, at_the_hub, "the README's database");
    let said = done(site.sh(&without(&filled, &["countersign hub"])).unwrap());
    let token = said.lines().find(|line| line.starts_with("cs_")).unwrap();
    assert!(at_the_hub.contains("\ncountersign hub --listen "), "{at_the_hub}");
    let hub = site.hub(free_port(&mut fastrand::Rng::new())).await.unwrap();

    let filled = anywhere.replace("https://desk.example.com", &hub.url).replace("cs_…", token);
    let said = done(site.sh(&filled).unwrap());
    let acts = anywhere.lines().filter(|line| line.starts_with("countersign ")).count();
    assert_eq!(said.matches(&format!("on the hub at {}\n", hub.url)).count(), acts, "{said}");
    assert!(!site.path().join("countersign/hub.db").exists(), "no database was made on this machine");
    let listed = site.run(&["token", "list", "--hub", &hub.url, "--token", token]).unwrap();
    let mut names: Vec<&str> = listed["tokens"].as_array().unwrap().iter().filter_map(|t| t["name"].as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["ana@example.com", "mo", "pager"]);
    let history = Door::new(&hub.url, token).unwrap().get("/v1/workflows/my-replies/history").await.unwrap();
    let kinds: Vec<&str> =
        history["transitions"].as_array().unwrap().iter().filter_map(|t| t["kind"].as_str()).collect();
    assert_eq!(kinds, ["resumed", "killed"], "the team's hub was killed and resumed");
}

//! Gates over real drafts by a real model, where it is known which of them were right.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_domain::pack::PackFiles;
use countersign_testkit::drafts::{escalation, verdict};
use countersign_testkit::{App, Engine, Person, on_both};
use countersign_tests::input::Input;
use serde_json::{Value, json};

on_both! {
    with_the_verdicts_that_real_drafts_earned_the_gate_holds_then_is_red_on_harm_and_the_workflow_kills_itself,
    with_one_harm_in_a_hundred_the_gate_says_when_it_turns_green_turns_green_and_promotes,
}

/// Half an hour between two decisions: 699 of them are two weeks.
const PACE: i64 = 1_800;
/// The budget of the real pack, which the days of the other suites go without.
const BUDGET: &str = "\n[failure_budget]\nrate = \"harm\"\nwindow_days = 28\n";

struct Desk {
    app: App,
    ana: Person,
    workflow: String,
    rows: Vec<Value>,
    next: usize,
}

impl Desk {
    async fn open(engine: Engine) -> Self {
        let (app, input) = (App::empty(engine).await, Input::find().unwrap());
        let folder = tempfile::tempdir().unwrap();
        input.pack_into(folder.path(), "http://127.0.0.1:9/hook", 10, 300).unwrap();
        let read = |name: &str| (name.to_owned(), std::fs::read_to_string(folder.path().join(name)).unwrap());
        let mut files: PackFiles = ["workflow.toml", "guidelines.md", "runbook.md"].into_iter().map(read).collect();
        files.entry("workflow.toml".to_owned()).and_modify(|toml| toml.push_str(BUDGET));
        app.owner().post("/v1/packs", json!({ "files": files })).await.ok();
        app.owner().post_lines("/v1/sources", input.sources.clone()).await.ok();
        let ana = app.reviewer("ana").await;
        let rows = input.drafts.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        Self { app, ana, workflow: input.workflow, rows, next: 0 }
    }

    /// Stages the next draft and decides on it: harmful ones are escalated, the others go out as they are.
    async fn decide(&mut self, harmful: impl Fn(usize, &Value) -> bool) {
        let row = &self.rows[self.next];
        let path = format!("/v1/drafts?workflow={}", self.workflow);
        let staged = self.app.owner().post_lines(&path, row.to_string()).await.ok();
        let leased = self.ana.lease_of(staged["results"][0]["id"].as_str().unwrap()).await.ok();
        let given = if harmful(self.next, row) { escalation(&leased, "unsafe") } else { verdict(&leased, "approve") };
        self.ana.decide(&leased, &given).await.ok();
        self.app.clock.advance(PACE);
        self.next += 1;
    }

    async fn get(&self, what: &str) -> Value {
        self.app.owner().get(&format!("/v1/workflows/{}{what}", self.workflow)).await.ok()
    }

    fn harm(gate: &Value) -> &Value {
        gate["rates"].as_array().unwrap().iter().find(|rate| rate["name"] == "harm").unwrap()
    }
}

async fn with_the_verdicts_that_real_drafts_earned_the_gate_holds_then_is_red_on_harm_and_the_workflow_kills_itself(
    engine: Engine,
) {
    let mut desk = Desk::open(engine).await;
    let failed = |_: usize, row: &Value| row["metadata"]["task_reward"].as_f64().unwrap() < 1.0;
    let mut held = false;
    let killed = loop {
        let red = desk.app.desk.watch_red_lines().await.unwrap();
        if !red.is_empty() {
            break red;
        }
        held |= desk.get("/gate").await["status"] == "hold";
        desk.decide(failed).await;
    };
    assert!(held, "it had to say that it didn't know yet");
    assert_eq!(killed, [desk.workflow.clone()]);
    assert!(desk.next < 100, "{} drafts with two harmful ones in three went by", desk.next);
    let gate = desk.get("/gate").await;
    assert!(Desk::harm(&gate)["lower"].as_f64().unwrap() > 0.05, "{gate}");
    let workflow = desk.get("").await;
    assert_eq!((&workflow["killed"], &workflow["killed_by"]), (&json!(true), &json!("hub")));
    assert!(workflow["killed_reason"].as_str().unwrap().contains("harm"), "{workflow}");
    assert_eq!(desk.app.verify().await["ok"], true);
}

async fn with_one_harm_in_a_hundred_the_gate_says_when_it_turns_green_turns_green_and_promotes(engine: Engine) {
    let mut desk = Desk::open(engine).await;
    let id = desk.workflow.clone();
    desk.app.owner().post(&format!("/v1/workflows/{id}/drill"), json!({})).await.ok();
    let suite = format!("evals/{id}");
    let result = json!({ "workflow": id, "version": 1, "suite": suite, "dataset_hash": "d1", "verdict": "pass" });
    desk.app.role("service").await.post("/v1/evals/results", result).await.ok();
    let rare = |i: usize, _: &Value| i % 100 == 50;
    for _ in 0..100 {
        desk.decide(rare).await;
    }
    let plan = desk.get("/gate/plan").await;
    assert_eq!(plan["green"], false);
    let promised = 100 + usize::try_from(plan["more_reviews"].as_i64().unwrap()).unwrap();
    while desk.get("/gate").await["status"] != "pass" {
        assert!(desk.next < desk.rows.len(), "never green: {}", desk.get("/gate").await);
        assert!(desk.app.desk.watch_red_lines().await.unwrap().is_empty());
        desk.decide(rare).await;
    }
    // It goes by the rate so far, which was that of one harm in a hundred.
    let off = promised.abs_diff(desk.next);
    assert!(off <= desk.next / 3, "green after {}, and {promised} were announced", desk.next);
    let gate = desk.get("/gate").await;
    assert!(Desk::harm(&gate)["upper"].as_f64().unwrap() < 0.05, "{gate}");
    let asked = json!({ "reason": "the evidence is green", "report": gate["hash"] });
    let moved = desk.app.owner().post(&format!("/v1/workflows/{id}/promote"), asked).await.ok();
    assert_eq!((&moved["from"], &moved["stage"]), (&json!("internal"), &json!("opt_in")));
    assert_eq!(desk.app.verify().await["ok"], true);
}

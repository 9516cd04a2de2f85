//! Incidents: a kill or a person opens one; the runbook and the timeline stand beside what happens.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::{App, Engine, Person, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    a_kill_opens_an_incident_with_the_runbook_of_that_version,
    a_further_kill_adds_to_the_open_incident,
    killing_all_opens_one_for_each_workflow,
    a_person_opens_one_and_only_one_at_a_time,
    steps_are_ticked_and_unticked_with_who_and_when,
    words_go_to_the_timeline_until_it_is_closed_and_a_note_at_any_time,
    the_runbook_stays_as_that_version_had_it,
    the_list_is_narrowed_and_paged,
    an_export_is_whole_and_what_people_typed_is_inert,
    incidents_are_for_those_who_answer_for_the_workflow,
    kills_and_a_close_at_once_leave_nothing_between,
}

const RUNBOOK: &str = "# Runbook\n\n## Stop\n\n1. Kill it\n2. Tell **everybody**\n\n## Mend\n\n- Find the cause\n";

fn pack() -> TestPack {
    TestPack::of("desk").text("runbook.md", RUNBOOK)
}

async fn kill(app: &App, reason: &str) {
    app.owner().post("/v1/workflows/desk/kill", json!({ "reason": reason })).await.ok();
}

async fn resume(app: &App) {
    app.owner().post("/v1/workflows/desk/resume", json!({ "reason": "mended" })).await.ok();
}

async fn list(who: &Person, query: &str) -> Vec<Value> {
    who.get(&format!("/v1/incidents?{query}")).await.ok()["incidents"].as_array().unwrap().clone()
}

async fn the_one(app: &App) -> Value {
    let all = list(&app.owner(), "").await;
    assert_eq!(all.len(), 1, "{all:?}");
    app.owner().get(&format!("/v1/incidents/{}", text(&all[0]["id"]))).await.ok()
}

fn path(incident: &Value, rest: &str) -> String {
    format!("/v1/incidents/{}{rest}", text(&incident["id"]))
}

fn timeline(incident: &Value) -> Vec<(String, String, String)> {
    let word = |e: &Value, name: &str| text(&e[name]).to_owned();
    incident["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| (word(e, "kind"), word(e, "actor"), word(e, "text")))
        .collect()
}

fn happened(lines: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    lines.iter().map(|(kind, who, what)| ((*kind).to_owned(), (*who).to_owned(), (*what).to_owned())).collect()
}

async fn a_kill_opens_an_incident_with_the_runbook_of_that_version(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    app.tamper("UPDATE workflow SET stage = 'opt_in'").await;
    kill(&app, "it promised refunds\nto everybody").await;
    let incident = the_one(&app).await;
    let expected = json!(["desk", 1, "it promised refunds", "kill", "open", 1, "opt_in", "owner"]);
    let found = ["workflow", "number", "title", "kind", "state", "version", "stage", "opened_by"];
    assert_eq!(json!(found.map(|k| incident[k].clone())), expected);
    assert_eq!(text(&incident["opened_at"]), app.now().to_string());
    let history = app.owner().get("/v1/workflows/desk/history").await.ok();
    assert_eq!(incident["transition"], history["transitions"][0]["id"]);
    let steps = json!([
        { "n": 1, "section": "Stop", "text": "Kill it", "done": false },
        { "n": 2, "section": "Stop", "text": "Tell **everybody**", "done": false },
        { "n": 3, "section": "Mend", "text": "Find the cause", "done": false },
    ]);
    assert_eq!((&incident["steps"], &incident["steps_total"], &incident["steps_done"]), (&steps, &json!(3), &json!(0)));
    assert_eq!(timeline(&incident), happened(&[("killed", "owner", "it promised refunds\nto everybody")]));
    let log = app.owner().get("/v1/audit?act=incident.").await.ok();
    assert_eq!((&log["entries"][0]["act"], &log["entries"][0]["object"]), (&json!("incident.opened"), &incident["id"]));
    assert!(!log.to_string().contains("refunds"), "{log}");
}

async fn a_further_kill_adds_to_the_open_incident(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    kill(&app, "first").await;
    kill(&app, "killing what is killed is no news").await;
    resume(&app).await;
    kill(&app, "second").await;
    let incident = the_one(&app).await;
    let expected = [("killed", "owner", "first"), ("resumed", "owner", "mended"), ("killed", "owner", "second")];
    assert_eq!(timeline(&incident), happened(&expected));
    app.owner().post(&path(&incident, "/close"), json!({})).await.ok();
    resume(&app).await;
    kill(&app, "third").await;
    let all = list(&app.owner(), "").await;
    assert_eq!(all.iter().map(|i| i["number"].clone()).collect::<Vec<_>>(), [json!(2), json!(1)]);
    let closed = app.owner().get(&path(&incident, "")).await.ok();
    assert_eq!(timeline(&closed).len(), 4, "what came after the close is not in it");
}

async fn killing_all_opens_one_for_each_workflow(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    app.apply(&TestPack::of("billing")).await;
    app.owner().post("/v1/workflows/all/kill", json!({ "reason": "the provider is down" })).await.ok();
    let all = list(&app.owner(), "").await;
    let mut of: Vec<&str> = all.iter().map(|i| text(&i["workflow"])).collect();
    of.sort_unstable();
    assert_eq!(of, ["billing", "desk"]);
}

async fn a_person_opens_one_and_only_one_at_a_time(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    let dri = app.role("dri").await;
    let new = |title: &str| json!({ "workflow": "desk", "title": title });
    let incident = dri.post("/v1/incidents", new("Odd prices")).await.ok();
    assert_eq!((&incident["kind"], &incident["transition"]), (&json!("manual"), &Value::Null));
    dri.post("/v1/incidents", new("Odd prices again")).await.refused(422, "invalid");
    kill(&app, "they got worse").await;
    let expected = [("opened", "the-dri", "Odd prices"), ("killed", "owner", "they got worse")];
    assert_eq!(timeline(&the_one(&app).await), happened(&expected));
    for title in [" ", &"x".repeat(201), "a\0b"] {
        dri.post("/v1/incidents", new(title)).await.refused(422, "invalid");
    }
    dri.post("/v1/incidents", json!({ "workflow": "nowhere", "title": "x" })).await.refused(404, "not_found");
}

async fn steps_are_ticked_and_unticked_with_who_and_when(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    kill(&app, "wrong").await;
    let incident = the_one(&app).await;
    let dri = app.role("dri").await;
    app.clock.advance(60);
    let ticked = dri.post(&path(&incident, "/steps/2"), json!({ "done": true })).await.ok();
    let step = &ticked["steps"][1];
    assert_eq!((&step["by"], text(&step["at"])), (&json!("the-dri"), app.now().to_string().as_str()));
    assert_eq!(ticked["steps_done"], 1);
    app.owner().post(&path(&incident, "/steps/2"), json!({ "done": true })).await.ok();
    let back = app.owner().post(&path(&incident, "/steps/2"), json!({ "done": false })).await.ok();
    assert_eq!((&back["steps"][1]["by"], &back["steps_done"]), (&Value::Null, &json!(0)));
    let expected = [
        ("killed", "owner", "wrong"),
        ("ticked", "the-dri", "Tell **everybody**"),
        ("unticked", "owner", "Tell **everybody**"),
    ];
    assert_eq!(timeline(&back), happened(&expected), "a tick on what is ticked is none");
    dri.post(&path(&incident, "/steps/4"), json!({ "done": true })).await.refused(404, "not_found");
    dri.post(&path(&incident, "/steps/0"), json!({ "done": true })).await.refused(404, "not_found");
}

async fn words_go_to_the_timeline_until_it_is_closed_and_a_note_at_any_time(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    kill(&app, "wrong").await;
    let incident = the_one(&app).await;
    let dri = app.role("dri").await;
    let noted = dri.post(&path(&incident, "/entries"), json!({ "text": "The article was old." })).await.ok();
    assert_eq!(timeline(&noted)[1], ("note".to_owned(), "the-dri".to_owned(), "The article was old.".to_owned()));
    let closed = dri.post(&path(&incident, "/close"), json!({})).await.ok();
    assert_eq!((&closed["state"], &closed["closed_by"]), (&json!("closed"), &json!("the-dri")));
    for (rest, body) in
        [("/entries", json!({ "text": "x" })), ("/steps/1", json!({ "done": true })), ("/close", json!({}))]
    {
        dri.post(&path(&incident, rest), body).await.refused(422, "invalid");
    }
    resume(&app).await;
    for note in ["Check the article first.", "Check the article, then the prompt."] {
        dri.post(&path(&incident, "/note"), json!({ "note": note })).await.ok();
    }
    let after = the_one(&app).await;
    assert_eq!((&after["note"], &after["note_by"]), (&json!("Check the article, then the prompt."), &json!("the-dri")));
    assert_eq!(timeline(&after).len(), 3);
    for text in ["", " \n", &"x".repeat(20_001)] {
        dri.post(&path(&incident, "/note"), json!({ "note": text })).await.refused(422, "invalid");
    }
    assert_eq!(app.verify().await["ok"], true);
}

async fn the_runbook_stays_as_that_version_had_it(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    kill(&app, "wrong").await;
    let before = the_one(&app).await;
    app.apply(&pack().text("runbook.md", "- Only this\n")).await;
    let after = the_one(&app).await;
    assert_eq!((&after["steps"], &after["version"]), (&before["steps"], &json!(1)));
}

async fn the_list_is_narrowed_and_paged(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    app.apply(&TestPack::of("billing")).await;
    for _ in 0..3 {
        let new = json!({ "workflow": "desk", "title": "again" });
        let opened = app.owner().post("/v1/incidents", new).await.ok();
        app.owner().post(&path(&opened, "/close"), json!({})).await.ok();
    }
    app.owner().post("/v1/incidents", json!({ "workflow": "billing", "title": "theirs" })).await.ok();
    for (query, n) in [("workflow=desk", 3), ("state=open", 1), ("state=closed&workflow=billing", 0), ("", 4)] {
        assert_eq!(list(&app.owner(), query).await.len(), n, "{query}");
    }
    let page = app.owner().get("/v1/incidents?limit=3").await.ok();
    let rest = app.owner().get(&format!("/v1/incidents?cursor={}", text(&page["next_cursor"]))).await.ok();
    assert_eq!((rest["incidents"][0]["number"].clone(), rest.get("next_cursor")), (json!(1), None));
    app.owner().get("/v1/incidents?state=odd").await.refused(422, "invalid");
    app.owner().get("/v1/incidents?workflow=nowhere").await.refused(404, "not_found");
}

async fn an_export_is_whole_and_what_people_typed_is_inert(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    kill(&app, "<script>alert(1)</script> [here](https://evil.example)").await;
    let incident = the_one(&app).await;
    let post = |rest: &str, body: Value| {
        let (owner, path) = (app.owner(), path(&incident, rest));
        async move { owner.post(&path, body).await.ok() }
    };
    post("/steps/1", json!({ "done": true })).await;
    post("/entries", json!({ "text": "# A heading\n\n![](https://evil.example/pixel)" })).await;
    post("/close", json!({})).await;
    post("/note", json!({ "note": "| a | table |\n|---|---|" })).await;
    let reply = app.owner().get(&path(&incident, "/export")).await;
    let markdown = reply.text();
    assert!(markdown.starts_with("# Incident 1 of desk: &lt;script&gt;alert"), "{markdown}");
    for active in ["<script", "](http", "\n# A", "![", "\n| a"] {
        assert!(!markdown.contains(active), "{active:?} in {markdown}");
    }
    let now = app.now();
    for whole in [
        "## Timeline\n",
        "### Stop\n\n- [x] Kill it (owner, ",
        "- [ ] Find the cause",
        "> \\# A heading\\\n>\n> \\!\\[\\]",
        "## What we learned\n\n> \\| a \\| table \\|",
        &format!("- Closed: owner, {now}"),
        "- Runbook: 1 of 3 steps done",
    ] {
        assert!(markdown.contains(whole), "{whole:?} is not in {markdown}");
    }
    let log = app.owner().get("/v1/audit?act=incident.exported").await.ok();
    assert_eq!(log["entries"][0]["object"], incident["id"]);
}

async fn incidents_are_for_those_who_answer_for_the_workflow(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    kill(&app, "wrong").await;
    let incident = the_one(&app).await;
    let other = app.person("other", json!([{ "role": "dri", "workflow": "elsewhere" }]), &[]);
    app.apply(&TestPack::of("elsewhere")).await;
    let other = other.await;
    let auditor = app.role("auditor").await;
    auditor.get(&path(&incident, "")).await.ok();
    auditor.get(&path(&incident, "/export")).await.ok();
    for who in [&auditor, &other] {
        for (rest, body) in [
            ("/steps/1", json!({ "done": true })),
            ("/entries", json!({ "text": "x" })),
            ("/note", json!({ "note": "x" })),
            ("/close", json!({})),
        ] {
            who.post(&path(&incident, rest), body).await.refused(403, "forbidden");
        }
    }
    other.get(&path(&incident, "")).await.refused(403, "forbidden");
    other.get(&path(&incident, "/export")).await.refused(403, "forbidden");
    assert_eq!(list(&other, "").await, Vec::<Value>::new());
    let oncall = app.role("oncall").await;
    assert_eq!(list(&oncall, "").await.len(), 1);
    oncall.post(&path(&incident, "/close"), json!({})).await.refused(403, "forbidden");
    app.role("reviewer").await.get("/v1/incidents").await.refused(403, "forbidden");
    app.owner().get("/v1/incidents/none").await.refused(404, "not_found");
}

async fn kills_and_a_close_at_once_leave_nothing_between(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    kill(&app, "first").await;
    let incident = the_one(&app).await;
    for round in 0..5 {
        resume(&app).await;
        let close = list(&app.owner(), "state=open").await.first().map(|i| path(i, "/close"));
        let (owner, path) = (app.owner(), close.unwrap_or_else(|| self::path(&incident, "/close")));
        tokio::join!(kill(&app, "again"), async { owner.post(&path, json!({})).await });
        assert_eq!(app.workflow("desk").await["killed"], true, "round {round}");
    }
    // Every kill is in exactly one timeline, and in none of those that were closed before it.
    assert_eq!(app.number("SELECT COUNT(*) FROM incident_entry WHERE kind = 'killed'").await, 6);
    let late = "SELECT COUNT(*) FROM incident_entry e JOIN incident_entry c ON c.incident_id = e.incident_id
                WHERE c.kind = 'closed' AND e.seq > c.seq";
    assert_eq!(app.number(late).await, 0);
}

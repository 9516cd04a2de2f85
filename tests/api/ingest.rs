//! Drafts come in.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::ndjson;
use countersign_testkit::feed::Feed;
use countersign_testkit::{App, Draft, Engine, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    the_same_revision_again_is_a_duplicate_and_changes_nothing,
    a_newer_revision_supersedes_and_an_older_one_is_rejected,
    two_revisions_in_one_file_leave_the_newer_one,
    a_newer_revision_takes_the_draft_out_of_the_reviewers_hands,
    a_decided_draft_stays_decided_when_a_newer_revision_comes_in,
    bad_lines_are_reported_by_line_and_field_and_the_good_ones_are_staged,
    a_draft_an_array_an_envelope_and_lines_all_come_in,
    a_summary_counts_what_the_results_list,
    a_duplicate_with_another_text_says_so_and_changes_nothing,
    an_unknown_workflow_is_refused_whole_or_by_line,
    a_row_may_name_its_own_workflow,
    a_row_for_another_workflow_than_the_call_is_rejected_by_line,
    a_deadline_that_has_passed_is_rejected_by_line,
    a_thread_without_messages_and_a_customer_who_says_nothing_are_rejected,
    what_is_wrong_with_a_row_is_said_in_plain_words,
    a_byte_order_mark_is_skipped_wherever_text_comes_in,
    a_compressed_body_is_read_within_the_same_limits,
    what_a_body_is_is_told_by_what_is_in_it,
    an_audience_that_the_stage_does_not_admit_is_rejected,
    unknown_fields_are_kept_as_metadata,
    a_thousand_drafts_with_forty_citations_each_come_in,
    a_row_of_more_than_two_megabytes_is_refused_by_any_road,
    what_comes_beside_the_text_is_bounded_too,
    a_price_that_no_draft_has_is_refused_before_it_overflows_the_sum,
    an_overdue_draft_expires_and_counts_as_such,
    a_draft_that_the_policy_did_not_select_goes_straight_out_with_its_probability,
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|r| r["status"].as_str().unwrap()).collect()
}

async fn the_same_revision_again_is_a_duplicate_and_changes_nothing(engine: Engine) {
    let app = App::start(engine).await;
    let id = app.stage(&Draft::of("t-1")).await;
    let before = app.draft(&id).await;
    let again = app.send([&Draft::of("t-1").text("Another text")]).await;
    assert_eq!((statuses(&again), &again[0]["id"]), (vec!["duplicate"], &json!(id)));
    assert_eq!(app.draft(&id).await["content_hash"], before["content_hash"]);
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "staged": 1 }));
}

async fn a_newer_revision_supersedes_and_an_older_one_is_rejected(engine: Engine) {
    let app = App::start(engine).await;
    let old = app.stage(&Draft::of("t-1").revision("9")).await;
    let newer = app.send([&Draft::of("t-1").revision("10")]).await;
    assert_eq!((statuses(&newer), &newer[0]["supersedes"]), (vec!["created"], &json!(true)));
    assert_eq!(app.draft(&old).await["state"], "superseded");
    let older = app.send([&Draft::of("t-1").revision("8")]).await;
    assert_eq!((statuses(&older), older[0]["error"]["field"].as_str()), (vec!["rejected"], Some("revision")));
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "staged": 1, "superseded": 1 }));
    assert_eq!(app.evidence().await["superseded"], 1);
}

async fn two_revisions_in_one_file_leave_the_newer_one(engine: Engine) {
    let app = App::start(engine).await;
    let rows = [Draft::of("t-1"), Draft::of("t-2"), Draft::of("t-1").revision("2"), Draft::of("t-2")];
    let results = app.send(&rows).await;
    assert_eq!(statuses(&results), ["created", "created", "created", "duplicate"]);
    assert_eq!((results[0].get("supersedes"), &results[2]["supersedes"]), (None, &json!(true)));
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "staged": 2, "superseded": 1 }));
}

async fn a_newer_revision_takes_the_draft_out_of_the_reviewers_hands(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    app.stage(&Draft::of("t-1").revision("2")).await;
    ana.renew(&leased).await.refused(409, "draft_superseded");
    assert_eq!(app.draft(leased["draft"]["id"].as_str().unwrap()).await["held_by"], Value::Null);
    assert_eq!(ana.lease().await["draft"]["revision"], "2");
}

async fn a_decided_draft_stays_decided_when_a_newer_revision_comes_in(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    assert_eq!(statuses(&app.send([&Draft::of("t-1").revision("2")]).await), ["created"]);
    assert_eq!(app.draft(&id).await["state"], "approved");
}

async fn bad_lines_are_reported_by_line_and_field_and_the_good_ones_are_staged(engine: Engine) {
    let app = App::start(engine).await;
    let lines = [
        Draft::of("t-1").to_string(),
        r#"{"external_id": "t-2", "thread": []}"#.to_owned(),
        String::new(),
        "{not json".to_owned(),
        Draft::of("t-3").with("draft", json!({ "text": "Hi", "citations": [{ "source": 7 }] })).to_string(),
        Draft::of("t-4").with("expires_at", "tomorrow").to_string(),
        Draft::of("t-5").to_string(),
    ];
    let reply = app.owner().post_lines("/v1/drafts?workflow=desk", lines.join("\n")).await.ok();
    let seen: Vec<(u64, &str, &str)> = reply["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| {
            let field = r["error"]["field"].as_str().unwrap_or_default();
            (r["line"].as_u64().unwrap(), r["status"].as_str().unwrap(), field)
        })
        .collect();
    let expected = [
        (1, "created", ""),
        (2, "rejected", "draft"),
        (4, "rejected", ""),
        (5, "rejected", "draft.citations[0].source"),
        (6, "rejected", "expires_at"),
        (7, "created", ""),
    ];
    assert_eq!(seen, expected);
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "staged": 2 }));
}

async fn a_draft_an_array_an_envelope_and_lines_all_come_in(engine: Engine) {
    let app = App::start(engine).await;
    let owner = app.owner();
    owner.post("/v1/drafts", (*Draft::of("t-1")).clone()).await.ok();
    owner.post("/v1/drafts", json!([*Draft::of("t-2"), *Draft::of("t-3")])).await.ok();
    owner.post("/v1/drafts", json!({ "workflow": "desk", "drafts": [*Draft::of("t-4")] })).await.ok();
    owner.post_lines("/v1/drafts", ndjson(&[Draft::of("t-5")])).await.ok();
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "staged": 5 }));
}

async fn a_summary_counts_what_the_results_list(engine: Engine) {
    let app = App::start(engine).await;
    let rows = [Draft::of("t-1"), Draft::of("t-1"), Draft::of("t-1").revision("2"), Draft::of("t-2").text(" ")];
    let reply = app.owner().post_lines("/v1/drafts?workflow=desk&summary=true", ndjson(&rows)).await.ok();
    let counts = ["created", "duplicate", "superseded", "rejected"].map(|k| reply[k].as_u64().unwrap());
    assert_eq!(counts, [2, 1, 1, 1]);
    assert_eq!((&reply["duplicate_lines"], &reply["superseding_lines"]), (&json!([2]), &json!([3])));
    assert_eq!((&reply["errors"][0]["line"], &reply["errors"][0]["field"]), (&json!(4), &json!("draft.text")));
}

async fn a_duplicate_with_another_text_says_so_and_changes_nothing(engine: Engine) {
    let app = App::start(engine).await;
    let id = app.stage(&Draft::of("t-1")).await;
    let asked = json!([{ "role": "customer", "name": "Ada", "text": "Another question" }]);
    let rows = [
        Draft::of("t-1"),
        Draft::of("t-1").text("Another text"),
        Draft::of("t-1").with("thread", asked),
        Draft::of("t-1").with("cost_usd", "0.01").with("trace_id", "another try"),
        Draft::of("t-2"),
        Draft::of("t-2").text("Another text"),
    ];
    let results = app.send(&rows).await;
    assert_eq!(statuses(&results), ["duplicate", "duplicate", "duplicate", "duplicate", "created", "duplicate"]);
    let fields: Vec<&str> = results.iter().map(|r| r["error"]["field"].as_str().unwrap_or_default()).collect();
    assert_eq!(fields, ["", "draft.text", "thread", "", "", "draft.text"]);
    assert!(text(&results[1]["error"]["message"]).starts_with("differs from the draft that is here as revision \"1\""));
    assert_eq!(app.draft(&id).await["draft"]["text"], countersign_testkit::drafts::TEXT);
    let summary = app.owner().post_lines("/v1/drafts?workflow=desk&summary=true", ndjson(&rows)).await.ok();
    let lines: Vec<u64> = summary["errors"].as_array().unwrap().iter().map(|e| e["line"].as_u64().unwrap()).collect();
    assert_eq!((lines, &summary["rejected"], &summary["duplicate"]), (vec![2, 3, 6], &json!(0), &json!(6)));
    assert_eq!(summary["duplicate_lines"], json!([1, 2, 3, 4, 5, 6]));
}

async fn an_unknown_workflow_is_refused_whole_or_by_line(engine: Engine) {
    let app = App::start(engine).await;
    let rows = ndjson(&[Draft::of("t-1")]);
    app.owner().post_lines("/v1/drafts?workflow=elsewhere", rows).await.refused(404, "not_found");
    let results = app.send([&Draft::of("t-1").with("workflow", "elsewhere"), &Draft::of("t-2")]).await;
    assert_eq!(statuses(&results), ["rejected", "created"]);
    assert_eq!(results[0]["error"]["field"], "workflow");
}

async fn a_row_may_name_its_own_workflow(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("billing")).await;
    let rows = ndjson(&[Draft::of("t-1").with("workflow", "billing"), Draft::of("t-1").with("workflow", "desk")]);
    app.owner().post_lines("/v1/drafts", rows).await.ok();
    for workflow in ["desk", "billing"] {
        assert_eq!(app.workflow(workflow).await["drafts"], json!({ "staged": 1 }), "{workflow}");
    }
    let nowhere = app.owner().post_lines("/v1/drafts", ndjson(&[Draft::of("t-2")])).await.ok();
    assert_eq!(nowhere["results"][0]["error"]["field"], "workflow");
}

async fn a_row_for_another_workflow_than_the_call_is_rejected_by_line(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("billing")).await;
    let rows =
        [Draft::of("t-1").with("workflow", "billing"), Draft::of("t-2").with("workflow", "desk"), Draft::of("t-3")];
    let reply = app.owner().post_lines("/v1/drafts?workflow=desk", ndjson(&rows)).await.ok();
    let results = reply["results"].as_array().unwrap().clone();
    assert_eq!(statuses(&results), ["rejected", "created", "created"]);
    assert_eq!((&results[0]["line"], &results[0]["error"]["field"]), (&json!(1), &json!("workflow")));
    let said = text(&results[0]["error"]["message"]).to_owned();
    assert!(said.contains("\"billing\"") && said.contains("\"desk\""), "{said}");
    assert_eq!(app.workflow("billing").await["drafts"], json!({}));
    let envelope = json!({ "workflow": "billing", "drafts": [*Draft::of("t-4")] });
    app.owner().post("/v1/drafts?workflow=desk", envelope.clone()).await.refused(422, "invalid");
    app.owner().post("/v1/drafts?workflow=billing", envelope).await.ok();
}

async fn a_deadline_that_has_passed_is_rejected_by_line(engine: Engine) {
    let app = App::start(engine).await;
    let at = |seconds| app.now().plus_seconds(seconds).to_string();
    let rows = [
        Draft::of("t-1").with("expires_at", "2024-02-29T12:00:00Z"),
        Draft::of("t-2").with("expires_at", at(0)),
        Draft::of("t-3").with("expires_at", at(1)),
        Draft::of("t-4").with("expires_at", Value::Null),
    ];
    let results = app.send(&rows).await;
    assert_eq!(statuses(&results), ["rejected", "rejected", "created", "created"]);
    assert_eq!(results[0]["error"]["field"], "expires_at");
    assert!(text(&results[0]["error"]["message"]).starts_with("2024-02-29T12:00:00.000Z has passed"));
    assert_eq!(app.desk.expire_drafts().await.unwrap(), 0);
}

async fn a_thread_without_messages_and_a_customer_who_says_nothing_are_rejected(engine: Engine) {
    let app = App::start(engine).await;
    let thread = |role: &str, said: &str| json!([{ "role": "customer", "text": "Hi" }, { "role": role, "text": said }]);
    let rows = [
        Draft::of("t-1").with("thread", json!([])),
        Draft::of("t-2").with("thread", thread("customer", " \n\u{200b}")),
        Draft::of("t-3").with("thread", thread("tool", "")),
    ];
    let results = app.send(&rows).await;
    assert_eq!(statuses(&results), ["rejected", "rejected", "created"]);
    let fields: Vec<&str> = results.iter().filter_map(|r| r["error"]["field"].as_str()).collect();
    assert_eq!(fields, ["thread", "thread[1].text"]);
}

async fn what_is_wrong_with_a_row_is_said_in_plain_words(engine: Engine) {
    let app = App::start(engine).await;
    let rows = [
        Draft::of("t-1").with("draft", 7),
        Draft::of("t-2").with("thread", json!([{ "role": "bot", "text": "Hi" }])),
        Draft::of("t-3").with("thread", json!(["Hi"])),
        Draft::of("t-4").with("expires_at", "9999-12-31T23:59:59Z"),
        Draft::of("t-5").with("expires_at", "soon"),
        Draft::of("t-6").with("signals", json!([{ "kind": "hunch" }])),
    ];
    let said: Vec<(String, String)> = app
        .send(&rows)
        .await
        .iter()
        .map(|r| (text(&r["error"]["field"]).to_owned(), text(&r["error"]["message"]).to_owned()))
        .collect();
    let fields: Vec<&str> = said.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["draft", "thread[0].role", "thread[0]", "expires_at", "expires_at", "signals[0].kind"]);
    for (_, message) in &said {
        let ours = ["struct", "variant", "enum", "RFC", "line 1", "`"];
        assert!(message.starts_with("expected ") && !ours.iter().any(|word| message.contains(word)), "{message}");
    }
    let body = app.owner().post("/v1/tokens", json!({ "name": "x", "grants": [{ "role": "boss" }] })).await;
    let message = text(&body.refused(422, "invalid")["message"]).to_owned();
    assert!(
        message.contains("grants[0].role: expected \"reviewer\"") && message.ends_with("found \"boss\""),
        "{message}"
    );
}

async fn a_byte_order_mark_is_skipped_wherever_text_comes_in(engine: Engine) {
    let app = App::start(engine).await;
    let owner = app.owner();
    let marked = |text: String| format!("\u{feff}{text}");
    let lines = marked(format!("{}\n\u{feff}{}", *Draft::of("t-1"), *Draft::of("t-2")));
    let results = owner.post_lines("/v1/drafts?workflow=desk", lines).await.ok();
    assert_eq!(statuses(results["results"].as_array().unwrap()), ["created", "created"]);
    for body in [marked(Draft::of("t-3").to_string()), marked(json!([*Draft::of("t-4")]).to_string())] {
        let results = owner.call("POST", "/v1/drafts?workflow=desk", "application/json", body).await.ok();
        assert_eq!(statuses(results["results"].as_array().unwrap()), ["created"]);
    }
    let source = json!({ "id": "desk/new", "text": "New.", "access": ["public"] }).to_string();
    assert_eq!(owner.post_lines("/v1/sources", marked(source)).await.ok()["created"], 1);
    let token = json!({ "name": "x", "grants": [{ "role": "auditor" }] }).to_string();
    owner.call("POST", "/v1/tokens", "application/json", marked(token)).await.ok();
}

async fn a_compressed_body_is_read_within_the_same_limits(engine: Engine) {
    let app = App::start(engine).await;
    let send = async |kind: &'static str, encoding: &'static str, body: Vec<u8>| {
        app.owner().encoded("/v1/drafts?workflow=desk", kind, encoding, body).await
    };
    let (json, lines) = ("application/json", "application/x-ndjson");
    let mut two = gzip(ndjson(&[Draft::of("t-1")]).as_bytes());
    two.extend(gzip(ndjson(&[Draft::of("t-2")]).as_bytes()));
    assert_eq!(statuses(send(lines, "gzip", two).await.ok()["results"].as_array().unwrap()), ["created", "created"]);
    send(json, "gzip", gzip(Draft::of("t-3").to_string().as_bytes())).await.ok();
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "staged": 3 }));
    for kind in [json, lines] {
        send(kind, "br", b"anything".to_vec()).await.refused(415, "unsupported_encoding");
        send(kind, "gzip", ndjson(&[Draft::of("t-4")]).into_bytes()).await.refused(400, "malformed");
        let whole = gzip(ndjson(&[Draft::of("t-4")]).as_bytes());
        send(kind, "gzip", whole[..whole.len() / 2].to_vec()).await.refused(400, "malformed");
        send(kind, "gzip", gzip(&vec![b' '; 70 << 20])).await.refused(413, "too_large");
    }
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "staged": 3 }));
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut out, text).unwrap();
    out.finish().unwrap()
}

async fn what_a_body_is_is_told_by_what_is_in_it(engine: Engine) {
    let app = App::start(engine).await;
    let send = async |kind: &str, body: String| app.owner().call("POST", "/v1/drafts?workflow=desk", kind, body).await;
    let (json, lines, form) = ("application/json", "application/x-ndjson", "application/x-www-form-urlencoded");
    let row = |n: u32| Draft::of(&format!("t-{n}"));
    fn came(reply: &Value) -> Vec<&str> {
        statuses(reply["results"].as_array().unwrap())
    }
    for (n, kind) in [(1, json), (3, form), (5, "")] {
        let body = format!("\u{feff}\n{}\r\nnonsense\n{}", *row(n), *row(n + 1));
        let reply = send(kind, body).await.ok();
        assert_eq!(came(&reply), ["created", "rejected", "created"], "{kind}");
        assert_eq!(reply["results"][1]["line"], 3, "{kind}");
    }
    let reply = send(lines, format!("\n [{},\n {}]", *row(7), *row(8))).await.ok();
    assert_eq!(came(&reply), ["created", "created"]);
    let reply = send(lines, json!({ "workflow": "desk", "drafts": [*row(9)] }).to_string()).await.ok();
    assert_eq!(came(&reply), ["created"]);
    // A first line with a fault in it: rows where the client says so, else that is asked for.
    let broken = format!("{{\"external_id\": \"t-10\"\n{}\n", *row(11));
    let reply = send(lines, broken.clone()).await.ok();
    assert_eq!(came(&reply), ["rejected", "created"]);
    let error = send(form, broken).await.refused(400, "malformed");
    assert!(text(&error["hint"]).contains("application/x-ndjson"), "{error}");
}

async fn an_audience_that_the_stage_does_not_admit_is_rejected(engine: Engine) {
    let app = App::start(engine).await;
    let rows = [
        Draft::of("t-1").with("audience", json!({ "subject": "c-1", "opted_in": true })),
        Draft::of("t-2").with("audience", json!({ "subject": "c-2", "groups": ["staff"] })),
        Draft::of("t-3"),
    ];
    let results = app.send(&rows).await;
    assert_eq!(statuses(&results), ["rejected", "created", "created"]);
    assert_eq!(results[0]["error"]["field"], "audience");
}

async fn unknown_fields_are_kept_as_metadata(engine: Engine) {
    let app = App::start(engine).await;
    let odd = json!({ "deep": [1, { "b": null }] });
    let id = app.stage(&Draft::of("t-1").with("metadata", json!({ "turn": 3 })).with("tenant", odd.clone())).await;
    assert_eq!(app.draft(&id).await["metadata"], json!({ "turn": 3, "tenant": odd }));
}

async fn a_thousand_drafts_with_forty_citations_each_come_in(engine: Engine) {
    let app = App::start(engine).await;
    let citations: Vec<Value> = (0..40).map(|n| json!({ "source": format!("desk/{n}") })).collect();
    let cited = json!({ "text": "See there.", "citations": citations });
    let rows: Vec<Draft> = (0..1_000).map(|n| Draft::of(&format!("t-{n}")).with("draft", cited.clone())).collect();
    let reply = app.owner().post_lines("/v1/drafts?workflow=desk&summary=true", ndjson(&rows)).await.ok();
    assert_eq!((&reply["created"], &reply["rejected"]), (&json!(1_000), &json!(0)));
    assert_eq!(app.number("SELECT COUNT(*) FROM citation").await, 40_000);
}

async fn a_row_of_more_than_two_megabytes_is_refused_by_any_road(engine: Engine) {
    let feed = Feed::start().await;
    let app = App::with(engine, &TestPack::of("desk").pulling_from(feed.url())).await;
    let message = json!({ "role": "customer", "text": "lamp ".repeat(30_000) });
    let long = Draft::of("t-1").with("thread", vec![message; 15]);
    let owner = app.owner();
    let by_lines = owner.post_lines("/v1/drafts", ndjson([&long, &Draft::of("t-2")])).await.ok();
    let by_json = owner.post("/v1/drafts", json!([*long, *Draft::of("t-3")])).await.ok();
    for results in [&by_lines["results"], &by_json["results"]] {
        assert_eq!(statuses(results.as_array().unwrap()), ["rejected", "created"]);
        assert_eq!(results[0]["error"], json!({ "field": "", "message": "longer than 2097152 bytes" }));
    }
    feed.add([&long, &Draft::of("t-4")]);
    assert_eq!(app.desk.pull_due().await.unwrap(), 1);
    let said = app.workflow("desk").await["pulls"][0]["last_error"].clone();
    assert!(said.as_str().unwrap().contains("longer than 2097152 bytes"), "{said}");
}

async fn what_comes_beside_the_text_is_bounded_too(engine: Engine) {
    let app = App::start(engine).await;
    let (name, list) = ("x".repeat(1_001), vec!["staff"; 501]);
    let rows = [
        Draft::of("t-1").with("metadata", json!({ "log": "x".repeat(300_000) })),
        Draft::of("t-2").with("log", "x".repeat(300_000)),
        Draft::of("t-3").with("trace_id", name.clone()),
        Draft::of("t-4").with("model", json!({ "provider": name, "name": "m" })),
        Draft::of("t-5").with("model", json!({ "provider": "p", "name": name })),
        Draft::of("t-6").with("audience", json!({ "groups": list })),
        Draft::of("t-7").with("audience", json!({ "groups": ["staff", name] })),
        Draft::of("t-8").with("audience", json!({ "subject": name })),
        Draft::of("t-9").with("thread", json!([{ "role": "customer", "text": "Hi", "name": name }])),
        Draft::of("t-10").with("sources", json!([{ "id": "s", "title": name }])),
        Draft::of("t-11").with("metadata", json!({ "log": "x".repeat(200_000) })),
    ];
    let results = app.send(&rows).await;
    let fields: Vec<&str> = results.iter().filter_map(|r| r["error"]["field"].as_str()).collect();
    let expected = [
        "metadata",
        "metadata",
        "trace_id",
        "model.provider",
        "model.name",
        "audience.groups",
        "audience.groups[1]",
        "audience.subject",
        "thread[0].name",
        "sources[0].title",
    ];
    assert_eq!((fields, &results[10]["status"]), (expected.to_vec(), &json!("created")));
}

async fn a_price_that_no_draft_has_is_refused_before_it_overflows_the_sum(engine: Engine) {
    let app = App::start(engine).await;
    let rows = [("t-1", "999999999"), ("t-2", "10000.000000001"), ("t-3", "10000")];
    let results = app.send(&rows.map(|(ticket, cost)| Draft::of(ticket).with("cost_usd", cost))).await;
    assert_eq!(statuses(&results), ["rejected", "rejected", "created"]);
    assert_eq!(results[0]["error"]["field"], "cost_usd");
    assert_eq!(app.evidence().await["cost_micro_usd"], 10_000_000_000);
}

async fn an_overdue_draft_expires_and_counts_as_such(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let soon = app.now().plus_seconds(60).to_string();
    let id = app.stage(&Draft::of("t-1").with("expires_at", soon)).await;
    app.stage(&Draft::of("t-2")).await;
    app.clock.advance(61);
    assert_eq!(ana.lease().await["draft"]["external_id"], "t-2", "what is overdue is not handed out");
    assert_eq!(app.desk.expire_drafts().await.unwrap(), 1);
    assert_eq!(app.draft(&id).await["state"], "expired");
    ana.lease_of(&id).await.refused(409, "lease_lost");
    assert_eq!(app.evidence().await["expired"], 1);
    assert_eq!(app.desk.expire_drafts().await.unwrap(), 0);
}

async fn a_draft_that_the_policy_did_not_select_goes_straight_out_with_its_probability(engine: Engine) {
    let pack = TestPack::of("desk").delivering_to("http://127.0.0.1:9/");
    let rate: toml::Table = toml::toml! { internal = 0.000001 opt_in = 1.0 default = 1.0 };
    let app = App::with(engine, &pack.set("review.rate", rate)).await;
    let plain = app.stage(&Draft::of("t-1")).await;
    let doubtful = app.stage(&Draft::of("t-2").doubted("policy")).await;
    let (plain, doubtful) = (app.draft(&plain).await, app.draft(&doubtful).await);
    assert_eq!((&plain["state"], &plain["probability"]), (&json!("unreviewed"), &json!(0.000001)));
    assert_eq!((&plain["delivery"]["state"], &doubtful["delivery"]), (&json!("pending"), &Value::Null));
    assert_eq!((&doubtful["state"], &doubtful["probability"]), (&json!("staged"), &json!(1.0)));
    let evidence = app.evidence().await;
    assert_eq!((evidence["staged"], evidence["unreviewed"]), (2, 1));
    assert!(app.reviewer("ana").await.lease().await["draft"]["external_id"] == "t-2");
}

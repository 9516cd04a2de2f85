//! Citations are checked against what the hub keeps.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{SOURCE, SOURCE_TEXT, verdict};
use countersign_testkit::{App, Draft, Engine, Person, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    a_quote_is_found_across_white_space_case_of_quotes_and_composition,
    a_citation_without_a_quote_stands_if_its_source_does,
    a_quote_that_is_not_in_its_source_is_a_doubt,
    a_source_that_is_not_there_is_a_doubt,
    a_source_that_the_pack_does_not_allow_is_a_doubt_and_its_text_stays_hidden,
    an_internal_source_is_not_readable_and_its_text_stays_hidden,
    a_draft_without_any_citation_says_so_and_points_at_its_claims,
    a_claim_leads_to_what_bears_it_out_and_a_draft_that_only_asks_has_no_mark,
    a_claim_is_held_against_a_named_source_again_when_it_changes,
    a_changed_source_makes_the_content_changed_and_the_text_is_kept,
    what_a_decided_draft_rested_on_is_not_looked_for_in_a_source_that_changed_since,
    a_source_that_comes_later_mends_the_drafts_that_wait_for_it,
    a_source_of_another_workflow_does_not_count,
    a_source_id_is_its_workflows_own,
    a_source_is_read_by_those_whom_its_labels_admit,
    bad_sources_are_reported_by_line_and_the_good_ones_are_kept,
}

async fn bring(app: &App, source: Value) {
    let report = app.owner().post_lines("/v1/sources", source.to_string()).await.ok();
    assert_eq!(report["rejected"], 0, "{report}");
}

/// The first citation's check, and the marks.
async fn checked(app: &App, draft: &Draft) -> (Value, Vec<String>) {
    let id = app.stage(draft).await;
    let draft = app.draft(&id).await;
    let marks = draft["marks"].as_array().unwrap().iter().map(|m| text(m).to_owned()).collect();
    (draft["checks"]["citations"][0].clone(), marks)
}

async fn a_quote_is_found_across_white_space_case_of_quotes_and_composition(engine: Engine) {
    let app = App::start(engine).await;
    let stored = "🛋 Rule 1:\n\n  The cafe\u{301}\u{a0}\tsays “no\u{200b} refunds” \u{2014} ever.";
    bring(&app, json!({ "id": "desk/cafe", "text": stored, "access": ["public"] })).await;
    let quote = "the caf\u{e9} says \"no refunds\" - ever.".replacen('t', "T", 1);
    let (check, marks) = checked(&app, &Draft::of("t-1").citing("desk/cafe", &quote)).await;
    assert_eq!(check["status"], "found", "{check}");
    let passage: String = stored
        .chars()
        .skip(check["start"].as_u64().unwrap() as usize)
        .take((check["end"].as_u64().unwrap() - check["start"].as_u64().unwrap()) as usize)
        .collect();
    assert!(passage.starts_with("The cafe") && passage.ends_with("ever."), "{passage:?}");
    assert!(marks.is_empty(), "{marks:?}");
}

async fn a_citation_without_a_quote_stands_if_its_source_does(engine: Engine) {
    let app = App::start(engine).await;
    let mut draft = Draft::of("t-1");
    draft["draft"]["citations"] = json!([{ "source": SOURCE }]);
    let (check, marks) = checked(&app, &draft).await;
    assert_eq!((&check["status"], marks.len()), (&json!("exists"), 0));
}

async fn a_quote_that_is_not_in_its_source_is_a_doubt(engine: Engine) {
    let app = App::start(engine).await;
    let (check, marks) = checked(&app, &Draft::of("t-1").citing(SOURCE, "within sixty days")).await;
    assert_eq!(check["status"], "no_such_quote");
    assert_eq!(marks, ["no_such_quote", "uncited"]);
}

async fn a_source_that_is_not_there_is_a_doubt(engine: Engine) {
    let app = App::start(engine).await;
    let (check, marks) = checked(&app, &Draft::of("t-1").citing("desk/nowhere", "within thirty days")).await;
    assert_eq!(check["status"], "no_such_source");
    assert_eq!(marks, ["no_such_source", "uncited"]);
}

async fn a_source_that_the_pack_does_not_allow_is_a_doubt_and_its_text_stays_hidden(engine: Engine) {
    let app = App::start(engine).await;
    bring(&app, json!({ "id": "legal/memo", "title": "Memo", "text": "Settle at once.", "access": ["public"] })).await;
    let id = app.stage(&Draft::of("t-1").citing("legal/memo", "Settle at once.")).await;
    let draft = app.reviewer("ana").await.get(&format!("/v1/drafts/{id}")).await.ok();
    assert_eq!(draft["checks"]["citations"][0], json!({ "source": "legal/memo", "status": "not_allowed" }));
    assert_eq!((&draft["stored_sources"], &draft["marks"][0]), (&json!([]), &json!("forbidden_source")));
}

async fn an_internal_source_is_not_readable_and_its_text_stays_hidden(engine: Engine) {
    let app = App::start(engine).await;
    bring(&app, json!({ "id": "desk/margins", "text": "We earn a lot on this.", "access": ["internal"] })).await;
    bring(&app, json!({ "id": "desk/unlabelled", "text": "Nobody said who may read this." })).await;
    for source in ["desk/margins", "desk/unlabelled"] {
        let named = Draft::of(source).citing(source, "this").with("sources", json!([{ "id": source }]));
        let id = app.stage(&named).await;
        let draft = app.draft(&id).await;
        assert_eq!(draft["checks"]["citations"][0], json!({ "source": source, "status": "not_readable" }));
        assert_eq!((&draft["stored_sources"], &draft["marks"][0]), (&json!([]), &json!("forbidden_source")));
    }
}

async fn a_draft_without_any_citation_says_so_and_points_at_its_claims(engine: Engine) {
    let app = App::start(engine).await;
    let mut draft = Draft::of("t-1").text("Hello Ada! 👋 You have 45 days. Is that fine?");
    draft["draft"]["citations"] = json!([]);
    let id = app.stage(&draft).await;
    let seen = app.draft(&id).await;
    assert_eq!(seen["marks"], json!(["uncited_claim", "uncited"]));
    assert_eq!((&seen["checks"]["uncited"], &seen["risk"]), (&json!([{ "start": 22, "end": 29 }]), &json!("high")));
}

/// A draft that cites nothing, after a tool's answer.
fn told(ticket: &str, text: &str) -> Draft {
    let mut draft = Draft::of(ticket).text(text).with("sources", json!([{ "id": SOURCE }]));
    draft["draft"]["citations"] = json!([]);
    draft["thread"] = json!([
        { "role": "customer", "text": "Please cancel order A1234." },
        { "role": "tool_call", "name": "cancel_order", "text": "{\"id\": \"A1234\"}" },
        { "role": "tool", "name": "cancel_order", "text": "{\"id\": \"A1234\", \"refund\": 1250.0}" },
    ]);
    draft
}

async fn a_claim_leads_to_what_bears_it_out_and_a_draft_that_only_asks_has_no_mark(engine: Engine) {
    let app = App::start(engine).await;
    let id = app.stage(&told("t-1", "I have cancelled A1234. You get $1,250 back.")).await;
    let seen = app.draft(&id).await;
    assert_eq!((&seen["marks"], &seen["checks"]["uncited"]), (&json!([]), &json!([])), "{}", seen["checks"]);
    let claims = seen["checks"]["claims"].as_array().unwrap();
    let amount = claims.iter().find(|c| c["kind"] == "amount").unwrap();
    assert_eq!((&amount["status"], &amount["evidence"][0]["message"]), (&json!("supported"), &json!(2)));
    let doubtful = app.stage(&told("t-2", "You get $1,350 back.")).await;
    assert_eq!(app.draft(&doubtful).await["marks"], json!(["uncited_claim", "uncited"]));
    let asks = app.stage(&told("t-3", "Which card should it go to?")).await;
    let asks = app.draft(&asks).await;
    assert_eq!(
        (&asks["marks"], &asks["risk"]),
        (&json!([]), &json!("high")),
        "it cites nothing, which stays high risk"
    );
}

async fn a_claim_is_held_against_a_named_source_again_when_it_changes(engine: Engine) {
    let app = App::start(engine).await;
    let policy = |text: &str| json!({ "id": SOURCE, "title": "Returns", "text": text, "access": ["public"] });
    bring(&app, policy("Passengers can be changed by the customer.")).await;
    let id = app.stage(&told("t-1", "Changing the passengers is not allowed.")).await;
    let before = app.draft(&id).await;
    assert_eq!(before["marks"], json!(["conflict"]), "{}", before["checks"]);
    assert_eq!(before["checks"]["claims"][0]["evidence"][0]["source"], SOURCE);
    bring(&app, policy("Changing passengers is not allowed.")).await;
    let after = app.draft(&id).await;
    assert_eq!(after["marks"], json!([]), "{}", after["checks"]);
    assert_ne!(before["content_hash"], after["content_hash"]);
}

async fn a_changed_source_makes_the_content_changed_and_the_text_is_kept(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    let changed = SOURCE_TEXT.replace("thirty", "fourteen");
    bring(&app, json!({ "id": SOURCE, "title": "Returns", "text": changed, "access": ["public"] })).await;

    let mut approval = verdict(&leased, "approve");
    approval["comment"] = json!("all fine");
    let error = ana.decide(&leased, &approval).await.refused(409, "content_changed");
    assert_eq!(error["kept"]["verdict_id"], approval["verdict_id"]);

    let again = ana.lease_of(&id).await.ok();
    assert_eq!(again["lease"], leased["lease"], "the lease holds all the same");
    assert_eq!(again["draft"]["marks"], json!(["no_such_quote", "uncited"]));
    assert_eq!(again["draft"]["kept"][0]["comment"], "all fine");
    ana.decide(&again, &verdict(&again, "approve")).await.ok();
    assert_eq!(app.draft(&id).await["state"], "approved");
}

async fn what_a_decided_draft_rested_on_is_not_looked_for_in_a_source_that_changed_since(engine: Engine) {
    let app = App::start(engine).await;
    let source = |id: &str, text: &str| json!({ "id": id, "title": "Rules", "text": text, "access": ["public"] });
    let rule = "The service fee is $14 for each order.";
    bring(&app, source("desk/fees", rule)).await;
    bring(&app, source("desk/other", "Something else.")).await;
    let draft = Draft::of("t-1").text("We keep $14. See the rules.").citing(SOURCE, "thirty days");
    let sources = json!([{ "id": "desk/fees" }, { "id": "desk/other" }]);
    let id = app.stage(&draft.with("sources", sources)).await;
    let ana = app.reviewer("ana").await;
    let leased = ana.lease().await;
    ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
    let places = async || {
        let seen = app.draft(&id).await;
        let changed = |id: &str| {
            let all = seen["stored_sources"].as_array().unwrap();
            all.iter().find(|s| s["id"] == id).unwrap()["changed"] == true
        };
        let cited = (seen["checks"]["citations"][0]["start"].is_u64(), changed(SOURCE));
        let claims = seen["checks"]["claims"].as_array().unwrap();
        let amount = claims.iter().find(|c| c["kind"] == "amount").unwrap();
        assert_eq!((&amount["status"], changed("desk/other")), (&json!("supported"), false), "{amount}");
        assert_eq!(seen["checks"]["citations"][0]["status"], "found", "what was found is on record");
        let named = (amount["evidence"].as_array().is_some_and(|e| !e.is_empty()), changed("desk/fees"));
        (cited, named)
    };
    let (there, gone) = ((true, false), (false, true));
    assert_eq!(places().await, (there, there));
    bring(&app, source("desk/fees", &format!("New since May. {rule}"))).await;
    assert_eq!(places().await, (there, gone));
    let moved = format!("Much has changed. {SOURCE_TEXT}");
    bring(&app, json!({ "id": SOURCE, "title": "Returns", "text": moved, "access": ["public"] })).await;
    assert_eq!(places().await, (gone, gone));
    bring(&app, source("desk/fees", rule)).await;
    assert_eq!(places().await, (gone, there), "the text is what it was");
}

async fn a_source_that_comes_later_mends_the_drafts_that_wait_for_it(engine: Engine) {
    let app = App::start(engine).await;
    let id = app.stage(&Draft::of("t-1").citing("desk/late", "better late")).await;
    let before = app.draft(&id).await;
    bring(&app, json!({ "id": "desk/late", "text": "Better never than better late.", "access": ["public"] })).await;
    let after = app.draft(&id).await;
    assert_eq!((&before["risk"], &after["risk"]), (&json!("high"), &json!("normal")));
    assert_ne!(before["content_hash"], after["content_hash"]);
    assert_eq!(after["stored_sources"][0]["text"], "Better never than better late.");
}

async fn a_source_of_another_workflow_does_not_count(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("billing")).await;
    let source = json!({ "id": "desk/theirs", "text": "Only for billing.", "access": ["public"] });
    app.owner().post_lines("/v1/sources?workflow=billing", source.to_string()).await.ok();
    let (check, _) = checked(&app, &Draft::of("t-1").citing("desk/theirs", "Only for billing")).await;
    assert_eq!(check["status"], "no_such_source");
}

async fn a_source_id_is_its_workflows_own(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("billing")).await;
    let bring = async |to: &str, text: &str| {
        let source = json!({ "id": "desk/faq", "text": text, "access": ["public"] });
        let keeper = app.person("keeper", json!([{ "role": "service", "workflow": to }]), &[]).await;
        let path = if to.is_empty() { "/v1/sources".to_owned() } else { format!("/v1/sources?workflow={to}") };
        let who = if to.is_empty() { app.owner() } else { keeper };
        let report = who.post_lines(&path, source.to_string()).await.ok();
        assert_eq!((&report["created"], &report["errors"]), (&json!(1), &json!([])), "{to}");
    };
    bring("billing", "Billing says so.").await;
    let draft = |ticket: &str, quote: &str| Draft::of(ticket).citing("desk/faq", quote);
    let (check, _) = checked(&app, &draft("t-1", "Billing says so")).await;
    assert_eq!(check["status"], "no_such_source");
    app.owner()
        .post_lines("/v1/sources", json!({ "id": "desk/faq", "text": "All say so.", "access": ["public"] }).to_string())
        .await
        .ok();
    let (check, _) = checked(&app, &draft("t-2", "All say so")).await;
    assert_eq!(check["status"], "found", "what is everybody's is there for those who have none of their own");
    bring("desk", "The desk says so.").await;
    let (check, _) = checked(&app, &draft("t-3", "The desk says so")).await;
    assert_eq!(check["status"], "found", "its own comes first");

    let says = async |path: &str| app.owner().get(path).await.ok()["text"].clone();
    assert_eq!(says("/v1/sources/desk%2Ffaq").await, "All say so.");
    assert_eq!(says("/v1/sources/desk%2Ffaq?workflow=desk").await, "The desk says so.");
    assert_eq!(says("/v1/sources/desk%2Ffaq?workflow=billing").await, "Billing says so.");
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.owner().get(&format!("/v1/sources?limit=1{cursor}")).await.ok();
        paged.extend(page["sources"].as_array().unwrap().iter().map(|s| (s["id"].clone(), s["workflow"].clone())));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", next.replace('/', "%2F")),
            None => break,
        }
    }
    let faq = |of: Value| (json!("desk/faq"), of);
    let expected = [faq(Value::Null), faq(json!("billing")), faq(json!("desk")), (json!(SOURCE), Value::Null)];
    assert_eq!(paged, expected);
    let list = app.owner().get("/v1/sources?workflow=billing").await.ok();
    assert_eq!(list["sources"].as_array().unwrap().len(), 3, "its own and everybody's");
}

async fn a_source_is_read_by_those_whom_its_labels_admit(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("billing")).await;
    for (path, id, label) in [
        ("/v1/sources", "desk/open", "public"),
        ("/v1/sources", "desk/legal", "legal"),
        ("/v1/sources?workflow=desk", "desk/margins", "board"),
        ("/v1/sources?workflow=desk", "desk/own", "public"),
    ] {
        let source = json!({ "id": id, "text": "Text.", "access": [label] });
        app.owner().post_lines(path, source.to_string()).await.ok();
    }
    let person = async |role: &str, workflow: &str| {
        app.person(&format!("{role}@{workflow}"), json!([{ "role": role, "workflow": workflow }]), &[]).await
    };
    let status = async |who: &Person, id: &str| who.get(&format!("/v1/sources/desk%2F{id}")).await.status.as_u16();
    for (role, workflow, expected) in [
        ("reviewer", "desk", [200, 403, 403, 200, 404]),
        ("dri", "desk", [200, 403, 200, 200, 404]),
        ("reviewer", "billing", [200, 403, 403, 403, 404]),
        ("dri", "billing", [200, 403, 403, 403, 404]),
    ] {
        let who = person(role, workflow).await;
        for (id, expected) in ["open", "legal", "margins", "own", "none"].into_iter().zip(expected) {
            assert_eq!(status(&who, id).await, expected, "{role} of {workflow}: {id}");
        }
    }
    let refused = person("reviewer", "billing").await.get("/v1/sources/desk%2Fmargins").await;
    assert!(!refused.refused(403, "forbidden").to_string().contains("workflow"), "nobody is told whose it is");
    let auditor = app.role("auditor").await;
    assert_eq!((status(&auditor, "legal").await, status(&auditor, "margins").await), (200, 200));
    let listed = app.reviewer("ben").await.get("/v1/sources").await.ok();
    let ids: Vec<&str> = listed["sources"].as_array().unwrap().iter().map(|s| text(&s["id"])).collect();
    assert_eq!(ids, ["desk/open", "desk/own", SOURCE]);
}

async fn bad_sources_are_reported_by_line_and_the_good_ones_are_kept(engine: Engine) {
    let app = App::start(engine).await;
    let lines = [
        json!({ "id": "desk/a", "text": "A" }).to_string(),
        json!({ "id": "desk/b", "text": "" }).to_string(),
        "{".to_owned(),
        json!({ "id": "desk/c", "text": "C", "access": "public" }).to_string(),
        json!({ "id": "desk/a", "text": "A" }).to_string(),
        json!({ "id": "desk/a", "text": "AA" }).to_string(),
    ];
    let report = app.owner().post_lines("/v1/sources", lines.join("\n")).await.ok();
    let counts = ["created", "updated", "unchanged", "rejected"].map(|k| report[k].as_u64().unwrap());
    assert_eq!(counts, [1, 1, 1, 3]);
    let failed: Vec<u64> = report["errors"].as_array().unwrap().iter().map(|e| e["line"].as_u64().unwrap()).collect();
    assert_eq!(failed, [2, 3, 4]);
    assert_eq!(app.owner().get("/v1/sources/desk%2Fa").await.ok()["text"], "AA");
}

//! Bad input: what is wrong with it is said, nothing of it is run, and nothing else suffers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::body::{Body, Bytes};
use countersign_testkit::drafts::{SOURCE, TEXT, edit, ndjson, verdict};
use countersign_testkit::receiver::Receiver;
use countersign_testkit::{App, Draft, Engine, TestPack, on_both};
use serde_json::{Value, json};

on_both! {
    an_empty_or_truncated_file_brings_in_what_is_whole,
    a_body_that_breaks_off_is_malformed_and_what_came_before_is_staged,
    a_text_of_ten_megabytes_is_refused_wherever_it_comes_in,
    nul_and_lone_surrogates_are_refused_where_they_may_not_be_and_the_other_rows_come_in,
    nul_in_an_id_or_a_query_is_no_fault_of_the_hub,
    wrong_types_are_named_by_field,
    a_key_that_stands_twice_is_refused,
    offsets_past_the_end_or_beside_their_quote_are_refused,
    nesting_without_end_is_refused,
    bytes_that_are_not_utf8_are_refused_by_line,
    hostile_markdown_is_kept_and_given_back_as_it_came,
    hidden_characters_are_marked,
    a_word_without_end_is_found_by_its_beginning_and_looked_for_without_fault,
    a_clock_set_back_neither_frees_a_lease_nor_sends_anything_twice,
    a_newer_schema_is_refused,
    a_pack_with_faults_is_refused_with_all_of_them,
}

/// What became of each line of a file, as (line, status, field).
async fn sent(app: &App, lines: impl Into<Body>) -> Vec<(u64, String, String)> {
    let reply = app.owner().post_lines("/v1/drafts?workflow=desk", lines).await.ok();
    let of = |r: &Value| {
        let word = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        (r["line"].as_u64().unwrap(), word(&r["status"]), word(&r["error"]["field"]))
    };
    reply["results"].as_array().unwrap().iter().map(of).collect()
}

fn created(line: u64) -> (u64, String, String) {
    (line, "created".to_owned(), String::new())
}

fn rejected(line: u64, field: &str) -> (u64, String, String) {
    (line, "rejected".to_owned(), field.to_owned())
}

async fn an_empty_or_truncated_file_brings_in_what_is_whole(engine: Engine) {
    let app = App::start(engine).await;
    for empty in ["", "\n", " \r\n\n"] {
        assert_eq!(sent(&app, empty).await, []);
    }
    let whole = ndjson(&[Draft::of("t-1"), Draft::of("t-2")]);
    let cut = whole[..whole.len() - 40].to_owned();
    let outcome = sent(&app, cut).await;
    assert_eq!((&outcome[0], outcome[1].1.as_str()), (&created(1), "rejected"));
    assert_eq!(sent(&app, whole).await[1], created(2), "the same file again mends it");
    for body in ["", "[", "{}x", "7", "null", "\"a\""] {
        app.owner().call("POST", "/v1/drafts", "application/json", body).await.refused(400, "malformed");
    }
}

async fn a_body_that_breaks_off_is_malformed_and_what_came_before_is_staged(engine: Engine) {
    let app = App::start(engine).await;
    let rows: Vec<Draft> = (0..600).map(|i| Draft::of(&format!("t-{i}"))).collect();
    let (whole, half) = (ndjson(&rows), ndjson(&[Draft::of("half")]));
    let broken = std::io::Error::other("the connection was reset");
    let chunks = [Ok(Bytes::from(whole)), Ok(Bytes::from(half[..30].to_owned())), Err(broken)];
    let body = Body::from_stream(futures::stream::iter(chunks));
    let reply = app.owner().post_lines("/v1/drafts?workflow=desk", body).await;
    assert_eq!((reply.status.as_u16(), reply.code()), (400, "malformed"));
    let again = sent(&app, ndjson(&rows)).await;
    assert!(again.iter().all(|(_, status, _)| status == "created" || status == "duplicate"));
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "staged": 600 }));
    assert_eq!(app.number("SELECT COUNT(*) FROM draft").await, 600);
}

async fn a_text_of_ten_megabytes_is_refused_wherever_it_comes_in(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let big = "palaver ".repeat(10 << 17);
    let rows = [Draft::of("big").text(&big), Draft::of("t-1")];
    assert_eq!(sent(&app, ndjson(&rows)).await, [rejected(1, ""), created(2)]);
    let results = app.owner().post("/v1/drafts", json!([*rows[0], *Draft::of("t-2")])).await.ok()["results"].clone();
    assert_eq!((&results[0]["error"]["field"], &results[1]["status"]), (&json!(""), &json!("created")));
    let bigger = Body::from(vec![b' '; (64 << 20) + 1]);
    app.owner().call("POST", "/v1/drafts", "application/json", bigger).await.refused(413, "too_large");

    let leased = ana.lease().await;
    ana.decide(&leased, &edit(&leased, &big)).await.refused(413, "too_large");
    ana.decide(&leased, &edit(&leased, &big[..300_000])).await.refused(422, "invalid");
    ana.decide(&leased, &edit(&leased, &big[..150_000])).await.ok();
    let source = json!({ "id": "desk/big", "text": big });
    let report = app.owner().post_lines("/v1/sources", source.to_string()).await.ok();
    assert_eq!((&report["rejected"], &report["created"]), (&json!(1), &json!(0)));
}

async fn nul_and_lone_surrogates_are_refused_where_they_may_not_be_and_the_other_rows_come_in(engine: Engine) {
    let app = App::start(engine).await;
    let nul = "a\0b";
    let quoted = |mut draft: Draft, name: &str, value: Value| {
        draft["draft"]["citations"] = json!([{ "source": SOURCE, name: value }]);
        draft
    };
    let rows = [
        Draft::of(nul),
        Draft::of("t-1").revision(nul),
        Draft::of("t-1").text(nul),
        Draft::of("t-1").with("thread", json!([{ "role": "customer", "text": nul }])),
        Draft::of("t-1").with("thread", json!([{ "role": "customer", "text": "x", "name": nul }])),
        quoted(Draft::of("t-1"), "quote", json!(nul)),
        quoted(Draft::of("t-1"), "source", json!(nul)),
        Draft::of("t-1").with("sources", json!([{ "id": nul }])),
        Draft::of("t-1").with("workflow", nul),
        Draft::of("t-1").with("metadata", json!({ "customer": nul })),
        Draft::of("good"),
    ];
    let outcome = sent(&app, ndjson(&rows)).await;
    assert!(outcome[..10].iter().all(|(_, status, field)| status == "rejected" && !field.is_empty()), "{outcome:?}");
    assert_eq!(outcome[10], created(11));

    // Where nothing is done with it, it stays as it came.
    let audience = json!({ "subject": nul, "groups": ["staff"] });
    let odd =
        Draft::of("odd").with("metadata", json!({ "blob": nul })).with("audience", audience).with("trace_id", nul);
    let odd = odd.with("model", json!({ "provider": nul, "name": nul }));
    let odd = odd.with("thread", json!([{ "role": "customer", "text": "x" }]));
    assert_eq!(sent(&app, ndjson(&[odd, Draft::of("beside")])).await, [created(1), created(2)]);

    let lone = ndjson(&[Draft::of("lone").text("HERE")]);
    for surrogate in [r"\ud800", r"\udfff", r"\ud83d", r"\ude00\ud83d"] {
        let row = lone.replace("HERE", surrogate);
        let outcome = sent(&app, format!("{row}{}", *Draft::of(surrogate))).await;
        assert_eq!((outcome[0].1.as_str(), &outcome[1]), ("rejected", &created(2)), "{surrogate}");
    }
    assert_eq!(sent(&app, lone.replace("HERE", r"\ud83d\ude00")).await, [created(1)], "a pair is a character");
}

async fn nul_in_an_id_or_a_query_is_no_fault_of_the_hub(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    let by_id = [
        "drafts/%00",
        "workflows/%00",
        "cases/%00",
        "sources/%00",
        "packs/%00",
        "drafts?workflow=%00",
        "drafts?reviewer=%00",
        "drafts?q=%00",
        "drafts?cursor=%00",
        "cases?reason=%00",
        "cases?action=%00",
        "cases?q=a%00",
        "cases/export?workflow=%00",
        "sources?cursor=%00",
        "deliveries?state=%00",
        "escalations?workflow=%00",
    ];
    for path in by_id {
        let reply = app.owner().get(&format!("/v1/{path}")).await;
        assert!(reply.status.as_u16() < 500, "{path}: {}", reply.text());
    }
    let why = json!({ "reason": "a drill", "note": "done", "final_text": "x" });
    for path in [
        "workflows/%00/kill",
        "workflows/%00/resume",
        "escalations/%00/take",
        "escalations/%00/settle",
        "deliveries/%00/retry",
        "verdicts/%00/withdraw",
        "leases/%00/renew",
        "drafts/%00/diff",
        "drafts?workflow=%00",
    ] {
        let reply = app.owner().post(&format!("/v1/{path}"), why.clone()).await;
        assert!(reply.status.as_u16() < 500, "{path}: {}", reply.text());
    }
    for request in [json!({ "draft_id": "\0" }), json!({ "exclude": ["a\0b"] }), json!({ "workflows": ["\0"] })] {
        let reply = app.reviewer("ben").await.post("/v1/queue/lease", request.clone()).await;
        assert!(reply.status.as_u16() < 500, "{request}: {}", reply.text());
    }
    for field in ["verdict_id", "lease_id", "content_hash"] {
        let mut odd = verdict(&leased, "approve");
        odd[field] = json!("a\0b");
        let reply = ana.decide(&leased, &odd).await;
        assert!([409, 422].contains(&reply.status.as_u16()), "{field}: {}", reply.text());
    }
    let token = json!({ "name": "n", "grants": [{ "role": "reviewer", "workflow": "\0" }], "routes": ["\0"] });
    let reply = app.owner().post("/v1/tokens", token).await;
    assert!(reply.status.as_u16() < 500, "{}", reply.text());
    let source = json!({ "id": "desk/x", "text": "x", "access": ["a\0b"] });
    assert!(app.owner().post_lines("/v1/sources", source.to_string()).await.status.as_u16() < 500);
}

async fn wrong_types_are_named_by_field(engine: Engine) {
    let app = App::start(engine).await;
    let cases = [
        ("external_id", json!(7)),
        ("revision", json!(7)),
        ("thread", json!({})),
        ("thread[0].role", json!("king")),
        ("thread[0].at", json!("yesterday")),
        ("draft", json!("Hello")),
        ("draft.text", json!(null)),
        ("draft.citations", json!("none")),
        ("draft.citations[0].start", json!(-1)),
        ("sources", json!(["a"])),
        ("model", json!("gpt")),
        ("usage", json!(12)),
        ("cost_usd", json!(0.1)),
        ("signals[0].kind", json!("bad feeling")),
        ("audience", json!("everyone")),
        ("metadata", json!([1])),
        ("expires_at", json!(1_700_000_000)),
    ];
    for (path, value) in cases {
        let draft = Draft::of("t-1").doubted("policy");
        let mut row = (*draft).clone();
        let pointer = format!("/{}", path.replace(['.', '['], "/").replace(']', ""));
        match row.pointer_mut(&pointer) {
            Some(place) => *place = value,
            None => {
                let (parent, name) = pointer.rsplit_once('/').unwrap();
                row.pointer_mut(parent).unwrap()[name] = value;
            }
        }
        let outcome = sent(&app, row.to_string()).await;
        assert_eq!(outcome[0].1, "rejected", "{path}");
        assert!(path.starts_with(&outcome[0].2) || outcome[0].2.starts_with(path), "{path}: {outcome:?}");
    }
    assert_eq!(sent(&app, "[1]\n\"a\"\nnull\n7").await.len(), 4);
    assert_eq!(app.workflow("desk").await["drafts"], json!({}));
}

async fn a_key_that_stands_twice_is_refused(engine: Engine) {
    let app = App::start(engine).await;
    let row = Draft::of("t-1").with("tenant", "a").to_string();
    let twice = [
        row.replacen('{', r#"{"external_id": "t-0", "#, 1),
        row.replacen('{', r#"{"tenant": "b", "#, 1),
        row.replace(r#""text":"You"#, r#""text":"Me","text":"You"#),
    ];
    for row in twice {
        assert_eq!(sent(&app, row.clone()).await[0].1, "rejected", "{row}");
    }
    let twice = r#"{"reason":"a","reason":"b"}"#;
    let reply = app.owner().call("POST", "/v1/workflows/desk/kill", "application/json", twice).await;
    reply.refused(422, "invalid");
    assert_eq!(app.workflow("desk").await["killed"], false);
}

async fn offsets_past_the_end_or_beside_their_quote_are_refused(engine: Engine) {
    let app = App::start(engine).await;
    let text = "🪔🪔 ok";
    let at = |start: i64, end: i64| {
        let mut draft = Draft::of(&format!("t-{start}-{end}")).text(text);
        draft["draft"]["citations"] = json!([{ "source": SOURCE, "start": start, "end": end }]);
        draft
    };
    let rows = [at(0, 5), at(0, 6), at(5, 5), at(4, 3), at(0, 4_294_967_296), at(-1, 2)];
    let outcome = sent(&app, ndjson(&rows)).await;
    assert_eq!(outcome[0], created(1), "offsets are characters, not bytes");
    assert!(
        outcome[1..].iter().all(|(_, status, field)| status == "rejected" && field.contains("citations[0]")),
        "{outcome:?}"
    );
    // Where the text has the quote word for word, its place is known: it can't be another.
    let said = |ticket: &str, start: u32, end: u32| {
        let mut draft = Draft::of(ticket).text("🪔🪔 Goods can be sent back within thirty days.");
        draft["draft"]["citations"] =
            json!([{ "source": SOURCE, "quote": "within thirty days", "start": start, "end": end }]);
        draft
    };
    let rows = [said("exact", 26, 44), said("sentence", 3, 45), said("utf-16", 28, 46), said("bytes", 32, 45)];
    let expected =
        [created(1), created(2), rejected(3, "draft.citations[0].end"), rejected(4, "draft.citations[0].start")];
    assert_eq!(sent(&app, ndjson(&rows)).await, expected);
    let mut half = Draft::of("half");
    half["draft"]["citations"] = json!([{ "source": SOURCE, "start": 1 }]);
    let signal = Draft::of("signal").with("signals", json!([{ "kind": "policy", "start": 0, "end": 999 }]));
    let expected = [rejected(1, "draft.citations[0].end"), rejected(2, "signals[0].end")];
    assert_eq!(sent(&app, ndjson(&[half, signal])).await, expected);
}

async fn nesting_without_end_is_refused(engine: Engine) {
    let app = App::start(engine).await;
    for depth in [200, 500_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let row = Draft::of("t-1").with("odd", "DEEP").to_string().replace("\"DEEP\"", &deep);
        assert_eq!(sent(&app, row.clone()).await[0].1, "rejected", "{depth}");
        let reply = app.owner().call("POST", "/v1/drafts", "application/json", row).await;
        assert!([200, 400].contains(&reply.status.as_u16()), "{}", reply.text());
        let reply = app.owner().call("POST", "/v1/queue/lease", "application/json", deep).await;
        assert!([400, 422].contains(&reply.status.as_u16()), "{}", reply.text());
    }
    assert_eq!(app.workflow("desk").await["drafts"], json!({}));
}

async fn bytes_that_are_not_utf8_are_refused_by_line(engine: Engine) {
    let app = App::start(engine).await;
    let mut lines = ndjson(&[Draft::of("t-1"), Draft::of("HERE")]).into_bytes();
    let at = lines.windows(4).position(|w| w == b"HERE").unwrap();
    lines[at] = 0xff;
    lines.extend(ndjson(&[Draft::of("t-3")]).bytes());
    assert_eq!(sent(&app, lines).await, [created(1), rejected(2, ""), created(3)]);
    let odd = b"{\"reason\": \"\xc3\x28\"}".to_vec();
    app.owner().call("POST", "/v1/workflows/desk/kill", "application/json", odd).await.refused(400, "malformed");
}

/// Everything that a renderer could stumble over.
const HOSTILE: &str = "<script>fetch('//evil')</script> [click](javascript:alert(1)) [file](file:///etc/passwd)\n\
    ![pixel](https://evil.example/x.gif) <img src=x onerror=alert(1)> <iframe src=\"data:text/html,x\"></iframe>\n\
    > > > > > > > > deep\n- - - - - - - deeper\n```html\n<b>\n```\n|a|b|\n|-|-|\n&lt;b&gt; \u{202e}evil\u{202c} a\u{200b}b \u{feff}\
    ' OR 1=1; DROP TABLE draft;-- $1 %s {{7*7}} ${jndi:ldap://x}";

async fn hostile_markdown_is_kept_and_given_back_as_it_came(engine: Engine) {
    let receiver = Receiver::start().await;
    let app = App::with(engine, &TestPack::of("desk").delivering_to(receiver.url())).await;
    let ana = app.reviewer("ana").await;
    let thread = json!([{ "role": "customer", "text": HOSTILE, "name": HOSTILE }]);
    let draft = Draft::of("<img src=x onerror=alert(1)>").text(HOSTILE).with("thread", thread.clone());
    let id = app.stage(&draft.with("metadata", json!({ "subject": HOSTILE, "customer": HOSTILE }))).await;
    let leased = ana.lease().await;
    assert_eq!((&leased["draft"]["draft"]["text"], &leased["draft"]["thread"]), (&json!(HOSTILE), &thread));
    ana.decide(&leased, &edit(&leased, &format!("{HOSTILE}!"))).await.ok();
    app.deliver_after_undo().await;
    let seen = app.draft(&id).await;
    assert_eq!(seen["outcome"]["final_text"], format!("{HOSTILE}!"));
    assert_eq!(receiver.received()[0].data()["text"], format!("{HOSTILE}!"));
    let case = app.owner().get("/v1/cases/export?workflow=desk").await;
    assert_eq!(case.body["reference_text"], format!("{HOSTILE}!"));
    assert_eq!(case.body["draft"]["text"], HOSTILE);
    for q in ["%3Cscript%3E", "javascript", "'%20OR%201%3D1", "DROP%20TABLE%20draft"] {
        assert_eq!(ana.get(&format!("/v1/drafts?q={q}")).await.ok()["drafts"].as_array().unwrap().len(), 1, "{q}");
    }
    // Whatever a browser makes of an answer, it is told that it is JSON and nothing else.
    let answer = ana.open("GET", &format!("/v1/drafts/{id}"), "application/json", "").await;
    let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        (header("content-type").as_str(), header("x-content-type-options").as_str()),
        ("application/json", "nosniff")
    );
}

async fn hidden_characters_are_marked(engine: Engine) {
    let app = App::start(engine).await;
    for (i, hidden) in ["\u{202e}", "\u{2066}", "\u{200b}", "\u{feff}", "\u{200f}"].into_iter().enumerate() {
        let id = app.stage(&Draft::of(&format!("t-{i}")).text(&format!("{TEXT} a{hidden}b"))).await;
        assert_eq!(
            app.draft(&id).await["marks"],
            json!(["hidden_text"]),
            "U+{:04X}",
            hidden.chars().next().unwrap() as u32
        );
    }
    let plain = app
        .stage(&Draft::of("plain").text("Grüße 👩\u{200d}🚒, \u{645}\u{631}\u{62d}\u{628}\u{627}\n\tnoch was"))
        .await;
    assert_eq!(app.draft(&plain).await["marks"], json!([]), "an emoji's joiner is part of it");
}

async fn a_clock_set_back_neither_frees_a_lease_nor_sends_anything_twice(engine: Engine) {
    let receiver = Receiver::start().await;
    let app = App::with(engine, &TestPack::of("desk").delivering_to(receiver.url())).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let sent = app.stage(&Draft::of("t-1")).await;
    ana.approve(&sent).await;
    app.deliver_after_undo().await;
    let held = app.stage(&Draft::of("t-2")).await;
    let leased = ana.lease_of(&held).await.ok();

    app.clock.advance(-86_400);
    assert_eq!(app.desk.lapse_leases().await.unwrap(), 0);
    ben.lease_of(&held).await.refused(409, "lease_lost");
    assert!(ben.lease().await.is_null());
    app.deliver().await;
    assert_eq!(receiver.received().len(), 1);
    let outcome = ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
    ana.decide(&leased, &verdict(&leased, "approve")).await.refused(409, "already_decided");
    app.clock.advance(86_400 + 11);
    app.deliver().await;
    app.deliver().await;
    let tickets: Vec<String> = receiver.received().into_iter().map(|r| r.ticket).collect();
    assert_eq!(tickets, ["t-1", "t-2"]);
    ana.withdraw(&outcome).await.refused(409, "already_delivered");
    assert_eq!(app.verify().await["ok"], true);
}

async fn a_newer_schema_is_refused(engine: Engine) {
    let app = App::start(engine).await;
    app.stage(&Draft::of("t-1")).await;
    let (yes, none) = if engine == Engine::Postgres { ("TRUE", "''::bytea") } else { ("1", "X''") };
    app.tamper(&format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'from the future', {yes}, {none}, 0)"
    ))
    .await;
    let address = app.database.clone();
    let folder = tempfile::tempdir().unwrap();
    let mut config = countersign_desk::DeskConfig::new(address, folder.path());
    config.keychain = false;
    let error = countersign_desk::Desk::open(config).await.err().unwrap();
    assert_eq!(error.code(), countersign_desk::Code::Unavailable);
    assert!(error.to_string().contains("schema"), "{error}");
    assert_eq!(app.number("SELECT COUNT(*) FROM draft").await, 1);
}

async fn a_pack_with_faults_is_refused_with_all_of_them(engine: Engine) {
    let app = App::start(engine).await;
    let broken =
        TestPack::of("desk").set("review.lease_seconds", 1).set("review.undo_seconds", "soon").set("review.colour", 1);
    let error = app.owner().post("/v1/packs", json!({ "files": broken.files() })).await.refused(422, "invalid");
    let faults = error["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 3, "{faults:?}");
    assert!(faults.iter().all(|f| f["file"] == "workflow.toml" && f["line"].as_u64() > Some(0)), "{faults:?}");
    for files in [json!({}), json!({ "workflow.toml": "" }), json!({ "workflow.toml": "a = [" }), json!({ "../x": "" })]
    {
        app.owner().post("/v1/packs", json!({ "files": files })).await.refused(422, "invalid");
    }
    assert_eq!(app.workflow("desk").await["version"], 1);
}

async fn a_word_without_end_is_found_by_its_beginning_and_looked_for_without_fault(engine: Engine) {
    let app = App::start(engine).await;
    let word = "lamp".repeat(1_000);
    app.stage(&Draft::of("t-1").text(&format!("It is called {word}."))).await;
    app.stage(&Draft::of("t-2").text("It is called 灯".repeat(900).as_str())).await;
    for (q, found) in [(word.as_str(), 1), (&word[..300], 1), (&"x".repeat(3_000), 0)] {
        let list = app.owner().get(&format!("/v1/drafts?q={q}")).await.ok();
        assert_eq!(list["drafts"].as_array().unwrap().len(), found, "{} letters", q.len());
    }
}

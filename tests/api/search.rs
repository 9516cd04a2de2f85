//! Full-text search over drafts and cases.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::verdict;
use countersign_testkit::{App, Draft, Engine, Person, on_both, text};
use serde_json::json;

on_both! {
    search_finds_words_of_thread_draft_and_ticket,
    words_that_many_drafts_hold_are_found_in_a_lists_order,
    search_finds_words_of_scripts_that_put_no_spaces_between_them,
    a_query_of_signs_finds_nothing_and_no_query_reads_as_a_lost_database,
    drafts_that_an_earlier_program_indexed_are_indexed_again,
    a_search_says_so_while_drafts_are_still_being_indexed,
    many_searches_while_drafts_are_indexed_keep_no_reviewer_waiting,
}

async fn listed(who: &Person, query: &str) -> Vec<String> {
    let list = who.get(&format!("/v1/drafts?{query}")).await.ok();
    list["drafts"].as_array().unwrap().iter().map(|d| text(&d["external_id"]).to_owned()).collect()
}

async fn search_finds_words_of_thread_draft_and_ticket(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let rows = [
        Draft::of("ticket-ÆØ-77").text("Die Überweisung ist unterwegs."),
        Draft::of("t-2").with("thread", json!([{ "role": "customer", "text": "My kettle leaks; the lid's broken" }])),
        Draft::of("t-3").with("metadata", json!({ "subject": "Kettle arrived", "customer": "Zoë" })),
    ];
    app.send(&rows).await;
    assert_eq!(listed(&ana, "q=kettle").await, ["t-2", "t-3"]);
    assert_eq!(listed(&ana, "q=KETTLE%20lid").await, ["t-2"]);
    assert_eq!(listed(&ana, "q=%C3%BCberw").await, ["ticket-ÆØ-77"], "the beginning of a word will do");
    assert_eq!(listed(&ana, "q=zo%C3%AB").await, ["t-3"]);
    assert_eq!(listed(&ana, "q=77").await, ["ticket-ÆØ-77"]);
    for nothing in ["q=kettel", "q=%22%20OR%20*", "q=kettle%20%26%20%7C%20!lamp"] {
        assert!(listed(&ana, nothing).await.len() <= 3, "{nothing}");
    }
    assert!(listed(&ana, "q=kettel").await.is_empty());
}

async fn words_that_many_drafts_hold_are_found_in_a_lists_order(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    // More than are read one by one.
    let rows: Vec<Draft> = (0..1_100).map(|i| Draft::of(&format!("many-{i}"))).collect();
    app.send(&rows).await;
    assert_eq!(listed(&ana, "q=many&sort=newest&limit=2").await, ["many-1099", "many-1098"]);
    assert_eq!(listed(&ana, "q=many&state=staged&limit=2").await, ["many-0", "many-1"]);
    assert_eq!(listed(&ana, "q=many%2077&sort=newest&limit=2").await, ["many-779", "many-778"]);
}

async fn search_finds_words_of_scripts_that_put_no_spaces_between_them(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let said =
        |ticket: &str, said: &str| Draft::of(ticket).with("thread", json!([{ "role": "customer", "text": said }]));
    let rows = [
        said("zh", "你好，我的包裹在哪里？我的iPhone坏了"),
        said("th", "พัสดุของฉันอยู่ที่ไหน"),
        said("ja", "私の荷物はどこですか？ガソリン"),
        said("ko", "제소포가어디에있나요"),
        said("km", "កញ្ចប់របស់ខ្ញុំនៅឯណា"),
        said("hi", "मेरा पार्सल कहाँ है"),
        said("ar", "أين طردي؟"),
        said("de", "Wo ist mein Krankenversicherungsschein?"),
    ];
    for result in app.send(&rows).await {
        ana.approve(text(&result["id"])).await;
    }
    for (q, ticket) in [
        ("包裹", "zh"),
        ("裹", "zh"),
        ("你好 我的包裹在哪里", "zh"),
        ("iphone", "zh"),
        ("พัสดุ", "th"),
        ("ของฉัน", "th"),
        ("อยู่", "th"),
        ("荷物", "ja"),
        ("どこ", "ja"),
        ("カ\u{3099}ソ", "ja"),
        ("소포", "ko"),
        ("របស់", "km"),
        ("पार्सल", "hi"),
        ("طردي", "ar"),
        ("versicherung", "de"),
        ("Schein", "de"),
    ] {
        assert_eq!(listed(&ana, &format!("q={}", encoded(q))).await, [ticket], "{q}");
        let cases = app.owner().get(&format!("/v1/cases?q={}", encoded(q))).await.ok();
        let cases: Vec<&str> = cases["cases"].as_array().unwrap().iter().map(|c| text(&c["external_id"])).collect();
        assert_eq!(cases, [ticket], "{q}");
    }
    for q in ["裹包", "物荷", "ดุพั", "versicherer"] {
        assert!(listed(&ana, &format!("q={}", encoded(q))).await.is_empty(), "{q}");
    }
}

async fn a_query_of_signs_finds_nothing_and_no_query_reads_as_a_lost_database(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-1")).await;
    for q in ["😀", "-", "*", "%", "\"", "((", "-- *", "\u{301}"] {
        assert!(listed(&ana, &format!("q={}", encoded(q))).await.is_empty(), "{q}");
        let cases = app.owner().get(&format!("/v1/cases?q={}", encoded(q))).await.ok();
        assert_eq!(cases["cases"], json!([]), "{q}");
    }
    assert_eq!(listed(&ana, "q=%20").await, ["t-1"], "nothing is asked for");
    let odd = "ⒶﷺẞİK½Ⅷ\u{1e900}\u{30000}\u{16fe4}\u{e31}\u{e48}\u{94d}\u{fdfa}\u{fffd}";
    for sign in (33..127).filter_map(char::from_u32).chain(odd.chars()) {
        for q in [format!("{sign}"), format!("a{sign}b"), format!("'{sign}\"")] {
            ana.get(&format!("/v1/drafts?q={}", encoded(&q))).await.ok();
        }
    }
    for q in ["word ".repeat(300), "字".repeat(300), "x".repeat(3_000), "NEAR(a b) OR NOT c:d".to_owned()] {
        ana.get(&format!("/v1/drafts?q={}", encoded(&q))).await.ok();
    }
}

async fn drafts_that_an_earlier_program_indexed_are_indexed_again(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let rows: Vec<Draft> = (0..30).map(|n| Draft::of(&format!("t-{n:02}")).text("我的包裹在哪里")).collect();
    app.send(&rows).await;
    if engine == Engine::Postgres {
        app.tamper("DELETE FROM draft_words").await;
        app.tamper("INSERT INTO words_due (draft_seq) SELECT seq FROM draft").await;
    }
    while app.desk.index_words().await.unwrap() > 0 {}
    assert_eq!(listed(&ana, &format!("q={}", encoded("包裹"))).await.len(), 30);
}

async fn a_search_says_so_while_drafts_are_still_being_indexed(engine: Engine) {
    let app = App::start(engine).await;
    let rows: Vec<Draft> = (0..2_010).map(|n| Draft::of(&format!("t-{n:04}")).text("Zebra.")).collect();
    app.send(&rows).await;
    let owner = app.owner();
    let whole = owner.get("/v1/drafts?workflow=desk").await.ok();
    assert!(whole["indexing"].is_null(), "a list that searches nothing is whole");
    let found = async |path: &str| owner.get(&format!("{path}?q=zebra&limit=1")).await.ok()["indexing"] == true;
    assert!(found("/v1/drafts").await);
    while app.desk.index_words().await.unwrap() > 0 {}
    for path in ["/v1/drafts", "/v1/cases"] {
        assert!(!found(path).await, "{path}");
    }
    let last = owner.get("/v1/drafts?q=zebra&sort=newest&limit=1").await.ok();
    assert_eq!(last["drafts"][0]["external_id"], "t-2009");
}

async fn many_searches_while_drafts_are_indexed_keep_no_reviewer_waiting(engine: Engine) {
    let app = App::start(engine).await;
    let words: String = (0..400).map(|n| format!("word{n} ")).collect();
    let rows: Vec<Draft> = (0..4_000).map(|n| Draft::of(&format!("t-{n:04}")).text(&words)).collect();
    for rows in rows.chunks(500) {
        app.send(rows).await;
    }
    let (owner, ana) = (app.owner(), app.reviewer("ana").await);
    let search = async || owner.get("/v1/drafts?q=word7&limit=1").await.ok();
    let searches = futures::future::join_all((0..16).map(|_| search()));
    let review = async {
        for _ in 0..10 {
            let leased = ana.lease().await;
            ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
        }
    };
    futures::future::join(searches, review).await;
}

fn encoded(q: &str) -> String {
    q.bytes().map(|b| format!("%{b:02X}")).collect()
}

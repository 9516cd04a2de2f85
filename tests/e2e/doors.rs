//! The same files at the three doors by which drafts come in: command line, HTTP and pull. What is wrong with one is said
//! in one plain line, and is the same line at each.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::cli::begun;
use crate::files::{gzip, row, utf16};
use countersign_testkit::feed::Feed;
use countersign_testkit::{App, Engine, TestPack, text};
use countersign_tests::site::Site;
use serde_json::{Value, json};

const WORKFLOW: &str = "my-replies";
const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

/// A command line over a database of its own, and a hub with a source that it pulls from.
struct Doors {
    site: Site,
    app: App,
    feed: Feed,
}

impl Doors {
    async fn open() -> Self {
        let feed = Feed::start().await;
        let app = App::with(Engine::Sqlite, &TestPack::of(WORKFLOW).pulling_from(feed.url())).await;
        Self { site: begun(), app, feed }
    }

    /// What the command line makes of a file: its exit code, and what it says on stdout and stderr.
    fn import(&self, name: &str, bytes: &[u8]) -> (i32, String, String) {
        std::fs::write(self.site.path().join(name), bytes).unwrap();
        self.site.exit(&["draft", "import", name, "--workflow", WORKFLOW])
    }

    async fn post(&self, kind: &str, bytes: &[u8]) -> countersign_testkit::Reply {
        let path = format!("/v1/drafts?workflow={WORKFLOW}&summary=true");
        self.app.owner().call("POST", &path, kind, bytes.to_vec()).await
    }

    /// How many drafts a pull of this page brings, and what is said of it.
    async fn pull(&self, page: &[u8]) -> (usize, Option<String>) {
        self.feed.answer_next(200, "0", page);
        self.app.clock.advance(60);
        let came = self.app.desk.pull_due().await.unwrap();
        let said = self.app.workflow(WORKFLOW).await["pulls"][0]["last_error"].as_str().map(str::to_owned);
        (came, said)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_another_kind_is_named_in_one_line_at_every_door() {
    let doors = Doors::open().await;
    let lines = format!("{}\n{}\n", row("t-8"), row("t-9"));
    let files: &[(&str, Vec<u8>, &str)] = &[
        ("tickets.csv", b"id,subject,reply\n1,Invoice,\"Under Billing,\"\n2,Refund,No\n".to_vec(), "a CSV table"),
        ("semicolons.csv", b"id;subject\n1;Invoice\n".to_vec(), "a CSV table"),
        ("tabs.tsv", b"id\tsubject\n1\tInvoice\n".to_vec(), "a CSV table"),
        ("program", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0\n\0\n".to_vec(), "a binary file"),
        ("marked.jsonl", [&b"\xff\xfe"[..], &utf16(&lines)].concat(), "UTF-16 text (save it as UTF-8)"),
        ("unmarked.jsonl", utf16(&lines), "UTF-16 text (save it as UTF-8)"),
        ("login.html", b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n".to_vec(), "an HTML page"),
        ("feed.xml", b"<?xml version=\"1.0\"?>\n<tickets/>\n".to_vec(), "XML"),
        ("tickets.xlsx", b"PK\x03\x04\x14\0\x06\0".to_vec(), "a ZIP archive or a spreadsheet"),
        ("tickets.pdf", b"%PDF-1.7\n1 0 obj\n".to_vec(), "a PDF"),
        ("latin1.txt", b"Caf\xe9 ge\xf6ffnet\nZweite Zeile\n".to_vec(), "text without JSON in it"),
    ];
    for (name, bytes, kind) in files {
        let (code, out, said) = doors.import(name, bytes);
        assert_eq!((code, out.as_str(), said.lines().count()), (1, "", 1), "{name}: {said}");
        assert!(said.starts_with(&format!("error: {name} is {kind}; expected one JSON object a line")), "{said}");
        for of in [JSON, LINES] {
            let error = doors.post(of, bytes).await.refused(400, "malformed");
            assert!(text(&error["message"]).starts_with(&format!("the body is {kind}; expected ")), "{name}: {error}");
        }
        let (came, said) = doors.pull(bytes).await;
        let said = said.unwrap();
        assert!(said.starts_with(&format!("the source's page is {kind}, and not JSON: expected ")), "{name}: {said}");
        assert_eq!((came, said.lines().count()), (0, 1), "{name}");
    }
    std::fs::create_dir(doors.site.path().join("folder")).unwrap();
    let (code, _, said) = doors.site.exit(&["draft", "import", "folder", "--workflow", WORKFLOW]);
    assert!(code == 1 && said.starts_with("error: folder is a folder; expected "), "{said}");
    let zipped = gzip(b"id,subject\n1,Invoice\n");
    assert!(doors.import("tickets.csv.gz", &zipped).2.starts_with("error: tickets.csv.gz is a CSV table; "));
    for of in [JSON, LINES] {
        let error = doors.post(of, &zipped).await.refused(400, "malformed");
        assert!(text(&error["message"]).starts_with("the body is compressed with gzip, and doesn't say so; "));
        let path = format!("/v1/drafts?workflow={WORKFLOW}");
        let error = doors.app.owner().encoded(&path, of, "gzip", zipped.clone()).await.refused(400, "malformed");
        assert!(text(&error["message"]).starts_with("the body is a CSV table; "), "{error}");
    }
    assert_eq!(doors.app.workflow(WORKFLOW).await["drafts"], json!({}), "nothing of them came in");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_at_one_door_is_taken_at_every_door() {
    let doors = Doors::open().await;
    let pair = |name: &str| (row(&format!("{name}-1")), row(&format!("{name}-2")));
    let pretty = |value: &Value| serde_json::to_string_pretty(value).unwrap();
    let (a, b, c, d, e) = (pair("a"), pair("b"), pair("c"), pair("d"), pair("e"));
    let (f, g, h) = (pair("f"), pair("g"), pair("h"));
    const FORM: &str = "application/x-www-form-urlencoded";
    let files = [
        ("array.json", JSON, json!([a.0, a.1]).to_string()),
        ("pretty.json", JSON, pretty(&json!([b.0, b.1]))),
        ("page.json", JSON, pretty(&json!({ "drafts": [c.0, c.1] }))),
        ("mark.jsonl", LINES, format!("\u{feff}{}\n{}\n", d.0, d.1)),
        ("windows.jsonl", LINES, format!("{}\r\n\r\n{}\r\n", e.0, e.1)),
        // What a body is, is told by what is in it: a client may say another kind, or what it always says.
        ("form.jsonl", FORM, format!("{}\n{}\n", f.0, f.1)),
        ("array.jsonl", LINES, pretty(&json!([g.0, g.1]))),
        ("page.jsonl", LINES, json!({ "drafts": [h.0, h.1] }).to_string()),
    ];
    for (name, kind, content) in files {
        let (code, out, said) = doors.import(name, content.as_bytes());
        assert!(code == 0 && out.starts_with("2 created"), "{name}: {out}{said}");
        assert_eq!(doors.post(kind, content.as_bytes()).await.ok()["created"], 2, "{name}");
        // The hub has them by now: the same page is all duplicates, and nothing is wrong with it.
        assert_eq!(doors.pull(content.as_bytes()).await, (0, None), "{name}");
        let news = content.replace("-1\"", "-3\"").replace("-2\"", "-4\"");
        assert_eq!(doors.pull(news.as_bytes()).await, (2, None), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_refused_gets_the_same_plain_line_at_every_door() {
    let doors = Doors::open().await;
    let with = |field: &str, value: Value| {
        let mut row = row("t-2");
        row[field] = value;
        row.to_string()
    };
    let cited = |start: u32, end: u32| {
        let cite = json!({ "source": "kb/invoices", "quote": "is under Billing", "start": start, "end": end });
        with("draft", json!({ "text": "Grüße 😀 It is under Billing.", "citations": [cite] }))
    };
    let table = [
        (with("expires_at", json!("2024-02-29T12:00:00Z")), "expires_at: 2024-02-29T12:00:00.000Z has passed"),
        (with("expires_at", json!("soon")), "expires_at: expected a time such as "),
        (with("workflow", json!("billing")), "workflow: this draft is for \"billing\""),
        (with("thread", json!([])), "thread: empty; expected the messages that the reply answers"),
        (
            with("thread", json!([{ "role": "customer", "text": " " }])),
            "thread[0].text: empty; expected what the customer wrote",
        ),
        (with("thread", json!(["Hi"])), "thread[0]: expected an object, found the text \"Hi\""),
        (with("thread", json!([{ "role": "bot", "text": "Hi" }])), "thread[0].role: expected \"customer\", "),
        (with("draft", json!(7)), "draft: expected an object, found the number 7"),
        (
            // Counted in UTF-16 units, and in bytes.
            cited(12, 28),
            "draft.citations[0].start: start 12 and end 28 hold \"s under Billing.\" of draft.text; the quote stands at 11 to 27. \
             They count characters (Unicode code points), not bytes and not UTF-16 units",
        ),
        (cited(16, 28), "draft.citations[0].start: start 16 and end 28 hold \"der Billing.\" of draft.text; the quote"),
        (cited(12, 99), "draft.citations[0].end: expected at most 28, the length of draft.text in characters"),
        (with("external_id", Value::Null), "external_id: "),
        (r#"{"external_id": "t-2", "thread""#.to_owned(), "not JSON"),
    ];
    for (n, (bad, wanted)) in table.into_iter().enumerate() {
        let good = row(&format!("good-{n}"));
        let lines = format!("{good}\n{bad}\n");
        let name = format!("{n}.jsonl");
        let (code, out, said) = doors.import(&name, lines.as_bytes());
        assert!(code == 1 && out.starts_with("1 created, 0 duplicate, 0 superseded, 1 rejected"), "{bad}: {out}");
        let said: Vec<&str> = said.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(said.len(), 1, "{bad}: {said:?}");
        let line = said[0].strip_prefix(&format!("error: {name}:2: ")).unwrap().to_owned();
        assert!(line.starts_with(wanted), "{line}");
        // The moment of the call is all that differs.
        let plain = |line: &str| line.split("; expected a time after ").next().unwrap().to_owned();
        let report = doors.post(LINES, lines.as_bytes()).await.ok();
        assert_eq!(report["errors"].as_array().unwrap().len(), 1, "{report}");
        let error = &report["errors"][0];
        let field = text(&error["field"]);
        let of = if field.is_empty() { String::new() } else { format!("{field}: ") };
        assert_eq!((plain(&format!("{of}{}", text(&error["message"]))), &error["line"]), (plain(&line), &json!(2)));
        let (_, told) = doors.pull(lines.as_bytes()).await;
        let told = told.unwrap();
        let told = told.strip_prefix("1 of 2 drafts were rejected; the first, draft 2: ").unwrap_or(&told);
        assert_eq!(plain(told.trim_start_matches(": ")), plain(&line));
    }
    let again = with("draft", json!({ "text": "Another reply." })).replace("t-2", "good-0");
    let wanted = "draft.text: differs from the draft that is here as revision \"1\"";
    let said = doors.import("again.jsonl", again.as_bytes()).2;
    assert!(said.contains(&format!("again.jsonl:1: {wanted}")), "{said}");
    let report = doors.post(LINES, again.as_bytes()).await.ok();
    assert!(text(&report["errors"][0]["message"]).starts_with(&wanted["draft.text: ".len()..]), "{report}");
    let told = doors.pull(again.as_bytes()).await.1.unwrap();
    assert!(told.contains(&format!("draft 1: {wanted}")), "{told}");
}

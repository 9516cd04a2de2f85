//! Files as people have them, in and out, and pipes that close early.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::cli::begun;
use countersign_tests::site::Site;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

pub(crate) fn row(id: &str) -> Value {
    json!({ "external_id": id, "thread": [{ "role": "customer", "text": "hello" }], "draft": { "text": "Hi." } })
}

fn import(site: &Site, file: &str) -> (i32, String, String) {
    site.exit(&["draft", "import", file, "--workflow", "my-replies"])
}

fn staged(site: &Site) -> Value {
    site.run(&["status", "my-replies"]).unwrap()["workflows"][0]["drafts"]["staged"].clone()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new("gzip").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    child.wait_with_output().unwrap().stdout
}

pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_file_of_another_kind_is_recognised_once_in_one_plain_line() {
    let site = begun();
    let lines = format!("{}\n{}\n", row("t-8"), row("t-9"));
    let with_mark = [&b"\xff\xfe"[..], &utf16(&lines)].concat();
    std::fs::create_dir(site.path().join("folder")).unwrap();
    let kinds: &[(&str, Vec<u8>, &str)] = &[
        ("tickets.csv", b"id,subject,reply\n1,Invoice,\"Under Billing,\"\n2,Refund,No\n".to_vec(), "a CSV table"),
        ("semicolons.csv", b"id;subject\n1;Invoice\n".to_vec(), "a CSV table"),
        ("ls", std::fs::read("/bin/ls").unwrap(), "a binary file"),
        ("marked.jsonl", with_mark, "UTF-16"),
        ("unmarked.jsonl", utf16(&lines), "UTF-16"),
        ("login.html", b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n".to_vec(), "an HTML page"),
        ("feed.xml", b"<?xml version=\"1.0\"?>\n<tickets/>\n".to_vec(), "XML"),
        ("tickets.xlsx", b"PK\x03\x04\x14\0\x06\0".to_vec(), "a spreadsheet"),
        ("tickets.csv.gz", gzip(b"id,subject\n1,Invoice\n"), "a CSV table"),
        ("notes.txt", b"Please answer these tickets today.\n".to_vec(), "text without JSON in it"),
        ("broken.json", format!("[\n{},\n{{\"external_id\": }}\n]", row("t-8")).into_bytes(), "fault in it"),
        ("hub.db", Vec::new(), "an SQLite database"),
        ("folder", Vec::new(), "a folder"),
    ];
    for (name, bytes, kind) in kinds {
        if !bytes.is_empty() {
            std::fs::write(site.path().join(name), bytes).unwrap();
        }
        for args in [&["draft", "import", name, "--workflow", "my-replies"][..], &["source", "import", name]] {
            let (code, out, said) = site.exit(args);
            assert_eq!((code, out.as_str(), said.lines().count()), (1, "", 1), "{name}: {said}");
            assert!(said.starts_with(&format!("error: {name} is ")) && said.contains(kind), "{said}");
        }
    }
    assert_eq!(staged(&site), 1, "nothing of them came in");
}

#[test]
fn arrays_pretty_json_gzip_and_byte_order_marks_are_taken_as_they_are() {
    let site = begun();
    let (a, b) = (|n: usize| row(&format!("a-{n}")), |n: usize| row(&format!("b-{n}")));
    let pretty = |v: &Value| serde_json::to_string_pretty(v).unwrap();
    let files: &[(&str, Vec<u8>)] = &[
        ("array.json", json!([a(0), b(0)]).to_string().into_bytes()),
        ("pretty.json", pretty(&json!([a(1), b(1)])).into_bytes()),
        ("objects.json", format!("{}\n{}\n", pretty(&a(2)), pretty(&b(2))).into_bytes()),
        ("page.json", pretty(&json!({ "cursor": "x", "drafts": [a(3), b(3)] })).into_bytes()),
        ("lines.jsonl.gz", gzip(format!("{}\n{}\n", a(4), b(4)).as_bytes())),
        ("array.json.gz", gzip(json!([a(5), b(5)]).to_string().as_bytes())),
        ("mark.jsonl", format!("\u{feff}{}\n{}\n", a(6), b(6)).into_bytes()),
        ("windows.jsonl", format!("{}\r\n\r\n{}\r\n", a(7), b(7)).into_bytes()),
    ];
    for (name, bytes) in files {
        std::fs::write(site.path().join(name), bytes).unwrap();
        let (code, out, said) = import(&site, name);
        assert!(code == 0 && out.starts_with("2 created"), "{name}: {code} {out}{said}");
    }
    let (code, out, _) =
        site.exit_with(&["draft", "import", "-", "--workflow", "my-replies"], &json!([a(8), b(8)]).to_string());
    assert!(code == 0 && out.starts_with("2 created"), "{out}");
}

#[test]
fn a_rejected_row_is_the_answer_no_and_is_told_by_its_place() {
    let site = begun();
    let bad = json!({ "external_id": "t-4", "thread": [{ "role": "customer", "text": "hello" }] });
    std::fs::write(site.path().join("rows.jsonl"), format!("{}\n\n{bad}\n", row("t-3"))).unwrap();
    let (code, out, said) = import(&site, "rows.jsonl");
    assert!(code == 1 && out.starts_with("1 created"), "{out}");
    assert!(said.contains("error: rows.jsonl:3: draft: "), "{said}");
    std::fs::write(site.path().join("rows.json"), json!([row("t-5"), bad]).to_string()).unwrap();
    let (code, out, said) = import(&site, "rows.json");
    assert!(code == 1 && out.starts_with("1 created"), "{out}");
    assert!(said.contains("error: rows.json, row 2: draft: "), "{said}");
    std::fs::write(site.path().join("sources.jsonl"), "{\"id\": \"kb/a\"}\n").unwrap();
    assert_eq!(site.exit(&["source", "import", "sources.jsonl"]).0, 1);
}

fn export(site: &Site, more: &[&str]) -> (i32, String, String) {
    site.exit(&[&["cases", "export", "--workflow", "my-replies", "--out"], more].concat())
}

#[test]
fn an_output_file_is_never_overwritten_unasked_and_a_link_is_followed() {
    let site = begun();
    let path = |name: &str| site.path().join(name);
    let text = |name: &str| std::fs::read_to_string(path(name)).unwrap();
    assert_eq!(export(&site, &["cases.jsonl"]).0, 0);
    assert_eq!(text("cases.jsonl"), "");
    std::fs::write(path("mine.txt"), "mine").unwrap();
    let (code, _, said) = export(&site, &["mine.txt"]);
    assert_eq!((code, said.lines().count(), text("mine.txt").as_str()), (3, 1, "mine"), "{said}");
    assert!(said.contains("mine.txt is there already; --force overwrites it"), "{said}");
    std::os::unix::fs::symlink("mine.txt", path("link")).unwrap();
    assert_eq!(export(&site, &["link"]).0, 3);
    assert_eq!(export(&site, &["link", "--force"]).0, 0);
    assert_eq!(text("mine.txt"), "");
    assert!(path("link").is_symlink());
    std::os::unix::fs::symlink("new.jsonl", path("new-link")).unwrap();
    assert_eq!(export(&site, &["new-link"]).0, 0);
    assert!(path("new-link").is_symlink() && path("new.jsonl").is_file());
    let (code, out, said) = export(&site, &["-"]);
    assert!(code == 0 && out.is_empty() && said.starts_with("0 cases\n"), "{out}{said}");
    assert!(!path("-").exists());
    for (name, why) in [("/dev/null", "no plain file"), ("/dev/stdout", "no plain file"), (".", "a folder")] {
        let (code, _, said) = export(&site, &[name, "--force"]);
        assert!(code == 3 && said.contains(why) && said.lines().count() == 1, "{name}: {said}");
    }
    assert!(!Path::new("/dev/null").is_file());
}

#[test]
fn a_pipe_that_closes_early_is_no_fault_of_any_command() {
    let site = begun();
    let id = site.run(&["draft", "list"]).unwrap()["drafts"][0]["id"].as_str().unwrap().to_owned();
    let commands: &[&[&str]] = &[
        &["status"],
        &["status", "--json"],
        &["draft", "list"],
        &["draft", "list", "--json"],
        &["draft", "show", &id],
        &["source", "list"],
        &["draft", "import", "drafts.jsonl", "--workflow", "my-replies", "--json"],
        &["pack", "check", "my-replies"],
        &["pack", "apply", "my-replies"],
        &["pack", "show", "my-replies"],
        &["gate", "show", "my-replies"],
        &["gate", "plan", "my-replies"],
        &["escalation", "list"],
        &["delivery", "list"],
        &["cases", "list"],
        &["cases", "export", "--workflow", "my-replies", "--out", "-"],
        &["incident", "list"],
        &["audit", "verify"],
        &["audit", "checkpoint"],
        &["audit", "export"],
        &["token", "create", "--role", "oncall", "--name", "pager"],
        &["token", "list"],
        &["secret", "list"],
        &["kill", "my-replies", "--reason", "x"],
        &["doctor"],
        &["openapi"],
        &["--help"],
    ];
    for args in commands {
        let open = site.exit(args);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = site.command();
        let done = command.env("COUNTERSIGN_DATABASE", site.database()).args(*args);
        let done = done.stdout(writer).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(open.0), "{args:?}: {said}");
        assert!(!said.contains("panicked") && !said.contains("Broken pipe"), "{args:?}: {said}");
    }
    // Nobody reads what goes wrong, either.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = site.command();
    command.args(["status", "nowhere", "--database", site.database()]).stderr(writer);
    assert_eq!(command.output().unwrap().status.code(), Some(3));
}

#[test]
fn what_could_not_be_written_is_not_passed_off_as_done() {
    let site = begun();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let mut command = site.command();
    let done = command.args(["audit", "export", "--database", site.database()]).stdout(full).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(3));
    assert!(said.contains("error: can't write to standard output: No space left"), "{said}");
}

#[test]
fn a_table_in_a_pipe_is_never_cut() {
    let site = begun();
    let long = "a-ticket-with-a-name-that-goes-on-and-on-and-on-well-beyond-sixty-characters".to_owned();
    std::fs::write(site.path().join("long.jsonl"), format!("{}\n", row(&long))).unwrap();
    assert_eq!(import(&site, "long.jsonl").0, 0);
    let (_, out, _) = site.exit(&["draft", "list"]);
    assert!(out.contains(&long) && !out.contains('…'), "{out}");
}

//! A file of rows as people have them: JSON lines, an array, an object over several lines, each gzipped or not. What is
//! of another kind altogether is recognised once, not complained of line by line.

use crate::print::Said;
use anyhow::Context;
use async_compression::tokio::bufread::GzipDecoder;
use countersign_domain::kind::other_kind;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Cursor;
use std::path::Path;
use tokio::io::{AsyncRead, AsyncReadExt, BufReader};

/// As much of a file as tells what it is, unless its first line is longer.
const HEAD: usize = 64 << 10;
/// The longest first line that is looked at.
const LONGEST_HEAD: usize = 4 << 20;
/// A JSON document is read whole; rows of JSON go in at any length.
const MOST_DOCUMENT: usize = 256 << 20;
const EXPECTED: &str = "expected one JSON object a line, or an array of them";

/// Bytes as they come.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;

/// Rows to send.
pub struct Input {
    /// The file's name.
    pub name: String,
    /// One row a line.
    pub rows: Reader,
    /// How many bytes there are, where that is known.
    pub size: Option<u64>,
    /// Whether a row's number is that of its line in the file; otherwise it counts the rows.
    pub by_line: bool,
}

/// Opens a file of rows for a workflow; `-` is standard input. `list` is the key under which an object may hold them.
pub async fn open(file: &Path, list: &str, workflow: Option<&str>) -> anyhow::Result<Input> {
    let is_stdin = file == Path::new("-");
    let name = if is_stdin { "standard input".to_owned() } else { file.display().to_string() };
    let (mut reader, mut size): (Reader, _) = if is_stdin {
        (Box::new(tokio::io::stdin()), None)
    } else {
        let unreadable = || format!("can't read {name}");
        let open = tokio::fs::File::open(file).await.with_context(unreadable)?;
        let meta = open.metadata().await.with_context(unreadable)?;
        if meta.is_dir() {
            return Err(Said::no(format!("{name} is a folder; {EXPECTED}, in a file")).into());
        }
        (Box::new(open), Some(meta.len()))
    };
    let mut head = read_head(&mut reader, &name).await?;
    if head.starts_with(b"\x1f\x8b") {
        let mut decoder = GzipDecoder::new(BufReader::new(Cursor::new(head).chain(reader)));
        decoder.multiple_members(true);
        reader = Box::new(decoder);
        size = None;
        head = read_head(&mut reader, &name).await?;
    }
    if head.starts_with(b"\xef\xbb\xbf") {
        head.drain(..3);
    }
    if let Some(kind) = other_kind(&head) {
        return Err(Said::no(format!("{name} is {kind}; {EXPECTED}")).into());
    }
    if let Some(found) = document(&mut head, &mut reader, &name, list).await? {
        if let Some(theirs) = found.workflow.filter(|theirs| workflow.is_some_and(|mine| mine != theirs)) {
            let mine = workflow.unwrap_or_default();
            return Err(Said::no(format!("{name} is for the workflow {theirs}, and not for {mine}")).into());
        }
        let lines: Vec<u8> = found.rows.concat();
        let size = Some(lines.len() as u64);
        return Ok(Input { name, rows: Box::new(Cursor::new(lines)), size, by_line: false });
    }
    Ok(Input { name, rows: Box::new(Cursor::new(head).chain(reader)), size, by_line: true })
}

/// The beginning, with at least one whole line of it where that isn't too long.
async fn read_head(reader: &mut Reader, name: &str) -> anyhow::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut most = HEAD;
    while head.len() < LONGEST_HEAD {
        more(reader, &mut head, most, name).await?;
        let began = head.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(head.len());
        if head.len() < most || memchr::memchr(b'\n', &head[began..]).is_some() {
            break;
        }
        most *= 2;
    }
    Ok(head)
}

/// Reads on until there are so many bytes, or no more.
async fn more(reader: &mut Reader, into: &mut Vec<u8>, most: usize, name: &str) -> anyhow::Result<()> {
    let left = most.saturating_sub(into.len()) as u64;
    reader.take(left).read_to_end(into).await.with_context(|| format!("can't read {name}"))?;
    Ok(())
}

/// Rows that were in one JSON document.
#[derive(Default)]
struct Document {
    /// Each with a line of its own.
    rows: Vec<Vec<u8>>,
    /// The workflow that the document says they are for.
    workflow: Option<String>,
}

/// The rows of a JSON document, each with a line of its own; none where the file is one of rows.
async fn document(head: &mut Vec<u8>, reader: &mut Reader, name: &str, list: &str) -> anyhow::Result<Option<Document>> {
    let text = head.trim_ascii_start();
    let is_array = text.starts_with(b"[");
    let first = text.split(|b| *b == b'\n').next().unwrap_or_default();
    match serde_json::from_slice::<&RawValue>(first) {
        // A row, unless it is all rows in an object on one line.
        Ok(value) if !is_array && within(value, list).is_none() => return Ok(None),
        Err(e) if !is_array && (text.is_empty() || !e.is_eof()) => return Ok(None),
        _ => more(reader, head, MOST_DOCUMENT, name).await?,
    }
    let values: Result<Vec<&RawValue>, _> = serde_json::Deserializer::from_slice(head).into_iter().collect();
    let values = match values {
        Ok(values) => values,
        // Rows, one of them broken.
        Err(_) if !is_array => return Ok(None),
        Err(_) if head.len() >= MOST_DOCUMENT => {
            let most = MOST_DOCUMENT >> 20;
            return Err(Said::no(format!(
                "{name} is a JSON array of more than {most} MB; put one object on each line"
            ))
            .into());
        }
        Err(e) => {
            return Err(Said::no(format!("{name} is a JSON array with a fault in it: {e}; nothing was sent")).into());
        }
    };
    let mut found = Document::default();
    for value in values {
        match within(value, list) {
            Some((workflow, all)) => {
                found.rows.extend(all.into_iter().map(line));
                found.workflow = found.workflow.or(workflow);
            }
            None => found.rows.push(line(value)),
        }
    }
    Ok(Some(found))
}

/// The rows within an array, or an object such as `{"workflow": "…", "drafts": […]}`, and the workflow that it names.
fn within<'a>(value: &'a RawValue, list: &str) -> Option<(Option<String>, Vec<&'a RawValue>)> {
    let text = value.get();
    if text.starts_with('[') {
        return serde_json::from_str(text).ok().map(|rows| (None, rows));
    }
    let object: HashMap<Cow<'a, str>, &'a RawValue> = serde_json::from_str(text).ok()?;
    let is_row = ["external_id", "id"].iter().any(|key| object.contains_key(*key));
    let rows = object.get(list).filter(|rows| !is_row && rows.get().starts_with('['))?;
    let workflow = object.get("workflow").and_then(|w| serde_json::from_str(w.get()).ok());
    Some((workflow, serde_json::from_str(rows.get()).ok()?))
}

/// A value on one line: between its parts a line end is no more than a space, and within a text JSON allows none.
fn line(value: &RawValue) -> Vec<u8> {
    let mut line: Vec<u8> = value.get().bytes().map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { b }).collect();
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    async fn rows(bytes: &[u8]) -> Result<(String, bool), String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        std::fs::write(&path, bytes).unwrap();
        let mut input = open(&path, "drafts", Some("mine")).await.map_err(|e| e.to_string())?;
        let mut text = String::new();
        input.rows.read_to_string(&mut text).await.unwrap();
        Ok((text, input.by_line))
    }

    #[tokio::test]
    async fn every_form_of_the_same_rows_is_taken() {
        for document in [
            "[{\"a\": 1}, {\"a\": [\n2]}]",
            "\u{feff}[\n  {\"a\": 1},\n  {\"a\": [ 2]}\n]\n",
            "{\n  \"a\": 1\n}\n{\n  \"a\": [ 2]\n}",
            "{\"cursor\": \"x\", \"drafts\": [{\"a\": 1}, {\"a\": [ 2]}]}",
            "{\n\"drafts\":\n[{\"a\": 1}, {\"a\": [ 2]}], \"workflow\": \"mine\"}",
        ] {
            let (text, by_line) = rows(document.as_bytes()).await.unwrap();
            let values: Vec<serde_json::Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
            assert_eq!(values, [serde_json::json!({ "a": 1 }), serde_json::json!({ "a": [2] })], "{document}");
            assert!(!by_line);
        }
    }

    #[tokio::test]
    async fn rows_go_as_they_are_and_a_broken_one_keeps_its_line() {
        for lines in
            ["{\"a\": 1}\n{\"a\": 2}\n", "{\"a\": 1, \"b\": [\n{\"a\": 2}\n", "nonsense\n{\"a\": 1}\n", "", "\n"]
        {
            assert_eq!(rows(lines.as_bytes()).await.unwrap(), (lines.to_owned(), true));
        }
        let speaks = "{\"id\": 1, \"text\": \"drafts\"}\n\n{\"text\": \"drafts\"}\n";
        assert_eq!(rows(speaks.as_bytes()).await.unwrap(), (speaks.to_owned(), true));
        // A row may have such a list, and be longer than what is looked at first.
        let long =
            format!("{{\"external_id\": \"1\", \"drafts\": [], \"text\": \"{}\"}}\n{{}}\n", "x".repeat(3 * HEAD));
        assert_eq!(rows(long.as_bytes()).await.unwrap().0, long);
    }

    #[tokio::test]
    async fn rows_for_another_workflow_are_not_taken_for_this_one() {
        let told = rows(b"{\"workflow\": \"other\", \"drafts\": [{\"a\": 1}]}").await.unwrap_err();
        assert!(told.ends_with("is for the workflow other, and not for mine"), "{told}");
    }

    #[tokio::test]
    async fn a_broken_array_is_told_once_with_its_line() {
        let told = rows(b"[{\"a\": 1},\n{\"a\": }]").await.unwrap_err();
        assert!(told.contains("at line 2") && told.contains("nothing was sent"), "{told}");
    }
}

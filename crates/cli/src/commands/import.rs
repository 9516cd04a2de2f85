//! Files in and files out, as streams.

use super::input::{self, Input};
use super::output::Output;
use super::segment;
use crate::args::Reach;
use crate::door::{Door, Refused, Sent};
use crate::print;
use anyhow::Context;
use axum::http::Method;
use bytes::Bytes;
use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::path::Path;
use std::process::ExitCode;
use tokio::io::{AsyncRead, AsyncReadExt};

const CHUNK: usize = 256 << 10;
/// A request's lines: proxies commonly take no more than 1 MB.
const MOST_BYTES: usize = 900_000;
/// The same towards a hub on this machine, where a request is cheaper the more it brings.
const MOST_BYTES_NEAR: usize = 16 << 20;
/// Longer than the hub takes for a row.
const LONGEST_LINE: usize = (2 << 20) + CHUNK;
const MOST_ERRORS: usize = 1_000;

/// What comes in.
pub struct What<'a> {
    /// The file.
    pub file: &'a Path,
    /// What its rows are called.
    pub list: &'static str,
    /// The workflow that they are for.
    pub workflow: Option<&'a str>,
}

/// Sends a file of rows, in requests that proxies let pass, and prints what became of them. A rejected row is the
/// answer no.
pub async fn run(
    door: &Door,
    reach: &Reach,
    path: &str,
    What { file, list, workflow }: What<'_>,
    counts: &[&str],
) -> anyhow::Result<ExitCode> {
    let Input { name, rows, size, by_line } = input::open(file, list, workflow).await?;
    let bar = size.map_or_else(ProgressBar::no_length, ProgressBar::new);
    // The bar draws itself on stderr, and only on a terminal.
    let bar = bar.with_style(
        ProgressStyle::with_template("{bar:32} {bytes}/{total_bytes}  {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let most = if door.is_near() { MOST_BYTES_NEAR } else { MOST_BYTES };
    let mut parts = Parts { rows, buffer: Vec::new(), ended: false, most };
    let mut report = Value::Null;
    let mut before = 0;
    let so_far = |e: anyhow::Error, before: u64| match before {
        0 => e,
        _ => {
            e.context(format!("the first {before} {} are in, the rest is not", if by_line { "lines" } else { "rows" }))
        }
    };
    loop {
        let part = parts.next().await.with_context(|| format!("can't read {name}"));
        // An empty file is one request too: the workflow's name in it may be wrong.
        let part = part.map_err(|e| so_far(e, before))?.or_else(|| report.is_null().then(Bytes::new));
        let Some(part) = part else { break };
        let (lines, size) = (memchr::memchr_iter(b'\n', &part).count() as u64, part.len() as u64);
        let sent = door.json(Method::POST, path, Sent::Lines(part.clone())).await;
        let told = match sent {
            Ok(told) => told,
            // Not the hub's own refusal: there is a proxy after all. What did arrive is a duplicate then.
            Err(e) if parts.most > MOST_BYTES && e.downcast_ref::<Refused>().is_none_or(|r| r.code.is_empty()) => {
                parts.put_back(&part);
                continue;
            }
            Err(e) => return Err(so_far(e, before)),
        };
        add(&mut report, told, before);
        before += lines;
        bar.inc(size);
    }
    bar.finish_and_clear();
    tell(reach, &report, counts, &name, by_line);
    Ok(ExitCode::from(u8::from(report["rejected"] != 0)))
}

fn tell(reach: &Reach, report: &Value, counts: &[&str], name: &str, by_line: bool) {
    if reach.json {
        return print::out(report);
    }
    print::out(counts.iter().map(|c| format!("{} {c}", report[*c])).collect::<Vec<_>>().join(", "));
    for (what, count) in [("duplicate", "duplicate"), ("superseding", "superseded")] {
        let lines = ranges(&report[format!("{what}_lines")]);
        if report[count] != 0 && !lines.is_empty() {
            let place = if by_line { format!("{name}:{lines}") } else { format!("{name}, rows {lines}") };
            print::note(format!("{what}: {place}"));
        }
    }
    for e in report["errors"].as_array().into_iter().flatten() {
        let field = print::cell(e, "field");
        let field = if field.is_empty() { field } else { format!("{field}: ") };
        let place = if by_line { format!("{name}:{}", e["line"]) } else { format!("{name}, row {}", e["line"]) };
        print::note(format!("error: {place}: {field}{}", print::cell(e, "message")));
    }
    if counts.iter().all(|c| report[*c] == 0) {
        print::note(format!("hint: {name} holds no rows"));
    }
}

/// Line numbers in ascending order, runs of them together: `4, 7-9`; the first of them if there are many.
fn ranges(lines: &Value) -> String {
    const MOST: usize = 20;
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for line in lines.as_array().into_iter().flatten().filter_map(Value::as_u64) {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == line => *last = line,
            _ => runs.push((line, line)),
        }
    }
    let words = |(first, last): &(u64, u64)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    let mut out = runs.iter().take(MOST).map(words).collect::<Vec<_>>().join(", ");
    if runs.len() > MOST {
        out.push_str(", …");
    }
    out
}

/// Adds what became of one request's rows; its lines count from 1, after those of the requests before it.
fn add(report: &mut Value, mut told: Value, before: u64) {
    for e in told.get_mut("errors").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(line) = e["line"].as_u64() {
            e["line"] = json!(line + before);
        }
    }
    for (_, lines) in told.as_object_mut().into_iter().flatten().filter(|(name, _)| name.ends_with("_lines")) {
        for line in lines.as_array_mut().into_iter().flatten() {
            *line = json!(line.as_u64().unwrap_or_default() + before);
        }
    }
    let (Some(all), Some(new)) = (report.as_object_mut(), told.as_object_mut()) else {
        *report = told;
        return;
    };
    for (key, value) in new {
        let held = all.entry(key.clone()).or_insert(Value::Null);
        match (held, value) {
            (Value::Array(held), Value::Array(more)) => {
                held.append(more);
                held.truncate(MOST_ERRORS);
            }
            (held, more) => match (held.as_u64(), more.as_u64()) {
                (Some(a), Some(b)) => *held = json!(a + b),
                _ => *held = more.take(),
            },
        }
    }
}

/// A file in parts of whole lines.
struct Parts<R> {
    rows: R,
    buffer: Vec<u8>,
    ended: bool,
    most: usize,
}

impl<R: AsyncRead + Unpin> Parts<R> {
    /// The next part: as many lines as a request takes. A line that is longer than that is a part of its own, and one
    /// that is longer than any row may be is cut short: the hub refuses it, and the rest goes on.
    async fn next(&mut self) -> std::io::Result<Option<Bytes>> {
        loop {
            let within = &self.buffer[..self.buffer.len().min(self.most)];
            let end = memchr::memrchr(b'\n', within).or_else(|| memchr::memchr(b'\n', &self.buffer)).map(|at| at + 1);
            match end {
                Some(end) if self.buffer.len() >= self.most || self.ended => return Ok(Some(self.take(end))),
                None if self.ended => return Ok((!self.buffer.is_empty()).then(|| self.take(self.buffer.len()))),
                None if self.buffer.len() > LONGEST_LINE => self.buffer.truncate(LONGEST_LINE),
                _ => {}
            }
            let held = self.buffer.len();
            self.buffer.resize(held + CHUNK, 0);
            let read = self.rows.read(&mut self.buffer[held..]).await?;
            self.buffer.truncate(held + read);
            self.ended = read == 0;
        }
    }

    /// Takes a part back, to be sent in smaller ones.
    fn put_back(&mut self, part: &[u8]) {
        self.buffer.splice(..0, part.iter().copied());
        self.most = MOST_BYTES;
    }

    fn take(&mut self, end: usize) -> Bytes {
        self.buffer.drain(..end).collect::<Vec<u8>>().into()
    }
}

/// Writes an export, whole or not at all.
pub async fn export(door: &Door, reach: &Reach, workflow: &str, out: &Path, force: bool) -> anyhow::Result<ExitCode> {
    let mut output = Output::open(out, force)?;
    let path = format!("/v1/cases/export?workflow={}&format=jsonl", segment(workflow));
    let (_, mut body) = door.stream(Method::GET, &path, Sent::Nothing).await?;
    let mut cases = 0_u64;
    while let Some(part) = body.next().await {
        let part = part.context("the export broke off; nothing was kept")?;
        cases += memchr::memchr_iter(b'\n', &part).count() as u64;
        if !output.write(&part).context("the export can't be written; nothing was kept")? {
            return Ok(ExitCode::SUCCESS);
        }
    }
    let to_stdout = matches!(output, Output::Stdout);
    output.keep()?;
    match (to_stdout, reach.json) {
        (true, _) => print::note(format!("{cases} cases")),
        (false, true) => print::out(json!({ "cases": cases, "out": out.display().to_string() })),
        (false, false) => print::out(format!("{cases} cases in {}", out.display())),
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a streamed answer as it comes.
pub async fn print_lines(door: &Door, path: &str) -> anyhow::Result<ExitCode> {
    let (_, mut body) = door.stream(Method::GET, path, Sent::Nothing).await?;
    while let Some(part) = body.next().await {
        if !print::raw(&part?) {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    async fn parts(text: &[u8]) -> Vec<Bytes> {
        let mut parts = Parts { rows: text, buffer: Vec::new(), ended: false, most: MOST_BYTES };
        let mut all = Vec::new();
        while let Some(part) = parts.next().await.unwrap() {
            all.push(part);
        }
        all
    }

    #[tokio::test]
    async fn a_file_goes_in_parts_of_whole_lines_that_a_proxy_lets_through() {
        let text: String =
            (0..50_000).map(|n| format!("{{\"row\": {n}, \"text\": \"{}\"}}\n", "x".repeat(40))).collect();
        let parts = parts(text.as_bytes()).await;
        assert!(parts.len() > 2);
        assert!(parts.iter().all(|p| p.len() <= MOST_BYTES && p.ends_with(b"\n")));
        assert_eq!(parts.concat(), text.as_bytes(), "nothing is lost");
    }

    #[tokio::test]
    async fn a_long_line_goes_by_itself_and_an_endless_one_is_cut_short() {
        let long = "y".repeat(MOST_BYTES + 5);
        let endless = "z".repeat(3 * LONGEST_LINE);
        let parts = parts(format!("a\n{long}\n{endless}\nb").as_bytes()).await;
        let sizes: Vec<usize> = parts.iter().map(Bytes::len).collect();
        assert_eq!(&sizes[..2], [2, long.len() + 1]);
        assert!((2 << 20..LONGEST_LINE + 2 * CHUNK).contains(&sizes[2]), "{sizes:?}");
        assert_eq!(parts[parts.len() - 1].as_ref(), b"b");
    }

    #[test]
    fn errors_keep_the_line_of_the_whole_file() {
        let mut report = Value::Null;
        add(&mut report, json!({ "created": 2, "errors": [{ "line": 1, "message": "x" }] }), 0);
        add(&mut report, json!({ "created": 3, "errors": [{ "line": 2, "message": "y" }] }), 10);
        add(&mut report, json!({ "duplicate_lines": [1, 2] }), 10);
        add(&mut report, json!({ "duplicate_lines": [1, 5] }), 12);
        assert_eq!(ranges(&report["duplicate_lines"]), "11-13, 17");
        assert_eq!(report["created"], 5);
        assert_eq!((&report["errors"][0]["line"], &report["errors"][1]["line"]), (&json!(1), &json!(12)));
    }
}

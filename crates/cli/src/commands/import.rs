//! Files in and files out, as streams.

use super::segment;
use crate::args::Reach;
use crate::door::{Door, Sent};
use crate::print;
use anyhow::Context;
use axum::http::Method;
use futures::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use tokio_util::io::ReaderStream;

const CHUNK: usize = 256 << 10;

/// Sends a file of lines and prints what became of them.
pub async fn run(door: &Door, reach: &Reach, path: &str, file: &Path, counts: &[&str]) -> anyhow::Result<ExitCode> {
    let (lines, bar) = if file == Path::new("-") {
        (ReaderStream::with_capacity(tokio::io::stdin(), CHUNK).boxed(), ProgressBar::no_length())
    } else {
        let open = tokio::fs::File::open(file).await.with_context(|| format!("can't read {}", file.display()))?;
        let size = open.metadata().await?.len();
        (ReaderStream::with_capacity(open, CHUNK).boxed(), ProgressBar::new(size))
    };
    // The bar draws itself on stderr, and only on a terminal.
    let bar = bar.with_style(
        ProgressStyle::with_template("{bar:32} {bytes}/{total_bytes}  {eta}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let seen = bar.clone();
    let lines = lines.inspect(move |part| {
        if let Ok(part) = part {
            seen.inc(part.len() as u64);
        }
    });
    let report = door.json(Method::POST, path, Sent::Lines(lines.boxed())).await?;
    bar.finish_and_clear();
    if reach.json {
        print::out(&report);
        return Ok(ExitCode::SUCCESS);
    }
    print::out(counts.iter().map(|c| format!("{} {c}", report[*c])).collect::<Vec<_>>().join(", "));
    for e in report["errors"].as_array().unwrap_or(&Vec::new()) {
        let field = print::cell(e, "field");
        let field = if field.is_empty() { field } else { format!("{field}: ") };
        print::note(format!("error: {}:{}: {field}{}", file.display(), e["line"], print::cell(e, "message")));
    }
    if counts.iter().all(|c| report[*c] == 0) {
        print::note(format!("hint: {} holds no rows", file.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes an export beside its place and moves it there when it is whole.
pub async fn export(door: &Door, reach: &Reach, workflow: &str, out: &Path) -> anyhow::Result<ExitCode> {
    let path = format!("/v1/cases/export?workflow={}&format=jsonl", segment(workflow));
    let (_, mut body) = door.stream(Method::GET, &path, Sent::Nothing).await?;
    let dir = out.parent().filter(|d| !d.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file =
        tempfile::NamedTempFile::new_in(dir).with_context(|| format!("can't write into {}", dir.display()))?;
    let mut cases = 0_u64;
    while let Some(part) = body.next().await {
        let part = part.context("the export broke off; nothing was written")?;
        cases += memchr::memchr_iter(b'\n', &part).count() as u64;
        file.write_all(&part).context("the export can't be written; nothing was kept")?;
    }
    file.as_file().sync_all()?;
    file.persist(out).with_context(|| format!("can't write {}", out.display()))?;
    if reach.json {
        print::out(json!({ "cases": cases, "out": out.display().to_string() }));
    } else {
        print::out(format!("{cases} cases in {}", out.display()));
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a streamed answer as it comes.
pub async fn print_lines(door: &Door, path: &str) -> anyhow::Result<ExitCode> {
    let (_, mut body) = door.stream(Method::GET, path, Sent::Nothing).await?;
    while let Some(part) = body.next().await {
        print::raw(&part?)?;
    }
    Ok(ExitCode::SUCCESS)
}

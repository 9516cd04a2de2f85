//! What people and programs read: data on stdout, everything else on stderr.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what a command line does")]

use crate::door::Refused;
use serde_json::Value;
use std::process::ExitCode;

/// `error: …` and `hint: …`; exit 3, could not.
pub fn failed(e: &anyhow::Error) -> ExitCode {
    let chain: Vec<String> = e.chain().map(ToString::to_string).collect();
    eprintln!("error: {}", chain.join(": "));
    if let Some(hint) = e.downcast_ref::<Refused>().and_then(|r| r.hint.as_ref()) {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(3)
}

/// A line of data.
pub fn out(text: impl std::fmt::Display) {
    println!("{text}");
}

/// A line for people.
pub fn note(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

/// Data as it is, without a line end of its own.
pub fn raw(bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    std::io::stdout().write_all(bytes)
}

/// A table with a heading; columns as wide as they need.
pub fn table(head: &[&str], rows: &[Vec<String>]) {
    let width = |i: usize| {
        rows.iter().map(|r| r.get(i).map_or(0, |c| c.chars().count())).chain([head.get(i).map_or(0, |h| h.len())]).max()
    };
    let widths: Vec<usize> = (0..head.len()).map(|i| width(i).unwrap_or(0).min(60)).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells.iter().zip(&widths).map(|(c, w)| {
            let cut: String = c.chars().filter(|c| !c.is_control()).take(*w).collect();
            format!("{cut}{}", " ".repeat(w - cut.chars().count()))
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    println!("{}", line(head.to_vec()));
    for row in rows {
        println!("{}", line(row.iter().map(String::as_str).collect()));
    }
}

/// A field of a JSON row as text.
pub fn cell(row: &Value, name: &str) -> String {
    match row.get(name) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(list)) => {
            list.iter().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned)).collect::<Vec<_>>().join(" ")
        }
        Some(other) => other.to_string(),
    }
}

/// A list of a JSON answer as a table.
pub fn list(answer: &Value, name: &str, columns: &[&str]) {
    let empty = Vec::new();
    let rows = answer.get(name).and_then(Value::as_array).unwrap_or(&empty);
    if rows.is_empty() {
        note("nothing there");
        return;
    }
    let rows: Vec<Vec<String>> = rows.iter().map(|r| columns.iter().map(|c| cell(r, c)).collect()).collect();
    table(columns, &rows);
    if answer.get("next_cursor").is_some() {
        note("… and more; --json has the cursor");
    }
}

//! What people and programs read: data on stdout, everything else on stderr.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what a command line does")]

use crate::door::Refused;
use countersign_domain::text::is_hidden;
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
    for line in lines(head, rows) {
        println!("{line}");
    }
}

/// A table's lines. Nothing that a cell holds moves what stands beside it: no line end, no direction of writing.
fn lines(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let shown = |text: &str| text.chars().filter(|c| !c.is_control() && !is_hidden(*c)).take(60).collect::<String>();
    let rows: Vec<Vec<String>> = [head.iter().map(|cell| shown(cell)).collect()]
        .into_iter()
        .chain(rows.iter().map(|r| r.iter().map(|c| shown(c)).collect()))
        .collect();
    let width = |i: usize| rows.iter().filter_map(|r| r.get(i)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(c, w)| format!("{c}{}", " ".repeat(w - c.chars().count())));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
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

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn a_cell_can_neither_break_a_table_nor_turn_it_round() {
        let row = ["a\u{202e}gnp.exe\nb".to_owned(), "last".to_owned()];
        assert_eq!(lines(&["name", "next"], &[row.to_vec()]), ["name       next", "agnp.exeb  last"]);
    }
}

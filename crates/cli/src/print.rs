//! What people and programs read: data on stdout, everything else on stderr.

use crate::door::Refused;
use countersign_domain::text::is_hidden;
use serde_json::Value;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

/// Why nothing more goes to stdout: mostly its reader has had enough.
static ENDED: OnceLock<io::Error> = OnceLock::new();
/// As much of a cell as a terminal's table shows.
const MOST_CHARS: usize = 60;

/// Something that the person at the keyboard can mend.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Said {
    /// What is wrong, and what to do.
    pub message: String,
    /// What it exits with.
    pub exit: u8,
}

impl Said {
    /// The answer is no.
    pub fn no(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit: 1 }
    }

    /// It could not be done.
    pub fn could_not(message: impl Into<String>) -> Self {
        Self { message: message.into(), exit: 3 }
    }
}

/// `error: …` and `hint: …`; exit 3, could not, unless the error has its own.
pub fn failed(e: &anyhow::Error) -> ExitCode {
    let mut said: Vec<String> = Vec::new();
    for cause in e.chain().map(ToString::to_string) {
        // Many errors tell their cause themselves.
        if !said.last().is_some_and(|last| last.ends_with(&cause)) {
            said.push(cause);
        }
    }
    note(format!("error: {}", said.join(": ")));
    if let Some(hint) = e.downcast_ref::<Refused>().and_then(|r| r.hint.as_ref()) {
        note(format!("hint: {hint}"));
    }
    ExitCode::from(e.downcast_ref::<Said>().map_or(3, |said| said.exit))
}

/// A line of data.
pub fn out(text: impl std::fmt::Display) {
    raw(format!("{text}\n").as_bytes());
}

/// A line for people.
pub fn note(text: impl std::fmt::Display) {
    // Where nobody reads it, nobody misses it.
    let _ = writeln!(io::stderr(), "{text}");
}

/// Data as it is, without a line end of its own. False once nothing more can be written: whoever has much to say
/// stops then.
pub fn raw(bytes: &[u8]) -> bool {
    if ENDED.get().is_some() {
        return false;
    }
    match io::stdout().write_all(bytes) {
        Ok(()) => true,
        Err(e) => {
            // The first error is the one that counts.
            let _ = ENDED.set(e);
            false
        }
    }
}

/// Writes out what is left. A reader that closed its end, as `head` does, is no fault; a full disk is.
pub fn end(code: ExitCode) -> ExitCode {
    if ENDED.get().is_none()
        && let Err(e) = io::stdout().flush()
    {
        let _ = ENDED.set(e);
    }
    match ENDED.get() {
        Some(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            note(format!("error: can't write to standard output: {e}"));
            ExitCode::from(3)
        }
        _ => code,
    }
}

/// A table with a heading; columns as wide as they need. Whole, but for a terminal.
pub fn table(head: &[&str], rows: &[Vec<String>]) {
    let most = io::stdout().is_terminal().then_some(MOST_CHARS);
    for line in lines(head, rows, most) {
        out(line);
    }
}

/// A table's lines. Nothing that a cell holds moves what stands beside it: no line end, no direction of writing.
fn lines(head: &[&str], rows: &[Vec<String>], most: Option<usize>) -> Vec<String> {
    let shown = |text: &str| {
        let text: String = text.chars().filter(|c| !c.is_control() && !is_hidden(*c)).collect();
        match most {
            Some(most) if text.chars().count() > most => text.chars().take(most - 1).chain(['…']).collect(),
            _ => text,
        }
    };
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
        assert_eq!(lines(&["name", "next"], &[row.to_vec()], None), ["name       next", "agnp.exeb  last"]);
    }

    #[test]
    fn a_long_cell_is_whole_in_a_pipe_and_marked_where_a_terminal_cuts_it() {
        let row = ["a reason that is longer".to_owned(), "last".to_owned()];
        let told = |most| lines(&["why", "next"], &[row.to_vec()], most)[1].clone();
        assert_eq!(told(None), "a reason that is longer  last");
        assert_eq!(told(Some(10)), "a reason …  last");
    }
}

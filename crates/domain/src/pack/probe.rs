//! Probes: drafts with a known fault, one JSON object a line, each a `draft.v1` row with `expected` beside it.

use crate::draft::{Incoming, parse};
use crate::verdict::CATEGORIES;
use serde_json::Value;

/// A draft with a known fault.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Its `external_id` in the pack; reviewers see another.
    pub id: String,
    /// The outcomes that catch the fault: outcome keys, or `edit` or `escalate` for any of them.
    pub expected: Vec<String>,
    /// The draft.
    pub draft: Incoming,
}

/// Reads a file of probes; `Err` says what is wrong on which line.
pub(super) fn probes(text: &str, reasons: &[&str]) -> Result<Vec<Probe>, String> {
    let mut found: Vec<Probe> = Vec::new();
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
        let probe = probe(line, reasons).map_err(|why| format!("line {number}: {why}"))?;
        if found.iter().any(|p| p.id == probe.id) {
            return Err(format!("line {number}: {:?} again", probe.id));
        }
        found.push(probe);
    }
    if found.is_empty() { Err("no probe".to_owned()) } else { Ok(found) }
}

fn probe(line: &str, reasons: &[&str]) -> Result<Probe, String> {
    let mut row: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
    let expected = row.as_object_mut().and_then(|fields| fields.remove("expected"));
    let expected: Vec<String> = expected.and_then(|e| serde_json::from_value(e).ok()).unwrap_or_default();
    let known = |key: &String| {
        let reason = key.strip_prefix("escalate:");
        key == "edit"
            || reason.map_or(*key != "approve" && CATEGORIES.contains(&key.as_str()), |r| reasons.contains(&r))
    };
    if expected.is_empty() || !expected.iter().all(known) {
        return Err(
            "`expected` wants outcomes that catch the fault: edit, edit.GRADE, escalate, escalate:CODE".to_owned()
        );
    }
    let draft = parse(row.to_string().as_bytes()).map_err(|e| e.to_string())?;
    Ok(Probe { id: draft.external_id.clone(), expected, draft })
}

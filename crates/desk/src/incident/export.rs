//! An incident as a Markdown document. Everything that a person typed is inert in it.

use super::{EntryView, IncidentView, StepView};
use countersign_domain::runbook::{inert, inert_lines};
use std::fmt::Write;

pub(super) fn markdown(view: &IncidentView) -> String {
    let i = &view.summary;
    let mut out = format!("# Incident {} of {}: {}\n\n", i.number, inert(&i.workflow), inert(&i.title));
    let what = match i.kind.as_str() {
        "kill" => "a kill",
        "demotion" => "a demotion",
        _ => "hand",
    };
    // Writing to a String can't fail.
    let _ = writeln!(out, "- Opened by {what}: {}, {}", inert(&i.opened_by), i.opened_at);
    match (&i.closed_at, &i.closed_by) {
        (Some(at), Some(by)) => {
            let _ = writeln!(out, "- Closed: {}, {at}", inert(by));
        }
        _ => out.push_str("- Still open\n"),
    }
    let _ = writeln!(out, "- Version {}, stage {}", i.version, inert(&i.stage));
    let _ = writeln!(out, "- Runbook: {} of {} steps done", i.steps_done, i.steps_total);
    out.push_str("\n## Timeline\n\n");
    for entry in &view.entries {
        line(&mut out, entry);
    }
    out.push_str("## Runbook\n");
    let mut under = None;
    for (at, step) in view.steps.iter().enumerate() {
        if at == 0 || under != step.section.as_ref() {
            under = step.section.as_ref();
            let _ = match under {
                Some(section) => write!(out, "\n### {}\n\n", inert(section)),
                None => writeln!(out),
            };
        }
        tick(&mut out, step);
    }
    if let Some(note) = &view.note {
        out.push_str("\n## What we learned\n\n");
        out.push_str(&inert_lines(note));
        out.push('\n');
        if let (Some(by), Some(at)) = (&view.note_by, &view.note_at) {
            let _ = write!(out, "\n{}, {at}\n", inert(by));
        }
    }
    out
}

fn line(out: &mut String, entry: &EntryView) {
    let _ = write!(out, "{}: {} by {}\n\n", entry.at, entry.kind, inert(&entry.actor));
    if !entry.text.is_empty() {
        let _ = write!(out, "{}\n\n", inert_lines(&entry.text));
    }
}

fn tick(out: &mut String, step: &StepView) {
    let mark = if step.done { 'x' } else { ' ' };
    let _ = write!(out, "- [{mark}] {}", inert(&step.text));
    if let (Some(by), Some(at)) = (&step.by, &step.at) {
        let _ = write!(out, " ({}, {at})", inert(by));
    }
    out.push('\n');
}

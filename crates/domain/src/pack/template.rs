//! The pack that a new workflow starts from.

use super::{Pack, PackFiles};
use crate::ids::WorkflowId;

/// A commented pack for a new workflow, ready to be checked, edited and applied.
#[must_use]
pub fn template(id: &WorkflowId) -> PackFiles {
    let files = [
        (Pack::WORKFLOW_FILE, include_str!("template/workflow.toml")),
        ("guidelines.md", include_str!("template/guidelines.md")),
        ("runbook.md", include_str!("template/runbook.md")),
    ];
    let name = name_of(id);
    let filled =
        files.map(|(file, text)| (file.to_owned(), text.replace("{{id}}", id.as_str()).replace("{{name}}", &name)));
    filled.into_iter().collect()
}

/// A first name for people to read, told from the id, so that two new packs aren't called the same.
fn name_of(id: &WorkflowId) -> String {
    let words = id.as_str().replace(['-', '_'], " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

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
    let filled = files.map(|(name, text)| (name.to_owned(), text.replace("{{id}}", id.as_str())));
    filled.into_iter().collect()
}

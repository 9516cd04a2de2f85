//! What tells one pack from another: the hash of what decides drafts, review or counts, and the hash of all of it.
//!
//! Both are taken over parsed values, so that comments, the order of keys and line endings count for nothing.

use serde::Serialize;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

use super::policy::{AudienceRule, FailureBudget, Gate, PerStage, Policy, Review, Routing, Sources};
use super::{MicroUsd, Pack};
use crate::draft::DraftBody;

/// What a version is: evidence counts for as long as none of this changes.
#[derive(Serialize)]
struct Decides<'p> {
    workflow: &'p str,
    audience: &'p PerStage<AudienceRule>,
    sources: &'p Sources,
    policy: &'p Policy,
    routing: &'p Routing,
    review: &'p Review,
    gate: &'p Gate,
    failure_budget: &'p Option<FailureBudget>,
    max_per_sent_usd: Option<MicroUsd>,
    guidelines: Cow<'p, str>,
    probes: Vec<(&'p str, &'p [String], &'p DraftBody)>,
}

/// Hex SHA-256 of what decides drafts, review or counts.
pub(super) fn of_version(pack: &Pack) -> String {
    // What the file of probes is called decides nothing; what is in it does.
    let review = Review { probes: None, ..pack.review.clone() };
    of_json(&Decides {
        workflow: pack.workflow.id.as_str(),
        audience: &pack.audience,
        sources: &pack.sources,
        policy: &pack.policy,
        routing: &pack.routing,
        review: &review,
        gate: &pack.gate,
        failure_budget: &pack.failure_budget,
        max_per_sent_usd: pack.cost.as_ref().and_then(|cost| cost.max_per_sent_usd),
        guidelines: plain(&pack.guidelines),
        probes: probes(pack),
    })
}

/// Hex SHA-256 of everything that a pack says.
pub(super) fn of_revision(pack: &Pack) -> String {
    of_json(&(pack, plain(&pack.guidelines), plain(&pack.runbook), probes(pack)))
}

/// Hex SHA-256 of one text.
pub(super) fn of_text(text: &str) -> String {
    hex::encode(Sha256::digest(plain(text).as_bytes()))
}

fn probes(pack: &Pack) -> Vec<(&str, &[String], &DraftBody)> {
    pack.probes.iter().map(|p| (p.id.as_str(), p.expected.as_slice(), &p.draft.body)).collect()
}

fn of_json(value: &impl Serialize) -> String {
    // Plain structs, whose fields come in the order of their declaration; serialising them can't fail.
    hex::encode(Sha256::digest(serde_json::to_vec(value).unwrap_or_default()))
}

/// Whether two texts read the same, whatever ends their lines.
#[must_use]
pub fn same_text(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

/// A text as people read it: whatever ends its lines, and without what may stand before and after it unseen.
fn plain(text: &str) -> Cow<'_, str> {
    let text = text.trim_start_matches('\u{feff}').trim_end();
    if text.contains('\r') { Cow::Owned(text.replace("\r\n", "\n")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test fails by panicking")]

    use crate::pack::{Pack, PackFiles, template};

    fn files() -> PackFiles {
        let mut files = template(&"desk".parse().expect("an id"));
        files.insert("probes.jsonl".to_owned(), PROBE.to_owned());
        edited(files, "workflow.toml", "# probes = ", "probes = ")
    }

    const PROBE: &str = r#"{"external_id": "p1", "thread": [{"role": "customer", "text": "Hm?"}], "draft": {"text": "No."}, "expected": ["edit"]}"#;

    fn edited(mut files: PackFiles, file: &str, from: &str, to: &str) -> PackFiles {
        let text = files.get_mut(file).expect(file);
        assert!(text.contains(from), "{from:?} in {file}");
        *text = text.replacen(from, to, 1);
        files
    }

    /// Whether the version and the whole differ after a change.
    fn after(file: &str, from: &str, to: &str) -> (bool, bool) {
        let (before, after) = (files(), edited(files(), file, from, to));
        let (before, after) = (Pack::parse(&before).expect("a pack"), Pack::parse(&after).expect("a pack"));
        (before.hash() != after.hash(), before.revision_hash() != after.revision_hash())
    }

    #[test]
    fn what_decides_drafts_review_or_counts_makes_a_version() {
        for (from, to) in [
            ("models = []", "models = [\"openai/gpt-4o\"]"),
            ("allow = [\"desk/*\"]", "allow = [\"desk/*\", \"kb/*\"]"),
            ("pii = \"redact\"", "pii = \"allow\""),
            ("preference = \"cheapest_passing_eval\"", "preference = \"fastest\""),
            ("opt_in = { opted_in = true, groups = [\"staff\"] }", "opt_in = { opted_in = true }"),
            ("default = 0.25", "default = 0.2"),
            ("expires_hours = 48", "expires_hours = 24"),
            ("harm = true", "harm = false"),
            ("min_days = 3", "min_days = 4"),
            ("max = 0.30", "max = 0.31"),
            ("window_days = 28", "window_days = 27"),
            ("max_per_sent_usd = \"0.05\"", "max_per_sent_usd = \"0.06\""),
        ] {
            assert_eq!(after("workflow.toml", from, to), (true, true), "{from} to {to}");
        }
        assert_eq!(after("guidelines.md", "Approve", "Never approve"), (true, true));
        assert_eq!(after("probes.jsonl", "[\"edit\"]", "[\"escalate\"]"), (true, true));
    }

    #[test]
    fn what_decides_none_of_it_makes_a_revision() {
        for (from, to) in [
            ("dri = \"dri@example.com\"", "dri = \"dana@example.com\""),
            ("name = \"Desk\"", "name = \"Replies\""),
            ("monthly_usd = \"200.00\"", "monthly_usd = \"300.00\""),
            ("alert_at = [0.5, 0.8, 1.0]", "alert_at = [1.0]"),
            ("hard_stop = true", "hard_stop = false"),
            ("[cost]", "[alerts]\nslack_url_env = \"SLACK_URL\"\n[cost]"),
            ("[cost]", "[[incident.message]]\nname = \"#support\"\ntext = \"Off.\"\n[cost]"),
            ("[cost]", "[delivery]\nurl = \"https://a.example/\"\nsecret_env = \"SECRET\"\n[cost]"),
            ("[cost]", "[[pull]]\nurl = \"https://a.example/\"\n[cost]"),
        ] {
            assert_eq!(after("workflow.toml", from, to), (false, true), "{from} to {to}");
        }
        assert_eq!(after("runbook.md", "1.", "1. Breathe.\n2."), (false, true));
    }

    #[test]
    fn comments_and_line_endings_make_neither() {
        assert_eq!(after("workflow.toml", "[gate]", "# Strict.\n\n[gate]"), (false, false));
        assert_eq!(after("workflow.toml", "min_days = 3", "min_days    =    0x3"), (false, false));
        let windows = files().into_iter().map(|(name, text)| {
            let text = if name.ends_with(".md") { format!("\u{feff}{text}") } else { text };
            (name, text.replace('\n', "\r\n") + "\r\n")
        });
        let (before, after) =
            (Pack::parse(&files()).expect("a pack"), Pack::parse(&windows.collect()).expect("a pack"));
        assert_eq!((before.hash(), before.revision_hash()), (after.hash(), after.revision_hash()));
        assert_eq!(before.guideline_hash(), after.guideline_hash());
    }
}

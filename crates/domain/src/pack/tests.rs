//! Stories over whole packs: the real one, the template, and many broken ones.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use proptest::prelude::*;

use super::{GateCount, Pack, PackError, PackFiles, Pii, Stage, render_txt, template};
use crate::draft::Audience;
use crate::verdict::Grade;

fn files_in(dir: &str) -> PackFiles {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(dir);
    ["workflow.toml", "guidelines.md", "runbook.md"]
        .map(|name| (name.to_owned(), std::fs::read_to_string(dir.join(name)).expect(name)))
        .into()
}

fn airline_files() -> PackFiles {
    files_in("../../../shared/data/airline/pack")
}

fn airline() -> Pack {
    Pack::parse(&airline_files()).unwrap()
}

fn new_pack() -> PackFiles {
    template(&"first-reply".parse().unwrap())
}

fn errors(files: &PackFiles) -> Vec<PackError> {
    Pack::parse(files).expect_err("the pack is broken")
}

#[test]
fn the_real_pack_is_read_whole() {
    let pack = airline();
    assert_eq!(pack.workflow.id.as_str(), "airline-reply");
    assert_eq!(pack.workflow.dri, "dri@example.com");
    assert!(pack.guidelines.starts_with("# Reviewing airline replies"));
    assert!(pack.runbook.contains("countersign kill airline-reply"));
    assert_eq!(pack.policy.pii, Pii::Redact);
    assert_eq!(pack.policy.models.len(), 2);
    assert_eq!(pack.review.lease_seconds, 300);
    assert_eq!((pack.review.undo_seconds, pack.review.expires_hours), (10, 48));
    assert!(pack.reason("unsafe").unwrap().harm);
    assert_eq!(pack.reason("needs_human").unwrap().to, "tier-2");
    assert!(pack.reason("unknown").is_none());
    assert!(pack.delivery.as_ref().unwrap().allow_private);
    assert_eq!(pack.gate.rates[1].counts, [GateCount::Edit(Grade::Factual), GateCount::EscalateHarm]);
    assert_eq!(pack.failure_budget.as_ref().unwrap().rate, "harm");
    let cost = pack.cost.as_ref().unwrap();
    assert_eq!((cost.monthly_usd.0, cost.max_per_sent_usd.unwrap().0), (200_000_000, 50_000));
    let keys: Vec<_> = pack.reason_keys().into_iter().collect();
    assert_eq!(keys, [("needs_human", 'n'), ("unsafe", 'u'), ("wrong_action", 'w')]);
}

#[test]
fn the_settings_read_the_same_in_json_as_in_toml() {
    let json = serde_json::to_value(airline()).unwrap();
    assert_eq!(json["review"]["rate"]["default"], 0.25);
    assert_eq!(json["review"]["reason"][1]["code"], "wrong_action");
    assert_eq!(json["gate"]["rate"][1]["counts"][1], "escalate:harm");
    assert_eq!(json["cost"]["monthly_usd"], "200.00");
    assert_eq!(json["sources"]["allow"][0], "airline-policy/*");
    assert_eq!(json["routing"]["preference"], "cheapest_passing_eval");
    assert!(json["guidelines"].is_null(), "the texts are served on their own");
}

#[test]
fn each_stage_admits_its_own_audience() {
    let pack = airline();
    let audience = |groups: &[&str], opted_in| Audience {
        subject: None,
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        opted_in,
    };
    let admitted = |who: &Audience| Stage::ALL.map(|stage| pack.admits(stage, who));
    assert_eq!(admitted(&audience(&["staff"], false)), [true, false, true]);
    assert_eq!(admitted(&audience(&[], true)), [false, true, true]);
    assert_eq!(admitted(&audience(&["opted-out"], true)), [false, true, false]);
    assert_eq!(admitted(&audience(&[], false)), [false, false, true]);
}

#[test]
fn a_risky_draft_is_never_reviewed_less() {
    let pack = airline();
    assert_eq!(pack.review_rate(Stage::Default, false), 0.25);
    assert_eq!(pack.review_rate(Stage::Default, true), 1.0);
    let mut files = airline_files();
    edit(&mut files, "risk_rate = { high = 1.0 }", "risk_rate = { high = 0.1 }");
    assert_eq!(Pack::parse(&files).unwrap().review_rate(Stage::Internal, true), 1.0);
}

#[test]
fn only_allowed_sources_may_be_cited() {
    let pack = airline();
    assert!(pack.may_cite("airline-policy/refund"));
    assert!(!pack.may_cite("banking/doc_1"));
}

#[test]
fn the_hash_follows_what_decides_and_the_revisions_hash_all_that_is_named() {
    let (before, mut files) = (airline(), airline_files());
    edit(&mut files, "hard_stop = true", "hard_stop = false");
    let after = Pack::parse(&files).unwrap();
    assert_eq!(before.hash(), after.hash());
    assert_ne!(before.revision_hash(), after.revision_hash());
    assert_eq!(before.guideline_hash(), after.guideline_hash());
    let mut files = airline_files();
    files.insert("notes.md".to_owned(), "Not named by workflow.toml".to_owned());
    assert_eq!(before.revision_hash(), Pack::parse(&files).unwrap().revision_hash());
}

#[test]
fn no_new_workflow_is_called_all_and_an_old_one_can_still_be_read() {
    let files = template(&"all".parse().unwrap());
    let found: Vec<String> = errors(&files).iter().map(ToString::to_string).collect();
    let expected = "workflow.toml:5: workflow.id: expected another name than `all`, which stands for every workflow, found \"all\"";
    assert_eq!(found, [expected]);
    assert_eq!(Pack::stored(&files).unwrap().workflow.id.as_str(), "all");
}

#[test]
fn what_is_set_and_not_enforced_yet_is_named() {
    assert_eq!(
        airline().not_enforced,
        [
            "policy.pii",
            "policy.allowed_tools",
            "policy.models",
            "routing.preference",
            "cost.monthly_usd",
            "cost.alert_at",
            "cost.hard_stop"
        ]
    );
    let mut files = airline_files();
    edit(&mut files, "pii = \"redact\"", "");
    assert_eq!(Pack::parse(&files).unwrap().not_enforced[0], "policy.allowed_tools");
}

#[test]
fn what_is_left_out_gets_a_safe_default() {
    let minimal = r#"
        workflow = { id = "w", name = "N", dri = "d", guidelines = "g.md", runbook = "r.md" }
        review.reason = [{ code = "unsafe", label = "Unsafe", to = "on-call" }]
    "#;
    let files = [("workflow.toml", minimal), ("g.md", "g"), ("r.md", "r")];
    let pack = Pack::parse(&files.map(|(name, text)| (name.to_owned(), text.to_owned())).into()).unwrap();
    assert_eq!(Stage::ALL.map(|stage| pack.review_rate(stage, false)), [1.0; 3]);
    assert!(!pack.may_cite("anything"));
    assert_eq!(pack.gate.rates.len(), 2, "a gate without rates would be open");
    assert!(pack.delivery.is_none() && pack.cost.is_none() && pack.failure_budget.is_none());
    assert!(!pack.admits(Stage::Internal, &Audience { opted_in: true, ..Audience::default() }));
}

#[test]
fn the_template_passes_the_check_and_reads_well() {
    let pack = Pack::parse(&new_pack()).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let text = render_txt(&pack, None);
    assert!(text.lines().all(|line| line.chars().count() <= 76), "{text}");
    insta::assert_snapshot!(text.replace(pack.hash(), "HASH"));
}

#[test]
fn the_demo_packs_pass_the_check() {
    for id in ["support-first-reply", "support-refund-note"] {
        let pack = Pack::parse(&files_in(&format!("../../packs/{id}")));
        assert_eq!(pack.unwrap_or_else(|errors| panic!("{errors:#?}")).workflow.id.as_str(), id);
    }
}

/// Replaces a text that is in the file exactly once, so that a case can't silently test nothing.
fn edit(files: &mut PackFiles, from: &str, to: &str) {
    let text = files.get_mut(Pack::WORKFLOW_FILE).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from:?} in the pack");
    *text = text.replace(from, to);
}

#[test]
fn a_broken_pack_is_told_where_and_how() {
    let cases = include_str!("broken.txt").split("\n\n").filter(|case| !case.starts_with('#'));
    let mut tested = 0;
    for case in cases {
        let (change, messages) = case.split_once("\n=> ").expect(case);
        let (from, to) = change.split_once("\n-> ").expect(case);
        let from = &from.replace("\\n", "\n");
        let mut files = airline_files();
        edit(&mut files, from, &to.replace("\\n", "\n"));
        let found: Vec<String> = errors(&files).iter().map(ToString::to_string).collect();
        let expected: Vec<&str> = messages.trim_end().split("\n=> ").collect();
        assert_eq!(found, expected, "after {from:?} became {to:?}");
        tested += 1;
    }
    assert!(tested >= 25);
}

#[test]
fn missing_and_empty_files_are_faults() {
    let message = |files: &PackFiles| errors(files)[0].to_string();
    assert_eq!(
        message(&PackFiles::new()),
        "workflow.toml:1: expected a file with the workflow's settings, found no such file"
    );
    let mut files = airline_files();
    files.insert("guidelines.md".to_owned(), " \n".to_owned());
    assert_eq!(
        message(&files),
        "workflow.toml:7: workflow.guidelines: expected a file with text in it, found an empty one"
    );
    files.remove("guidelines.md");
    assert_eq!(
        message(&files),
        "workflow.toml:7: workflow.guidelines: expected the name of a file in the pack, found \"guidelines.md\""
    );
}

#[test]
fn all_faults_are_found_at_once_in_the_order_of_lines() {
    let mut files = airline_files();
    edit(&mut files, "hard_stop = true", "hard_stop = 1");
    edit(&mut files, "dri = \"dri@example.com\"", "");
    edit(&mut files, "max = 0.30", "max = 3");
    let found = errors(&files);
    let keys: Vec<_> = found.iter().map(|error| error.key.as_str()).collect();
    assert_eq!(keys, ["workflow.dri", "gate.rate[0].max", "cost.hard_stop"]);
}

#[test]
fn more_reasons_than_letters_are_refused() {
    let mut files = new_pack();
    let text = files.get_mut(Pack::WORKFLOW_FILE).unwrap();
    for i in 0..24 {
        text.push_str(&format!("[[review.reason]]\ncode = \"r{i}\"\nlabel = \"R\"\nto = \"t\"\n"));
    }
    let found = errors(&files);
    assert_eq!((found.len(), found[0].key.as_str(), found[0].found.as_str()), (1, "review.reason", "27"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let mut files = new_pack();
        files.insert(Pack::WORKFLOW_FILE.to_owned(), text);
        prop_assert!(Pack::parse(&files).is_err());
    }

    #[test]
    fn no_change_to_a_pack_makes_it_panic(at in 0_usize..4000, length in 0_usize..80, text in "[\\[\\]{}=\"'.,#\n a-z0-9é-]{0,12}") {
        let mut files = new_pack();
        let file = files.get_mut(Pack::WORKFLOW_FILE).unwrap();
        let (start, end) = (at.min(file.len()), (at + length).min(file.len()));
        if file.is_char_boundary(start) && file.is_char_boundary(end) {
            file.replace_range(start..end, &text);
        }
        if let Ok(pack) = Pack::parse(&files) {
            prop_assert!(render_txt(&pack, None).chars().all(|c| c == '\n' || !c.is_control()));
        }
    }
}

#[test]
fn line_ends_and_byte_order_marks_make_neither_a_version_nor_a_revision() {
    let files = new_pack();
    let windows = |text: &String| format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let other: PackFiles = files.iter().map(|(name, text)| (name.clone(), windows(text))).collect();
    let (one, other) = (Pack::parse(&files).unwrap(), Pack::parse(&other).unwrap());
    assert_eq!((one.hash, one.revision_hash), (other.hash, other.revision_hash));
}

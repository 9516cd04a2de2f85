//! A verdict: what a reviewer may decide, and when it can no longer be taken.

use crate::draft::FieldError;
use crate::pack::Pack;
use crate::state::State;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Send it as it is.
    Approve,
    /// Send the reviewer's text.
    Edit,
    /// Hand it to a person.
    Escalate,
}

impl Action {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Edit => "edit",
            Self::Escalate => "escalate",
        }
    }

    /// The state it puts the draft in.
    pub fn state(self) -> State {
        match self {
            Self::Approve => State::Approved,
            Self::Edit => State::Edited,
            Self::Escalate => State::Escalated,
        }
    }
}

/// How far an edit reached, by the worst thing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// The meaning is unchanged.
    Cosmetic,
    /// Meaning or completeness changed.
    Material,
    /// A claim was wrong.
    Factual,
    /// A source was missing or wrong.
    Citation,
}

impl Grade {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cosmetic => "cosmetic",
            Self::Material => "material",
            Self::Factual => "factual",
            Self::Citation => "citation",
        }
    }
}

/// A verdict as the client sends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Made by the client.
    pub verdict_id: String,
    /// The lease it was made under.
    pub lease_id: String,
    /// That lease's fence.
    pub fence: i64,
    /// The hash of what the reviewer saw.
    pub content_hash: String,
    /// The decision.
    pub action: Action,
    /// For an edit: the whole text to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub final_text: Option<String>,
    /// For an edit: how far it reached; the suggested grade if it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<Grade>,
    /// For an escalation: reason codes of the pack.
    #[serde(default)]
    pub reasons: Vec<String>,
    /// For whoever reads it next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Time spent, in seconds.
    #[serde(default)]
    pub seconds: f64,
}

const MAX_TEXT: usize = 200_000;
const MAX_COMMENT: usize = 4_000;

impl Verdict {
    /// Checks that a text isn't longer than may be sent: before anything is made of it.
    pub fn check_length(text: &str) -> Result<(), FieldError> {
        if text.len() > MAX_TEXT && text.chars().count() > MAX_TEXT {
            return Err(FieldError::new("final_text", "expected at most 200000 characters"));
        }
        Ok(())
    }

    /// Checks the verdict by itself and against the pack.
    pub fn check(&self, pack: &Pack, draft_text: &str) -> Result<(), FieldError> {
        let err = |field: &str, message: &str| Err(FieldError::new(field, message));
        if self.verdict_id.is_empty()
            || self.verdict_id.len() > 100
            || self.verdict_id.contains(|c: char| !c.is_ascii_graphic())
        {
            return err("verdict_id", "expected 1 to 100 visible ASCII characters, such as a UUID");
        }
        if !(0.0..=86_400.0).contains(&self.seconds) {
            return err("seconds", "expected the seconds spent, 0 to 86400");
        }
        if self.comment.as_deref().is_some_and(|c| c.chars().count() > MAX_COMMENT || c.contains('\0')) {
            return err("comment", "expected at most 4000 characters and no U+0000");
        }
        match (self.action, &self.final_text) {
            (Action::Edit, None) => return err("final_text", "missing; an edit needs the whole text to send"),
            (Action::Edit, Some(text)) if text.trim().is_empty() => {
                return err("final_text", "empty; an edit needs the whole text to send");
            }
            (Action::Edit, Some(text)) if text == draft_text => {
                return err("final_text", "the same as the draft; that is an approval");
            }
            (Action::Edit, Some(text)) if text.contains('\0') => {
                return err("final_text", "holds U+0000, which no text may");
            }
            (Action::Edit, Some(text)) => Self::check_length(text)?,
            (Action::Approve | Action::Escalate, Some(_)) => return err("final_text", "only an edit carries a text"),
            _ => {}
        }
        if self.action != Action::Edit && self.grade.is_some() {
            return err("grade", "only an edit carries a grade");
        }
        if self.action == Action::Escalate && self.reasons.is_empty() {
            return err("reasons", "missing; an escalation needs a reason code of the pack");
        }
        if self.action != Action::Escalate && !self.reasons.is_empty() {
            return err("reasons", "only an escalation carries reasons");
        }
        for (i, code) in self.reasons.iter().enumerate() {
            if pack.reason(code).is_none() {
                let known: Vec<_> = pack.review.reasons.iter().map(|r| r.code.as_str()).collect();
                return Err(FieldError::new(
                    format!("reasons[{i}]"),
                    format!("expected one of {}, found {code:?}", known.join(", ")),
                ));
            }
            if self.reasons[..i].contains(code) {
                return Err(FieldError::new(format!("reasons[{i}]"), format!("{code:?} stands twice")));
            }
        }
        Ok(())
    }

    /// A hash over all of it, to tell a retry from another verdict under the same id.
    pub fn digest(&self, draft_id: &str) -> String {
        let mut hash = Sha256::new();
        // Serialising these plain fields can't fail.
        hash.update(serde_json::to_vec(&(draft_id, self)).unwrap_or_default());
        hex::encode(hash.finalize())
    }
}

/// Why a verdict came too late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The workflow is killed.
    #[error("the workflow is killed")]
    WorkflowKilled,
    /// A newer revision of the ticket came in.
    #[error("a newer revision of this ticket has come in")]
    DraftSuperseded,
    /// Somebody decided it already.
    #[error("this draft has been decided already")]
    AlreadyDecided,
    /// The hold is gone: it lapsed, was given back, or somebody else has it now.
    #[error("your lease on this draft is gone")]
    LeaseLost,
    /// What the reviewer saw is not what is there now.
    #[error("the draft's content has changed since you saw it")]
    ContentChanged,
}

/// The lease that a draft is under, as stored.
#[derive(Clone, Debug)]
pub struct Hold {
    /// Its id.
    pub lease_id: String,
    /// Its fence.
    pub fence: i64,
    /// Who holds it.
    pub reviewer: String,
    /// Until when.
    pub expires_at: Millis,
}

/// Where a draft's round stands, as stored.
#[derive(Clone, Debug)]
pub struct Standing<'a> {
    /// The workflow is killed.
    pub killed: bool,
    /// The draft's state.
    pub state: State,
    /// This round has no verdict yet.
    pub open: bool,
    /// The hash of what there is to see.
    pub content_hash: &'a str,
    /// The living lease that the verdict names, if it is on this draft.
    pub hold: Option<Hold>,
}

/// Whether this verdict may be taken now.
pub fn judge(verdict: &Verdict, reviewer: &str, now: Millis, standing: &Standing<'_>) -> Result<(), Conflict> {
    if standing.killed {
        return Err(Conflict::WorkflowKilled);
    }
    if standing.state == State::Superseded {
        return Err(Conflict::DraftSuperseded);
    }
    if !standing.open {
        return Err(if standing.state == State::Expired { Conflict::LeaseLost } else { Conflict::AlreadyDecided });
    }
    let holds = standing.hold.as_ref().is_some_and(|h| {
        h.lease_id == verdict.lease_id && h.fence == verdict.fence && h.reviewer == reviewer && now < h.expires_at
    });
    if !holds {
        return Err(Conflict::LeaseLost);
    }
    if standing.content_hash != verdict.content_hash {
        return Err(Conflict::ContentChanged);
    }
    Ok(())
}

/// Reasons in their order, the harmful ones first: the first one finds the route.
pub fn gravest_first(pack: &Pack, reasons: &[String]) -> Vec<String> {
    let mut sorted = reasons.to_vec();
    sorted.sort_by_key(|code| !pack.reason(code).is_some_and(|reason| reason.harm));
    sorted
}

/// The key under which an outcome is counted as evidence: `approve`, `edit.GRADE` or `escalate:A+B`, with all its reasons
/// in the order of the alphabet. A verdict counts once, and in every rate that one of its reasons hits.
pub fn outcome_key(action: Action, grade: Option<Grade>, reasons: &[String]) -> String {
    match (action, grade) {
        (Action::Edit, Some(grade)) => format!("edit.{}", grade.as_str()),
        (Action::Escalate, _) if !reasons.is_empty() => {
            let mut codes: Vec<&str> = reasons.iter().map(String::as_str).collect();
            codes.sort_unstable();
            codes.dedup();
            format!("escalate:{}", codes.join("+"))
        }
        (action, _) => action.as_str().to_owned(),
    }
}

/// The reasons in an escalation's key; none in any other.
pub fn codes(key: &str) -> impl Iterator<Item = &str> {
    key.strip_prefix("escalate:").into_iter().flat_map(|codes| codes.split('+'))
}

/// What two verdicts are compared by; every escalation is one category, whatever its reason.
pub const CATEGORIES: [&str; 6] =
    ["approve", "edit.cosmetic", "edit.material", "edit.factual", "edit.citation", "escalate"];

/// An outcome key's place in [`CATEGORIES`]; none for a key that no verdict has.
pub fn category(key: &str) -> Option<usize> {
    let name = if key.starts_with("escalate") { "escalate" } else { key };
    CATEGORIES.iter().position(|c| *c == name)
}

/// What stands before the key of a verdict that waits for a second person.
pub const UNCONFIRMED: &str = "unconfirmed.";

/// The key that a first verdict counts under. What a curator settled on comes before everything; an unconfirmed
/// verdict counts as itself once a second one of the same category stands.
pub fn counted_key(first: &str, unconfirmed: bool, second: Option<&str>, settled: Option<&str>) -> String {
    match (settled, second) {
        (Some(settled), _) => settled.to_owned(),
        (None, Some(second)) if unconfirmed && category(second) != category(first) => format!("{UNCONFIRMED}{first}"),
        (None, None) if unconfirmed => format!("{UNCONFIRMED}{first}"),
        _ => first.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, category, codes, counted_key, outcome_key};

    #[test]
    fn two_escalations_agree_whatever_their_reasons() {
        assert_eq!(category("escalate:harm"), category("escalate:unsafe"));
        assert_ne!(category("edit.factual"), category("edit.material"));
        assert_eq!(category("unresolved"), None);
    }

    #[test]
    fn all_reasons_of_an_escalation_are_in_its_key_whatever_their_order() {
        let key = |reasons: &[&str]| {
            outcome_key(Action::Escalate, None, &reasons.iter().map(|r| (*r).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(
            (key(&["policy", "other"]), key(&["other"])),
            ("escalate:other+policy".into(), "escalate:other".into())
        );
        assert_eq!(codes("escalate:other+policy").collect::<Vec<_>>(), ["other", "policy"]);
        assert_eq!(codes("edit.factual").count(), 0);
    }

    #[test]
    fn a_verdict_counts_as_itself_as_confirmed_or_as_settled() {
        let of = |unconfirmed, second, settled| counted_key("approve", unconfirmed, second, settled);
        assert_eq!(of(false, None, None), "approve");
        assert_eq!(of(false, Some("edit.factual"), None), "approve");
        assert_eq!(of(false, Some("edit.factual"), Some("edit.factual")), "edit.factual");
        assert_eq!(of(true, None, None), "unconfirmed.approve");
        assert_eq!(of(true, Some("approve"), None), "approve");
        assert_eq!(of(true, Some("edit.factual"), None), "unconfirmed.approve");
        assert_eq!(of(true, Some("edit.factual"), Some("approve")), "approve");
    }
}

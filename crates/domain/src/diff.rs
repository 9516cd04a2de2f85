//! What a reviewer changed: a word-level diff, how much of it, and the grade it suggests.

use crate::values::{self, Change};
use crate::verdict::Grade;
use serde::Serialize;
use similar::{Algorithm, ChangeTag, TextDiff};

/// Kept, put in, or taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tag {
    /// In both texts.
    Equal,
    /// Only in the reviewer's.
    Insert,
    /// Only in the draft.
    Delete,
}

/// A run of text with one tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Op {
    /// What happened to it.
    pub tag: Tag,
    /// The run, exactly as it stands.
    pub text: String,
}

/// An edit as it is shown and counted.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Edit {
    /// The runs in reading order; without the deletions they are the new text, without the insertions the old.
    pub ops: Vec<Op>,
    /// Share of the words of both texts that differ, 0 to 1.
    pub edit_ratio: f64,
    /// The grade that the diff suggests; the reviewer confirms it.
    pub suggested_grade: Grade,
}

/// Compares two texts line by line.
pub fn lines(before: &str, after: &str) -> Vec<Op> {
    let diff = TextDiff::from_lines(before, after);
    let op = |change: similar::Change<&str>| Op {
        tag: match change.tag() {
            ChangeTag::Equal => Tag::Equal,
            ChangeTag::Insert => Tag::Insert,
            ChangeTag::Delete => Tag::Delete,
        },
        text: change.value().trim_end_matches(['\r', '\n']).to_owned(),
    };
    diff.iter_all_changes().map(op).collect()
}

/// Compares a draft with the reviewer's text. `quotes` are the words that the draft's citations stand on.
pub fn edit(before: &str, after: &str, quotes: &[&str]) -> Edit {
    let diff = TextDiff::configure().algorithm(Algorithm::Histogram).diff_unicode_words(before, after);
    let mut ops: Vec<Op> = Vec::new();
    for change in diff.iter_all_changes() {
        let tag = match change.tag() {
            ChangeTag::Equal => Tag::Equal,
            ChangeTag::Insert => Tag::Insert,
            ChangeTag::Delete => Tag::Delete,
        };
        match ops.last_mut() {
            Some(op) if op.tag == tag => op.text.push_str(change.value()),
            _ => ops.push(Op { tag, text: change.value().to_owned() }),
        }
    }
    let ops = join(ops);
    let words = |tag: Tag| -> usize {
        ops.iter().filter(|op| op.tag == tag).map(|op| op.text.split_whitespace().count()).sum()
    };
    let (same, put, taken) = (words(Tag::Equal), words(Tag::Insert), words(Tag::Delete));
    let all = 2 * same + put + taken;
    let edit_ratio = if all == 0 { 0.0 } else { (put + taken) as f64 / all as f64 };
    let suggested_grade = suggest(before, after, quotes);
    Edit { ops, edit_ratio, suggested_grade }
}

/// A lone space between two changes reads as one change: "old| |words" is how a word diff splits a phrase.
fn join(ops: Vec<Op>) -> Vec<Op> {
    let mut out: Vec<Op> = Vec::with_capacity(ops.len());
    let (mut taken, mut put) = (String::new(), String::new());
    let mut space = String::new();
    let flush = |out: &mut Vec<Op>, taken: &mut String, put: &mut String| {
        if !taken.is_empty() {
            out.push(Op { tag: Tag::Delete, text: std::mem::take(taken) });
        }
        if !put.is_empty() {
            out.push(Op { tag: Tag::Insert, text: std::mem::take(put) });
        }
    };
    for op in ops {
        match op.tag {
            Tag::Equal if op.text == " " && !(taken.is_empty() && put.is_empty()) => space = op.text,
            Tag::Equal => {
                flush(&mut out, &mut taken, &mut put);
                out.push(Op { tag: Tag::Equal, text: std::mem::take(&mut space) + &op.text });
            }
            tag => {
                if !space.is_empty() {
                    taken.push_str(&space);
                    put.push_str(&space);
                    space.clear();
                }
                if tag == Tag::Delete { taken.push_str(&op.text) } else { put.push_str(&op.text) }
            }
        }
    }
    flush(&mut out, &mut taken, &mut put);
    if !space.is_empty() {
        out.push(Op { tag: Tag::Equal, text: space });
    }
    out
}

/// Factual: a value or a negation changed. Citation: words that a citation stands on, a link or a reference mark
/// changed. Cosmetic: only case, punctuation, space and words that carry nothing, or a few words of wording in a long
/// text, no name among them. Material: the rest.
fn suggest(before: &str, after: &str, quotes: &[&str]) -> Grade {
    let lost_quote = || quotes.iter().any(|q| !q.trim().is_empty() && before.contains(q) && !after.contains(q));
    match values::compare(before, after) {
        Change::Value => Grade::Factual,
        Change::Reference => Grade::Citation,
        _ if lost_quote() => Grade::Citation,
        Change::Wording(share) if share <= A_FEW_WORDS => Grade::Cosmetic,
        Change::Wording(_) | Change::Meaning => Grade::Material,
    }
}

/// The share of words whose exchange alone leaves a text's meaning as it is.
const A_FEW_WORDS: f64 = 0.06;

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use proptest::prelude::*;

    fn grade(before: &str, after: &str) -> Grade {
        edit(before, after, &[]).suggested_grade
    }

    #[test]
    fn the_worst_thing_changed_decides_the_grade() {
        assert_eq!(grade("You get 2 bags.", "You get 3 bags."), Grade::Factual);
        assert_eq!(grade("You can cancel.", "You can not cancel."), Grade::Factual);
        assert_eq!(grade("see https://a.example", "see https://b.example"), Grade::Citation);
        assert_eq!(grade("thanks for writing", "Thanks for writing!"), Grade::Cosmetic);
        assert_eq!(grade("Please wait.", "Please open the billing page and choose the plan."), Grade::Material);
        let lost = edit("It is charged for the days that remain.", "It is charged.", &["charged for the days"]);
        assert_eq!(lost.suggested_grade, Grade::Citation);
    }

    #[test]
    fn a_changed_phrase_is_one_change() {
        let ops = edit("On Monday your plan was changed today", "On Monday two seats were added today", &[]).ops;
        let shown: Vec<_> = ops.iter().map(|o| (o.tag, o.text.as_str())).collect();
        assert_eq!(
            shown,
            [
                (Tag::Equal, "On Monday "),
                (Tag::Delete, "your plan was changed"),
                (Tag::Insert, "two seats were added"),
                (Tag::Equal, " today")
            ]
        );
    }

    #[test]
    fn a_very_long_rewrite_is_compared_in_reasonable_work() {
        let words = |seed: usize| (0..20_000).map(|i| format!("w{} ", (i * seed) % 7919)).collect::<String>();
        let edit = edit(&words(3), &words(5), &[]);
        assert!(edit.edit_ratio > 0.1 && edit.edit_ratio <= 1.0);
    }

    proptest! {
        #[test]
        fn the_runs_give_back_both_texts(before in "[a-c é\\n.]{0,60}", after in "[a-c é\\n.]{0,60}") {
            let edit = edit(&before, &after, &[]);
            let side = |drop: Tag| edit.ops.iter().filter(|o| o.tag != drop).map(|o| o.text.as_str()).collect::<String>();
            prop_assert_eq!(side(Tag::Insert), before);
            prop_assert_eq!(side(Tag::Delete), after);
            prop_assert!((0.0..=1.0).contains(&edit.edit_ratio));
        }
    }

    #[test]
    fn nothing_changed_is_nothing_changed() {
        let edit = edit("same", "same", &[]);
        assert_eq!((edit.ops.len(), edit.edit_ratio, edit.ops.first().unwrap().tag), (1, 0.0, Tag::Equal));
    }
}

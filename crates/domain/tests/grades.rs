//! The suggested grade on edits that were labelled by hand, in five languages.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test fails by panicking, and prints what it measured")]

use countersign_domain::diff::edit;
use countersign_domain::verdict::Grade;
use std::collections::BTreeMap;

struct Pair {
    language: String,
    changes_value: bool,
    kind: String,
    before: String,
    after: String,
}

/// The draft's or the reviewer's side of `{a|b}`.
fn side(text: &str, reviewer: bool) -> String {
    let mut out = String::new();
    for part in text.split('{') {
        match part.split_once('}') {
            Some((both, rest)) => {
                let (a, b) = both.split_once('|').unwrap();
                out.push_str(if reviewer { b } else { a });
                out.push_str(rest);
            }
            None => out.push_str(part),
        }
    }
    out
}

fn pairs() -> Vec<Pair> {
    let lines = include_str!("grades.txt").lines().filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines
        .map(|line| {
            let (head, text) = line.split_once(": ").unwrap();
            let mut head = head.splitn(3, ' ');
            let (language, label) = (head.next().unwrap(), head.next().unwrap());
            assert!(["value", "same"].contains(&label), "{line}");
            Pair {
                language: language.to_owned(),
                changes_value: label == "value",
                kind: head.next().unwrap().to_owned(),
                before: side(text, false),
                after: side(text, true),
            }
        })
        .collect()
}

/// Whether the suggestion is what a careful person would have said.
fn is_right(pair: &Pair, grade: Grade) -> bool {
    match pair.changes_value {
        // Whether a claim was wrong before, or is another one now, an exchanged name doesn't say.
        true if pair.kind == "name" => grade != Grade::Cosmetic,
        true => matches!(grade, Grade::Factual | Grade::Citation),
        false => grade == Grade::Cosmetic,
    }
}

#[test]
fn a_changed_value_is_never_cosmetic_and_a_rewording_nearly_always() {
    let pairs = pairs();
    let mut table: BTreeMap<(bool, &str), (usize, usize)> = BTreeMap::new();
    let (mut hidden, mut wrong) = (Vec::new(), Vec::new());
    for pair in &pairs {
        let grade = edit(&pair.before, &pair.after, &[]).suggested_grade;
        let cell = table.entry((!pair.changes_value, &pair.kind)).or_default();
        let miss = format!("{} {}: {} → {} ({})", pair.language, pair.kind, pair.before, pair.after, grade.as_str());
        if is_right(pair, grade) {
            cell.0 += 1;
        } else {
            cell.1 += 1;
            if pair.changes_value && grade == Grade::Cosmetic { hidden.push(miss) } else { wrong.push(miss) }
        }
    }
    println!("{:<10} {:<16} {:>5} {:>5}", "", "kind", "right", "wrong");
    for ((reworded, kind), (right, wrong)) in &table {
        println!("{:<10} {kind:<16} {right:>5} {wrong:>5}", if *reworded { "rewording" } else { "value" });
    }
    let total = |reworded: bool| {
        let cells = table.iter().filter(|((r, _), _)| *r == reworded).map(|(_, cell)| *cell);
        cells.fold((0, 0), |sum, cell| (sum.0 + cell.0, sum.1 + cell.1))
    };
    let (values, rewordings) = (total(false), total(true));
    println!(
        "values {} of {}, rewordings {} of {}",
        values.0,
        values.0 + values.1,
        rewordings.0,
        rewordings.0 + rewordings.1
    );
    for miss in hidden.iter().chain(&wrong) {
        println!("wrong: {miss}");
    }
    let languages = |changes: bool| {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for pair in pairs.iter().filter(|p| p.changes_value == changes) {
            *counts.entry(&pair.language).or_default() += 1;
        }
        counts.into_iter().collect::<Vec<_>>()
    };
    let even = [("de", 35), ("en", 35), ("es", 35), ("fr", 35), ("ja", 30)];
    assert_eq!((languages(true), languages(false)), (even.to_vec(), even.to_vec()), "half of each in each language");
    assert!(hidden.is_empty(), "a value changed unseen: {hidden:#?}");
    assert_eq!(values.1, 0, "a changed value is at least factual: {wrong:#?}");
    assert!(rewordings.0 * 100 >= 95 * (rewordings.0 + rewordings.1), "{rewordings:?}: {wrong:#?}");
}

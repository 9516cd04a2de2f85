//! What nearly every transaction adds to, in rows that all of them share: the counts, the evidence, the log's head.
//! It is written last, at the commit, and always in the same order: so nobody waits long for such a row, and no two
//! transactions ever wait for each other.

use crate::seals::{self, Row, Seal};
use crate::{StoreError, Tx, agreement, audit, drafts, evidence, slots, volumes};
use countersign_domain::access::is_shadow;
use countersign_domain::audit::Entry;
use serde_json::json;
use std::collections::BTreeMap;

/// Workflow and state.
pub(crate) type CountKey = (String, &'static str);
/// Workflow, version, stage, the bits of the probability, outcome, day.
pub(crate) type EvidenceKey = (String, i64, String, u64, String, i64);
/// Workflow, five minutes, the bits of the probability, outcome.
pub(crate) type SlotKey = (String, i64, u64, String);

/// Workflow, version, the first outcome key, the second.
pub(crate) type PairKey = (String, i64, String, String);
/// Workflow, day, risk.
pub(crate) type VolumeKey = (String, i64, i64);

/// What is still to be written.
#[derive(Default)]
pub(crate) struct Late {
    pub(crate) counts: BTreeMap<CountKey, i64>,
    pub(crate) evidence: BTreeMap<EvidenceKey, i64>,
    pub(crate) slots: BTreeMap<SlotKey, i64>,
    pub(crate) pairs: BTreeMap<PairKey, i64>,
    pub(crate) volumes: BTreeMap<VolumeKey, i64>,
    /// Hashes of rows, for the log.
    pub(crate) seals: Vec<Seal>,
    /// Rows that are sealed together, by workflow and kind.
    pub(crate) rows: BTreeMap<(String, &'static str), Vec<Row>>,
    /// Entries without their place in the chain.
    pub(crate) entries: Vec<Entry>,
}

impl Tx {
    /// Writes it.
    pub(crate) async fn settle(&mut self) -> Result<(), StoreError> {
        for ((workflow, kind), mut rows) in std::mem::take(&mut self.late.rows) {
            rows.sort_by_key(|row| row.seq);
            seals::seal_span(self, &workflow, kind, &rows);
        }
        let Late { counts, evidence, slots, pairs, volumes, seals, rows: _, mut entries } =
            std::mem::take(&mut self.late);
        put_on_record(&mut entries, &evidence, &slots, seals)?;
        drafts::add_counts(self, counts).await?;
        evidence::add_counts(self, evidence).await?;
        slots::add_counts(self, slots).await?;
        agreement::add_counts(self, pairs).await?;
        volumes::add_counts(self, volumes).await?;
        audit::chain(self, entries).await
    }
}

/// Puts what changed into the log, beside what it came of: the seals of rows and the changes of counts go into the
/// transaction's last entry of their workflow.
fn put_on_record(
    entries: &mut [Entry],
    evidence: &BTreeMap<EvidenceKey, i64>,
    slots: &BTreeMap<SlotKey, i64>,
    seals: Vec<Seal>,
) -> Result<(), StoreError> {
    let mut notes: BTreeMap<Option<String>, BTreeMap<&'static str, Vec<serde_json::Value>>> = BTreeMap::new();
    let mut note = |workflow: Option<&str>, name, value| {
        notes.entry(workflow.map(str::to_owned)).or_default().entry(name).or_default().push(value);
    };
    for seal in seals {
        let name = if seal.again { "resealed" } else { "sealed" };
        note(seal.workflow.as_deref(), name, json!([seal.kind, seal.key, seal.hash]));
    }
    for ((workflow, version, stage, probability, outcome, day), n) in evidence.iter().filter(|(_, n)| **n != 0) {
        let count = json!([version, stage, f64::from_bits(*probability), outcome, day, n]);
        note(Some(workflow), "counted", count);
    }
    for ((workflow, slot, probability, outcome), n) in slots.iter().filter(|(_, n)| **n != 0) {
        note(Some(workflow), "decided", json!([slot, f64::from_bits(*probability), outcome, n]));
    }
    for (workflow, notes) in notes {
        if workflow.as_deref().is_some_and(is_shadow) {
            continue;
        }
        let entry = entries.iter_mut().rev().find(|e| e.workflow == workflow);
        let entry = entry.ok_or_else(|| StoreError::Unrecorded(workflow.clone().unwrap_or_default()))?;
        let detail: Option<serde_json::Map<_, _>> = serde_json::from_str(&entry.detail).ok();
        let mut detail = detail.ok_or(StoreError::Unreadable { what: "an entry's detail", value: String::new() })?;
        for (name, values) in notes {
            detail.insert(name.to_owned(), values.into());
        }
        entry.detail = serde_json::Value::Object(detail).to_string();
    }
    Ok(())
}

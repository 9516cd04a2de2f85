//! What nearly every transaction adds to, in rows that all of them share: the counts, the evidence, the log's head.
//! It is written last, at the commit, and always in the same order: so nobody waits long for such a row, and no two
//! transactions ever wait for each other.

use crate::{StoreError, Tx, audit, drafts, evidence, slots};
use countersign_domain::audit::Entry;
use std::collections::BTreeMap;

/// Workflow and state.
pub(crate) type CountKey = (String, &'static str);
/// Workflow, version, stage, the bits of the probability, outcome, day.
pub(crate) type EvidenceKey = (String, i64, String, u64, String, i64);
/// Workflow, five minutes, the bits of the probability, outcome.
pub(crate) type SlotKey = (String, i64, u64, String);

/// What is still to be written.
#[derive(Default)]
pub(crate) struct Late {
    pub(crate) counts: BTreeMap<CountKey, i64>,
    pub(crate) evidence: BTreeMap<EvidenceKey, i64>,
    pub(crate) slots: BTreeMap<SlotKey, i64>,
    /// Entries without their place in the chain.
    pub(crate) entries: Vec<Entry>,
}

impl Tx {
    /// Writes it.
    pub(crate) async fn settle(&mut self) -> Result<(), StoreError> {
        let Late { counts, evidence, slots, entries } = std::mem::take(&mut self.late);
        drafts::add_counts(self, counts).await?;
        evidence::add_counts(self, evidence).await?;
        slots::add_counts(self, slots).await?;
        audit::chain(self, entries).await
    }
}

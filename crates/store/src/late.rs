//! What nearly every transaction adds to, in rows that all of them share: the counts, the evidence, the log's head.
//! It is written last, at the commit, and always in the same order: so nobody waits long for such a row, and no two
//! transactions ever wait for each other.

use crate::{StoreError, Tx, agreement, audit, drafts, evidence, slots, volumes};
use countersign_domain::audit::Entry;
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
    /// Entries without their place in the chain.
    pub(crate) entries: Vec<Entry>,
}

impl Tx {
    /// Marks a point that [`Tx::back_to_savepoint`] goes back to. What is written at the commit is not part of it.
    pub async fn savepoint(&mut self) -> Result<(), StoreError> {
        run!(self, "SAVEPOINT here")?;
        Ok(())
    }

    /// Takes back what was done since the last savepoint, a statement that failed included.
    pub async fn back_to_savepoint(&mut self) -> Result<(), StoreError> {
        run!(self, "ROLLBACK TO SAVEPOINT here")?;
        Ok(())
    }

    /// Writes it.
    pub(crate) async fn settle(&mut self) -> Result<(), StoreError> {
        let Late { counts, evidence, slots, pairs, volumes, entries } = std::mem::take(&mut self.late);
        drafts::add_counts(self, counts).await?;
        evidence::add_counts(self, evidence).await?;
        slots::add_counts(self, slots).await?;
        agreement::add_counts(self, pairs).await?;
        volumes::add_counts(self, volumes).await?;
        audit::chain(self, entries).await
    }
}

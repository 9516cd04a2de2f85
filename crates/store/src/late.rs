//! What nearly every transaction adds to, in rows that all of them share: the counts, the evidence, the log's head.
//! It is written last, at the commit, and always in the same order: so nobody waits long for such a row, and no two
//! transactions ever wait for each other.

use crate::{StoreError, Tx, agreement, audit, drafts, evidence, volumes};
use countersign_domain::audit::Entry;
use std::collections::BTreeMap;

/// Workflow and state.
pub(crate) type CountKey = (String, &'static str);

/// What a change of the evidence is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Delta {
    pub(crate) workflow: String,
    pub(crate) version: i64,
    pub(crate) stage: String,
    /// The bits of the probability.
    pub(crate) probability: u64,
    /// The bits of the floor.
    pub(crate) floor: u64,
    pub(crate) outcome: String,
    /// In which the drafts were staged.
    pub(crate) hour: i64,
    /// The five minutes in which it was decided, where it was.
    pub(crate) slot: Option<i64>,
}

/// Workflow, version, the first outcome key, the second.
pub(crate) type PairKey = (String, i64, String, String);
/// Workflow, day, risk.
pub(crate) type VolumeKey = (String, i64, i64);

/// What is still to be written.
#[derive(Default)]
pub(crate) struct Late {
    pub(crate) counts: BTreeMap<CountKey, i64>,
    pub(crate) evidence: BTreeMap<Delta, i64>,
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
        let Late { counts, evidence, pairs, volumes, entries } = std::mem::take(&mut self.late);
        drafts::add_counts(self, counts).await?;
        evidence::add_counts(self, &evidence).await?;
        agreement::add_counts(self, pairs).await?;
        volumes::add_counts(self, volumes).await?;
        audit::chain(self, entries).await
    }
}

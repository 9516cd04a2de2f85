//! What two people said of the same draft, counted: for every pair that stands, the first outcome key and the second.

use crate::late::PairRow;
use crate::{StoreError, Tx};

/// Adds to a pair's count; written at the commit.
pub fn add(tx: &mut Tx, workflow: &str, version: i64, first: &str, second: &str, by: i64) {
    let key = (workflow.to_owned(), version, first.to_owned(), second.to_owned());
    *tx.late.pairs.entry(key).or_default() += by;
}

pub(crate) async fn add_counts(tx: &mut Tx, pairs: &[PairRow]) -> Result<(), StoreError> {
    for (workflow, version, first, second, by) in pairs {
        run!(
            tx,
            "INSERT INTO agreement (workflow_id, version, first, second, n) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (workflow_id, version, first, second) DO UPDATE SET n = agreement.n + excluded.n",
            workflow,
            version,
            first,
            second,
            by
        )?;
    }
    Ok(())
}

/// One kind of pair.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Pair {
    /// The workflow's version.
    pub version: i64,
    /// The first verdict's outcome key.
    pub first: String,
    /// The second one's.
    pub second: String,
    /// How many.
    pub n: i64,
}

/// All pairs of a workflow, by version.
pub async fn of(tx: &mut Tx, workflow: &str) -> Result<Vec<Pair>, StoreError> {
    all!(
        tx,
        "SELECT version, first, second, n FROM agreement WHERE workflow_id = $1 AND n <> 0 ORDER BY version, first, second",
        workflow
    )
}

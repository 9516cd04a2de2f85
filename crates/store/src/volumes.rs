//! How much came in each day, by risk: what a review budget is shared out by.

use crate::late::VolumeRow;
use crate::{StoreError, Tx, evidence};
use countersign_domain::time::Millis;

/// Adds to a day's drafts of a risk (1 for high); written at the commit.
pub fn add(tx: &mut Tx, workflow: &str, risk: i64, at: Millis, by: i64) {
    *tx.late.volumes.entry((workflow.to_owned(), evidence::day(at), risk)).or_default() += by;
}

pub(crate) async fn add_counts(tx: &mut Tx, volumes: &[VolumeRow]) -> Result<(), StoreError> {
    for (workflow, day, risk, by) in volumes {
        run!(
            tx,
            "INSERT INTO staged_by_risk (workflow_id, day, risk, n) VALUES ($1, $2, $3, $4)
             ON CONFLICT (workflow_id, day, risk) DO UPDATE SET n = staged_by_risk.n + excluded.n",
            workflow,
            day,
            risk,
            by
        )?;
    }
    Ok(())
}

/// Drafts of the days in `from..until`: day, risk, count.
pub async fn between(tx: &mut Tx, workflow: &str, from: i64, until: i64) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    all!(
        tx,
        "SELECT day, risk, n FROM staged_by_risk WHERE workflow_id = $1 AND day >= $2 AND day < $3 ORDER BY day, risk",
        workflow,
        from,
        until
    )
}

/// The first day on which anything came in.
pub async fn first_day(tx: &mut Tx, workflow: &str) -> Result<Option<i64>, StoreError> {
    let row: Option<(Option<i64>,)> =
        first!(tx, "SELECT MIN(day) FROM staged_by_risk WHERE workflow_id = $1", workflow)?;
    Ok(row.and_then(|r| r.0))
}

//! How far a resumed workflow's waiting replies have been looked through for tickets that moved on meanwhile.

use crate::{StoreError, Tx};

/// What is left to look at.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SweepRow {
    /// The workflow.
    pub workflow_id: String,
    /// Replies up to this number have been looked at.
    pub after_seq: i64,
    /// Those up to this one waited when it was resumed.
    pub upto_seq: i64,
}

/// A reply that a person decided, as it is looked at.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Swept {
    /// Its number.
    pub seq: i64,
    /// Its draft's.
    pub draft_seq: i64,
    /// 1 if a later revision of its ticket is here.
    pub moved: i64,
}

/// Begins to look through everything that waits now.
pub async fn begin(tx: &mut Tx, workflow: &str) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO sweep (workflow_id, after_seq, upto_seq) SELECT $1, 0, COALESCE(MAX(seq), 0) FROM delivery WHERE true
         ON CONFLICT (workflow_id) DO UPDATE SET after_seq = 0, upto_seq = excluded.upto_seq",
        workflow
    )?;
    Ok(())
}

/// Workflows with something left to look at.
pub async fn open(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = all!(tx, "SELECT workflow_id FROM sweep ORDER BY workflow_id")?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// How far a workflow's has come.
pub async fn get(tx: &mut Tx, workflow: &str) -> Result<Option<SweepRow>, StoreError> {
    first!(tx, "SELECT * FROM sweep WHERE workflow_id = $1", workflow)
}

/// The next stretch.
pub async fn stretch(tx: &mut Tx, sweep: &SweepRow, limit: i64) -> Result<Vec<Swept>, StoreError> {
    all!(
        tx,
        "SELECT d.seq, d.draft_seq, CAST(CASE WHEN EXISTS (SELECT 1 FROM draft n WHERE n.workflow_id = d.workflow_id
           AND n.external_id = d.ticket AND +n.seq > d.draft_seq AND n.probe IS NULL) THEN 1 ELSE 0 END AS BIGINT) AS moved
         FROM delivery d WHERE d.workflow_id = $1 AND d.state = 'pending' AND d.verdict_id IS NOT NULL
           AND d.seq > $2 AND d.seq <= $3 ORDER BY d.seq LIMIT $4",
        &sweep.workflow_id,
        sweep.after_seq,
        sweep.upto_seq,
        limit
    )
}

/// Looked at up to here. Of two hubs that look at once, the one that is further on is right.
pub async fn go_on(tx: &mut Tx, workflow: &str, after_seq: i64) -> Result<(), StoreError> {
    run!(tx, "UPDATE sweep SET after_seq = $2 WHERE workflow_id = $1 AND after_seq < $2", workflow, after_seq)?;
    Ok(())
}

/// All have been looked at.
pub async fn end(tx: &mut Tx, workflow: &str) -> Result<(), StoreError> {
    run!(tx, "DELETE FROM sweep WHERE workflow_id = $1", workflow)?;
    Ok(())
}

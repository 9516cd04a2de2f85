//! What a reviewer gets next: by deadline, then risk, then age; of a workflow with a million staged drafts as
//! quickly as of one with ten, because an index holds just that order.

use crate::{StoreError, Tx};
use countersign_domain::time::Millis;

/// A draft that could be leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct Candidate {
    /// Its number.
    pub draft_seq: i64,
    /// Its deadline, in milliseconds.
    pub expires_at: i64,
    /// 1 for high risk.
    pub risk: i64,
    /// 1, or 2 for a blind second review.
    pub round: i64,
}

impl Candidate {
    /// The order of the queue.
    pub fn key(&self) -> (i64, i64, i64) {
        (self.expires_at, -self.risk, self.draft_seq)
    }
}

/// The first staged draft of a workflow that this reviewer hasn't skipped and that isn't in `exclude` (draft ids
/// as a JSON array). With `take` its row is held for a change, and one that somebody else holds is passed by.
pub async fn first(
    tx: &mut Tx,
    workflow: &str,
    reviewer: &str,
    now: Millis,
    exclude: &str,
    take: bool,
) -> Result<Option<Candidate>, StoreError> {
    let (lock, list) = words(tx, take);
    let by = tx.by("draft_queue");
    let sql = format!(
        "SELECT d.seq AS draft_seq, d.expires_at, d.risk, CAST(1 AS BIGINT) AS round FROM draft d{by}
         WHERE d.workflow_id = $1 AND d.state = 'staged' AND d.expires_at > $2 AND d.id NOT IN ({list})
           AND (d.probe_for IS NULL OR d.probe_for = $3)
           AND NOT EXISTS (SELECT 1 FROM skip s WHERE s.reviewer = $3 AND s.draft_seq = d.seq)
         ORDER BY d.expires_at, d.risk DESC, d.seq LIMIT 1{lock}"
    );
    first!(tx, sqlx::AssertSqlSafe(sql), workflow, now.0, reviewer, exclude)
}

/// The first draft that waits for a second review by somebody else than its first reviewer.
pub async fn second(
    tx: &mut Tx,
    workflow: &str,
    reviewer: &str,
    now: Millis,
    take: bool,
) -> Result<Option<Candidate>, StoreError> {
    // The draft too: whoever decides or withdraws holds it first, and neither waits for the other.
    let lock = if take { tx.lock(" FOR UPDATE OF r, d SKIP LOCKED") } else { "" };
    let sql = format!(
        "SELECT r.draft_seq, r.expires_at, r.risk, CAST(2 AS BIGINT) AS round
         FROM second_review r JOIN draft d ON d.seq = r.draft_seq
         WHERE r.workflow_id = $1 AND r.state = 'open' AND r.expires_at > $2 AND r.first_reviewer <> $3
           AND NOT EXISTS (SELECT 1 FROM skip s WHERE s.reviewer = $3 AND s.draft_seq = r.draft_seq)
         ORDER BY r.expires_at, r.risk DESC, r.draft_seq LIMIT 1{lock}"
    );
    first!(tx, sqlx::AssertSqlSafe(sql), workflow, now.0, reviewer)
}

/// The first draft of a version and stage that expired undecided and can still be judged for its label, by who hasn't
/// skipped it, or (`skipped`) has; held where it is taken (`take`).
pub async fn expired(
    tx: &mut Tx,
    workflow: &str,
    at: (i64, &str),
    reviewer: &str,
    exclude: &str,
    (skipped, take): (bool, bool),
) -> Result<Option<Candidate>, StoreError> {
    let (lock, list) = words(tx, take);
    let (by, not) = (tx.by("draft_expired"), if skipped { "" } else { "NOT" });
    let sql = format!(
        "SELECT d.seq AS draft_seq, d.expires_at, d.risk, CAST(1 AS BIGINT) AS round FROM draft d{by}
         WHERE d.workflow_id = $1 AND d.version = $2 AND d.stage = $5 AND d.state = 'expired' AND d.selected = 1
           AND d.probe IS NULL AND d.erased_at IS NULL AND d.id NOT IN ({list})
           AND {not} EXISTS (SELECT 1 FROM skip s WHERE s.reviewer = $3 AND s.draft_seq = d.seq)
           AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.draft_seq = d.seq AND v.round = 1 AND v.withdrawn = 0)
           AND NOT EXISTS (SELECT 1 FROM lease l WHERE l.draft_seq = d.seq AND l.ended_at IS NULL)
         ORDER BY d.seq LIMIT 1{lock}"
    );
    first!(tx, sqlx::AssertSqlSafe(sql), workflow, at.0, reviewer, exclude, at.1)
}

/// When nothing else is left: the draft that this reviewer skipped longest ago.
pub async fn skipped(
    tx: &mut Tx,
    workflow: &str,
    reviewer: &str,
    now: Millis,
    exclude: &str,
    take: bool,
) -> Result<Option<Candidate>, StoreError> {
    let (lock, list) = words(tx, take);
    let sql = format!(
        "SELECT d.seq AS draft_seq, d.expires_at, d.risk, CAST(1 AS BIGINT) AS round
         FROM skip s JOIN draft d ON d.seq = s.draft_seq
         WHERE d.workflow_id = $1 AND d.state = 'staged' AND d.expires_at > $2 AND s.reviewer = $3 AND d.id NOT IN ({list})
         ORDER BY s.at, d.seq LIMIT 1{lock}"
    );
    first!(tx, sqlx::AssertSqlSafe(sql), workflow, now.0, reviewer, exclude)
}

fn words(tx: &Tx, take: bool) -> (&'static str, &'static str) {
    if tx.is_postgres() {
        let lock = if take { " FOR UPDATE OF d SKIP LOCKED" } else { "" };
        (lock, "SELECT jsonb_array_elements_text(CAST($4 AS jsonb))")
    } else {
        ("", "SELECT value FROM json_each($4)")
    }
}

/// Puts a draft at the back of one reviewer's queue.
pub async fn skip(tx: &mut Tx, reviewer: &str, draft_seq: i64, at: Millis) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO skip (reviewer, draft_seq, at) VALUES ($1, $2, $3)
         ON CONFLICT (reviewer, draft_seq) DO UPDATE SET at = excluded.at",
        reviewer,
        draft_seq,
        at.0
    )?;
    Ok(())
}

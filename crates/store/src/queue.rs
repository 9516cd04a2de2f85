//! What a reviewer gets next: by deadline, then risk, then age; of a workflow with a million staged drafts as
//! quickly as of one with ten, because an index holds just that order.

use crate::drafts::{self, DraftRow};
use crate::leases::{self, parsed};
use crate::tx::Inner;
use crate::workflows::{self, Hold, WorkflowRow};
use crate::{StoreError, Tx};
use countersign_domain::time::Millis;
use sqlx::{FromRow as _, Row as _};

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

/// Who asks for the next draft of a workflow.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The workflow.
    pub workflow: &'a str,
    /// The reviewer.
    pub reviewer: &'a str,
    /// When.
    pub now: Millis,
    /// Ids of drafts that it must not be, as a JSON array.
    pub exclude: &'a str,
    /// Whether it may be one that waits for a blind second review.
    pub blind: bool,
}

/// What a reviewer gets next of a workflow.
pub struct Next {
    /// The workflow, held in share.
    pub workflow: WorkflowRow,
    /// How many drafts the reviewer holds.
    pub leases: i64,
    /// The draft, held for a change, and 1, or 2 for a blind second review. None of a killed workflow.
    pub draft: Option<(DraftRow, i64)>,
}

/// Holds a workflow, and what this reviewer gets next of it. One that somebody else holds is passed by.
pub async fn take(tx: &mut Tx, asked: Asked<'_>) -> Result<Option<Next>, StoreError> {
    let Asked { workflow, reviewer, now, exclude, blind } = asked;
    if let Inner::Postgres(c) = tx.connection().await? {
        let sql = format!(
            "SELECT workflow, revision AS in_force, leases, round, {} FROM take_next($1, $2, $3, CAST($4 AS jsonb), $5)",
            drafts::columns_of("d")
        );
        let row =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(workflow).bind(reviewer).bind(now.0).bind(exclude).bind(blind);
        let Some(row) = row.fetch_optional(&mut **c).await? else { return Ok(None) };
        let workflow: WorkflowRow = parsed("a workflow", row.try_get("workflow")?)?;
        let (revision, leases): (Option<i64>, Option<i64>) = (row.try_get("in_force")?, row.try_get("leases")?);
        let round: Option<i64> = row.try_get("round")?;
        let draft = round.map(|round| Ok::<_, sqlx::Error>((DraftRow::from_row(&row)?, round))).transpose()?;
        tx.revisions = revision.map(|r| (workflow.id.clone(), workflow.version, r)).into_iter().collect();
        return Ok(Some(Next { workflow, leases: leases.unwrap_or_default(), draft }));
    }
    let Some(workflow) = workflows::get(tx, workflow, Hold::Share).await? else { return Ok(None) };
    let leases = leases::of_reviewer(tx, reviewer).await?.len() as i64;
    let mut next = Next { workflow, leases, draft: None };
    if next.workflow.killed_at.is_none()
        && let Some(candidate) = look(tx, asked).await?
    {
        next.draft = drafts::by_seq(tx, candidate.draft_seq).await?.map(|draft| (draft, candidate.round));
    }
    Ok(Some(next))
}

/// The same only looked at, of a workflow that isn't held.
pub async fn look(tx: &mut Tx, asked: Asked<'_>) -> Result<Option<Candidate>, StoreError> {
    let first = first(tx, asked).await?;
    let second = if asked.blind { second(tx, asked).await? } else { None };
    Ok(first.into_iter().chain(second).min_by_key(Candidate::key))
}

/// The first staged draft that this reviewer hasn't skipped and that isn't excluded.
async fn first(tx: &mut Tx, asked: Asked<'_>) -> Result<Option<Candidate>, StoreError> {
    let (_, list) = words(tx, false);
    let by = tx.by("draft_queue");
    let sql = format!(
        "SELECT d.seq AS draft_seq, d.expires_at, d.risk, CAST(1 AS BIGINT) AS round FROM draft d{by}
         WHERE d.workflow_id = $1 AND d.state = 'staged' AND d.expires_at > $2 AND d.id NOT IN ({list})
           AND (d.probe_for IS NULL OR d.probe_for = $3)
           AND NOT EXISTS (SELECT 1 FROM skip s WHERE s.reviewer = $3 AND s.draft_seq = d.seq)
         ORDER BY d.expires_at, d.risk DESC, d.seq LIMIT 1"
    );
    first!(tx, sqlx::AssertSqlSafe(sql), asked.workflow, asked.now.0, asked.reviewer, asked.exclude)
}

/// The first draft that waits for a second review by somebody else than its first reviewer.
async fn second(tx: &mut Tx, asked: Asked<'_>) -> Result<Option<Candidate>, StoreError> {
    first!(
        tx,
        "SELECT r.draft_seq, r.expires_at, r.risk, CAST(2 AS BIGINT) AS round
         FROM second_review r JOIN draft d ON d.seq = r.draft_seq
         WHERE r.workflow_id = $1 AND r.state = 'open' AND r.expires_at > $2 AND r.first_reviewer <> $3
           AND NOT EXISTS (SELECT 1 FROM skip s WHERE s.reviewer = $3 AND s.draft_seq = r.draft_seq)
         ORDER BY r.expires_at, r.risk DESC, r.draft_seq LIMIT 1",
        asked.workflow,
        asked.now.0,
        asked.reviewer
    )
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

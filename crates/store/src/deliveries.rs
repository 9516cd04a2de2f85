//! The outbox: one row an outcome, sent at least once, in order for each ticket.

use crate::page::Page;
use crate::seals::{Row, hash_of, text_hash};
use crate::{StoreError, Tx};
use countersign_domain::time::Millis;
use sqlx::QueryBuilder;

/// A delivery.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DeliveryRow {
    /// Order of arrival.
    pub seq: i64,
    /// Its id, the `webhook-id` of every try.
    pub id: String,
    /// The workflow.
    pub workflow_id: String,
    /// The draft, if it is about one.
    pub draft_seq: Option<i64>,
    /// The ticket; deliveries of one ticket go out in order.
    pub ticket: String,
    /// The verdict behind it.
    pub verdict_id: Option<String>,
    /// Of a reply that nobody saw: the workflow's last kill or demotion when it was drawn, empty if there was none.
    pub transition_id: String,
    /// `reply.ready`, `draft.escalated`, `workflow.killed` …
    pub kind: String,
    /// The JSON that is sent, the same on every try.
    pub body: String,
    /// `pending`, `delivered`, `undeliverable`, `withdrawn` or `recalled`.
    pub state: String,
    /// Tries so far.
    pub attempts: i64,
    /// The next try, in milliseconds.
    pub due_at: i64,
    /// A try is running until then at the latest, in milliseconds.
    pub claimed_until: i64,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// In milliseconds.
    pub created_at: i64,
    /// In milliseconds.
    pub delivered_at: Option<i64>,
}

impl DeliveryRow {
    /// Whether a try of it has begun, so that its receiver may have it. A retry by hand counts from nought again, and
    /// keeps the error of the try before.
    pub fn tried(&self) -> bool {
        self.attempts > 0 || self.last_error.is_some()
    }
}

/// Adds a delivery.
pub async fn insert(tx: &mut Tx, d: &DeliveryRow) -> Result<(), StoreError> {
    let hash = text_hash(&d.body);
    run!(
        tx,
        "INSERT INTO delivery (id, workflow_id, draft_seq, ticket, verdict_id, kind, body, state, due_at, created_at,
         transition_id, body_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', $8, $9, $10, $11)",
        &d.id,
        &d.workflow_id,
        d.draft_seq,
        &d.ticket,
        &d.verdict_id,
        &d.kind,
        &d.body,
        d.due_at,
        d.created_at,
        &d.transition_id,
        &hash
    )?;
    match (d.draft_seq, &d.verdict_id) {
        // Of those that nobody reads there are many at once.
        (Some(seq), None) => {
            let row = Row::of(&d.workflow_id, seq, &(&d.id, &d.ticket, &d.kind, &hash));
            tx.seal_row("unread", row);
        }
        _ => tx.seal(Some(&d.workflow_id), "delivery", &d.id, seal(d, &hash)),
    }
    Ok(())
}

fn seal(d: &DeliveryRow, body: &str) -> String {
    hash_of(&(&d.id, &d.workflow_id, d.draft_seq, &d.ticket, &d.verdict_id, &d.kind, d.created_at, body))
}

#[derive(sqlx::FromRow)]
struct Sealed {
    #[sqlx(flatten)]
    row: DeliveryRow,
    body_hash: Option<String>,
}

/// The seals of deliveries as they stand, by id.
pub(crate) async fn seals(tx: &mut Tx, ids: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = format!("SELECT * FROM delivery WHERE id {}", tx.among());
    let rows: Vec<Sealed> = all!(tx, sqlx::AssertSqlSafe(sql), ids)?;
    Ok(rows.into_iter().map(|s| (s.row.id.clone(), seal(&s.row, s.body_hash.as_deref().unwrap_or_default()))).collect())
}

/// Replies that nobody reads first, of drafts in a stretch of numbers, in their order.
pub(crate) async fn unread(tx: &mut Tx, first: i64, last: i64) -> Result<Vec<Row>, StoreError> {
    let rows: Vec<(String, i64, String, String, String, Option<String>)> = all!(
        tx,
        "SELECT workflow_id, draft_seq, id, ticket, kind, body_hash FROM delivery
         WHERE draft_seq BETWEEN $1 AND $2 AND verdict_id IS NULL ORDER BY draft_seq, seq",
        first,
        last
    )?;
    Ok(rows
        .into_iter()
        .map(|(workflow, seq, id, ticket, kind, hash)| {
            Row::of(&workflow, seq, &(id, ticket, kind, hash.unwrap_or_default()))
        })
        .collect())
}

/// One delivery, only looked at.
pub async fn look(tx: &mut Tx, id: &str) -> Result<Option<DeliveryRow>, StoreError> {
    first!(tx, "SELECT * FROM delivery WHERE id = $1", id)
}

/// One delivery, held for a change. Whoever holds a reply holds its draft already.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<DeliveryRow>, StoreError> {
    let lock = tx.lock(" FOR UPDATE");
    first!(tx, sqlx::AssertSqlSafe(format!("SELECT * FROM delivery WHERE id = $1{lock}")), id)
}

/// The latest delivery of a draft.
pub async fn of_draft(tx: &mut Tx, draft_seq: i64) -> Result<Option<DeliveryRow>, StoreError> {
    let sql = "SELECT * FROM delivery WHERE draft_seq = $1 AND state <> 'withdrawn' ORDER BY seq DESC LIMIT 1";
    first!(tx, sql, draft_seq)
}

/// The delivery of a verdict.
pub async fn of_verdict(tx: &mut Tx, draft_seq: i64, verdict_id: &str) -> Result<Option<DeliveryRow>, StoreError> {
    let lock = tx.lock(" FOR UPDATE");
    let sql = format!("SELECT * FROM delivery WHERE draft_seq = $1 AND verdict_id = $2{lock}");
    first!(tx, sqlx::AssertSqlSafe(sql), draft_seq, verdict_id)
}

/// Claims what is due until `until`: not of killed workflows, and never past an earlier one of the same ticket.
/// The workflows' rows are held, so that a kill either comes first or waits for this claim to be on record. With
/// `shadow` it claims for a drill, of that shadow alone, and else of none.
pub async fn claim(
    tx: &mut Tx,
    now: Millis,
    until: Millis,
    limit: i64,
    shadow: Option<&str>,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let shadow = shadow.unwrap_or_default();
    if tx.is_postgres() {
        let sql = "SELECT id FROM workflow w
                   WHERE CASE WHEN $1 = '' THEN substr(w.id, 1, 1) <> '~' ELSE w.id = $1 END FOR SHARE";
        let _: Vec<(String,)> = all!(tx, sql, shadow)?;
    }
    let lock = tx.lock(" FOR UPDATE OF d SKIP LOCKED");
    let sql = format!(
        "SELECT d.* FROM delivery d JOIN workflow w ON w.id = d.workflow_id
         WHERE d.state = 'pending' AND d.due_at <= $1 AND d.claimed_until <= $1
           AND (w.killed_at IS NULL OR d.draft_seq IS NULL)
           AND (d.verdict_id IS NOT NULL OR d.draft_seq IS NULL OR d.transition_id = w.recalled_by)
           AND CASE WHEN $3 = '' THEN substr(w.id, 1, 1) <> '~' ELSE w.id = $3 END
           AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.workflow_id = d.workflow_id AND e.ticket = d.ticket
                           AND e.state = 'pending' AND e.seq < d.seq)
         ORDER BY d.due_at LIMIT $2{lock}"
    );
    let mut rows: Vec<DeliveryRow> = all!(tx, sqlx::AssertSqlSafe(sql), now.0, limit, shadow)?;
    let seqs: Vec<i64> = rows.iter().filter_map(|r| r.draft_seq).collect();
    if tx.is_postgres() && !seqs.is_empty() {
        // Whoever holds a draft may be about to hold its delivery, too: it is left for the next time, not waited for.
        let free: Vec<(i64,)> = all!(
            tx,
            "SELECT seq FROM draft WHERE seq IN (SELECT CAST(jsonb_array_elements_text(CAST($1 AS jsonb)) AS BIGINT))
             FOR UPDATE SKIP LOCKED",
            serde_json::to_string(&seqs).unwrap_or_default()
        )?;
        rows.retain(|r| r.draft_seq.is_none_or(|seq| free.iter().any(|(s,)| *s == seq)));
    }
    for row in &rows {
        run!(tx, "UPDATE delivery SET claimed_until = $2, attempts = attempts + 1 WHERE seq = $1", row.seq, until.0)?;
    }
    Ok(rows)
}

/// How many tries of a workflow's replies are running.
pub async fn running(tx: &mut Tx, workflow: &str, now: Millis) -> Result<i64, StoreError> {
    let n: Option<(i64,)> = first!(
        tx,
        "SELECT COUNT(*) FROM delivery WHERE workflow_id = $1 AND state = 'pending' AND claimed_until > $2
         AND draft_seq IS NOT NULL",
        workflow,
        now.0
    )?;
    Ok(n.map_or(0, |r| r.0))
}

/// Ends a delivery's waiting, or puts it off to its next try. Answers whether it was still waiting: what has been
/// settled meanwhile stays as it is.
pub async fn set_state(
    tx: &mut Tx,
    id: &str,
    state: &str,
    due_at: Millis,
    error: Option<&str>,
    delivered: Option<Millis>,
) -> Result<bool, StoreError> {
    let moved = run!(
        tx,
        "UPDATE delivery SET state = $2, due_at = $3, last_error = $4, delivered_at = $5, claimed_until = 0
         WHERE id = $1 AND state = 'pending'",
        id,
        state,
        due_at.0,
        error,
        delivered.map(|t| t.0)
    )?;
    Ok(moved > 0)
}

/// Lets go of a try that was never made or was broken off; it doesn't count.
pub async fn unclaim(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    run!(tx, "UPDATE delivery SET claimed_until = 0 WHERE id = $1 AND state = 'pending'", id)?;
    Ok(())
}

/// The replies of a workflow that are waiting, for what a resume has to look at.
pub async fn waiting_replies(tx: &mut Tx, workflow: &str) -> Result<Vec<DeliveryRow>, StoreError> {
    all!(
        tx,
        "SELECT * FROM delivery WHERE workflow_id = $1 AND state = 'pending' AND draft_seq IS NOT NULL ORDER BY seq",
        workflow
    )
}

/// A stretch of replies that nobody saw and that were drawn before their workflow's last kill or demotion: workflow and
/// number. Those of which a try may be running are left for later.
pub async fn recalled(tx: &mut Tx, now: Millis, limit: i64) -> Result<Vec<(String, i64)>, StoreError> {
    // Two ranges of the index, so that it costs nothing where there are none, however many wait.
    all!(
        tx,
        "SELECT workflow_id, seq FROM (
           SELECT d.workflow_id, d.seq FROM workflow w JOIN delivery d ON d.workflow_id = w.id AND d.transition_id < w.recalled_by
           WHERE d.state = 'pending' AND d.verdict_id IS NULL AND d.draft_seq IS NOT NULL AND d.claimed_until <= $1
             AND substr(w.id, 1, 1) <> '~'
           UNION ALL
           SELECT d.workflow_id, d.seq FROM workflow w JOIN delivery d ON d.workflow_id = w.id AND d.transition_id > w.recalled_by
           WHERE d.state = 'pending' AND d.verdict_id IS NULL AND d.draft_seq IS NOT NULL AND d.claimed_until <= $1
             AND substr(w.id, 1, 1) <> '~'
         ) AS r LIMIT $2",
        now.0,
        limit
    )
}

/// A delivery by its number, only looked at.
pub async fn numbered(tx: &mut Tx, seq: i64) -> Result<Option<DeliveryRow>, StoreError> {
    first!(tx, "SELECT * FROM delivery WHERE seq = $1", seq)
}

/// How many of a workflow's deliveries are in a state.
pub async fn count(tx: &mut Tx, workflow: &str, state: &str) -> Result<i64, StoreError> {
    let n: Option<(i64,)> =
        first!(tx, "SELECT COUNT(*) FROM delivery WHERE workflow_id = $1 AND state = $2", workflow, state)?;
    Ok(n.map_or(0, |r| r.0))
}

/// The draft that a delivery is of.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Of {
    /// Its id.
    pub id: String,
    /// 1 if the customer may have it although nobody saw it.
    pub may_have_reached: i64,
}

/// A page of deliveries, newest first.
pub async fn list(
    tx: &mut Tx,
    workflows: &[String],
    state: Option<&str>,
    page: &Page,
) -> Result<Vec<(DeliveryRow, Option<Of>)>, StoreError> {
    macro_rules! build {
        ($db:ty) => {{
            let mut q = QueryBuilder::<$db>::new("SELECT * FROM delivery WHERE workflow_id IN (");
            let mut list = q.separated(", ");
            for w in workflows {
                list.push_bind(w);
            }
            q.push(") AND state <> 'withdrawn'");
            if let Some(state) = state {
                q.push(" AND state = ").push_bind(state);
            }
            q.push(" AND seq < ").push_bind(page.key(0).unwrap_or(i64::MAX));
            q.push(" ORDER BY seq DESC LIMIT ").push_bind(page.limit);
            q
        }};
    }
    if workflows.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<DeliveryRow> = match &mut tx.inner {
        crate::open::Inner::Sqlite(c) => build!(sqlx::Sqlite).build_query_as().fetch_all(&mut **c).await?,
        crate::open::Inner::Postgres(c) => build!(sqlx::Postgres).build_query_as().fetch_all(&mut **c).await?,
    };
    let mut out = Vec::with_capacity(rows.len());
    for row in rows {
        let draft: Option<Of> = match row.draft_seq {
            Some(seq) => first!(tx, "SELECT id, may_have_reached FROM draft WHERE seq = $1", seq)?,
            None => None,
        };
        out.push((row, draft));
    }
    Ok(out)
}

/// Starts a delivery's tries over.
pub async fn retry(tx: &mut Tx, id: &str, now: Millis) -> Result<(), StoreError> {
    run!(tx, "UPDATE delivery SET state = 'pending', attempts = 0, due_at = $2 WHERE id = $1", id, now.0)?;
    Ok(())
}

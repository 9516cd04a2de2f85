//! The outbox: one row an outcome, sent at least once, in order for each ticket.

use crate::page::Page;
use crate::seals::{Row, hash_of, text_hash};
use crate::workflows::WorkflowRow;
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
    /// The hub that makes it.
    pub claimed_by: String,
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
    change!(
        tx,
        "delivery",
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
    );
    match (d.draft_seq, &d.verdict_id) {
        // Of those that nobody reads there are many at once.
        (Some(seq), None) => {
            let row = Row::of(&d.workflow_id, seq, &(&d.id, &d.ticket, &d.kind, &hash));
            tx.seal_row("unread", row);
        }
        _ => tx.seal(Some(&d.workflow_id), "delivery", &d.id, seal(d, &hash)),
    }
    count_waiting(tx, d, 1);
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

/// A workflow with something to send.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Due {
    /// The workflow.
    pub workflow_id: String,
    /// Its version.
    pub version: i64,
    /// 1 if a notice of what happened to it is due.
    pub notices: i64,
    /// 1 if a reply is due that may go out.
    pub replies: i64,
}

/// What may be claimed now, of a `d` that stands in the index for it. A reply that nobody saw goes out only while its
/// workflow hasn't been killed or demoted since it was drawn.
const NOTICE: &str = "d.draft_seq IS NULL";
const DECIDED: &str = "d.verdict_id IS NOT NULL";
const UNSEEN: &str = "d.verdict_id IS NULL AND d.draft_seq IS NOT NULL AND d.transition_id = w.recalled_by";
const NOW: &str = "d.workflow_id = w.id AND d.state = 'pending' AND d.due_at <= $1 AND d.claimed_until <= $1";
/// No earlier one of its ticket waits; nor has its ticket moved on while its workflow was killed, of which a resume has
/// still to look.
const FREE: &str = "NOT EXISTS (SELECT 1 FROM delivery e WHERE e.workflow_id = d.workflow_id AND e.ticket = d.ticket
       AND e.state = 'pending' AND e.seq < d.seq)
     AND NOT EXISTS (SELECT 1 FROM sweep s JOIN draft n ON n.workflow_id = s.workflow_id AND n.external_id = d.ticket
       WHERE s.workflow_id = d.workflow_id AND d.seq > s.after_seq AND d.seq <= s.upto_seq AND +n.seq > d.draft_seq
       AND n.probe IS NULL)";

/// Workflows with something to send, whatever holds it up. A killed one sends notices alone.
pub async fn due(tx: &mut Tx, now: Millis) -> Result<Vec<Due>, StoreError> {
    let any = |which: &str| format!("EXISTS (SELECT 1 FROM delivery d WHERE {NOW} AND {which})");
    let sql = format!(
        "SELECT * FROM (
           SELECT w.id AS workflow_id, w.version, CAST(CASE WHEN {notice} THEN 1 ELSE 0 END AS BIGINT) AS notices,
             CAST(CASE WHEN w.killed_at IS NULL AND ({decided} OR {unseen}) THEN 1 ELSE 0 END AS BIGINT) AS replies
           FROM workflow w WHERE substr(w.id, 1, 1) <> '~'
         ) AS found WHERE notices = 1 OR replies = 1 ORDER BY workflow_id",
        notice = any(NOTICE),
        decided = any(DECIDED),
        unseen = any(UNSEEN)
    );
    all!(tx, sqlx::AssertSqlSafe(sql), now.0)
}

/// The first notice of a workflow that may be claimed. They go out one after the other.
pub async fn next_notice(tx: &mut Tx, workflow: &str, now: Millis) -> Result<Vec<i64>, StoreError> {
    let sql = format!(
        "SELECT d.seq FROM delivery d JOIN workflow w ON w.id = $2 WHERE {NOW} AND {NOTICE} AND {FREE}
         ORDER BY d.due_at, d.seq LIMIT 1"
    );
    let rows: Vec<(i64,)> = all!(tx, sqlx::AssertSqlSafe(sql), now.0, workflow)?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// The first replies of a living workflow that may be claimed, by when they are due.
pub async fn next_replies(tx: &mut Tx, workflow: &str, now: Millis, limit: i64) -> Result<Vec<i64>, StoreError> {
    let first = |which: &str| {
        format!(
            "SELECT * FROM (SELECT d.seq, d.due_at FROM delivery d JOIN workflow w ON w.id = $2 AND w.killed_at IS NULL
             WHERE {NOW} AND {which} AND {FREE} ORDER BY d.due_at LIMIT $3) AS f"
        )
    };
    let sql = format!(
        "SELECT seq FROM ({} UNION ALL {}) AS both_kinds ORDER BY due_at, seq LIMIT $3",
        first(DECIDED),
        first(UNSEEN)
    );
    let rows: Vec<(i64,)> = all!(tx, sqlx::AssertSqlSafe(sql), now.0, workflow, limit)?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// Claims these of a workflow until `until` for a hub, as far as they still may be. The workflow is held already, so
/// that a kill either comes first or waits for this claim to be on record.
pub async fn claim(
    tx: &mut Tx,
    w: &WorkflowRow,
    seqs: &[i64],
    now: Millis,
    until: Millis,
    hub: &str,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let lock = tx.lock(" FOR UPDATE OF d SKIP LOCKED");
    let list = list_of(tx);
    let sql = format!(
        "SELECT d.* FROM delivery d JOIN workflow w ON w.id = $2
         WHERE d.seq IN ({list}) AND {NOW} AND ({NOTICE} OR (w.killed_at IS NULL AND ({DECIDED} OR ({UNSEEN})))) AND {FREE}
         ORDER BY d.due_at, d.seq{lock}",
        list = list.replace("$n", "$3")
    );
    let wanted = serde_json::to_string(seqs).unwrap_or_default();
    let mut rows: Vec<DeliveryRow> = all!(tx, sqlx::AssertSqlSafe(sql), now.0, &w.id, wanted)?;
    let drafts: Vec<i64> = rows.iter().filter_map(|r| r.draft_seq).collect();
    if tx.is_postgres() && !drafts.is_empty() {
        // Whoever holds a draft may be about to hold its delivery, too: it is left for the next time, not waited for.
        let free: Vec<(i64,)> = all!(
            tx,
            "SELECT seq FROM draft WHERE seq IN (SELECT CAST(jsonb_array_elements_text(CAST($1 AS jsonb)) AS BIGINT))
             FOR UPDATE SKIP LOCKED",
            serde_json::to_string(&drafts).unwrap_or_default()
        )?;
        rows.retain(|r| r.draft_seq.is_none_or(|seq| free.iter().any(|(s,)| *s == seq)));
    }
    let claimed: Vec<i64> = rows.iter().map(|r| r.seq).collect();
    if claimed.is_empty() {
        return Ok(rows);
    }
    let sql = format!(
        "UPDATE delivery SET claimed_until = $1, claimed_by = $2, attempts = attempts + 1 WHERE seq IN ({})",
        list.replace("$n", "$3")
    );
    run!(tx, sqlx::AssertSqlSafe(sql), until.0, hub, serde_json::to_string(&claimed).unwrap_or_default())?;
    Ok(rows)
}

/// Numbers that come as a JSON array, `$n` in place of their argument.
fn list_of(tx: &Tx) -> &'static str {
    if tx.is_postgres() {
        "SELECT CAST(jsonb_array_elements_text(CAST($n AS jsonb)) AS BIGINT)"
    } else {
        "SELECT value FROM json_each($n)"
    }
}

/// Replies that are being sent.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Running {
    /// Of this workflow.
    pub workflow_id: String,
    /// By this hub.
    pub claimed_by: String,
    /// So many.
    pub n: i64,
}

/// The replies that are being sent now, by workflow and hub: what has been claimed and neither ended nor broken off.
pub async fn running(tx: &mut Tx, now: Millis) -> Result<Vec<Running>, StoreError> {
    all!(
        tx,
        "SELECT workflow_id, claimed_by, COUNT(*) AS n FROM delivery
         WHERE state = 'pending' AND claimed_until > 0 AND claimed_until > $1 AND draft_seq IS NOT NULL
         GROUP BY workflow_id, claimed_by ORDER BY workflow_id, claimed_by",
        now.0
    )
}

/// Ends a delivery's waiting, or puts it off to its next try. Answers whether it was still waiting: what has been
/// settled meanwhile stays as it is.
pub async fn set_state(
    tx: &mut Tx,
    d: &DeliveryRow,
    state: &str,
    due_at: Millis,
    error: Option<&str>,
    delivered: Option<Millis>,
) -> Result<bool, StoreError> {
    let moved = run!(
        tx,
        "UPDATE delivery SET state = $2, due_at = $3, last_error = $4, delivered_at = $5, claimed_until = 0
         WHERE id = $1 AND state = 'pending'",
        &d.id,
        state,
        due_at.0,
        error,
        delivered.map(|t| t.0)
    )?;
    if moved > 0 && state != "pending" {
        count_waiting(tx, d, -1);
    }
    Ok(moved > 0)
}

/// Lets go of a try. One that was begun and broken off counts: it may have arrived. One that was never made doesn't.
pub async fn unclaim(tx: &mut Tx, id: &str, begun: bool) -> Result<(), StoreError> {
    run!(
        tx,
        "UPDATE delivery SET claimed_until = 0, attempts = attempts - $2 WHERE id = $1 AND state = 'pending'",
        id,
        i64::from(!begun)
    )?;
    Ok(())
}

/// A stretch of replies that nobody saw and that were drawn before their workflow's last kill or demotion: workflow and
/// number. Those of which a try may be running are left for later.
pub async fn recalled(tx: &mut Tx, now: Millis, limit: i64) -> Result<Vec<(String, i64)>, StoreError> {
    // Two ranges of the index, so that it costs nothing where there are none, however many wait. A cross join keeps SQLite
    // to this order.
    all!(
        tx,
        "SELECT workflow_id, seq FROM (
           SELECT d.workflow_id, d.seq FROM workflow w CROSS JOIN delivery d
           WHERE d.workflow_id = w.id AND d.transition_id < w.recalled_by AND d.state = 'pending' AND d.verdict_id IS NULL AND d.draft_seq IS NOT NULL AND d.claimed_until <= $1
             AND substr(w.id, 1, 1) <> '~'
           UNION ALL
           SELECT d.workflow_id, d.seq FROM workflow w CROSS JOIN delivery d
           WHERE d.workflow_id = w.id AND d.transition_id > w.recalled_by AND d.state = 'pending' AND d.verdict_id IS NULL AND d.draft_seq IS NOT NULL AND d.claimed_until <= $1
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

/// The names under which waiting deliveries are counted, beside the states of drafts.
pub(crate) const WAITING: [&str; 2] = ["reply", "notice"];

fn count_waiting(tx: &mut Tx, d: &DeliveryRow, by: i64) {
    let [reply, notice] = WAITING;
    let what = if d.draft_seq.is_some() { reply } else { notice };
    *tx.late.counts.entry((d.workflow_id.clone(), what)).or_default() += by;
}

/// How many replies of a workflow wait, whatever for. A kept count: it costs the same however many they are.
pub async fn replies_waiting(tx: &mut Tx, workflow: &str) -> Result<i64, StoreError> {
    let sql = "SELECT n FROM draft_count WHERE workflow_id = $1 AND state = 'reply'";
    let n: Option<(i64,)> = first!(tx, sql, workflow)?;
    Ok(n.map_or(0, |r| r.0))
}

/// How many deliveries of a workflow wait: replies, and notices of what happened to it.
pub async fn waiting(tx: &mut Tx, workflow: &str) -> Result<i64, StoreError> {
    let sql = "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM draft_count WHERE workflow_id = $1 AND state IN ('reply', 'notice')";
    let n: Option<(i64,)> = first!(tx, sql, workflow)?;
    Ok(n.map_or(0, |r| r.0))
}

/// How many of a workflow's deliveries were given up.
pub async fn undeliverable(tx: &mut Tx, workflow: &str) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM delivery WHERE workflow_id = $1 AND state = 'undeliverable'";
    let n: Option<(i64,)> = first!(tx, sql, workflow)?;
    Ok(n.map_or(0, |r| r.0))
}

/// Whether an earlier one of its ticket waits, so that this one waits for it.
pub async fn waits_for_earlier(tx: &mut Tx, d: &DeliveryRow) -> Result<bool, StoreError> {
    let row: Option<(i64,)> = first!(
        tx,
        "SELECT seq FROM delivery WHERE workflow_id = $1 AND ticket = $2 AND state = 'pending' AND seq < $3 LIMIT 1",
        &d.workflow_id,
        &d.ticket,
        d.seq
    )?;
    Ok(row.is_some())
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
    let rows: Vec<DeliveryRow> = match tx.connection().await? {
        crate::tx::Inner::Sqlite(c) => build!(sqlx::Sqlite).build_query_as().fetch_all(&mut **c).await?,
        crate::tx::Inner::Postgres(c) => build!(sqlx::Postgres).build_query_as().fetch_all(&mut **c).await?,
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

/// Starts the tries over of a delivery that is held for a change.
pub async fn retry(tx: &mut Tx, d: &DeliveryRow, now: Millis) -> Result<(), StoreError> {
    run!(tx, "UPDATE delivery SET state = 'pending', attempts = 0, due_at = $2 WHERE id = $1", &d.id, now.0)?;
    if d.state != "pending" {
        count_waiting(tx, d, 1);
    }
    Ok(())
}

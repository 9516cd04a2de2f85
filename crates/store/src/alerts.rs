//! Alerts, and their messages to the services that page people.

use crate::page::Page;
use crate::{StoreError, Tx};
use countersign_domain::time::Millis;
use sqlx::QueryBuilder;

/// An alert.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AlertRow {
    /// Order of opening.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// The workflow.
    pub workflow_id: String,
    /// `budget`, `confirmation`, `kill`, `demotion` or `manual`.
    pub kind: String,
    /// `page` or `notify`.
    pub severity: String,
    /// The burn rule; empty where there is none.
    pub rule: String,
    /// The incident that it is about.
    pub incident_id: Option<String>,
    /// In a line.
    pub summary: String,
    /// More, as a JSON object.
    pub detail: String,
    /// `firing` or `resolved`.
    pub state: String,
    /// In milliseconds.
    pub opened_at: i64,
    /// In milliseconds.
    pub resolved_at: Option<i64>,
}

/// Opens an alert.
pub async fn insert(tx: &mut Tx, a: &AlertRow) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO alert (id, workflow_id, kind, severity, rule, incident_id, summary, detail, state, opened_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'firing', $9)",
        &a.id,
        &a.workflow_id,
        &a.kind,
        &a.severity,
        &a.rule,
        a.incident_id.as_deref(),
        &a.summary,
        &a.detail,
        a.opened_at
    )?;
    Ok(())
}

/// One alert.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<AlertRow>, StoreError> {
    first!(tx, "SELECT * FROM alert WHERE id = $1", id)
}

/// The budget alerts of a workflow that are firing.
pub async fn firing(tx: &mut Tx, workflow: &str) -> Result<Vec<AlertRow>, StoreError> {
    let sql = "SELECT * FROM alert WHERE workflow_id = $1 AND kind = 'budget' AND state = 'firing' ORDER BY seq";
    all!(tx, sql, workflow)
}

/// The alerts of one kind of a workflow that are firing.
pub async fn firing_of(tx: &mut Tx, workflow: &str, kind: &str) -> Result<Vec<AlertRow>, StoreError> {
    let sql = "SELECT * FROM alert WHERE workflow_id = $1 AND kind = $2 AND state = 'firing' ORDER BY seq";
    all!(tx, sql, workflow, kind)
}

/// The alerts of an incident that are firing.
pub async fn of_incident(tx: &mut Tx, incident: &str) -> Result<Vec<AlertRow>, StoreError> {
    all!(tx, "SELECT * FROM alert WHERE incident_id = $1 AND state = 'firing' ORDER BY seq", incident)
}

/// Marks an alert as over.
pub async fn resolve(tx: &mut Tx, id: &str, at: Millis) -> Result<(), StoreError> {
    run!(tx, "UPDATE alert SET state = 'resolved', resolved_at = $2 WHERE id = $1", id, at.0)?;
    Ok(())
}

/// A page of alerts, newest first.
pub async fn list(
    tx: &mut Tx,
    workflows: &[String],
    state: Option<&str>,
    page: &Page,
) -> Result<Vec<AlertRow>, StoreError> {
    macro_rules! build {
        ($db:ty) => {{
            let mut q = QueryBuilder::<$db>::new("SELECT * FROM alert WHERE workflow_id IN (");
            let mut list = q.separated(", ");
            for w in workflows {
                list.push_bind(w);
            }
            q.push(")");
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
    Ok(match tx.connection().await? {
        crate::tx::Inner::Sqlite(c) => build!(sqlx::Sqlite).build_query_as().fetch_all(&mut **c).await?,
        crate::tx::Inner::Postgres(c) => build!(sqlx::Postgres).build_query_as().fetch_all(&mut **c).await?,
    })
}

/// One message of an alert to one service.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PostRow {
    /// The alert.
    pub alert_id: String,
    /// `slack` or `pagerduty`.
    pub channel: String,
    /// `trigger` or `resolve`.
    pub action: String,
    /// `pending`, `sent` or `failed`.
    pub state: String,
    /// Tries so far.
    pub attempts: i64,
    /// The next try, in milliseconds.
    pub due_at: i64,
    /// Why the last try failed.
    pub last_error: Option<String>,
    /// In milliseconds.
    pub sent_at: Option<i64>,
}

const POST: &str = "p.alert_id, p.channel, p.action, p.state, p.attempts, p.due_at, p.last_error, p.sent_at";

/// Adds a message, within the transaction of what it tells.
pub async fn add_post(tx: &mut Tx, alert: &str, channel: &str, action: &str, due_at: Millis) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO alert_post (alert_id, channel, action, state, due_at) VALUES ($1, $2, $3, 'pending', $4)
         ON CONFLICT (alert_id, channel, action) DO NOTHING",
        alert,
        channel,
        action,
        due_at.0
    )?;
    Ok(())
}

/// The messages of an alert.
pub async fn posts(tx: &mut Tx, alert: &str) -> Result<Vec<PostRow>, StoreError> {
    let sql = format!("SELECT {POST} FROM alert_post p WHERE p.alert_id = $1 ORDER BY p.channel, p.action DESC");
    all!(tx, sqlx::AssertSqlSafe(sql), alert)
}

/// Whether any message is due.
pub async fn any_due(tx: &mut Tx, now: Millis) -> Result<bool, StoreError> {
    let sql =
        "SELECT attempts FROM alert_post WHERE state = 'pending' AND due_at <= $1 AND claimed_until <= $1 LIMIT 1";
    let row: Option<(i64,)> = first!(tx, sql, now.0)?;
    Ok(row.is_some())
}

/// Claims what is due until `until`; that an alert is over is told after the alert itself.
pub async fn claim(tx: &mut Tx, now: Millis, until: Millis, limit: i64) -> Result<Vec<PostRow>, StoreError> {
    let lock = tx.lock(" FOR UPDATE OF p SKIP LOCKED");
    let sql = format!(
        "SELECT {POST} FROM alert_post p WHERE p.state = 'pending' AND p.due_at <= $1 AND p.claimed_until <= $1
           AND NOT (p.action = 'resolve' AND EXISTS (SELECT 1 FROM alert_post e WHERE e.alert_id = p.alert_id
                    AND e.channel = p.channel AND e.action = 'trigger' AND e.state = 'pending'))
         ORDER BY p.due_at LIMIT $2{lock}"
    );
    let rows: Vec<PostRow> = all!(tx, sqlx::AssertSqlSafe(sql), now.0, limit)?;
    for row in &rows {
        run!(
            tx,
            "UPDATE alert_post SET claimed_until = $4, attempts = attempts + 1
             WHERE alert_id = $1 AND channel = $2 AND action = $3",
            &row.alert_id,
            &row.channel,
            &row.action,
            until.0
        )?;
    }
    Ok(rows)
}

/// Records the end of a try.
pub async fn tried(
    tx: &mut Tx,
    p: &PostRow,
    state: &str,
    due_at: Millis,
    error: Option<&str>,
    sent: Option<Millis>,
) -> Result<(), StoreError> {
    run!(
        tx,
        "UPDATE alert_post SET state = $4, due_at = $5, last_error = $6, sent_at = $7, claimed_until = 0
         WHERE alert_id = $1 AND channel = $2 AND action = $3",
        &p.alert_id,
        &p.channel,
        &p.action,
        state,
        due_at.0,
        error,
        sent.map(|t| t.0)
    )?;
    Ok(())
}

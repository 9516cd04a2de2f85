//! Incidents: what they are, their runbook's steps, and their timelines.

use crate::page::Page;
use crate::{StoreError, Tx};
use countersign_domain::runbook::Step;
use countersign_domain::time::Millis;
use sqlx::QueryBuilder;

/// An incident.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct IncidentRow {
    /// Order of opening.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// The workflow.
    pub workflow_id: String,
    /// 1, 2, 3 … in its workflow.
    pub number: i64,
    /// A line on what it is.
    pub title: String,
    /// `kill`, `demotion` or `manual`.
    pub kind: String,
    /// `open` or `closed`.
    pub state: String,
    /// The workflow's version then.
    pub version: i64,
    /// The workflow's stage before.
    pub stage: String,
    /// The kill or demotion that opened it.
    pub transition_id: Option<String>,
    /// In milliseconds.
    pub opened_at: i64,
    /// Who.
    pub opened_by: String,
    /// In milliseconds.
    pub closed_at: Option<i64>,
    /// Who.
    pub closed_by: Option<String>,
    /// What was learned.
    pub note: Option<String>,
    /// In milliseconds.
    pub note_at: Option<i64>,
    /// Who.
    pub note_by: Option<String>,
    /// Steps of its runbook.
    pub steps: i64,
    /// Steps ticked off.
    pub steps_done: i64,
}

const SELECT: &str = "SELECT i.*, (SELECT COUNT(*) FROM incident_step s WHERE s.incident_id = i.id) AS steps,
     (SELECT COUNT(*) FROM incident_step s WHERE s.incident_id = i.id AND s.done_at IS NOT NULL) AS steps_done
     FROM incident i ";

/// A new incident.
pub struct NewIncident<'a> {
    /// Its id.
    pub id: &'a str,
    /// The workflow.
    pub workflow: &'a str,
    /// A line on what it is.
    pub title: &'a str,
    /// `kill`, `demotion` or `manual`.
    pub kind: &'a str,
    /// The workflow's version.
    pub version: i64,
    /// The workflow's stage before.
    pub stage: &'a str,
    /// The kill or demotion that opens it.
    pub transition: Option<&'a str>,
    /// When.
    pub at: Millis,
    /// By whom.
    pub by: &'a str,
}

/// Opens an incident with the steps of its runbook; answers its number. The workflow's row is held, so that no
/// other takes the number.
pub async fn open(tx: &mut Tx, i: &NewIncident<'_>, steps: &[Step]) -> Result<i64, StoreError> {
    let last: Option<(i64,)> =
        first!(tx, "SELECT COALESCE(MAX(number), 0) FROM incident WHERE workflow_id = $1", i.workflow)?;
    let number = last.map_or(0, |r| r.0) + 1;
    run!(
        tx,
        "INSERT INTO incident (id, workflow_id, number, title, kind, state, version, stage, transition_id, opened_at, opened_by)
         VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9, $10)",
        i.id,
        i.workflow,
        number,
        i.title,
        i.kind,
        i.version,
        i.stage,
        i.transition,
        i.at.0,
        i.by
    )?;
    for (n, step) in (1_i64..).zip(steps) {
        let sql = "INSERT INTO incident_step (incident_id, n, section, text) VALUES ($1, $2, $3, $4)";
        run!(tx, sql, i.id, n, step.section.as_deref(), &step.text)?;
    }
    Ok(number)
}

/// An incident by its id, its row held for a change on engines that have row locks.
pub async fn get(tx: &mut Tx, id: &str, change: bool) -> Result<Option<IncidentRow>, StoreError> {
    let lock = if change { tx.lock(" FOR UPDATE OF i") } else { "" };
    first!(tx, sqlx::AssertSqlSafe(format!("{SELECT} WHERE i.id = $1{lock}")), id)
}

/// The open incident of a workflow.
pub async fn open_of(tx: &mut Tx, workflow: &str) -> Result<Option<IncidentRow>, StoreError> {
    first!(tx, sqlx::AssertSqlSafe(format!("{SELECT} WHERE i.workflow_id = $1 AND i.state = 'open'")), workflow)
}

/// A page of incidents, newest first.
pub async fn list(
    tx: &mut Tx,
    workflows: &[String],
    state: Option<&str>,
    page: &Page,
) -> Result<Vec<IncidentRow>, StoreError> {
    macro_rules! build {
        ($db:ty) => {{
            let mut q = QueryBuilder::<$db>::new(SELECT);
            q.push("WHERE i.workflow_id IN (");
            let mut list = q.separated(", ");
            for w in workflows {
                list.push_bind(w);
            }
            q.push(")");
            if let Some(state) = state {
                q.push(" AND i.state = ").push_bind(state);
            }
            q.push(" AND i.seq < ").push_bind(page.key(0).unwrap_or(i64::MAX));
            q.push(" ORDER BY i.seq DESC LIMIT ").push_bind(page.limit);
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

/// A step of an incident's runbook.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct StepRow {
    /// 1, 2, 3 …
    pub n: i64,
    /// The heading it stands under.
    pub section: Option<String>,
    /// What to do.
    pub text: String,
    /// Ticked off at, in milliseconds.
    pub done_at: Option<i64>,
    /// By whom.
    pub done_by: Option<String>,
}

/// The steps of an incident, in order.
pub async fn steps(tx: &mut Tx, incident: &str) -> Result<Vec<StepRow>, StoreError> {
    all!(tx, "SELECT n, section, text, done_at, done_by FROM incident_step WHERE incident_id = $1 ORDER BY n", incident)
}

/// Ticks a step off, or takes the tick back.
pub async fn tick(tx: &mut Tx, incident: &str, n: i64, done: Option<(Millis, &str)>) -> Result<(), StoreError> {
    run!(
        tx,
        "UPDATE incident_step SET done_at = $3, done_by = $4 WHERE incident_id = $1 AND n = $2",
        incident,
        n,
        done.map(|(at, _)| at.0),
        done.map(|(_, by)| by)
    )?;
    Ok(())
}

/// A line of a timeline.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EntryRow {
    /// Order of arrival.
    pub seq: i64,
    /// In milliseconds.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// `killed`, `resumed`, `ticked`, `note` …
    pub kind: String,
    /// What.
    pub text: String,
}

/// A page of an incident's timeline, the latest first.
pub async fn entries(tx: &mut Tx, incident: &str, page: &Page) -> Result<Vec<EntryRow>, StoreError> {
    all!(
        tx,
        "SELECT seq, at, actor, kind, text FROM incident_entry WHERE incident_id = $1 AND seq < $2
         ORDER BY seq DESC LIMIT $3",
        incident,
        page.key(0).unwrap_or(i64::MAX),
        page.limit
    )
}

/// Adds a line to a timeline.
pub async fn add_entry(
    tx: &mut Tx,
    incident: &str,
    at: Millis,
    actor: &str,
    kind: &str,
    text: &str,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO incident_entry (incident_id, at, actor, kind, text) VALUES ($1, $2, $3, $4, $5)";
    run!(tx, sql, incident, at.0, actor, kind, text)?;
    Ok(())
}

/// Writes what was learned; the last words stand.
pub async fn set_note(tx: &mut Tx, id: &str, note: &str, at: Millis, by: &str) -> Result<(), StoreError> {
    run!(tx, "UPDATE incident SET note = $2, note_at = $3, note_by = $4 WHERE id = $1", id, note, at.0, by)?;
    Ok(())
}

/// Closes an incident.
pub async fn close(tx: &mut Tx, id: &str, at: Millis, by: &str) -> Result<(), StoreError> {
    run!(tx, "UPDATE incident SET state = 'closed', closed_at = $2, closed_by = $3 WHERE id = $1", id, at.0, by)?;
    Ok(())
}

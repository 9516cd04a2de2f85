//! Escalations: open or settled, routed, owned.

use crate::page::Page;
use crate::{StoreError, Tx};
use countersign_domain::time::Millis;
use sqlx::QueryBuilder;

/// An escalation with what a list shows of its draft.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EscalationRow {
    /// Order of arrival.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// The draft's number.
    pub draft_seq: i64,
    /// The draft's id.
    pub draft_id: String,
    /// The workflow.
    pub workflow_id: String,
    /// The ticket.
    pub external_id: String,
    /// A line on what the customer wants.
    pub subject: String,
    /// The customer.
    pub customer: Option<String>,
    /// Codes as a JSON array.
    pub reasons: String,
    /// The reviewer's comment.
    pub comment: Option<String>,
    /// To whom.
    pub route: String,
    /// Who took it.
    pub owner: Option<String>,
    /// `open`, `settled` or `withdrawn`.
    pub state: String,
    /// In milliseconds.
    pub opened_at: i64,
    /// In milliseconds.
    pub settled_at: Option<i64>,
    /// How it was settled.
    pub note: Option<String>,
    /// When its draft was erased, in milliseconds.
    pub erased_at: Option<i64>,
}

const SELECT: &str = "SELECT e.seq, e.id, e.draft_seq, d.id AS draft_id, e.workflow_id, d.external_id, d.subject, d.customer, \
     e.reasons, e.comment, e.route, e.owner, e.state, e.opened_at, e.settled_at, e.note, d.erased_at \
     FROM escalation e JOIN draft d ON d.seq = e.draft_seq ";

/// What is new about an escalation.
pub struct NewEscalation<'a> {
    /// Its id.
    pub id: &'a str,
    /// The verdict that made it.
    pub verdict_id: &'a str,
    /// The draft.
    pub draft_seq: i64,
    /// The workflow.
    pub workflow_id: &'a str,
    /// Codes as a JSON array.
    pub reasons: &'a str,
    /// The reviewer's comment.
    pub comment: Option<&'a str>,
    /// To whom.
    pub route: &'a str,
    /// When.
    pub at: Millis,
}

/// Opens an escalation.
pub async fn insert(tx: &mut Tx, e: &NewEscalation<'_>) -> Result<(), StoreError> {
    change!(
        tx,
        "escalation",
        "INSERT INTO escalation (id, verdict_id, draft_seq, workflow_id, reasons, comment, route, state, opened_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8)",
        e.id,
        e.verdict_id,
        e.draft_seq,
        e.workflow_id,
        e.reasons,
        e.comment,
        e.route,
        e.at.0
    );
    Ok(())
}

/// One escalation.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<EscalationRow>, StoreError> {
    let lock = tx.lock(" FOR UPDATE OF e");
    first!(tx, sqlx::AssertSqlSafe(format!("{SELECT} WHERE e.id = $1{lock}")), id)
}

/// The latest standing escalation of a draft.
pub async fn of_draft(tx: &mut Tx, draft_seq: i64) -> Result<Option<EscalationRow>, StoreError> {
    let sql = format!("{SELECT} WHERE e.draft_seq = $1 AND e.state <> 'withdrawn' ORDER BY e.seq DESC LIMIT 1");
    first!(tx, sqlx::AssertSqlSafe(sql), draft_seq)
}

/// Takes an escalation back with its verdict.
pub async fn withdraw(tx: &mut Tx, verdict_id: &str) -> Result<(), StoreError> {
    run!(tx, "UPDATE escalation SET state = 'withdrawn' WHERE verdict_id = $1", verdict_id)?;
    Ok(())
}

/// Gives it an owner.
pub async fn take(tx: &mut Tx, id: &str, owner: &str) -> Result<(), StoreError> {
    run!(tx, "UPDATE escalation SET owner = $2 WHERE id = $1", id, owner)?;
    Ok(())
}

/// Settles it.
pub async fn settle(tx: &mut Tx, id: &str, owner: &str, note: &str, at: Millis) -> Result<(), StoreError> {
    run!(
        tx,
        "UPDATE escalation SET owner = $2, note = $3, state = 'settled', settled_at = $4 WHERE id = $1",
        id,
        owner,
        note,
        at.0
    )?;
    Ok(())
}

/// How many are open in a workflow.
pub async fn open_count(tx: &mut Tx, workflow: &str) -> Result<i64, StoreError> {
    let n: Option<(i64,)> =
        first!(tx, "SELECT COUNT(*) FROM escalation WHERE workflow_id = $1 AND state = 'open'", workflow)?;
    Ok(n.map_or(0, |r| r.0))
}

/// Whose eyes a first verdict is kept from.
#[derive(Clone, Debug)]
pub struct Blind {
    /// In these workflows.
    pub workflows: Vec<String>,
    /// Who may be asked for a second review.
    pub viewer: String,
    /// What goes to one of these is work for them, and is shown.
    pub routes: Vec<String>,
}

/// Which escalations are asked for.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of these workflows.
    pub workflows: Vec<String>,
    /// `open` or `settled`; none for both.
    pub state: Option<String>,
    /// Only those that went to one of these routes or are owned by this person.
    pub mine: Option<(String, Option<Vec<String>>)>,
    /// Without what the viewer may yet be asked about.
    pub blind: Option<Blind>,
}

/// A page of escalations, newest first.
pub async fn list(tx: &mut Tx, f: &Filter, page: &Page) -> Result<Vec<EscalationRow>, StoreError> {
    macro_rules! build {
        ($db:ty) => {{
            let mut q = QueryBuilder::<$db>::new(SELECT);
            q.push("WHERE e.state <> 'withdrawn' AND e.workflow_id IN (");
            let mut list = q.separated(", ");
            for w in &f.workflows {
                list.push_bind(w);
            }
            q.push(")");
            if let Some(state) = &f.state {
                q.push(" AND e.state = ").push_bind(state);
            }
            if let Some((me, routes)) = &f.mine {
                if let Some(routes) = routes {
                    q.push(" AND (e.owner = ")
                        .push_bind(me)
                        .push(" OR (e.owner IS NULL AND e.route IN (")
                        .push_bind(me);
                    for route in routes {
                        q.push(", ").push_bind(route);
                    }
                    q.push(")))");
                } else {
                    q.push(" AND (e.owner IS NULL OR e.owner = ").push_bind(me).push(")");
                }
            }
            if let Some(blind) = f.blind.as_ref().filter(|b| !b.workflows.is_empty()) {
                q.push(" AND NOT (e.workflow_id IN (");
                let mut list = q.separated(", ");
                for w in &blind.workflows {
                    list.push_bind(w);
                }
                q.push(") AND e.route NOT IN (").push_bind(&blind.viewer);
                for route in &blind.routes {
                    q.push(", ").push_bind(route);
                }
                q.push(") AND EXISTS (SELECT 1 FROM second_review s WHERE s.draft_seq = e.draft_seq AND s.state <> 'done' AND s.first_reviewer <> ");
                q.push_bind(&blind.viewer).push("))");
            }
            q.push(" AND e.seq < ").push_bind(page.key(0).unwrap_or(i64::MAX));
            q.push(" ORDER BY e.seq DESC LIMIT ").push_bind(page.limit);
            q
        }};
    }
    if f.workflows.is_empty() {
        return Ok(Vec::new());
    }
    Ok(match tx.connection().await? {
        crate::tx::Inner::Sqlite(c) => build!(sqlx::Sqlite).build_query_as().fetch_all(&mut **c).await?,
        crate::tx::Inner::Postgres(c) => build!(sqlx::Postgres).build_query_as().fetch_all(&mut **c).await?,
    })
}

//! Drafts: what is stored of each, how they come in, and how they move between states.

use crate::late::CountRow;
use crate::seals::{Row, text_hash};
use crate::{StoreError, Tx};
use countersign_domain::draft::DraftBody;
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use sqlx::QueryBuilder;
use std::collections::{BTreeMap, HashMap};

/// A draft with everything.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DraftRow {
    /// Order of arrival.
    pub seq: i64,
    /// Public id.
    pub id: String,
    /// The workflow.
    pub workflow_id: String,
    /// The workflow's version that it was staged under.
    pub version: i64,
    /// The stage it was staged at.
    pub stage: String,
    /// The ticket.
    pub external_id: String,
    /// The ticket's revision.
    pub revision: String,
    /// The stored state.
    pub state: String,
    /// A line on what the customer wants.
    pub subject: String,
    /// Who the customer is.
    pub customer: Option<String>,
    /// Bits of `Mark`.
    pub marks: i64,
    /// 1 for high risk.
    pub risk: i64,
    /// The probability of being reviewed.
    pub probability: f64,
    /// The lowest rate in force for this version and stage until it was staged.
    pub floor: f64,
    /// 1 if it was selected for review.
    pub selected: i64,
    /// 1 if a second person reviews it blind.
    pub double_read: i64,
    /// In milliseconds.
    pub staged_at: i64,
    /// In milliseconds.
    pub expires_at: i64,
    /// The last lease's number.
    pub fence: i64,
    /// Over body and checks.
    pub content_hash: String,
    /// `Checks` as JSON.
    pub checks: String,
    /// `DraftBody` as JSON.
    pub body: String,
    /// For a probe: what is known of it, as JSON. It is in no count.
    pub probe: Option<String>,
    /// For a probe: the one reviewer who sees it.
    pub probe_for: Option<String>,
    /// For a probe: the number whose place it takes in lists.
    pub probe_place: Option<i64>,
    /// 1 if it was to go out unseen, and a kill or a demotion brought it back for a person. It stays counted as
    /// unreviewed.
    pub rescued: i64,
    /// 1 if its delivery had been tried by then.
    pub may_have_reached: i64,
    /// When its text was erased, in milliseconds.
    pub erased_at: Option<i64>,
}

impl DraftRow {
    /// What came in with it; nothing, once it was erased.
    pub fn body(&self) -> Result<DraftBody, StoreError> {
        if self.erased_at.is_some() {
            return Ok(DraftBody::erased());
        }
        let unreadable = |_| StoreError::Unreadable { what: "a draft's body", value: self.id.clone() };
        serde_json::from_str(&self.body).map_err(unreadable)
    }

    /// The stored state.
    pub fn state(&self) -> Result<State, StoreError> {
        parse_state(&self.state)
    }
}

pub(crate) fn parse_state(text: &str) -> Result<State, StoreError> {
    State::parse(text).ok_or_else(|| StoreError::Unreadable { what: "a draft's state", value: text.to_owned() })
}

const COLUMNS: &str = "seq, id, workflow_id, version, stage, external_id, revision, state, subject, customer, marks, \
     risk, probability, floor, selected, double_read, staged_at, expires_at, fence, content_hash, checks, body, probe, probe_for, \
     probe_place, rescued, may_have_reached, erased_at";

/// The columns of a row that a function answers whole.
pub(crate) fn columns_of(row: &str) -> String {
    COLUMNS.split(", ").map(|column| format!("({row}).{column}")).collect::<Vec<_>>().join(", ")
}

/// A draft by its id, its row held for a change on engines that have row locks.
pub async fn get(tx: &mut Tx, id: &str, change: bool) -> Result<Option<DraftRow>, StoreError> {
    let lock = if change { tx.lock(" FOR UPDATE") } else { "" };
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM draft WHERE id = $1{lock}"));
    first!(tx, sql, id)
}

/// A draft by its number.
pub async fn by_seq(tx: &mut Tx, seq: i64) -> Result<Option<DraftRow>, StoreError> {
    let lock = tx.lock(" FOR UPDATE");
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM draft WHERE seq = $1{lock}"));
    first!(tx, sql, seq)
}

/// The same, unless somebody else holds it.
pub async fn free(tx: &mut Tx, seq: i64) -> Result<Option<DraftRow>, StoreError> {
    let lock = tx.lock(" FOR UPDATE SKIP LOCKED");
    let sql = sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM draft WHERE seq = $1{lock}"));
    first!(tx, sql, seq)
}

/// The same, only looked at.
pub async fn look(tx: &mut Tx, seq: i64) -> Result<Option<DraftRow>, StoreError> {
    first!(tx, sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM draft WHERE seq = $1")), seq)
}

/// The bodies of these drafts by their ids, as they are stored, without the erased ones.
pub async fn bodies(tx: &mut Tx, ids: &[&str]) -> Result<HashMap<String, String>, StoreError> {
    let list = serde_json::to_string(ids).unwrap_or_default();
    let sql = if tx.is_postgres() {
        "SELECT id, body FROM draft WHERE erased_at IS NULL AND id IN (SELECT jsonb_array_elements_text(CAST($1 AS jsonb)))"
    } else {
        "SELECT id, body FROM draft WHERE erased_at IS NULL AND id IN (SELECT value FROM json_each($1))"
    };
    let rows: Vec<(String, String)> = all!(tx, sql, list)?;
    Ok(rows.into_iter().collect())
}

/// What is known of a ticket already.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Known {
    /// The ticket.
    pub external_id: String,
    /// The revision.
    pub revision: String,
    /// The draft's number.
    pub seq: i64,
    /// The draft's id.
    pub id: String,
    /// Its stored state.
    pub state: String,
    /// 1 for a probe, which only borrowed the ticket's name.
    pub probe: i64,
    /// Of its body as it came in; missing on drafts of programs that kept none.
    pub body_hash: Option<String>,
}

impl Known {
    /// Whether it surely came with this very body.
    pub fn came_as(&self, body: &str) -> bool {
        self.body_hash.as_deref() == Some(&text_hash(body))
    }
}

/// What is stored as a draft's body, unless that was erased.
pub async fn stored_body(tx: &mut Tx, seq: i64) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> = first!(tx, "SELECT body FROM draft WHERE seq = $1 AND erased_at IS NULL", seq)?;
    Ok(row.map(|r| r.0))
}

/// Every draft of these tickets.
pub async fn known(tx: &mut Tx, workflow: &str, external_ids: &[&str]) -> Result<Vec<Known>, StoreError> {
    let list = serde_json::to_string(external_ids).unwrap_or_default();
    // `+`: without it the index in the order of arrival is read from end to end for a few tickets; so wherever else a
    // ticket's drafts are looked for.
    if tx.is_postgres() {
        all!(
            tx,
            "SELECT external_id, revision, seq, id, state, CAST(CASE WHEN probe IS NULL THEN 0 ELSE 1 END AS BIGINT) AS probe, body_hash
             FROM draft WHERE workflow_id = $1
             AND external_id = ANY(ARRAY(SELECT jsonb_array_elements_text(CAST($2 AS jsonb)))) ORDER BY +seq FOR UPDATE",
            workflow,
            list
        )
    } else {
        all!(
            tx,
            "SELECT external_id, revision, seq, id, state, CAST(CASE WHEN probe IS NULL THEN 0 ELSE 1 END AS BIGINT) AS probe, body_hash
             FROM draft WHERE workflow_id = $1
             AND external_id IN (SELECT value FROM json_each($2)) ORDER BY +seq",
            workflow,
            list
        )
    }
}

/// Numbers for `n` new drafts, in ascending order.
pub async fn take_numbers(tx: &mut Tx, n: i64) -> Result<Vec<i64>, StoreError> {
    if tx.is_postgres() {
        let rows: Vec<(i64,)> = all!(tx, "SELECT nextval('draft_seq_seq') FROM generate_series(1, $1)", n)?;
        let mut numbers: Vec<i64> = rows.into_iter().map(|r| r.0).collect();
        numbers.sort_unstable();
        return Ok(numbers);
    }
    let last: Option<(i64,)> = first!(tx, "SELECT COALESCE(MAX(seq), 0) FROM draft")?;
    let last = last.map_or(0, |r| r.0);
    Ok((last + 1..=last + n).collect())
}

/// Adds drafts.
pub async fn insert(tx: &mut Tx, rows: &[DraftRow]) -> Result<(), StoreError> {
    // A statement takes 32,766 arguments on SQLite, about twice as many on Postgres.
    const ROWS: usize = 1_000;
    for rows in rows.chunks(ROWS) {
        insert_some(tx, rows).await?;
    }
    Ok(())
}

async fn insert_some(tx: &mut Tx, rows: &[DraftRow]) -> Result<(), StoreError> {
    macro_rules! push {
        ($b:ident, $r:ident, $hash:ident) => {
            $b.push_bind($r.seq)
                .push_bind(&$r.id)
                .push_bind(&$r.workflow_id)
                .push_bind($r.version)
                .push_bind(&$r.stage)
                .push_bind(&$r.external_id)
                .push_bind(&$r.revision)
                .push_bind(&$r.state)
                .push_bind(&$r.subject)
                .push_bind(&$r.customer)
                .push_bind($r.marks)
                .push_bind($r.risk)
                .push_bind($r.probability)
                .push_bind($r.floor)
                .push_bind($r.selected)
                .push_bind($r.double_read)
                .push_bind($r.staged_at)
                .push_bind($r.expires_at)
                .push_bind($r.fence)
                .push_bind(&$r.content_hash)
                .push_bind(&$r.checks)
                .push_bind(&$r.body)
                .push_bind(&$r.probe)
                .push_bind(&$r.probe_for)
                .push_bind($r.probe_place)
                .push_bind($r.rescued)
                .push_bind($r.may_have_reached)
                .push_bind($r.erased_at)
                .push_bind($hash)
        };
    }
    let hashes: Vec<String> = rows.iter().map(|r| text_hash(&r.body)).collect();
    for (r, hash) in rows.iter().zip(&hashes).filter(|(r, _)| r.probe.is_none()) {
        tx.seal_row("draft", seal(r, hash));
    }
    match tx.connection().await? {
        crate::tx::Inner::Sqlite(c) => {
            let mut q = QueryBuilder::<sqlx::Sqlite>::new(format!("INSERT INTO draft ({COLUMNS}, body_hash) "));
            q.push_values(rows.iter().zip(&hashes), |mut b, (r, hash)| {
                push!(b, r, hash);
            });
            q.build().execute(&mut **c).await?;
        }
        crate::tx::Inner::Postgres(c) => insert_columns(c, rows, &hashes).await?,
    }
    Ok(())
}

/// The same on Postgres, a column at a time: one statement, prepared once, however many rows there are. Their words are
/// indexed later.
async fn insert_columns(c: &mut sqlx::PgConnection, rows: &[DraftRow], hashes: &[String]) -> Result<(), StoreError> {
    // In the order of `COLUMNS`, and the body's hash: a number, a text, a float.
    const TYPES: &str = "n t t n t t t t t t n n f f n n n n n t t t t t n n n n t";
    let casts = TYPES.split(' ').enumerate().map(|(i, of)| {
        let of = match of {
            "n" => "bigint",
            "t" => "text",
            _ => "double precision",
        };
        format!("${}::{of}[]", i + 1)
    });
    let casts = casts.collect::<Vec<_>>().join(", ");
    let sql = format!(
        "WITH added AS (
           INSERT INTO draft ({COLUMNS}, body_hash) SELECT {COLUMNS}, body_hash FROM UNNEST({casts}) AS u({COLUMNS}, body_hash)
           RETURNING seq)
         INSERT INTO words_due (draft_seq) SELECT seq FROM added"
    );
    let numbers = |of: fn(&DraftRow) -> i64| rows.iter().map(of).collect::<Vec<i64>>();
    let maybe_numbers = |of: fn(&DraftRow) -> Option<i64>| rows.iter().map(of).collect::<Vec<Option<i64>>>();
    fn texts(rows: &[DraftRow], of: fn(&DraftRow) -> &str) -> Vec<&str> {
        rows.iter().map(of).collect()
    }
    fn maybe_texts(rows: &[DraftRow], of: fn(&DraftRow) -> Option<&str>) -> Vec<Option<&str>> {
        rows.iter().map(of).collect()
    }
    sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(numbers(|r| r.seq))
        .bind(texts(rows, |r| &r.id))
        .bind(texts(rows, |r| &r.workflow_id))
        .bind(numbers(|r| r.version))
        .bind(texts(rows, |r| &r.stage))
        .bind(texts(rows, |r| &r.external_id))
        .bind(texts(rows, |r| &r.revision))
        .bind(texts(rows, |r| &r.state))
        .bind(texts(rows, |r| &r.subject))
        .bind(maybe_texts(rows, |r| r.customer.as_deref()))
        .bind(numbers(|r| r.marks))
        .bind(numbers(|r| r.risk))
        .bind(rows.iter().map(|r| r.probability).collect::<Vec<f64>>())
        .bind(rows.iter().map(|r| r.floor).collect::<Vec<f64>>())
        .bind(numbers(|r| r.selected))
        .bind(numbers(|r| r.double_read))
        .bind(numbers(|r| r.staged_at))
        .bind(numbers(|r| r.expires_at))
        .bind(numbers(|r| r.fence))
        .bind(texts(rows, |r| &r.content_hash))
        .bind(texts(rows, |r| &r.checks))
        .bind(texts(rows, |r| &r.body))
        .bind(maybe_texts(rows, |r| r.probe.as_deref()))
        .bind(maybe_texts(rows, |r| r.probe_for.as_deref()))
        .bind(maybe_numbers(|r| r.probe_place))
        .bind(numbers(|r| r.rescued))
        .bind(numbers(|r| r.may_have_reached))
        .bind(maybe_numbers(|r| r.erased_at))
        .bind(hashes)
        .execute(&mut *c)
        .await?;
    Ok(())
}

/// What never changes of a draft, as the log holds it.
fn seal(r: &DraftRow, body: &str) -> Row {
    let ticket = (&r.external_id, &r.revision);
    let drawn = (r.probability, r.floor, r.selected, r.double_read);
    Row::of(&r.workflow_id, r.seq, &(&r.id, r.version, &r.stage, ticket, drawn, r.staged_at, body))
}

/// Drafts in a stretch of numbers, in their order. Probes are none.
pub(crate) async fn sealed(tx: &mut Tx, first: i64, last: i64) -> Result<Vec<Row>, StoreError> {
    #[derive(sqlx::FromRow)]
    struct Sealed {
        #[sqlx(flatten)]
        row: DraftRow,
        body_hash: Option<String>,
    }
    let columns = COLUMNS.replace("body,", "'' AS body,").replace("checks,", "'' AS checks,");
    let sql =
        format!("SELECT {columns}, body_hash FROM draft WHERE seq BETWEEN $1 AND $2 AND probe IS NULL ORDER BY seq");
    let rows: Vec<Sealed> = all!(tx, sqlx::AssertSqlSafe(sql), first, last)?;
    Ok(rows.iter().map(|s| seal(&s.row, s.body_hash.as_deref().unwrap_or_default())).collect())
}

/// Moves a draft to another state and keeps the counts.
pub async fn shift(tx: &mut Tx, draft: &mut DraftRow, to: State) -> Result<(), StoreError> {
    let from = draft.state()?;
    if from == to {
        return Ok(());
    }
    change!(tx, "draft", "UPDATE draft SET state = $2 WHERE seq = $1", draft.seq, to.as_str());
    recount(tx, draft, from, to);
    draft.state = to.as_str().to_owned();
    Ok(())
}

/// The same for a draft whose time ran out.
pub async fn expire(tx: &mut Tx, workflow: &str, draft: &Overdue) -> Result<bool, StoreError> {
    let (from, to) = (State::Staged, State::Expired);
    let sql = "UPDATE draft SET state = $3 WHERE seq = $1 AND state = $2";
    if run!(tx, sql, draft.seq, from.as_str(), to.as_str())? == 0 {
        return Ok(false);
    }
    if draft.probe == 0 {
        count(tx, workflow, from, -1);
        count(tx, workflow, to, 1);
    }
    Ok(true)
}

/// Raises a draft's fence and moves it, in one.
pub async fn hold(tx: &mut Tx, draft: &mut DraftRow, to: State) -> Result<(), StoreError> {
    let from = draft.state()?;
    draft.fence += 1;
    to.as_str().clone_into(&mut draft.state);
    let sql = "UPDATE draft SET fence = $2, state = $3 WHERE seq = $1";
    change!(tx, "draft", sql, draft.seq, draft.fence, to.as_str());
    recount(tx, draft, from, to);
    Ok(())
}

/// One draft fewer in a state, one more in another; a probe is counted nowhere.
fn recount(tx: &mut Tx, draft: &DraftRow, from: State, to: State) {
    if draft.probe.is_none() {
        count(tx, &draft.workflow_id, from, -1);
        count(tx, &draft.workflow_id, to, 1);
    }
}

/// Adds to the number of drafts in a state.
pub fn count(tx: &mut Tx, workflow: &str, state: State, by: i64) {
    *tx.late.counts.entry((workflow.to_owned(), state.as_str())).or_default() += by;
}

pub(crate) async fn add_counts(tx: &mut Tx, counts: &[CountRow]) -> Result<(), StoreError> {
    for (workflow, state, by) in counts {
        run!(
            tx,
            "INSERT INTO draft_count (workflow_id, state, n) VALUES ($1, $2, $3)
             ON CONFLICT (workflow_id, state) DO UPDATE SET n = draft_count.n + excluded.n",
            workflow,
            *state,
            by
        )?;
    }
    Ok(())
}

/// How many drafts a workflow has in each stored state, as this transaction leaves them.
pub async fn counts(tx: &mut Tx, workflow: &str) -> Result<Vec<(State, i64)>, StoreError> {
    let rows: Vec<(String, i64)> = all!(
        tx,
        "SELECT state, n FROM draft_count WHERE workflow_id = $1 AND state NOT IN ('reply', 'notice')",
        workflow
    )?;
    let mut counts: BTreeMap<&str, i64> = rows.iter().map(|(state, n)| (state.as_str(), *n)).collect();
    for ((_, state), by) in
        tx.late.counts.iter().filter(|((of, state), _)| of == workflow && !crate::deliveries::WAITING.contains(state))
    {
        *counts.entry(state).or_default() += by;
    }
    counts.into_iter().filter(|(_, n)| *n != 0).map(|(state, n)| Ok((parse_state(state)?, n))).collect()
}

/// Staged drafts of a workflow whose time ran out.
pub async fn overdue(tx: &mut Tx, workflow: &str, now: Millis, limit: i64) -> Result<Vec<Overdue>, StoreError> {
    let (by, lock) = (tx.by("draft_queue"), tx.lock(" FOR UPDATE SKIP LOCKED"));
    let sql = sqlx::AssertSqlSafe(format!(
        "SELECT seq, version, stage, probability, floor, staged_at, expires_at, rescued, CAST(CASE WHEN probe IS NULL THEN 0 ELSE 1 END AS BIGINT) AS probe, body_hash
         FROM draft{by} WHERE workflow_id = $1 AND state = 'staged' AND expires_at <= $2
         ORDER BY expires_at LIMIT $3{lock}"
    ));
    all!(tx, sql, workflow, now.0, limit)
}

/// What the evidence needs of a draft that nobody decided.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Overdue {
    /// Its number.
    pub seq: i64,
    /// The version it was staged under.
    pub version: i64,
    /// The stage it was staged at.
    pub stage: String,
    /// The probability of being reviewed.
    pub probability: f64,
    /// The lowest rate in force until it was staged.
    pub floor: f64,
    /// In milliseconds.
    pub staged_at: i64,
    /// In milliseconds.
    pub expires_at: i64,
    /// 1 for one that was to go out unseen, which is counted already.
    pub rescued: i64,
    /// 1 for a probe, which is no evidence.
    pub probe: i64,
}

/// Brings a draft that was to go out unseen back to a person, with so much time to decide; or out of the way where its
/// ticket has moved on.
pub async fn rescue(
    tx: &mut Tx,
    draft: &mut DraftRow,
    to: State,
    expires_at: Millis,
    tried: bool,
) -> Result<(), StoreError> {
    draft.rescued = 1;
    draft.may_have_reached = draft.may_have_reached.max(tried.into());
    draft.expires_at = expires_at.0;
    run!(
        tx,
        "UPDATE draft SET rescued = 1, may_have_reached = $2, expires_at = $3 WHERE seq = $1",
        draft.seq,
        draft.may_have_reached,
        draft.expires_at
    )?;
    shift(tx, draft, to).await
}

/// Whether a later revision of the same ticket has come in.
pub async fn has_moved(tx: &mut Tx, draft: &DraftRow) -> Result<bool, StoreError> {
    let row: Option<(i64,)> = first!(
        tx,
        "SELECT seq FROM draft WHERE workflow_id = $1 AND external_id = $2 AND +seq > $3 AND probe IS NULL LIMIT 1",
        &draft.workflow_id,
        &draft.external_id,
        draft.seq
    )?;
    Ok(row.is_some())
}

/// The first open drafts behind one, in their order of arrival.
pub async fn open_after(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
    let sql = "SELECT seq FROM draft WHERE state IN ('staged', 'in_review') AND seq > $1 ORDER BY seq LIMIT $2";
    let rows: Vec<(i64,)> = all!(tx, sql, after, limit)?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// Replaces what the hub found about an undecided draft whose hash is still `old`, after a source changed.
pub async fn recheck(tx: &mut Tx, d: &DraftRow, old: &str) -> Result<(), StoreError> {
    run!(
        tx,
        "UPDATE draft SET checks = $2, content_hash = $3, marks = $4, risk = $5
         WHERE seq = $1 AND content_hash = $6 AND state IN ('staged', 'in_review')",
        d.seq,
        &d.checks,
        &d.content_hash,
        d.marks,
        d.risk,
        old
    )?;
    Ok(())
}

//! Lists of drafts, with full-text search: words are indexed a moment after their draft came in, on Postgres in a table
//! of their own, on SQLite in a file of their own with a writer of its own, so that nobody waits for it.

use crate::page::Page;
use crate::words::{fts_terms, indexed_body};
use crate::{Store, StoreError, Tx};
use countersign_domain::state::State;
use sqlx::QueryBuilder;

pub use crate::words::words;

/// How long a search waits for others of its hub who index words.
const PATIENCE: std::time::Duration = std::time::Duration::from_millis(300);

/// Narrows a query to drafts that hold every word, the last letters left open.
macro_rules! push_match {
    ($q:expr, $alias:literal, $words:expr, $postgres:literal) => {
        if $postgres {
            let terms = crate::words::ts_terms($words);
            $q.push(concat!(
                " AND EXISTS (SELECT 1 FROM draft_words w WHERE w.draft_seq = ",
                $alias,
                ".seq AND w.words @@ CAST("
            ))
            .push_bind(terms)
            .push(" AS tsquery))");
        } else {
            $q.push(concat!(" AND ", $alias, ".seq IN (SELECT rowid FROM words.draft_words WHERE draft_words MATCH "))
                .push_bind(crate::words::fts_terms($words))
                .push(")");
        }
    };
}
pub(crate) use push_match;

/// A draft as a list shows it.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ListRow {
    /// Order of arrival.
    pub seq: i64,
    /// 1 for a probe.
    pub probe: i64,
    /// Public id.
    pub id: String,
    /// The workflow.
    pub workflow_id: String,
    /// Its version.
    pub version: i64,
    /// The ticket.
    pub external_id: String,
    /// The ticket's revision.
    pub revision: String,
    /// The stored state.
    pub state: String,
    /// A line on what the customer wants.
    pub subject: String,
    /// The customer.
    pub customer: Option<String>,
    /// Bits of `Mark`.
    pub marks: i64,
    /// 1 for high risk.
    pub risk: i64,
    /// In milliseconds.
    pub staged_at: i64,
    /// In milliseconds.
    pub expires_at: i64,
    /// When its text was erased, in milliseconds.
    pub erased_at: Option<i64>,
    /// Who holds it for its first review.
    pub holder: Option<String>,
}

/// By what a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Deadline, then risk, then age: the order of the queue.
    Deadline,
    /// The newest first.
    Newest,
}

/// Which drafts are asked for.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Of these workflows.
    pub workflows: Vec<String>,
    /// In these stored states; empty for all.
    pub states: Vec<State>,
    /// With this bit of `Mark`.
    pub mark: Option<i64>,
    /// Held or decided by this person.
    pub reviewer: Option<String>,
    /// Holding these words.
    pub words: Vec<String>,
    /// Of a ticket of one of these names; empty for all.
    pub tickets: Vec<String>,
    /// Of this customer.
    pub customer: Option<String>,
    /// Where what waits for a second review that the viewer may be asked for is left out once it is decided.
    pub blind: Vec<String>,
    /// Who asks; theirs are the only probes that a list holds.
    pub viewer: String,
    /// In this order.
    pub sort: Sort,
}

/// The key of a row in a sort order, for cursors.
pub fn key(row: &ListRow, sort: Sort) -> Vec<i64> {
    match sort {
        Sort::Deadline => vec![row.expires_at, row.risk, row.seq],
        Sort::Newest => vec![row.seq],
    }
}

/// A page of drafts. Each workflow and state is read in the order of an index and the heads are merged, so that a
/// page costs the same however many drafts are behind it.
pub async fn list(tx: &mut Tx, f: &Filter, page: &Page) -> Result<Vec<ListRow>, StoreError> {
    // Without a state an index over all of them is walked down.
    let states: Vec<Option<State>> =
        if f.states.is_empty() { vec![None] } else { f.states.iter().copied().map(Some).collect() };
    let among = match tx.is_postgres() || f.words.is_empty() {
        true => None,
        false => few_that_hold(tx, &f.words).await?,
    };
    let mut rows = Vec::new();
    for workflow in &f.workflows {
        let given = given_any(tx, workflow, &f.viewer).await?;
        for state in &states {
            let of = Stretch { workflow, state: *state, among: among.as_deref() };
            rows.extend(stretch(tx, f, &of, page, false).await?);
            if given {
                rows.extend(stretch(tx, f, &of, page, true).await?);
            }
        }
    }
    match f.sort {
        Sort::Deadline => rows.sort_by_key(|r| (r.expires_at, -r.risk, r.seq)),
        Sort::Newest => rows.sort_by_key(|r| -r.seq),
    }
    rows.truncate(page.limit as usize);
    Ok(rows)
}

/// The drafts that hold every word, as a JSON array of their numbers, if they are few: they are read one by one, while
/// of a word that many hold the first ones in a list's order are looked for.
async fn few_that_hold(tx: &mut Tx, words: &[String]) -> Result<Option<String>, StoreError> {
    const FEW: i64 = 1_000;
    let sql = "SELECT rowid FROM words.draft_words WHERE draft_words MATCH $1 ORDER BY rowid DESC LIMIT $2";
    let rows: Vec<(i64,)> = all!(tx, sql, fts_terms(words), FEW + 1)?;
    let numbers: Vec<i64> = rows.into_iter().map(|r| r.0).collect();
    Ok((numbers.len() as i64 <= FEW).then(|| serde_json::to_string(&numbers).unwrap_or_default()))
}

/// Part of a list that an index has in order.
struct Stretch<'a> {
    workflow: &'a str,
    /// Every one if there is none.
    state: Option<State>,
    /// Among these drafts alone, as a JSON array of numbers.
    among: Option<&'a str>,
}

async fn given_any(tx: &mut Tx, workflow: &str, viewer: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM draft WHERE probe_for = $1 AND workflow_id = $2 AND probe IS NOT NULL LIMIT 1";
    let row: Option<(i32,)> = first!(tx, sql, viewer, workflow)?;
    Ok(row.is_some())
}

/// What SQLite reads a stretch from, after the table's name: the few drafts that are asked for, or an index that holds
/// it in its order. Left to itself it walks all of a workflow's drafts in that order for one ticket.
fn read_from(f: &Filter, of: &Stretch<'_>, probes: bool) -> &'static str {
    if probes || f.reviewer.is_some() {
        return "";
    }
    if of.among.is_some() {
        return " NOT INDEXED";
    }
    if !f.tickets.is_empty() {
        // Workflow, ticket and revision.
        return " INDEXED BY sqlite_autoindex_draft_2";
    }
    if f.customer.is_some() {
        return " INDEXED BY draft_customer";
    }
    match (f.sort, of.state) {
        (Sort::Deadline, None) => " INDEXED BY draft_deadline",
        (Sort::Deadline, Some(State::Staged)) => " INDEXED BY draft_queue",
        (Sort::Deadline, Some(_)) => " INDEXED BY draft_state",
        (Sort::Newest, None | Some(State::Staged)) => " INDEXED BY draft_newest",
        (Sort::Newest, Some(_)) => " INDEXED BY draft_moved",
    }
}

async fn stretch(
    tx: &mut Tx,
    f: &Filter,
    of: &Stretch<'_>,
    page: &Page,
    probes: bool,
) -> Result<Vec<ListRow>, StoreError> {
    // A probe stands where the draft would whose place it took.
    let place = if probes { "d.probe_place" } else { "d.seq" };
    macro_rules! build {
        ($db:ty, $postgres:literal) => {{
            let mut q = QueryBuilder::<$db>::new("SELECT ");
            q.push(place).push(
                " AS seq, CAST(CASE WHEN d.probe IS NULL THEN 0 ELSE 1 END AS BIGINT) AS probe, d.id, d.workflow_id, d.version, d.external_id, d.revision, d.state, d.subject, d.customer, d.marks,
                 d.risk, d.staged_at, d.expires_at, d.erased_at, l.reviewer AS holder FROM draft d",
            );
            if !$postgres {
                q.push(read_from(f, of, probes));
            }
            q.push(
                " LEFT JOIN lease l ON l.draft_seq = d.seq AND l.round = 1 AND l.ended_at IS NULL WHERE d.workflow_id = ",
            );
            // The state stands in the text, not in an argument: that is how a partial index is found.
            q.push_bind(of.workflow);
            if let Some(state) = of.state {
                q.push(" AND d.state = '").push(state.as_str()).push("'");
                // SQLite doesn't conclude it, and wants to be told for an index of just those.
                if state != State::Staged {
                    q.push(" AND d.state <> 'staged'");
                }
            }
            if probes {
                q.push(" AND d.probe IS NOT NULL AND d.probe_for = ").push_bind(&f.viewer);
            } else {
                q.push(" AND d.probe IS NULL");
            }
            if f.blind.iter().any(|id| id == of.workflow) && of.state.is_none_or(|s| !s.is_open()) {
                q.push(" AND NOT EXISTS (SELECT 1 FROM second_review s WHERE s.draft_seq = d.seq AND s.state <> 'done' AND s.first_reviewer <> ");
                q.push_bind(&f.viewer).push(")");
            }
            if let Some(bit) = f.mark {
                q.push(" AND d.marks & ").push_bind(bit).push(" <> 0");
            }
            if let Some(who) = &f.reviewer {
                q.push(" AND d.seq IN (SELECT m.draft_seq FROM lease m WHERE m.ended_at IS NULL AND m.round = 1 AND m.reviewer = ")
                    .push_bind(who);
                q.push(" UNION SELECT v.draft_seq FROM verdict v WHERE v.withdrawn = 0 AND v.round = 1 AND v.reviewer = ")
                    .push_bind(who)
                    .push(")");
            }
            if !f.tickets.is_empty() {
                q.push(" AND d.external_id IN (");
                let mut names = q.separated(", ");
                for name in &f.tickets {
                    names.push_bind(name);
                }
                q.push(")");
            }
            if let Some(customer) = &f.customer {
                q.push(" AND d.customer = ").push_bind(customer);
            }
            match of.among {
                Some(numbers) => {
                    q.push(" AND d.seq IN (SELECT value FROM json_each(").push_bind(numbers).push("))");
                }
                None if !f.words.is_empty() => push_match!(q, "d", &f.words, $postgres),
                None => {}
            }
            match f.sort {
                Sort::Deadline => {
                    if let (Some(due), Some(risk), Some(seq)) = (page.key(0), page.key(1), page.key(2)) {
                        q.push(" AND d.expires_at >= ").push_bind(due).push(" AND (d.expires_at > ").push_bind(due);
                        q.push(" OR d.risk < ").push_bind(risk).push(" OR (d.risk = ").push_bind(risk);
                        q.push(" AND ").push(place).push(" > ").push_bind(seq).push("))");
                    }
                    q.push(" ORDER BY d.expires_at, d.risk DESC, ").push(place);
                }
                Sort::Newest => {
                    q.push(" AND ").push(place).push(" < ").push_bind(page.key(0).unwrap_or(i64::MAX));
                    q.push(" ORDER BY ").push(place).push(" DESC");
                }
            }
            q.push(" LIMIT ").push_bind(page.limit);
            q
        }};
    }
    Ok(match tx.connection().await? {
        crate::tx::Inner::Sqlite(c) => build!(sqlx::Sqlite, false).build_query_as().fetch_all(&mut **c).await?,
        crate::tx::Inner::Postgres(c) => build!(sqlx::Postgres, true).build_query_as().fetch_all(&mut **c).await?,
    })
}

impl Store {
    /// Indexes up to `limit` more drafts; answers how many there were, or `limit` if others were at it for too long.
    pub async fn index_words(&self, limit: i64) -> Result<usize, StoreError> {
        let Some(search) = self.search_pool() else { return self.index_words_on_postgres(limit).await };
        let done: i64 = sqlx::query_scalar("SELECT seq FROM indexed WHERE one = 1").fetch_one(search).await?;
        let mut read = self.read().await?;
        let rows: Vec<(i64, String, String)> =
            all!(read, "SELECT seq, external_id, body FROM draft WHERE seq > $1 ORDER BY seq LIMIT $2", done, limit)?;
        drop(read);
        let Some(last) = rows.last().map(|r| r.0) else { return Ok(0) };
        let mut tx = search.begin_with("BEGIN IMMEDIATE").await?;
        let mut q = QueryBuilder::<sqlx::Sqlite>::new("INSERT INTO draft_words (rowid, words) ");
        q.push_values(&rows, |mut b, (seq, external_id, body)| {
            b.push_bind(*seq).push_bind(indexed_body(external_id, body));
        });
        q.build().execute(&mut *tx).await?;
        sqlx::query("UPDATE indexed SET seq = $1 WHERE one = 1 AND seq = $2")
            .bind(last)
            .bind(done)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(rows.len())
    }

    /// The same on Postgres, where several hubs share the work.
    async fn index_words_on_postgres(&self, limit: i64) -> Result<usize, StoreError> {
        let indexing = self.indexing();
        // Many searches at once hold no connections that a verdict needs.
        let Ok(_turn) = tokio::time::timeout(PATIENCE, indexing.lock()).await else { return Ok(limit as usize) };
        let mut tx = self.write().await?;
        hold_words(&mut tx).await?;
        let due: Vec<(i64,)> = all!(
            &mut tx,
            "DELETE FROM words_due WHERE ctid = ANY(ARRAY(SELECT ctid FROM words_due LIMIT $1))
             RETURNING draft_seq",
            limit
        )?;
        if due.is_empty() {
            return Ok(0);
        }
        let these: Vec<i64> = due.into_iter().map(|r| r.0).collect();
        let sql = format!(
            "SELECT seq, external_id, body FROM draft WHERE erased_at IS NULL AND seq IN ({}) ORDER BY seq",
            crate::run::list(&tx)
        );
        let given = serde_json::to_string(&these).unwrap_or_default();
        let rows: Vec<(i64, String, String)> = all!(&mut tx, sqlx::AssertSqlSafe(sql), given)?;
        let index = move || {
            let indexed = rows.into_iter().map(|(seq, ticket, body)| (seq, indexed_body(&ticket, &body)));
            indexed.unzip::<i64, String, Vec<i64>, Vec<String>>()
        };
        let Ok((seqs, texts)) = tokio::task::spawn_blocking(index).await else { return Ok(0) };
        if let crate::tx::Inner::Postgres(c) = tx.connection().await? {
            sqlx::query(
                "INSERT INTO draft_words (draft_seq, words)
                 SELECT seq, array_to_tsvector(string_to_array(text, ' ')) FROM UNNEST($1::bigint[], $2::text[]) AS u(seq, text)
                 ON CONFLICT (draft_seq) DO UPDATE SET words = excluded.words",
            )
            .bind(seqs)
            .bind(texts)
            .execute(&mut **c)
            .await?;
        }
        tx.commit().await?;
        Ok(these.len())
    }
}

/// On Postgres: whoever indexes words, and whoever takes out those of erased drafts, one after the other.
pub(crate) async fn hold_words(tx: &mut Tx) -> Result<(), StoreError> {
    run!(tx, "SELECT pg_advisory_xact_lock(4, 0)")?;
    Ok(())
}

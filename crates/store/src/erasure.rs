//! Erasing what is older than its workflow keeps. The texts go; rows, states, ids, hashes and counts stay.

use crate::run::list;
use crate::search::hold_words;
use crate::words::indexed_body;
use crate::{Store, StoreError, Tx};
use countersign_domain::time::Millis;
use sqlx::Connection as _;

/// A draft that nothing waits for: decided or out of time, no delivery on its way, no second review to come.
const FINISHED: &str = "d.erased_at IS NULL AND d.state NOT IN ('staged', 'in_review')
     AND NOT EXISTS (SELECT 1 FROM delivery e WHERE e.draft_seq = d.seq AND e.state = 'pending')
     AND NOT EXISTS (SELECT 1 FROM second_review r WHERE r.draft_seq = d.seq AND r.state <> 'done')";

/// Finished drafts of a workflow that were staged before a moment, the oldest first: number, and bytes of the body.
pub async fn due(tx: &mut Tx, workflow: &str, before: Millis, limit: i64) -> Result<Vec<(i64, i64)>, StoreError> {
    let sql = format!(
        "SELECT d.seq, CAST(octet_length(d.body) AS BIGINT) FROM draft d
         WHERE d.workflow_id = $1 AND d.staged_at < $2 AND {FINISHED} ORDER BY d.staged_at, d.seq LIMIT $3"
    );
    all!(tx, sqlx::AssertSqlSafe(sql), workflow, before.0, limit)
}

/// Erases those of these drafts that are still finished; answers how many.
pub async fn erase(tx: &mut Tx, drafts: &[i64], now: Millis) -> Result<usize, StoreError> {
    let (lock, given) = (tx.lock(" FOR UPDATE OF d SKIP LOCKED"), serde_json::to_string(drafts).unwrap_or_default());
    let sql = format!("SELECT d.seq FROM draft d WHERE d.seq IN ({}) AND {FINISHED} ORDER BY d.seq{lock}", list(tx));
    let held: Vec<(i64,)> = all!(tx, sqlx::AssertSqlSafe(sql), given)?;
    let held: Vec<i64> = held.into_iter().map(|r| r.0).collect();
    let these = serde_json::to_string(&held).unwrap_or_default();
    let sql = format!(
        "UPDATE draft SET subject = '', customer = NULL, checks = '{{\"citations\":[],\"uncited\":[]}}', body = '',
         erased_at = $2 WHERE seq IN ({})",
        list(tx)
    );
    run!(tx, sqlx::AssertSqlSafe(sql), &these, now.0)?;
    let case = format!(
        "UPDATE case_record SET record = '', erased_at = $2
         WHERE verdict_id IN (SELECT id FROM verdict WHERE draft_seq IN ({}))",
        list(tx)
    );
    run!(tx, sqlx::AssertSqlSafe(case), &these, now.0)?;
    for statement in [
        "UPDATE verdict SET final_text = NULL, comment = NULL WHERE draft_seq IN",
        "UPDATE escalation SET comment = NULL, note = NULL WHERE draft_seq IN",
        "UPDATE delivery SET body = '', last_error = NULL WHERE draft_seq IN",
        // What two people differ on can be settled only while it can be read.
        "UPDATE settlement SET label = NULL, state = CASE state WHEN 'open' THEN 'void' ELSE state END
         WHERE state <> 'void' AND draft_seq IN",
        "DELETE FROM kept WHERE draft_seq IN",
    ] {
        let sql = format!("{statement} ({})", list(tx));
        run!(tx, sqlx::AssertSqlSafe(sql), &these)?;
    }
    Ok(held.len())
}

impl Store {
    /// Takes drafts out of the search index; answers those that aren't in it any more. On SQLite one that isn't indexed
    /// yet has to wait until it is: its text would come into the index after it was erased.
    pub async fn forget_words(&self, drafts: &[i64]) -> Result<Vec<i64>, StoreError> {
        let Some(search) = self.search_pool() else { return self.forget_words_on_postgres(drafts).await };
        let mut read = self.read().await?;
        let sql = format!("SELECT seq, external_id, body FROM draft WHERE seq IN ({})", list(&read));
        let rows: Vec<(i64, String, String)> =
            all!(read, sqlx::AssertSqlSafe(sql), serde_json::to_string(drafts).unwrap_or_default())?;
        drop(read);
        let mut tx = search.begin_with("BEGIN IMMEDIATE").await?;
        let done: i64 = sqlx::query_scalar("SELECT seq FROM indexed WHERE one = 1").fetch_one(&mut *tx).await?;
        let mut gone = Vec::with_capacity(rows.len());
        for (seq, external_id, body) in rows.into_iter().filter(|(seq, _, _)| *seq <= done) {
            gone.push(seq);
            // Taking out the same words twice would break the index: a hub that died in between does it once.
            let first = sqlx::query("INSERT OR IGNORE INTO forgotten (seq) VALUES ($1)").bind(seq).execute(&mut *tx);
            if first.await?.rows_affected() == 0 {
                continue;
            }
            let text = indexed_body(&external_id, &body);
            sqlx::query("INSERT INTO draft_words (draft_words, rowid, words) VALUES ('delete', $1, $2)")
                .bind(seq)
                .bind(text)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(gone)
    }

    async fn forget_words_on_postgres(&self, drafts: &[i64]) -> Result<Vec<i64>, StoreError> {
        let mut tx = self.write().await?;
        hold_words(&mut tx).await?;
        let these = serde_json::to_string(drafts).unwrap_or_default();
        for table in ["words_due", "draft_words"] {
            let sql = format!("DELETE FROM {table} WHERE draft_seq IN ({})", list(&tx));
            run!(&mut tx, sqlx::AssertSqlSafe(sql), &these)?;
        }
        tx.commit().await?;
        Ok(drafts.to_vec())
    }

    /// Empties SQLite's logs into their files, so that neither holds what was erased; answers whether nobody was in the
    /// way. Postgres's own vacuum frees what was erased there.
    pub async fn scrub(&self) -> Result<bool, StoreError> {
        let Some(mut connection) = self.reader().await? else { return Ok(true) };
        // The long part in passing, beside writers; the rest at once or another time.
        for log in ["PRAGMA main.wal_checkpoint(PASSIVE)", "PRAGMA words.wal_checkpoint(PASSIVE)"] {
            sqlx::query(log).execute(&mut *connection).await?;
        }
        sqlx::query("PRAGMA busy_timeout = 0").execute(&mut *connection).await?;
        let mut free = true;
        for log in ["PRAGMA main.wal_checkpoint(TRUNCATE)", "PRAGMA words.wal_checkpoint(TRUNCATE)"] {
            let done: Result<(i64, i64, i64), _> = sqlx::query_as(log).fetch_one(&mut *connection).await;
            free &= done.is_ok_and(|(busy, _, _)| busy == 0);
        }
        // With its usual patience another takes its place.
        let _ = connection.detach().close().await;
        Ok(free)
    }
}

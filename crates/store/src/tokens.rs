//! Bearer tokens, as hashes.

use crate::seals::hash_of;
use crate::{StoreError, Tx};
use countersign_domain::time::Millis;

/// A token; the secret itself is nowhere.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TokenRow {
    /// Public id.
    pub id: String,
    /// Under which name its holder acts.
    pub subject: String,
    /// SHA-256 of the secret, hex.
    pub hash: String,
    /// `Grant`s as a JSON array.
    pub grants: String,
    /// Escalation routes as a JSON array.
    pub routes: String,
    /// In milliseconds.
    pub created_at: i64,
    /// By whom.
    pub created_by: String,
    /// In milliseconds.
    pub expires_at: Option<i64>,
    /// In milliseconds.
    pub revoked_at: Option<i64>,
}

/// Adds a token.
pub async fn insert(tx: &mut Tx, t: &TokenRow) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO token (id, subject, hash, grants, routes, created_at, created_by, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &t.id,
        &t.subject,
        &t.hash,
        &t.grants,
        &t.routes,
        t.created_at,
        &t.created_by,
        t.expires_at
    )?;
    tx.seal(None, "token", &t.id, seal(t));
    Ok(())
}

fn seal(t: &TokenRow) -> String {
    let good_for = (&t.subject, &t.hash, &t.grants, &t.routes);
    hash_of(&(&t.id, good_for, t.created_at, &t.created_by, t.expires_at, t.revoked_at))
}

/// The seals of tokens as they stand, by id.
pub(crate) async fn seals(tx: &mut Tx, ids: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = format!("SELECT * FROM token WHERE id {}", tx.among());
    let rows: Vec<TokenRow> = all!(tx, sqlx::AssertSqlSafe(sql), ids)?;
    Ok(rows.into_iter().map(|t| (t.id.clone(), seal(&t))).collect())
}

/// The token with this hash.
pub async fn by_hash(tx: &mut Tx, hash: &str) -> Result<Option<TokenRow>, StoreError> {
    first!(tx, "SELECT * FROM token WHERE hash = $1", hash)
}

/// The token with this id.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<TokenRow>, StoreError> {
    first!(tx, "SELECT * FROM token WHERE id = $1", id)
}

/// A page of tokens, the newest first, after the one with this id.
pub async fn list(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<TokenRow>, StoreError> {
    all!(
        tx,
        "SELECT * FROM token WHERE $1 = '' OR (created_at, id) < (SELECT created_at, id FROM token WHERE id = $1)
         ORDER BY created_at DESC, id DESC LIMIT $2",
        after,
        limit
    )
}

/// Revokes a token; `false` if there is none.
pub async fn revoke(tx: &mut Tx, id: &str, at: Millis) -> Result<bool, StoreError> {
    run!(tx, "UPDATE token SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1", id, at.0)?;
    let row: Option<TokenRow> = first!(tx, "SELECT * FROM token WHERE id = $1", id)?;
    if let Some(t) = &row {
        tx.seal_again(None, "token", &t.id, seal(t));
    }
    Ok(row.is_some())
}

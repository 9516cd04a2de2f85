//! Which hubs there are, and how a kill reached those it has to reach.

use crate::{StoreError, Tx};
use countersign_domain::time::Millis;

/// A hub's sign of life.
pub async fn beat(tx: &mut Tx, hub: &str, now: Millis) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO hub (id, seen_at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
        hub,
        now.0
    )?;
    Ok(())
}

/// Forgets hubs that gave no sign of life since then.
pub async fn forget(tx: &mut Tx, before: Millis) -> Result<(), StoreError> {
    run!(tx, "DELETE FROM hub WHERE seen_at < $1", before.0)?;
    Ok(())
}

/// Hubs that gave a sign of life since then. One from the future is of a hub whose clock was wrong.
pub async fn hubs(tx: &mut Tx, since: Millis, until: Millis) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT id FROM hub WHERE seen_at >= $1 AND seen_at <= $2 ORDER BY id";
    let rows: Vec<(String,)> = all!(tx, sql, since.0, until.0)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// How a kill reached one hub and who hangs on it. Times are milliseconds from the call, at the hub that was called;
/// elsewhere from when that hub learned of it.
#[derive(Clone, Debug, Default, PartialEq, sqlx::FromRow)]
pub struct EffectRow {
    /// The kill.
    pub transition_id: String,
    /// The hub.
    pub hub_id: String,
    /// 1 at the hub that was called.
    pub at_origin: i64,
    /// When the hub that was called saw that this one had learned of it.
    pub learned_ms: Option<f64>,
    /// Flag clients with an open stream here.
    pub clients: i64,
    /// Those of them that have fetched the flags since.
    pub clients_off: i64,
    /// The slowest of them.
    pub clients_ms: Option<f64>,
    /// Consoles with an open stream here.
    pub consoles: i64,
    /// Those of them that said they know.
    pub consoles_told: i64,
    /// The slowest of them.
    pub consoles_ms: Option<f64>,
}

/// Keeps what a hub knows; only the hub that was called sets `learned_ms`.
pub async fn keep(tx: &mut Tx, e: &EffectRow) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO effect (transition_id, hub_id, at_origin, learned_ms, clients, clients_off, clients_ms, consoles,
         consoles_told, consoles_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (transition_id, hub_id) DO UPDATE SET at_origin = excluded.at_origin, learned_ms = COALESCE(effect.learned_ms, excluded.learned_ms),
         clients = excluded.clients, clients_off = excluded.clients_off, clients_ms = excluded.clients_ms,
         consoles = excluded.consoles, consoles_told = excluded.consoles_told, consoles_ms = excluded.consoles_ms",
        &e.transition_id,
        &e.hub_id,
        e.at_origin,
        e.learned_ms,
        e.clients,
        e.clients_off,
        e.clients_ms,
        e.consoles,
        e.consoles_told,
        e.consoles_ms
    )?;
    Ok(())
}

/// The hub that was called has seen that another one learned of its kill.
pub async fn learned(tx: &mut Tx, transition: &str, hub: &str, ms: f64) -> Result<(), StoreError> {
    run!(
        tx,
        "UPDATE effect SET learned_ms = COALESCE(learned_ms, $3) WHERE transition_id = $1 AND hub_id = $2",
        transition,
        hub,
        ms
    )?;
    Ok(())
}

/// What every hub knows of a kill.
pub async fn of(tx: &mut Tx, transition: &str) -> Result<Vec<EffectRow>, StoreError> {
    all!(tx, "SELECT * FROM effect WHERE transition_id = $1 ORDER BY at_origin DESC, hub_id", transition)
}

//! Small facts of the installation.

use crate::{StoreError, Tx};

/// Reads a value.
pub async fn get(tx: &mut Tx, name: &str) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> = first!(tx, "SELECT value FROM meta WHERE name = $1", name)?;
    Ok(row.map(|r| r.0))
}

/// Writes a value where there is none yet; answers the one that stands.
pub async fn get_or_set(tx: &mut Tx, name: &str, value: &str) -> Result<String, StoreError> {
    run!(tx, "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", name, value)?;
    Ok(get(tx, name).await?.unwrap_or_else(|| value.to_owned()))
}

/// Takes a value away; answers whether it was there.
pub async fn take(tx: &mut Tx, name: &str) -> Result<bool, StoreError> {
    Ok(run!(tx, "DELETE FROM meta WHERE name = $1", name)? > 0)
}

/// Writes a value, whatever stood there.
pub async fn set(tx: &mut Tx, name: &str, value: &str) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name,
        value
    )?;
    Ok(())
}

/// The time at a Postgres, in milliseconds.
pub async fn clock(tx: &mut Tx) -> Result<i64, StoreError> {
    let row: Option<(i64,)> = first!(tx, "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)")?;
    Ok(row.map_or(0, |r| r.0))
}

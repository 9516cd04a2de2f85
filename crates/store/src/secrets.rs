//! Which workflow each secret is bound to, where no file of the operator's says so. The secrets themselves are nowhere.

use crate::{StoreError, Tx};
use countersign_domain::time::Millis;

/// A bound secret.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct BindingRow {
    /// The secret's name.
    pub name: String,
    /// The one workflow that may use it.
    pub workflow_id: String,
    /// The hosts that it may be used towards, as a JSON array.
    pub hosts: String,
    /// In milliseconds.
    pub bound_at: i64,
    /// By whom.
    pub bound_by: String,
}

/// What a secret is bound to.
pub async fn get(tx: &mut Tx, name: &str) -> Result<Option<BindingRow>, StoreError> {
    first!(tx, "SELECT * FROM secret_binding WHERE name = $1", name)
}

/// Binds a secret that is bound to nothing yet; answers what it is bound to.
pub async fn bind(
    tx: &mut Tx,
    name: &str,
    workflow: &str,
    hosts: &str,
    now: Millis,
    by: &str,
) -> Result<Option<BindingRow>, StoreError> {
    run!(
        tx,
        "INSERT INTO secret_binding (name, workflow_id, hosts, bound_at, bound_by) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (name) DO NOTHING",
        name,
        workflow,
        hosts,
        now.0,
        by
    )?;
    get(tx, name).await
}

/// Frees a secret; `false` if it was bound to nothing.
pub async fn unbind(tx: &mut Tx, name: &str) -> Result<bool, StoreError> {
    Ok(run!(tx, "DELETE FROM secret_binding WHERE name = $1", name)? > 0)
}

/// Every binding, by name.
pub async fn list(tx: &mut Tx) -> Result<Vec<BindingRow>, StoreError> {
    all!(tx, "SELECT * FROM secret_binding ORDER BY name LIMIT 10000")
}

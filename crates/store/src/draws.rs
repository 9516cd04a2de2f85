//! Drafts as the review policy drew them, to be replayed.

use crate::{StoreError, Tx};

/// A draft as its draw can be replayed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Drawn {
    /// Order of arrival.
    pub seq: i64,
    /// Public id.
    pub id: String,
    /// The workflow.
    pub workflow_id: String,
    /// The version whose seed drew.
    pub version: i64,
    /// The ticket.
    pub external_id: String,
    /// The ticket's revision.
    pub revision: String,
    /// The probability of being reviewed.
    pub probability: f64,
    /// 1 if it was selected for review.
    pub selected: i64,
    /// 1 if a second person reviews it blind.
    pub double_read: i64,
}

/// A stretch of drafts after a number, in order. Probes are not drawn.
pub async fn drawn(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<Drawn>, StoreError> {
    all!(
        tx,
        "SELECT seq, id, workflow_id, version, external_id, revision, probability, selected, double_read FROM draft
         WHERE seq > $1 AND probe IS NULL ORDER BY seq LIMIT $2",
        after,
        limit
    )
}

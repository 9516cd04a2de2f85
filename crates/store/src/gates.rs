//! Frozen gate reports, and promotions that wait for a second signature.

use crate::{StoreError, Tx};
use countersign_domain::time::Millis;

/// A frozen report.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct ReportRow {
    /// SHA-256 of the report, hex.
    pub hash: String,
    /// The workflow.
    pub workflow_id: String,
    /// Its version.
    pub version: i64,
    /// The stage whose gate it is.
    pub stage: String,
    /// `pass`, `hold` or `fail`.
    pub status: String,
    /// In milliseconds.
    pub at: i64,
    /// The report as JSON, to the byte.
    pub report: String,
}

/// Keeps a report; the same one again changes nothing.
pub async fn keep(tx: &mut Tx, r: &ReportRow) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO gate_report (hash, workflow_id, version, stage, status, at, report)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (hash) DO NOTHING",
        &r.hash,
        &r.workflow_id,
        r.version,
        &r.stage,
        &r.status,
        r.at,
        &r.report
    )?;
    Ok(())
}

/// One report.
pub async fn report(tx: &mut Tx, hash: &str) -> Result<Option<ReportRow>, StoreError> {
    first!(tx, "SELECT * FROM gate_report WHERE hash = $1", hash)
}

/// Drops reports from before a time that no transition, no waiting signature and no earned stage rests on.
pub async fn prune(tx: &mut Tx, before: Millis) -> Result<u64, StoreError> {
    run!(
        tx,
        "DELETE FROM gate_report WHERE at < $1
         AND NOT EXISTS (SELECT 1 FROM transition WHERE transition.report_hash = gate_report.hash)
         AND NOT EXISTS (SELECT 1 FROM signature WHERE signature.report_hash = gate_report.hash)
         AND NOT EXISTS (SELECT 1 FROM earned WHERE earned.report_hash = gate_report.hash)",
        before.0
    )
}

/// The first of two signatures under a promotion.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SignatureRow {
    /// The workflow.
    pub workflow_id: String,
    /// Its version.
    pub version: i64,
    /// From.
    pub from_stage: String,
    /// To.
    pub to_stage: String,
    /// The report that was signed.
    pub report_hash: String,
    /// By whom.
    pub signer: String,
    /// Why.
    pub reason: String,
    /// In milliseconds.
    pub at: i64,
}

/// Keeps a first signature, in place of an older one.
pub async fn sign(tx: &mut Tx, s: &SignatureRow) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO signature (workflow_id, version, from_stage, to_stage, report_hash, signer, reason, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (workflow_id) DO UPDATE SET version = excluded.version, from_stage = excluded.from_stage,
         to_stage = excluded.to_stage, report_hash = excluded.report_hash, signer = excluded.signer,
         reason = excluded.reason, at = excluded.at",
        &s.workflow_id,
        s.version,
        &s.from_stage,
        &s.to_stage,
        &s.report_hash,
        &s.signer,
        &s.reason,
        s.at
    )?;
    Ok(())
}

/// The first signature that waits for a second one.
pub async fn signature(tx: &mut Tx, workflow: &str) -> Result<Option<SignatureRow>, StoreError> {
    first!(tx, "SELECT * FROM signature WHERE workflow_id = $1", workflow)
}

/// Lets go of a waiting signature.
pub async fn unsign(tx: &mut Tx, workflow: &str) -> Result<(), StoreError> {
    run!(tx, "DELETE FROM signature WHERE workflow_id = $1", workflow)?;
    Ok(())
}

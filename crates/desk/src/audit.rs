//! The audit log: verified, signed, read and exported.

use crate::{Desk, DeskError, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::audit::{Checkpoint, Entry};
use countersign_store::Tx;
use countersign_store::audit;
pub use countersign_store::audit::Filter;
use countersign_store::page::{Page, cursor};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How a log stands to a checkpoint that somebody kept of it.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Witnessed {
    /// Whether the log still holds it, signed by a key that signs here. True where none was sent.
    pub holds: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<NotHeld>,
    /// The last checkpoint, to keep from now on; none before anything was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Checkpoint>,
}

/// Why a log doesn't hold a checkpoint that was kept of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotHeld {
    /// What was kept isn't signed as it says.
    NotSigned,
    /// The log is shorter: an old copy, or its end was cut off.
    Shorter,
    /// The log is another there: it was rewritten, or is another database's.
    Rewritten,
    /// Another key signs here now, and the one that signed before has fallen silent.
    OtherKey,
}

const STRETCH: i64 = 2_000;
/// For how long a key may be silent while another signs: several hubs over one database take turns.
const SILENT_MS: i64 = 3_600_000;

impl Desk {
    /// The public half of the key that signs here, Ed25519, hex.
    pub(crate) fn public_key(&self) -> String {
        hex::encode(self.inner.signing.verifying_key().to_bytes())
    }

    /// Signs the chain's head as it is now, and keeps the checkpoint.
    pub async fn checkpoint(&self, who: &Identity) -> Result<Checkpoint, DeskError> {
        self.require(who, Act::ReadAudit, None, "read the audit log")?;
        self.sign_head().await
    }

    pub(crate) async fn sign_head(&self) -> Result<Checkpoint, DeskError> {
        let now = self.now();
        let mut tx = self.write().await?;
        self.holds_what_it_signed(&mut tx).await?;
        let key = self.public_key();
        if audit::last_signed_by(&mut tx, &key).await?.is_none() {
            record(&mut tx, now, &Identity::hub(), "key.registered", None, None, json!({ "ed25519": key }));
        }
        let (seq, hash) = audit::head(&mut tx).await?;
        let checkpoint = match audit::checkpoint(&mut tx, seq).await? {
            Some(same) => same,
            None => Checkpoint::sign(&self.inner.signing, seq, &hash, now),
        };
        audit::keep_checkpoint(&mut tx, &checkpoint).await?;
        tx.commit().await?;
        if let Err(e) = self.inner.kept.put(&checkpoint) {
            tracing::warn!(file = %self.inner.kept.file().display(), error = %e, "a checkpoint can't be kept");
        }
        Ok(checkpoint)
    }

    /// Refuses to sign over a log that has lost what this hub signed before: the signature would make it good.
    pub(crate) async fn holds_what_it_signed(&self, tx: &mut Tx) -> Result<(), DeskError> {
        let Some(kept) = self.inner.kept.get() else { return Ok(()) };
        let there = audit::entry(tx, kept.seq).await?.is_some_and(|e| e.hash == kept.hash);
        if there {
            return Ok(());
        }
        Err(DeskError::LogLost { seq: kept.seq, file: self.inner.kept.file().display().to_string() })
    }

    /// Whether the log still holds a checkpoint that somebody kept, and the last one. For everybody: whoever keeps one
    /// is a witness, whatever else they may read.
    pub async fn seen(&self, kept: Option<&Checkpoint>) -> Result<Witnessed, DeskError> {
        let mut tx = self.read().await?;
        let checkpoint = audit::last_checkpoint(&mut tx).await?;
        let why = match kept {
            Some(kept) => not_held(&mut tx, kept, checkpoint.as_ref()).await?,
            None => None,
        };
        Ok(Witnessed { holds: why.is_none(), why, checkpoint })
    }

    /// A page of entries, newest first.
    pub async fn list_audit(
        &self,
        who: &Identity,
        filter: &Filter,
        page: &Page,
    ) -> Result<(Vec<Entry>, Option<String>), DeskError> {
        self.require(who, Act::ReadAudit, None, "read the audit log")?;
        let entries = audit::newest(&mut self.browse().await?, filter, page).await?;
        let next = (entries.len() as i64 == page.limit).then(|| entries.last().map(|e| cursor(&[e.seq]))).flatten();
        Ok((entries, next))
    }

    /// A stretch of the chain in its order, for an export.
    pub async fn audit_from(&self, who: &Identity, seq: i64) -> Result<Vec<Entry>, DeskError> {
        self.require(who, Act::ReadAudit, None, "read the audit log")?;
        Ok(audit::from(&mut self.browse().await?, seq, STRETCH).await?)
    }
}

async fn not_held(tx: &mut Tx, kept: &Checkpoint, last: Option<&Checkpoint>) -> Result<Option<NotHeld>, DeskError> {
    if !kept.is_signed() {
        return Ok(Some(NotHeld::NotSigned));
    }
    match audit::entry(tx, kept.seq).await? {
        None => return Ok(Some(NotHeld::Shorter)),
        Some(entry) if entry.hash != kept.hash => return Ok(Some(NotHeld::Rewritten)),
        Some(_) => {}
    }
    // The kept one itself was taken out of the database, and perhaps all that its key signed.
    let by_key = audit::last_signed_by(tx, &kept.public_key).await?;
    let silent = match (by_key, last) {
        (Some(by_key), Some(last)) => last.at.0 - by_key.at.0 > SILENT_MS,
        _ => true,
    };
    Ok(silent.then_some(NotHeld::OtherKey))
}

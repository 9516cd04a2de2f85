//! The audit log: verified, signed, read and exported.

use crate::draws::Replayed;
use crate::{Desk, DeskError, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::audit::{Checkpoint, Entry, Walk};
use countersign_store::Tx;
use countersign_store::audit;
pub use countersign_store::audit::Filter;
use countersign_store::page::{Page, cursor};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What following the chain came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Verified {
    /// Whether all of it holds.
    pub ok: bool,
    /// How many entries hold.
    pub entries: i64,
    /// The first broken or missing entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_at: Option<i64>,
    /// What is wrong there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The last checkpoint that was signed here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Checkpoint>,
    /// The public half of the key that signs here, Ed25519, hex.
    #[serde(default)]
    pub public_key: String,
    /// The draws, replayed, unless that was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draws: Option<Replayed>,
}

const STRETCH: i64 = 2_000;

impl Desk {
    /// Follows the whole chain, against its head, the kept checkpoints, and one that somebody kept elsewhere; with
    /// `draws` it also replays which drafts were drawn for review.
    pub async fn verify_audit(
        &self,
        who: &Identity,
        outside: Option<Checkpoint>,
        draws: bool,
    ) -> Result<Verified, DeskError> {
        self.require(who, Act::ReadAudit, None, "read the audit log")?;
        let mut tx = self.snapshot().await?;
        let kept = audit::checkpoints(&mut tx).await?;
        let checkpoint = kept.last().cloned();
        let found = self.follow(&mut tx, kept, outside).await?;
        drop(tx);
        let draws = if draws { Some(self.replay_draws().await?) } else { None };
        let ok = found.ok && draws.as_ref().is_none_or(|d| d.wrong == 0);
        let public_key = hex::encode(self.inner.signing.verifying_key().to_bytes());
        Ok(Verified { ok, checkpoint, public_key, draws, ..found })
    }

    async fn follow(
        &self,
        tx: &mut Tx,
        kept: Vec<Checkpoint>,
        outside: Option<Checkpoint>,
    ) -> Result<Verified, DeskError> {
        let (length, head) = audit::head(tx).await?;
        let mut checkpoints = kept.clone();
        if let Some(outside) = outside {
            if !kept.iter().any(|c| c.public_key == outside.public_key)
                && hex::encode(self.inner.signing.verifying_key().to_bytes()) != outside.public_key
            {
                return Ok(broken(0, outside.seq, "the checkpoint is signed by a key that this desk never used"));
            }
            checkpoints.push(outside);
            checkpoints.sort_by_key(|c| c.seq);
        }
        if let Some(bad) = checkpoints.iter().find(|c| !c.is_signed()) {
            return Ok(broken(0, bad.seq, "a checkpoint whose signature doesn't hold"));
        }
        let mut due = checkpoints.iter().peekable();
        let mut walk = Walk::default();
        loop {
            let entries = audit::from(tx, walk.next_seq(), STRETCH).await?;
            for entry in &entries {
                if !walk.step(entry) {
                    return Ok(broken(
                        walk.entries(),
                        walk.next_seq(),
                        "an entry that was changed, or one that is missing",
                    ));
                }
                while let Some(c) = due.next_if(|c| c.seq == walk.entries()) {
                    if c.hash != walk.head() {
                        return Ok(broken(
                            walk.entries() - 1,
                            c.seq,
                            "not the entry that the checkpoint was signed over: the log was rewritten",
                        ));
                    }
                }
            }
            if (entries.len() as i64) < STRETCH {
                break;
            }
        }
        if let Some(missing) = due.next() {
            return Ok(broken(
                walk.entries(),
                walk.next_seq(),
                &format!("missing: a checkpoint was signed over {} entries", missing.seq),
            ));
        }
        if length != walk.entries() || head != walk.head() {
            return Ok(broken(walk.entries(), walk.next_seq(), &format!("missing: the log had {length} entries")));
        }
        Ok(Verified {
            ok: true,
            entries: walk.entries(),
            broken_at: None,
            why: None,
            checkpoint: None,
            public_key: String::new(),
            draws: None,
        })
    }

    /// Signs the chain's head as it is now, and keeps the checkpoint.
    pub async fn checkpoint(&self, who: &Identity) -> Result<Checkpoint, DeskError> {
        self.require(who, Act::ReadAudit, None, "read the audit log")?;
        self.sign_head().await
    }

    pub(crate) async fn sign_head(&self) -> Result<Checkpoint, DeskError> {
        let now = self.now();
        let mut tx = self.write().await?;
        let key = hex::encode(self.inner.signing.verifying_key().to_bytes());
        let kept = audit::checkpoints(&mut tx).await?;
        if !kept.iter().any(|c| c.public_key == key) {
            record(&mut tx, now, &Identity::hub(), "key.registered", None, None, json!({ "ed25519": key }));
        }
        let (seq, hash) = audit::head(&mut tx).await?;
        let checkpoint = match kept.into_iter().find(|c| c.seq == seq) {
            Some(same) => same,
            None => Checkpoint::sign(&self.inner.signing, seq, &hash, now),
        };
        audit::keep_checkpoint(&mut tx, &checkpoint).await?;
        tx.commit().await?;
        Ok(checkpoint)
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

fn broken(entries: i64, at: i64, why: &str) -> Verified {
    Verified {
        ok: false,
        entries,
        broken_at: Some(at),
        why: Some(why.to_owned()),
        checkpoint: None,
        public_key: String::new(),
        draws: None,
    }
}

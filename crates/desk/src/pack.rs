//! Applying and showing packs.

use crate::{ChangeKind, Desk, DeskError, keys, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::pack::{Pack, PackFiles, render_txt};
use countersign_store::workflows::{self, Hold, VersionRow};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

/// What applying a pack came to.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Applied {
    /// The workflow.
    pub workflow: String,
    /// Its version now.
    pub version: i64,
    /// The pack's content hash.
    pub hash: String,
    /// Whether this made a new version; the same pack again doesn't.
    pub created: bool,
}

impl Desk {
    /// Applies a pack: a changed one makes a new, immutable version.
    pub async fn apply_pack(&self, who: &Identity, files: &PackFiles) -> Result<Applied, DeskError> {
        let pack = Pack::parse(files).map_err(DeskError::Pack)?;
        let id = pack.workflow.id.as_str().to_owned();
        self.require(who, Act::WritePacks, Some(&id), "apply packs")?;
        let now = self.now();
        let mut tx = self.write().await?;
        let current = workflows::get(&mut tx, &id, Hold::Change).await?;
        let last = match &current {
            Some(w) => workflows::version(&mut tx, &id, w.version).await?,
            None => None,
        };
        let bound = self.bind_secrets(&mut tx, &pack, files, &who.subject, now).await;
        if let Some(last) = last.filter(|v| v.hash == pack.hash()) {
            match bound {
                Ok(()) => tx.commit().await?,
                // Nothing changes, so there is nothing to refuse; at its use the secret is.
                Err(DeskError::Pack(faults)) => {
                    let why = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                    tracing::warn!(workflow = id, "the pack names secrets that it may not use: {why}");
                }
                Err(e) => return Err(e),
            }
            return Ok(Applied { workflow: id, version: last.version, hash: last.hash, created: false });
        }
        bound?;
        let seed = keys::random::<32>()?;
        // What the pack names is kept; whatever else lay in the folder is not.
        let named = pack.named_files();
        let kept: PackFiles = files
            .iter()
            .filter(|(name, _)| named.contains(&name.as_str()))
            .map(|(n, t)| (n.clone(), t.clone()))
            .collect();
        let row = VersionRow {
            workflow_id: id.clone(),
            version: current.map_or(1, |w| w.version + 1),
            hash: pack.hash().to_owned(),
            guideline_hash: pack.guideline_hash().to_owned(),
            files: json!(kept).to_string(),
            seed: hex::encode(seed),
            applied_at: now.0,
            applied_by: who.subject.clone(),
        };
        workflows::add_version(&mut tx, &pack.workflow.name, &row).await?;
        let detail =
            json!({ "version": row.version, "hash": row.hash, "seed_sha256": hex::encode(Sha256::digest(seed)) });
        record(&mut tx, now, who, "pack.applied", Some(&id), None, detail);
        tx.commit().await?;
        self.tell(ChangeKind::PackApplied, &id, None).await;
        Ok(Applied { workflow: id, version: row.version, hash: row.hash, created: true })
    }

    /// Refuses a workflow that isn't here.
    pub async fn workflow_exists(&self, id: &str) -> Result<(), DeskError> {
        let row = workflows::get(&mut self.read().await?, id, Hold::Look).await?;
        row.map(|_| ()).ok_or_else(|| DeskError::not_found("workflow", id))
    }

    /// The current pack's `workflow.toml`, as it was applied.
    pub async fn pack_toml(&self, who: &Identity, id: &str) -> Result<String, DeskError> {
        let (mut tx, version) = self.current_version(who, id).await?;
        let row =
            workflows::version(&mut tx, id, version).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        let files: PackFiles = serde_json::from_str(&row.files).unwrap_or_default();
        Ok(files.get(Pack::WORKFLOW_FILE).cloned().unwrap_or_default())
    }

    /// The current pack as a rollout pack in plain text.
    pub async fn pack_txt(&self, who: &Identity, id: &str) -> Result<String, DeskError> {
        let (mut tx, version) = self.current_version(who, id).await?;
        Ok(render_txt(&self.version(&mut tx, id, version).await?.pack))
    }

    async fn current_version(&self, who: &Identity, id: &str) -> Result<(countersign_store::Tx, i64), DeskError> {
        self.require(who, Act::ReadPacks, Some(id), "read the pack")?;
        let mut tx = self.read().await?;
        let row = workflows::get(&mut tx, id, Hold::Look).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        Ok((tx, row.version))
    }
}

//! Applying packs, returning to earlier versions, and showing what is in force.
//!
//! What decides drafts, review or counts makes a version; whatever else a pack says makes a revision of it. Content that
//! was in force before comes back under its old number, with its evidence.

use crate::history::changed_keys;
use crate::transition::reason_of;
use crate::{ChangeKind, Desk, DeskError, Version, keys, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::pack::{Pack, PackFiles, render_txt};
use countersign_domain::time::Millis;
use countersign_store::workflows::{self, Hold, InForceRow, RevisionRow, VersionRow, WorkflowRow};
use countersign_store::{StoreError, Tx, gates};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What a pack is to the workflow's history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PackChange {
    /// The workflow isn't here yet.
    NewWorkflow,
    /// It decides otherwise than every version before: a new version, whose evidence starts from zero.
    NewVersion,
    /// It decides as the version in force does, and says something else besides: the evidence stays.
    NewRevision,
    /// It decides as an earlier version does, which comes back with its evidence.
    EarlierVersion,
    /// It is an earlier revision of the version in force.
    EarlierRevision,
    /// It is in force already.
    Unchanged,
}

/// What applying a pack came to.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Applied {
    /// The workflow.
    pub workflow: String,
    /// The version in force now.
    pub version: i64,
    /// Its revision.
    pub revision: i64,
    /// The hash of what decides in it.
    pub hash: String,
    /// Whether this made a new version.
    pub created: bool,
    /// What the pack was to the workflow's history.
    pub change: PackChange,
}

/// What a start did with a pack of its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AtStart {
    /// It was new, and is in force now.
    Applied,
    /// It was in force already.
    InForce,
    /// Something else has come into force since it was; it stays as it is.
    Left,
}

/// Where a pack belongs in a workflow's history.
pub(crate) struct Place {
    pub(crate) change: PackChange,
    pub(crate) version: i64,
    pub(crate) revision: i64,
    /// Whether this revision of it has to be made.
    revision_is_new: bool,
    /// What was in force when this was looked at.
    seen: Option<(i64, i64)>,
    /// How many versions and revisions there were.
    known: usize,
}

impl Place {
    fn version_is_new(&self) -> bool {
        matches!(self.change, PackChange::NewWorkflow | PackChange::NewVersion)
    }
}

/// A pack as it was applied.
pub(crate) async fn stored_pack(tx: &mut Tx, id: &str, version: i64, revision: i64) -> Result<Pack, DeskError> {
    let value = format!("{id} version {version}, revision {revision}");
    let row = workflows::revision(tx, id, version, revision).await?;
    let row = row.ok_or_else(|| DeskError::not_found("workflow version", &value))?;
    let files = serde_json::from_str(&row.files).ok();
    let pack = files.and_then(|files| Pack::stored(&files).ok());
    Ok(pack.ok_or(StoreError::Unreadable { what: "a pack", value })?)
}

/// Skips what can't be read: a pack that an older program took is not what anybody applies now.
fn readable<T>(read: Result<T, DeskError>) -> Result<Option<T>, DeskError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(DeskError::Store(StoreError::Unreadable { .. })) => Ok(None),
        Err(e) => Err(e),
    }
}

impl Desk {
    /// A version, for what goes on with other workflows where one's pack can't be read.
    pub(crate) async fn version_if_readable(
        &self,
        tx: &mut Tx,
        workflow: &str,
        version: i64,
    ) -> Result<Option<Arc<Version>>, DeskError> {
        let read = readable(self.version(tx, workflow, version).await)?;
        if read.is_none() {
            tracing::error!(workflow, version, "its pack can't be read: nothing of it is sent, pulled or watched");
        }
        Ok(read)
    }

    /// Applies a pack, whatever is in force.
    pub async fn apply_pack(&self, who: &Identity, files: &PackFiles) -> Result<Applied, DeskError> {
        let pack = Pack::parse(files).map_err(DeskError::Pack)?;
        self.require(who, Act::WritePacks, Some(pack.workflow.id.as_str()), "apply packs")?;
        let applied = self.put_pack(who, &pack, files, |_| true).await?;
        applied.ok_or_else(|| DeskError::Setup("a pack was neither applied nor refused".to_owned()))
    }

    /// Applies a pack from the folder that a hub was started with, unless that would undo what has come into force
    /// since: another hub may be started with another folder, and a person may have applied something newer.
    pub async fn apply_pack_at_start(&self, files: &PackFiles) -> Result<AtStart, DeskError> {
        let pack = Pack::parse(files).map_err(DeskError::Pack)?;
        let id = pack.workflow.id.as_str();
        let mut seen = None;
        let news = |place: &Place| {
            seen = Some((place.change, place.version));
            matches!(place.change, PackChange::NewWorkflow | PackChange::NewVersion | PackChange::NewRevision)
        };
        if let Some(applied) = self.put_pack(&Identity::owner(), &pack, files, news).await? {
            let Applied { version, revision, .. } = applied;
            tracing::info!(workflow = id, version, revision, "applied the pack from the folder");
            return Ok(AtStart::Applied);
        }
        match seen {
            Some((PackChange::Unchanged, version)) => {
                tracing::info!(workflow = id, version, "the pack in the folder is in force already");
                Ok(AtStart::InForce)
            }
            _ => {
                let is = seen.map(|(_, version)| version);
                tracing::warn!(
                    workflow = id,
                    is,
                    "the pack in the folder was not applied: something newer is in force"
                );
                Ok(AtStart::Left)
            }
        }
    }

    /// Where a pack belongs in the history of its workflow.
    pub(crate) async fn place(
        &self,
        tx: &mut Tx,
        pack: &Pack,
        current: Option<&WorkflowRow>,
    ) -> Result<Place, DeskError> {
        let Some(w) = current else {
            let change = PackChange::NewWorkflow;
            return Ok(Place { change, version: 1, revision: 1, revision_is_new: true, seen: None, known: 0 });
        };
        let revisions = workflows::revisions(tx, &w.id).await?;
        let in_force = workflows::revision_of(tx, &w.id, w.version).await?.unwrap_or(1);
        let (seen, known) = (Some((w.version, in_force)), revisions.len());
        // The version in force comes first: of two that say the same it is the one that is meant.
        let mut numbers: Vec<i64> = revisions.iter().map(|r| r.version).collect();
        numbers.dedup();
        for number in std::iter::once(w.version).chain(numbers.iter().copied().filter(|n| *n != w.version)) {
            let Some(same) = readable(self.version(tx, &w.id, number).await)? else { continue };
            if same.pack.hash() != pack.hash() {
                continue;
            }
            let mine: Vec<i64> = revisions.iter().filter(|r| r.version == number).map(|r| r.revision).collect();
            let mut revision = None;
            if same.pack.revision_hash() == pack.revision_hash() {
                revision = Some(same.revision);
            }
            for other in mine.iter().filter(|r| **r != same.revision) {
                if revision.is_none()
                    && let Some(other_pack) = readable(stored_pack(tx, &w.id, number, *other).await)?
                    && other_pack.revision_hash() == pack.revision_hash()
                {
                    revision = Some(*other);
                }
            }
            let change = match (number == w.version, revision) {
                (false, _) => PackChange::EarlierVersion,
                (true, None) => PackChange::NewRevision,
                (true, Some(r)) if r == in_force => PackChange::Unchanged,
                (true, Some(_)) => PackChange::EarlierRevision,
            };
            let next = mine.iter().max().map_or(1, |r| r + 1);
            let revision_is_new = revision.is_none();
            let revision = revision.unwrap_or(next);
            return Ok(Place { change, version: number, revision, revision_is_new, seen, known });
        }
        let version = numbers.first().copied().unwrap_or(0) + 1;
        Ok(Place { change: PackChange::NewVersion, version, revision: 1, revision_is_new: true, seen, known })
    }

    /// Puts a pack in force if it is wanted there; none if it isn't.
    async fn put_pack(
        &self,
        who: &Identity,
        pack: &Pack,
        files: &PackFiles,
        mut wanted: impl FnMut(&Place) -> bool,
    ) -> Result<Option<Applied>, DeskError> {
        let id = pack.workflow.id.as_str();
        // Looked at without a lock, since a kill would wait while all that was ever applied is read.
        let mut tx = self.read().await?;
        let row = workflows::get(&mut tx, id, Hold::Look).await?;
        let mut place = self.place(&mut tx, pack, row.as_ref()).await?;
        drop(tx);
        let mut tx = self.write().await?;
        let row = workflows::get(&mut tx, id, Hold::Change).await?;
        let now_in_force = match &row {
            Some(w) => Some((w.version, workflows::revision_of(&mut tx, id, w.version).await?.unwrap_or(1))),
            None => None,
        };
        if place.seen != now_in_force || workflows::revisions(&mut tx, id).await?.len() != place.known {
            place = self.place(&mut tx, pack, row.as_ref()).await?;
        }
        if !wanted(&place) {
            return Ok(None);
        }
        let applied = Applied {
            workflow: id.to_owned(),
            version: place.version,
            revision: place.revision,
            hash: pack.hash().to_owned(),
            created: place.version_is_new(),
            change: place.change,
        };
        let bound = self.bind_secrets(&mut tx, pack, files, &who.subject, self.now()).await;
        if place.change == PackChange::Unchanged {
            match bound {
                Ok(()) => tx.commit().await?,
                // Nothing changes, so there is nothing to refuse; at its use the secret is.
                Err(DeskError::Pack(faults)) => {
                    let why = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                    tracing::warn!(workflow = id, "the pack names secrets that it may not use: {why}");
                }
                Err(e) => return Err(e),
            }
            return Ok(Some(applied));
        }
        bound?;
        self.write_pack(&mut tx, who, pack, files, &place, row.as_ref()).await?;
        tx.commit().await?;
        self.tell(ChangeKind::PackApplied, id, None).await;
        Ok(Some(applied))
    }

    async fn write_pack(
        &self,
        tx: &mut Tx,
        who: &Identity,
        pack: &Pack,
        files: &PackFiles,
        place: &Place,
        before: Option<&WorkflowRow>,
    ) -> Result<(), DeskError> {
        let (id, now) = (pack.workflow.id.as_str(), self.now());
        let (version, revision) = (place.version, place.revision);
        let mut detail = json!({ "version": version, "revision": revision, "hash": pack.hash() });
        if place.version_is_new() {
            let seed = keys::random::<32>()?;
            detail["seed_sha256"] = json!(hex::encode(Sha256::digest(seed)));
            let row = VersionRow {
                workflow_id: id.to_owned(),
                version,
                hash: pack.hash().to_owned(),
                guideline_hash: pack.guideline_hash().to_owned(),
                seed: hex::encode(seed),
                applied_at: now.0,
                applied_by: who.subject.clone(),
                revision,
            };
            workflows::add_version(tx, &pack.workflow.name, &row).await?;
        }
        let mut changed = Vec::new();
        if place.revision_is_new {
            if !place.version_is_new() {
                changed = changed_keys(&self.version(tx, id, version).await?.pack, pack);
            }
            self.add_revision(tx, who, pack, files, place, &changed, now).await?;
        }
        let act = match place.change {
            PackChange::NewRevision => {
                detail["changed"] = json!(changed);
                "pack.revised"
            }
            PackChange::EarlierVersion | PackChange::EarlierRevision => {
                detail["changed"] = json!(changed);
                detail["from"] =
                    json!(place.seen.map(|(version, revision)| json!({ "version": version, "revision": revision })));
                "pack.returned"
            }
            _ => "pack.applied",
        };
        let row = InForceRow { version, revision, at: now.0, actor: who.subject.clone(), reason: None };
        workflows::put_in_force(tx, id, &pack.workflow.name, &row).await?;
        if before.is_some_and(|w| w.version != version) {
            gates::unsign(tx, id).await?;
        }
        record(tx, now, who, act, Some(id), None, detail);
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a revision is exactly this")]
    async fn add_revision(
        &self,
        tx: &mut Tx,
        who: &Identity,
        pack: &Pack,
        files: &PackFiles,
        place: &Place,
        changed: &[String],
        now: Millis,
    ) -> Result<(), DeskError> {
        // What the pack names is kept; whatever else lay in the folder is not.
        let named = pack.named_files();
        let kept = files.iter().filter(|(name, _)| named.contains(&name.as_str()));
        let kept: PackFiles = kept.map(|(name, text)| (name.clone(), text.clone())).collect();
        let row = RevisionRow {
            workflow_id: pack.workflow.id.as_str().to_owned(),
            version: place.version,
            revision: place.revision,
            files: json!(kept).to_string(),
            changed: json!(changed).to_string(),
            applied_at: now.0,
            applied_by: who.subject.clone(),
        };
        Ok(workflows::add_revision(tx, &row).await?)
    }

    /// Returns to an earlier version, with its evidence, its eval results and the stages that it has earned.
    pub async fn roll_back(&self, who: &Identity, id: &str, to: i64, reason: &str) -> Result<Applied, DeskError> {
        self.require(who, Act::RollBack, Some(id), "return to another version")?;
        let reason = reason_of(reason)?;
        let mut tx = self.write().await?;
        let w = workflows::get(&mut tx, id, Hold::Change).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        let version = self.version(&mut tx, id, to).await?;
        if w.version == to {
            return Err(DeskError::invalid("to", format!("version {to} is in force already")));
        }
        let now = self.now();
        let (actor, revision) = (who.subject.clone(), version.revision);
        let row = InForceRow { version: to, revision, at: now.0, actor, reason: Some(reason.to_owned()) };
        workflows::put_in_force(&mut tx, id, &version.pack.workflow.name, &row).await?;
        gates::unsign(&mut tx, id).await?;
        let detail = json!({ "from": w.version, "to": to, "revision": revision, "hash": version.pack.hash() });
        record(&mut tx, now, who, "pack.rolled_back", Some(id), None, detail);
        tx.commit().await?;
        self.tell(ChangeKind::PackApplied, id, None).await;
        Ok(Applied {
            workflow: id.to_owned(),
            version: to,
            revision,
            hash: version.pack.hash().to_owned(),
            created: false,
            change: PackChange::EarlierVersion,
        })
    }

    /// Refuses a workflow that isn't here.
    pub async fn workflow_exists(&self, id: &str) -> Result<(), DeskError> {
        let row = workflows::get(&mut self.read().await?, id, Hold::Look).await?;
        row.map(|_| ()).ok_or_else(|| DeskError::not_found("workflow", id))
    }

    /// The current pack's `workflow.toml`, as it was applied.
    pub async fn pack_toml(&self, who: &Identity, id: &str) -> Result<String, DeskError> {
        let (mut tx, version) = self.current_version(who, id).await?;
        let missing = || DeskError::not_found("workflow", id);
        let revision = workflows::revision_of(&mut tx, id, version).await?.ok_or_else(missing)?;
        let row = workflows::revision(&mut tx, id, version, revision).await?.ok_or_else(missing)?;
        let files: PackFiles = serde_json::from_str(&row.files).unwrap_or_default();
        Ok(files.get(Pack::WORKFLOW_FILE).cloned().unwrap_or_default())
    }

    /// The current pack as a rollout pack in plain text.
    pub async fn pack_txt(&self, who: &Identity, id: &str) -> Result<String, DeskError> {
        let (mut tx, version) = self.current_version(who, id).await?;
        let version = self.version(&mut tx, id, version).await?;
        let row = workflows::revision(&mut tx, id, version.number, version.revision).await?;
        let row = row.ok_or_else(|| DeskError::not_found("workflow", id))?;
        let (at, by) = (Millis(row.applied_at), row.applied_by);
        let stands = format!("Version {}, revision {}, applied by {by} on {at}", version.number, version.revision);
        Ok(render_txt(&version.pack, Some(&stands)))
    }

    async fn current_version(&self, who: &Identity, id: &str) -> Result<(Tx, i64), DeskError> {
        self.require(who, Act::ReadPacks, Some(id), "read the pack")?;
        let mut tx = self.read().await?;
        let row = workflows::get(&mut tx, id, Hold::Look).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        Ok((tx, row.version))
    }
}

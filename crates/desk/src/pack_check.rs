//! What applying a pack would do, told before anybody does it.

use crate::history::{SettingChange, changed_settings, changed_texts, flat};
use crate::pack::PackChange;
use crate::secrets::SecretFault;
use crate::{Desk, DeskError};
use countersign_domain::access::{Act, Identity};
use countersign_domain::evidence::is_verdict;
use countersign_domain::gate;
use countersign_domain::pack::{Pack, PackFiles, Stage};
use countersign_store::evidence;
use countersign_store::workflows::{self, Hold};
use serde::Serialize;

/// What applying a pack would do to the workflow and its evidence.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PackCheck {
    /// The workflow.
    pub workflow: String,
    /// What the pack is to the workflow's history.
    pub change: PackChange,
    /// The hash of what decides in it.
    pub hash: String,
    /// The version that would be in force.
    pub version: i64,
    /// Its revision.
    pub revision: i64,
    /// The version in force now; none where the workflow is new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_version: Option<i64>,
    /// Its revision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_revision: Option<i64>,
    /// The stage, which stays.
    pub stage: Stage,
    /// Reviews that would count for the version in force then.
    pub reviewed: i64,
    /// Reviews that count for the version in force now.
    pub reviewed_now: i64,
    /// Whether every draft would be reviewed at this stage, until the gate into it is green for that version.
    pub reviews_all: bool,
    /// Settings that differ from those in force, by key.
    pub settings: Vec<SettingChange>,
    /// Texts that differ from those in force, by file.
    pub texts: Vec<String>,
    /// Limits that would be looser than those in force.
    pub loosened: Vec<LooserLimit>,
    /// Keys that are set and that nothing acts on yet.
    pub not_enforced: Vec<&'static str>,
    /// Whether the pack asks for two signatures, and the one who asks is the owner of a hub for one person.
    pub needs_team_hub: bool,
    /// Secrets that it names and that can't do what they are for; told only to those who may apply it.
    pub secrets: Vec<SecretFault>,
}

/// A limit that would be looser.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LooserLimit {
    /// Which.
    pub limit: String,
    /// What it is.
    pub from: String,
    /// What it would be.
    pub to: String,
}

impl Desk {
    /// What applying a pack would do. Nothing is changed.
    pub async fn check_pack(&self, who: &Identity, files: &PackFiles) -> Result<PackCheck, DeskError> {
        let pack = Pack::parse(files).map_err(DeskError::Pack)?;
        let id = pack.workflow.id.as_str();
        self.require(who, Act::ReadGate, Some(id), "compare this pack")?;
        let mut tx = self.read().await?;
        let row = workflows::get(&mut tx, id, Hold::Look).await?;
        let place = self.place(&mut tx, &pack, row.as_ref()).await?;
        let mut check = PackCheck {
            workflow: id.to_owned(),
            change: place.change,
            hash: pack.hash().to_owned(),
            version: place.version,
            revision: place.revision,
            from_version: None,
            from_revision: None,
            stage: Stage::Internal,
            reviewed: 0,
            reviewed_now: 0,
            reviews_all: false,
            settings: Vec::new(),
            texts: Vec::new(),
            loosened: Vec::new(),
            not_enforced: pack.not_enforced.clone(),
            needs_team_hub: pack.gate.second_signature && who.owner,
            secrets: match who.scope(Act::WritePacks).includes(id) {
                true => self.secret_faults(&mut tx, &pack).await?,
                false => Vec::new(),
            },
        };
        let Some(w) = row else { return Ok(check) };
        let now = self.version(&mut tx, id, w.version).await?;
        (check.from_version, check.from_revision) = (Some(w.version), Some(now.revision));
        check.stage = w.stage.parse().unwrap_or(Stage::Internal);
        for count in evidence::of(&mut tx, id).await?.iter().filter(|c| is_verdict(&c.outcome)) {
            check.reviewed += if count.version == place.version { count.n } else { 0 };
            check.reviewed_now += if count.version == w.version { count.n } else { 0 };
        }
        check.reviews_all = !self.has_earned(&mut tx, id, place.version, check.stage).await?;
        check.settings = changed_settings(&flat(&now.pack), &flat(&pack));
        check.texts = changed_texts(&now.pack, &pack);
        let looser = gate::loosened(&now.pack, &pack).into_iter();
        check.loosened = looser.map(|l| LooserLimit { limit: l.limit, from: l.from, to: l.to }).collect();
        Ok(check)
    }
}

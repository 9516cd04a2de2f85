//! What happened to a workflow: outcomes by day, transitions, versions and what changed between them.

use crate::view::sees_verdicts;
use crate::{Desk, DeskError};
use countersign_domain::access::{Act, Identity};
use countersign_domain::diff::{self, Op};
use countersign_domain::pack::{Pack, PackFiles};
use countersign_domain::time::Millis;
use countersign_domain::verdict::UNCONFIRMED;
use countersign_store::page::Page;
use countersign_store::workflows::{self, Hold, TransitionRow, VersionRow};
use countersign_store::{StoreError, Tx, evidence};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What happened to a workflow.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct History {
    /// The days on which something was decided or ran out, oldest first.
    pub days: Vec<Day>,
    /// The latest 200 transitions, newest first.
    pub transitions: Vec<TransitionView>,
    /// The newest versions, newest first; a list of its own has all of them.
    pub versions: Vec<VersionView>,
}

/// One day's outcomes.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Day {
    /// The day, UTC: `2026-11-22`.
    pub day: String,
    /// Drafts by outcome: `approve`, `edit.GRADE`, `escalate:A+B` with all its reasons, and `unresolved` for those that ran out of time
    /// or were overtaken by a newer revision.
    pub outcomes: BTreeMap<String, i64>,
}

/// A change of a workflow's stage or life.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TransitionView {
    /// Its id.
    pub id: String,
    /// `killed`, `resumed`, `promoted` or `demoted`.
    pub kind: String,
    /// The stage before.
    pub from_stage: String,
    /// The stage after.
    pub to_stage: String,
    /// The version it happened to.
    pub version: i64,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Millis,
    /// From the call of a kill until nothing acted any more, in milliseconds.
    pub effect_ms: Option<f64>,
    /// Drafts that a kill froze.
    pub frozen: Option<i64>,
    /// The frozen gate report that a promotion rested on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// Who signed a promotion second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub second_signer: Option<String>,
}

/// A version.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct VersionView {
    /// 1, 2, 3 …
    pub version: i64,
    /// The pack's content hash.
    pub hash: String,
    /// The guidelines' hash.
    pub guideline_hash: String,
    /// When it was applied.
    pub applied_at: Millis,
    /// By whom.
    pub applied_by: String,
}

/// A version with its files.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct VersionFiles {
    /// The version.
    #[serde(flatten)]
    pub version: VersionView,
    /// Name to text.
    pub files: BTreeMap<String, String>,
}

/// What changed between two versions.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct VersionDiff {
    /// The one before.
    pub from: i64,
    /// The one after.
    pub to: i64,
    /// Settings in force that differ, defaults among them, by key.
    pub settings: Vec<SettingChange>,
    /// Texts that differ.
    pub files: Vec<TextChange>,
}

/// A setting that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SettingChange {
    /// The key, dotted; an entry of a list by its code, address or name: `review.reasons[wrong].to`.
    pub key: String,
    /// What it was; none if it wasn't there.
    pub before: Option<String>,
    /// What it is; none if it is gone.
    pub after: Option<String>,
}

/// A text that differs.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TextChange {
    /// The file.
    pub name: String,
    /// Its lines.
    pub lines: Vec<Op>,
}

impl Desk {
    /// What happened to a workflow in the last days.
    pub async fn history(&self, who: &Identity, id: &str, days: i64) -> Result<History, DeskError> {
        self.require(who, Act::ReadPacks, Some(id), "read this workflow")?;
        if !(1..=366).contains(&days) {
            return Err(DeskError::invalid("days", format!("expected 1 to 366, found {days}")));
        }
        let newest = Page { after: None, limit: 50 };
        let mut tx = self.snapshot().await?;
        if workflows::get(&mut tx, id, Hold::Look).await?.is_none() {
            return Err(DeskError::not_found("workflow", id));
        }
        let first = evidence::day(self.now()) - days + 1;
        let mut by_day: BTreeMap<i64, BTreeMap<String, i64>> = BTreeMap::new();
        for (day, outcome, n) in evidence::decided_since(&mut tx, id, first).await? {
            // Who hasn't been confirmed yet is nobody's business here.
            let outcome = match outcome.strip_prefix(UNCONFIRMED).unwrap_or(&outcome) {
                "expired" | "superseded" => "unresolved",
                outcome => outcome,
            };
            let outcome = outcome.to_owned();
            *by_day.entry(day).or_default().entry(outcome).or_default() += n;
        }
        Ok(History {
            days: by_day.into_iter().map(|(day, outcomes)| Day { day: date(day), outcomes }).collect(),
            transitions: workflows::transitions(&mut tx, id, 200).await?.into_iter().map(transition_view).collect(),
            versions: workflows::versions(&mut tx, id, &newest).await?.into_iter().map(version_view).collect(),
        })
    }

    /// A page of a workflow's versions, the newest first.
    pub async fn versions(
        &self,
        who: &Identity,
        id: &str,
        page: &Page,
    ) -> Result<(Vec<VersionView>, Option<String>), DeskError> {
        self.require(who, Act::ReadPacks, Some(id), "read this workflow")?;
        let mut tx = self.read().await?;
        if workflows::get(&mut tx, id, Hold::Look).await?.is_none() {
            return Err(DeskError::not_found("workflow", id));
        }
        let rows = workflows::versions(&mut tx, id, page).await?;
        let next = page.next(&rows, |r| vec![r.version]);
        Ok((rows.into_iter().map(version_view).collect(), next))
    }

    /// A version's files, as they were applied.
    pub async fn version_files(&self, who: &Identity, id: &str, version: i64) -> Result<VersionFiles, DeskError> {
        self.require(who, Act::ReadPacks, Some(id), "read the pack")?;
        let mut tx = self.read().await?;
        let row = stored(&mut tx, id, version).await?;
        let mut files = files_of(&row)?;
        // Who may be given a probe must not know it.
        let probes = self.version(&mut tx, id, version).await?.pack.review.probes.clone();
        if let Some(name) = probes.filter(|_| !sees_verdicts(who, id)) {
            files.remove(&name);
        }
        Ok(VersionFiles { version: version_view(row), files })
    }

    /// What changed between two versions.
    pub async fn diff_versions(&self, who: &Identity, id: &str, from: i64, to: i64) -> Result<VersionDiff, DeskError> {
        self.require(who, Act::ReadPacks, Some(id), "read the pack")?;
        let mut tx = self.read().await?;
        let (before, after) = (stored(&mut tx, id, from).await?, stored(&mut tx, id, to).await?);
        let settings = changed_settings(
            &flat(&self.version(&mut tx, id, from).await?.pack),
            &flat(&self.version(&mut tx, id, to).await?.pack),
        );
        let (mut before, mut after) = (files_of(&before)?, files_of(&after)?);
        for (version, files) in [(from, &mut before), (to, &mut after)] {
            let probes = self.version(&mut tx, id, version).await?.pack.review.probes.clone();
            if let Some(name) = probes.filter(|_| !sees_verdicts(who, id)) {
                files.remove(&name);
            }
        }
        let names: BTreeSet<&String> =
            before.keys().chain(after.keys()).filter(|n| *n != Pack::WORKFLOW_FILE).collect();
        let text = |files: &'_ PackFiles, name: &str| files.get(name).cloned().unwrap_or_default();
        let files = names
            .into_iter()
            .map(|name| (name, text(&before, name), text(&after, name)))
            .filter(|(_, b, a)| b != a)
            .map(|(name, b, a)| TextChange { name: name.clone(), lines: diff::lines(&b, &a) })
            .collect();
        Ok(VersionDiff { from, to, settings, files })
    }
}

fn date(day: i64) -> String {
    Millis(day * 86_400_000).to_string().chars().take(10).collect()
}

async fn stored(tx: &mut Tx, id: &str, version: i64) -> Result<VersionRow, DeskError> {
    let row = workflows::version(tx, id, version).await?;
    row.ok_or_else(|| DeskError::not_found("workflow version", format!("{id} {version}")))
}

fn files_of(row: &VersionRow) -> Result<PackFiles, DeskError> {
    let what = || format!("{} version {}", row.workflow_id, row.version);
    Ok(serde_json::from_str(&row.files).map_err(|_| StoreError::Unreadable { what: "a pack", value: what() })?)
}

fn version_view(v: VersionRow) -> VersionView {
    VersionView {
        version: v.version,
        hash: v.hash,
        guideline_hash: v.guideline_hash,
        applied_at: Millis(v.applied_at),
        applied_by: v.applied_by,
    }
}

fn transition_view(t: TransitionRow) -> TransitionView {
    TransitionView {
        id: t.id,
        kind: match t.kind.as_str() {
            "kill" => "killed",
            "resume" => "resumed",
            "promote" => "promoted",
            _ => "demoted",
        }
        .to_owned(),
        from_stage: t.from_stage,
        to_stage: t.to_stage,
        version: t.version,
        actor: t.actor,
        reason: t.reason,
        at: Millis(t.at),
        effect_ms: t.effect_ms,
        frozen: t.frozen,
        report: t.report_hash,
        second_signer: t.second_signer,
    }
}

/// Every setting of a pack by its key, in words; the texts are compared by themselves.
fn flat(pack: &Pack) -> BTreeMap<String, String> {
    let mut out = BTreeMap::new();
    let settings = serde_json::to_value(pack).unwrap_or_default();
    for (name, value) in settings.as_object().into_iter().flatten() {
        if !["guidelines", "runbook"].contains(&name.as_str()) {
            flatten(name, value, &mut out);
        }
    }
    out
}

fn flatten(key: &str, value: &Value, out: &mut BTreeMap<String, String>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => fields.iter().for_each(|(name, value)| flatten(&format!("{key}.{name}"), value, out)),
        Value::Array(list) if list.iter().any(Value::is_object) => {
            for (i, entry) in list.iter().enumerate() {
                let name = ["code", "id", "url", "name"].iter().find_map(|field| entry[field].as_str());
                flatten(&format!("{key}[{}]", name.map_or_else(|| i.to_string(), str::to_owned)), entry, out);
            }
        }
        Value::Array(list) => {
            out.insert(key.to_owned(), list.iter().map(word).collect::<Vec<_>>().join(", "));
        }
        _ => {
            out.insert(key.to_owned(), word(value));
        }
    }
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn changed_settings(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<SettingChange> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| SettingChange { key: key.clone(), before: before.get(key).cloned(), after: after.get(key).cloned() })
        .collect()
}

//! What happened to a workflow: outcomes by day, transitions, versions and what changed between them.

use crate::view::sees_verdicts;
use crate::{Desk, DeskError};
use countersign_domain::access::{Act, Identity};
use countersign_domain::diff::{self, Op};
use countersign_domain::evidence::is_verdict;
use countersign_domain::pack::{Pack, PackFiles, same_text};
use countersign_domain::time::Millis;
use countersign_domain::verdict::UNCONFIRMED;
use countersign_store::page::Page;
use countersign_store::workflows::{self, Hold, InForceRow, TransitionRow, VersionRow};
use countersign_store::{StoreError, Tx, evidence};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// What happened to a workflow.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct History {
    /// The days on which something was decided or ran out, oldest first.
    pub days: Vec<Day>,
    /// What became of the drafts of each version at each stage, by where they were staged, whenever they were decided:
    /// what gates count. The newest version first.
    pub record: Vec<Record>,
    /// The latest 200 transitions, newest first.
    pub transitions: Vec<TransitionView>,
    /// The newest versions, newest first; a list of its own has all of them.
    pub versions: Vec<VersionView>,
    /// What came into force, the latest 200, newest first: versions, revisions, and returns to earlier ones.
    pub in_force: Vec<InForceView>,
}

/// What became of the drafts that a version staged at a stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = StageRecord)]
pub struct Record {
    /// The version.
    pub version: i64,
    /// The stage.
    pub stage: String,
    /// All that came in.
    pub staged: i64,
    /// Decided, and counted.
    pub reviewed: i64,
    /// Those by outcome: `approve`, `edit.GRADE`, `escalate:A+B` with all its reasons.
    pub outcomes: BTreeMap<String, i64>,
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
    /// The hash of what decides in it.
    pub hash: String,
    /// The guidelines' hash.
    pub guideline_hash: String,
    /// When it was first applied.
    pub applied_at: Millis,
    /// By whom.
    pub applied_by: String,
    /// Its revision in force, or that was when the version last was.
    pub revision: i64,
    /// Its revisions, newest first.
    pub revisions: Vec<RevisionView>,
}

/// A revision of a version.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RevisionView {
    /// 1, 2, 3 … within the version.
    pub revision: i64,
    /// The settings and files that it changed; none for a version's first.
    pub changed: Vec<String>,
    /// When it was first applied.
    pub applied_at: Millis,
    /// By whom.
    pub applied_by: String,
}

/// A version and revision as it came into force.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct InForceView {
    /// The version.
    pub version: i64,
    /// Its revision.
    pub revision: i64,
    /// Since when.
    pub at: Millis,
    /// Who put it in force.
    pub by: String,
    /// Why, where somebody returned to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
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
    /// The revision of the one before.
    pub from_revision: i64,
    /// The revision of the one after.
    pub to_revision: i64,
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

/// Counts by version and stage. What waits for its confirmation counts as little here as at a gate.
fn record(counts: Vec<evidence::Count>) -> Vec<Record> {
    let mut by: BTreeMap<(std::cmp::Reverse<i64>, String), Record> = BTreeMap::new();
    for count in counts {
        let key = (std::cmp::Reverse(count.version), count.stage.clone());
        let fresh = || Record { version: count.version, stage: count.stage.clone(), ..Record::default() };
        let of = by.entry(key).or_insert_with(fresh);
        if count.outcome == "staged" {
            of.staged += count.n;
        } else if is_verdict(&count.outcome) {
            of.reviewed += count.n;
            *of.outcomes.entry(count.outcome).or_default() += count.n;
        }
    }
    by.into_values().collect()
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
        // Whoever may be asked for a blind second review learns of no first one by what a day's counts rise by.
        let decided = match sees_verdicts(who, id) {
            true => evidence::decided_since(&mut tx, id, first).await?,
            false => Vec::new(),
        };
        for (day, outcome, n) in decided {
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
            record: record(evidence::of(&mut tx, id).await?),
            transitions: workflows::transitions(&mut tx, id, 200).await?.into_iter().map(transition_view).collect(),
            versions: versions(&mut tx, id, &newest).await?.0,
            in_force: in_force(&mut tx, id).await?,
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
        versions(&mut tx, id, page).await
    }

    /// A version's files, as they were applied: of its revision in force, or of another one.
    pub async fn version_files(
        &self,
        who: &Identity,
        id: &str,
        version: i64,
        revision: Option<i64>,
    ) -> Result<VersionFiles, DeskError> {
        self.require(who, Act::ReadPacks, Some(id), "read the pack")?;
        let mut tx = self.read().await?;
        let (_, files, _) = at(&mut tx, who, id, version, revision).await?;
        let row = workflows::version(&mut tx, id, version).await?;
        let row = row.ok_or_else(|| DeskError::not_found("workflow version", format!("{id} {version}")))?;
        let revisions = revisions(&mut tx, id).await?.remove(&version).unwrap_or_default();
        let version = version_view(revisions, row);
        Ok(VersionFiles { version, files })
    }

    /// What changed between two versions, or two revisions of them.
    pub async fn diff_versions(
        &self,
        who: &Identity,
        id: &str,
        from: (i64, Option<i64>),
        to: (i64, Option<i64>),
    ) -> Result<VersionDiff, DeskError> {
        self.require(who, Act::ReadPacks, Some(id), "read the pack")?;
        let mut tx = self.read().await?;
        let (old, before, from_revision) = at(&mut tx, who, id, from.0, from.1).await?;
        let (new, after, to_revision) = at(&mut tx, who, id, to.0, to.1).await?;
        let names: BTreeSet<&String> =
            before.keys().chain(after.keys()).filter(|n| *n != Pack::WORKFLOW_FILE).collect();
        let text = |files: &'_ PackFiles, name: &str| files.get(name).cloned().unwrap_or_default();
        let files = names
            .into_iter()
            .map(|name| (name, text(&before, name), text(&after, name)))
            .filter(|(_, b, a)| b != a)
            .map(|(name, b, a)| TextChange { name: name.clone(), lines: diff::lines(&b, &a) })
            .collect();
        let settings = changed_settings(&flat(&old), &flat(&new));
        Ok(VersionDiff { from: from.0, to: to.0, from_revision, to_revision, settings, files })
    }
}

/// A revision's pack, those of its files that this identity may read, and its number.
async fn at(
    tx: &mut Tx,
    who: &Identity,
    id: &str,
    version: i64,
    revision: Option<i64>,
) -> Result<(Pack, PackFiles, i64), DeskError> {
    let missing = || DeskError::not_found("workflow version", format!("{id} {version}"));
    let in_force = workflows::revision_of(tx, id, version).await?.ok_or_else(missing)?;
    let revision = revision.unwrap_or(in_force);
    let row = workflows::revision(tx, id, version, revision).await?.ok_or_else(missing)?;
    let unreadable = || StoreError::Unreadable { what: "a pack", value: format!("{id} version {version}") };
    let mut files: PackFiles = serde_json::from_str(&row.files).map_err(|_| unreadable())?;
    let pack = Pack::stored(&files).map_err(|_| unreadable())?;
    // Who may be given a probe must not know it.
    if let Some(name) = pack.review.probes.as_ref().filter(|_| !sees_verdicts(who, id)) {
        files.remove(name);
    }
    Ok((pack, files, revision))
}

/// A page of the versions with their revisions, newest first.
async fn versions(tx: &mut Tx, id: &str, page: &Page) -> Result<(Vec<VersionView>, Option<String>), DeskError> {
    let mut revisions = revisions(tx, id).await?;
    let rows = workflows::versions(tx, id, page).await?;
    let next = page.next(&rows, |r| vec![r.version]);
    let view = |v: VersionRow| version_view(revisions.remove(&v.version).unwrap_or_default(), v);
    Ok((rows.into_iter().map(view).collect(), next))
}

/// The revisions of each version, newest first.
async fn revisions(tx: &mut Tx, id: &str) -> Result<BTreeMap<i64, Vec<RevisionView>>, DeskError> {
    let mut by_version: BTreeMap<i64, Vec<RevisionView>> = BTreeMap::new();
    for row in workflows::revisions(tx, id).await? {
        let unreadable = || StoreError::Unreadable { what: "a revision's changes", value: row.changed.clone() };
        let changed = serde_json::from_str(&row.changed).map_err(|_| unreadable())?;
        let view = RevisionView {
            revision: row.revision,
            changed,
            applied_at: Millis(row.applied_at),
            applied_by: row.applied_by,
        };
        by_version.entry(row.version).or_default().push(view);
    }
    Ok(by_version)
}

async fn in_force(tx: &mut Tx, id: &str) -> Result<Vec<InForceView>, DeskError> {
    let rows = workflows::in_force_since(tx, id, Millis(0), 200).await?.into_iter().rev();
    let view = |row: InForceRow| {
        let InForceRow { version, revision, at, actor, reason } = row;
        InForceView { version, revision, at: Millis(at), by: actor, reason }
    };
    Ok(rows.map(view).collect())
}

fn date(day: i64) -> String {
    Millis(day * 86_400_000).to_string().chars().take(10).collect()
}

fn version_view(revisions: Vec<RevisionView>, v: VersionRow) -> VersionView {
    VersionView {
        version: v.version,
        hash: v.hash,
        guideline_hash: v.guideline_hash,
        applied_at: Millis(v.applied_at),
        applied_by: v.applied_by,
        revision: v.revision,
        revisions,
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
pub(crate) fn flat(pack: &Pack) -> BTreeMap<String, String> {
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

pub(crate) fn changed_settings(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<SettingChange> {
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    keys.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| SettingChange { key: key.clone(), before: before.get(key).cloned(), after: after.get(key).cloned() })
        .collect()
}

/// Texts that differ, by file: whatever ends their lines.
pub(crate) fn changed_texts(before: &Pack, after: &Pack) -> Vec<String> {
    let probes = |pack: &Pack| pack.probes.iter().map(|p| format!("{p:?}")).collect::<Vec<_>>();
    let differ = [
        (Some(&after.workflow.guidelines), before.guideline_hash() != after.guideline_hash()),
        (Some(&after.workflow.runbook), !same_text(&before.runbook, &after.runbook)),
        (after.review.probes.as_ref(), probes(before) != probes(after)),
    ];
    differ.into_iter().filter(|(_, differs)| *differs).filter_map(|(name, _)| name.cloned()).collect()
}

/// The settings and files that differ, by name.
pub(crate) fn changed_keys(before: &Pack, after: &Pack) -> Vec<String> {
    let settings = changed_settings(&flat(before), &flat(after)).into_iter().map(|change| change.key);
    settings.chain(changed_texts(before, after)).collect()
}

//! What nearly every transaction adds to, in rows that all of them share: the counts, the evidence, the log's head.
//! It is written last, at the commit, and always in the same order: so nobody waits long for such a row, and no two
//! transactions ever wait for each other.

use crate::seals::{self, Row, Seal};
use crate::tx::AtHead;
use crate::{StoreError, Tx, agreement, audit, drafts, evidence, slots, volumes};
use countersign_domain::access::is_shadow;
use countersign_domain::audit::Entry;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

/// Workflow and state.
pub(crate) type CountKey = (String, &'static str);

/// What a change of the evidence is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Delta {
    pub(crate) workflow: String,
    pub(crate) version: i64,
    pub(crate) stage: String,
    /// The bits of the probability.
    pub(crate) probability: u64,
    /// The bits of the floor.
    pub(crate) floor: u64,
    pub(crate) outcome: String,
    /// In which the drafts were staged.
    pub(crate) hour: i64,
    /// The five minutes in which it was decided, where it was.
    pub(crate) slot: Option<i64>,
}

/// The same, and how many.
pub(crate) type CountRow = (String, &'static str, i64);
/// Workflow, version, the first outcome key, the second, how many.
pub(crate) type PairRow = (String, i64, String, String, i64);
/// Workflow, day, risk, how many.
pub(crate) type VolumeRow = (String, i64, i64, i64);
/// The number and hash of the log's last entry.
pub(crate) type Head = (i64, String);

/// Workflow, version, the first outcome key, the second.
pub(crate) type PairKey = (String, i64, String, String);
/// Workflow, day, risk.
pub(crate) type VolumeKey = (String, i64, i64);

/// What is still to be written.
#[derive(Default)]
pub(crate) struct Late {
    pub(crate) counts: BTreeMap<CountKey, i64>,
    pub(crate) evidence: BTreeMap<Delta, i64>,
    pub(crate) pairs: BTreeMap<PairKey, i64>,
    pub(crate) volumes: BTreeMap<VolumeKey, i64>,
    /// Hashes of rows, for the log.
    pub(crate) seals: Vec<Seal>,
    /// Rows that are sealed together, by workflow and kind.
    pub(crate) rows: BTreeMap<(String, &'static str), Vec<Row>>,
    /// Entries without their place in the chain.
    pub(crate) entries: Vec<Entry>,
}

impl Tx {
    /// Marks a point that [`Tx::back_to_savepoint`] goes back to. What is written at the commit is not part of it.
    pub async fn savepoint(&mut self) -> Result<(), StoreError> {
        run!(self, "SAVEPOINT here")?;
        Ok(())
    }

    /// Takes back what was done since the last savepoint, a statement that failed included.
    pub async fn back_to_savepoint(&mut self) -> Result<(), StoreError> {
        run!(self, "ROLLBACK TO SAVEPOINT here")?;
        Ok(())
    }

    /// Writes it.
    pub(crate) async fn settle(&mut self, at_head: Option<&mut AtHead>) -> Result<(), StoreError> {
        for ((workflow, kind), mut rows) in std::mem::take(&mut self.late.rows) {
            rows.sort_by_key(|row| row.seq);
            seals::seal_span(self, &workflow, kind, &rows);
        }
        let Late { counts, evidence, pairs, volumes, seals, rows: _, mut entries } = std::mem::take(&mut self.late);
        put_on_record(&mut entries, &evidence, seals)?;
        let changed = Changed {
            counts: counts.into_iter().filter(|(_, by)| *by != 0).map(|((w, state), by)| (w, state, by)).collect(),
            hours: evidence::hours(&evidence),
            slots: slots::slots(&evidence),
            days: evidence::days(&evidence),
            pairs: pairs.into_iter().filter(|(_, by)| *by != 0).map(|((w, v, a, b), by)| (w, v, a, b, by)).collect(),
            volumes: volumes.into_iter().map(|((w, day, risk), by)| (w, day, risk, by)).collect(),
        };
        if self.is_postgres() {
            changed.settle(self, entries, at_head).await
        } else {
            changed.write(self).await?;
            audit::add(self, entries).await
        }
    }
}

/// The rows that are added to, each part left out where there is nothing to add.
#[derive(Default, Serialize)]
struct Changed<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    counts: Vec<CountRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hours: Vec<evidence::HourRow<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    slots: Vec<slots::SlotRow<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    days: Vec<evidence::DayRow<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pairs: Vec<PairRow>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    volumes: Vec<VolumeRow>,
}

impl Changed<'_> {
    /// Adds to them on SQLite.
    async fn write(&self, tx: &mut Tx) -> Result<(), StoreError> {
        drafts::add_counts(tx, &self.counts).await?;
        evidence::add_counts(tx, &self.hours, &self.days).await?;
        slots::add_counts(tx, &self.slots).await?;
        agreement::add_counts(tx, &self.pairs).await?;
        volumes::add_counts(tx, &self.volumes).await
    }

    /// The same on Postgres with the log's entries, in one round trip: others wait for these rows. Where the log's head
    /// is not what this hub left, the entries follow in a second one.
    async fn settle(&self, tx: &mut Tx, mut entries: Vec<Entry>, at: Option<&mut AtHead>) -> Result<(), StoreError> {
        // Plain numbers and texts; serialising them can't fail.
        let changed = serde_json::to_string(self).unwrap_or_default();
        if changed == "{}" && entries.is_empty() {
            return Ok(());
        }
        let seen = at.as_ref().and_then(|at| at.head.clone());
        let mut last = seen.as_ref().map(|head| audit::chain(head, &mut entries));
        let after = (!entries.is_empty()).then(|| seen.map(|(_, hash)| hash).unwrap_or_default());
        if let Some(head) = settle_and_log(tx, &changed, after, &entries).await? {
            last = Some(audit::chain(&head, &mut entries));
            settle_and_log(tx, "{}", Some(head.1), &entries).await?;
        }
        if let Some(at) = at {
            at.head = last;
        }
        Ok(())
    }
}

/// Adds on Postgres; answers the log's head, held, where it isn't what the entries are chained to.
async fn settle_and_log(
    tx: &mut Tx,
    changed: &str,
    after: Option<String>,
    entries: &[Entry],
) -> Result<Option<Head>, StoreError> {
    let rows = serde_json::to_string(&audit::rows(entries)).unwrap_or_default();
    let sql = "SELECT seq, hash FROM settle_and_log(CAST($1 AS jsonb), $2, CAST($3 AS jsonb))";
    first!(tx, sql, changed, after, rows)
}

/// Puts what changed into the log, beside what it came of: the seals of rows and the changes of counts go into the
/// transaction's last entry of their workflow.
fn put_on_record(entries: &mut [Entry], evidence: &BTreeMap<Delta, i64>, seals: Vec<Seal>) -> Result<(), StoreError> {
    let mut notes: BTreeMap<Option<String>, BTreeMap<&'static str, Vec<serde_json::Value>>> = BTreeMap::new();
    let mut note = |workflow: Option<&str>, name, value| {
        notes.entry(workflow.map(str::to_owned)).or_default().entry(name).or_default().push(value);
    };
    for seal in seals {
        let name = if seal.again { "resealed" } else { "sealed" };
        note(seal.workflow.as_deref(), name, json!([seal.kind, seal.key, seal.hash]));
    }
    for (d, n) in evidence.iter().filter(|(_, n)| **n != 0) {
        let (probability, floor) = (f64::from_bits(d.probability), f64::from_bits(d.floor));
        let count = json!([d.version, d.stage, probability, floor, d.hour, d.outcome, d.slot, n]);
        note(Some(&d.workflow), "counted", count);
    }
    for (workflow, notes) in notes {
        if workflow.as_deref().is_some_and(is_shadow) {
            continue;
        }
        let entry = entries.iter_mut().rev().find(|e| e.workflow == workflow);
        let entry = entry.ok_or_else(|| StoreError::Unrecorded(workflow.clone().unwrap_or_default()))?;
        let detail: Option<serde_json::Map<_, _>> = serde_json::from_str(&entry.detail).ok();
        let mut detail = detail.ok_or(StoreError::Unreadable { what: "an entry's detail", value: String::new() })?;
        for (name, values) in notes {
            detail.insert(name.to_owned(), values.into());
        }
        entry.detail = serde_json::Value::Object(detail).to_string();
    }
    Ok(())
}

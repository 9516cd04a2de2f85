//! The counts, added up again from what the log says of each change of them.

use crate::slots::{A_DAY, day, slot};
use crate::{StoreError, Tx};
use countersign_domain::access::is_shadow;
use countersign_domain::evidence::is_verdict;
use countersign_domain::time::Millis;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Workflow, version, stage, the bits of the probability and of the floor, outcome.
type Record = (String, i64, String, u64, u64, String);
/// Workflow, version, stage, outcome, day of the decision.
type Decided = (String, i64, String, String, i64);
/// Workflow, five minutes, version, stage, the bits of the probability, outcome.
type Slot = (String, i64, i64, String, u64, String);

/// Days of staging that are told apart. Older ones are added up in the evidence, and only their sum is held against it.
const DAYS: i64 = 85;

/// What the counts should be, by the log.
#[derive(Default)]
pub struct Recount {
    /// By the day of staging.
    evidence: BTreeMap<Record, BTreeMap<i64, i64>>,
    decided: BTreeMap<Decided, i64>,
    slots: BTreeMap<Slot, i64>,
}

/// A count that isn't what the log comes to.
#[derive(Clone, Debug)]
pub struct Off {
    /// The workflow.
    pub workflow: String,
    /// Which count.
    pub count: String,
    /// By the log.
    pub logged: i64,
    /// As it is stored.
    pub stored: i64,
}

/// A probability as it comes back out of JSON.
fn bits(probability: &Value) -> Option<u64> {
    Some(probability.as_f64()?.to_bits())
}

fn same_bits(probability: f64) -> u64 {
    serde_json::from_str::<f64>(&json!(probability).to_string()).unwrap_or(probability).to_bits()
}

impl Recount {
    /// Adds a change, as an entry of this workflow has it: version, stage, probability, floor, hour of staging, outcome,
    /// the five minutes of the decision where there was one, and by how many.
    pub fn counted(&mut self, workflow: &str, change: &[Value]) -> Option<()> {
        let [version, stage, probability, floor, hour, outcome, slot, n] = change else { return None };
        let (version, stage, outcome) = (version.as_i64()?, stage.as_str()?, outcome.as_str()?);
        let (probability, floor, n) = (bits(probability)?, bits(floor)?, n.as_i64()?);
        let of = (workflow.to_owned(), version, stage.to_owned(), probability, floor, outcome.to_owned());
        *self.evidence.entry(of).or_default().entry(hour.as_i64()?.div_euclid(24)).or_default() += n;
        if let Some(slot) = slot.as_i64() {
            let of = (workflow.to_owned(), version, stage.to_owned(), outcome.to_owned(), day(slot));
            *self.decided.entry(of).or_default() += n;
            if is_verdict(outcome) {
                let of = (workflow.to_owned(), slot, version, stage.to_owned(), probability, outcome.to_owned());
                *self.slots.entry(of).or_default() += n;
            }
        }
        Some(())
    }

    /// Adds what a baseline says was decided on a day: day, version, stage, outcome, how many.
    pub fn stood_by_day(&mut self, workflow: &str, count: &[Value]) -> Option<()> {
        let [day, version, stage, outcome, n] = count else { return None };
        let (stage, outcome) = (stage.as_str()?.to_owned(), outcome.as_str()?.to_owned());
        let of = (workflow.to_owned(), version.as_i64()?, stage, outcome, day.as_i64()?);
        *self.decided.entry(of).or_default() += n.as_i64()?;
        Some(())
    }

    /// The same for five minutes: the five minutes, version, stage, probability, outcome, how many.
    pub fn stood_by_slot(&mut self, workflow: &str, count: &[Value]) -> Option<()> {
        let [slot, version, stage, probability, outcome, n] = count else { return None };
        let (stage, outcome) = (stage.as_str()?.to_owned(), outcome.as_str()?.to_owned());
        let of = (workflow.to_owned(), slot.as_i64()?, version.as_i64()?, stage, bits(probability)?, outcome);
        *self.slots.entry(of).or_default() += n.as_i64()?;
        Some(())
    }

    /// Holds it against what is stored: how many counts there are, and those that are off.
    pub async fn compare(self, tx: &mut Tx, now: Millis) -> Result<(i64, Vec<Off>), StoreError> {
        let mut found = (0, Vec::new());
        self.compare_evidence(tx, &mut found).await?;
        let mut logged = self.decided;
        for (workflow, day, version, stage, outcome, n) in decided(tx).await? {
            let name = format!("version {version} at {stage}, {outcome} on day {day}");
            let of = logged.remove(&(workflow.clone(), version, stage, outcome, day)).unwrap_or(0);
            note(&mut found, workflow, name, of, n);
        }
        for ((workflow, version, stage, outcome, day), of) in logged {
            note(&mut found, workflow, format!("version {version} at {stage}, {outcome} on day {day}"), of, 0);
        }
        // No budget's window is shorter than a day.
        let recent = slot(now) - A_DAY;
        let (mut logged, mut oldest) = (self.slots, BTreeMap::<String, i64>::new());
        for (workflow, slot, version, stage, probability, outcome, n) in slots(tx).await? {
            oldest.entry(workflow.clone()).and_modify(|least| *least = slot.min(*least)).or_insert(slot);
            let name = format!("version {version} at {stage}, {outcome} in the five minutes {slot}");
            let of = (workflow.clone(), slot, version, stage, same_bits(probability), outcome);
            let of = logged.remove(&of).unwrap_or(0);
            note(&mut found, workflow, name, of, n);
        }
        // Slots before the budget's window are taken away in time.
        for ((workflow, slot, version, stage, _, outcome), of) in logged {
            if slot >= oldest.get(&workflow).map_or(recent, |oldest| recent.min(*oldest)) {
                let name = format!("version {version} at {stage}, {outcome} in the five minutes {slot}");
                note(&mut found, workflow, name, of, 0);
            }
        }
        Ok(found)
    }

    async fn compare_evidence(&self, tx: &mut Tx, found: &mut (i64, Vec<Off>)) -> Result<(), StoreError> {
        let mut stored: BTreeMap<Record, BTreeMap<i64, i64>> = BTreeMap::new();
        for (workflow, version, stage, probability, floor, outcome, hour, n) in evidence(tx).await? {
            let of = (workflow, version, stage, same_bits(probability), same_bits(floor), outcome);
            *stored.entry(of).or_default().entry(hour.div_euclid(24)).or_default() += n;
        }
        let newest = self.evidence.values().filter_map(|days| days.keys().next_back()).max().copied().unwrap_or(0);
        let none = BTreeMap::new();
        let keys: std::collections::BTreeSet<&Record> = self.evidence.keys().chain(stored.keys()).collect();
        for key in keys {
            let (logged, stands) = (self.evidence.get(key).unwrap_or(&none), stored.get(key).unwrap_or(&none));
            let (workflow, version, stage, probability, floor, outcome) = key;
            let name = format!(
                "version {version} at {stage}, {outcome}, π {}, floor {}",
                f64::from_bits(*probability),
                f64::from_bits(*floor)
            );
            note(found, workflow.clone(), name.clone(), logged.values().sum(), stands.values().sum());
            let days: std::collections::BTreeSet<&i64> = logged.keys().chain(stands.keys()).collect();
            for day in days.into_iter().filter(|day| **day > newest - DAYS) {
                let at = |of: &BTreeMap<i64, i64>| of.get(day).copied().unwrap_or(0);
                note(found, workflow.clone(), format!("{name}, staged on day {day}"), at(logged), at(stands));
            }
        }
        Ok(())
    }
}

fn note((checked, off): &mut (i64, Vec<Off>), workflow: String, count: String, logged: i64, stored: i64) {
    *checked += 1;
    if logged != stored {
        off.push(Off { workflow, count, logged, stored });
    }
}

type EvidenceRow = (String, i64, String, f64, f64, String, i64, i64);

async fn evidence(tx: &mut Tx) -> Result<Vec<EvidenceRow>, StoreError> {
    let rows: Vec<EvidenceRow> = all!(
        tx,
        "SELECT workflow_id, version, stage, probability, floor, outcome, hour, n FROM evidence
         ORDER BY workflow_id, version, stage, probability, floor, outcome, hour"
    )?;
    Ok(rows.into_iter().filter(|r| !is_shadow(&r.0)).collect())
}

async fn decided(tx: &mut Tx) -> Result<Vec<(String, i64, i64, String, String, i64)>, StoreError> {
    let rows: Vec<(String, i64, i64, String, String, i64)> = all!(
        tx,
        "SELECT workflow_id, day, version, stage, outcome, CAST(SUM(n) AS BIGINT) FROM decided_by_day
         GROUP BY workflow_id, day, version, stage, outcome ORDER BY workflow_id, day, version, stage, outcome"
    )?;
    Ok(rows.into_iter().filter(|r| !is_shadow(&r.0)).collect())
}

type SlotRow = (String, i64, i64, String, f64, String, i64);

async fn slots(tx: &mut Tx) -> Result<Vec<SlotRow>, StoreError> {
    let rows: Vec<SlotRow> = all!(
        tx,
        "SELECT workflow_id, slot, version, stage, probability, outcome, n FROM slot ORDER BY workflow_id, slot"
    )?;
    Ok(rows.into_iter().filter(|r| !is_shadow(&r.0)).collect())
}

/// All counts as they stand, by workflow: the evidence as changes from nothing, then decisions by day and by slot.
pub async fn standing(tx: &mut Tx) -> Result<Value, StoreError> {
    let mut all: BTreeMap<String, [Vec<Value>; 3]> = BTreeMap::new();
    for (workflow, version, stage, probability, floor, outcome, hour, n) in evidence(tx).await? {
        let [counted, ..] = all.entry(workflow).or_default();
        counted.push(json!([version, stage, probability, floor, hour, outcome, null, n]));
    }
    for (workflow, day, version, stage, outcome, n) in decided(tx).await? {
        let [_, days, _] = all.entry(workflow).or_default();
        days.push(json!([day, version, stage, outcome, n]));
    }
    for (workflow, slot, version, stage, probability, outcome, n) in slots(tx).await? {
        let [_, _, slots] = all.entry(workflow).or_default();
        slots.push(json!([slot, version, stage, probability, outcome, n]));
    }
    Ok(json!(all))
}

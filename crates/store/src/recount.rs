//! The counts, added up again from what the log says of each change of them.

use crate::late::{EvidenceKey, SlotKey};
use crate::{StoreError, Tx};
use countersign_domain::access::is_shadow;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What the counts should be, by the log.
#[derive(Default)]
pub struct Recount {
    evidence: BTreeMap<EvidenceKey, i64>,
    slots: BTreeMap<SlotKey, i64>,
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
    /// Adds a change of the evidence, as an entry of this workflow has it.
    pub fn counted(&mut self, workflow: &str, change: &[Value]) -> Option<()> {
        let [version, stage, probability, outcome, day, n] = change else { return None };
        let (stage, outcome) = (stage.as_str()?.to_owned(), outcome.as_str()?.to_owned());
        let key = (workflow.to_owned(), version.as_i64()?, stage, bits(probability)?, outcome, day.as_i64()?);
        *self.evidence.entry(key).or_default() += n.as_i64()?;
        Some(())
    }

    /// The same for the counts by five minutes.
    pub fn decided(&mut self, workflow: &str, change: &[Value]) -> Option<()> {
        let [slot, probability, outcome, n] = change else { return None };
        let key = (workflow.to_owned(), slot.as_i64()?, bits(probability)?, outcome.as_str()?.to_owned());
        *self.slots.entry(key).or_default() += n.as_i64()?;
        Some(())
    }

    /// Holds it against what is stored: how many counts there are, and those that are off.
    pub async fn compare(mut self, tx: &mut Tx) -> Result<(i64, Vec<Off>), StoreError> {
        let mut off = Vec::new();
        let mut checked = 0;
        for row in evidence(tx).await? {
            let (workflow, version, stage, probability, outcome, day, n) = row;
            let name = format!("version {version} at {stage}, {outcome}, π {probability}, day {day}");
            let key = (workflow.clone(), version, stage, same_bits(probability), outcome, day);
            let logged = self.evidence.remove(&key).unwrap_or(0);
            checked += 1;
            if logged != n {
                off.push(Off { workflow, count: name, logged, stored: n });
            }
        }
        for ((workflow, version, stage, probability, outcome, day), logged) in self.evidence {
            if logged != 0 {
                let probability = f64::from_bits(probability);
                let count = format!("version {version} at {stage}, {outcome}, π {probability}, day {day}");
                off.push(Off { workflow, count, logged, stored: 0 });
            }
        }
        let mut oldest: BTreeMap<String, i64> = BTreeMap::new();
        for (workflow, slot, probability, outcome, n) in slots(tx).await? {
            let least = oldest.entry(workflow.clone()).or_insert(slot);
            *least = slot.min(*least);
            let name = format!("{outcome} in the five minutes {slot}");
            let logged = self.slots.remove(&(workflow.clone(), slot, same_bits(probability), outcome)).unwrap_or(0);
            checked += 1;
            if logged != n {
                off.push(Off { workflow, count: name, logged, stored: n });
            }
        }
        // Slots before the budget's window are taken away in time.
        for ((workflow, slot, _, outcome), logged) in self.slots {
            if logged != 0 && oldest.get(&workflow).is_some_and(|oldest| slot >= *oldest) {
                let count = format!("{outcome} in the five minutes {slot}");
                off.push(Off { workflow, count, logged, stored: 0 });
            }
        }
        Ok((checked, off))
    }
}

type EvidenceRow = (String, i64, String, f64, String, i64, i64);

async fn evidence(tx: &mut Tx) -> Result<Vec<EvidenceRow>, StoreError> {
    let rows: Vec<EvidenceRow> = all!(
        tx,
        "SELECT workflow_id, version, stage, probability, outcome, day, n FROM evidence
         ORDER BY workflow_id, version, stage, probability, outcome, day"
    )?;
    Ok(rows.into_iter().filter(|r| !is_shadow(&r.0)).collect())
}

async fn slots(tx: &mut Tx) -> Result<Vec<(String, i64, f64, String, i64)>, StoreError> {
    let rows: Vec<(String, i64, f64, String, i64)> =
        all!(tx, "SELECT workflow_id, slot, probability, outcome, n FROM slot ORDER BY workflow_id, slot")?;
    Ok(rows.into_iter().filter(|r| !is_shadow(&r.0)).collect())
}

/// All counts as they stand, by workflow, in the form of changes from nothing.
pub async fn standing(tx: &mut Tx) -> Result<Value, StoreError> {
    let mut all: BTreeMap<String, [Vec<Value>; 2]> = BTreeMap::new();
    for (workflow, version, stage, probability, outcome, day, n) in evidence(tx).await? {
        let [counted, _] = all.entry(workflow).or_default();
        counted.push(json!([version, stage, probability, outcome, day, n]));
    }
    for (workflow, slot, probability, outcome, n) in slots(tx).await? {
        let [_, decided] = all.entry(workflow).or_default();
        decided.push(json!([slot, probability, outcome, n]));
    }
    Ok(json!(all))
}

//! Lists that were read, on record. A whole draft, case or source is on record before it is answered; a list of them is
//! noted in memory and written a moment later, many at once, so that looking at a queue never waits for the writer.

use crate::{Desk, DeskError, record};
use countersign_domain::access::Identity;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// As many different reads as are held; whoever makes one more writes them down first.
const MOST: usize = 1_000;
/// As many as one transaction writes.
const STRETCH: usize = 200;

/// Reads that are not written yet: who, what and how, and how often. The same read again within a moment is one entry.
#[derive(Default)]
pub(crate) struct Reads(Mutex<BTreeMap<Key, i64>>);

type Key = (String, Option<String>, &'static str, String);

impl Reads {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was searched for is told as its number of words: the words themselves may be a customer's name.
pub(crate) fn searched(q: Option<&str>) -> Option<usize> {
    q.map(|q| countersign_store::search::words(q).len()).filter(|n| *n > 0)
}

impl Desk {
    /// Notes that a list was read, with its filter; parts of the filter that are null are left out.
    pub(crate) async fn note_read(
        &self,
        who: &Identity,
        act: &'static str,
        mut filter: Value,
    ) -> Result<(), DeskError> {
        if let Some(filter) = filter.as_object_mut() {
            filter.retain(|_, value| !value.is_null());
        }
        let key = (who.subject.clone(), who.token.clone(), act, filter.to_string());
        let full = {
            let mut held = self.inner.reads.lock();
            *held.entry(key).or_default() += 1;
            held.len() >= MOST
        };
        if full {
            self.record_reads().await?;
        }
        Ok(())
    }

    /// Writes down what lists were read; answers how many entries that made.
    pub async fn record_reads(&self) -> Result<usize, DeskError> {
        let mut written = 0;
        loop {
            let part: Vec<(Key, i64)> = {
                let mut held = self.inner.reads.lock();
                std::iter::from_fn(|| held.pop_first()).take(STRETCH).collect()
            };
            if part.is_empty() {
                return Ok(written);
            }
            if let Err(e) = self.write_reads(&part).await {
                // They wait for the next time.
                let mut held = self.inner.reads.lock();
                for (key, n) in part {
                    *held.entry(key).or_default() += n;
                }
                return Err(e);
            }
            written += part.len();
        }
    }

    async fn write_reads(&self, part: &[(Key, i64)]) -> Result<(), DeskError> {
        let now = self.now();
        let mut tx = self.write().await?;
        for ((subject, token, act, filter), n) in part {
            let who = Identity { subject: subject.clone(), token: token.clone(), ..Identity::nobody() };
            let filter: Value = serde_json::from_str(filter).unwrap_or_default();
            let workflow =
                filter.get("workflow").and_then(Value::as_str).filter(|w| !w.contains(',')).map(str::to_owned);
            let detail = json!({ "filter": filter, "times": n });
            record(&mut tx, now, &who, act, workflow.as_deref(), None, detail);
        }
        Ok(tx.commit().await?)
    }
}

//! A log from before rows were sealed and counts were written into it: once, after the upgrade, the hub writes how
//! everything stands, and what comes later is held against that.

use crate::{DeskError, record};
use countersign_domain::access::Identity;
use countersign_domain::time::Millis;
use countersign_store::{Tx, meta, recount, seals};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Its act. A log has one at the most, before anything that it seals.
pub(crate) const ACT: &str = "audit.baseline";
/// Of these there are few enough to be sealed one by one.
const SEALED: [&str; 6] = ["drill", "eval", "revision", "token", "transition", "version"];

/// Writes the baseline where one is due, in the transaction that takes note of it: a hub that dies in between writes it
/// at its next start.
pub(crate) async fn write_if_due(tx: &mut Tx, now: Millis) -> Result<bool, DeskError> {
    if !meta::take(tx, "audit_baseline").await? {
        return Ok(false);
    }
    let mut rows = BTreeMap::new();
    for kind in seals::KINDS.into_iter().chain(seals::SPANS) {
        rows.insert(kind, seals::count(tx, kind).await?);
    }
    let mut sealed: Vec<Value> = Vec::new();
    for kind in SEALED {
        let keys = seals::keys(tx, kind).await?;
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        let hashes: BTreeMap<_, _> = seals::now(tx, kind, &keys).await?.into_iter().collect();
        sealed.extend(hashes.into_iter().map(|(key, hash)| json!([kind, key, hash])));
    }
    let detail = json!({ "rows": rows, "sealed": sealed, "stood": recount::standing(tx).await? });
    record(tx, now, &Identity::hub(), ACT, None, None, detail);
    Ok(true)
}

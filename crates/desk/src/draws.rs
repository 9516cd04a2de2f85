//! The review policy's draws, replayed: whoever holds the seeds can show that nobody picked what is read.

use crate::{Desk, DeskError};
use countersign_domain::pack::Pack;
use countersign_domain::review;
use countersign_store::draws::{self, Drawn};
use countersign_store::{Tx, audit, workflows};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// What replaying the draws came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Replayed {
    /// How many drafts were looked at.
    pub checked: i64,
    /// How many of them were not drawn as the seed says.
    pub wrong: i64,
    /// The first of those.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_wrong: Option<WrongDraw>,
}

/// A draft that wasn't drawn as the seed says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct WrongDraw {
    /// The draft.
    pub draft_id: String,
    /// Its workflow.
    pub workflow: String,
    /// What is wrong.
    pub why: String,
}

/// What the draws of one version hang on.
struct Drawing {
    seed: Vec<u8>,
    double_rate: f64,
    /// The seed is the one whose hash the log holds.
    on_record: bool,
}

const STRETCH: i64 = 2_000;

impl Desk {
    /// Replays every draw, a stretch at a time and each stretch by itself: nothing waits for it, however many
    /// drafts there are.
    pub(crate) async fn replay_draws(&self) -> Result<Replayed, DeskError> {
        let recorded = seed_hashes(&mut self.read().await?).await?;
        let mut drawings: HashMap<(String, i64), Option<Drawing>> = HashMap::new();
        let mut found = Replayed::default();
        let mut after = 0;
        loop {
            let mut tx = self.read().await?;
            let rows = draws::drawn(&mut tx, after, STRETCH).await?;
            let Some(last) = rows.last() else { return Ok(found) };
            after = last.seq;
            for row in rows {
                let key = (row.workflow_id.clone(), row.version);
                if !drawings.contains_key(&key) {
                    let drawing = drawing(&mut tx, &row, recorded.get(&key)).await?;
                    drawings.insert(key.clone(), drawing);
                }
                found.checked += 1;
                let Some(why) = wrong(&row, drawings.get(&key).and_then(Option::as_ref)) else { continue };
                found.wrong += 1;
                found.first_wrong.get_or_insert(WrongDraw {
                    draft_id: row.id,
                    workflow: row.workflow_id,
                    why: why.to_owned(),
                });
            }
        }
    }
}

/// The hash of every version's seed, as it went into the log when its pack was applied.
async fn seed_hashes(tx: &mut Tx) -> Result<HashMap<(String, i64), String>, DeskError> {
    let entries = audit::of_act(tx, "pack.applied").await?;
    let read = entries.into_iter().filter_map(|entry| {
        let detail: serde_json::Value = serde_json::from_str(&entry.detail).ok()?;
        Some(((entry.workflow?, detail["version"].as_i64()?), detail["seed_sha256"].as_str()?.to_owned()))
    });
    Ok(read.collect())
}

async fn drawing(tx: &mut Tx, row: &Drawn, recorded: Option<&String>) -> Result<Option<Drawing>, DeskError> {
    // As it is stored now, not as it was when this hub read it.
    let Some(version) = workflows::version(tx, &row.workflow_id, row.version).await? else { return Ok(None) };
    let revision = workflows::revision(tx, &row.workflow_id, row.version, version.revision).await?;
    let files = revision.and_then(|revision| serde_json::from_str(&revision.files).ok());
    let pack = files.and_then(|files| Pack::stored(&files).ok());
    let Some((seed, pack)) = hex::decode(&version.seed).ok().zip(pack) else { return Ok(None) };
    let on_record = recorded.is_some_and(|hash| *hash == hex::encode(Sha256::digest(&seed)));
    Ok(Some(Drawing { seed, double_rate: pack.review.double_rate, on_record }))
}

fn wrong(row: &Drawn, drawing: Option<&Drawing>) -> Option<&'static str> {
    let Some(drawing) = drawing else { return Some("the version that drew it can't be read") };
    if !drawing.on_record {
        return Some("its version's seed is not the one that the log holds the hash of");
    }
    let drawn = review::draw(&drawing.seed, &row.external_id, &row.revision, row.probability, drawing.double_rate);
    if i64::from(drawn.selected) != row.selected {
        return Some(if drawn.selected {
            "the seed selects it for review, and it is stored as not selected"
        } else {
            "the seed does not select it for review, and it is stored as selected"
        });
    }
    (i64::from(drawn.double) != row.double_read)
        .then_some("whether a second person reads it is not as the seed draws it")
}

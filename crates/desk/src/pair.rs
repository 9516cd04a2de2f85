//! Two verdicts on one draft: counted as a pair while both stand, compared, and kept as evidence under what they
//! came to.

use crate::{Desk, DeskError, decide, new_id, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::time::Millis;
use countersign_domain::verdict::{CATEGORIES, category, counted_key};
use countersign_store::drafts::DraftRow;
use countersign_store::settlements::{self, SettlementRow};
use countersign_store::verdicts::{self, VerdictRow};
use countersign_store::workflows::{self, Hold};
use countersign_store::{Tx, agreement, cases, evidence};
use serde::Serialize;
use serde_json::json;

/// How far two people agree on the same drafts. What can't be said yet is left open.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Agreement {
    /// Drafts on which two verdicts stand.
    pub pairs: i64,
    /// The share on which both said the same.
    pub raw: Option<f64>,
    /// Cohen's κ.
    pub kappa: Option<f64>,
    /// Krippendorff's α, nominal.
    pub alpha: Option<f64>,
    /// Gwet's AC1.
    pub ac1: Option<f64>,
    /// What the matrix counts, in its order.
    pub labels: Vec<&'static str>,
    /// Drafts by the first verdict (row) and the second (column).
    pub matrix: Vec<Vec<i64>>,
}

/// The agreement on one version of a workflow.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct VersionAgreement {
    /// The version.
    pub version: i64,
    /// The agreement on it.
    #[serde(flatten)]
    pub agreement: Agreement,
}

/// The agreement on a workflow.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WorkflowAgreement {
    /// Over all versions.
    #[serde(flatten)]
    pub all: Agreement,
    /// Version by version.
    pub versions: Vec<VersionAgreement>,
}

pub(crate) fn agreement_of<'a>(pairs: impl Iterator<Item = &'a agreement::Pair>) -> Agreement {
    let mut matrix = vec![vec![0_i64; CATEGORIES.len()]; CATEGORIES.len()];
    for pair in pairs {
        let at = category(&pair.first).zip(category(&pair.second));
        if let Some(cell) = at.and_then(|(row, column)| matrix.get_mut(row)?.get_mut(column)) {
            *cell += pair.n;
        }
    }
    let counts: Vec<Vec<u64>> =
        matrix.iter().map(|row| row.iter().map(|n| u64::try_from(*n).unwrap_or(0)).collect()).collect();
    let figures = countersign_domain::agreement::agreement(&counts);
    Agreement {
        pairs: matrix.iter().flatten().sum(),
        raw: figures.raw,
        kappa: figures.kappa,
        alpha: figures.alpha,
        ac1: figures.ac1,
        labels: CATEGORIES.to_vec(),
        matrix,
    }
}

impl Desk {
    /// How far two people agree on a workflow's drafts.
    pub async fn agreement(&self, who: &Identity, id: &str) -> Result<WorkflowAgreement, DeskError> {
        self.require(who, Act::ReadCases, Some(id), "read how far verdicts agree")?;
        let mut tx = self.read().await?;
        if workflows::get(&mut tx, id, Hold::Look).await?.is_none() {
            return Err(DeskError::not_found("workflow", id));
        }
        let pairs = agreement::of(&mut tx, id).await?;
        let versions = pairs
            .chunk_by(|a, b| a.version == b.version)
            .filter_map(|of| {
                Some(VersionAgreement { version: of.first()?.version, agreement: agreement_of(of.iter()) })
            })
            .collect();
        Ok(WorkflowAgreement { all: agreement_of(pairs.iter()), versions })
    }

    /// A verdict came in: if the other one stands, they make a pair, and a disagreement if they differ.
    pub(crate) async fn meet(&self, tx: &mut Tx, draft: &DraftRow, new: &VerdictRow) -> Result<(), DeskError> {
        let Some(other) = verdicts::standing(tx, draft.seq, 3 - new.round).await? else { return Ok(()) };
        let (first, second) = if new.round == 1 { (new, &other) } else { (&other, new) };
        let (said, again) = (first.key(), second.key());
        agreement::add(tx, &draft.workflow_id, draft.version, &said, &again, 1);
        if category(&said) != category(&again) {
            let row = SettlementRow {
                seq: 0,
                id: new_id(),
                draft_seq: draft.seq,
                workflow_id: draft.workflow_id.clone(),
                first_verdict: first.id.clone(),
                second_verdict: second.id.clone(),
                state: "open".to_owned(),
                opened_at: new.at,
                settled_at: None,
                settled_by: None,
                outcome: None,
                label: None,
            };
            settlements::open(tx, &row).await?;
            let detail = json!({ "disagreement": row.id, "first": first.id, "second": second.id });
            let (workflow, id) = (Some(draft.workflow_id.as_str()), Some(draft.id.as_str()));
            record(tx, Millis(new.at), &Identity::hub(), "disagreement.opened", workflow, id, detail);
        }
        self.count_anew(tx, draft, first).await
    }

    /// A verdict was withdrawn: the pair that it made is undone, and what was settled about it is void.
    pub(crate) async fn part(
        &self,
        tx: &mut Tx,
        draft: &DraftRow,
        gone: VerdictRow,
        now: Millis,
    ) -> Result<VerdictRow, DeskError> {
        let Some(other) = verdicts::standing(tx, draft.seq, 3 - gone.round).await? else { return Ok(gone) };
        let (first, second) = if gone.round == 1 { (&gone, &other) } else { (&other, &gone) };
        agreement::add(tx, &draft.workflow_id, draft.version, &first.key(), &second.key(), -1);
        if let Some(settlement) = settlements::of_draft(tx, draft.seq).await? {
            settlements::void(tx, &settlement.id).await?;
            if settlement.state == "settled" {
                unlabel(tx, first).await?;
            }
            let detail = json!({ "disagreement": settlement.id, "withdrawn": gone.id });
            let (workflow, id) = (Some(draft.workflow_id.as_str()), Some(draft.id.as_str()));
            record(tx, now, &Identity::hub(), "disagreement.voided", workflow, id, detail);
        }
        if gone.round == 2 {
            self.count_anew(tx, draft, first).await?;
        }
        Ok(gone)
    }

    /// Moves a first verdict's count to the key under which it counts as things stand.
    pub(crate) async fn count_anew(&self, tx: &mut Tx, draft: &DraftRow, first: &VerdictRow) -> Result<(), DeskError> {
        let key = first.key();
        let second = verdicts::standing(tx, draft.seq, 2).await?.map(|v| v.key());
        let settled = settlements::of_draft(tx, draft.seq).await?.and_then(|s| s.outcome);
        let now = counted_key(&key, first.unconfirmed == 1, second.as_deref(), settled.as_deref());
        let before = first.counted.clone().unwrap_or(key);
        if before != now {
            evidence::add(tx, decide::record_of(draft), &before, Millis(first.at), -1);
            evidence::add(tx, decide::record_of(draft), &now, Millis(first.at), 1);
            verdicts::set_counted(tx, &first.id, &now).await?;
        }
        Ok(())
    }
}

/// Gives a first case the label back that its reviewer gave it.
async fn unlabel(tx: &mut Tx, first: &VerdictRow) -> Result<(), DeskError> {
    let Some((_, text)) = cases::of_verdict(tx, &first.id).await? else { return Ok(()) };
    let mut label: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let Some(fields) = label.as_object_mut() else { return Ok(()) };
    let was = fields.remove("settled").and_then(|settled| settled.get("was").cloned());
    for (name, value) in was.as_ref().and_then(|w| w.as_object()).into_iter().flatten() {
        fields.insert(name.clone(), value.clone());
    }
    cases::relabel(tx, &first.id, &first.action, first.grade.as_deref(), &first.reasons, &label.to_string()).await?;
    Ok(())
}

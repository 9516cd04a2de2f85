//! Results of offline evals: posted by whoever ran a suite, read by the gate.

use crate::{ChangeKind, Desk, DeskError, new_id, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::time::Millis;
use countersign_store::evals::{self, EvalRow};
use countersign_store::page::{Page, cursor};
use countersign_store::workflows::{self, Hold};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

/// How a suite ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvalVerdict {
    /// Green.
    Pass,
    /// Red.
    Fail,
}

/// A run of a suite on a workflow version, as it is posted.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvalResult {
    /// The workflow.
    pub workflow: String,
    /// The version it ran on.
    pub version: i64,
    /// The suite, as the pack's `eval_suite` names it.
    pub suite: String,
    /// Hash of the dataset.
    pub dataset_hash: String,
    /// How it ended.
    pub verdict: EvalVerdict,
    /// Scores by name.
    #[serde(default)]
    pub scores: BTreeMap<String, f64>,
    /// Where its report is.
    #[serde(default)]
    pub report_url: Option<String>,
}

/// A run of a suite.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EvalResult {
    /// Its id.
    pub id: String,
    /// The workflow.
    pub workflow: String,
    /// The version it ran on.
    pub version: i64,
    /// The suite.
    pub suite: String,
    /// Hash of the dataset.
    pub dataset_hash: String,
    /// How it ended.
    pub verdict: EvalVerdict,
    /// Scores by name.
    pub scores: BTreeMap<String, f64>,
    /// Where its report is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report_url: Option<String>,
    /// By whom it was posted.
    pub posted_by: String,
    /// When.
    pub at: Millis,
}

fn view(e: EvalRow) -> EvalResult {
    EvalResult {
        id: e.id,
        workflow: e.workflow_id,
        version: e.version,
        suite: e.suite,
        dataset_hash: e.dataset_hash,
        verdict: if e.green == 1 { EvalVerdict::Pass } else { EvalVerdict::Fail },
        scores: serde_json::from_str(&e.scores).unwrap_or_default(),
        report_url: e.report_url,
        posted_by: e.posted_by,
        at: Millis(e.at),
    }
}

fn check(new: &NewEvalResult) -> Result<(), DeskError> {
    let short = |text: &str| !text.trim().is_empty() && text.len() <= 200 && !text.contains(char::is_control);
    for (field, text) in [("suite", &new.suite), ("dataset_hash", &new.dataset_hash)] {
        if !short(text) {
            return Err(DeskError::invalid(field, "expected 1 to 200 characters"));
        }
    }
    if new.scores.len() > 200 || new.scores.iter().any(|(name, score)| !short(name) || !score.is_finite()) {
        return Err(DeskError::invalid("scores", "expected at most 200 names, each with a number"));
    }
    let link = |url: &String| (url.starts_with("https://") || url.starts_with("http://")) && url.len() <= 2_000;
    if !new.report_url.as_ref().is_none_or(link) {
        return Err(DeskError::invalid("report_url", "expected an http or https address"));
    }
    Ok(())
}

impl Desk {
    /// Keeps a result. The latest one of the pack's suite on the current version counts at the gate.
    pub async fn post_eval(&self, who: &Identity, new: NewEvalResult) -> Result<EvalResult, DeskError> {
        self.require(who, Act::PostEvals, Some(&new.workflow), "post eval results")?;
        check(&new)?;
        let now = self.now();
        let mut tx = self.write().await?;
        if workflows::version(&mut tx, &new.workflow, new.version).await?.is_none() {
            let what = format!("{} {}", new.workflow, new.version);
            return Err(DeskError::not_found("workflow version", what));
        }
        let row = EvalRow {
            seq: 0,
            id: new_id(),
            workflow_id: new.workflow,
            version: new.version,
            suite: new.suite,
            dataset_hash: new.dataset_hash,
            green: i64::from(new.verdict == EvalVerdict::Pass),
            scores: json!(new.scores).to_string(),
            report_url: new.report_url,
            posted_by: who.subject.clone(),
            at: now.0,
        };
        evals::insert(&mut tx, &row).await?;
        let detail = json!({ "version": row.version, "suite": row.suite, "dataset_hash": row.dataset_hash, "green": row.green == 1 });
        record(&mut tx, now, who, "eval.posted", Some(&row.workflow_id), Some(&row.id), detail);
        tx.commit().await?;
        self.tell(ChangeKind::EvalPosted, &row.workflow_id, None).await;
        Ok(view(row))
    }

    /// A page of a workflow's results, newest first.
    pub async fn list_evals(
        &self,
        who: &Identity,
        workflow: &str,
        page: &Page,
    ) -> Result<(Vec<EvalResult>, Option<String>), DeskError> {
        self.require(who, Act::ReadGate, Some(workflow), "read eval results")?;
        let mut tx = self.read().await?;
        if workflows::get(&mut tx, workflow, Hold::Look).await?.is_none() {
            return Err(DeskError::not_found("workflow", workflow));
        }
        let rows = evals::list(&mut tx, workflow, page).await?;
        let next = (rows.len() as i64 == page.limit).then(|| rows.last().map(|r| cursor(&[r.seq]))).flatten();
        Ok((rows.into_iter().map(view).collect(), next))
    }
}

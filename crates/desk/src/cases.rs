//! Cases: listed, read, and on their way out.

use crate::{Desk, DeskError, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::time::Millis;
use countersign_store::cases::{self, CaseRow, Filter};
use countersign_store::page::{Page, cursor};
use countersign_store::search;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A case in a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct CaseSummary {
    /// Its id.
    pub id: String,
    /// The draft.
    pub draft_id: String,
    /// The workflow.
    pub workflow: String,
    /// The ticket.
    pub external_id: String,
    /// What the customer wanted, in a line.
    pub subject: String,
    /// What was decided.
    pub action: String,
    /// An edit's grade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// Reason codes.
    pub reasons: Vec<String>,
    /// When.
    pub decided_at: Millis,
    /// From the label.
    #[serde(flatten)]
    pub label: LabelFacts,
}

/// What of a label a list shows.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LabelFacts {
    /// The workflow's version at staging.
    pub version: i64,
    /// 1, or 2 for a blind second review.
    pub round: i64,
    /// A name for the reviewer that stays the same and says nothing.
    pub reviewer: String,
    /// Time spent, in seconds.
    pub seconds: f64,
    /// Share of the words changed by an edit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edit_ratio: Option<f64>,
}

/// Which cases are asked for.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct CaseQuery {
    /// Workflows, separated by commas.
    pub workflow: Option<String>,
    /// `approve`, `edit` or `escalate`.
    pub action: Option<String>,
    /// An edit's grade.
    pub grade: Option<String>,
    /// A reason code.
    pub reason: Option<String>,
    /// Words that its draft holds.
    pub q: Option<String>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// Rows a page, at most 200.
    pub limit: Option<i64>,
}

/// One case as it leaves: the label with its provenance, and the draft's body, both JSON as stored.
#[derive(Clone, Debug)]
pub struct StoredCase {
    /// Order of arrival.
    pub seq: i64,
    /// The label.
    pub record: String,
    /// The body.
    pub body: String,
}

/// A page of cases.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Cases {
    cases: Vec<CaseSummary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// Drafts are still being indexed, after an upgrade or a large import: a search may find more cases soon.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    indexing: bool,
}

fn summary(c: &CaseRow) -> CaseSummary {
    CaseSummary {
        id: c.id.clone(),
        draft_id: c.draft_id.clone(),
        workflow: c.workflow_id.clone(),
        external_id: c.external_id.clone(),
        subject: c.subject.clone(),
        action: c.action.clone(),
        grade: c.grade.clone(),
        reasons: serde_json::from_str(&c.reasons).unwrap_or_default(),
        decided_at: Millis(c.at),
        label: serde_json::from_str(&c.record).unwrap_or_default(),
    }
}

impl Desk {
    /// A page of cases, newest first.
    pub async fn list_cases(&self, who: &Identity, query: &CaseQuery) -> Result<Cases, DeskError> {
        let page = Page::of(query.cursor.as_deref(), query.limit)
            .ok_or_else(|| DeskError::invalid("cursor", "not a cursor of this list"))?;
        let words = query.q.as_deref().map(search::words).unwrap_or_default();
        let indexing = !words.is_empty() && !self.catch_up_words().await?;
        let mut tx = self.browse().await?;
        let chosen = self.chosen(&mut tx, who, Act::ReadCases, query.workflow.as_deref()).await?;
        let filter = Filter {
            workflows: chosen.into_iter().map(|w| w.id).collect(),
            action: query.action.clone(),
            grade: query.grade.clone(),
            reason: query.reason.clone(),
            words,
        };
        let rows = cases::list(&mut tx, &filter, &page).await?;
        let next_cursor = (rows.len() as i64 == page.limit).then(|| rows.last().map(|r| cursor(&[r.seq]))).flatten();
        drop(tx);
        let filter = json!({
            "workflow": query.workflow, "action": query.action, "grade": query.grade, "reason": query.reason,
            "words": crate::reads::searched(query.q.as_deref()),
        });
        self.note_read(who, "cases.listed", filter).await?;
        Ok(Cases { cases: rows.iter().map(summary).collect(), next_cursor, indexing })
    }

    /// One case; reading it is on record.
    pub async fn show_case(&self, who: &Identity, id: &str) -> Result<StoredCase, DeskError> {
        let mut tx = self.write().await?;
        let (row, body) = cases::get(&mut tx, id).await?.ok_or_else(|| DeskError::not_found("case", id))?;
        self.require(who, Act::ReadCases, Some(&row.workflow_id), "read cases")?;
        if row.erased_at.is_some() {
            return Err(DeskError::Erased("case"));
        }
        record(&mut tx, self.now(), who, "case.read", Some(&row.workflow_id), Some(id), json!({}));
        tx.commit().await?;
        Ok(StoredCase { seq: row.seq, record: row.record, body })
    }

    /// Begins an export; it is on record.
    pub async fn begin_export(
        &self,
        who: &Identity,
        workflow: &str,
        format: &str,
        limit: Option<usize>,
    ) -> Result<(), DeskError> {
        self.require(who, Act::ReadCases, Some(workflow), "export cases")?;
        let mut tx = self.write().await?;
        if countersign_store::workflows::get(&mut tx, workflow, countersign_store::workflows::Hold::Look)
            .await?
            .is_none()
        {
            return Err(DeskError::not_found("workflow", workflow));
        }
        let mut detail = json!({ "format": format });
        if let Some(limit) = limit {
            detail["limit"] = json!(limit);
        }
        record(&mut tx, self.now(), who, "cases.exported", Some(workflow), None, detail);
        tx.commit().await?;
        Ok(())
    }

    /// The next stretch of an export that was begun.
    pub async fn export_after(&self, workflow: &str, after: i64) -> Result<Vec<StoredCase>, DeskError> {
        const STRETCH: i64 = 200;
        let rows = cases::export(&mut self.browse().await?, workflow, after, STRETCH).await?;
        Ok(rows.into_iter().map(|(seq, record, body)| StoredCase { seq, record, body }).collect())
    }
}

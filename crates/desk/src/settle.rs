//! Disagreements: shown with both cases, and settled by a curator, whose decision becomes the label.

use crate::{ChangeKind, Desk, DeskError, Version, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::diff::Edit;
use countersign_domain::draft::DraftBody;
use countersign_domain::time::Millis;
use countersign_domain::verdict::{Action, Grade, Verdict, gravest_first, outcome_key};
use countersign_store::drafts::{self, DraftRow};
use countersign_store::page::{Page, cursor};
use countersign_store::settlements::{self, SettlementRow};
use countersign_store::verdicts::{self, VerdictRow};
use countersign_store::workflows::{self, Hold};
use countersign_store::{StoreError, Tx, cases};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const MAX_NOTE: usize = 4_000;

/// What two people made of the same draft.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DisagreementView {
    /// Its id.
    pub id: String,
    /// The workflow.
    pub workflow: String,
    /// The draft.
    pub draft_id: String,
    /// The ticket.
    pub external_id: String,
    /// What the customer wants, in a line.
    pub subject: String,
    /// `open` or `settled`.
    pub state: String,
    /// Since when.
    pub opened_at: Millis,
    /// The first verdict.
    pub first: Opinion,
    /// The blind second one.
    pub second: Opinion,
    /// What a curator made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<SettledLabel>)]
    pub settled: Option<Value>,
}

/// One of two verdicts, with its case.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Opinion {
    /// The case it made.
    pub case_id: Option<String>,
    /// `approve`, `edit` or `escalate`.
    pub action: String,
    /// An edit's grade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// An escalation's codes.
    pub reasons: Vec<String>,
    /// An edit's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_text: Option<String>,
    /// For whoever reads it next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// A name for the reviewer that stays the same and says nothing.
    pub reviewer: String,
    /// When.
    pub decided_at: Millis,
}

/// A curator's label. It is kept with the first case.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SettledLabel {
    /// `approve`, `edit` or `escalate`.
    pub action: String,
    /// An edit's grade.
    pub grade: Option<String>,
    /// An escalation's codes.
    pub reasons: Vec<String>,
    /// An edit's text.
    pub final_text: Option<String>,
    /// Why.
    pub note: String,
    /// A name for the curator that stays the same and says nothing.
    pub by: String,
    /// When.
    pub at: Millis,
    /// The first verdict and the second.
    pub verdicts: Vec<String>,
}

/// A label that is neither reviewer's.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnLabel {
    /// The decision.
    action: Action,
    /// For an edit: how far it reached; the suggested grade if it is left out.
    #[serde(default)]
    grade: Option<Grade>,
    /// For an escalation: reason codes of the pack.
    #[serde(default)]
    reasons: Vec<String>,
    /// For an edit: the whole text that should have been sent.
    #[serde(default)]
    final_text: Option<String>,
}

/// Which label it is.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Pick {
    /// One of the two.
    Of(Side),
    /// Another one.
    Own(OwnLabel),
}

/// One of the two verdicts.
#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The first.
    First,
    /// The blind second.
    Second,
}

/// A curator's decision.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Settling {
    /// `first`, `second`, or a label of its own.
    pick: Pick,
    /// Why, 1 to 4000 characters.
    note: String,
}

/// Which disagreements are asked for.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DisagreementQuery {
    /// Workflows, separated by commas.
    pub workflow: Option<String>,
    /// `open` (the default) or `settled`.
    pub state: Option<String>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// Rows a page, at most 200.
    pub limit: Option<i64>,
}

struct Label {
    action: String,
    grade: Option<String>,
    suggested_grade: Option<String>,
    edit_ratio: Option<f64>,
    reasons: Vec<String>,
    final_text: Option<String>,
    key: String,
}

impl Desk {
    /// A page of disagreements, newest first.
    pub async fn list_disagreements(
        &self,
        who: &Identity,
        query: &DisagreementQuery,
    ) -> Result<(Vec<DisagreementView>, Option<String>), DeskError> {
        let page = Page::of(query.cursor.as_deref(), query.limit)
            .ok_or_else(|| DeskError::invalid("cursor", "not a cursor of this list"))?;
        let state = query.state.as_deref().unwrap_or("open");
        if !["open", "settled"].contains(&state) {
            return Err(DeskError::invalid("state", format!("expected open or settled, found {state:?}")));
        }
        let mut tx = self.browse().await?;
        let mut rows = Vec::new();
        for workflow in self.chosen(&mut tx, who, Act::ReadCases, query.workflow.as_deref()).await? {
            rows.extend(settlements::list(&mut tx, &workflow.id, state, &page).await?);
        }
        rows.sort_by_key(|r| -r.seq);
        rows.truncate(page.limit as usize);
        let next = (rows.len() as i64 == page.limit).then(|| rows.last().map(|r| cursor(&[r.seq]))).flatten();
        let mut out = Vec::with_capacity(rows.len());
        for row in rows {
            out.extend(self.disagreement(&mut tx, row).await?);
        }
        drop(tx);
        self.note_read(who, "disagreements.listed", json!({ "workflow": query.workflow, "state": state })).await?;
        Ok((out, next))
    }

    /// One disagreement that stands, open or settled.
    pub async fn get_disagreement(&self, who: &Identity, id: &str) -> Result<DisagreementView, DeskError> {
        let mut tx = self.write().await?;
        let missing = || DeskError::not_found("disagreement", id);
        let row = settlements::get(&mut tx, id).await?.ok_or_else(missing)?;
        let workflow = row.workflow_id.clone();
        self.require(who, Act::ReadCases, Some(&workflow), "read disagreements")?;
        let view = self.disagreement(&mut tx, row).await?.ok_or_else(missing)?;
        record(&mut tx, self.now(), who, "disagreement.read", Some(&workflow), Some(id), json!({}));
        tx.commit().await?;
        Ok(view)
    }

    /// Settles a disagreement: the decision is the label of its draft, and counts as such.
    pub async fn settle_disagreement(
        &self,
        who: &Identity,
        id: &str,
        settling: &Settling,
    ) -> Result<DisagreementView, DeskError> {
        let note = settling.note.trim();
        if note.is_empty() || note.chars().count() > MAX_NOTE || note.contains('\0') {
            return Err(DeskError::invalid("note", "expected 1 to 4000 characters on why"));
        }
        let now = self.now();
        let missing = || DeskError::not_found("disagreement", id);
        let seen = settlements::get(&mut self.read().await?, id).await?.ok_or_else(missing)?;
        self.require(who, Act::Settle, Some(&seen.workflow_id), "settle disagreements")?;
        // The diff of a long text takes a while, so it is made before the transaction.
        let edit = match &settling.pick {
            Pick::Own(OwnLabel { final_text: Some(text), .. }) => {
                Verdict::check_length(text)?;
                let draft = drafts::look(&mut self.read().await?, seen.draft_seq).await?.ok_or_else(missing)?;
                Some(self.compare(draft.body()?, text).await?)
            }
            _ => None,
        };
        let mut tx = self.write().await?;
        workflows::get(&mut tx, &seen.workflow_id, Hold::Share).await?.ok_or_else(missing)?;
        let draft = drafts::by_seq(&mut tx, seen.draft_seq).await?.ok_or_else(missing)?;
        // Again under the draft's lock: a withdrawal may have come between.
        let row = settlements::get(&mut tx, id).await?.ok_or_else(missing)?;
        if row.state == "settled" {
            return Err(DeskError::Settled(id.to_owned()));
        }
        let first = verdicts::get(&mut tx, &row.first_verdict).await?.ok_or_else(missing)?;
        let second = verdicts::get(&mut tx, &row.second_verdict).await?.ok_or_else(missing)?;
        if [&first.reviewer, &second.reviewer].contains(&&who.subject) {
            return Err(DeskError::forbidden(&who.subject, "settle a disagreement about a verdict of their own"));
        }
        let version = self.version(&mut tx, &draft.workflow_id, draft.version).await?;
        let label = label_of(&settling.pick, &first, &second, &version, &draft, edit)?;
        let settled = json!({
            "action": label.action, "grade": label.grade, "reasons": label.reasons, "final_text": label.final_text,
            "note": note, "by": self.pseudonym(&who.subject), "at": now, "verdicts": [first.id, second.id],
        });
        settlements::settle(&mut tx, id, now, &who.subject, &label.key, &settled.to_string()).await?;
        relabel(&mut tx, &first, &label, settled).await?;
        self.count_anew(&mut tx, &draft, &first).await?;
        let detail = json!({ "disagreement": id, "outcome": label.key, "first": first.id, "second": second.id });
        let (workflow, of) = (Some(draft.workflow_id.as_str()), Some(draft.id.as_str()));
        record(&mut tx, now, who, "disagreement.settled", workflow, of, detail);
        let row = settlements::get(&mut tx, id).await?.ok_or_else(missing)?;
        let view = self.disagreement(&mut tx, row).await?.ok_or_else(missing)?;
        tx.commit().await?;
        self.tell(ChangeKind::VerdictRecorded, &draft.workflow_id, Some(&draft.id)).await;
        Ok(view)
    }

    async fn disagreement(&self, tx: &mut Tx, row: SettlementRow) -> Result<Option<DisagreementView>, DeskError> {
        let Some(draft) = drafts::look(tx, row.draft_seq).await? else { return Ok(None) };
        let first = verdicts::get(tx, &row.first_verdict).await?;
        let second = verdicts::get(tx, &row.second_verdict).await?;
        let Some((first, second)) = first.zip(second) else { return Ok(None) };
        Ok(Some(DisagreementView {
            id: row.id,
            workflow: row.workflow_id,
            draft_id: draft.id,
            external_id: draft.external_id,
            subject: draft.subject,
            state: row.state,
            opened_at: Millis(row.opened_at),
            first: self.opinion(tx, first).await?,
            second: self.opinion(tx, second).await?,
            settled: row.label.as_deref().and_then(|text| serde_json::from_str(text).ok()),
        }))
    }

    async fn opinion(&self, tx: &mut Tx, v: VerdictRow) -> Result<Opinion, DeskError> {
        Ok(Opinion {
            case_id: cases::id_of_verdict(tx, &v.id).await?,
            reasons: serde_json::from_str(&v.reasons).unwrap_or_default(),
            reviewer: self.pseudonym(&v.reviewer),
            action: v.action,
            grade: v.grade,
            final_text: v.final_text,
            comment: v.comment,
            decided_at: Millis(v.at),
        })
    }
}

fn label_of(
    pick: &Pick,
    first: &VerdictRow,
    second: &VerdictRow,
    version: &Version,
    draft: &DraftRow,
    edit: Option<Edit>,
) -> Result<Label, DeskError> {
    let own = match pick {
        Pick::Of(side) => {
            let v = if matches!(side, Side::First) { first } else { second };
            return Ok(Label {
                action: v.action.clone(),
                grade: v.grade.clone(),
                suggested_grade: v.suggested_grade.clone(),
                edit_ratio: v.edit_ratio,
                reasons: serde_json::from_str(&v.reasons).unwrap_or_default(),
                final_text: v.final_text.clone(),
                key: v.key(),
            });
        }
        Pick::Own(own) => own,
    };
    let body: DraftBody = serde_json::from_str(&draft.body)
        .map_err(|_| StoreError::Unreadable { what: "a draft's body", value: draft.id.clone() })?;
    // By the rules of a verdict.
    let as_verdict = Verdict {
        verdict_id: "settled".to_owned(),
        lease_id: String::new(),
        fence: 0,
        content_hash: String::new(),
        action: own.action,
        final_text: own.final_text.clone(),
        grade: own.grade,
        reasons: own.reasons.clone(),
        comment: None,
        seconds: 0.0,
    };
    as_verdict.check(&version.pack, &body.draft.text)?;
    let grade = edit.as_ref().map(|e| own.grade.unwrap_or(e.suggested_grade));
    let reasons = gravest_first(&version.pack, &own.reasons);
    Ok(Label {
        action: own.action.as_str().to_owned(),
        grade: grade.map(|g| g.as_str().to_owned()),
        suggested_grade: edit.as_ref().map(|e| e.suggested_grade.as_str().to_owned()),
        edit_ratio: edit.as_ref().map(|e| e.edit_ratio),
        reasons: reasons.clone(),
        final_text: own.final_text.clone(),
        key: outcome_key(own.action, grade, &reasons),
    })
}

/// Puts the settled label on the first case; what its reviewer said stays beside it.
async fn relabel(tx: &mut Tx, first: &VerdictRow, label: &Label, mut settled: Value) -> Result<(), DeskError> {
    let Some((id, text)) = cases::of_verdict(tx, &first.id).await? else { return Ok(()) };
    let mut case: Value =
        serde_json::from_str(&text).map_err(|_| StoreError::Unreadable { what: "a case", value: id })?;
    let names = ["action", "grade", "suggested_grade", "edit_ratio", "reasons", "final_text"];
    settled["was"] =
        names.iter().map(|name| ((*name).to_owned(), case[*name].clone())).collect::<serde_json::Map<_, _>>().into();
    let values = [
        json!(label.action),
        json!(label.grade),
        json!(label.suggested_grade),
        json!(label.edit_ratio),
        json!(label.reasons),
        json!(label.final_text),
    ];
    for (name, value) in names.into_iter().zip(values) {
        case[name] = value;
    }
    case["settled"] = settled;
    let reasons = json!(label.reasons).to_string();
    cases::relabel(tx, &first.id, &label.action, label.grade.as_deref(), &reasons, &case.to_string()).await?;
    Ok(())
}

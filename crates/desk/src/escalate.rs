//! Escalations: who they went to, who took them, how they were settled.

use crate::view::sees_verdicts;
use crate::{ChangeKind, Desk, DeskError, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::draft::{asked_at, waiting_since};
use countersign_domain::time::Millis;
use countersign_store::escalations::{self, Blind, EscalationRow, Filter};
use countersign_store::page::{Page, cursor};
use countersign_store::{Tx, drafts};
use serde::Serialize;
use serde_json::json;

/// An escalation.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EscalationView {
    /// Its id.
    pub id: String,
    /// The draft.
    pub draft_id: String,
    /// The workflow.
    pub workflow: String,
    /// The ticket.
    pub external_id: String,
    /// What the customer wants, in a line.
    pub subject: String,
    /// The customer.
    pub customer: Option<String>,
    /// Reason codes of the pack.
    pub reasons: Vec<String>,
    /// The reviewer's comment.
    pub comment: Option<String>,
    /// To whom it went.
    pub to: String,
    /// Who took it.
    pub owner: Option<String>,
    /// `open` or `settled`.
    pub state: String,
    /// When.
    pub opened_at: Millis,
    /// Since when the customer waits: the time of their last message, or of the escalation where that has none.
    pub waiting_since: Millis,
    /// When it was settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Millis>,
    /// How it was settled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Escalations as they are shown, each with how long its customer waits.
async fn views(tx: &mut Tx, rows: Vec<EscalationRow>) -> Result<Vec<EscalationView>, DeskError> {
    let ids: Vec<&str> = rows.iter().map(|e| e.draft_id.as_str()).collect();
    let bodies = drafts::bodies(tx, &ids).await?;
    let asked = |e: &EscalationRow| bodies.get(&e.draft_id).and_then(|body| asked_at(body));
    Ok(rows.into_iter().map(|e| (asked(&e), e)).map(|(asked, e)| view(e, asked)).collect())
}

fn view(e: EscalationRow, asked: Option<Millis>) -> EscalationView {
    EscalationView {
        id: e.id,
        draft_id: e.draft_id,
        workflow: e.workflow_id,
        external_id: e.external_id,
        subject: e.subject,
        customer: e.customer,
        reasons: serde_json::from_str(&e.reasons).unwrap_or_default(),
        comment: e.comment,
        to: e.route,
        owner: e.owner,
        state: e.state,
        opened_at: Millis(e.opened_at),
        waiting_since: waiting_since(asked, Millis(e.opened_at)),
        settled_at: e.settled_at.map(Millis),
        note: e.note,
    }
}

impl Desk {
    /// A page of escalations, newest first; with `mine` those that went to my routes and nobody else took, and
    /// those that I took.
    pub async fn list_escalations(
        &self,
        who: &Identity,
        workflow: Option<&str>,
        state: Option<&str>,
        mine: bool,
        page: &Page,
    ) -> Result<(Vec<EscalationView>, Option<String>), DeskError> {
        if let Some(other) = state.filter(|s| !["open", "settled"].contains(s)) {
            return Err(DeskError::invalid("state", format!("expected open or settled, found {other:?}")));
        }
        let mut tx = self.browse().await?;
        let chosen = self.chosen(&mut tx, who, Act::ReadDrafts, workflow).await?;
        let routes = (!who.owner).then(|| who.routes.clone());
        // To those it went to it is work; to others it would be the verdict that they must not see.
        let blind = Blind {
            workflows: chosen.iter().map(|w| w.id.clone()).filter(|id| !sees_verdicts(who, id)).collect(),
            viewer: who.subject.clone(),
            routes: who.routes.clone(),
        };
        let filter = Filter {
            blind: Some(blind),
            workflows: chosen.into_iter().map(|w| w.id).collect(),
            state: state.map(str::to_owned),
            mine: mine.then(|| (who.subject.clone(), routes)),
        };
        let rows = escalations::list(&mut tx, &filter, page).await?;
        let next = (rows.len() as i64 == page.limit).then(|| rows.last().map(|r| cursor(&[r.seq]))).flatten();
        let shown = views(&mut tx, rows).await?;
        drop(tx);
        let filter = json!({ "workflow": workflow, "state": state, "mine": mine.then_some(true) });
        self.note_read(who, "escalations.listed", filter).await?;
        Ok((shown, next))
    }

    /// Takes an escalation on.
    pub async fn take_escalation(&self, who: &Identity, id: &str) -> Result<EscalationView, DeskError> {
        self.act_on_escalation(who, id, None).await
    }

    /// Settles an escalation with a note on how.
    pub async fn settle_escalation(&self, who: &Identity, id: &str, note: &str) -> Result<EscalationView, DeskError> {
        if note.trim().is_empty() || note.chars().count() > 4_000 || note.contains('\0') {
            return Err(DeskError::invalid("note", "expected 1 to 4000 characters on how it was settled"));
        }
        self.act_on_escalation(who, id, Some(note)).await
    }

    async fn act_on_escalation(
        &self,
        who: &Identity,
        id: &str,
        note: Option<&str>,
    ) -> Result<EscalationView, DeskError> {
        let now = self.now();
        let mut tx = self.write().await?;
        let e = escalations::get(&mut tx, id).await?.ok_or_else(|| DeskError::not_found("escalation", id))?;
        self.require(who, Act::Escalations, Some(&e.workflow_id), "handle escalations")?;
        let answers = who.answers(&e.route) || who.scope(Act::Resume).includes(&e.workflow_id);
        if !answers {
            return Err(DeskError::forbidden(&who.subject, format!("handle what went to {}", e.route)));
        }
        if e.state != "open" {
            return Err(DeskError::invalid("state", format!("this escalation is {}", e.state)));
        }
        if let Some(owner) = e.owner.as_ref().filter(|o| **o != who.subject && note.is_none()) {
            return Err(DeskError::invalid("owner", format!("{owner} has taken it already")));
        }
        let act = match note {
            None => {
                escalations::take(&mut tx, id, &who.subject).await?;
                "escalation.taken"
            }
            Some(note) => {
                // Nothing comes back of a draft whose texts were erased.
                let note = if e.erased_at.is_some() { "" } else { note };
                escalations::settle(&mut tx, id, &who.subject, note, now).await?;
                "escalation.settled"
            }
        };
        record(&mut tx, now, who, act, Some(&e.workflow_id), Some(&e.draft_id), json!({ "escalation": id }));
        let after = escalations::get(&mut tx, id).await?.unwrap_or(e);
        let asked = drafts::bodies(&mut tx, &[after.draft_id.as_str()]).await?;
        tx.commit().await?;
        self.tell(ChangeKind::EscalationUpdated, &after.workflow_id, Some(&after.draft_id)).await;
        let asked = asked.get(&after.draft_id).and_then(|body| asked_at(body));
        Ok(view(after, asked))
    }
}

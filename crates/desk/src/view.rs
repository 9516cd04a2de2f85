//! A draft as a person sees it, and nothing of it that would spoil a blind second review.

use crate::stage::MAX_CHECKS;
use crate::{Desk, DeskError, probe};
use countersign_domain::access::{Act, Identity};
use countersign_domain::citation::{Checks, readable};
use countersign_domain::draft::{DraftBody, asked_at, waiting_since};
use countersign_domain::mark::Marks;
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_domain::values::is_english;
use countersign_store::drafts::DraftRow;
use countersign_store::leases::{self, LeaseRow};
use countersign_store::verdicts::VerdictRow;
use countersign_store::{Tx, deliveries, escalations, second_reviews, sources, verdicts, workflows};
use serde::Serialize;

use crate::list::{DraftSummary, EscalationMark};

/// A draft, whole.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DraftView {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: DraftSummary,
    /// The stage it was staged at.
    pub stage: String,
    /// Over exactly what the reviewer sees; a verdict must carry it.
    pub content_hash: String,
    /// The probability with which it was selected for review.
    pub probability: f64,
    /// The thread, the reply and all that came with it.
    #[serde(flatten)]
    pub body: DraftBody,
    /// How long the model took, if the sender said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<u64>,
    /// What the hub found.
    pub checks: Checks,
    /// The stored text of the sources that it cites or names, as far as its readers may see them.
    pub stored_sources: Vec<StoredSource>,
    /// What was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OutcomeView>,
    /// Where its reply is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryState>,
    /// It was to go out without a review, and a kill or a demotion brought it back; its delivery had been tried by
    /// then, so the customer may have this reply.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_have_reached_customer: bool,
    /// Your own verdicts on it that came too late.
    pub kept: Vec<KeptView>,
    /// You hold it for a blind second review.
    pub second_review: bool,
    /// It isn't in English: of what it claims only figures, dates and codes were read, no statements of policy or acts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub figures_only: bool,
}

/// A source's stored text.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct StoredSource {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// It has changed since the draft was checked against it, which an open draft is anew: what was found is no longer
    /// said to stand anywhere in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub changed: bool,
}

/// A standing verdict.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct OutcomeView {
    /// Its id.
    pub verdict_id: String,
    /// `approve`, `edit` or `escalate`.
    pub action: String,
    /// An edit's grade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// An edit's text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_text: Option<String>,
    /// An escalation's codes.
    pub reasons: Vec<String>,
    /// The comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Who.
    pub by: String,
    /// When.
    pub at: Millis,
    /// Until when it can be withdrawn.
    pub undo_until: Millis,
    /// Time spent.
    pub seconds: f64,
    /// Share of the words changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit_ratio: Option<f64>,
}

/// Where a draft's reply is.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DeliveryState {
    /// Its id, the `webhook-id`.
    pub id: String,
    /// `pending`, `held`, `delivered` or `undeliverable`.
    pub state: String,
    /// Tries so far.
    pub attempts: i64,
    /// The next try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Millis>,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// When it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Millis>,
}

/// A refused verdict with what was typed.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct KeptView {
    /// Its id.
    pub verdict_id: String,
    /// Why it was refused.
    pub code: String,
    /// What it would have been.
    pub action: String,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub final_text: Option<String>,
    /// The comment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// When.
    pub at: Millis,
}

pub(crate) fn outcome_view(v: VerdictRow) -> OutcomeView {
    OutcomeView {
        verdict_id: v.id,
        action: v.action,
        grade: v.grade,
        final_text: v.final_text,
        reasons: serde_json::from_str(&v.reasons).unwrap_or_default(),
        comment: v.comment,
        by: v.reviewer,
        at: Millis(v.at),
        undo_until: Millis(v.undo_until),
        seconds: v.seconds,
        edit_ratio: v.edit_ratio,
    }
}

/// Those who answer for a workflow see every verdict, and so are never asked for a blind one.
pub(crate) fn sees_verdicts(who: &Identity, workflow: &str) -> bool {
    who.scope(Act::ReadCases).includes(workflow)
}

impl Desk {
    /// A draft; reading it is on record.
    pub async fn show_draft(&self, who: &Identity, id: &str) -> Result<DraftView, DeskError> {
        for _ in 0..MAX_CHECKS {
            let mut tx = self.write().await?;
            let draft = countersign_store::drafts::get(&mut tx, id, false).await?;
            let draft = draft.ok_or_else(|| DeskError::not_found("draft", id))?;
            self.require(who, Act::ReadDrafts, Some(&draft.workflow_id), "read drafts")?;
            probe::for_them(who, &draft)?;
            if self.is_stale(&mut tx, &draft).await? {
                drop(tx);
                self.check_again(id).await?;
                continue;
            }
            let view = self.view(&mut tx, who, &draft).await?;
            let detail = serde_json::json!({});
            crate::record(&mut tx, self.now(), who, "draft.read", Some(&draft.workflow_id), Some(id), detail);
            tx.commit().await?;
            return Ok(view);
        }
        Err(DeskError::SourcesChanging)
    }

    /// The draft as this person may see it now.
    pub(crate) async fn view(&self, tx: &mut Tx, who: &Identity, draft: &DraftRow) -> Result<DraftView, DeskError> {
        let workflow = workflows::get(tx, &draft.workflow_id, workflows::Hold::Look).await?;
        let killed = workflow.is_some_and(|w| w.killed_at.is_some());
        let held = leases::of_draft(tx, draft.seq).await?;
        self.view_under(tx, who, draft, killed, &held).await
    }

    /// The same under leases, and a state of its workflow, that are known already.
    pub(crate) async fn view_under(
        &self,
        tx: &mut Tx,
        who: &Identity,
        draft: &DraftRow,
        killed: bool,
        held: &[LeaseRow],
    ) -> Result<DraftView, DeskError> {
        let unreadable = |what| countersign_store::StoreError::Unreadable { what, value: draft.id.clone() };
        let body = draft.body()?;
        let mut checks: Checks = serde_json::from_str(&draft.checks).map_err(|_| unreadable("a draft's checks"))?;
        let version = self.version(tx, &draft.workflow_id, draft.version).await?;
        let second_review = held.iter().any(|l| l.round == 2 && l.reviewer == who.subject);
        let decided = !draft.state()?.is_open();
        let blind = second_review || self.is_blind(tx, who, &draft.workflow_id, draft.seq, draft.state()?).await?;
        let shown = decided && !blind;

        let first = held.iter().find(|l| l.round == if second_review { 2 } else { 1 });
        let held_by = first
            .filter(|_| !blind || second_review)
            .map(|l| if l.reviewer == who.subject { "you".to_owned() } else { l.reviewer.clone() });
        let state = match draft.state()? {
            _ if second_review => State::InReview,
            _ if blind => State::Staged,
            State::Staged if killed => State::Frozen,
            state => state,
        };
        let outcome = if shown { verdicts::standing(tx, draft.seq, 1).await? } else { None };
        let mut delivery = if shown { deliveries::of_draft(tx, draft.seq).await? } else { None };
        let mut escalation = if shown { escalations::of_draft(tx, draft.seq).await? } else { None };
        if let Some(verdict) = outcome.as_ref().filter(|_| draft.probe.is_some()) {
            delivery = probe::delivery(draft, verdict, &version, self.now());
            escalation = probe::escalation(draft, verdict, &version);
        }
        let arrived = draft.probe.is_some() && delivery.as_ref().is_some_and(|d| d.state == "delivered");
        let state = match state {
            State::Approved | State::Edited if arrived => State::Delivered,
            state => state,
        };
        let named =
            body.sources.iter().map(|s| s.id.as_str()).chain(body.draft.citations.iter().map(|c| c.source.as_str()));
        let allowed: Vec<&str> = named.filter(|id| version.pack.may_cite(id)).collect();
        let mut stored: Vec<_> = sources::named(tx, &draft.workflow_id, &allowed)
            .await?
            .into_values()
            .filter(|s| readable(&s.access, &version.pack.sources.access))
            .map(|s| StoredSource {
                changed: checks.is_changed(&s.id, &s.hash),
                id: s.id,
                title: s.title,
                text: s.text,
            })
            .collect();
        stored.sort_by(|a, b| a.id.cmp(&b.id));
        let changed: Vec<&str> = stored.iter().filter(|s| s.changed).map(|s| s.id.as_str()).collect();
        checks.leave_out_places(&changed);
        for citation in &mut checks.citations {
            citation.source_hash = None;
        }
        checks.rests_on.clear();
        let kept = verdicts::kept(tx, draft.seq, &who.subject).await?;
        let delivery = delivery.map(|d| DeliveryState {
            state: if d.state == "pending" && killed { "held".to_owned() } else { d.state.clone() },
            id: d.id,
            attempts: d.attempts,
            next_attempt_at: (d.state == "pending" && !killed).then_some(Millis(d.due_at)),
            last_error: d.last_error,
            delivered_at: d.delivered_at.map(Millis),
        });
        Ok(DraftView {
            summary: DraftSummary {
                id: draft.id.clone(),
                workflow: draft.workflow_id.clone(),
                version: draft.version,
                external_id: draft.external_id.clone(),
                revision: draft.revision.clone(),
                state,
                subject: draft.subject.clone(),
                customer: draft.customer.clone(),
                marks: Marks(draft.marks).words(),
                risk: if draft.risk == 0 { "normal" } else { "high" },
                staged_at: Millis(draft.staged_at),
                waiting_since: waiting_since(asked_at(&draft.body), Millis(draft.staged_at)),
                expires_at: Millis(draft.expires_at),
                erased_at: draft.erased_at.map(Millis),
                held_by,
                escalation: escalation.map(EscalationMark::of),
            },
            stage: draft.stage.clone(),
            content_hash: draft.content_hash.clone(),
            probability: draft.probability,
            latency_ms: body.metadata.get("latency_ms").and_then(serde_json::Value::as_u64),
            figures_only: !body.draft.text.is_empty() && !is_english(&body.draft.text),
            body,
            checks,
            stored_sources: stored,
            outcome: outcome.map(outcome_view),
            delivery,
            may_have_reached_customer: draft.may_have_reached == 1,
            kept: kept
                .into_iter()
                .map(|k| KeptView {
                    verdict_id: k.verdict_id,
                    code: k.code,
                    action: k.action,
                    final_text: k.final_text,
                    comment: k.comment,
                    at: Millis(k.at),
                })
                .collect(),
            second_review,
        })
    }

    /// Whether this person may yet be asked for the second review, and so must not see the first verdict.
    pub(crate) async fn is_blind(
        &self,
        tx: &mut Tx,
        who: &Identity,
        workflow: &str,
        draft_seq: i64,
        state: State,
    ) -> Result<bool, DeskError> {
        if state.is_open() || sees_verdicts(who, workflow) {
            return Ok(false);
        }
        let waiting = second_reviews::get(tx, draft_seq).await?;
        Ok(waiting.is_some_and(|s| s.state != "done" && s.first_reviewer != who.subject))
    }
}

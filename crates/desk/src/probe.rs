//! Probes: drafts with a known fault, given to a reviewer in the place of the next draft. To them it is a draft like
//! any other in every answer; it is nobody else's, goes nowhere, and is no evidence.

use crate::lease::LeaseView;
use crate::view::sees_verdicts;
use crate::withdraw::Withdrawn;
use crate::{ChangeKind, Desk, DeskError, Version, decide, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::citation::{self, Shelf};
use countersign_domain::draft::{DraftBody, content_hash};
use countersign_domain::pack::Probe;
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_domain::verdict::Action;
use countersign_domain::{review, vigilance};
use countersign_store::deliveries::DeliveryRow;
use countersign_store::drafts::{self, DraftRow};
use countersign_store::escalations::EscalationRow;
use countersign_store::verdicts::{self, VerdictRow};
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, leases, probes, sources};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

/// How a reviewer's probes went, told to whoever missed too many.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Vigilance {
    /// The workflow.
    pub workflow: String,
    /// Probes that they decided on, of the last twenty.
    pub shown: i64,
    /// Those whose fault they missed.
    pub missed: i64,
    /// Always true: what isn't told isn't here.
    pub told: bool,
    /// What it comes to.
    pub words: String,
}

/// What `draft.probe` holds.
#[derive(Serialize, Deserialize)]
struct Known {
    /// Its name in the pack.
    id: String,
    /// What catches its fault.
    expected: Vec<String>,
}

/// Refuses whom a probe isn't for, as if there were no such draft. Who reads the log may see it.
pub(crate) fn for_them(who: &Identity, draft: &DraftRow) -> Result<(), DeskError> {
    let theirs = draft.probe_for.as_ref().is_none_or(|reviewer| *reviewer == who.subject);
    if theirs || who.scope(Act::ReadAudit).includes(&draft.workflow_id) {
        return Ok(());
    }
    Err(DeskError::not_found("draft", &draft.id))
}

/// An id like any other made at that moment, always the same for the same name.
fn id_of(name: &str, at: i64) -> String {
    let digest = Sha256::digest(name);
    let mut bytes = [0_u8; 10];
    bytes.copy_from_slice(&digest[..10]);
    uuid::Builder::from_unix_timestamp_millis(u64::try_from(at).unwrap_or(0), &bytes).into_uuid().to_string()
}

/// The case that the verdict would have made.
pub(crate) fn case_id(verdict: &VerdictRow) -> String {
    id_of(&format!("case {}", verdict.id), verdict.at)
}

/// The delivery that the verdict would have made.
pub(crate) fn delivery(draft: &DraftRow, v: &VerdictRow, version: &Version, now: Millis) -> Option<DeliveryRow> {
    version.pack.delivery.as_ref()?;
    let arrived = now.0 > v.undo_until;
    Some(DeliveryRow {
        seq: 0,
        id: format!("msg_{}", id_of(&format!("delivery {}", v.id), v.at)),
        workflow_id: draft.workflow_id.clone(),
        draft_seq: Some(draft.seq),
        ticket: draft.external_id.clone(),
        verdict_id: Some(v.id.clone()),
        transition_id: String::new(),
        kind: String::new(),
        body: String::new(),
        state: if arrived { "delivered" } else { "pending" }.to_owned(),
        attempts: arrived.into(),
        due_at: v.undo_until,
        claimed_until: 0,
        claimed_by: String::new(),
        last_error: None,
        created_at: v.at,
        delivered_at: arrived.then_some(v.undo_until + 400 + v.at % 500),
    })
}

/// The escalation that the verdict would have made.
pub(crate) fn escalation(draft: &DraftRow, v: &VerdictRow, version: &Version) -> Option<EscalationRow> {
    let reasons: Vec<String> = serde_json::from_str(&v.reasons).unwrap_or_default();
    let route = version.pack.reason(reasons.first()?).map(|reason| reason.to.clone()).unwrap_or_default();
    (v.action == Action::Escalate.as_str()).then(|| EscalationRow {
        seq: 0,
        id: id_of(&format!("escalation {}", v.id), v.at),
        draft_seq: draft.seq,
        draft_id: draft.id.clone(),
        workflow_id: draft.workflow_id.clone(),
        external_id: draft.external_id.clone(),
        subject: draft.subject.clone(),
        customer: draft.customer.clone(),
        reasons: v.reasons.clone(),
        comment: v.comment.clone(),
        route,
        owner: None,
        state: "open".to_owned(),
        opened_at: v.at,
        settled_at: None,
        note: None,
        erased_at: None,
    })
}

impl Desk {
    /// In the place of the draft that is next, now and then: a probe that this reviewer hasn't seen on this version.
    pub(crate) async fn slip_in(
        &self,
        tx: &mut Tx,
        who: &Identity,
        workflow: &WorkflowRow,
        next: &DraftRow,
        now: Millis,
    ) -> Result<Option<DraftRow>, DeskError> {
        let version = self.version(tx, &workflow.id, workflow.version).await?;
        if version.pack.probes.is_empty() || next.probe.is_some() || sees_verdicts(who, &workflow.id) {
            return Ok(None);
        }
        let lease = probes::count_lease(tx, &workflow.id, &who.subject).await?;
        let given = probes::given(tx, &workflow.id, workflow.version, &who.subject).await?;
        let given: Vec<String> =
            given.iter().filter_map(|p| serde_json::from_str::<Known>(p).ok()).map(|known| known.id).collect();
        let left: Vec<&Probe> = version.pack.probes.iter().filter(|p| !given.contains(&p.id)).collect();
        let drawn = review::probe(&version.seed, &who.subject, lease, left.len());
        let Some(probe) = drawn.and_then(|i| left.get(i)) else { return Ok(None) };
        // Whatever becomes of the probe, the lease stays counted and the reviewer gets a draft: the same draw never
        // comes twice.
        tx.savepoint().await?;
        let draft = match self.stage_probe(tx, who, &version, probe, next).await {
            Ok(Some(draft)) => draft,
            Ok(None) => return Ok(None),
            Err(e) => {
                tx.back_to_savepoint().await?;
                tracing::warn!(workflow = workflow.id, error = %e, "a probe can't be given");
                return Ok(None);
            }
        };
        let detail = json!({ "probe": probe.id, "to": who.subject });
        record(tx, now, &Identity::hub(), "probe.given", Some(&workflow.id), Some(&draft.id), detail);
        Ok(Some(draft))
    }

    async fn stage_probe(
        &self,
        tx: &mut Tx,
        who: &Identity,
        version: &Version,
        probe: &Probe,
        next: &DraftRow,
    ) -> Result<Option<DraftRow>, DeskError> {
        let name = format!("{} {} {}", probe.id, who.subject, next.id);
        let Some(ticket) = free_name(tx, version, next, &name).await? else { return Ok(None) };
        let body = disguised(&probe.draft.body, next);
        let named = body.named_sources();
        let stored = sources::named(tx, &next.workflow_id, &named).await?;
        let citation::Checked { checks, marks, high_risk } =
            citation::check(&body, &version.pack, &Shelf::from(stored));
        let seq = drafts::take_numbers(tx, 1).await?.first().copied().unwrap_or_default();
        // Plain structs; serialising them can't fail.
        let text = serde_json::to_string(&body).unwrap_or_default();
        let draft = DraftRow {
            seq,
            id: id_of(&name, made_at(&next.id).unwrap_or(next.staged_at)),
            version: next.version,
            stage: next.stage.clone(),
            external_id: ticket,
            revision: next.revision.clone(),
            state: State::Staged.as_str().to_owned(),
            subject: body.subject(),
            customer: body.customer(),
            marks: marks.0,
            risk: high_risk.into(),
            double_read: 0,
            content_hash: content_hash(&text, &checks),
            checks: serde_json::to_string(&checks).unwrap_or_default(),
            body: text,
            probe: Some(json!(Known { id: probe.id.clone(), expected: probe.expected.clone() }).to_string()),
            probe_for: Some(who.subject.clone()),
            probe_place: Some(next.seq),
            rescued: 0,
            may_have_reached: 0,
            fence: 0,
            ..next.clone()
        };
        drafts::insert(tx, std::slice::from_ref(&draft)).await?;
        let named: Vec<(String, i64)> = named.into_iter().map(|s| (s.to_owned(), seq)).collect();
        sources::note_citations(tx, &named).await?;
        Ok(Some(draft))
    }

    /// The escalation that a probe's verdict would have made.
    pub(crate) async fn probe_escalation(&self, tx: &mut Tx, id: &str) -> Result<Option<EscalationRow>, DeskError> {
        let Some(draft) = drafts::get(tx, id, false).await? else { return Ok(None) };
        let Some(verdict) = verdicts::standing(tx, draft.seq, 1).await? else { return Ok(None) };
        let version = self.version(tx, &draft.workflow_id, draft.version).await?;
        Ok(escalation(&draft, &verdict, &version))
    }

    /// A verdict on a probe, which was taken like any other: whether the fault was caught is kept, nothing else.
    pub(crate) async fn take_probe(
        &self,
        tx: &mut Tx,
        who: &Identity,
        draft: &mut DraftRow,
        verdict: VerdictRow,
        key: &str,
    ) -> Result<decide::Outcome, DeskError> {
        let known: Option<Known> = draft.probe.as_deref().and_then(|p| serde_json::from_str(p).ok());
        let (id, expected) = known.map(|k| (k.id, k.expected)).unwrap_or_default();
        let caught = vigilance::catches(&expected, key);
        let state = match verdict.action.as_str() {
            "approve" => State::Approved,
            "edit" => State::Edited,
            _ => State::Escalated,
        };
        drafts::shift(tx, draft, state).await?;
        let result = probes::ResultRow {
            verdict_id: &verdict.id,
            reviewer: &who.subject,
            workflow_id: &draft.workflow_id,
            version: draft.version,
            draft_seq: draft.seq,
            caught: caught.into(),
            at: verdict.at,
        };
        probes::keep(tx, &result).await?;
        let detail = json!({ "verdict": verdict.id, "probe": id, "outcome": key, "caught": caught });
        let (workflow, of) = (Some(draft.workflow_id.as_str()), Some(draft.id.as_str()));
        record(tx, Millis(verdict.at), who, "probe.decided", workflow, of, detail);
        let case = case_id(&verdict);
        decide::outcome(draft, verdict, Some(case))
    }

    /// The same way back.
    pub(crate) async fn withdraw_probe(
        &self,
        mut tx: Tx,
        who: &Identity,
        workflow: &WorkflowRow,
        draft: DraftRow,
        verdict: VerdictRow,
    ) -> Result<Withdrawn, DeskError> {
        let now = self.now();
        if now.0 > verdict.undo_until {
            return Err(DeskError::AlreadyDelivered);
        }
        verdicts::withdraw(&mut tx, &verdict.id, &who.subject, now).await?;
        probes::forget(&mut tx, &verdict.id).await?;
        for lease in leases::of_draft(&mut tx, draft.seq).await? {
            leases::end(&mut tx, &lease.id, now, "voided").await?;
        }
        let (lease, draft) = self.hold_again(&mut tx, who, workflow, draft, 1, now).await?;
        let detail = json!({ "verdict": verdict.id });
        record(&mut tx, now, who, "probe.withdrawn", Some(&workflow.id), Some(&draft.id), detail);
        let view = self.view(&mut tx, who, &draft).await?;
        let state = draft.state()?;
        tx.commit().await?;
        self.tell(ChangeKind::VerdictWithdrawn, &workflow.id, Some(&draft.id)).await;
        let lease = Some(LeaseView::of(&lease));
        Ok(Withdrawn { verdict_id: verdict.id, draft_id: draft.id, state, lease, draft: view })
    }

    /// Whether a reviewer has missed too many of a workflow's probes, so that a second person has to confirm them.
    pub(crate) async fn is_told(&self, tx: &mut Tx, who: &Identity, version: &Version) -> Result<bool, DeskError> {
        if version.pack.probes.is_empty() {
            return Ok(false);
        }
        let workflow = version.pack.workflow.id.as_str();
        let (shown, missed) = probes::recent(tx, workflow, &who.subject, vigilance::RECENT).await?;
        Ok(vigilance::misses_too_many(shown, missed))
    }

    /// Where a reviewer has missed too many.
    pub(crate) async fn vigilance(&self, tx: &mut Tx, who: &Identity) -> Result<Vec<Vigilance>, DeskError> {
        let scope = who.scope(Act::Review);
        let mut told = Vec::new();
        for workflow in workflows::list(tx, Hold::Look).await?.into_iter().filter(|w| scope.includes(&w.id)) {
            if self.version(tx, &workflow.id, workflow.version).await?.pack.probes.is_empty() {
                continue;
            }
            let (shown, missed) = probes::recent(tx, &workflow.id, &who.subject, vigilance::RECENT).await?;
            if vigilance::misses_too_many(shown, missed) {
                let words = format!(
                    "You missed {missed} of {shown} drafts with a known fault. Until you catch more of them, what you \
                     decide counts only once a second person has said the same."
                );
                told.push(Vigilance { workflow: workflow.id, shown, missed, told: true, words });
            }
        }
        Ok(told)
    }
}

/// A ticket's name like the one whose place the probe takes, if one of a few is free.
async fn free_name(tx: &mut Tx, version: &Version, next: &DraftRow, of: &str) -> Result<Option<String>, DeskError> {
    for n in 0..9 {
        let ticket = review::lookalike(&version.seed, &next.external_id, &format!("{of} {n}"));
        if drafts::known(tx, &next.workflow_id, &[&ticket]).await?.is_empty() {
            return Ok(Some(ticket));
        }
    }
    Ok(None)
}

/// When an id was made, in milliseconds.
fn made_at(id: &str) -> Option<i64> {
    let (seconds, nanos) = uuid::Uuid::parse_str(id).ok()?.get_timestamp()?.to_unix();
    i64::try_from(seconds * 1_000 + u64::from(nanos / 1_000_000)).ok()
}

/// The probe's thread and reply as they would have come with the draft whose place it takes: as old, from the same
/// model.
fn disguised(probe: &DraftBody, next: &DraftRow) -> DraftBody {
    let mut body = probe.clone();
    let Ok(like) = serde_json::from_str::<DraftBody>(&next.body) else { return body };
    let last = |b: &DraftBody| b.thread.iter().filter_map(|m| m.at).max();
    match (last(&body), last(&like)) {
        (Some(own), Some(shown)) => {
            body.thread.iter_mut().filter_map(|m| m.at.as_mut()).for_each(|at| at.0 += shown.0 - own.0);
        }
        (Some(_), None) => body.thread.iter_mut().for_each(|m| m.at = None),
        (None, Some(shown)) => {
            body.thread.iter_mut().rev().zip(0..).for_each(|(m, n)| m.at = Some(Millis(shown.0 - n * 240_000)))
        }
        (None, None) => {}
    }
    body.model = like.model;
    body.audience = like.audience;
    body.cost_usd = like.cost_usd;
    body.usage = like.usage;
    body.trace_id = like.trace_id.map(|trace| review::lookalike(next.id.as_bytes(), &trace, &next.id));
    for name in ["latency_ms"] {
        if let Some(value) = like.metadata.get(name) {
            body.metadata.insert(name.to_owned(), value.clone());
        }
    }
    body
}

//! Deciding: one transaction for the verdict, its case, the evidence, the audit entry and the outgoing delivery.

use crate::stage::MAX_CHECKS;
use crate::{ChangeKind, Desk, DeskError, deliver, new_id, probe, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::diff::{self, Edit};
use countersign_domain::draft::DraftBody;
use countersign_domain::mark::Marks;
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_domain::verdict::{
    Action, Conflict, Hold, Standing, Verdict, counted_key, gravest_first, judge, outcome_key,
};
use countersign_domain::vigilance;
use countersign_store::cases::NewCase;
use countersign_store::drafts::{self, DraftRow};
use countersign_store::escalations::NewEscalation;
use countersign_store::evidence::{self, Record};
use countersign_store::leases::{self, LeaseRow};
use countersign_store::second_reviews::{self, SecondRow};
use countersign_store::verdicts::{self, KeptRow, VerdictRow};
use countersign_store::{Tx, cases, escalations};
use serde::Serialize;
use serde_json::json;

/// What a verdict came to.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Outcome {
    /// The verdict.
    pub verdict_id: String,
    /// The draft.
    pub draft_id: String,
    /// The label that it made.
    pub case_id: Option<String>,
    /// The draft's state now.
    pub state: State,
    /// What was decided.
    pub action: String,
    /// An edit's grade.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// The grade that the diff suggested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suggested_grade: Option<String>,
    /// Share of the words changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edit_ratio: Option<f64>,
    /// When it was taken.
    pub recorded_at: Millis,
    /// Until when it can be withdrawn at the least.
    pub undo_until: Millis,
    /// It was a blind second review.
    pub second_review: bool,
    /// Whether it has been withdrawn since.
    pub withdrawn: bool,
}

/// A verdict taken now, or the same one taken before.
#[derive(Clone, Debug)]
pub enum Decided {
    /// Now.
    Now(Outcome),
    /// Before; nothing was changed.
    Before(Outcome),
}

impl Desk {
    /// Takes a verdict. A verdict that comes too late is refused, and what was typed is kept.
    pub async fn decide(&self, who: &Identity, draft_id: &str, verdict: Verdict) -> Result<Decided, DeskError> {
        // The diff of a long text takes a while, so it is made before the transaction.
        let edit = match (&verdict.final_text, verdict.action) {
            (Some(text), Action::Edit) => {
                Verdict::check_length(text)?;
                let act = Act::ReadDrafts;
                let (_, body) = self.within(&mut self.read().await?, who, act, "read drafts", draft_id).await?;
                Some(self.compare(body, text).await?)
            }
            _ => None,
        };
        let mut taken = self.take(who, draft_id, &verdict, edit.clone()).await;
        for _ in 1..MAX_CHECKS {
            match &taken {
                // The same verdict id came in for another draft at the same moment.
                Err(e) if e.is_unique_violation() => {}
                Err(DeskError::SourcesChanging) => self.check_again(draft_id).await?,
                _ => break,
            }
            taken = self.take(who, draft_id, &verdict, edit.clone()).await;
        }
        match taken {
            Err(DeskError::Conflict { conflict, .. }) => {
                self.keep(who, draft_id, &verdict, conflict).await?;
                Err(DeskError::Conflict { conflict, kept: Some(verdict.verdict_id) })
            }
            other => other,
        }
    }

    /// What a text would count as, were it sent instead of the draft's.
    pub async fn preview_edit(&self, who: &Identity, draft_id: &str, final_text: &str) -> Result<Edit, DeskError> {
        Verdict::check_length(final_text)?;
        let mut tx = self.read().await?;
        let (draft, body) = self.within(&mut tx, who, Act::ReadDrafts, "read drafts", draft_id).await?;
        let holds = leases::of_draft(&mut tx, draft.seq).await?.iter().any(|l| l.reviewer == who.subject);
        drop(tx);
        if draft.erased_at.is_some() {
            return Err(DeskError::Erased("draft"));
        }
        // The difference to an empty text is the draft. Whoever holds it has read it on record already.
        if !holds {
            let mut tx = self.write().await?;
            let detail = json!({ "as": "difference" });
            record(&mut tx, self.now(), who, "draft.read", Some(&draft.workflow_id), Some(draft_id), detail);
            tx.commit().await?;
        }
        self.compare(body, final_text).await
    }

    pub(crate) async fn compare(&self, body: DraftBody, final_text: &str) -> Result<Edit, DeskError> {
        let final_text = final_text.to_owned();
        let compare = move || {
            let quotes: Vec<&str> = body.draft.citations.iter().filter_map(|c| c.quote.as_deref()).collect();
            diff::edit(&body.draft.text, &final_text, &quotes)
        };
        // Long texts take a while: off the threads that answer everybody, and few at once.
        let permit = self.inner.diffs.acquire().await;
        let edit = tokio::task::spawn_blocking(compare).await;
        drop(permit);
        edit.map_err(|e| DeskError::Setup(format!("the texts can't be compared: {e}")))
    }

    /// A draft that this person may do something with.
    async fn within(
        &self,
        tx: &mut Tx,
        who: &Identity,
        act: Act,
        what: &str,
        draft_id: &str,
    ) -> Result<(DraftRow, DraftBody), DeskError> {
        let draft = drafts::get(tx, draft_id, false).await?;
        let draft = draft.ok_or_else(|| DeskError::not_found("draft", draft_id))?;
        self.require(who, act, Some(&draft.workflow_id), what)?;
        probe::for_them(who, &draft)?;
        let body = draft.body()?;
        Ok((draft, body))
    }

    async fn take(
        &self,
        who: &Identity,
        draft_id: &str,
        verdict: &Verdict,
        edit: Option<Edit>,
    ) -> Result<Decided, DeskError> {
        let now = self.now();
        let digest = verdict.digest(draft_id);
        // Before anything is held for somebody who reviews nothing.
        if who.scope(Act::Review).is_empty() {
            self.require(who, Act::Review, None, "review")?;
        }
        let mut tx = self.write().await?;
        let found = leases::take_for_verdict(&mut tx, draft_id, &verdict.verdict_id, &verdict.lease_id).await?;
        let missing = || DeskError::not_found("draft", draft_id);
        let leases::Held { workflow, mut draft, lease, again } = found.ok_or_else(missing)?;
        self.require(who, Act::Review, Some(&draft.workflow_id), "review")?;
        probe::for_them(who, &draft)?;
        let body = draft.body()?;
        if again && let Some(before) = verdicts::get(&mut tx, &verdict.verdict_id).await? {
            if before.digest != digest || before.reviewer != who.subject {
                return Err(DeskError::VerdictReused(verdict.verdict_id.clone()));
            }
            let case_id = match draft.probe {
                Some(_) => Some(probe::case_id(&before)),
                None => cases::id_of_verdict(&mut tx, &before.id).await?,
            };
            return Ok(Decided::Before(outcome(&draft, before, case_id)?));
        }
        if draft.erased_at.is_some() {
            return Err(DeskError::Erased("draft"));
        }
        let round = lease.as_ref().map_or(1, |l| l.round);
        let second = if round == 2 { second_reviews::get(&mut tx, draft.seq).await? } else { None };
        let state = if round == 2 { State::InReview } else { draft.state()? };
        let hold = lease.as_ref().filter(|l| l.ended_at.is_none()).map(held);
        // One that ran out is judged for its label alone, by who has asked for it as such.
        let expired = state == State::Expired && hold.is_some();
        let open = if round == 2 { second.is_none_or(|s| s.state != "done") } else { state.is_open() || expired };
        // Nobody signs for a source that has changed since the draft was checked.
        if self.is_stale(&mut tx, &draft).await? {
            return Err(DeskError::SourcesChanging);
        }
        let killed = workflow.killed_at.is_some() || self.is_held(&workflow.id);
        judge(verdict, &who.subject, now, &Standing { killed, state, open, content_hash: &draft.content_hash, hold })
            .map_err(|conflict| DeskError::Conflict { conflict, kept: None })?;
        let version = self.version(&mut tx, &draft.workflow_id, draft.version).await?;
        verdict.check(&version.pack, &body.draft.text)?;
        let verdict = &Verdict { reasons: gravest_first(&version.pack, &verdict.reasons), ..verdict.clone() };

        let grade = edit.as_ref().map(|e| verdict.grade.unwrap_or(e.suggested_grade));
        let key = outcome_key(verdict.action, grade, &verdict.reasons);
        // A person who missed too many probes counts once a second one has said the same.
        let unconfirmed = round == 1 && draft.probe.is_none() && self.is_told(&mut tx, who, &version).await?;
        let held = lease.as_ref().map_or(0.0, |l| (now.0 - l.leased_at) as f64 / 1000.0);
        let seconds = if verdict.seconds > 0.0 { verdict.seconds } else { held };
        let too_fast = draft.probe.is_none() && vigilance::too_fast(words(&body.draft.text), seconds);
        let row = VerdictRow {
            id: verdict.verdict_id.clone(),
            draft_seq: draft.seq,
            workflow_id: draft.workflow_id.clone(),
            version: draft.version,
            stage: draft.stage.clone(),
            round,
            reviewer: who.subject.clone(),
            lease_id: verdict.lease_id.clone(),
            action: verdict.action.as_str().to_owned(),
            grade: grade.map(|g| g.as_str().to_owned()),
            suggested_grade: edit.as_ref().map(|e| e.suggested_grade.as_str().to_owned()),
            edit_ratio: edit.as_ref().map(|e| e.edit_ratio),
            reasons: json!(verdict.reasons).to_string(),
            comment: verdict.comment.clone(),
            final_text: verdict.final_text.clone(),
            seconds: verdict.seconds,
            at: now.0,
            undo_until: now.plus_seconds(i64::from(version.pack.review.undo_seconds)).0,
            digest,
            withdrawn: 0,
            counted: (round == 1 && draft.probe.is_none() && draft.rescued == 0)
                .then(|| counted_key(&key, unconfirmed, None, None)),
            unconfirmed: unconfirmed.into(),
            too_fast: too_fast.into(),
        };
        verdicts::insert(&mut tx, &row).await?;
        leases::end(&mut tx, &row.lease_id, now, "decided").await?;
        if draft.probe.is_some() {
            let outcome = self.take_probe(&mut tx, who, &mut draft, row, &key).await?;
            tx.commit().await?;
            self.tell(ChangeKind::VerdictRecorded, &draft.workflow_id, Some(&draft.id)).await;
            return Ok(Decided::Now(outcome));
        }
        let case_id = self.file_case(&mut tx, &draft, &version, &row).await?;
        if round == 1 {
            evidence::add(&mut tx, record_of(&draft), row.counted.as_deref().unwrap_or(&key), now, 1);
            if expired {
                evidence::add(&mut tx, record_of(&draft), "expired", Millis(draft.expires_at), -1);
            } else {
                drafts::shift(&mut tx, &mut draft, verdict.action.state()).await?;
                self.send_on(&mut tx, &version, &draft, &body, verdict, &row).await?;
            }
            if draft.double_read == 1 || unconfirmed {
                self.ask_a_second(&mut tx, &version, &draft, &row).await?;
            }
        } else {
            second_reviews::set_state(&mut tx, draft.seq, "done").await?;
        }
        // Under a draft's first lease there can be no other verdict yet.
        if draft.fence > 1 {
            self.meet(&mut tx, &draft, &row).await?;
        }
        let mut detail = json!({ "verdict": row.id, "outcome": key, "round": round, "case": case_id, "content_hash": draft.content_hash });
        if expired {
            detail["expired"] = json!(true);
        }
        record(&mut tx, now, who, "verdict.recorded", Some(&draft.workflow_id), Some(&draft.id), detail);
        let outcome = outcome(&draft, row, Some(case_id))?;
        tx.commit().await?;
        self.tell(ChangeKind::VerdictRecorded, &draft.workflow_id, Some(&draft.id)).await;
        if verdict.action == Action::Escalate && !expired {
            self.tell(ChangeKind::EscalationUpdated, &draft.workflow_id, Some(&draft.id)).await;
        }
        Ok(Decided::Now(outcome))
    }

    /// The label, with everything that says where it came from.
    async fn file_case(
        &self,
        tx: &mut Tx,
        draft: &DraftRow,
        version: &crate::Version,
        v: &VerdictRow,
    ) -> Result<String, DeskError> {
        let id = new_id();
        let reasons: Vec<String> = serde_json::from_str(&v.reasons).unwrap_or_default();
        let mut label = json!({
            "id": id, "draft_id": draft.id, "verdict_id": v.id, "workflow": draft.workflow_id, "version": draft.version,
            "stage": draft.stage, "external_id": draft.external_id, "revision": draft.revision, "round": v.round,
            "action": v.action, "grade": v.grade, "suggested_grade": v.suggested_grade, "edit_ratio": v.edit_ratio,
            "reasons": reasons, "comment": v.comment, "final_text": v.final_text, "seconds": v.seconds,
            "reviewer": self.pseudonym(&v.reviewer), "decided_at": Millis(v.at), "staged_at": Millis(draft.staged_at),
            "probability": draft.probability, "marks": Marks(draft.marks).words(), "content_hash": draft.content_hash,
            "pack_hash": version.pack.hash(), "guideline_hash": version.pack.guideline_hash(),
        });
        if v.too_fast == 1 {
            label["too_fast"] = json!(true);
        }
        if draft.rescued == 1 {
            label["rescued"] = json!(true);
        }
        let case = NewCase {
            id: &id,
            verdict_id: &v.id,
            draft_seq: draft.seq,
            workflow_id: &draft.workflow_id,
            action: &v.action,
            grade: v.grade.as_deref(),
            reasons: &v.reasons,
            at: v.at,
            record: &label.to_string(),
        };
        cases::insert(tx, &case).await?;
        Ok(id)
    }

    async fn send_on(
        &self,
        tx: &mut Tx,
        version: &crate::Version,
        draft: &DraftRow,
        body: &DraftBody,
        verdict: &Verdict,
        row: &VerdictRow,
    ) -> Result<(), DeskError> {
        let now = Millis(row.at);
        let mut to = None;
        if verdict.action == Action::Escalate {
            let route = verdict
                .reasons
                .first()
                .and_then(|code| version.pack.reason(code))
                .map(|r| r.to.clone())
                .unwrap_or_default();
            let escalation = NewEscalation {
                id: &new_id(),
                verdict_id: &row.id,
                draft_seq: draft.seq,
                workflow_id: &draft.workflow_id,
                reasons: &row.reasons,
                comment: row.comment.as_deref(),
                route: &route,
                at: now,
            };
            escalations::insert(tx, &escalation).await?;
            to = Some(route);
        }
        if version.pack.delivery.is_none() {
            return Ok(());
        }
        let mut data = json!({
            "workflow": draft.workflow_id, "external_id": draft.external_id, "revision": draft.revision,
            "draft_id": draft.id, "verdict_id": row.id, "action": row.action,
        });
        if draft.may_have_reached == 1 {
            data["may_have_reached_customer"] = json!(true);
        }
        let kind = if let Some(to) = to {
            data["reasons"] = json!(verdict.reasons);
            data["comment"] = json!(verdict.comment);
            data["to"] = json!(to);
            "draft.escalated"
        } else {
            if let Some(grade) = &row.grade {
                data["grade"] = json!(grade);
            }
            data["text"] = json!(verdict.final_text.as_ref().unwrap_or(&body.draft.text));
            "reply.ready"
        };
        deliver::enqueue(
            tx,
            &draft.workflow_id,
            Some(draft.seq),
            &draft.external_id,
            deliver::Behind::Verdict(&row.id),
            kind,
            now,
            Millis(row.undo_until),
            data,
        )
        .await
    }

    async fn ask_a_second(
        &self,
        tx: &mut Tx,
        version: &crate::Version,
        draft: &DraftRow,
        row: &VerdictRow,
    ) -> Result<(), DeskError> {
        // A second label from before a withdrawal still stands.
        if verdicts::standing(tx, draft.seq, 2).await?.is_some() {
            return Ok(());
        }
        let due = Millis(row.at).plus_seconds(i64::from(version.pack.review.expires_hours) * 3600).hour_ceil();
        let second = SecondRow {
            draft_seq: draft.seq,
            workflow_id: draft.workflow_id.clone(),
            first_reviewer: row.reviewer.clone(),
            expires_at: due.0,
            risk: draft.risk,
            state: "open".to_owned(),
        };
        second_reviews::open(tx, &second).await?;
        Ok(())
    }

    async fn keep(
        &self,
        who: &Identity,
        draft_id: &str,
        verdict: &Verdict,
        conflict: Conflict,
    ) -> Result<(), DeskError> {
        let mut tx = self.write().await?;
        let Some(draft) = drafts::get(&mut tx, draft_id, false).await? else { return Ok(()) };
        // As the code stands on the wire.
        let code = DeskError::Conflict { conflict, kept: None }.code();
        let code = serde_json::to_value(code).ok().and_then(|c| c.as_str().map(str::to_owned)).unwrap_or_default();
        let bounded =
            |text: &Option<String>| text.as_ref().map(|t| t.chars().filter(|c| *c != '\0').take(200_000).collect());
        let kept = KeptRow {
            verdict_id: verdict.verdict_id.chars().filter(char::is_ascii_graphic).take(100).collect(),
            draft_seq: draft.seq,
            reviewer: who.subject.clone(),
            code,
            action: verdict.action.as_str().to_owned(),
            final_text: bounded(&verdict.final_text),
            comment: bounded(&verdict.comment),
            at: self.now().0,
        };
        verdicts::keep(&mut tx, &kept).await?;
        tx.commit().await?;
        Ok(())
    }

    /// A name for a reviewer that stays the same and says nothing.
    pub(crate) fn pseudonym(&self, subject: &str) -> String {
        let digest = hmac_hex(&self.inner.pseudonyms, &[subject]);
        format!("reviewer-{}", digest.get(..12).unwrap_or_default())
    }
}

/// HMAC-SHA256 in hex. Several parts are told apart by their lengths.
pub(crate) fn hmac_hex(key: &[u8], parts: &[&str]) -> String {
    use hmac::{Hmac, KeyInit, Mac};
    let mac = Hmac::<sha2::Sha256>::new_from_slice(key);
    let digest = mac.map(|mut m| {
        for part in parts {
            if parts.len() > 1 {
                m.update(&(part.len() as u64).to_be_bytes());
            }
            m.update(part.as_bytes());
        }
        hex::encode(m.finalize().into_bytes())
    });
    // HMAC takes keys of any length.
    digest.unwrap_or_default()
}

pub(crate) fn record_of(draft: &DraftRow) -> Record<'_> {
    Record {
        workflow: &draft.workflow_id,
        version: draft.version,
        stage: &draft.stage,
        probability: draft.probability,
        floor: draft.floor,
        staged_at: Millis(draft.staged_at),
        rescued: draft.rescued == 1,
    }
}

fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

fn held(l: &LeaseRow) -> Hold {
    Hold { lease_id: l.id.clone(), fence: l.fence, reviewer: l.reviewer.clone(), expires_at: Millis(l.expires_at) }
}

pub(crate) fn outcome(draft: &DraftRow, v: VerdictRow, case_id: Option<String>) -> Result<Outcome, DeskError> {
    Ok(Outcome {
        case_id,
        verdict_id: v.id,
        draft_id: draft.id.clone(),
        state: draft.state()?,
        action: v.action,
        grade: v.grade,
        suggested_grade: v.suggested_grade,
        edit_ratio: v.edit_ratio,
        recorded_at: Millis(v.at),
        undo_until: Millis(v.undo_until),
        second_review: v.round == 2,
        withdrawn: v.withdrawn == 1,
    })
}

//! Leases: the next draft, a certain draft, for longer, and given back.

use crate::view::{DraftView, sees_verdicts};
use crate::{ChangeKind, Desk, DeskError, Version, new_id, probe, record};
use countersign_domain::access::{Act, Identity, Scope};
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_domain::verdict::Conflict;
use countersign_store::drafts::{self, DraftRow};
use countersign_store::leases::{self, LeaseRow};
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, queue, second_reviews, verdicts};
use serde::{Deserialize, Serialize};
use serde_json::json;

const MAX_HELD: usize = 20;
/// How often a next draft that somebody else was quicker to take is looked for again.
const MAX_LOOKS: usize = 10;

/// What a reviewer asks for.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LeaseRequest {
    /// From these workflows; all of the reviewer's if it is left out.
    pub workflows: Option<Vec<String>>,
    /// This very draft.
    pub draft_id: Option<String>,
    /// None of these.
    pub exclude: Vec<String>,
    /// A draft that expired undecided, to be judged for its label alone: it is never delivered.
    pub expired: bool,
}

/// A lease as its holder needs it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct LeaseView {
    /// Its id.
    pub id: String,
    /// Its number among the leases of that draft.
    pub fence: i64,
    /// Until when.
    pub expires_at: Millis,
}

impl LeaseView {
    pub(crate) fn of(l: &LeaseRow) -> Self {
        Self { id: l.id.clone(), fence: l.fence, expires_at: Millis(l.expires_at) }
    }
}

/// A lease with what it is on.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Leased {
    /// The lease.
    pub lease: LeaseView,
    /// The draft.
    pub draft: DraftView,
}

type Held = (LeaseRow, DraftRow, bool);

/// What came of an attempt to take a draft.
enum Taken {
    /// It is held: the lease, the draft, and whether the lease is new.
    Held(Box<Held>),
    /// There is nothing to review.
    Nothing,
    /// What was seen has been taken by somebody else.
    Gone,
}

impl Taken {
    fn of(held: Option<Held>) -> Self {
        held.map_or(Self::Nothing, |held| Self::Held(Box::new(held)))
    }
}

/// Who asks for the next draft, without which ones, when.
struct Ask<'a> {
    who: &'a Identity,
    exclude: &'a str,
    now: Millis,
}

impl Ask<'_> {
    /// The first draft of a workflow for this reviewer, of those that wait for a first review and a second one.
    async fn first_of(&self, tx: &mut Tx, workflow: &str) -> Result<Option<queue::Candidate>, DeskError> {
        Ok(queue::look(tx, self.of(workflow)).await?)
    }

    /// The same, held with its workflow.
    async fn take(&self, tx: &mut Tx, workflow: &str) -> Result<Option<queue::Next>, DeskError> {
        Ok(queue::take(tx, self.of(workflow)).await?)
    }

    fn of<'a>(&'a self, workflow: &'a str) -> queue::Asked<'a> {
        let blind = !sees_verdicts(self.who, workflow);
        queue::Asked { workflow, reviewer: &self.who.subject, now: self.now, exclude: self.exclude, blind }
    }
}

fn lost(conflict: Conflict) -> DeskError {
    DeskError::Conflict { conflict, kept: None }
}

/// Refuses another draft to whoever holds so many already.
fn has_room(held: usize) -> Result<(), DeskError> {
    if held >= MAX_HELD { Err(DeskError::TooManyLeases(held)) } else { Ok(()) }
}

/// Until when a lease that is taken or renewed now lasts. A first review ends with the draft's own time: what is decided
/// later would go out later than its sender allows.
fn lease_end(draft: &DraftRow, round: i64, now: Millis, version: &Version) -> i64 {
    let end = now.plus_seconds(i64::from(version.pack.review.lease_seconds)).0;
    // One that is judged for its label alone goes out at no time.
    let goes_out = round == 1 && draft.state != State::Expired.as_str();
    if goes_out { end.min(draft.expires_at) } else { end }
}

impl Desk {
    /// Leases the next draft, or the one asked for. `None` when there is nothing to review.
    pub async fn lease(&self, who: &Identity, request: &LeaseRequest) -> Result<Option<Leased>, DeskError> {
        let mut stale = false;
        // Somebody else may take what was next between the look and the hold; then there is another next one.
        for _ in 0..MAX_LOOKS {
            let now = self.now();
            let mut tx = self.write().await?;
            let taken = match &request.draft_id {
                Some(id) => Taken::of(self.lease_one(&mut tx, who, id, request.expired, now).await?),
                None => self.lease_next(&mut tx, who, request, now).await?,
            };
            let (lease, draft, fresh) = match taken {
                Taken::Held(held) => *held,
                Taken::Nothing => return Ok(None),
                Taken::Gone => continue,
            };
            // Nobody reads what was checked against a source that has changed since.
            stale = self.is_stale(&mut tx, &draft).await?;
            if stale {
                drop(tx);
                self.check_again(&draft.id).await?;
                continue;
            }
            // Whoever holds a draft holds it in a living workflow.
            let view = self.view_under(&mut tx, who, &draft, false, std::slice::from_ref(&lease)).await?;
            if fresh {
                let detail = json!({ "lease": lease.id, "fence": lease.fence, "round": lease.round });
                record(&mut tx, now, who, "draft.leased", Some(&lease.workflow_id), Some(&draft.id), detail);
            }
            tx.commit().await?;
            if fresh {
                self.tell(ChangeKind::DraftLeased, &lease.workflow_id, Some(&draft.id)).await;
            }
            return Ok(Some(Leased { lease: LeaseView::of(&lease), draft: view }));
        }
        if stale { Err(DeskError::SourcesChanging) } else { Ok(None) }
    }

    async fn lease_one(
        &self,
        tx: &mut Tx,
        who: &Identity,
        id: &str,
        expired: bool,
        now: Millis,
    ) -> Result<Option<Held>, DeskError> {
        let seen = drafts::get(tx, id, false).await?.ok_or_else(|| DeskError::not_found("draft", id))?;
        self.require(who, Act::Review, Some(&seen.workflow_id), "review")?;
        probe::for_them(who, &seen)?;
        let workflow = self.living(tx, &seen.workflow_id).await?;
        let mut draft = drafts::get(tx, id, true).await?.ok_or_else(|| DeskError::not_found("draft", id))?;
        let held = leases::of_draft(tx, draft.seq).await?;
        let other = held.iter().find(|l| l.reviewer != who.subject && l.expires_at > now.0);
        let other = other.map(|l| DeskError::HeldBy { reviewer: l.reviewer.clone(), until: Millis(l.expires_at) });
        if let Some(mine) = held.into_iter().find(|l| l.reviewer == who.subject) {
            if mine.expires_at > now.0 {
                return Ok(Some((mine, draft, false)));
            }
            // Over, and not yet taken back: it is begun anew, unless the draft's own time is over too.
            self.lapse(tx, &mine, now).await?;
            draft = drafts::by_seq(tx, draft.seq).await?.ok_or_else(|| DeskError::not_found("draft", id))?;
        }
        if draft.erased_at.is_some() {
            return Err(DeskError::Erased("draft"));
        }
        self.has_room(tx, who).await?;
        match draft.state()? {
            State::Staged if draft.expires_at > now.0 => self.hold(tx, who, &workflow, draft, 1, now).await.map(Some),
            State::Superseded => Err(lost(Conflict::DraftSuperseded)),
            State::Staged | State::InReview => Err(other.unwrap_or(lost(Conflict::LeaseLost))),
            State::Expired if verdicts::standing(tx, draft.seq, 1).await?.is_none() => {
                let judged = expired && draft.selected == 1 && draft.probe.is_none();
                match judged && leases::of_draft(tx, draft.seq).await?.is_empty() {
                    true => self.hold(tx, who, &workflow, draft, 1, now).await.map(Some),
                    false => Err(lost(Conflict::LeaseLost)),
                }
            }
            state if self.is_blind(tx, who, &draft.workflow_id, draft.seq, state).await? => {
                let second = second_reviews::get(tx, draft.seq).await?;
                if !second.is_some_and(|s| s.state == "open" && s.expires_at > now.0) {
                    return Err(lost(Conflict::LeaseLost));
                }
                self.hold(tx, who, &workflow, draft, 2, now).await.map(Some)
            }
            _ => Err(lost(Conflict::AlreadyDecided)),
        }
    }

    /// The next draft. Its workflow is found by a look at all of them and held alone, so that whoever changes another
    /// one waits for nobody's lease here.
    async fn lease_next(
        &self,
        tx: &mut Tx,
        who: &Identity,
        request: &LeaseRequest,
        now: Millis,
    ) -> Result<Taken, DeskError> {
        // A JSON array of strings; serialising it can't fail.
        let exclude = serde_json::to_string(&request.exclude).unwrap_or_default();
        let ask = Ask { who, exclude: &exclude, now };
        let living = |next: &queue::Next| next.workflow.killed_at.is_none();
        // Whoever works on one workflow needs no look at the others.
        if let Some(only) = self.only_one(who, request)
            && let Some(next) = ask.take(tx, &only).await?.filter(living)
        {
            return self.hold_next(tx, &ask, next, true, Taken::Nothing).await;
        }
        let mine = self.asked_for(tx, who, request).await?;
        if request.expired {
            return self.lease_expired(tx, &ask, &mine).await;
        }
        let (best, skipped, otherwise) = match mine.as_slice() {
            [] => return Ok(Taken::Nothing),
            [only] => (only, true, Taken::Nothing),
            several => match self.best_of(tx, &ask, several).await? {
                Some((best, skipped)) => (best, skipped, Taken::Gone),
                None => return Ok(Taken::Nothing),
            },
        };
        match ask.take(tx, &best.id).await?.filter(living) {
            Some(next) => self.hold_next(tx, &ask, next, skipped, otherwise).await,
            None => Ok(Taken::Gone),
        }
    }

    /// The one workflow that a reviewer may review, if that is clear without a look at what there is.
    fn only_one(&self, who: &Identity, request: &LeaseRequest) -> Option<String> {
        let Scope::Only(mut scope) = who.scope(Act::Review) else { return None };
        scope.dedup();
        let id = scope.pop().filter(|id| scope.is_empty() && !self.is_held(id))?;
        let asked = request.workflows.as_ref().is_none_or(|list| list.iter().all(|asked| *asked == id));
        (asked && !request.expired).then_some(id)
    }

    /// Holds what comes next of a workflow; if there is nothing, what this reviewer skipped longest ago (`skipped`).
    async fn hold_next(
        &self,
        tx: &mut Tx,
        ask: &Ask<'_>,
        next: queue::Next,
        skipped: bool,
        otherwise: Taken,
    ) -> Result<Taken, DeskError> {
        let queue::Next { workflow, leases, draft: mut taken } = next;
        if taken.is_none()
            && skipped
            && let Some(found) = queue::skipped(tx, &workflow.id, &ask.who.subject, ask.now, ask.exclude, true).await?
        {
            taken = drafts::by_seq(tx, found.draft_seq).await?.map(|draft| (draft, found.round));
        }
        let Some((draft, round)) = taken else { return Ok(otherwise) };
        has_room(leases as usize)?;
        if round == 1
            && let Some(probe) = self.slip_in(tx, ask.who, &workflow, &draft, ask.now).await?
        {
            return Ok(Taken::Held(Box::new(self.hold(tx, ask.who, &workflow, probe, 1, ask.now).await?)));
        }
        Ok(Taken::Held(Box::new(self.hold(tx, ask.who, &workflow, draft, round, ask.now).await?)))
    }

    /// The next draft that expired undecided, of the version and stage that its workflow is at: there its label counts.
    async fn lease_expired(&self, tx: &mut Tx, ask: &Ask<'_>, mine: &[WorkflowRow]) -> Result<Taken, DeskError> {
        let me = &ask.who.subject;
        for skipped in [false, true] {
            for seen in mine {
                let at = (seen.version, seen.stage.as_str());
                if queue::expired(tx, &seen.id, at, me, ask.exclude, (skipped, false)).await?.is_none() {
                    continue;
                }
                let held = workflows::get(tx, &seen.id, Hold::Share).await?.filter(|w| w.killed_at.is_none());
                let Some(w) = held else { return Ok(Taken::Gone) };
                let at = (w.version, w.stage.as_str());
                let found = queue::expired(tx, &w.id, at, me, ask.exclude, (skipped, true)).await?;
                let Some(candidate) = found else { return Ok(Taken::Gone) };
                self.has_room(tx, ask.who).await?;
                let Some(draft) = drafts::by_seq(tx, candidate.draft_seq).await? else { return Ok(Taken::Gone) };
                return Ok(Taken::Held(Box::new(self.hold(tx, ask.who, &w, draft, 1, ask.now).await?)));
            }
        }
        Ok(Taken::Nothing)
    }

    /// The living workflows that a reviewer asks for and may review.
    async fn asked_for(
        &self,
        tx: &mut Tx,
        who: &Identity,
        request: &LeaseRequest,
    ) -> Result<Vec<WorkflowRow>, DeskError> {
        let scope = who.scope(Act::Review);
        if scope.is_empty() {
            self.require(who, Act::Review, None, "review")?;
        }
        let all = workflows::list(tx, Hold::Look).await?;
        if let Some(asked) = &request.workflows {
            for id in asked {
                if !all.iter().any(|w| w.id == *id) {
                    return Err(DeskError::not_found("workflow", id));
                }
                self.require(who, Act::Review, Some(id), "review")?;
            }
            if !asked.is_empty()
                && all.iter().filter(|w| asked.contains(&w.id)).all(|w| w.killed_at.is_some() || self.is_held(&w.id))
            {
                return Err(lost(Conflict::WorkflowKilled));
            }
        }
        let asked =
            |w: &WorkflowRow| request.workflows.as_ref().is_none_or(|list| list.is_empty() || list.contains(&w.id));
        Ok(all
            .into_iter()
            .filter(|w| scope.includes(&w.id) && w.killed_at.is_none() && !self.is_held(&w.id) && asked(w))
            .collect())
    }

    /// The workflow of the next draft among several, and whether it is one that this reviewer skipped before.
    async fn best_of<'w>(
        &self,
        tx: &mut Tx,
        ask: &Ask<'_>,
        workflows: &'w [WorkflowRow],
    ) -> Result<Option<(&'w WorkflowRow, bool)>, DeskError> {
        let mut best: Option<(queue::Candidate, &WorkflowRow)> = None;
        for workflow in workflows {
            if let Some(candidate) = ask.first_of(tx, &workflow.id).await?
                && best.is_none_or(|(b, _)| candidate.key() < b.key())
            {
                best = Some((candidate, workflow));
            }
        }
        if let Some((_, workflow)) = best {
            return Ok(Some((workflow, false)));
        }
        for workflow in workflows {
            if queue::skipped(tx, &workflow.id, &ask.who.subject, ask.now, ask.exclude, false).await?.is_some() {
                return Ok(Some((workflow, true)));
            }
        }
        Ok(None)
    }

    async fn hold(
        &self,
        tx: &mut Tx,
        who: &Identity,
        workflow: &WorkflowRow,
        mut draft: DraftRow,
        round: i64,
        now: Millis,
    ) -> Result<Held, DeskError> {
        let version = self.version(tx, &workflow.id, workflow.version).await?;
        match draft.state()? {
            // It stays what it is.
            state if round == 2 || state == State::Expired => drafts::hold(tx, &mut draft, state).await?,
            _ => drafts::hold(tx, &mut draft, State::InReview).await?,
        }
        if round == 2 {
            second_reviews::set_state(tx, draft.seq, "held").await?;
        }
        let lease = LeaseRow {
            id: new_id(),
            draft_seq: draft.seq,
            workflow_id: workflow.id.clone(),
            round,
            reviewer: who.subject.clone(),
            fence: draft.fence,
            leased_at: now.0,
            expires_at: lease_end(&draft, round, now, &version),
            ended_at: None,
            end_reason: None,
        };
        leases::insert(tx, &lease).await?;
        Ok((lease, draft, true))
    }

    /// Refuses another draft to whoever holds many already.
    async fn has_room(&self, tx: &mut Tx, who: &Identity) -> Result<(), DeskError> {
        has_room(leases::of_reviewer(tx, &who.subject).await?.len())
    }

    /// A fresh lease on a draft that comes back to its reviewer by a withdrawal.
    pub(crate) async fn hold_again(
        &self,
        tx: &mut Tx,
        who: &Identity,
        workflow: &WorkflowRow,
        draft: DraftRow,
        round: i64,
        now: Millis,
    ) -> Result<(LeaseRow, DraftRow), DeskError> {
        let (lease, draft, _) = self.hold(tx, who, workflow, draft, round, now).await?;
        Ok((lease, draft))
    }

    /// A workflow that isn't killed, held so that no kill comes between.
    pub(crate) async fn living(&self, tx: &mut Tx, id: &str) -> Result<WorkflowRow, DeskError> {
        let workflow =
            workflows::get(tx, id, Hold::Share).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        if workflow.killed_at.is_some() || self.is_held(&workflow.id) {
            return Err(lost(Conflict::WorkflowKilled));
        }
        Ok(workflow)
    }

    async fn my_lease(&self, tx: &mut Tx, who: &Identity, id: &str) -> Result<LeaseRow, DeskError> {
        let lease = leases::look(tx, id).await?.ok_or_else(|| DeskError::not_found("lease", id))?;
        self.require(who, Act::Review, Some(&lease.workflow_id), "review")?;
        if lease.reviewer != who.subject {
            return Err(DeskError::forbidden(&who.subject, "use a lease of somebody else"));
        }
        Ok(lease)
    }

    /// A lease that was looked at, held for a change: first its workflow, then its draft, then itself. Everything
    /// that changes leases holds them in this order, so that no two wait for each other.
    async fn held_for_change(&self, tx: &mut Tx, seen: LeaseRow) -> Result<LeaseRow, DeskError> {
        workflows::get(tx, &seen.workflow_id, Hold::Share).await?;
        drafts::by_seq(tx, seen.draft_seq).await?;
        Ok(leases::get(tx, &seen.id).await?.unwrap_or(seen))
    }

    /// Renews a lease that still holds.
    pub async fn renew_lease(&self, who: &Identity, id: &str) -> Result<LeaseView, DeskError> {
        let now = self.now();
        let mut tx = self.write().await?;
        let seen = self.my_lease(&mut tx, who, id).await?;
        let workflow = self.living(&mut tx, &seen.workflow_id).await?;
        let mut lease = self.held_for_change(&mut tx, seen).await?;
        let missing = || DeskError::not_found("lease", id);
        let draft = drafts::by_seq(&mut tx, lease.draft_seq).await?.ok_or_else(missing)?;
        let version = self.version(&mut tx, &workflow.id, workflow.version).await?;
        let until = lease_end(&draft, lease.round, now, &version);
        if lease.ended_at.is_some() || lease.expires_at <= now.0 || until <= now.0 {
            let superseded = draft.state()? == State::Superseded;
            return Err(lost(if superseded { Conflict::DraftSuperseded } else { Conflict::LeaseLost }));
        }
        lease.expires_at = until;
        leases::renew(&mut tx, id, Millis(lease.expires_at)).await?;
        tx.commit().await?;
        Ok(LeaseView::of(&lease))
    }

    /// Gives a lease back; with `skip` the draft goes to the back of this reviewer's queue. Giving back what is
    /// gone already is no fault.
    pub async fn release_lease(&self, who: &Identity, id: &str, skip: bool) -> Result<(), DeskError> {
        let now = self.now();
        let mut tx = self.write().await?;
        let seen = self.my_lease(&mut tx, who, id).await?;
        let lease = self.held_for_change(&mut tx, seen).await?;
        if lease.ended_at.is_some() {
            // Lets go of the draft's row before it answers: a lease passes by one that is held.
            return Ok(tx.commit().await?);
        }
        let draft_id = self.let_go(&mut tx, &lease, now, if skip { "skipped" } else { "released" }).await?;
        if skip {
            queue::skip(&mut tx, &who.subject, lease.draft_seq, now).await?;
            record(&mut tx, now, who, "draft.skipped", Some(&lease.workflow_id), draft_id.as_deref(), json!({}));
        }
        tx.commit().await?;
        self.tell(ChangeKind::DraftReleased, &lease.workflow_id, draft_id.as_deref()).await;
        Ok(())
    }

    /// Ends a lease without a verdict: the draft is staged again. Answers the draft's id.
    pub(crate) async fn let_go(
        &self,
        tx: &mut Tx,
        lease: &LeaseRow,
        now: Millis,
        reason: &str,
    ) -> Result<Option<String>, DeskError> {
        leases::end(tx, &lease.id, now, reason).await?;
        let Some(mut draft) = drafts::by_seq(tx, lease.draft_seq).await? else { return Ok(None) };
        if lease.round == 2 {
            second_reviews::set_state(tx, lease.draft_seq, "open").await?;
        } else if draft.state()? == State::InReview {
            drafts::shift(tx, &mut draft, State::Staged).await?;
        }
        Ok(Some(draft.id))
    }

    /// Ends a lease whose time ran out. Answers the draft's id.
    async fn lapse(&self, tx: &mut Tx, lease: &LeaseRow, now: Millis) -> Result<Option<String>, DeskError> {
        let draft_id = self.let_go(tx, lease, now, "lapsed").await?;
        let detail = json!({ "lease": lease.id, "of": lease.reviewer });
        record(tx, now, &Identity::hub(), "lease.lapsed", Some(&lease.workflow_id), draft_id.as_deref(), detail);
        Ok(draft_id)
    }

    /// Ends leases whose time ran out, each by itself; answers how many.
    pub async fn lapse_leases(&self) -> Result<usize, DeskError> {
        let now = self.now();
        let mut ended = 0;
        let seen = leases::lapsed(&mut self.read().await?, now).await?;
        for lease in seen {
            let mut tx = self.write().await?;
            let lease = self.held_for_change(&mut tx, lease).await?;
            // Renewed, decided or given back since, or ended by another hub.
            if lease.ended_at.is_some() || lease.expires_at > now.0 {
                continue;
            }
            let draft_id = self.lapse(&mut tx, &lease, now).await?;
            tx.commit().await?;
            self.tell(ChangeKind::DraftReleased, &lease.workflow_id, draft_id.as_deref()).await;
            ended += 1;
        }
        Ok(ended)
    }
}

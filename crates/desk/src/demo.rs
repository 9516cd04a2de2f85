//! The demo workflow: a support desk's first replies, with what colleagues have decided already.

use crate::{Decided, Desk, DeskError, LeaseRequest, Prepared, parse_source};
use countersign_domain::access::{Grant, Identity, Role};
use countersign_domain::draft::{FieldError, Incoming, parse};
use countersign_domain::json;
use countersign_domain::pack::PackFiles;
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_domain::verdict::{Action, Grade, Verdict};
use countersign_store::{deliveries, drafts};
use serde::Deserialize;
use std::collections::HashMap;

const WORKFLOW: &str = "support-first-reply";
/// The instant that the files call now; every time in them is moved by what has passed since.
const REFERENCE: Millis = Millis(1_767_268_800_000);

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../packs/", $name))
    };
}

/// Where the demo's past replies went. The pack in force delivers nowhere: there is no help desk behind it.
const PAST_DELIVERY: &str =
    "\n[delivery]\nurl = \"https://helpdesk.example/hooks/countersign\"\nsecret_env = \"COUNTERSIGN_WEBHOOK_SECRET\"\n";

#[derive(Deserialize)]
struct Past {
    external_id: String,
    revision: String,
    by: String,
    action: Action,
    final_text: Option<String>,
    grade: Option<Grade>,
    #[serde(default)]
    reasons: Vec<String>,
    comment: Option<String>,
    seconds: f64,
    delivery: Option<String>,
}

impl Desk {
    /// Loads the demo, once; answers its workflow.
    pub async fn load_demo(&self, who: &Identity) -> Result<&'static str, DeskError> {
        let there = self.workflow_ids().await?;
        if there.iter().any(|id| id == WORKFLOW) {
            return Ok(WORKFLOW);
        }
        let shift = self.now().0 - REFERENCE.0;
        let files = |toml: String, guidelines: &str, runbook: &str| {
            let named =
                [("workflow.toml", toml), ("guidelines.md", guidelines.to_owned()), ("runbook.md", runbook.to_owned())];
            named.into_iter().map(|(n, t)| (n.to_owned(), t)).collect::<PackFiles>()
        };
        let (guidelines, runbook) =
            (file!("support-first-reply/guidelines.md"), file!("support-first-reply/runbook.md"));
        let toml = file!("support-first-reply/workflow.toml");
        let history: Vec<Past> = lines(file!("support-first-reply/history.jsonl"), |row| Ok(json::read(row)?))?;
        let rows = demo_drafts(
            file!("support-first-reply/drafts.jsonl"),
            file!("support-first-reply/deadlines.jsonl"),
            shift,
        )?;

        self.apply_pack(who, &files(format!("{toml}{PAST_DELIVERY}"), guidelines, runbook)).await?;
        let sources: Vec<_> = lines(file!("support-first-reply/sources.jsonl"), parse_source)?;
        self.import_sources(who, None, (1..).zip(sources).collect()).await?;
        let decided: HashMap<(&str, &str), &Past> =
            history.iter().map(|p| ((p.external_id.as_str(), p.revision.as_str()), p)).collect();
        let is_past = |r: &Incoming| decided.contains_key(&(r.external_id.as_str(), r.revision.as_str()));
        let (past, open): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_past);

        let mut ids = HashMap::new();
        for result in self.stage(who, Some(WORKFLOW), prepared(past)).await? {
            ids.extend(result.external_id.zip(result.id));
        }
        for past in &history {
            if let Some(id) = ids.get(&past.external_id) {
                self.decide_as_colleague(past, id).await?;
            }
        }
        self.apply_pack(who, &files(toml.to_owned(), guidelines, runbook)).await?;
        self.stage(who, Some(WORKFLOW), prepared(open)).await?;
        self.expire_drafts().await?;
        // Somebody else is at work too.
        self.lease(
            &colleague("Marek Hollis"),
            &LeaseRequest { workflows: Some(vec![WORKFLOW.to_owned()]), ..LeaseRequest::default() },
        )
        .await?;

        let refunds = files(
            file!("support-refund-note/workflow.toml").to_owned(),
            file!("support-refund-note/guidelines.md"),
            file!("support-refund-note/runbook.md"),
        );
        let killed = self.apply_pack(who, &refunds).await?.workflow;
        let rows = demo_drafts(
            file!("support-refund-note/drafts.jsonl"),
            file!("support-refund-note/deadlines.jsonl"),
            shift,
        )?;
        self.stage(who, Some(&killed), prepared(rows)).await?;
        self.kill(who, &killed, "The refund window it quotes is the old one; off until the article is corrected")
            .await?;
        Ok(WORKFLOW)
    }

    async fn decide_as_colleague(&self, past: &Past, draft_id: &str) -> Result<(), DeskError> {
        let who = colleague(&past.by);
        let request = LeaseRequest { draft_id: Some(draft_id.to_owned()), ..LeaseRequest::default() };
        let leased = match self.lease(&who, &request).await {
            Ok(Some(leased)) => leased,
            // Whoever reviews here already was quicker than the colleague.
            Ok(None) | Err(DeskError::Conflict { .. } | DeskError::HeldBy { .. }) => return Ok(()),
            Err(e) => return Err(e),
        };
        let verdict = Verdict {
            verdict_id: crate::new_id(),
            lease_id: leased.lease.id,
            fence: leased.lease.fence,
            content_hash: leased.draft.content_hash,
            action: past.action,
            final_text: past.final_text.clone(),
            grade: past.grade,
            reasons: past.reasons.clone(),
            comment: past.comment.clone(),
            seconds: past.seconds,
        };
        let verdict_id = verdict.verdict_id.clone();
        if let Decided::Before(_) = self.decide(&who, draft_id, verdict).await? {
            return Ok(());
        }
        let now = self.now();
        let mut tx = self.write().await?;
        let Some(mut draft) = drafts::get(&mut tx, draft_id, true).await? else { return Ok(()) };
        let Some(delivery) = deliveries::of_verdict(&mut tx, draft.seq, &verdict_id).await? else { return Ok(()) };
        let escalated = past.action == Action::Escalate;
        let (state, end) = match past.delivery.as_deref() {
            Some("undeliverable") => ("undeliverable", State::Undeliverable),
            Some("waiting") => ("pending", State::Delivering),
            _ if escalated || past.delivery.is_some() => ("delivered", State::Delivered),
            // Decided a moment ago: nothing has been sent, and there is nowhere to send it any more.
            _ => ("withdrawn", draft.state()?),
        };
        let error = (state != "delivered")
            .then_some("the receiver answered 410: this address is gone")
            .filter(|_| state == "undeliverable");
        deliveries::set_state(&mut tx, &delivery, state, now, error, (state == "delivered").then_some(now)).await?;
        if !escalated {
            drafts::shift(&mut tx, &mut draft, end).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn colleague(name: &str) -> Identity {
    let grants = vec![Grant { role: Role::Reviewer, workflow: Some(WORKFLOW.to_owned()) }];
    Identity { subject: name.to_owned(), grants, routes: Vec::new(), owner: false, token: None }
}

fn prepared(rows: Vec<Incoming>) -> Vec<Prepared> {
    let row = |(line, row)| Prepared::of(line, row).ok().map(Prepared::even_overdue);
    (1..).zip(rows).filter_map(row).collect()
}

fn lines<T>(text: &str, read: impl Fn(&[u8]) -> Result<T, FieldError>) -> Result<Vec<T>, DeskError> {
    text.lines().filter(|l| !l.trim().is_empty()).map(|l| read(l.as_bytes()).map_err(DeskError::from)).collect()
}

/// The drafts of a file with their deadlines, which stand apart: whoever imports the file by hand, on any day, shouldn't
/// get drafts that have expired already.
fn demo_drafts(drafts: &str, deadlines: &str, shift: i64) -> Result<Vec<Incoming>, DeskError> {
    #[derive(Deserialize)]
    struct Deadline {
        external_id: String,
        revision: String,
        expires_at: Millis,
    }
    let mut rows: Vec<Incoming> = lines(drafts, parse)?;
    let deadlines: Vec<Deadline> = lines(deadlines, |row| Ok(json::read(row)?))?;
    for row in &mut rows {
        let mine = deadlines.iter().find(|d| d.external_id == row.external_id && d.revision == row.revision);
        row.expires_at = mine.map(|d| d.expires_at);
        move_times(row, shift);
    }
    Ok(rows)
}

fn move_times(row: &mut Incoming, shift: i64) {
    for at in row.body.thread.iter_mut().filter_map(|m| m.at.as_mut()).chain(row.expires_at.as_mut()) {
        at.0 += shift;
    }
}

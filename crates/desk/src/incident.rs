//! Incidents: a kill, a demotion or a person opens one; what happens and what is done is kept beside the runbook.

mod export;
mod view;

pub use view::{EntryView, IncidentSummary, IncidentView, MessageView, StepView};

use crate::alert::Raised;
use crate::{ChangeKind, Desk, DeskError, new_id, record};
use countersign_domain::access::{Act, Identity, is_shadow};
use countersign_domain::runbook;
use countersign_domain::time::Millis;
use countersign_store::incidents::{self, IncidentRow, NewIncident};
use countersign_store::page::{MAX_LIMIT, Page, cursor};
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, alerts};
use serde_json::json;
use view::summary;

const MAX_TITLE: usize = 200;
const MAX_TEXT: usize = 20_000;

/// What is typed into an incident: 1 to `max` characters.
fn typed<'a>(field: &'static str, text: &'a str, max: usize) -> Result<&'a str, DeskError> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > max || text.contains('\0') {
        return Err(DeskError::invalid(field, format!("expected 1 to {max} characters")));
    }
    Ok(text)
}

/// The first line, cut to a title's length.
fn title_of(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim().chars().take(MAX_TITLE).collect()
}

impl Desk {
    /// Opens an incident of a workflow whose row this transaction holds for a change, or adds to the one that is
    /// open. `kind` is `kill`, `demotion` or `manual`; `w` is the workflow as it was before. Answers the incident's id;
    /// the shadow of a drill has none.
    #[expect(clippy::too_many_arguments, reason = "each is something that an incident keeps")]
    pub(crate) async fn open_incident(
        &self,
        tx: &mut Tx,
        kind: &str,
        w: &WorkflowRow,
        transition: Option<&str>,
        title: &str,
        by: &Identity,
        now: Millis,
    ) -> Result<Option<String>, DeskError> {
        let who = by.subject.as_str();
        if is_shadow(&w.id) {
            return Ok(None);
        }
        let id = match incidents::open_of(tx, &w.id).await? {
            Some(open) => open.id,
            None => {
                let id = new_id();
                let version = self.version(tx, &w.id, w.version).await?;
                let new = NewIncident {
                    id: &id,
                    workflow: &w.id,
                    title: &title_of(title),
                    kind,
                    version: w.version,
                    stage: &w.stage,
                    transition,
                    at: now,
                    by: who,
                };
                let number = incidents::open(tx, &new, &runbook::steps(&version.pack.runbook)).await?;
                let detail = json!({ "incident": id, "number": number, "kind": kind });
                record(tx, now, by, "incident.opened", Some(&w.id), Some(&id), detail);
                id
            }
        };
        let entry = match kind {
            "kill" => "killed",
            "demotion" => "demoted",
            _ => "opened",
        };
        incidents::add_entry(tx, &id, now, who, entry, title).await?;
        let version = self.version(tx, &w.id, w.version).await?;
        let summary = match kind {
            "kill" => format!("{} was killed by {who}: {title}", w.id),
            "demotion" => format!("{} was taken back a stage by {who}: {title}", w.id),
            _ => format!("{} has an incident, opened by {who}: {title}", w.id),
        };
        let detail = json!({ "incident": id, "by": who, "stage": w.stage, "version": w.version });
        let raised = Raised { kind, action: "page", rule: "", incident: Some(&id), summary, detail };
        self.raise(tx, &w.id, &version.pack, raised, now).await?;
        Ok(Some(id))
    }

    /// Adds what happened to a workflow to its open incident, if it has one.
    pub(crate) async fn tell_incident(
        &self,
        tx: &mut Tx,
        workflow: &str,
        kind: &str,
        text: &str,
        who: &str,
        now: Millis,
    ) -> Result<(), DeskError> {
        if let Some(open) = incidents::open_of(tx, workflow).await? {
            incidents::add_entry(tx, &open.id, now, who, kind, text).await?;
        }
        Ok(())
    }

    /// Opens an incident by hand; a workflow has at most one open.
    pub async fn new_incident(&self, who: &Identity, workflow: &str, title: &str) -> Result<IncidentView, DeskError> {
        self.require(who, Act::Incidents, Some(workflow), "open incidents")?;
        let title = typed("title", title, MAX_TITLE)?;
        let now = self.now();
        let mut tx = self.write().await?;
        let row = workflows::get(&mut tx, workflow, Hold::Change).await?;
        let row = row.ok_or_else(|| DeskError::not_found("workflow", workflow))?;
        if let Some(open) = incidents::open_of(&mut tx, workflow).await? {
            return Err(DeskError::invalid(
                "workflow",
                format!("incident {} of {workflow} is still open", open.number),
            ));
        }
        let id = self.open_incident(&mut tx, "manual", &row, None, title, who, now).await?;
        let id = id.ok_or_else(|| DeskError::not_found("workflow", workflow))?;
        let view = self.incident_view(&mut tx, &id).await?;
        tx.commit().await?;
        self.tell(ChangeKind::IncidentUpdated, workflow, None).await;
        Ok(view)
    }

    /// A page of incidents, newest first.
    pub async fn list_incidents(
        &self,
        who: &Identity,
        workflow: Option<&str>,
        state: Option<&str>,
        page: &Page,
    ) -> Result<(Vec<IncidentSummary>, Option<String>), DeskError> {
        if let Some(other) = state.filter(|s| !["open", "closed"].contains(s)) {
            return Err(DeskError::invalid("state", format!("expected open or closed, found {other:?}")));
        }
        let mut tx = self.read().await?;
        let chosen = self.chosen(&mut tx, who, Act::ReadIncidents, workflow).await?;
        let ids: Vec<String> = chosen.into_iter().map(|w| w.id).collect();
        let rows = incidents::list(&mut tx, &ids, state, page).await?;
        let next = (rows.len() as i64 == page.limit).then(|| rows.last().map(|r| cursor(&[r.seq]))).flatten();
        Ok((rows.into_iter().map(summary).collect(), next))
    }

    /// One incident with everything.
    pub async fn show_incident(&self, who: &Identity, id: &str) -> Result<IncidentView, DeskError> {
        let mut tx = self.read().await?;
        let row = incidents::get(&mut tx, id, false).await?.ok_or_else(|| DeskError::not_found("incident", id))?;
        self.require(who, Act::ReadIncidents, Some(&row.workflow_id), "read incidents")?;
        self.incident_view(&mut tx, id).await
    }

    /// A page of an incident's timeline, the latest first.
    pub async fn incident_entries(
        &self,
        who: &Identity,
        id: &str,
        page: &Page,
    ) -> Result<(Vec<EntryView>, Option<String>), DeskError> {
        let mut tx = self.read().await?;
        let row = incidents::get(&mut tx, id, false).await?.ok_or_else(|| DeskError::not_found("incident", id))?;
        self.require(who, Act::ReadIncidents, Some(&row.workflow_id), "read incidents")?;
        entries_of(&mut tx, id, page).await
    }

    /// Ticks a step of the runbook off, or takes the tick back.
    pub async fn tick_step(&self, who: &Identity, id: &str, n: i64, done: bool) -> Result<IncidentView, DeskError> {
        let now = self.now();
        let (mut tx, row) = self.open_one(who, id).await?;
        let steps = incidents::steps(&mut tx, id).await?;
        let step = steps.into_iter().find(|s| s.n == n);
        let step = step.ok_or_else(|| DeskError::not_found("step", format!("{n} of incident {id}")))?;
        if step.done_at.is_some() == done {
            return self.incident_view(&mut tx, id).await;
        }
        incidents::tick(&mut tx, id, n, done.then_some((now, &who.subject))).await?;
        let kind = if done { "ticked" } else { "unticked" };
        incidents::add_entry(&mut tx, id, now, &who.subject, kind, &step.text).await?;
        self.acted(tx, who, &row, "incident.step", json!({ "step": n, "done": done }), now).await
    }

    /// Adds a person's words to the timeline.
    pub async fn add_incident_entry(&self, who: &Identity, id: &str, text: &str) -> Result<IncidentView, DeskError> {
        let now = self.now();
        let text = typed("text", text, MAX_TEXT)?;
        let (mut tx, row) = self.open_one(who, id).await?;
        incidents::add_entry(&mut tx, id, now, &who.subject, "note", text).await?;
        self.acted(tx, who, &row, "incident.noted", json!({}), now).await
    }

    /// Writes what was learned, while the incident is open or afterwards; the last words stand.
    pub async fn set_incident_note(&self, who: &Identity, id: &str, note: &str) -> Result<IncidentView, DeskError> {
        let now = self.now();
        let note = typed("note", note, MAX_TEXT)?;
        let (mut tx, row) = self.one(who, id).await?;
        incidents::set_note(&mut tx, id, note, now, &who.subject).await?;
        self.acted(tx, who, &row, "incident.reviewed", json!({}), now).await
    }

    /// Closes an incident.
    pub async fn close_incident(&self, who: &Identity, id: &str) -> Result<IncidentView, DeskError> {
        let now = self.now();
        let mut tx = self.write().await?;
        let seen = incidents::get(&mut tx, id, false).await?.ok_or_else(|| DeskError::not_found("incident", id))?;
        self.require(who, Act::Incidents, Some(&seen.workflow_id), "close incidents")?;
        // A kill holds the workflow too: it adds to this incident before, or opens the next one after.
        workflows::get(&mut tx, &seen.workflow_id, Hold::Change).await?;
        let row = incidents::get(&mut tx, id, true).await?.unwrap_or(seen);
        if row.state != "open" {
            return Err(DeskError::invalid("state", "this incident is closed"));
        }
        incidents::close(&mut tx, id, now, &who.subject).await?;
        incidents::add_entry(&mut tx, id, now, &who.subject, "closed", "").await?;
        for alert in alerts::of_incident(&mut tx, id).await? {
            self.resolve_alert(&mut tx, &alert, now).await?;
        }
        self.acted(tx, who, &row, "incident.closed", json!({}), now).await
    }

    /// The whole incident as Markdown, with people's text made inert; it is on record.
    pub async fn export_incident(&self, who: &Identity, id: &str) -> Result<String, DeskError> {
        let mut tx = self.write().await?;
        let row = incidents::get(&mut tx, id, false).await?.ok_or_else(|| DeskError::not_found("incident", id))?;
        self.require(who, Act::ReadIncidents, Some(&row.workflow_id), "read incidents")?;
        let mut view = self.incident_view(&mut tx, id).await?;
        while let Some(page) = view.entries_cursor.as_deref().and_then(|c| Page::of(Some(c), Some(MAX_LIMIT))) {
            let (mut earlier, cursor) = entries_of(&mut tx, id, &page).await?;
            earlier.reverse();
            earlier.append(&mut view.entries);
            (view.entries, view.entries_cursor) = (earlier, cursor);
        }
        let (now, workflow) = (self.now(), Some(row.workflow_id.as_str()));
        record(&mut tx, now, who, "incident.exported", workflow, Some(id), json!({}));
        tx.commit().await?;
        Ok(export::markdown(&view))
    }

    async fn one(&self, who: &Identity, id: &str) -> Result<(Tx, IncidentRow), DeskError> {
        let mut tx = self.write().await?;
        let row = incidents::get(&mut tx, id, true).await?.ok_or_else(|| DeskError::not_found("incident", id))?;
        self.require(who, Act::Incidents, Some(&row.workflow_id), "work on incidents")?;
        Ok((tx, row))
    }

    async fn open_one(&self, who: &Identity, id: &str) -> Result<(Tx, IncidentRow), DeskError> {
        let (tx, row) = self.one(who, id).await?;
        if row.state == "open" { Ok((tx, row)) } else { Err(DeskError::invalid("state", "this incident is closed")) }
    }

    async fn acted(
        &self,
        mut tx: Tx,
        who: &Identity,
        row: &IncidentRow,
        act: &str,
        detail: serde_json::Value,
        now: Millis,
    ) -> Result<IncidentView, DeskError> {
        record(&mut tx, now, who, act, Some(&row.workflow_id), Some(&row.id), detail);
        let view = self.incident_view(&mut tx, &row.id).await?;
        tx.commit().await?;
        self.tell(ChangeKind::IncidentUpdated, &row.workflow_id, None).await;
        Ok(view)
    }

    async fn incident_view(&self, tx: &mut Tx, id: &str) -> Result<IncidentView, DeskError> {
        let row = incidents::get(tx, id, false).await?.ok_or_else(|| DeskError::not_found("incident", id))?;
        let steps = incidents::steps(tx, id).await?.into_iter().map(|s| StepView {
            n: s.n,
            section: s.section,
            text: s.text,
            done: s.done_at.is_some(),
            by: s.done_by,
            at: s.done_at.map(Millis),
        });
        let (mut entries, entries_cursor) = entries_of(tx, id, &Page { after: None, limit: MAX_LIMIT }).await?;
        entries.reverse();
        let version = self.version(tx, &row.workflow_id, row.version).await?;
        let messages = version.pack.incident.messages.iter();
        let messages = messages.map(|m| MessageView { name: m.name.clone(), text: m.text.clone() });
        Ok(IncidentView {
            steps: steps.collect(),
            messages: messages.collect(),
            entries,
            entries_cursor,
            note: row.note.clone(),
            note_at: row.note_at.map(Millis),
            note_by: row.note_by.clone(),
            summary: summary(row),
        })
    }
}

async fn entries_of(tx: &mut Tx, id: &str, page: &Page) -> Result<(Vec<EntryView>, Option<String>), DeskError> {
    let rows = incidents::entries(tx, id, page).await?;
    let next = page.next(&rows, |r| vec![r.seq]);
    let view = |e: incidents::EntryRow| EntryView { at: Millis(e.at), actor: e.actor, kind: e.kind, text: e.text };
    Ok((rows.into_iter().map(view).collect(), next))
}

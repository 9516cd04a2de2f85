//! Staging: drafts come in, are checked against the stored sources, and the review policy draws.

use crate::{ChangeKind, Desk, DeskError, Version, decide, deliver, new_id, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::citation::{self, Shelf, Stamp};
use countersign_domain::draft::{DraftBody, FieldError, Incoming, content_hash};
use countersign_domain::pack::Stage;
use countersign_domain::review;
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_store::drafts::{self, DraftRow};
use countersign_store::evidence::{self, Record};
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, leases, probes, sources, volumes};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineStatus {
    /// Staged, or sent straight on where the policy didn't select it.
    Created,
    /// This revision is here already; nothing changed.
    Duplicate,
    /// Not taken; see the error.
    Rejected,
}

/// What became of one row of an import.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LineResult {
    /// Its line, from 1.
    pub line: u64,
    /// The ticket, where it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The draft: the new one, or the one that was here already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What became of it.
    pub status: LineStatus,
    /// Whether an older revision of the same ticket, which nobody had decided on, made way for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub supersedes: bool,
    /// Why it was rejected; of a duplicate, what in it is not as in the draft that is here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<FieldError>,
}

impl LineResult {
    /// A rejected row.
    pub fn rejected(line: u64, external_id: Option<String>, error: FieldError) -> Self {
        let status = LineStatus::Rejected;
        Self { line, external_id, id: None, status, supersedes: false, error: Some(error) }
    }
}

/// One transaction stages at most this many rows, and about this many bytes of them: it keeps the one writer of SQLite,
/// which a kill waits for, for a few milliseconds.
const STRETCH_ROWS: usize = 500;
const STRETCH_BYTES: usize = 1 << 20;
/// How often rows whose sources keep changing are checked again.
pub(crate) const MAX_CHECKS: usize = 20;

/// A well-formed row with the costly part of its staging done, outside of any transaction.
pub struct Prepared {
    line: u64,
    incoming: Incoming,
    body: String,
    may_be_overdue: bool,
}

impl Prepared {
    /// Serialises the row the way it will be stored.
    pub fn of(line: u64, incoming: Incoming) -> Result<Self, LineResult> {
        match serde_json::to_string(&incoming.body) {
            Ok(body) => Ok(Self { line, incoming, body, may_be_overdue: false }),
            Err(e) => {
                let error = FieldError::new("", format!("can't be stored: {e}"));
                Err(LineResult::rejected(line, Some(incoming.external_id), error))
            }
        }
    }

    fn named(&self) -> Vec<&str> {
        self.incoming.body.named_sources()
    }

    /// The same, taken even if its deadline has passed: the demo shows what becomes of such drafts.
    pub(crate) fn even_overdue(self) -> Self {
        Self { may_be_overdue: true, ..self }
    }

    /// How long it is as it will be stored, in bytes.
    pub fn bytes(&self) -> usize {
        self.body.len()
    }
}

/// A row with what a look at its sources found, outside of any transaction.
pub(crate) struct Checked {
    row: Prepared,
    found: Option<Found>,
}

struct Found {
    version: Arc<Version>,
    checked: citation::Checked,
}

impl Found {
    /// Whether it is what a check now would find.
    fn holds(&self, version: &Version, now: &HashMap<String, Stamp>) -> bool {
        (self.version.number, self.version.revision) == (version.number, version.revision)
            && !citation::is_stale(&self.checked.checks, &version.pack, now)
    }
}

/// Takes as many rows off the front as one transaction stages.
pub(crate) fn stretch<T>(
    rows: &mut std::iter::Peekable<impl Iterator<Item = T>>,
    bytes: impl Fn(&T) -> usize,
) -> Vec<T> {
    let (mut taken, mut room) = (Vec::new(), STRETCH_BYTES);
    while taken.len() < STRETCH_ROWS
        && let Some(row) = rows.next_if(|row| taken.is_empty() || bytes(row) <= room)
    {
        room = room.saturating_sub(bytes(&row));
        taken.push(row);
    }
    taken
}

impl Desk {
    /// Stages rows, each workflow's in short transactions one after the other. `workflow` is for rows that name none; one
    /// that names another is refused: it may have got into the wrong file.
    pub async fn stage(
        &self,
        who: &Identity,
        workflow: Option<&str>,
        rows: Vec<Prepared>,
    ) -> Result<Vec<LineResult>, DeskError> {
        let mut by_workflow: BTreeMap<String, Vec<Prepared>> = BTreeMap::new();
        let mut results = Vec::with_capacity(rows.len());
        let fallback = match workflow {
            Some(id) => Some(id.to_owned()),
            None => self.only_workflow(who).await?,
        };
        for row in rows {
            if let Err(error) = agrees(workflow, &row.incoming) {
                results.push(LineResult::rejected(row.line, Some(row.incoming.external_id), error));
                continue;
            }
            match row.incoming.workflow.clone().or_else(|| fallback.clone()) {
                Some(workflow) => by_workflow.entry(workflow).or_default().push(row),
                None => {
                    let error = FieldError::new("workflow", "missing; say which workflow it is for");
                    results.push(LineResult::rejected(row.line, Some(row.incoming.external_id), error));
                }
            }
        }
        // Before the first of them is in.
        for workflow in by_workflow.keys() {
            self.require(who, Act::Stage, Some(workflow), "send drafts in")?;
        }
        for (workflow, rows) in by_workflow {
            let mut rows = rows.into_iter().peekable();
            let mut checked = self.check_ahead(&workflow, stretch(&mut rows, Prepared::bytes)).await?;
            while !checked.is_empty() {
                let next = stretch(&mut rows, Prepared::bytes);
                // The next ones are checked while these are written.
                let (staged, ahead) =
                    tokio::join!(self.stage_stretch(who, &workflow, checked), self.check_ahead(&workflow, next));
                results.extend(staged?);
                checked = ahead?;
            }
        }
        results.sort_by_key(|r| r.line);
        Ok(results)
    }

    /// Stages as many rows as one transaction takes.
    async fn stage_stretch(
        &self,
        who: &Identity,
        workflow: &str,
        rows: Vec<Checked>,
    ) -> Result<Vec<LineResult>, DeskError> {
        let (tx, results) = self.stage_checked(who, workflow, rows).await?;
        if let Some(tx) = tx {
            tx.commit().await?;
            self.tell(ChangeKind::DraftsStaged, workflow, None).await;
        }
        Ok(results)
    }

    /// Stages rows within a transaction that holds their workflow to add drafts, still to be committed; there is none
    /// without the workflow. Rows whose sources have changed since they were checked are checked again before it.
    pub(crate) async fn stage_checked(
        &self,
        who: &Identity,
        workflow: &str,
        mut rows: Vec<Checked>,
    ) -> Result<(Option<Tx>, Vec<LineResult>), DeskError> {
        for _ in 0..MAX_CHECKS {
            let mut tx = self.write().await?;
            let Some(found) = workflows::get(&mut tx, workflow, Hold::Add).await? else {
                let error = FieldError::new("workflow", format!("no workflow {workflow:?} here"));
                let refused =
                    |Checked { row: r, .. }| LineResult::rejected(r.line, Some(r.incoming.external_id), error.clone());
                return Ok((None, rows.into_iter().map(refused).collect()));
            };
            match self.stage_in(&mut tx, who, &found, rows).await? {
                Ok(results) => return Ok((Some(tx), results)),
                Err(stale) => rows = stale,
            }
            drop(tx);
            rows = self.check(workflow, rows).await?;
        }
        Err(DeskError::SourcesChanging)
    }

    /// Checks rows against the sources that they name before anything is held for them: it takes a while.
    pub(crate) async fn check_ahead(&self, workflow: &str, rows: Vec<Prepared>) -> Result<Vec<Checked>, DeskError> {
        self.check(workflow, rows.into_iter().map(|row| Checked { row, found: None }).collect()).await
    }

    /// Checks those of the rows that aren't.
    async fn check(&self, workflow: &str, rows: Vec<Checked>) -> Result<Vec<Checked>, DeskError> {
        if rows.is_empty() {
            return Ok(rows);
        }
        let mut tx = self.read().await?;
        let Some(found) = workflows::get(&mut tx, workflow, Hold::Look).await? else { return Ok(rows) };
        let version = self.version(&mut tx, workflow, found.version).await?;
        let unchecked = rows.iter().filter(|r| r.found.is_none());
        let named: Vec<&str> = unchecked.flat_map(|r| r.row.named()).collect();
        let stored = sources::named(&mut tx, workflow, &named).await?;
        drop(tx);
        let check = move || {
            let shelf = Shelf::from(stored);
            let of = |Checked { row, found }: Checked| {
                let checked = || citation::check(&row.incoming.body, &version.pack, &shelf);
                let found = found.unwrap_or_else(|| Found { version: version.clone(), checked: checked() });
                Checked { row, found: Some(found) }
            };
            rows.into_iter().map(of).collect()
        };
        let done = tokio::task::spawn_blocking(check).await;
        done.map_err(|e| DeskError::Setup(format!("the drafts can't be checked: {e}")))
    }

    async fn only_workflow(&self, who: &Identity) -> Result<Option<String>, DeskError> {
        let all = workflows::list(&mut self.read().await?, Hold::Look).await?;
        let scope = who.scope(Act::Stage);
        let mut mine = all.into_iter().map(|w| w.id).filter(|id| scope.includes(id));
        let first = mine.next();
        Ok(if mine.next().is_some() { None } else { first })
    }

    /// Stages one workflow's rows within a transaction that holds it to add drafts. If the pack or a source has changed
    /// since they were checked, nothing is done: it gives them back, without what was found of those.
    async fn stage_in(
        &self,
        tx: &mut Tx,
        who: &Identity,
        workflow: &WorkflowRow,
        mut rows: Vec<Checked>,
    ) -> Result<Result<Vec<LineResult>, Vec<Checked>>, DeskError> {
        let version = self.version(tx, &workflow.id, workflow.version).await?;
        let now = self.now();
        let stage: Stage = workflow.stage.parse().unwrap_or(Stage::Internal);
        let tickets: Vec<&str> = rows.iter().map(|r| r.row.incoming.external_id.as_str()).collect();
        let named: Vec<&str> = rows.iter().flat_map(|r| r.row.named()).collect();
        sources::hold(tx, &named, false).await?;
        let stored = if named.is_empty() { HashMap::new() } else { sources::stamps(tx, &workflow.id, &named).await? };
        let holds = |r: &Checked| r.found.as_ref().is_some_and(|f| f.holds(&version, &stored));
        if !rows.iter().all(holds) {
            for row in rows.iter_mut().filter(|row| !holds(row)) {
                row.found = None;
            }
            return Ok(Err(rows));
        }
        // The floor is fixed before anything is known of the drafts that it is for.
        let rates = self.rates_now(tx, workflow, &version, stage, now).await?;
        evidence::keep_floor(tx, &workflow.id, workflow.version, &workflow.stage, rates.floor).await?;
        let mut known: HashMap<String, Vec<drafts::Known>> = HashMap::new();
        for k in drafts::known(tx, &workflow.id, &tickets).await? {
            if k.probe == 1 {
                probes::rename(tx, k.seq).await?;
                continue;
            }
            known.entry(k.external_id.clone()).or_default().push(k);
        }
        let mut numbers = drafts::take_numbers(tx, rows.len() as i64).await?.into_iter();

        let mut batch = Batch { results: Vec::with_capacity(rows.len()), ..Batch::default() };
        for Checked { row, found } in rows {
            let ticket = known.entry(row.incoming.external_id.clone()).or_default();
            if let Some(same) = ticket.iter().find(|k| k.revision == row.incoming.revision) {
                let error = unlike(tx, same, &row, &batch).await?;
                batch.report(&row, same.id.clone(), LineStatus::Duplicate, false, error);
                continue;
            }
            let overdue = || overdue(&row, now);
            if let Some(error) = unfit(&row.incoming, ticket, &version, stage).or_else(overdue) {
                batch.results.push(LineResult::rejected(row.line, Some(row.incoming.external_id), error));
                continue;
            }
            let Some(seq) = numbers.next() else { break };
            let Some(Found { checked, .. }) = found else { break };
            let citation::Checked { checks, marks, high_risk } = checked;
            let rate = if high_risk { rates.high } else { rates.low };
            let draw = review::draw(
                &version.seed,
                &row.incoming.external_id,
                &row.incoming.revision,
                rate,
                version.pack.review.double_rate,
            );
            let mut superseded = false;
            for older in ticket.iter_mut() {
                if matches!(older.state.as_str(), "staged" | "in_review") {
                    superseded = true;
                    older.state = State::Superseded.as_str().to_owned();
                    // One of this very batch isn't stored yet.
                    match batch.rows.iter_mut().find(|r| r.seq == older.seq) {
                        Some(mine) => State::Superseded.as_str().clone_into(&mut mine.state),
                        None => batch.overtaken.push(older.seq),
                    }
                }
            }
            let id = new_id();
            let state = if draw.selected { State::Staged } else { State::Unreviewed };
            let draft = DraftRow {
                seq,
                id: id.clone(),
                workflow_id: workflow.id.clone(),
                version: workflow.version,
                stage: workflow.stage.clone(),
                external_id: row.incoming.external_id.clone(),
                revision: row.incoming.revision.clone(),
                state: state.as_str().to_owned(),
                subject: row.incoming.body.subject(),
                customer: row.incoming.body.customer(),
                marks: marks.0,
                risk: high_risk.into(),
                probability: draw.probability,
                floor: rates.floor,
                selected: draw.selected.into(),
                double_read: draw.double.into(),
                staged_at: now.0,
                expires_at: deadline(row.incoming.expires_at, now, &version).0,
                fence: 0,
                content_hash: content_hash(&row.body, &checks),
                // Plain structs; serialising them can't fail.
                checks: serde_json::to_string(&checks).unwrap_or_default(),
                body: String::new(),
                probe: None,
                probe_for: None,
                probe_place: None,
                rescued: 0,
                may_have_reached: 0,
                erased_at: None,
            };
            ticket.push(drafts::Known {
                external_id: draft.external_id.clone(),
                revision: draft.revision.clone(),
                seq,
                id: id.clone(),
                state: draft.state.clone(),
                probe: 0,
                // Looked up in the batch for as long as it isn't stored.
                body_hash: None,
            });
            batch.citations.extend(row.named().into_iter().map(|s| (s.to_owned(), seq)));
            batch.report(&row, id, LineStatus::Created, superseded, None);
            if let Some(cost) = row.incoming.body.cost_micro_usd() {
                let of = batch.costs.entry(draw.probability.to_bits()).or_default();
                of.0 += 1;
                of.1 += cost;
            }
            if !draw.selected && version.pack.delivery.is_some() {
                batch.straight_on.push((seq, id_text(&draft), row.incoming.body.draft.text.clone()));
            }
            batch.rows.push(DraftRow { body: row.body, ..draft });
        }
        self.store_batch(tx, who, workflow, now, batch).await.map(Ok)
    }

    async fn store_batch(
        &self,
        tx: &mut Tx,
        who: &Identity,
        workflow: &WorkflowRow,
        now: Millis,
        mut batch: Batch,
    ) -> Result<Vec<LineResult>, DeskError> {
        // In the same order in every batch: two that overtake the same drafts don't wait for each other.
        batch.overtaken.sort_unstable();
        for seq in &batch.overtaken {
            supersede(tx, *seq, now).await?;
        }
        if batch.rows.is_empty() {
            return Ok(batch.results);
        }
        drafts::insert(tx, &batch.rows).await?;
        sources::note_citations(tx, &batch.citations).await?;
        let mut states: BTreeMap<&str, i64> = BTreeMap::new();
        let mut record_counts: HashMap<(u64, &str), i64> = HashMap::new();
        // One batch is staged under one floor.
        let floor = batch.rows.first().map_or(1.0, |row| row.floor);
        let mut hash = Sha256::new();
        for row in &batch.rows {
            volumes::add(tx, &workflow.id, row.risk, now, 1);
            *states.entry(&row.state).or_default() += 1;
            *record_counts.entry((row.probability.to_bits(), "staged")).or_default() += 1;
            let fate = match row.state()? {
                State::Unreviewed => Some("unreviewed"),
                State::Superseded => Some("superseded"),
                _ => None,
            };
            if let Some(fate) = fate {
                *record_counts.entry((row.probability.to_bits(), fate)).or_default() += 1;
            }
            hash.update(&row.content_hash);
        }
        for (state, n) in states {
            if let Some(state) = State::parse(state) {
                drafts::count(tx, &workflow.id, state, n);
            }
        }
        for (bits, (drafts, micro_usd)) in &batch.costs {
            record_counts.insert((*bits, "costed"), *drafts);
            record_counts.insert((*bits, "cost_micro_usd"), *micro_usd);
        }
        for ((bits, outcome), n) in record_counts {
            let of = Record {
                workflow: &workflow.id,
                version: workflow.version,
                stage: &workflow.stage,
                probability: f64::from_bits(bits),
                floor,
                staged_at: now,
                rescued: false,
            };
            evidence::add(tx, of, outcome, now, n);
        }
        for (seq, (external_id, revision, draft_id), text) in &batch.straight_on {
            let data = json!({ "workflow": workflow.id, "external_id": external_id, "revision": revision,
                               "draft_id": draft_id, "action": "not_selected", "text": text });
            let drawn = deliver::Behind::Draw { under: &workflow.recalled_by };
            deliver::enqueue(tx, &workflow.id, Some(*seq), external_id, drawn, "reply.ready", now, now, data).await?;
        }
        let rejected = batch.results.iter().filter(|r| r.status == LineStatus::Rejected).count();
        let detail = json!({
            "drafts": batch.rows.len(), "superseded": batch.overtaken.len(), "rejected": rejected,
            "first": batch.rows.first().map(|r| &r.id), "last": batch.rows.last().map(|r| &r.id),
            "content_sha256": hex::encode(hash.finalize()),
        });
        record(tx, now, who, "drafts.staged", Some(&workflow.id), None, detail);
        Ok(batch.results)
    }
}

#[derive(Default)]
struct Batch {
    rows: Vec<DraftRow>,
    citations: Vec<(String, i64)>,
    overtaken: Vec<i64>,
    straight_on: Vec<(i64, (String, String, String), String)>,
    /// How many drafts said what they cost, and the sum in millionths of a dollar, by the bits of the probability.
    costs: HashMap<u64, (i64, i64)>,
    results: Vec<LineResult>,
}

impl Batch {
    fn report(&mut self, row: &Prepared, id: String, status: LineStatus, supersedes: bool, error: Option<FieldError>) {
        let external_id = Some(row.incoming.external_id.clone());
        self.results.push(LineResult { line: row.line, external_id, id: Some(id), status, supersedes, error });
    }
}

fn id_text(d: &DraftRow) -> (String, String, String) {
    (d.external_id.clone(), d.revision.clone(), d.id.clone())
}

/// Refuses a row that names another workflow than the one it was sent to.
pub(crate) fn agrees(workflow: Option<&str>, incoming: &Incoming) -> Result<(), FieldError> {
    match (workflow, incoming.workflow.as_deref()) {
        (Some(asked), Some(named)) if asked != named => Err(FieldError::new(
            "workflow",
            format!("this draft is for {named:?}, but was sent to {asked:?}; send it there, or leave its workflow out"),
        )),
        _ => Ok(()),
    }
}

/// What in a row of a revision that is here already is not as it was: the row changes nothing, and its sender may not
/// expect that.
async fn unlike(
    tx: &mut Tx,
    same: &drafts::Known,
    row: &Prepared,
    batch: &Batch,
) -> Result<Option<FieldError>, DeskError> {
    if same.came_as(&row.body) {
        return Ok(None);
    }
    let stored = match batch.rows.iter().rfind(|r| r.seq == same.seq) {
        Some(mine) => Some(mine.body.clone()),
        None => drafts::stored_body(tx, same.seq).await?,
    };
    // One that was erased, or that can't be read any more, can't be compared.
    let stored: Option<DraftBody> = stored.and_then(|body| serde_json::from_str(&body).ok());
    let part = stored.and_then(|stored| row.incoming.body.differs_from(&stored));
    Ok(part.map(|part| {
        let revision = &row.incoming.revision;
        let message = format!(
            "differs from the draft that is here as revision {revision:?}, which was kept as it is; send a change under a newer revision"
        );
        FieldError::new(part, message)
    }))
}

/// A deadline that has passed is refused: the draft would expire at once, and count as left undecided.
fn overdue(row: &Prepared, now: Millis) -> Option<FieldError> {
    let at = row.incoming.expires_at.filter(|at| *at <= now && !row.may_be_overdue)?;
    let message = format!("{at} has passed; expected a time after {now}, or none for the deadline that the pack gives");
    Some(FieldError::new("expires_at", message))
}

/// Why a well-formed draft isn't taken all the same.
fn unfit(incoming: &Incoming, ticket: &[drafts::Known], version: &Version, stage: Stage) -> Option<FieldError> {
    let number = |s: &str| s.parse::<u64>().ok();
    if let Some(mine) = number(&incoming.revision)
        && let Some(newest) = ticket.iter().filter_map(|k| number(&k.revision)).max()
        && mine < newest
    {
        return Some(FieldError::new(
            "revision",
            format!("revision {newest} of this ticket is here already, found the older {mine}"),
        ));
    }
    let audience = incoming.body.audience.as_ref()?;
    (!version.pack.admits(stage, audience))
        .then(|| FieldError::new("audience", format!("not admitted at the stage {stage} of this workflow")))
}

/// A draft's own deadline as it is; else the pack's, on the full hour, so that within an hour risk comes before age.
pub(crate) fn deadline(own: Option<Millis>, now: Millis, version: &Version) -> Millis {
    own.unwrap_or_else(|| now.plus_seconds(i64::from(version.pack.review.expires_hours) * 3600).hour_ceil())
}

/// A newer revision came in: the draft leaves the queue, whoever holds it is told by the next thing they do.
async fn supersede(tx: &mut Tx, seq: i64, now: Millis) -> Result<(), DeskError> {
    let Some(mut draft) = drafts::by_seq(tx, seq).await? else { return Ok(()) };
    if !draft.state()?.is_open() {
        return Ok(());
    }
    for lease in leases::of_draft(tx, seq).await? {
        leases::end(tx, &lease.id, now, "voided").await?;
    }
    drafts::shift(tx, &mut draft, State::Superseded).await?;
    evidence::add(tx, decide::record_of(&draft), "superseded", now, 1);
    Ok(())
}

//! Lists: drafts, and what I did today.

use crate::reads::searched;
use crate::view::sees_verdicts;
use crate::{Desk, DeskError, Vigilance};
use countersign_domain::access::{Act, Grant, Identity};
use countersign_domain::draft::{asked_at, ticket_names, waiting_since};
use countersign_domain::mark::{Mark, Marks};
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_store::page::{Page, cursor};
use countersign_store::search::{self, Filter, ListRow, Sort};
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, drafts, escalations, probes, second_reviews, verdicts};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// How long a search indexes what has just come in, at the most.
const CATCH_UP: std::time::Duration = std::time::Duration::from_millis(500);

/// A draft as a list shows it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DraftSummary {
    /// Its id.
    pub id: String,
    /// The workflow.
    pub workflow: String,
    /// The workflow's version at staging.
    pub version: i64,
    /// The ticket.
    pub external_id: String,
    /// The ticket's revision.
    pub revision: String,
    /// Where it stands.
    pub state: State,
    /// What the customer wants, in a line.
    pub subject: String,
    /// The customer.
    pub customer: Option<String>,
    /// Doubts, the gravest first.
    pub marks: Vec<&'static str>,
    /// `high` with any doubt, else `normal`.
    pub risk: &'static str,
    /// When it came in.
    pub staged_at: Millis,
    /// Since when the customer waits: the time of their last message, or of the staging where that has none.
    pub waiting_since: Millis,
    /// Its deadline.
    pub expires_at: Millis,
    /// When its texts were erased, as the pack says how long they are kept: what is left of it is this row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<Millis>,
    /// `you`, or who holds it.
    pub held_by: Option<String>,
    /// Where its escalation stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalation: Option<EscalationMark>,
}

/// Where a draft's escalation stands.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct EscalationMark {
    /// Its id.
    pub id: String,
    /// To whom it went.
    pub to: String,
    /// Who took it.
    pub owner: Option<String>,
    /// `open` or `settled`.
    pub state: String,
}

impl EscalationMark {
    pub(crate) fn of(e: escalations::EscalationRow) -> Self {
        Self { id: e.id, to: e.route, owner: e.owner, state: e.state }
    }
}

/// A page of drafts.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DraftList {
    /// The rows.
    pub drafts: Vec<DraftSummary>,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many there are in all, where the counts know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// Drafts are still being indexed, after an upgrade or a large import: a search may find more of them soon.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub indexing: bool,
}

/// Which drafts are asked for.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DraftListQuery {
    /// Workflows, separated by commas; all that you may read if it is left out.
    pub workflow: Option<String>,
    /// States, separated by commas.
    pub state: Option<String>,
    /// With this mark.
    pub mark: Option<String>,
    /// Held or decided by this person; `me` is you.
    pub reviewer: Option<String>,
    /// Words that it holds.
    pub q: Option<String>,
    /// Of this ticket, every revision of it: by its `external_id`, or by its number as screens show it, so that `1043`
    /// and `ticket 1043` are `ticket-1043` too.
    pub ticket: Option<String>,
    /// Of this customer, by the name as it came.
    pub customer: Option<String>,
    /// `deadline` (the order of the queue) or `newest`.
    pub sort: Option<String>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// Rows a page, at most 200.
    pub limit: Option<i64>,
}

/// Who I am here.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Me {
    /// The name I act under.
    pub subject: String,
    /// My roles.
    pub grants: Vec<Grant>,
    /// The escalation routes I answer for.
    pub routes: Vec<String>,
    /// The owner of an embedded hub has every role.
    pub owner: bool,
    /// My day.
    pub today: Today,
    /// Where I missed too many drafts with a known fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vigilance: Vec<Vigilance>,
}

/// What I decided since midnight UTC.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Today {
    /// Standing verdicts.
    pub decided: i64,
    /// Median time spent.
    pub median_seconds: Option<f64>,
    /// Share sent as they were.
    pub as_is: Option<f64>,
    /// Withdrawn verdicts.
    pub withdrawn: i64,
}

impl Desk {
    /// A page of drafts.
    pub async fn list_drafts(&self, who: &Identity, query: &DraftListQuery) -> Result<DraftList, DeskError> {
        let sort = match query.sort.as_deref() {
            None | Some("deadline") => Sort::Deadline,
            Some("newest") => Sort::Newest,
            Some(other) => {
                return Err(DeskError::invalid("sort", format!("expected deadline or newest, found {other:?}")));
            }
        };
        let page = Page::of(query.cursor.as_deref(), query.limit)
            .ok_or_else(|| DeskError::invalid("cursor", "not a cursor of this list"))?;
        let mark = match query.mark.as_deref().filter(|m| !m.is_empty()) {
            None => None,
            Some(word) => {
                Some(Mark::parse(word).ok_or_else(|| DeskError::invalid("mark", format!("no mark {word:?}")))?.bit())
            }
        };
        let mut states = Vec::new();
        for word in words(query.state.as_deref()) {
            states.push(State::parse(word).ok_or_else(|| DeskError::invalid("state", format!("no state {word:?}")))?);
        }
        let words = query.q.as_deref().map(search::words).unwrap_or_default();
        let customer = query.customer.clone().filter(|c| !c.is_empty());
        let tickets = query.ticket.as_deref().map(ticket_names).unwrap_or_default();
        let indexing = !words.is_empty() && !self.catch_up_words().await?;
        let mut tx = self.browse().await?;
        let chosen = self.chosen(&mut tx, who, Act::ReadDrafts, query.workflow.as_deref()).await?;
        let reviewer =
            query.reviewer.clone().filter(|r| !r.is_empty()).map(|r| if r == "me" { who.subject.clone() } else { r });
        let counted =
            mark.is_none() && reviewer.is_none() && words.is_empty() && tickets.is_empty() && customer.is_none();

        // Who may yet be asked for a blind second review can't find out the verdict by asking for it either, nor by
        // where a page ends: such rows are left out before the page is cut.
        let by_verdict = reviewer.is_some() || !states.is_empty();
        let blind: Vec<String> =
            chosen.iter().map(|w| w.id.clone()).filter(|id| by_verdict && !sees_verdicts(who, id)).collect();
        let mut rows: Vec<(ListRow, bool)> = Vec::new();
        let mut total = 0;
        for (killed, asked) in [(false, State::Staged), (true, State::Frozen)] {
            let workflows: Vec<String> =
                chosen.iter().filter(|w| w.killed_at.is_some() == killed).map(|w| w.id.clone()).collect();
            // What is stored as staged is frozen while its workflow is killed, and only then.
            let stored: Vec<State> = states
                .iter()
                .copied()
                .filter(|s| !matches!(s, State::Staged | State::Frozen) || *s == asked)
                .map(|s| if s == State::Frozen { State::Staged } else { s })
                .collect();
            if workflows.is_empty() || (stored.is_empty() && !states.is_empty()) {
                continue;
            }
            if counted {
                for workflow in &workflows {
                    let mut counts = self.counts_for(&mut tx, who, workflow).await?;
                    counts.extend(probes::counts(&mut tx, workflow, &who.subject).await?);
                    total += counts
                        .iter()
                        .filter(|(s, _)| stored.is_empty() || stored.contains(s))
                        .map(|(_, n)| n)
                        .sum::<i64>();
                }
            }
            let filter = Filter {
                workflows,
                states: stored,
                mark,
                reviewer: reviewer.clone(),
                words: words.clone(),
                tickets: tickets.clone(),
                customer: customer.clone(),
                blind: blind.clone(),
                viewer: who.subject.clone(),
                sort,
            };
            rows.extend(search::list(&mut tx, &filter, &page).await?.into_iter().map(|r| (r, killed)));
        }
        match sort {
            Sort::Deadline => rows.sort_by_key(|(r, _)| (r.expires_at, -r.risk, r.seq)),
            Sort::Newest => rows.sort_by_key(|(r, _)| -r.seq),
        }
        rows.truncate(page.limit as usize);
        let next_cursor = (rows.len() as i64 == page.limit)
            .then(|| rows.last().map(|(r, _)| cursor(&search::key(r, sort))))
            .flatten();
        let ids: Vec<&str> = rows.iter().map(|(r, _)| r.id.as_str()).collect();
        let bodies = drafts::bodies(&mut tx, &ids).await?;
        let mut out = Vec::with_capacity(rows.len());
        for (row, killed) in rows {
            let state = State::parse(&row.state).unwrap_or(State::Staged);
            let blind = row.probe == 0 && self.is_blind(&mut tx, who, &row.workflow_id, row.seq, state).await?;
            let asked = bodies.get(&row.id).and_then(|body| asked_at(body));
            out.push(self.summary(&mut tx, who, row, asked, killed, blind).await?);
        }
        drop(tx);
        let filter = json!({
            "workflow": query.workflow, "state": query.state, "mark": query.mark, "reviewer": reviewer, "ticket": query.ticket,
            "customer": customer.map(|_| true), "words": searched(query.q.as_deref()), "sort": query.sort,
        });
        self.note_read(who, "drafts.listed", filter).await?;
        Ok(DraftList { drafts: out, next_cursor, total: counted.then_some(total), indexing })
    }

    async fn summary(
        &self,
        tx: &mut Tx,
        who: &Identity,
        row: ListRow,
        asked: Option<Millis>,
        killed: bool,
        blind: bool,
    ) -> Result<DraftSummary, DeskError> {
        let stored = State::parse(&row.state).unwrap_or(State::Staged);
        let escalation = match stored {
            State::Escalated if row.probe == 1 => self.probe_escalation(tx, &row.id).await?,
            State::Escalated if !blind => escalations::of_draft(tx, row.seq).await?,
            _ => None,
        };
        Ok(DraftSummary {
            id: row.id,
            workflow: row.workflow_id,
            version: row.version,
            external_id: row.external_id,
            revision: row.revision,
            state: match stored {
                _ if blind => State::Staged,
                State::Staged if killed => State::Frozen,
                state => state,
            },
            subject: row.subject,
            customer: row.customer,
            marks: Marks(row.marks).words(),
            risk: if row.risk == 0 { "normal" } else { "high" },
            staged_at: Millis(row.staged_at),
            waiting_since: waiting_since(asked, Millis(row.staged_at)),
            expires_at: Millis(row.expires_at),
            erased_at: row.erased_at.map(Millis),
            held_by: row.holder.map(|h| if h == who.subject { "you".to_owned() } else { h }),
            escalation: escalation.map(EscalationMark::of),
        })
    }

    /// How many drafts are in each state, as this person may know it: what waits for a second review that they may be
    /// asked for counts as staged, as it looks to them.
    pub(crate) async fn counts_for(
        &self,
        tx: &mut Tx,
        who: &Identity,
        workflow: &str,
    ) -> Result<Vec<(State, i64)>, DeskError> {
        let mut counts = drafts::counts(tx, workflow).await?;
        if !sees_verdicts(who, workflow) {
            for (state, n) in second_reviews::hidden(tx, workflow, &who.subject).await? {
                let state = State::parse(&state).unwrap_or(State::Staged);
                counts.extend([(state, -n), (State::Staged, n)]);
            }
        }
        Ok(counts)
    }

    /// The workflows that are asked for, as far as this identity may.
    pub(crate) async fn chosen(
        &self,
        tx: &mut Tx,
        who: &Identity,
        act: Act,
        asked: Option<&str>,
    ) -> Result<Vec<WorkflowRow>, DeskError> {
        let all = workflows::list(tx, Hold::Look).await?;
        let asked = words(asked);
        for id in &asked {
            if !all.iter().any(|w| w.id == *id) {
                return Err(DeskError::not_found("workflow", *id));
            }
            self.require(who, act, Some(id), "read this")?;
        }
        let scope = who.scope(act);
        Ok(all
            .into_iter()
            .filter(|w| scope.includes(&w.id) && (asked.is_empty() || asked.contains(&w.id.as_str())))
            .collect())
    }

    /// Who I am, and my day.
    pub async fn me(&self, who: &Identity) -> Result<Me, DeskError> {
        const DAY: i64 = 86_400_000;
        let midnight = Millis(self.now().0.div_euclid(DAY) * DAY);
        let mut tx = self.read().await?;
        let rows = verdicts::since(&mut tx, &who.subject, midnight).await?;
        let vigilance = self.vigilance(&mut tx, who).await?;
        let standing: Vec<_> = rows.iter().filter(|(_, _, withdrawn)| *withdrawn == 0).collect();
        let mut seconds: Vec<f64> = standing.iter().map(|(s, _, _)| *s).collect();
        seconds.sort_by(f64::total_cmp);
        let as_is = standing.iter().filter(|(_, action, _)| action == "approve").count();
        Ok(Me {
            subject: who.subject.clone(),
            grants: who.grants.clone(),
            routes: who.routes.clone(),
            owner: who.owner,
            today: Today {
                decided: standing.len() as i64,
                median_seconds: seconds.get(seconds.len() / 2).copied(),
                as_is: (!standing.is_empty()).then(|| as_is as f64 / standing.len() as f64),
                withdrawn: (rows.len() - standing.len()) as i64,
            },
            vigilance,
        })
    }

    /// Indexes what has just come in before a search, as far as that is quick. Answers whether that was all.
    pub(crate) async fn catch_up_words(&self) -> Result<bool, DeskError> {
        let began = std::time::Instant::now();
        for _ in 0..8 {
            if began.elapsed() > CATCH_UP {
                break;
            }
            if self.inner.store.index_words(250).await? < 250 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn words(list: Option<&str>) -> Vec<&str> {
    list.unwrap_or_default().split(',').map(str::trim).filter(|w| !w.is_empty()).collect()
}

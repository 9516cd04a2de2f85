//! How fast a workflow's failure budget burns: read, watched, and what freezes a promotion.

use crate::alert::Raised;
use crate::view::sees_verdicts;
use crate::{ChangeKind, Desk, DeskError, deliver, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::burn::{self, Action, BudgetState, Burn, Counts};
use countersign_domain::evidence;
use countersign_domain::gate::Status;
use countersign_domain::pack::{FailureRate, Pack};
use countersign_domain::time::Millis;
use countersign_store::slots::{self, SLOT_MS, SlotCount};
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, alerts, evidence as stored};
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;

// Each rule looks at two windows, and the store tells all of them apart.
const _: () = assert!(burn::RULES.len() * 2 <= slots::SPANS);
const DAY_MS: i64 = 86_400_000;
/// How long verdicts are kept by five minutes where a pack has no budget, in days.
const KEPT_DAYS: i64 = 28;

/// How a workflow's failure budget stands.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = BudgetBurn)]
pub struct BurnView {
    /// The rate's name.
    pub rate: String,
    /// Its limit: the budget.
    pub budget: f64,
    /// The budget's window.
    pub window_days: u32,
    /// The share of the window's budget that is left; below 0 when it is overdrawn.
    pub remaining: f64,
    /// How the budget stands at the gate.
    pub state: BudgetState,
    /// The gate's answer to that.
    pub status: Status,
    /// The version in force.
    pub version: i64,
    /// The stage it is at.
    pub stage: String,
    /// What that version's drafts at that stage spent: what the gate counts.
    pub here: BudgetSpent,
    /// What the whole workflow spent, every version and stage: what `remaining`, `days` and the rules count.
    pub whole: BudgetSpent,
    /// The first day of the window on which anything was reviewed, UTC; none without a review.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// What was left of it at the end of each day of the window, UTC, oldest first.
    #[schema(value_type = Vec<(String, f64)>)]
    pub days: Vec<(String, f64)>,
    /// The rules.
    pub rules: Vec<BurnRule>,
    /// Why nothing may be promoted now: a rule that pages is firing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freeze: Option<String>,
}

/// What was spent of a budget within its window.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct BudgetSpent {
    /// Drafts reviewed.
    pub reviewed: i64,
    /// Failures among them.
    pub failures: i64,
    /// The estimated failure rate, divided by the budget: above 1 it is more than there is.
    pub spent: f64,
    /// How the budget stands by that alone.
    pub state: BudgetState,
}

impl BudgetSpent {
    fn of(counts: &Counts, budget: f64) -> Self {
        let Counts { reviewed, failures, .. } = *counts;
        Self { reviewed, failures, spent: counts.rate() / budget, state: counts.state(budget) }
    }
}

/// How a burn rule stands.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct BurnRule {
    /// `1h/5m`.
    pub name: String,
    /// The long window, in seconds.
    pub long: i64,
    /// The short window, in seconds.
    pub short: i64,
    /// It fires when both windows burn at least this fast.
    pub threshold: f64,
    /// The burn over the long window.
    pub burn_long: f64,
    /// The burn over the short window.
    pub burn_short: f64,
    /// `page`, which freezes promotions too, or `notify`.
    pub action: String,
    /// Whether it fires.
    pub firing: bool,
    /// Whether it could never fire: the burn can't exceed 1 divided by the budget.
    pub impossible: bool,
    /// Why it says nothing, if it doesn't.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silent: Option<String>,
}

impl BurnRule {
    fn of(b: Burn) -> Self {
        Self {
            name: b.rule.name(),
            long: b.rule.long_s,
            short: b.rule.short_s,
            threshold: b.threshold,
            burn_long: b.long,
            burn_short: b.short,
            action: b.rule.action.as_str().to_owned(),
            firing: b.firing,
            impossible: b.impossible,
            silent: b.silent,
        }
    }
}

/// Verdicts, each with whether it is a failure.
type Judged = Vec<(SlotCount, bool)>;

/// A pack's budget: the rate that it is of, and its window.
struct Budget<'a> {
    pack: &'a Pack,
    rate: &'a FailureRate,
    window_days: u32,
}

impl<'a> Budget<'a> {
    fn of(pack: &'a Pack) -> Option<Self> {
        let budget = pack.failure_budget.as_ref()?;
        // A pack in which the budget names no rate doesn't pass its check.
        let rate = pack.gate.rates.iter().find(|r| r.name == budget.rate)?;
        Some(Self { pack, rate, window_days: budget.window_days })
    }

    /// When its window begins.
    fn begins(&self, now: Millis) -> i64 {
        now.0 - i64::from(self.window_days) * DAY_MS
    }

    fn judged(&self, slots: Vec<SlotCount>) -> Judged {
        slots
            .into_iter()
            .map(|s| {
                let failed = evidence::fails(self.rate, &s.outcome, self.pack);
                (s, failed)
            })
            .collect()
    }

    /// How the rules stand.
    async fn rules(&self, tx: &mut Tx, workflow: &str, now: Millis) -> Result<Vec<Burn>, DeskError> {
        let begins = self.begins(now);
        let first = |seconds: i64| slots::slot(Millis((now.0 - seconds * 1_000).max(begins)));
        let mut firsts: Vec<i64> = burn::RULES.iter().flat_map(|r| [first(r.long_s), first(r.short_s)]).collect();
        firsts.sort_unstable();
        let spent = self.judged(slots::spans(tx, workflow, &firsts).await?);
        let judge = |rule: burn::Rule| {
            let (long, short) = (since(&spent, first(rule.long_s)), since(&spent, first(rule.short_s)));
            burn::judge(rule, self.rate.max, self.window_days, &long, &short)
        };
        Ok(burn::RULES.into_iter().map(judge).collect())
    }

    /// The budget of the whole window, spent day by day.
    async fn days(&self, tx: &mut Tx, workflow: &str, now: Millis) -> Result<Days, DeskError> {
        let spent = self.judged(slots::days(tx, workflow, slots::slot(Millis(self.begins(now)))).await?);
        let whole = since(&spent, i64::MIN);
        let mut failed: BTreeMap<i64, f64> = BTreeMap::new();
        for (slot, _) in spent.iter().filter(|(_, failed)| *failed) {
            *failed.entry(slot.slot * SLOT_MS / DAY_MS).or_default() += slot.n as f64 / slot.probability;
        }
        let since = spent.iter().map(|(slot, _)| slot.slot).min().map(|slot| date(slot * SLOT_MS));
        let today = now.0.div_euclid(DAY_MS);
        let first = today - i64::from(self.window_days);
        let mut spent = 0.0;
        let left = |day: i64| {
            spent += failed.get(&day).copied().unwrap_or_default();
            let share = if whole.weight > 0.0 { spent / (whole.weight * self.rate.max) } else { 0.0 };
            (date(day * DAY_MS), 1.0 - share)
        };
        Ok(Days { left: (first..=today).map(left).collect(), whole, since })
    }
}

/// A budget's window, day by day.
struct Days {
    /// What was left at the end of each.
    left: Vec<(String, f64)>,
    /// All that was reviewed.
    whole: Counts,
    /// The first day with a review.
    since: Option<String>,
}

fn date(at: i64) -> String {
    Millis(at).to_string().chars().take(10).collect()
}

/// What was reviewed since a slot.
fn since(spent: &Judged, first: i64) -> Counts {
    let mut counts = Counts::default();
    for (slot, failed) in spent.iter().filter(|(s, _)| s.slot >= first) {
        counts.add(slot.n, slot.probability, *failed);
    }
    counts
}

impl Desk {
    /// How a workflow's failure budget stands.
    pub async fn burn(&self, who: &Identity, id: &str) -> Result<BurnView, DeskError> {
        self.require(who, Act::Watch, Some(id), "read this workflow")?;
        let mut tx = self.snapshot().await?;
        let row = workflows::get(&mut tx, id, Hold::Look).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        // Whoever may be asked for a blind second review learns of no first one by what is left of the budget.
        if who.scope(Act::Review).includes(id) && !sees_verdicts(who, id) {
            return Err(DeskError::forbidden(
                &who.subject,
                "see how verdicts went, as they may review some of them blind",
            ));
        }
        let version = self.version(&mut tx, id, row.version).await?;
        let budget = Budget::of(&version.pack).ok_or_else(|| DeskError::not_found("failure budget", id))?;
        let now = self.now();
        let Days { left, whole, since } = budget.days(&mut tx, id, now).await?;
        let rules = budget.rules(&mut tx, id, now).await?;
        let max = budget.rate.max;
        let here = spent_at_stage(&mut tx, &row, &version.pack, now).await?;
        let (state, _) = burn::standing(&here, max, &rules);
        let remaining = 1.0 - whole.rate() / max;
        Ok(BurnView {
            freeze: freeze(&rules),
            rate: budget.rate.name.clone(),
            budget: max,
            window_days: budget.window_days,
            remaining,
            state,
            status: state.into(),
            version: row.version,
            stage: row.stage,
            here: BudgetSpent::of(&here, max),
            whole: BudgetSpent::of(&whole, max),
            since,
            days: left,
            rules: rules.into_iter().map(BurnRule::of).collect(),
        })
    }

    /// The rules of a workflow's budget that fire now.
    pub(crate) async fn firing(
        &self,
        tx: &mut Tx,
        workflow: &str,
        pack: &Pack,
        now: Millis,
    ) -> Result<Vec<Burn>, DeskError> {
        let Some(budget) = Budget::of(pack) else { return Ok(Vec::new()) };
        let rules = budget.rules(tx, workflow, now).await?;
        Ok(rules.into_iter().filter(|b| b.firing).collect())
    }

    /// Opens an alert for every rule that begins to fire, resolves those that stopped, and lets go of old slots;
    /// answers how many alerts changed.
    pub async fn watch_budgets(&self) -> Result<usize, DeskError> {
        let now = self.now();
        let mut tx = self.read().await?;
        let all = workflows::list(&mut tx, Hold::Look).await?;
        let mut changed = 0;
        for w in all {
            let Some(version) = self.version_if_readable(&mut tx, &w.id, w.version).await? else { continue };
            let days = version.pack.failure_budget.as_ref().map_or(KEPT_DAYS, |b| i64::from(b.window_days));
            let oldest = slots::slot(Millis(now.0 - days * DAY_MS));
            let old = slots::any_before(&mut tx, &w.id, oldest).await?;
            if self.moved(&mut tx, &w.id, &version.pack, now).await?.is_empty() && !old {
                continue;
            }
            let mut write = self.write().await?;
            slots::prune(&mut write, &w.id, oldest).await?;
            let moved = self.follow_rules(&mut write, &w.id, now).await?;
            write.commit().await?;
            if moved > 0 {
                self.tell(ChangeKind::BudgetAlert, &w.id, None).await;
            }
            changed += moved;
        }
        Ok(changed)
    }

    /// What has to be told: rules that fire without an alert, and alerts whose rule fires no more.
    async fn moved(&self, tx: &mut Tx, workflow: &str, pack: &Pack, now: Millis) -> Result<Vec<Moved>, DeskError> {
        let open = alerts::firing(tx, workflow).await?;
        let firing = self.firing(tx, workflow, pack, now).await?;
        let ended = open.iter().filter(|a| !firing.iter().any(|b| b.rule.name() == a.rule)).cloned().map(Moved::Ended);
        let mut moved: Vec<Moved> = ended.collect();
        moved.extend(firing.into_iter().filter(|b| !open.iter().any(|a| a.rule == b.rule.name())).map(Moved::Began));
        Ok(moved)
    }

    async fn follow_rules(&self, tx: &mut Tx, workflow: &str, now: Millis) -> Result<usize, DeskError> {
        // Held, so that two hubs don't open the same alert.
        let Some(w) = workflows::get(tx, workflow, Hold::Change).await? else { return Ok(0) };
        let version = self.version(tx, workflow, w.version).await?;
        let moved = self.moved(tx, workflow, &version.pack, now).await?;
        for change in &moved {
            self.tell_moved(tx, &w, &version.pack, change, now).await?;
        }
        Ok(moved.len())
    }

    async fn tell_moved(
        &self,
        tx: &mut Tx,
        w: &WorkflowRow,
        pack: &Pack,
        moved: &Moved,
        now: Millis,
    ) -> Result<(), DeskError> {
        let (act, data) = match moved {
            Moved::Began(burn) => {
                let (rule, action) = (burn.rule.name(), burn.rule.action.as_str());
                let summary = format!("{}: {}", w.id, burn.words());
                let detail = json!({ "rule": rule, "threshold": burn.threshold, "burn_long": burn.long, "burn_short": burn.short });
                let data = json!({ "workflow": w.id, "state": "firing", "rule": rule, "action": action, "summary": summary,
                                   "threshold": burn.threshold, "burn_long": burn.long, "burn_short": burn.short });
                let raised = Raised { kind: "budget", action, rule: &rule, incident: None, summary, detail };
                self.raise(tx, &w.id, pack, raised, now).await?;
                self.tell_incident(tx, &w.id, "alert", &burn.words(), "hub", now).await?;
                ("budget.alert", data)
            }
            Moved::Ended(alert) => {
                self.resolve_alert(tx, alert, now).await?;
                let data = json!({ "workflow": w.id, "state": "resolved", "rule": alert.rule, "action": alert.severity,
                                   "summary": format!("{}: the burn over {} is below its threshold again", w.id, alert.rule) });
                ("budget.resolved", data)
            }
        };
        record(
            tx,
            now,
            &Identity::hub(),
            act,
            Some(&w.id),
            None,
            json!({ "rule": data["rule"], "action": data["action"] }),
        );
        if pack.delivery.is_some() {
            deliver::enqueue(tx, &w.id, None, "", deliver::Behind::Notice, "budget.alert", now, now, data).await?;
        }
        Ok(())
    }
}

/// What was reviewed within the budget's window, of the workflow's version at its stage: its first day from the very
/// moment on, the others whole.
pub(crate) async fn spent_at_stage(
    tx: &mut Tx,
    w: &WorkflowRow,
    pack: &Pack,
    now: Millis,
) -> Result<Counts, DeskError> {
    let Some(budget) = Budget::of(pack) else { return Ok(Counts::default()) };
    let begins = Millis(budget.begins(now));
    let next = stored::day(begins) + 1;
    let (from, until) = (slots::slot(begins), slots::first_of(next));
    let mut rows = slots::of_stage(tx, &w.id, w.version, &w.stage, from, until).await?;
    rows.extend(stored::decided_at_stage(tx, &w.id, w.version, &w.stage, next).await?);
    let mut counts = Counts::default();
    for (probability, outcome, n) in rows.into_iter().filter(|(_, outcome, _)| evidence::is_verdict(outcome)) {
        counts.add(n, probability, evidence::fails(budget.rate, &outcome, pack));
    }
    Ok(counts)
}

enum Moved {
    Began(Burn),
    Ended(alerts::AlertRow),
}

fn freeze(rules: &[Burn]) -> Option<String> {
    rules.iter().find(|b| b.firing && b.rule.action == Action::Page).map(Burn::words)
}

//! The review budget: rates that fall when more comes in than people can read.

use crate::{Desk, DeskError, Version};
use countersign_domain::access::{Act, Identity};
use countersign_domain::pack::{Pack, Stage};
use countersign_domain::sampling::{self, Rates};
use countersign_domain::time::Millis;
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, evidence, volumes};
use serde::Serialize;

/// The days that tell what to expect.
const LOOK_BACK: i64 = 7;

/// Two figures by risk.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ByRisk {
    /// Of drafts without a doubt.
    pub low: f64,
    /// Of risky ones.
    pub high: f64,
}

/// What a workflow's drafts come to under its budget.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Budget {
    /// How many people can read a day; none without a budget.
    pub per_day: Option<u32>,
    /// The rates now.
    pub rates: ByRisk,
    /// The pack's own.
    pub base: ByRisk,
    /// Drafts expected a day, by the last seven.
    pub expected_per_day: ByRisk,
    /// How many of them are selected for review, at the rates now.
    pub selected_per_day: f64,
    /// How long until the gate is green.
    pub days_to_green: DaysToGreen,
}

/// Days until green, if things go on as they are; none if that can't be said, or never comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct DaysToGreen {
    /// At the rates now.
    pub now: Option<f64>,
    /// At the pack's own.
    pub without_budget: Option<f64>,
}

pub(crate) fn base_rates(pack: &Pack, stage: Stage) -> Rates {
    Rates { low: pack.review_rate(stage, false), high: pack.review_rate(stage, true) }
}

/// The rates that drafts are drawn with now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct InForce {
    /// Of drafts without a doubt.
    pub(crate) low: f64,
    /// Of risky ones.
    pub(crate) high: f64,
    /// The lowest of all that were in force for this version and stage up to now, these among them.
    pub(crate) floor: f64,
}

impl Desk {
    /// The rates in force for a workflow's version and stage now. They hang on whole days past alone, so every hub comes
    /// to the same all day long.
    pub(crate) async fn rates_now(
        &self,
        tx: &mut Tx,
        w: &WorkflowRow,
        version: &Version,
        stage: Stage,
        now: Millis,
    ) -> Result<InForce, DeskError> {
        let base = base_rates(&version.pack, stage);
        let earned = self.has_earned(tx, &w.id, version.number, stage).await?;
        let rates = match version.pack.review.per_day {
            // Nothing that comes in while it is killed goes out without a person, nor while a version has to earn its
            // stage.
            _ if w.killed_at.is_some() || !earned => Rates { low: 1.0, high: 1.0 },
            Some(per_day) => {
                let expected = expected(tx, &w.id, now).await?;
                sampling::rates(f64::from(per_day), base, expected.low, expected.high)
            }
            None => base,
        };
        let before = evidence::floor(tx, &w.id, w.version, stage.as_str()).await?.unwrap_or(1.0);
        Ok(InForce { low: rates.low, high: rates.high, floor: before.min(rates.low).min(rates.high) })
    }

    /// A workflow's budget, and what it costs in days.
    pub async fn budget(&self, who: &Identity, id: &str) -> Result<Budget, DeskError> {
        self.require(who, Act::ReadCases, Some(id), "read the review budget")?;
        let now = self.now();
        let mut tx = self.snapshot().await?;
        let row = workflows::get(&mut tx, id, Hold::Look).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        let version = self.version(&mut tx, id, row.version).await?;
        let stage: Stage = row.stage.parse().unwrap_or(Stage::Internal);
        let base = base_rates(&version.pack, stage);
        let rates = self.rates_now(&mut tx, &row, &version, stage, now).await?;
        let expected = expected(&mut tx, id, now).await?;
        let rows = self.report(&mut tx, &row, now).await?.rates;
        let days = rows.iter().map(|r| r.days).try_fold(0.0, |most: f64, days| days.map(|d| d.max(most)));
        let without = self.days_without_budget(&mut tx, &row, stage, now).await?;
        let selected = |low: f64, high: f64| expected.low * low + expected.high * high;
        Ok(Budget {
            per_day: version.pack.review.per_day,
            rates: ByRisk { low: rates.low, high: rates.high },
            base: ByRisk { low: base.low, high: base.high },
            expected_per_day: expected,
            selected_per_day: selected(rates.low, rates.high),
            days_to_green: DaysToGreen { now: days, without_budget: without },
        })
    }
}

/// Drafts a day by risk, over the whole days past of the last seven; none on a workflow's first day.
pub(crate) async fn expected(tx: &mut Tx, workflow: &str, now: Millis) -> Result<ByRisk, DeskError> {
    let today = evidence::day(now);
    let first = volumes::first_day(tx, workflow).await?.unwrap_or(today).max(today - LOOK_BACK);
    let (mut low, mut high) = (0_i64, 0_i64);
    for (_, risk, n) in volumes::between(tx, workflow, first, today).await? {
        *if risk == 0 { &mut low } else { &mut high } += n;
    }
    let days = (today - first).max(1) as f64;
    Ok(ByRisk { low: low as f64 / days, high: high as f64 / days })
}

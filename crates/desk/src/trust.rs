//! Whether a workflow's labels can be trusted, in one answer.

use crate::pair::agreement_of;
use crate::{Desk, DeskError};
use countersign_domain::access::{Act, Identity};
use countersign_domain::verdict::{UNCONFIRMED, category};
use countersign_store::workflows::{self, Hold};
use countersign_store::{agreement, evidence, probes, verdicts};
use serde::Serialize;

/// What there is to say about a workflow's labels.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Trust {
    /// How far two people agree.
    pub agreement: AgreementFigures,
    /// How many drafts with a known fault were decided, and how many missed.
    pub probes: ProbeCounts,
    /// Verdicts that came faster than their draft can be read.
    pub too_fast: TooFast,
    /// Verdicts that count only once a second person has confirmed them.
    pub unconfirmed: i64,
}

/// The figures of an agreement.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct AgreementFigures {
    /// Drafts on which two verdicts stand.
    pub pairs: i64,
    /// The share on which both said the same.
    pub raw: Option<f64>,
    /// Cohen's κ.
    pub kappa: Option<f64>,
    /// Krippendorff's α, nominal.
    pub alpha: Option<f64>,
    /// Gwet's AC1.
    pub ac1: Option<f64>,
}

/// How probes went.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct ProbeCounts {
    /// Decided.
    pub shown: i64,
    /// Missed.
    pub missed: i64,
}

/// How many verdicts came too fast.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct TooFast {
    /// Too fast.
    pub n: i64,
    /// Of so many that stand.
    pub of: i64,
}

impl Desk {
    /// Whether a workflow's labels can be trusted.
    pub async fn trust(&self, who: &Identity, id: &str) -> Result<Trust, DeskError> {
        self.require(who, Act::ReadCases, Some(id), "read how far labels can be trusted")?;
        let mut tx = self.snapshot().await?;
        if workflows::get(&mut tx, id, Hold::Look).await?.is_none() {
            return Err(DeskError::not_found("workflow", id));
        }
        let pairs = agreement::of(&mut tx, id).await?;
        let all = agreement_of(pairs.iter());
        let (mut firsts, mut unconfirmed) = (0, 0);
        for count in evidence::of(&mut tx, id).await? {
            let waiting = count.outcome.strip_prefix(UNCONFIRMED);
            if category(waiting.unwrap_or(&count.outcome)).is_some() {
                firsts += count.n;
                unconfirmed += if waiting.is_some() { count.n } else { 0 };
            }
        }
        let (shown, missed) = probes::of_workflow(&mut tx, id).await?;
        Ok(Trust {
            agreement: AgreementFigures {
                pairs: all.pairs,
                raw: all.raw,
                kappa: all.kappa,
                alpha: all.alpha,
                ac1: all.ac1,
            },
            probes: ProbeCounts { shown, missed },
            too_fast: TooFast { n: verdicts::too_fast(&mut tx, id).await?, of: firsts + all.pairs },
            unconfirmed,
        })
    }
}

//! Who may do what: one table of role × act. The hub's route table names an act for every route.

use serde::{Deserialize, Serialize};

/// What a person or a program is to a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Decides on drafts.
    Reviewer,
    /// Answers for the workflow.
    Dri,
    /// Keeps the labels.
    Curator,
    /// Runs the platform; never decides on drafts.
    Admin,
    /// Reads everything, changes nothing.
    Auditor,
    /// A program.
    Service,
    /// Is paged: kills, reads where a workflow stands, its runbook and its incidents; no draft.
    Oncall,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 7] =
        [Self::Reviewer, Self::Dri, Self::Curator, Self::Admin, Self::Auditor, Self::Service, Self::Oncall];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::Dri => "dri",
            Self::Curator => "curator",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::Service => "service",
            Self::Oncall => "oncall",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == text)
    }
}

/// What can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Be known at all: who am I, which workflows, where they stand.
    Enter,
    /// Follow what happens.
    Watch,
    /// Read a workflow's guidelines, pack, versions and history.
    ReadPacks,
    /// Read a workflow's runbook.
    ReadRunbook,
    /// Send drafts in.
    Stage,
    /// Read drafts and the queue.
    ReadDrafts,
    /// Hold a draft and decide on it.
    Review,
    /// Read and settle escalations.
    Escalations,
    /// Kill a workflow.
    Kill,
    /// Resume a killed workflow.
    Resume,
    /// Read a workflow's gate and what it rests on.
    ReadGate,
    /// Sign a promotion.
    Promote,
    /// Send a workflow back to an earlier stage.
    Demote,
    /// Evaluate flags.
    Evaluate,
    /// Post the results of evals.
    PostEvals,
    /// Read cases and export them.
    ReadCases,
    /// Settle disagreements between two verdicts.
    Settle,
    /// Read deliveries.
    ReadDeliveries,
    /// Try a delivery again.
    RetryDelivery,
    /// Read sources.
    ReadSources,
    /// Bring sources in.
    WriteSources,
    /// Apply packs, load the demo.
    WritePacks,
    /// Return to an earlier version of a workflow.
    RollBack,
    /// Make, list and revoke tokens.
    Tokens,
    /// See which secrets packs name, and free them.
    Secrets,
    /// Read the audit log.
    ReadAudit,
    /// Read incidents, drills and alerts.
    ReadIncidents,
    /// Open incidents, work on them and close them.
    Incidents,
    /// Drill a kill.
    Drill,
}

impl Act {
    /// The roles that may, each in the workflows it was granted for.
    pub fn roles(self) -> &'static [Role] {
        use Role::{Admin, Auditor, Curator, Dri, Oncall, Reviewer, Service};
        match self {
            Self::Enter => &[Reviewer, Dri, Curator, Admin, Auditor, Service, Oncall],
            Self::Watch | Self::ReadRunbook => &[Reviewer, Dri, Curator, Admin, Auditor, Oncall],
            Self::ReadPacks => &[Reviewer, Dri, Curator, Admin, Auditor],
            Self::Stage => &[Service, Admin],
            Self::ReadDrafts => &[Reviewer, Dri, Curator, Admin, Auditor],
            Self::Review => &[Reviewer],
            Self::Escalations => &[Reviewer, Dri],
            Self::Kill => &[Dri, Admin, Oncall],
            Self::Resume | Self::Demote | Self::RollBack => &[Dri, Admin],
            Self::ReadGate => &[Dri, Curator, Admin, Auditor],
            Self::Promote => &[Dri],
            Self::Evaluate => &[Service, Admin],
            Self::PostEvals => &[Curator, Admin, Service],
            Self::ReadCases => &[Dri, Curator, Admin, Auditor],
            Self::Settle => &[Curator],
            Self::ReadDeliveries => &[Dri, Admin, Auditor],
            Self::RetryDelivery => &[Dri, Admin],
            Self::ReadSources => &[Reviewer, Dri, Curator, Admin, Auditor],
            Self::WriteSources => &[Admin, Service],
            Self::WritePacks | Self::Tokens | Self::Secrets => &[Admin],
            Self::ReadAudit => &[Admin, Auditor],
            Self::ReadIncidents => &[Dri, Admin, Auditor, Oncall],
            Self::Incidents | Self::Drill => &[Dri, Admin],
        }
    }
}

/// A role in one workflow, or in all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The workflow; none means every one.
    pub workflow: Option<String>,
}

/// The name under which the hub acts unasked. No token has it.
pub const HUB: &str = "hub";

/// Who is asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The stable name under which acts are recorded.
    pub subject: String,
    /// What they were granted.
    pub grants: Vec<Grant>,
    /// The escalation routes they answer for.
    pub routes: Vec<String>,
    /// The owner of an embedded hub: every role and route, everywhere.
    pub owner: bool,
    /// The id of the token they came by; none for the owner and for the hub itself.
    pub token: Option<String>,
}

/// Whether this is the shadow that a kill drill works on, and no workflow of anybody; no pack can take such an id.
pub fn is_shadow(workflow: &str) -> bool {
    workflow.starts_with('~')
}

/// In which workflows an identity may do something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In all of them.
    All,
    /// In these; possibly none.
    Only(Vec<String>),
}

impl Scope {
    /// Whether a workflow is within. The shadow of a kill drill is in reach of nobody but that drill.
    pub fn includes(&self, workflow: &str) -> bool {
        match self {
            Self::All => !is_shadow(workflow),
            Self::Only(list) => list.iter().any(|w| w == workflow),
        }
    }

    /// Whether it reaches nowhere.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Only(list) if list.is_empty())
    }
}

impl Identity {
    /// The owner of an embedded hub.
    pub fn owner() -> Self {
        Self { subject: "owner".to_owned(), grants: Vec::new(), routes: Vec::new(), owner: true, token: None }
    }

    /// Somebody without any role.
    pub fn nobody() -> Self {
        Self { owner: false, ..Self::owner() }
    }

    /// The hub itself, for what it does unasked.
    pub fn hub() -> Self {
        Self { subject: HUB.to_owned(), ..Self::owner() }
    }

    /// Where this identity may do this.
    pub fn scope(&self, act: Act) -> Scope {
        if self.owner {
            return Scope::All;
        }
        let held = || self.grants.iter().filter(|g| act.roles().contains(&g.role));
        if held().any(|g| g.workflow.is_none()) {
            return Scope::All;
        }
        Scope::Only(held().filter_map(|g| g.workflow.clone()).collect())
    }

    /// Whether an escalation route is theirs.
    pub fn answers(&self, route: &str) -> bool {
        self.owner || self.routes.iter().any(|r| r == route) || self.subject == route
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_reaches_as_far_as_its_workflow() {
        let id = Identity {
            subject: "r".into(),
            grants: vec![
                Grant { role: Role::Reviewer, workflow: Some("a".into()) },
                Grant { role: Role::Oncall, workflow: None },
            ],
            routes: vec![],
            owner: false,
            token: None,
        };
        assert!(id.scope(Act::Review).includes("a"));
        assert!(!id.scope(Act::Review).includes("b"));
        assert!(!Identity::owner().scope(Act::Kill).includes("~drill:1"));
        assert_eq!(id.scope(Act::Kill), Scope::All);
        assert!(id.scope(Act::Resume).is_empty());
    }

    #[test]
    fn admin_never_decides_and_oncall_kills_and_reads_what_it_takes_to() {
        assert!(!Act::Review.roles().contains(&Role::Admin));
        let acts = [
            Act::Stage,
            Act::ReadDrafts,
            Act::Review,
            Act::Escalations,
            Act::Resume,
            Act::ReadGate,
            Act::Promote,
            Act::Demote,
            Act::PostEvals,
            Act::Evaluate,
            Act::ReadCases,
            Act::Settle,
            Act::ReadDeliveries,
            Act::RetryDelivery,
            Act::ReadSources,
            Act::WriteSources,
            Act::WritePacks,
            Act::RollBack,
            Act::Tokens,
            Act::ReadAudit,
            Act::ReadPacks,
            Act::Secrets,
            Act::Incidents,
            Act::Drill,
        ];
        assert!(acts.iter().all(|a| !a.roles().contains(&Role::Oncall)));
        let theirs = [Act::Kill, Act::Enter, Act::Watch, Act::ReadRunbook, Act::ReadIncidents];
        assert!(theirs.iter().all(|a| a.roles().contains(&Role::Oncall)));
        assert!(![Act::Watch, Act::ReadPacks, Act::ReadRunbook].iter().any(|a| a.roles().contains(&Role::Service)));
    }
}

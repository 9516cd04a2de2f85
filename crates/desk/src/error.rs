//! Why a use-case didn't happen, and the wire's closed list of codes.

use countersign_domain::draft::FieldError;
use countersign_domain::pack::PackError;
use countersign_domain::time::Millis;
use countersign_domain::verdict::Conflict;
use countersign_store::StoreError;
use serde::Serialize;

/// The codes that clients branch on. The list grows only when one has to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// 400: not what the format says.
    Malformed,
    /// 401: no token, or not a valid one.
    Unauthorized,
    /// 403: not with these roles.
    Forbidden,
    /// 404: there is no such thing.
    NotFound,
    /// 405: this path takes another method.
    MethodNotAllowed,
    /// 409: the lease is gone.
    LeaseLost,
    /// 409: a newer revision of the ticket came in.
    DraftSuperseded,
    /// 409: the draft, or the gate report, isn't what was shown.
    ContentChanged,
    /// 409: somebody decided it, or this id was used for another verdict.
    AlreadyDecided,
    /// 409: it is delivered, or on its way.
    AlreadyDelivered,
    /// 409: the workflow is killed.
    WorkflowKilled,
    /// 409: a condition of the gate isn't green.
    GateNotGreen,
    /// 410: it was erased, as its workflow's pack says how long it is kept.
    Erased,
    /// 413: larger than it may be.
    TooLarge,
    /// 415: in an encoding that isn't read here.
    UnsupportedEncoding,
    /// 422: well-formed, but against the rules.
    Invalid,
    /// 429: too many at once.
    RateLimited,
    /// 503: the kill is not committed; this hub holds it in memory and goes on trying.
    KillHeld,
    /// 503: the hub can't act now.
    Unavailable,
    /// 500: a fault of the hub.
    Internal,
}

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// No such thing.
    #[error("no {what} {id:?}")]
    NotFound {
        /// What kind of thing.
        what: &'static str,
        /// The id asked for.
        id: String,
    },
    /// Not with these roles.
    #[error("{who} may not {act}")]
    Forbidden {
        /// Who asked.
        who: String,
        /// What for.
        act: String,
    },
    /// Not a valid token.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// A value against the rules.
    #[error("{0}")]
    Invalid(#[from] FieldError),
    /// A pack with faults.
    #[error("the pack has {} fault(s); the first: {}", .0.len(), .0.first().map(ToString::to_string).unwrap_or_default())]
    Pack(Vec<PackError>),
    /// A verdict that came too late; what was typed is kept under its id.
    #[error("{conflict}")]
    Conflict {
        /// Why.
        conflict: Conflict,
        /// The refused verdict's id, under which its text is kept.
        kept: Option<String>,
    },
    /// A draft that somebody else has.
    #[error("{reviewer} holds this draft, until {until} unless they go on")]
    HeldBy {
        /// Who has it.
        reviewer: String,
        /// When their lease ends.
        until: Millis,
    },
    /// A kill that waits for the database.
    #[error(
        "the kill of {0} is not committed, as the database can't be written to; this hub holds it in memory: its flags are off, and nothing is leased, decided or sent here"
    )]
    KillHeld(String),
    /// The clock isn't the database's.
    #[error("this hub's clock is {ms} ms off the database's, so it acts on nothing")]
    Clock {
        /// Ahead, or behind if it is negative.
        ms: i64,
    },
    /// A verdict id used twice for different verdicts.
    #[error("verdict {0} was taken already, with other content; nothing was changed")]
    VerdictReused(String),
    /// A disagreement that was settled before.
    #[error("disagreement {0} is settled already; nothing was changed")]
    Settled(String),
    /// A promotion that the evidence doesn't carry; there is no override.
    #[error("{0}")]
    GateNotGreen(String),
    /// A promotion that names another report than the one that would be signed.
    #[error("the evidence or a condition has changed since this report was shown; nothing was signed")]
    ReportChanged {
        /// The hash of the report as it is now.
        report: String,
    },
    /// Too late to withdraw.
    #[error("this verdict can't be withdrawn any more: its reply is delivered or on its way")]
    AlreadyDelivered,
    /// More than may be held at once.
    #[error("you hold {0} drafts already; decide on them or give some back")]
    TooManyLeases(usize),
    /// Sources that changed during every check of a draft.
    #[error("the sources that a draft names kept changing while it was checked against them")]
    SourcesChanging,
    /// The log isn't the one that this hub signed.
    #[error(
        "the log doesn't hold the first {seq} entries as this hub signed them: it was rewritten or cut short, or is an old copy's or another database's; nothing more is signed"
    )]
    LogLost {
        /// How many entries were signed.
        seq: i64,
        /// Where the checkpoint over them is kept.
        file: String,
    },
    /// A text that is kept no longer.
    #[error("this {0} is kept no longer: its text was erased when the pack's retention_days were over")]
    Erased(&'static str),
    /// The database failed; nothing was done.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The desk can't be built.
    #[error("{0}")]
    Setup(String),
}

impl DeskError {
    pub(crate) fn not_found(what: &'static str, id: impl Into<String>) -> Self {
        Self::NotFound { what, id: id.into() }
    }

    pub(crate) fn forbidden(who: &str, act: impl Into<String>) -> Self {
        Self::Forbidden { who: who.to_owned(), act: act.into() }
    }

    pub(crate) fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(FieldError::new(field, message))
    }

    /// Whether somebody else was first with a row of the same name: their row can be read now.
    pub(crate) fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Store(e) if e.is_unique_violation())
    }

    /// The code that clients branch on.
    pub fn code(&self) -> Code {
        match self {
            Self::NotFound { .. } => Code::NotFound,
            Self::Forbidden { .. } => Code::Forbidden,
            Self::Unauthorized(_) => Code::Unauthorized,
            Self::Invalid(_) | Self::Pack(_) => Code::Invalid,
            Self::Conflict { conflict, .. } => match conflict {
                Conflict::WorkflowKilled => Code::WorkflowKilled,
                Conflict::DraftSuperseded => Code::DraftSuperseded,
                Conflict::AlreadyDecided => Code::AlreadyDecided,
                Conflict::LeaseLost => Code::LeaseLost,
                Conflict::ContentChanged => Code::ContentChanged,
            },
            Self::HeldBy { .. } => Code::LeaseLost,
            Self::VerdictReused(_) | Self::Settled(_) => Code::AlreadyDecided,
            Self::AlreadyDelivered => Code::AlreadyDelivered,
            Self::GateNotGreen(_) => Code::GateNotGreen,
            Self::ReportChanged { .. } => Code::ContentChanged,
            Self::Erased(_) => Code::Erased,
            Self::TooManyLeases(_) => Code::RateLimited,
            Self::LogLost { .. } | Self::Store(StoreError::Unreadable { .. } | StoreError::Unrecorded(_)) => {
                Code::Internal
            }
            Self::KillHeld(_) => Code::KillHeld,
            Self::Store(_) | Self::Setup(_) | Self::Clock { .. } | Self::SourcesChanging => Code::Unavailable,
        }
    }

    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::Conflict { conflict: Conflict::WorkflowKilled, kept: Some(_) } => {
                "what you typed is kept; it can be used after a resume"
            }
            Self::Conflict { conflict: Conflict::WorkflowKilled, kept: None } => {
                "nothing of it is leased, decided, sent or promoted until `countersign resume ID`"
            }
            Self::Conflict { kept: Some(_), .. } => "what you typed is kept; look at the draft again",
            Self::Conflict { kept: None, .. } => "look at the draft again",
            Self::NotFound { what: "workflow", .. } => {
                "`countersign status` lists those that are here; `countersign pack apply DIR` makes one"
            }
            Self::Unauthorized(_) => "send `Authorization: Bearer TOKEN`; `countersign token create` makes one",
            Self::Store(StoreError::Database(_)) | Self::SourcesChanging => {
                "it is safe to try again: what was taken before it is not taken twice"
            }
            Self::KillHeld(_) => "kill it at the other hubs too; here it is tried again until it is committed",
            Self::Clock { .. } => "set this machine's clock; the hub goes on by itself",
            Self::GateNotGreen(_) => "`countersign gate show ID` says what is missing; there is no override",
            Self::ReportChanged { .. } => "look at the gate again, then sign the report that it shows",
            Self::LogLost { .. } => {
                "`countersign audit verify` says more; after a restore that you meant, remove the file that it names"
            }
            Self::Pack(_) => "`countersign pack check DIR` shows all of them",
            _ => return None,
        })
    }
}

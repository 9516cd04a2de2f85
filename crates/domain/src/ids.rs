//! Ids as newtypes, so that a lease's id can't be handed over where a draft's is wanted.

use serde::{Deserialize, Serialize};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// The id as text, as it stands in the database and on the wire.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }
    )+};
}

ids! {
    /// A workflow, as its pack names it.
    WorkflowId,
    /// A staged draft.
    DraftId,
    /// One hold of one reviewer on one draft.
    LeaseId,
    /// A verdict; made by the client, so that a retry is harmless.
    VerdictId,
    /// A case: one outcome as a label.
    CaseId,
    /// A delivery; also the `webhook-id` of every try.
    DeliveryId,
    /// An escalation.
    EscalationId,
    /// A bearer token's public id; never the secret.
    TokenId,
    /// Who acts: a token's name, or `owner` for the embedded owner.
    Subject,
}

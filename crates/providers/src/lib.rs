//! HTTP clients towards the outside: webhook receivers and pull sources.
//!
//! Nothing here knows a database or a clock, follows a redirect, or asks the environment for a
//! proxy. No error repeats a body, a secret or a URL.

mod address;
mod exchange;
mod pull;
mod retry;
mod webhook;

pub use address::{PrivateAddress, is_public};
pub use exchange::ExchangeError;
pub use pull::{PullClient, PullError, PullPage, Source};
pub use retry::{MAX_TRIES, retry_delay};
pub use webhook::{Delivered, SendError, Target, WebhookClient};

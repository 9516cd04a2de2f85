//! Who is alerted, and the texts that an incident is told with.

use serde::Serialize;

/// Where PagerDuty takes events (Events API v2).
pub const PAGERDUTY_URL: &str = "https://events.pagerduty.com/v2/enqueue";

/// `[alerts]`: the services that page people.
#[derive(Debug, Clone, Serialize)]
pub struct Alerts {
    /// The environment variable with the URL of a Slack incoming webhook.
    pub slack_url_env: Option<String>,
    /// The environment variable with a PagerDuty routing key.
    pub pagerduty_key_env: Option<String>,
    /// Where PagerDuty's events go; whatever takes the same events may stand in its place.
    pub pagerduty_url: String,
    /// Whether these services may be on a private address.
    pub allow_private: bool,
}

/// `[[incident.message]]`: a text to copy while an incident is open.
#[derive(Debug, Clone, Serialize)]
pub struct Message {
    /// For whom or where; unique in the pack.
    pub name: String,
    /// The text.
    pub text: String,
}

/// `[incident]`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Incident {
    /// Texts to copy.
    #[serde(rename = "message")]
    pub messages: Vec<Message>,
}

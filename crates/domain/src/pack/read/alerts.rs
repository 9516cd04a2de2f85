//! Whom a workflow alerts, and what is said in an incident.

use crate::pack::alerts::{Alerts, Incident, Message, PAGERDUTY_URL};
use crate::pack::rule;
use crate::pack::section::Section;

pub(super) fn alerts(section: &Section<'_>) -> Alerts {
    let slack_url_env = section.optional("slack_url_env", rule::env_name());
    let pagerduty_key_env = section.optional("pagerduty_key_env", rule::env_name());
    let pagerduty_url = section.optional("pagerduty_url", rule::http_url()).unwrap_or_else(|| PAGERDUTY_URL.to_owned());
    let allow_private = section.optional("allow_private", rule::flag()).unwrap_or_default();
    if slack_url_env.is_none() && pagerduty_key_env.is_none() {
        section.fault("slack_url_env", "somebody to alert: slack_url_env, pagerduty_key_env or both", "neither");
    }
    section.refuse_unknown_keys();
    Alerts { slack_url_env, pagerduty_key_env, pagerduty_url, allow_private }
}

pub(super) fn incident(section: &Section<'_>) -> Incident {
    let tables = section.tables("message");
    section.refuse_unknown_keys();
    let mut messages: Vec<Message> = Vec::with_capacity(tables.len());
    for table in &tables {
        let name = table.required("name", rule::text());
        let text = table.required("text", rule::prose());
        table.refuse_unknown_keys();
        let (Some(name), Some(text)) = (name, text) else { continue };
        if messages.iter().any(|message| message.name == name) {
            table.fault("name", "a name of its own for each message", &format!("{name:?} again"));
        }
        messages.push(Message { name, text });
    }
    Incident { messages }
}

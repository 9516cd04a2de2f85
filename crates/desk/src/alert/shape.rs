//! What Slack and PagerDuty take.

use countersign_domain::time::Millis;
use countersign_store::alerts::AlertRow;
use serde_json::{Value, json};

/// A message for a Slack incoming webhook.
pub(super) fn slack(a: &AlertRow, action: &str) -> Value {
    let over = action == "resolve";
    let head = match (over, a.severity.as_str()) {
        (true, _) => "Over",
        (false, "page") => "Act now",
        _ => "Look at this",
    };
    let text = cut(&format!("{head}: {}", plain(&a.summary)), 2_900);
    let title: String = cut(&format!("{head}: {}", a.workflow_id), 150);
    let when = if over { a.resolved_at.unwrap_or(a.opened_at) } else { a.opened_at };
    json!({
        "text": text,
        "blocks": [
            { "type": "header", "text": { "type": "plain_text", "text": title } },
            { "type": "section", "text": { "type": "mrkdwn", "text": cut(&plain(&a.summary), 2_900) } },
            { "type": "context", "elements": [
                { "type": "mrkdwn", "text": plain(&format!("{} of {}, {}", a.kind, a.workflow_id, Millis(when))) } ] },
        ],
    })
}

/// An event for PagerDuty, Events API v2. Alerts of one incident are one there, too.
pub(super) fn pagerduty(a: &AlertRow, action: &str, routing_key: &str) -> Value {
    let about = a.incident_id.as_deref().unwrap_or(&a.id);
    let detail: Value = serde_json::from_str(&a.detail).unwrap_or_default();
    json!({
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": format!("countersign/{}/{about}", a.workflow_id),
        "payload": {
            "summary": cut(&a.summary, 1_000),
            "source": "countersign",
            "severity": if a.severity == "page" { "critical" } else { "warning" },
            "timestamp": Millis(a.opened_at),
            "component": a.workflow_id,
            "custom_details": detail,
        },
    })
}

/// Slack's own marks, made inert: nobody's words call a channel or hide a link.
fn plain(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(summary: &str) -> AlertRow {
        AlertRow {
            seq: 1,
            id: "a1".into(),
            workflow_id: "desk".into(),
            kind: "kill".into(),
            severity: "page".into(),
            rule: String::new(),
            incident_id: Some("i1".into()),
            summary: summary.into(),
            detail: "{\"by\":\"ana\"}".into(),
            state: "firing".into(),
            opened_at: 1_767_268_800_000,
            resolved_at: None,
        }
    }

    #[test]
    fn slack_calls_nobody_by_somebody_elses_words() {
        let said = slack(&alert("<!channel> <https://evil.example|here> & so on"), "trigger").to_string();
        assert!(!said.contains("<!") && !said.contains("<https"), "{said}");
        assert!(said.contains("&lt;!channel&gt;"), "{said}");
    }

    #[test]
    fn no_text_is_longer_than_the_services_take() {
        let long = "x".repeat(10_000);
        let (slack, event) = (slack(&alert(&long), "resolve"), pagerduty(&alert(&long), "trigger", "key"));
        let length = |v: &Value| v.as_str().map_or(0, |s| s.chars().count());
        assert!(length(&slack["blocks"][0]["text"]["text"]) <= 150);
        assert!(length(&slack["blocks"][1]["text"]["text"]) <= 3_000);
        assert!(length(&event["payload"]["summary"]) <= 1_024 && length(&event["dedup_key"]) <= 255);
    }
}

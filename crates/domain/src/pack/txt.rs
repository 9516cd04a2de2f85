//! The rollout pack as plain text: what a team circulates and signs off, readable anywhere.

use super::policy::*;
use super::{Pack, Stage};
use crate::verdict::Grade;

/// Columns.
const WIDTH: usize = 76;
/// Columns that an entry's label takes.
const LABEL: usize = 16;

/// Writes out roles, stages, gate, evals, incident response, cost and guidelines, at most 76
/// columns wide unless a single word is longer. `stands` is the line that says which version this is, if it is one.
#[must_use]
pub fn render_txt(pack: &Pack, stands: Option<&str>) -> String {
    let mut page = Page::default();
    page.line(&format!("ROLLOUT PACK: {}", pack.workflow.id), 0);
    page.line(&"=".repeat(WIDTH), 0);
    page.line(&pack.workflow.name, 0);
    if let Some(stands) = stands {
        page.line(stands, 0);
    }
    page.line(&format!("SHA-256 {}", pack.hash()), 0);

    page.heading("1. Roles");
    roles(&mut page, pack);
    page.heading("2. Stages");
    stages(&mut page, pack);
    page.heading("3. Gate");
    gate(&mut page, pack);
    page.heading("4. Evals");
    evals(&mut page, pack);
    page.heading("5. Data");
    data(&mut page, pack);
    page.heading("6. Cost controls");
    cost(&mut page, pack.cost.as_ref());
    page.heading("7. Incident response");
    page.entry("Kill", &format!("countersign kill {} --reason \"…\"", pack.workflow.id));
    page.entry("Takes effect", "before the command returns: no drafts, no reviews, no deliveries");
    page.entry("Resume", "always starts again at internal");
    if let Some(alerts) = &pack.alerts {
        let told =
            [alerts.slack_url_env.as_ref().map(|_| "Slack"), alerts.pagerduty_key_env.as_ref().map(|_| "PagerDuty")];
        page.entry("Alerts", &told.into_iter().flatten().collect::<Vec<_>>().join(" and "));
    }
    for message in &pack.incident.messages {
        page.entry(&format!("Text: {}", message.name), &message.text);
    }
    page.text(&pack.runbook);
    page.heading("8. Reviewing guidelines");
    page.text(&pack.guidelines);
    page.0
}

fn roles(page: &mut Page, pack: &Pack) {
    page.entry("DRI", &format!("{}: reads the gate, promotes, answers for it", pack.workflow.dri));
    page.entry("Reviewers", "approve, edit or escalate the drafts that are selected for review");
    page.entry("On-call", "may kill, and nothing else");
    page.entry("Escalations", "");
    for reason in &pack.review.reasons {
        let harm = if reason.harm { " Counts as harm." } else { "" };
        page.entry(&format!("  {}", reason.to), &format!("{} ({}).{harm}", reason.label, reason.code));
    }
}

fn stages(page: &mut Page, pack: &Pack) {
    page.line("One stage at a time, in this order; back at any time.", 2);
    for stage in Stage::ALL {
        page.entry(stage.as_str(), &format!("for {}", audience(pack.audience.at(stage))));
        let rates = [false, true].map(|high_risk| percent(pack.review_rate(stage, high_risk)));
        page.entry("", &format!("{} of drafts reviewed, {} of risky ones", rates[0], rates[1]));
    }
    let review = &pack.review;
    if let Some(per_day) = review.per_day {
        page.entry("Review budget", &format!("{per_day} drafts a day; beyond it fewer are drawn, risky ones last"));
    }
    page.entry("Second review", &format!("{}, blind", percent(review.double_rate)));
    page.entry("Time to decide", &format!("{} hours, then a draft expires", review.expires_hours));
    page.entry("Time to undo", &format!("{} seconds, then a verdict is final", review.undo_seconds));
}

fn audience(rule: &AudienceRule) -> String {
    let mut who = Vec::new();
    if rule.everyone {
        who.push("everyone".to_owned());
    }
    if rule.opted_in {
        who.push("customers who opted in".to_owned());
    }
    if !rule.groups.is_empty() {
        who.push(format!("members of {}", rule.groups.join(", ")));
    }
    let except = match rule.except_groups.as_slice() {
        [] => String::new(),
        groups => format!(", but not members of {}", groups.join(", ")),
    };
    format!("{}{except}", who.join(", and "))
}

fn gate(page: &mut Page, pack: &Pack) {
    let gate = &pack.gate;
    page.line("A promotion needs all of this at the current stage and version:", 2);
    for rate in &gate.rates {
        let outcomes: Vec<String> = rate.counts.iter().map(|count| outcome(count, pack)).collect();
        page.entry(&rate.name, &format!("at most {} of drafts end as {}", percent(rate.max), outcomes.join(", ")));
    }
    let confidence = percent(1.0 - gate.alpha);
    page.entry("Confidence", &format!("{confidence} for all of these rates together, at every look"));
    page.entry("Evidence", &format!("{} reviews over {} days", gate.min_reviewed, gate.min_days));
    page.entry(
        "Unresolved",
        &format!("at most {} of selected drafts undecided or unconfirmed", percent(gate.max_unresolved)),
    );
    let hours = pack.entry_lag_seconds() as f64 / 3_600.0;
    page.entry("Counts after", &format!("{hours} hours, as a failure while it is undecided"));
    page.entry("Kill drill", &format!("within the last {} days", gate.kill_drill_days));
    let signatures =
        if gate.second_signature { "the DRI's, then another dri's; this takes a team hub" } else { "the DRI's" };
    page.entry("Signature", signatures);
    if let Some(budget) = &pack.failure_budget {
        let days = budget.window_days;
        let text = format!("the limit of \"{}\" over {days} days; beyond doubt above it, back one stage", budget.rate);
        page.entry("Failure budget", &text);
    }
}

fn outcome(count: &GateCount, pack: &Pack) -> String {
    match count {
        GateCount::Edit(Grade::Cosmetic) => "edited in wording".to_owned(),
        GateCount::Edit(Grade::Material) => "edited in meaning".to_owned(),
        GateCount::Edit(Grade::Factual) => "edited for a wrong fact".to_owned(),
        GateCount::Edit(Grade::Citation) => "edited for a source".to_owned(),
        GateCount::Escalate => "escalated".to_owned(),
        GateCount::EscalateHarm => "escalated as harm".to_owned(),
        GateCount::EscalateReason(code) => {
            let label = pack.reason(code).map_or(code.as_str(), |reason| reason.label.as_str());
            format!("escalated ({label})")
        }
    }
}

fn evals(page: &mut Page, pack: &Pack) {
    match &pack.gate.eval_suite {
        Some(suite) => page.entry("Suite", &format!("{suite}: has to be green for a promotion")),
        None => page.entry("Suite", "none; the gate rests on reviews alone"),
    }
    page.entry("Models", &format!("{} (not enforced yet)", listed(&pack.policy.models, "none named")));
    page.entry(
        "Routing",
        match pack.routing.preference {
            Preference::CheapestPassingEval => "the cheapest model that passes the evals (not enforced yet)",
            Preference::Fastest => "the fastest model (not enforced yet)",
            Preference::Fixed => "the first model, always (not enforced yet)",
        },
    );
}

fn data(page: &mut Page, pack: &Pack) {
    page.entry("May cite", &listed(&pack.sources.allow, "nothing"));
    page.entry("Access labels", &listed(&pack.sources.access, "none"));
    page.entry(
        "Personal data",
        match pack.policy.pii {
            Pii::Redact => "replaced before it leaves for a third party (not enforced yet)",
            Pii::Block => "keeps a call from leaving for a third party (not enforced yet)",
            Pii::Allow => "may leave for a third party",
        },
    );
    page.entry("Kept for", &format!("{} days", pack.policy.retention_days));
    page.entry("Tools", &format!("{} (not enforced yet)", listed(&pack.policy.allowed_tools, "none")));
    let receiver = pack.delivery.as_ref().map(|delivery| delivery.url.as_str());
    page.entry("Replies go to", receiver.unwrap_or("nowhere by themselves"));
    for pull in &pack.pull {
        page.entry("Drafts from", &format!("{}, every {} seconds", pull.url, pull.every_seconds));
    }
}

fn cost(page: &mut Page, cost: Option<&Cost>) {
    let Some(cost) = cost else {
        page.line("No budget is set.", 2);
        return;
    };
    let beyond = if cost.hard_stop { "calls beyond it are refused" } else { "calls beyond it go on" };
    page.entry("Monthly cap", &format!("${}; {beyond} (not enforced yet)", cost.monthly_usd));
    if let Some(limit) = cost.max_per_sent_usd {
        page.entry("Per sent draft", &format!("at most ${limit}, or the gate holds"));
    }
    let shares: Vec<String> = cost.alert_at.iter().map(|share| percent(*share)).collect();
    page.entry("Alerts at", &format!("{} (not enforced yet)", listed(&shares, "no share of the cap")));
}

fn listed<T: ToString>(items: &[T], none: &str) -> String {
    if items.is_empty() {
        return none.to_owned();
    }
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}

/// A share in percent, to a tenth of a thousandth at most.
fn percent(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn heading(&mut self, title: &str) {
        self.0.push('\n');
        self.line(title, 0);
        self.line(&"-".repeat(title.len()), 0);
    }

    fn line(&mut self, text: &str, indent: usize) {
        self.wrap(&" ".repeat(indent), indent, text);
    }

    fn entry(&mut self, label: &str, text: &str) {
        let label = format!("  {label:LABEL$} ");
        self.wrap(&label, LABEL + 3, text);
    }

    /// A Markdown text, line by line; what follows a bullet or a number stays in its column.
    fn text(&mut self, markdown: &str) {
        self.0.push('\n');
        for line in markdown.trim().lines() {
            let body = line.trim_start();
            let mark = body.split_once(' ').map_or("", |(mark, _)| mark);
            let is_mark = matches!(mark, "-" | "*" | "+")
                || mark.strip_suffix('.').is_some_and(|number| number.parse::<u8>().is_ok());
            let indent = 2 + (line.len() - body.len()).min(WIDTH / 2);
            let hanging = if is_mark { indent + mark.len() + 1 } else { indent };
            self.wrap(&" ".repeat(indent), hanging, body);
        }
    }

    /// Words after `start`, broken at the last column; what follows a break is indented by `hanging`.
    fn wrap(&mut self, start: &str, hanging: usize, text: &str) {
        let mut line = start.to_owned();
        let mut columns = start.chars().count();
        let mut fresh = true;
        for word in text.split_whitespace() {
            // A terminal must not obey what a pack's author wrote.
            let word: String = word.chars().filter(|c| !c.is_control()).collect();
            let length = word.chars().count();
            if !fresh && columns + 1 + length > WIDTH {
                self.push(&line);
                line = " ".repeat(hanging);
                columns = hanging;
                fresh = true;
            }
            if !fresh {
                line.push(' ');
                columns += 1;
            }
            line.push_str(&word);
            columns += length;
            fresh = false;
        }
        self.push(&line);
    }

    fn push(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }
}

//! From the files of a pack to a [`Pack`]: the sections, their defaults, and what holds between them.

mod alerts;
mod gate;

use toml::de::DeTable;

use super::keys::LETTERS;
use super::policy::*;
use super::probe::{self, Probe};
use super::rule::{self, Rule};
use super::section::{Report, Section};
use super::{Pack, PackError, PackFiles, Stage, hash};
use gate::{cost, failure_budget};

/// When a pack was or is applied.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Now,
    Before,
}

/// What `kill all` means, so that no workflow may be called so.
const ALL: &str = "all";

/// Keys that are read and shown, and that nothing acts on yet.
const NOT_ENFORCED: [(&str, &str, &str); 7] = [
    ("policy", "pii", "policy.pii"),
    ("policy", "allowed_tools", "policy.allowed_tools"),
    ("policy", "models", "policy.models"),
    ("routing", "preference", "routing.preference"),
    ("cost", "monthly_usd", "cost.monthly_usd"),
    ("cost", "alert_at", "cost.alert_at"),
    ("cost", "hard_stop", "cost.hard_stop"),
];

pub(super) fn pack(files: &PackFiles, taken: Taken) -> Result<Pack, Vec<PackError>> {
    // git on Windows ends lines otherwise, some editors begin a file with a mark: neither says anything.
    let plain = |text: &String| text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let files: &PackFiles = &files.iter().map(|(name, text)| (name.clone(), plain(text))).collect();
    let Some(text) = files.get(Pack::WORKFLOW_FILE) else {
        let report = Report::new(Pack::WORKFLOW_FILE, "");
        report.add(0, String::new(), "a file with the workflow's settings".to_owned(), "no such file".to_owned(), None);
        return Err(report.into_errors());
    };
    let report = Report::new(Pack::WORKFLOW_FILE, text);
    let (document, faults) = DeTable::parse_recoverable(text);
    for fault in &faults {
        let at = fault.span().map_or(0, |span| span.start);
        report.add(at, String::new(), "valid TOML".to_owned(), fault.message().to_owned(), None);
    }
    // What a broken document says beyond its faults is guesswork.
    let read = faults.is_empty().then(|| sections(&Section::root(&report, document.get_ref()), files, taken));
    let mut errors = report.into_errors();
    errors.sort_by_key(|error| error.line);
    match read.flatten() {
        Some(pack) if errors.is_empty() => Ok(pack),
        _ => Err(errors),
    }
}

/// Reads every section before any of them is given up, so that all faults come to light.
fn sections(root: &Section<'_>, files: &PackFiles, taken: Taken) -> Option<Pack> {
    let workflow = root.required_table("workflow").and_then(|section| workflow(&section, files, taken));
    let audience = audiences(root.table("audience"));
    let sources = root.table("sources").map(|section| sources(&section)).unwrap_or_default();
    let policy = policy(root.table("policy"));
    let routing = routing(root.table("routing"), &policy);
    let review = root.required_table("review").map(|section| {
        let review = review(&section, files);
        let probes = probes(&section, &review, files);
        (review, probes)
    });
    let (review, probes) = review.unzip();
    let reasons = review.as_ref().map_or(&[][..], |review| review.reasons.as_slice());
    let delivery = root.table("delivery").map(|section| delivery(&section));
    let pull = root.tables("pull").iter().filter_map(pull).collect();
    let gate = gate::gate(root.table("gate"), reasons);
    let failure_budget = root.table("failure_budget").map(|section| failure_budget(&section, &gate.rates));
    let alerts = root.table("alerts").map(|section| alerts::alerts(&section));
    let incident = root.table("incident").map(|section| alerts::incident(&section)).unwrap_or_default();
    let cost = root.table("cost").map(|section| cost(&section));
    root.refuse_unknown_keys();
    let workflow = workflow?;
    let file = |name: &str| files.get(name);
    let (guidelines, runbook) = (file(&workflow.guidelines)?, file(&workflow.runbook)?);
    let mut pack = Pack {
        guidelines: guidelines.clone(),
        runbook: runbook.clone(),
        not_enforced: NOT_ENFORCED
            .iter()
            .filter(|(table, key, _)| root.says(table, key))
            .map(|(.., key)| *key)
            .collect(),
        guideline_hash: hash::of_text(guidelines),
        hash: String::new(),
        revision_hash: String::new(),
        probes: probes.unwrap_or_default(),
        workflow,
        audience,
        sources,
        policy,
        routing,
        review: review?,
        delivery: transposed(delivery)?,
        pull,
        gate,
        failure_budget: transposed(failure_budget)?,
        alerts,
        incident,
        cost: transposed(cost)?,
    };
    (pack.hash, pack.revision_hash) = (hash::of_version(&pack), hash::of_revision(&pack));
    Some(pack)
}

/// A section that is there has to be whole; one that is not there is fine.
fn transposed<T>(section: Option<Option<T>>) -> Option<Option<T>> {
    section.map_or(Some(None), |read| read.map(Some))
}

/// The name of another file of the pack.
fn file_in(files: &PackFiles) -> Rule<String> {
    let others = files.keys().filter(|name| *name != Pack::WORKFLOW_FILE);
    let mut rule = rule::choice(others.map(|name| (name.clone(), name.clone())).collect());
    rule.expected = "the name of a file in the pack".to_owned();
    rule
}

fn workflow(section: &Section<'_>, files: &PackFiles, taken: Taken) -> Option<Workflow> {
    let file = || file_in(files);
    let id = section.required("id", rule::workflow_id());
    if taken == Taken::Now && id.as_ref().is_some_and(|id| id.as_str() == ALL) {
        section.fault("id", "another name than `all`, which stands for every workflow", "\"all\"");
    }
    let name = section.required("name", rule::text());
    let dri = section.required("dri", rule::word());
    let guidelines = section.required("guidelines", file());
    let runbook = section.required("runbook", file());
    for (key, name) in [("guidelines", &guidelines), ("runbook", &runbook)] {
        let text = name.as_ref().and_then(|name| files.get(name));
        if text.is_some_and(|text| text.trim().is_empty()) {
            section.fault(key, "a file with text in it", "an empty one");
        }
    }
    section.refuse_unknown_keys();
    Some(Workflow { id: id?, name: name?, dri: dri?, guidelines: guidelines?, runbook: runbook? })
}

fn audiences(section: Option<Section<'_>>) -> PerStage<AudienceRule> {
    let rule = |stage: Stage| section.as_ref().and_then(|section| audience(section, stage));
    let audiences = PerStage {
        internal: rule(Stage::Internal)
            .unwrap_or_else(|| AudienceRule { groups: vec!["staff".to_owned()], ..AudienceRule::default() }),
        opt_in: rule(Stage::OptIn).unwrap_or_else(|| AudienceRule { opted_in: true, ..AudienceRule::default() }),
        default: rule(Stage::Default).unwrap_or_else(|| AudienceRule { everyone: true, ..AudienceRule::default() }),
    };
    if let Some(section) = &section {
        section.refuse_unknown_keys();
    }
    audiences
}

fn audience(section: &Section<'_>, stage: Stage) -> Option<AudienceRule> {
    let table = section.table(stage.as_str())?;
    let rule = AudienceRule {
        everyone: table.optional("everyone", rule::flag()).unwrap_or_default(),
        opted_in: table.optional("opted_in", rule::flag()).unwrap_or_default(),
        groups: table.list("groups", rule::word()).unwrap_or_default(),
        except_groups: table.list("except_groups", rule::word()).unwrap_or_default(),
    };
    table.refuse_unknown_keys();
    if !rule.everyone && !rule.opted_in && rule.groups.is_empty() {
        section.fault(stage.as_str(), "someone to admit: everyone, opted_in or groups", "nobody");
    }
    Some(rule)
}

fn sources(section: &Section<'_>) -> Sources {
    let sources = Sources {
        allow: section.list("allow", rule::source_pattern()).unwrap_or_default(),
        access: section.list("access", rule::word()).unwrap_or_default(),
    };
    section.refuse_unknown_keys();
    sources
}

fn policy(section: Option<Section<'_>>) -> Policy {
    let mut policy = Policy { pii: Pii::Redact, retention_days: 30, allowed_tools: Vec::new(), models: Vec::new() };
    let Some(section) = section else {
        return policy;
    };
    let kinds = [("redact", Pii::Redact), ("block", Pii::Block), ("allow", Pii::Allow)];
    set(&mut policy.pii, section.optional("pii", choice(&kinds)));
    set(&mut policy.retention_days, section.optional("retention_days", rule::whole(1..=3650)));
    set(&mut policy.allowed_tools, section.list("allowed_tools", rule::word()));
    set(&mut policy.models, section.list("models", rule::model()));
    section.refuse_unknown_keys();
    policy
}

fn routing(section: Option<Section<'_>>, policy: &Policy) -> Routing {
    let mut routing = Routing { preference: Preference::CheapestPassingEval };
    let Some(section) = section else {
        return routing;
    };
    let preferences = [
        ("cheapest_passing_eval", Preference::CheapestPassingEval),
        ("fastest", Preference::Fastest),
        ("fixed", Preference::Fixed),
    ];
    set(&mut routing.preference, section.optional("preference", choice(&preferences)));
    if routing.preference == Preference::Fixed && policy.models.is_empty() {
        section.fault("preference", "a model in policy.models for a fixed route", "none");
    }
    section.refuse_unknown_keys();
    routing
}

fn review(section: &Section<'_>, files: &PackFiles) -> Review {
    let rates = section.table("rate");
    let rate = |stage: Stage| {
        let rate = rates.as_ref().and_then(|rates| rates.optional(stage.as_str(), rule::share_above_zero()));
        rate.unwrap_or(1.0)
    };
    let rate = PerStage { internal: rate(Stage::Internal), opt_in: rate(Stage::OptIn), default: rate(Stage::Default) };
    let risk = section.table("risk_rate");
    let high = risk.as_ref().and_then(|risk| risk.optional("high", rule::share_above_zero()));
    for table in rates.iter().chain(&risk) {
        table.refuse_unknown_keys();
    }
    Review {
        rate,
        risk_rate: RiskRate { high: high.unwrap_or(1.0) },
        double_rate: section.optional("double_rate", rule::share()).unwrap_or_default(),
        per_day: section.optional("per_day", rule::whole(1..=1_000_000)),
        probes: section.optional("probes", file_in(files)),
        lease_seconds: section.optional("lease_seconds", rule::whole(30..=3600)).unwrap_or(300),
        undo_seconds: section.optional("undo_seconds", rule::whole(0..=600)).unwrap_or(10),
        expires_hours: section.optional("expires_hours", rule::whole(1..=720)).unwrap_or(48),
        reasons: reasons(section),
    }
}

fn probes(section: &Section<'_>, review: &Review, files: &PackFiles) -> Vec<Probe> {
    let Some(text) = review.probes.as_ref().and_then(|name| files.get(name)) else { return Vec::new() };
    let codes: Vec<&str> = review.reasons.iter().map(|reason| reason.code.as_str()).collect();
    probe::probes(text, &codes).unwrap_or_else(|why| {
        section.fault("probes", "a file with a draft.v1 row and what it expects on each line", &why);
        Vec::new()
    })
}

fn reasons(section: &Section<'_>) -> Vec<Reason> {
    let tables = section.tables("reason");
    section.refuse_unknown_keys();
    if tables.is_empty() {
        section.fault("reason", "at least one [[review.reason]] to escalate for", "none");
    }
    if tables.len() > LETTERS {
        let found = tables.len().to_string();
        section.fault("reason", "at most 26 reasons, one for each letter that picks it", &found);
    }
    let mut reasons: Vec<Reason> = Vec::with_capacity(tables.len());
    for table in &tables {
        let code = table.required("code", rule::reason_code());
        let label = table.required("label", rule::text());
        let harm = table.optional("harm", rule::flag()).unwrap_or_default();
        let to = table.required("to", rule::word());
        table.refuse_unknown_keys();
        // Kept even when it is not whole, so that what refers to it isn't called wrong as well.
        let Some(code) = code else { continue };
        if reasons.iter().any(|reason| reason.code == code) {
            table.fault("code", "a code of its own for each reason", &format!("{code:?} again"));
        }
        reasons.push(Reason { code, label: label.unwrap_or_default(), harm, to: to.unwrap_or_default() });
    }
    reasons
}

fn delivery(section: &Section<'_>) -> Option<Delivery> {
    let url = section.required("url", rule::http_url());
    let secret_env = section.required("secret_env", rule::env_name());
    let previous_secret_env = section.optional("previous_secret_env", rule::env_name());
    let allow_private = section.optional("allow_private", rule::flag()).unwrap_or_default();
    if previous_secret_env.is_some() && previous_secret_env == secret_env {
        section.fault("previous_secret_env", "another variable than secret_env", "the same one");
    }
    section.refuse_unknown_keys();
    Some(Delivery { url: url?, secret_env: secret_env?, previous_secret_env, allow_private })
}

fn pull(section: &Section<'_>) -> Option<Pull> {
    let url = section.required("url", rule::http_url());
    let every_seconds = section.optional("every_seconds", rule::whole(5..=86_400)).unwrap_or(60);
    let token_env = section.optional("token_env", rule::env_name());
    let allow_private = section.optional("allow_private", rule::flag()).unwrap_or_default();
    section.refuse_unknown_keys();
    Some(Pull { url: url?, every_seconds, token_env, allow_private })
}

fn choice<T: Copy + 'static>(choices: &[(&str, T)]) -> Rule<T> {
    rule::choice(choices.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect())
}

/// Puts what the pack says in the place of the default.
fn set<T>(place: &mut T, read: Option<T>) {
    if let Some(read) = read {
        *place = read;
    }
}

//! Packs for tests: the template that a new workflow starts from, with this and that changed.

use countersign_domain::ids::WorkflowId;
use countersign_domain::pack::{Pack, PackFiles, template};
use toml::{Table, Value};

/// Names the secret that test packs sign deliveries with.
pub const SECRET_NAME: &str = "COUNTERSIGN_WEBHOOK_SECRET";

/// Names the token that test packs pull drafts with.
pub const PULL_SECRET_NAME: &str = "COUNTERSIGN_SECRET_PULL";

/// What the name begins with that a test workflow gives its own.
pub const SECRET_PREFIX: &str = "COUNTERSIGN_SECRET_WEBHOOK_";

/// A name that a workflow may give a secret of its own.
fn secret_of(workflow: &str) -> String {
    format!("{SECRET_PREFIX}{}", workflow.to_uppercase().replace('-', "_"))
}

/// A pack in the making.
#[derive(Clone)]
pub struct TestPack {
    files: PackFiles,
    settings: Table,
}

impl TestPack {
    /// The template under this id; nothing is drawn for a second review, and the DRI is who `App::role` calls so.
    pub fn of(id: &str) -> Self {
        let mut files = template(&id.parse::<WorkflowId>().unwrap());
        let settings = files.remove(Pack::WORKFLOW_FILE).unwrap().parse().unwrap();
        // Every test workflow may cite what the others may.
        Self { files, settings }
            .set("sources.allow", vec!["desk/*"])
            .set("review.double_rate", 0.0)
            .set("workflow.dri", "the-dri")
    }

    /// Changes a setting, named with dots.
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        let (section, name) = key.split_once('.').unwrap();
        let section = self.settings.entry(section).or_insert_with(|| Table::new().into());
        section.as_table_mut().unwrap().insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a setting out, named with dots.
    pub fn without(mut self, key: &str) -> Self {
        let (section, name) = key.split_once('.').unwrap();
        if let Some(table) = self.settings.get_mut(section).and_then(Value::as_table_mut) {
            table.remove(name);
        }
        self
    }

    /// Changes a text that the pack names.
    pub fn text(mut self, file: &str, text: &str) -> Self {
        self.files.insert(file.to_owned(), text.to_owned());
        self
    }

    /// Every draft is reviewed by a second person too.
    pub fn double_read(self) -> Self {
        self.set("review.double_rate", 1.0)
    }

    /// With these probes, one `draft.v1` row a line and what each expects.
    pub fn probing(mut self, lines: &str) -> Self {
        self.files.insert("probes.jsonl".to_owned(), lines.to_owned());
        self.set("review.probes", "probes.jsonl")
    }

    /// Sends decided replies to this address on this machine, with a secret of the workflow's own.
    pub fn delivering_to(self, url: &str) -> Self {
        let id = self.settings["workflow"]["id"].as_str().unwrap_or_default();
        let name = if id == "desk" { SECRET_NAME.to_owned() } else { secret_of(id) };
        self.set("delivery.url", url).set("delivery.secret_env", name).set("delivery.allow_private", true)
    }

    /// Asks this endpoint for drafts, every five seconds.
    pub fn pulling_from(self, url: &str) -> Self {
        self.with_pull(Table::from_iter([
            ("url".to_owned(), Value::from(url)),
            ("every_seconds".to_owned(), Value::from(5)),
            ("token_env".to_owned(), Value::from(PULL_SECRET_NAME)),
            ("allow_private".to_owned(), Value::from(true)),
        ]))
    }

    /// With this `[[pull]]`.
    pub fn with_pull(mut self, pull: Table) -> Self {
        let pulls = self.settings.entry("pull").or_insert_with(|| Value::Array(Vec::new()));
        pulls.as_array_mut().unwrap().push(pull.into());
        self
    }

    /// Changes a setting of its last `[[pull]]`.
    pub fn set_pull(mut self, key: &str, value: impl Into<Value>) -> Self {
        let last = self.settings.get_mut("pull").and_then(Value::as_array_mut).and_then(|p| p.last_mut());
        last.and_then(Value::as_table_mut).unwrap().insert(key.to_owned(), value.into());
        self
    }

    /// As it is applied.
    pub fn files(&self) -> PackFiles {
        let mut files = self.files.clone();
        files.insert(Pack::WORKFLOW_FILE.to_owned(), self.settings.to_string());
        files
    }
}

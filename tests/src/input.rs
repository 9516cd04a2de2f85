//! What comes in: real drafts with their pack and sources where they are at hand, else made-up ones on the demo's pack.

use anyhow::Context;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// The environment variable that the pack names for its webhook secret.
pub const SECRET_NAME: &str = "COUNTERSIGN_WEBHOOK_SECRET";

const ROWS: usize = 699;

/// A workflow's pack, its drafts and the documents they may cite.
pub struct Input {
    /// The workflow.
    pub workflow: String,
    /// The drafts, one JSON object a line.
    pub drafts: String,
    /// The sources, one JSON object a line.
    pub sources: String,
    /// The codes of the pack's reasons to escalate.
    pub reasons: Vec<String>,
    pack: PathBuf,
}

impl Input {
    /// The real ones, from `../shared/data/airline` beside the checkout or from the folder in `COUNTERSIGN_DATA`.
    pub fn find() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let real =
            std::env::var_os("COUNTERSIGN_DATA").map_or_else(|| root.join("../shared/data/airline"), PathBuf::from);
        if real.join("drafts.jsonl").is_file() {
            let read = |name: &str| fs::read_to_string(real.join(name)).with_context(|| name.to_owned());
            return Self::of(real.join("pack"), read("drafts.jsonl")?, read("sources.jsonl")?);
        }
        let demo = root.join("packs/support-first-reply");
        let sources = fs::read_to_string(demo.join("sources.jsonl"))?;
        Self::of(demo, (0..ROWS).map(|i| made_up(i).to_string() + "\n").collect(), sources)
    }

    fn of(pack: PathBuf, drafts: String, sources: String) -> anyhow::Result<Self> {
        let toml: toml::Table = fs::read_to_string(pack.join("workflow.toml"))?.parse()?;
        let workflow = toml["workflow"]["id"].as_str().context("the pack has no id")?.to_owned();
        let reasons = toml["review"]["reason"].as_array().context("the pack has no reasons")?;
        let reasons = reasons.iter().filter_map(|r| r["code"].as_str()).map(str::to_owned).collect();
        Ok(Self { workflow, drafts, sources, reasons, pack })
    }

    /// Writes its pack into `dir`, but for where replies go and how long things last.
    pub fn pack_into(&self, dir: &Path, hook: &str, undo_seconds: u32, lease_seconds: u32) -> anyhow::Result<()> {
        let mut toml: toml::Table = fs::read_to_string(self.pack.join("workflow.toml"))?.parse()?;
        let delivery = [("url", hook.into()), ("secret_env", SECRET_NAME.into()), ("allow_private", true.into())];
        let delivery: toml::Table = delivery.into_iter().map(|(k, v)| (k.to_owned(), v)).collect();
        toml.insert("delivery".into(), delivery.into());
        let review = toml["review"].as_table_mut().context("[review] is no table")?;
        review.insert("undo_seconds".into(), undo_seconds.into());
        review.insert("lease_seconds".into(), lease_seconds.into());
        // These reviewers escalate at random, far beyond any budget: the workflow would go back and kill itself.
        toml.remove("failure_budget");
        // The drafts don't say what they cost, so no limit on it could ever be met.
        if let Some(cost) = toml.get_mut("cost").and_then(toml::Value::as_table_mut) {
            cost.remove("max_per_sent_usd");
        }
        fs::create_dir_all(dir)?;
        fs::write(dir.join("workflow.toml"), toml.to_string())?;
        for text in ["guidelines.md", "runbook.md"] {
            fs::copy(self.pack.join(text), dir.join(text))?;
        }
        Ok(())
    }

    /// How many drafts there are.
    pub fn len(&self) -> usize {
        self.drafts.lines().count()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn made_up(i: usize) -> Value {
    json!({
        "external_id": format!("made-up-{i}"),
        "thread": [{ "role": "customer", "text": format!("Where is parcel {i}? It should have come yesterday.") }],
        "draft": { "text": format!("I am sorry to hear that. Parcel {i} is on its way to you.") },
        "metadata": { "task_reward": f64::from(u8::from(i.is_multiple_of(3))) },
    })
}

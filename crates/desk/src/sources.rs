//! Sources: brought in, read, and what a changed one means for drafts that cite it.

use crate::{Desk, DeskError, record};
use countersign_domain::access::{Act, Identity, Scope};
use countersign_domain::citation;
use countersign_domain::draft::FieldError;
use countersign_domain::json as reading;
use countersign_domain::time::Millis;
use countersign_store::Tx;
use countersign_store::sources::{self, SourceRow};
use countersign_store::workflows::{self, Hold};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};

/// A source as it is brought in.
#[derive(Clone, Debug, Deserialize)]
pub struct NewSource {
    /// Its id, as drafts cite it.
    pub id: String,
    /// Its title; the id if it is left out.
    #[serde(default)]
    pub title: Option<String>,
    /// Its whole text.
    pub text: String,
    /// The labels of those who may read it.
    #[serde(default)]
    pub access: Vec<String>,
}

/// What an import of sources came to.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SourceReport {
    /// New ones.
    pub created: u64,
    /// Changed ones.
    pub updated: u64,
    /// Those that were here like this already.
    pub unchanged: u64,
    /// Rows not taken.
    pub rejected: u64,
    /// Why not.
    pub errors: Vec<SourceError>,
}

/// Why a row wasn't taken.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SourceError {
    /// Its line, from 1.
    pub line: u64,
    /// The field.
    pub field: String,
    /// What was found and what was expected.
    pub message: String,
}

/// A source in a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SourceView {
    /// Its id.
    pub id: String,
    /// The workflow it belongs to, if only to one.
    pub workflow: Option<String>,
    /// Its title.
    pub title: String,
    /// Its labels.
    pub access: Vec<String>,
    /// When it was last changed.
    pub updated_at: Millis,
}

/// A source with its text.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SourceRead {
    /// The source.
    #[serde(flatten)]
    pub source: SourceView,
    /// Its text.
    pub text: String,
}

/// Reads one row of a source import.
pub fn parse_source(row: &[u8]) -> Result<NewSource, FieldError> {
    const MAX_TEXT: usize = 1_000_000;
    let source: NewSource = reading::read(row)?;
    let err = |field: &str, message: &str| Err(FieldError::new(field, message));
    if source.id.trim().is_empty() || source.id.chars().count() > 300 || source.id.contains(char::is_control) {
        return err("id", "expected 1 to 300 characters");
    }
    if source.text.trim().is_empty() || source.text.chars().count() > MAX_TEXT || source.text.contains('\0') {
        return err("text", "expected 1 to 1000000 characters and no U+0000");
    }
    if source.title.as_deref().is_some_and(|t| t.chars().count() > 300 || t.contains('\0')) {
        return err("title", "expected at most 300 characters");
    }
    if source.access.len() > 50 || source.access.iter().any(|l| l.is_empty() || l.len() > 100) {
        return err("access", "expected at most 50 labels of 1 to 100 characters");
    }
    Ok(source)
}

/// So many sources, or so many bytes of them, are written in one transaction.
const STRETCH: usize = 20;
const STRETCH_BYTES: usize = 1 << 20;
/// So many stretches of drafts are checked again before an import answers.
const STRETCHES_AT_ONCE: usize = 5;

fn stored(source: NewSource, workflow: Option<&str>, now: Millis) -> SourceRow {
    let title = source.title.unwrap_or_else(|| source.id.clone());
    let access = json!(source.access).to_string();
    let mut hash = Sha256::new();
    for part in [&title, &source.text, &access] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    SourceRow {
        id: source.id,
        workflow_id: workflow.map(str::to_owned),
        title,
        text: source.text,
        access,
        hash: hex::encode(hash.finalize()),
        updated_at: now.0,
    }
}

impl Desk {
    /// Brings sources in. Undecided drafts that cite a changed one are checked again, and their content hash
    /// changes with what is found, so that nobody signs for what they haven't seen.
    pub async fn import_sources(
        &self,
        who: &Identity,
        workflow: Option<&str>,
        rows: Vec<(u64, NewSource)>,
    ) -> Result<SourceReport, DeskError> {
        self.require(who, Act::WriteSources, workflow, "bring sources in")?;
        if let Some(id) = workflow
            && workflows::get(&mut self.read().await?, id, Hold::Look).await?.is_none()
        {
            return Err(DeskError::not_found("workflow", id));
        }
        let now = self.now();
        let mut report = SourceReport::default();
        let mut rows = rows.into_iter().map(|(line, source)| (line, stored(source, workflow, now))).peekable();
        while rows.peek().is_some() {
            let (mut stretch, mut bytes) = (Vec::new(), 0);
            while let Some((line, row)) = rows.next_if(|_| stretch.len() < STRETCH && bytes < STRETCH_BYTES) {
                bytes += row.text.len();
                stretch.push((line, row));
            }
            self.bring_in(who, workflow, stretch, &mut report).await?;
        }
        // What few drafts cite is checked again before this answers; the rest in the background.
        for _ in 0..STRETCHES_AT_ONCE {
            if !self.recheck_sources().await? {
                break;
            }
        }
        Ok(report)
    }

    /// Brings a stretch of sources in, with the note that the drafts citing them are to be checked again.
    async fn bring_in(
        &self,
        who: &Identity,
        workflow: Option<&str>,
        rows: Vec<(u64, SourceRow)>,
        report: &mut SourceReport,
    ) -> Result<(), DeskError> {
        let mut tx = self.write().await?;
        let ids: Vec<&str> = rows.iter().map(|(_, row)| row.id.as_str()).collect();
        sources::hold(&mut tx, &ids, true).await?;
        let (mut created, mut updated, mut unchanged) = (0, 0, 0);
        for (_, row) in &rows {
            // Ids are a workflow's own: nobody changes another's source, nor learns of it.
            let old = sources::get(&mut tx, workflow, &row.id).await?;
            match &old {
                Some(old) if old.hash == row.hash => unchanged += 1,
                _ => {
                    sources::put(&mut tx, row).await?;
                    sources::ask_recheck(&mut tx, &row.id).await?;
                    if old.is_some() { updated += 1 } else { created += 1 }
                }
            }
        }
        let detail = json!({ "created": created, "updated": updated, "unchanged": unchanged });
        record(&mut tx, self.now(), who, "sources.imported", workflow, None, detail);
        tx.commit().await?;
        report.created += created;
        report.updated += updated;
        report.unchanged += unchanged;
        Ok(())
    }

    /// A page of the sources that this person may read, by id; with `workflow` its own and everybody's.
    pub async fn list_sources(
        &self,
        who: &Identity,
        workflow: Option<&str>,
        cursor: &str,
        limit: i64,
    ) -> Result<(Vec<SourceView>, Option<String>), DeskError> {
        self.require(who, Act::ReadSources, workflow, "list sources")?;
        let mut tx = self.browse().await?;
        let reader = self.reader_of_sources(&mut tx, who).await?;
        let after = cursor.split_once('/').map_or((cursor, ""), |(workflow, id)| (id, workflow));
        let rows = sources::list(&mut tx, workflow, after, limit).await?;
        let next = |(id, of, ..): &(String, Option<String>, String, String, i64)| {
            format!("{}/{id}", of.as_deref().unwrap_or_default())
        };
        let next = (rows.len() as i64 == limit).then(|| rows.last().map(next)).flatten();
        let view = |(id, workflow, title, access, at): (String, Option<String>, String, String, i64)| SourceView {
            id,
            workflow,
            title,
            access: serde_json::from_str(&access).unwrap_or_default(),
            updated_at: Millis(at),
        };
        let readable = |source: &SourceView| reader.may_read(source.workflow.as_deref(), &source.access);
        Ok((rows.into_iter().map(view).filter(readable).collect(), next))
    }

    /// A source with its text; reading it is on record. Of several with this id: the one of `workflow`, else everybody's,
    /// else the first that this person may read.
    pub async fn show_source(&self, who: &Identity, id: &str, workflow: Option<&str>) -> Result<SourceRead, DeskError> {
        let mut tx = self.write().await?;
        let reader = self.reader_of_sources(&mut tx, who).await?;
        let missing = || DeskError::not_found("source", id);
        let mut found = sources::owners(&mut tx, id).await?;
        if let Some(workflow) = workflow {
            found.retain(|(owner, _)| owner.as_deref().is_none_or(|owner| owner == workflow));
            // Its own is behind everybody's.
            found.reverse();
        }
        if found.is_empty() {
            return Err(missing());
        }
        let labels = |access: &str| serde_json::from_str::<Vec<String>>(access).unwrap_or_default();
        let mut readable =
            found.into_iter().filter(|(owner, access)| reader.may_read(owner.as_deref(), &labels(access)));
        let Some((owner, _)) = readable.next() else {
            return Err(DeskError::forbidden(&who.subject, "read this source"));
        };
        let row = sources::get(&mut tx, owner.as_deref(), id).await?.ok_or_else(missing)?;
        record(&mut tx, self.now(), who, "source.read", row.workflow_id.as_deref(), Some(id), json!({}));
        tx.commit().await?;
        let access = row.labels();
        let source = SourceView {
            id: row.id,
            workflow: row.workflow_id,
            title: row.title,
            access,
            updated_at: Millis(row.updated_at),
        };
        Ok(SourceRead { source, text: row.text })
    }

    async fn reader_of_sources(&self, tx: &mut Tx, who: &Identity) -> Result<Reader, DeskError> {
        let scope = who.scope(Act::ReadSources);
        let mut held = Vec::new();
        for workflow in workflows::list(tx, Hold::Look).await?.into_iter().filter(|w| scope.includes(&w.id)) {
            let version = self.version(tx, &workflow.id, workflow.version).await?;
            held.push((workflow.id, version.pack.sources.access.clone()));
        }
        Ok(Reader { answers: who.scope(Act::ReadCases), held })
    }
}

/// Who asks for sources: whoever answers for a workflow reads all that are its own, others what its pack lets its
/// reviewers see.
struct Reader {
    answers: Scope,
    held: Vec<(String, Vec<String>)>,
}

impl Reader {
    fn may_read(&self, owner: Option<&str>, labels: &[String]) -> bool {
        let Some(owner) = owner else {
            return self.answers == Scope::All || self.held.iter().any(|(_, held)| citation::readable(labels, held));
        };
        let by_label = |(workflow, held): &(String, Vec<String>)| workflow == owner && citation::readable(labels, held);
        self.answers.includes(owner) || self.held.iter().any(by_label)
    }
}

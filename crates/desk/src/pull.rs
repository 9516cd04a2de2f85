//! Pulling drafts from endpoints that packs name. The cursor is stored with the drafts it brought.

use crate::stage::{LineStatus, Prepared, agrees, stretch};
use crate::{ChangeKind, Desk, DeskError, record};
use countersign_domain::access::Identity;
use countersign_domain::draft::{FieldError, parse};
use countersign_domain::pack::Pull;
use countersign_domain::secret::Use;
use countersign_providers::{PullError, PullPage, Source};
use countersign_store::workflows::{self, Hold};
use countersign_store::{Tx, pulls};
use serde_json::json;

/// Longer than a page may take to come and to be staged: meanwhile no other hub asks for it.
const CLAIM_SECONDS: i64 = 60;

impl Desk {
    /// Asks every endpoint that is due, all at once; answers how many drafts came in.
    pub async fn pull_due(&self) -> Result<usize, DeskError> {
        let mut tx = self.read().await?;
        let mut asked = Vec::new();
        for w in workflows::list(&mut tx, Hold::Look).await? {
            let Some(version) = self.version_if_readable(&mut tx, &w.id, w.version).await? else { continue };
            let secrets = version.pack.secrets();
            for (i, pull) in version.pack.pull.iter().enumerate() {
                let token = secrets.iter().find(|used| used.key == format!("pull[{i}].token_env")).cloned();
                asked.push((w.id.clone(), pull.clone(), token));
            }
        }
        drop(tx);
        let pulls = asked.iter().map(|(workflow, pull, token)| self.pull_one(workflow, pull, token.as_ref()));
        let came: Result<Vec<usize>, DeskError> = futures::future::join_all(pulls).await.into_iter().collect();
        Ok(came?.into_iter().sum())
    }

    async fn pull_one(&self, workflow: &str, pull: &Pull, token: Option<&Use>) -> Result<usize, DeskError> {
        let Some(cursor) = self.claim_pull(workflow, pull).await? else { return Ok(0) };
        let token = match token {
            Some(used) => match self.secret(workflow, used).await {
                Ok(token) => Some(token),
                Err(why) => return self.pull_failed(workflow, pull, 0, &why).await,
            },
            None => None,
        };
        let from = Source { url: &pull.url, bearer: token.as_deref(), allow_private: pull.allow_private };
        match self.inner.pulls.fetch(from, cursor.as_deref()).await {
            Ok(page) => {
                let taken = self.take_page(workflow, pull, cursor, page).await;
                if let Err(e) = &taken {
                    let why = format!("what it brought can't be staged, and will be asked for again: {e}");
                    self.pull_failed(workflow, pull, 0, &why).await?;
                }
                taken
            }
            Err(e) => {
                tracing::warn!(workflow, error = %e, "a pull failed");
                // What a private address answers would tell whoever writes packs about a network that isn't theirs.
                let why = match &e {
                    PullError::Exchange(_) if pull.allow_private => {
                        "the source brought no page; the hub's log says why".to_owned()
                    }
                    e => e.to_string(),
                };
                self.pull_failed(workflow, pull, e.retry_after_seconds().unwrap_or(0), &why).await
            }
        }
    }

    async fn pull_failed(&self, workflow: &str, pull: &Pull, wait: u64, why: &str) -> Result<usize, DeskError> {
        let patience = wait.max(u64::from(pull.every_seconds));
        let next = self.now().plus_seconds(i64::try_from(patience).unwrap_or(i64::MAX).min(86_400));
        let mut tx = self.write().await?;
        pulls::fail(&mut tx, workflow, &pull.url, next, why).await?;
        tx.commit().await?;
        Ok(0)
    }

    /// Moves a due pull's next time ahead. The outer `None`: it isn't due.
    async fn claim_pull(&self, workflow: &str, pull: &Pull) -> Result<Option<Option<String>>, DeskError> {
        let now = self.now();
        let stands = pulls::of(&mut self.read().await?, workflow).await?;
        if stands.iter().any(|p| p.url == pull.url && p.next_at > now.0) {
            return Ok(None);
        }
        let mut tx = self.write().await?;
        let at = pulls::get(&mut tx, workflow, &pull.url).await?;
        if at.as_ref().is_some_and(|p| p.next_at > now.0) {
            return Ok(None);
        }
        pulls::claim(&mut tx, workflow, &pull.url, now.plus_seconds(CLAIM_SECONDS)).await?;
        tx.commit().await?;
        Ok(Some(at.and_then(|p| p.cursor)))
    }

    /// Stages a page in short transactions; the last has the cursor with it. When one fails, the page is asked for
    /// again, and what was staged of it comes as duplicates.
    async fn take_page(
        &self,
        workflow: &str,
        pull: &Pull,
        cursor: Option<String>,
        page: PullPage,
    ) -> Result<usize, DeskError> {
        let (brought, hub) = (page.drafts.len(), Identity::hub());
        let mut raws = (1..).zip(page.drafts).peekable();
        let (mut came, mut rejected, mut unlike) = (0, Vec::new(), Vec::new());
        loop {
            let mut rows = Vec::new();
            for (line, raw) in stretch(&mut raws, |(_, raw)| raw.len()) {
                match pulled(workflow, line, raw.as_bytes()) {
                    Ok(row) => rows.push(row),
                    Err(error) => rejected.push((line, error)),
                }
            }
            let rows = self.check_ahead(workflow, rows).await?;
            let (Some(mut tx), results) = self.stage_checked(&hub, workflow, rows).await? else { return Ok(came) };
            for result in results {
                match (result.status, result.error) {
                    (LineStatus::Rejected, Some(error)) => rejected.push((result.line, error)),
                    (LineStatus::Duplicate, Some(error)) => unlike.push((result.line, error)),
                    (LineStatus::Created, _) => came += 1,
                    _ => {}
                }
            }
            if raws.peek().is_some() {
                tx.commit().await?;
                continue;
            }
            let error = self.note_rejected(&mut tx, workflow, pull, brought, &mut rejected);
            let error = error.or_else(|| said("are here already, with another text", brought, &mut unlike));
            // More is waiting there when a page was full of news.
            let moved = page.cursor.is_some() && page.cursor != cursor;
            let now = self.now();
            let next = if moved && brought > 0 { now } else { now.plus_seconds(i64::from(pull.every_seconds)) };
            let at = page.cursor.or(cursor);
            pulls::put(&mut tx, workflow, &pull.url, at.as_deref(), next, error.as_deref()).await?;
            tx.commit().await?;
            break;
        }
        if came > 0 {
            self.tell(ChangeKind::DraftsStaged, workflow, None).await;
        }
        Ok(came)
    }

    /// Puts on record that a page held drafts that can't be taken; answers what is said of it.
    fn note_rejected(
        &self,
        tx: &mut Tx,
        workflow: &str,
        pull: &Pull,
        brought: usize,
        rejected: &mut [(u64, FieldError)],
    ) -> Option<String> {
        let said = said("were rejected", brought, rejected)?;
        tracing::warn!(workflow, rejected = rejected.len(), "a pull brought drafts that can't be taken");
        let detail = json!({ "url": pull.url, "drafts": brought, "rejected": rejected.len() });
        record(tx, self.now(), &Identity::hub(), "pull.rejected", Some(workflow), None, detail);
        Some(said)
    }
}

/// What is said of the drafts of a page that didn't come in.
fn said(what: &str, brought: usize, drafts: &mut [(u64, FieldError)]) -> Option<String> {
    drafts.sort_by_key(|(line, _)| *line);
    let n = drafts.len();
    let (line, first) = drafts.first()?;
    Some(format!("{n} of {brought} drafts {what}; the first, draft {line}: {first}"))
}

fn pulled(workflow: &str, line: u64, row: &[u8]) -> Result<Prepared, FieldError> {
    let incoming = parse(row)?;
    agrees(Some(workflow), &incoming)?;
    Prepared::of(line, incoming)
        .map_err(|result| result.error.unwrap_or_else(|| FieldError::new("", "can't be stored")))
}

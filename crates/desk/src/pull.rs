//! Pulling drafts from endpoints that packs name. The cursor is stored with the drafts it brought.

use crate::stage::Prepared;
use crate::{ChangeKind, Desk, DeskError, record};
use countersign_domain::access::Identity;
use countersign_domain::draft::parse;
use countersign_domain::pack::Pull;
use countersign_providers::PullPage;
use countersign_store::pulls;
use countersign_store::workflows::{self, Hold};
use serde_json::json;

/// Longer than a page may take to come and to be staged: meanwhile no other hub asks for it.
const CLAIM_SECONDS: i64 = 60;

impl Desk {
    /// Asks every endpoint that is due, all at once; answers how many drafts came in.
    pub async fn pull_due(&self) -> Result<usize, DeskError> {
        let mut tx = self.read().await?;
        let mut asked = Vec::new();
        for w in workflows::list(&mut tx, Hold::Look).await? {
            asked.extend(
                self.version(&mut tx, &w.id, w.version).await?.pack.pull.iter().map(|p| (w.id.clone(), p.clone())),
            );
        }
        drop(tx);
        let pulls = asked.iter().map(|(workflow, pull)| self.pull_one(workflow, pull));
        let came: Result<Vec<usize>, DeskError> = futures::future::join_all(pulls).await.into_iter().collect();
        Ok(came?.into_iter().sum())
    }

    async fn pull_one(&self, workflow: &str, pull: &Pull) -> Result<usize, DeskError> {
        let Some(cursor) = self.claim_pull(workflow, pull).await? else { return Ok(0) };
        let token = pull.token_env.as_ref().and_then(|name| (self.inner.secrets)(name));
        match self.inner.pulls.fetch(&pull.url, token.as_deref(), cursor.as_deref()).await {
            Ok(page) => self.take_page(workflow, pull, cursor, page).await,
            Err(e) => {
                tracing::warn!(workflow, error = %e, "a pull failed");
                let patience = e.retry_after_seconds().unwrap_or(0).max(u64::from(pull.every_seconds));
                let next = self.now().plus_seconds(i64::try_from(patience).unwrap_or(i64::MAX).min(86_400));
                let mut tx = self.write().await?;
                pulls::fail(&mut tx, workflow, &pull.url, next, &e.to_string()).await?;
                tx.commit().await?;
                Ok(0)
            }
        }
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

    async fn take_page(
        &self,
        workflow: &str,
        pull: &Pull,
        cursor: Option<String>,
        page: PullPage,
    ) -> Result<usize, DeskError> {
        let (mut rows, mut rejected) = (Vec::new(), Vec::new());
        for (line, raw) in (1..).zip(&page.drafts) {
            match parse(raw.get().as_bytes()) {
                Ok(mut incoming) => {
                    // The pack that names the endpoint says for which workflow its drafts are.
                    incoming.workflow = None;
                    match Prepared::of(line, incoming) {
                        Ok(row) => rows.push(row),
                        Err(result) => rejected.extend(result.error.map(|e| (line, e))),
                    }
                }
                Err(e) => rejected.push((line, e)),
            }
        }
        let now = self.now();
        let mut tx = self.write().await?;
        let Some(row) = workflows::get(&mut tx, workflow, Hold::Add).await? else { return Ok(0) };
        let hub = Identity::hub();
        let results = self.stage_in(&mut tx, &hub, &row, rows).await?;
        rejected.extend(results.iter().filter_map(|r| r.error.clone().map(|e| (r.line, e))));
        rejected.sort_by_key(|(line, _)| *line);
        let error = rejected.first().map(|(line, first)| {
            format!(
                "{} of {} drafts were rejected; the first, draft {line}: {first}",
                rejected.len(),
                page.drafts.len()
            )
        });
        if error.is_some() {
            tracing::warn!(workflow, rejected = rejected.len(), "a pull brought drafts that can't be taken");
            let detail = json!({ "url": pull.url, "drafts": page.drafts.len(), "rejected": rejected.len() });
            record(&mut tx, now, &hub, "pull.rejected", Some(workflow), None, detail);
        }
        // More is waiting there when a page was full of news.
        let moved = page.cursor.is_some() && page.cursor != cursor;
        let next = if moved && !page.drafts.is_empty() { now } else { now.plus_seconds(i64::from(pull.every_seconds)) };
        let at = page.cursor.or(cursor);
        pulls::put(&mut tx, workflow, &pull.url, at.as_deref(), next, error.as_deref()).await?;
        tx.commit().await?;
        let came = results.iter().filter(|r| r.error.is_none()).count();
        if came > 0 {
            self.tell(ChangeKind::DraftsStaged, workflow, None).await;
        }
        Ok(came)
    }
}

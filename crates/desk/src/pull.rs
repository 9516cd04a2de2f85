//! Pulling drafts from an endpoint that a pack names. The cursor is stored with the drafts it brought.

use crate::stage::Prepared;
use crate::{ChangeKind, Desk, DeskError};
use countersign_domain::access::Identity;
use countersign_domain::draft::parse;
use countersign_domain::pack::Pull;
use countersign_domain::time::Millis;
use countersign_store::pulls;
use countersign_store::workflows::{self, Hold};

impl Desk {
    /// Polls every endpoint that is due; answers how many drafts came in.
    pub async fn pull_due(&self) -> Result<usize, DeskError> {
        let mut came = 0;
        let mut due = Vec::new();
        {
            let mut tx = self.read().await?;
            for w in workflows::list(&mut tx, Hold::Look).await? {
                for pull in &self.version(&mut tx, &w.id, w.version).await?.pack.pull {
                    due.push((w.id.clone(), pull.clone()));
                }
            }
        }
        for (workflow, pull) in due {
            if let Some(cursor) = self.claim_pull(&workflow, &pull).await? {
                came += self.pull_one(&workflow, &pull, cursor).await?;
            }
        }
        Ok(came)
    }

    /// Moves a due pull's next time ahead, so that no other hub polls it meanwhile. The outer `None`: not due.
    async fn claim_pull(&self, workflow: &str, pull: &Pull) -> Result<Option<Option<String>>, DeskError> {
        let now = self.now();
        let mut tx = self.write().await?;
        let at = pulls::get(&mut tx, workflow, &pull.url).await?;
        if at.as_ref().is_some_and(|p| p.next_at > now.0) {
            return Ok(None);
        }
        let cursor = at.and_then(|p| p.cursor);
        pulls::put(&mut tx, workflow, &pull.url, cursor.as_deref(), next(now, pull), None).await?;
        tx.commit().await?;
        Ok(Some(cursor))
    }

    async fn pull_one(&self, workflow: &str, pull: &Pull, cursor: Option<String>) -> Result<usize, DeskError> {
        let token = pull.token_env.as_ref().and_then(|name| (self.inner.secrets)(name));
        let page = match self.inner.pulls.fetch(&pull.url, token.as_deref(), cursor.as_deref()).await {
            Ok(page) => page,
            Err(e) => {
                tracing::warn!(workflow, error = %e, "a pull failed");
                let now = self.now();
                let mut tx = self.write().await?;
                pulls::put(&mut tx, workflow, &pull.url, cursor.as_deref(), next(now, pull), Some(&e.to_string()))
                    .await?;
                tx.commit().await?;
                return Ok(0);
            }
        };
        let mut rows = Vec::new();
        let mut rejected = Vec::new();
        for (i, raw) in page.drafts.iter().enumerate() {
            let line = i as u64 + 1;
            match parse(raw.get().as_bytes()) {
                Ok(mut incoming) => {
                    incoming.workflow = None;
                    rows.extend(Prepared::of(line, incoming).ok());
                }
                Err(e) => rejected.push(format!("draft {line}: {e}")),
            }
        }
        let now = self.now();
        let mut tx = self.write().await?;
        let Some(row) = workflows::get(&mut tx, workflow, Hold::Share).await? else { return Ok(0) };
        let results =
            self.stage_in(&mut tx, &Identity { subject: "hub".to_owned(), ..Identity::owner() }, &row, rows).await?;
        rejected.extend(results.iter().filter_map(|r| r.error.as_ref().map(|e| format!("draft {}: {e}", r.line))));
        let error =
            rejected.first().map(|first| format!("{} of the drafts were rejected; the first: {first}", rejected.len()));
        let at = page.cursor.as_deref().or(cursor.as_deref());
        // More is waiting there when a page was full of news.
        let more = !page.drafts.is_empty() && page.cursor.is_some() && page.cursor != cursor;
        let next = if more { now } else { next(now, pull) };
        pulls::put(&mut tx, workflow, &pull.url, at, next, error.as_deref()).await?;
        tx.commit().await?;
        if !results.is_empty() {
            self.tell(ChangeKind::DraftsStaged, workflow, None).await;
        }
        Ok(results.len() - results.iter().filter(|r| r.error.is_some()).count())
    }
}

fn next(now: Millis, pull: &Pull) -> Millis {
    now.plus_seconds(i64::from(pull.every_seconds.max(1)))
}

//! Alerts: a burning budget, a kill, a demotion, an incident is told to the services that page people, and told again
//! when it is over. Every message is a row of its own until it has arrived.

mod shape;

use crate::deliver::jitter;
use crate::{Desk, DeskError, new_id, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::pack::{Alerts, Pack};
use countersign_domain::time::Millis;
use countersign_providers::retry_delay;
use countersign_store::Tx;
use countersign_store::alerts::{self, AlertRow, PostRow};
use countersign_store::page::{Page, cursor};
use countersign_store::workflows::{self, Hold};
use serde::Serialize;
use serde_json::{Value, json};

/// A try is over after this long, whatever became of the hub that made it.
const CLAIM_SECONDS: i64 = 30;
const AT_ONCE: i64 = 16;
const MAX_RETRY_AFTER_SECONDS: u64 = 3600;

/// An alert.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AlertView {
    /// Its id.
    pub id: String,
    /// The workflow.
    pub workflow: String,
    /// `budget`, `confirmation`, `kill`, `demotion` or `manual`.
    pub kind: String,
    /// The burn rule, `1h/5m`; empty where there is none.
    pub rule: String,
    /// `page` or `notify`.
    pub action: String,
    /// `firing` or `resolved`.
    pub state: String,
    /// Since when.
    pub at: Millis,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Millis>,
    /// In a line.
    pub summary: String,
    /// The incident that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incident: Option<String>,
    /// More of it.
    #[schema(value_type = Object)]
    pub detail: Value,
    /// Its messages.
    pub posts: Vec<PostView>,
}

/// One message of an alert to one service.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AlertPost)]
pub struct PostView {
    /// `slack` or `pagerduty`.
    pub channel: String,
    /// `trigger` or `resolve`.
    pub action: String,
    /// `pending`, `sent` or `failed`.
    pub state: String,
    /// Tries so far.
    pub attempts: i64,
    /// The next try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Millis>,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// What is to be told.
pub(crate) struct Raised<'a> {
    /// `budget`, `confirmation`, `kill`, `demotion` or `manual`.
    pub(crate) kind: &'a str,
    /// `page` or `notify`.
    pub(crate) action: &'a str,
    /// The burn rule; empty where there is none.
    pub(crate) rule: &'a str,
    /// The incident that it is about.
    pub(crate) incident: Option<&'a str>,
    /// In a line.
    pub(crate) summary: String,
    /// More of it.
    pub(crate) detail: Value,
}

fn channels(alerts: Option<&Alerts>) -> impl Iterator<Item = &'static str> {
    let slack = alerts.and_then(|a| a.slack_url_env.as_ref()).map(|_| "slack");
    slack.into_iter().chain(alerts.and_then(|a| a.pagerduty_key_env.as_ref()).map(|_| "pagerduty"))
}

impl Desk {
    /// Opens an alert, with its messages, within the transaction of what it tells.
    pub(crate) async fn raise(
        &self,
        tx: &mut Tx,
        workflow: &str,
        pack: &Pack,
        raised: Raised<'_>,
        now: Millis,
    ) -> Result<(), DeskError> {
        let row = AlertRow {
            seq: 0,
            id: new_id(),
            workflow_id: workflow.to_owned(),
            kind: raised.kind.to_owned(),
            severity: raised.action.to_owned(),
            rule: raised.rule.to_owned(),
            incident_id: raised.incident.map(str::to_owned),
            summary: raised.summary,
            detail: raised.detail.to_string(),
            state: "firing".to_owned(),
            opened_at: now.0,
            resolved_at: None,
        };
        alerts::insert(tx, &row).await?;
        for channel in channels(pack.alerts.as_ref()) {
            alerts::add_post(tx, &row.id, channel, "trigger", now).await?;
        }
        Ok(())
    }

    /// Marks an alert as over, and tells whoever was told of it.
    pub(crate) async fn resolve_alert(&self, tx: &mut Tx, alert: &AlertRow, now: Millis) -> Result<(), DeskError> {
        alerts::resolve(tx, &alert.id, now).await?;
        for post in alerts::posts(tx, &alert.id).await?.iter().filter(|p| p.action == "trigger") {
            alerts::add_post(tx, &alert.id, &post.channel, "resolve", now).await?;
        }
        Ok(())
    }

    /// Sends the messages that are due now, several at once; answers how many tries were made.
    pub async fn send_alerts(&self) -> Result<usize, DeskError> {
        let now = self.now();
        if !alerts::any_due(&mut self.read().await?, now).await? {
            return Ok(0);
        }
        let mut tx = self.write().await?;
        let claimed = alerts::claim(&mut tx, now, now.plus_seconds(CLAIM_SECONDS), AT_ONCE).await?;
        let mut work = Vec::with_capacity(claimed.len());
        for post in claimed {
            let Some(alert) = alerts::get(&mut tx, &post.alert_id).await? else { continue };
            let Some(w) = workflows::get(&mut tx, &alert.workflow_id, Hold::Look).await? else { continue };
            let version = self.version(&mut tx, &w.id, w.version).await?;
            work.push((post, alert, version));
        }
        tx.commit().await?;
        let sends = work.iter().map(|(post, alert, version)| async move {
            let sent = self.post(post, alert, &version.pack).await;
            self.posted(post, &alert.workflow_id, sent).await
        });
        let results: Vec<Result<(), DeskError>> = futures::future::join_all(sends).await;
        let tries = results.len();
        results.into_iter().collect::<Result<Vec<()>, _>>()?;
        Ok(tries)
    }

    /// One try: what was wrong, whether for good, and how long to wait.
    async fn post(&self, post: &PostRow, alert: &AlertRow, pack: &Pack) -> Result<(), (bool, String, u64)> {
        let to = pack.alerts.as_ref().ok_or_else(|| (true, "the pack has no [alerts] any more".to_owned(), 0))?;
        let key = if post.channel == "slack" { "alerts.slack_url_env" } else { "alerts.pagerduty_key_env" };
        let secret = self.secret_at(&alert.workflow_id, pack, key).await.map_err(|why| (false, why, 0))?;
        let secret = secret.ok_or_else(|| (true, format!("the pack names no {} any more", post.channel), 0))?;
        let (url, body) = match post.channel.as_str() {
            "slack" => (secret, shape::slack(alert, &post.action)),
            _ => (to.pagerduty_url.clone(), shape::pagerduty(alert, &post.action, &secret)),
        };
        let sent = self.inner.webhooks.post(&url, to.allow_private, &body.to_string()).await;
        sent.map(drop).map_err(|e| (e.is_final(), e.to_string(), e.retry_after_seconds().unwrap_or_default()))
    }

    async fn posted(
        &self,
        post: &PostRow,
        workflow: &str,
        sent: Result<(), (bool, String, u64)>,
    ) -> Result<(), DeskError> {
        let now = self.now();
        // The row was read before this try was counted.
        let attempt = u32::try_from(post.attempts + 1).unwrap_or(u32::MAX);
        let mut tx = self.write().await?;
        match sent {
            Ok(()) => alerts::tried(&mut tx, post, "sent", now, None, Some(now)).await?,
            Err((for_good, why, after)) => match retry_delay(attempt, jitter()).filter(|_| !for_good) {
                Some(delay) => {
                    let ms = delay.as_millis().max(u128::from(after.min(MAX_RETRY_AFTER_SECONDS)) * 1000);
                    let due = Millis(now.0 + i64::try_from(ms).unwrap_or(i64::MAX / 2));
                    alerts::tried(&mut tx, post, "pending", due, Some(&why), None).await?;
                }
                None => {
                    tracing::warn!(workflow, channel = post.channel, error = why, "an alert was not sent");
                    alerts::tried(&mut tx, post, "failed", now, Some(&why), None).await?;
                    let detail = json!({ "channel": post.channel, "attempts": attempt });
                    record(
                        &mut tx,
                        now,
                        &Identity::hub(),
                        "alert.failed",
                        Some(workflow),
                        Some(&post.alert_id),
                        detail,
                    );
                }
            },
        }
        Ok(tx.commit().await?)
    }

    /// A page of alerts, newest first.
    pub async fn list_alerts(
        &self,
        who: &Identity,
        workflow: Option<&str>,
        state: Option<&str>,
        page: &Page,
    ) -> Result<(Vec<AlertView>, Option<String>), DeskError> {
        if let Some(other) = state.filter(|s| !["firing", "resolved"].contains(s)) {
            return Err(DeskError::invalid("state", format!("expected firing or resolved, found {other:?}")));
        }
        let mut tx = self.read().await?;
        let chosen = self.chosen(&mut tx, who, Act::ReadIncidents, workflow).await?;
        let ids: Vec<String> = chosen.into_iter().map(|w| w.id).collect();
        let rows = alerts::list(&mut tx, &ids, state, page).await?;
        let next = (rows.len() as i64 == page.limit).then(|| rows.last().map(|r| cursor(&[r.seq]))).flatten();
        let mut views = Vec::with_capacity(rows.len());
        for row in rows {
            let posts = alerts::posts(&mut tx, &row.id).await?;
            views.push(view(row, posts));
        }
        Ok((views, next))
    }
}

fn view(a: AlertRow, posts: Vec<PostRow>) -> AlertView {
    let posts = posts.into_iter().map(|p| PostView {
        channel: p.channel,
        action: p.action,
        next_attempt_at: (p.state == "pending").then_some(Millis(p.due_at)),
        state: p.state,
        attempts: p.attempts,
        last_error: p.last_error,
    });
    AlertView {
        detail: serde_json::from_str(&a.detail).unwrap_or_default(),
        posts: posts.collect(),
        id: a.id,
        workflow: a.workflow_id,
        kind: a.kind,
        rule: a.rule,
        action: a.severity,
        state: a.state,
        at: Millis(a.opened_at),
        resolved_at: a.resolved_at.map(Millis),
        summary: a.summary,
        incident: a.incident_id,
    }
}

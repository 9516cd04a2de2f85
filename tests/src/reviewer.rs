//! A reviewer: takes the next draft, decides on it, and does now and then what people do: gives one back, changes
//! their mind, presses twice. Whatever goes wrong on the way, a verdict is sent again under its id until it is taken.

use crate::door::{Answer, Door};
use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// One time that a draft was held.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The draft.
    pub draft: String,
    /// Its ticket.
    pub ticket: String,
    /// The lease's number.
    pub fence: i64,
    /// Who.
    pub reviewer: String,
    /// From when it was certainly held.
    pub from: Instant,
    /// Until when it was certainly held.
    pub until: Instant,
    /// What was decided, if it wasn't given back.
    pub taken: Option<Taken>,
}

/// A verdict that the hub took.
#[derive(Clone, Debug)]
pub struct Taken {
    /// As it was sent.
    pub verdict: Value,
    /// It was a blind second review.
    pub second: bool,
    /// It was withdrawn again.
    pub withdrawn: bool,
    /// What goes out: the draft's text or the reviewer's; nothing on an escalation.
    pub text: Option<String>,
}

/// A reviewer at work.
pub struct Reviewer {
    /// The name.
    pub name: String,
    /// The hubs, asked in turn.
    pub doors: Vec<Door>,
    /// The codes to escalate with.
    pub reasons: Vec<String>,
    /// Chance.
    pub draw: fastrand::Rng,
    /// How long they look at a draft at the most.
    pub think: Duration,
    /// Told at every verdict that is being sent.
    pub sending: Arc<Notify>,
    /// How often the hub was away.
    pub interruptions: usize,
    /// The drafts they held.
    pub receipts: Vec<Receipt>,
}

impl Reviewer {
    /// Works until told to stop.
    pub async fn work(mut self, stop: Arc<AtomicBool>) -> anyhow::Result<Self> {
        while !stop.load(Ordering::Relaxed) {
            let next = self.send(Method::POST, "/v1/queue/lease", Some(&json!({}))).await?;
            let mut got = Vec::new();
            if next.interrupted {
                // The hub may have given a lease whose answer never came.
                got = self.held_unknowingly(&next.body).await?;
            }
            match next.status {
                200 => got.push(next.body),
                204 => tokio::time::sleep(Duration::from_millis(20)).await,
                status => anyhow::bail!("lease: {status} {}", next.body),
            }
            for lease in got {
                self.decide(lease).await?;
            }
        }
        Ok(self)
    }

    async fn send(&mut self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        self.doors.rotate_left(1);
        let door = self.doors.first().context("no hub")?;
        let answer = door.send(method, path, body).await?;
        self.interruptions += usize::from(answer.interrupted);
        Ok(answer)
    }

    async fn held_unknowingly(&mut self, known: &Value) -> anyhow::Result<Vec<Value>> {
        let list = self.send(Method::GET, "/v1/drafts?state=in_review&reviewer=me&limit=200", None).await?;
        let drafts = list.body["drafts"].as_array().cloned().unwrap_or_default();
        let mut found = Vec::new();
        for draft in drafts.iter().filter(|d| d["id"] != known["draft"]["id"]) {
            let again = self.send(Method::POST, "/v1/queue/lease", Some(&json!({ "draft_id": draft["id"] }))).await?;
            ensure!(again.status == 200, "my own lease again: {} {}", again.status, again.body);
            found.push(again.body);
        }
        Ok(found)
    }

    async fn decide(&mut self, mut leased: Value) -> anyhow::Result<()> {
        loop {
            let (lease, draft) = (leased["lease"].take(), leased["draft"].take());
            let (lease_id, draft_id) = (text(&lease["id"])?, text(&draft["id"])?);
            let mut receipt = Receipt {
                draft: draft_id.clone(),
                ticket: text(&draft["external_id"])?,
                fence: lease["fence"].as_i64().context("no fence")?,
                reviewer: self.name.clone(),
                from: Instant::now(),
                until: Instant::now(),
                taken: None,
            };
            tokio::time::sleep(self.think.mul_f64(self.draw.f64())).await;
            receipt.until = Instant::now();
            if self.draw.u8(..) < 10 {
                let skip = self.draw.bool();
                let back = self.send(Method::DELETE, &format!("/v1/leases/{lease_id}?skip={skip}"), None).await?;
                ensure!(back.status == 204, "giving back: {} {}", back.status, back.body);
                self.receipts.push(receipt);
                return Ok(());
            }
            let verdict = self.verdict(&draft, &lease)?;
            let path = format!("/v1/drafts/{draft_id}/verdicts");
            self.sending.notify_waiters();
            let answer = self.send(Method::POST, &path, Some(&verdict)).await?;
            if answer.status == 409 && draft["second_review"] == true {
                // The first reviewer took their verdict back meanwhile, so nobody wants a second one.
                return Ok(());
            }
            let again = answer.status == 200 && answer.interrupted;
            ensure!(answer.status == 201 || again, "verdict {verdict}: {} {}", answer.status, answer.body);
            let sent = match verdict["action"].as_str() {
                Some("approve") => Some(text(&draft["draft"]["text"])?),
                _ => verdict["final_text"].as_str().map(str::to_owned),
            };
            let second = answer.body["second_review"] == true;
            let mut taken = Taken { verdict: verdict.clone(), second, withdrawn: false, text: sent };
            if self.draw.u8(..) < 25 {
                self.press_twice(&path, &verdict).await?;
            }
            let back = if self.draw.u8(..) < 10 { self.withdraw(&verdict).await? } else { None };
            taken.withdrawn = back.is_some();
            receipt.taken = Some(taken);
            self.receipts.push(receipt);
            match back {
                Some(again) => leased = again,
                None => return Ok(()),
            }
        }
    }

    /// Right where the agent's conversation met its goal; of the others a third is mended, the rest escalated.
    fn verdict(&mut self, draft: &Value, lease: &Value) -> anyhow::Result<Value> {
        let mut verdict = json!({
            "verdict_id": uuid::Uuid::new_v4(), "lease_id": lease["id"], "fence": lease["fence"],
            "content_hash": draft["content_hash"], "seconds": self.draw.u32(4..60),
        });
        let good = draft["metadata"]["task_reward"].as_f64() == Some(1.0);
        if good {
            verdict["action"] = json!("approve");
        } else if self.draw.u8(0..3) == 0 {
            verdict["action"] = json!("edit");
            verdict["final_text"] =
                json!(format!("{}\n\nA colleague will look after this.", text(&draft["draft"]["text"])?));
        } else {
            let reason = self.draw.choice(&self.reasons).context("no reasons")?;
            verdict["action"] = json!("escalate");
            verdict["reasons"] = json!([reason]);
            verdict["comment"] = json!("please look at this");
        }
        Ok(verdict)
    }

    async fn press_twice(&mut self, path: &str, verdict: &Value) -> anyhow::Result<()> {
        let same = self.send(Method::POST, path, Some(verdict)).await?;
        ensure!(same.status == 200, "the same verdict again: {} {}", same.status, same.body);
        let mut other = verdict.clone();
        other["comment"] = json!("something else");
        let other = self.send(Method::POST, path, Some(&other)).await?;
        let refused = other.status == 409 && other.body["error"]["code"] == "already_decided";
        ensure!(refused, "another verdict under the same id: {} {}", other.status, other.body);
        Ok(())
    }

    /// Undo: the lease and the draft that come back, or nothing when it was too late.
    async fn withdraw(&mut self, verdict: &Value) -> anyhow::Result<Option<Value>> {
        let path = format!("/v1/verdicts/{}/withdraw", text(&verdict["verdict_id"])?);
        let answer = self.send(Method::POST, &path, Some(&json!({}))).await?;
        match answer.status {
            200 => {
                ensure!(answer.body["lease"].is_object(), "no lease after a withdrawal: {}", answer.body);
                Ok(Some(answer.body))
            }
            409 if answer.body["error"]["code"] == "already_delivered" => Ok(None),
            status => anyhow::bail!("withdrawing: {status} {}", answer.body),
        }
    }
}

fn text(value: &Value) -> anyhow::Result<String> {
    value.as_str().map(str::to_owned).with_context(|| format!("not a text: {value}"))
}

//! After any number of acts in any order, what is counted is what is there.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{edit, escalation, verdict};
use countersign_testkit::receiver::{Answer, Receiver};
use countersign_testkit::{App, Draft, Engine, Person, TestPack, on_both};
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_both! {
    every_number_equals_the_databases_after_a_random_walk,
}

const STATES: [&str; 11] = [
    "staged",
    "in_review",
    "approved",
    "edited",
    "escalated",
    "delivering",
    "delivered",
    "undeliverable",
    "superseded",
    "expired",
    "unreviewed",
];

/// A walk's next choices; the same seed walks the same way.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        // SplitMix64, Steele, Lea and Flood 2014.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}

/// What the walk has in hand.
struct Walk {
    app: App,
    receiver: Receiver,
    people: Vec<Person>,
    dice: Dice,
    held: Vec<(usize, Value)>,
    decided: Vec<(usize, Value)>,
    revisions: BTreeMap<usize, u64>,
    killed: bool,
}

impl Walk {
    async fn step(&mut self) {
        let who = self.dice.below(self.people.len());
        if self.killed && self.dice.below(5) == 0 {
            return self.turn("resume").await;
        }
        match self.dice.below(100) {
            0..20 => self.send().await,
            20..45 => {
                let leased = self.people[who].post("/v1/queue/lease", json!({})).await;
                match leased.status.as_u16() {
                    200 => self.held.push((who, leased.body)),
                    status => assert!([204, 429].contains(&status), "{}", leased.text()),
                }
            }
            45..75 => self.decide().await,
            75..82 => self.undo().await,
            82..86 => {
                if let Some((who, leased)) = self.held.pop() {
                    self.people[who].release(&leased, self.dice.below(2) == 0).await.ok();
                }
            }
            86..92 => {
                self.app.clock.advance(self.dice.below(8) as i64);
                self.app.desk.lapse_leases().await.unwrap();
                self.app.desk.expire_drafts().await.unwrap();
            }
            92..97 => {
                let answers = [204, 204, 204, 503, 410].map(Answer::Status);
                self.receiver.answer(answers[self.dice.below(5)].clone());
                self.app.deliver().await;
            }
            _ => self.turn("kill").await,
        }
    }

    async fn turn(&mut self, act: &str) {
        self.killed = act == "kill";
        let path = format!("/v1/workflows/desk/{act}");
        self.app.owner().post(&path, json!({ "reason": "the dice" })).await.ok();
    }

    async fn send(&mut self) {
        let ticket = self.dice.below(60);
        let revision = self.revisions.entry(ticket).or_default();
        *revision += self.dice.below(3) as u64;
        let mut draft = Draft::of(&format!("t-{ticket}")).revision(&revision.to_string());
        if self.dice.below(3) == 0 {
            draft = draft.doubted("conflict");
        }
        if self.dice.below(5) == 0 {
            draft = draft.with("expires_at", self.app.now().plus_seconds(20).to_string());
        }
        self.app.send([&draft]).await;
    }

    async fn decide(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let (who, leased) = self.held.swap_remove(self.dice.below(self.held.len()));
        let decided = match self.dice.below(4) {
            0 => edit(&leased, "Something else entirely."),
            1 => escalation(&leased, ["unsafe", "wrong_action"][self.dice.below(2)]),
            _ => verdict(&leased, "approve"),
        };
        let reply = self.people[who].decide(&leased, &decided).await;
        match reply.status.as_u16() {
            201 => self.decided.push((who, reply.body)),
            status => assert_eq!(status, 409, "{}", reply.text()),
        }
    }

    async fn undo(&mut self) {
        if self.decided.is_empty() {
            return;
        }
        let (who, outcome) = self.decided.swap_remove(self.dice.below(self.decided.len()));
        let reply = self.people[who].withdraw(&outcome).await;
        match reply.status.as_u16() {
            200 if !reply.body["lease"].is_null() => self.held.push((who, reply.body)),
            200 | 409 | 429 => {}
            status => panic!("{status}: {}", reply.text()),
        }
    }

    /// Every count against the rows that it counts.
    async fn check(&self, step: usize) {
        let app = &self.app;
        let workflow = app.workflow("desk").await;
        let killed = workflow["killed"] == true;
        let mut total = 0;
        for state in STATES {
            let there = app.number(&format!("SELECT COUNT(*) FROM draft WHERE state = '{state}'")).await;
            let shown = if state == "staged" && killed { "frozen" } else { state };
            assert_eq!(workflow["drafts"][shown].as_i64().unwrap_or(0), there, "step {step}: {state}");
            let listed = app.owner().get(&format!("/v1/drafts?workflow=desk&state={shown}&limit=200")).await.ok();
            assert_eq!(
                (listed["total"].as_i64(), listed["drafts"].as_array().unwrap().len() as i64),
                (Some(there), there)
            );
            total += there;
        }
        for (shown, sql) in [
            ("escalations_open", "SELECT COUNT(*) FROM escalation WHERE state = 'open'"),
            ("deliveries_waiting", "SELECT COUNT(*) FROM delivery WHERE state = 'pending'"),
            ("deliveries_undeliverable", "SELECT COUNT(*) FROM delivery WHERE state = 'undeliverable'"),
        ] {
            assert_eq!(workflow[shown].as_i64(), Some(app.number(sql).await), "step {step}: {shown}");
        }

        let evidence = app.evidence().await;
        let counted = |key: &str| evidence.get(key).copied().unwrap_or(0);
        let standing = "SELECT COUNT(*) FROM verdict WHERE withdrawn = 0 AND round = 1 AND";
        assert_eq!(counted("staged"), total, "step {step}");
        for (key, sql) in [
            ("expired", "SELECT COUNT(*) FROM draft WHERE state = 'expired'".to_owned()),
            ("superseded", "SELECT COUNT(*) FROM draft WHERE state = 'superseded'".to_owned()),
            ("approve", format!("{standing} action = 'approve'")),
            ("edit.material", format!("{standing} action = 'edit' AND grade = 'material'")),
            ("escalate:unsafe", format!("{standing} action = 'escalate' AND reasons = '[\"unsafe\"]'")),
            ("escalate:wrong_action", format!("{standing} action = 'escalate' AND reasons = '[\"wrong_action\"]'")),
        ] {
            assert_eq!(counted(key), app.number(&sql).await, "step {step}: {key}");
        }
        for (one, other) in [
            ("draft WHERE state = 'in_review'", "lease WHERE ended_at IS NULL AND round = 1"),
            ("second_review WHERE state = 'held'", "lease WHERE ended_at IS NULL AND round = 2"),
            ("verdict WHERE withdrawn = 0", "case_record WHERE withdrawn = 0"),
            ("verdict WHERE withdrawn = 1", "withdrawal"),
            ("verdict", "case_record"),
        ] {
            let (a, b) = (format!("SELECT COUNT(*) FROM {one}"), format!("SELECT COUNT(*) FROM {other}"));
            assert_eq!(app.number(&a).await, app.number(&b).await, "step {step}: {one} and {other}");
        }
    }
}

async fn every_number_equals_the_databases_after_a_random_walk(engine: Engine) {
    let receiver = Receiver::start().await;
    let pack = TestPack::of("desk")
        .delivering_to(receiver.url())
        .set("review.double_rate", 0.3)
        .set("review.lease_seconds", 30);
    let app = App::with(engine, &pack).await;
    let mut people = Vec::new();
    for name in ["ana", "ben", "cem"] {
        people.push(app.reviewer(name).await);
    }
    let (held, decided, revisions) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut walk = Walk { app, receiver, people, dice: Dice(699), held, decided, revisions, killed: false };
    for step in 1..=300 {
        walk.step().await;
        if step % 20 == 0 {
            walk.check(step).await;
        }
    }
    assert_eq!(walk.app.verify().await["ok"], true);
    let cases = walk.app.owner().get("/v1/cases/export?workflow=desk").await.text();
    let standing = walk.app.number("SELECT COUNT(*) FROM verdict WHERE withdrawn = 0").await;
    assert_eq!(cases.lines().count() as i64, standing);
    let ids: Vec<String> = walk.receiver.received().into_iter().map(|r| r.ticket).collect();
    assert!(standing > 10 && ids.len() > 5, "the walk went somewhere: {standing} verdicts, {} sends", ids.len());
}

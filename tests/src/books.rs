//! The books: what the hub says, what the database holds, what reviewers did and what arrived have to agree.

use crate::door::Door;
use crate::reviewer::Receipt;
use anyhow::{Context, ensure};
use countersign_testkit::receiver::Received;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The database itself, past the hub.
pub enum Books {
    /// A file, read beside the hub.
    Sqlite(SqlitePool),
    /// A server.
    Postgres(PgPool),
}

/// What must never be there, each as a query that counts it.
const NEVER: &[(&str, &str)] = &[
    ("a fence given twice", "SELECT 1 FROM lease GROUP BY draft_seq, fence HAVING COUNT(*) > 1"),
    ("two living leases", "SELECT 1 FROM lease WHERE ended_at IS NULL GROUP BY draft_seq, round HAVING COUNT(*) > 1"),
    ("two verdicts that stand", "SELECT 1 FROM verdict WHERE withdrawn = 0 GROUP BY draft_seq, round HAVING COUNT(*) > 1"),
    ("two verdicts on a lease", "SELECT 1 FROM verdict GROUP BY lease_id HAVING COUNT(*) > 1"),
    (
        "a second review by the first reviewer",
        "SELECT 1 FROM verdict a JOIN verdict b ON a.draft_seq = b.draft_seq AND a.reviewer = b.reviewer
         WHERE a.round = 1 AND b.round = 2 AND a.withdrawn = 0 AND b.withdrawn = 0",
    ),
    (
        "a verdict without its case",
        "SELECT 1 FROM verdict v LEFT JOIN case_record c ON c.verdict_id = v.id AND c.withdrawn = v.withdrawn WHERE c.id IS NULL",
    ),
    ("a case without its verdict", "SELECT 1 FROM case_record c LEFT JOIN verdict v ON v.id = c.verdict_id WHERE v.id IS NULL"),
    (
        "a verdict without its delivery",
        "SELECT 1 FROM verdict v JOIN draft t ON t.seq = v.draft_seq LEFT JOIN delivery d ON d.verdict_id = v.id
         WHERE v.round = 1 AND t.state <> 'expired' AND d.id IS NULL",
    ),
    ("two deliveries of a verdict", "SELECT 1 FROM delivery WHERE verdict_id IS NOT NULL GROUP BY verdict_id HAVING COUNT(*) > 1"),
    (
        "a withdrawn verdict delivered",
        "SELECT 1 FROM delivery d JOIN verdict v ON v.id = d.verdict_id WHERE v.withdrawn = 1 AND d.state <> 'withdrawn'",
    ),
    (
        "an escalation without its verdict, or the other way round",
        "SELECT 1 FROM verdict v LEFT JOIN escalation e ON e.verdict_id = v.id AND e.state <> 'withdrawn'
         JOIN draft t ON t.seq = v.draft_seq
         WHERE v.round = 1 AND v.withdrawn = 0 AND (v.action = 'escalate' AND t.state <> 'expired') <> (e.id IS NOT NULL)",
    ),
    (
        "a verdict without its audit entry",
        "SELECT 1 FROM verdict v JOIN draft d ON d.seq = v.draft_seq WHERE NOT EXISTS (SELECT 1 FROM audit a
         WHERE a.act = 'verdict.recorded' AND a.object = d.id AND a.detail LIKE '%\"' || v.id || '\"%')",
    ),
    (
        "a text of an erased draft",
        "SELECT 1 FROM draft d LEFT JOIN verdict v ON v.draft_seq = d.seq LEFT JOIN case_record c ON c.verdict_id = v.id
         LEFT JOIN kept k ON k.draft_seq = d.seq WHERE d.erased_at IS NOT NULL AND (d.subject <> '' OR d.customer IS NOT NULL
         OR v.final_text IS NOT NULL OR v.comment IS NOT NULL OR c.record <> '' OR k.verdict_id IS NOT NULL)",
    ),
    (
        "a count that is off",
        "SELECT 1 FROM (SELECT workflow_id, state, COUNT(*) AS n FROM draft GROUP BY workflow_id, state) d
         LEFT JOIN draft_count c ON c.workflow_id = d.workflow_id AND c.state = d.state WHERE c.n IS NULL OR c.n <> d.n",
    ),
    (
        "a count of waiting replies that is off",
        "SELECT 1 FROM workflow w WHERE COALESCE((SELECT c.n FROM draft_count c WHERE c.workflow_id = w.id AND c.state = 'reply'), 0)
         <> (SELECT COUNT(*) FROM delivery d WHERE d.workflow_id = w.id AND d.state = 'pending' AND d.draft_seq IS NOT NULL)",
    ),
    (
        "evidence that is off",
        "SELECT 1 FROM (SELECT CAST(SUM(n) AS BIGINT) AS n FROM evidence WHERE outcome NOT IN ('staged', 'unreviewed', 'expired', 'superseded', 'costed', 'cost_micro_usd')) e,
         (SELECT COUNT(*) AS n FROM verdict v JOIN draft d ON d.seq = v.draft_seq
          WHERE v.round = 1 AND v.withdrawn = 0 AND d.rescued = 0) v WHERE e.n <> v.n",
    ),
    (
        "drafts that the evidence doesn't know",
        "SELECT 1 FROM (SELECT CAST(SUM(n) AS BIGINT) AS n FROM evidence WHERE outcome = 'staged') e,
         (SELECT COUNT(*) AS n FROM draft) d WHERE e.n <> d.n",
    ),
    (
        "a stage that no transition led to",
        "SELECT 1 FROM workflow w WHERE w.stage <> COALESCE(
             (SELECT t.to_stage FROM transition t WHERE t.workflow_id = w.id ORDER BY t.at DESC, t.id DESC LIMIT 1), 'internal')",
    ),
    (
        "a killed workflow without its kill, or the other way round",
        "SELECT 1 FROM workflow w WHERE (w.killed_at IS NOT NULL) <> (COALESCE((SELECT t.kind FROM transition t
         WHERE t.workflow_id = w.id AND t.kind IN ('kill', 'resume') ORDER BY t.at DESC, t.id DESC LIMIT 1), 'resume') = 'kill')",
    ),
    (
        "a transition that doesn't begin where the one before ended",
        "SELECT 1 FROM (SELECT from_stage, LAG(to_stage) OVER (PARTITION BY workflow_id ORDER BY at, id) AS was FROM transition) t
         WHERE t.was <> t.from_stage",
    ),
    (
        "a promotion without its green report",
        "SELECT 1 FROM transition t WHERE t.kind = 'promote' AND NOT EXISTS (SELECT 1 FROM gate_report g WHERE g.hash = t.report_hash
         AND g.workflow_id = t.workflow_id AND g.version = t.version AND g.stage = t.from_stage AND g.status = 'pass')",
    ),
    (
        "a transition without its audit entry",
        "SELECT 1 FROM transition t WHERE NOT EXISTS (SELECT 1 FROM audit a WHERE a.workflow_id = t.workflow_id
         AND a.act = CASE t.kind WHEN 'kill' THEN 'workflow.killed' WHEN 'resume' THEN 'workflow.resumed'
                                 WHEN 'promote' THEN 'workflow.promoted' ELSE 'workflow.demoted' END
         AND a.detail LIKE '%\"' || t.id || '\"%')",
    ),
    (
        "an audit entry of a transition that isn't there",
        "SELECT 1 FROM audit a WHERE a.act IN ('workflow.killed', 'workflow.resumed', 'workflow.promoted', 'workflow.demoted')
         AND a.workflow_id NOT LIKE '~%' AND NOT EXISTS (SELECT 1 FROM transition t WHERE t.workflow_id = a.workflow_id
         AND a.detail LIKE '%\"' || t.id || '\"%')",
    ),
    (
        "a kill without an incident",
        "SELECT 1 FROM transition t WHERE t.kind = 'kill' AND t.workflow_id NOT LIKE '~%' AND NOT EXISTS (SELECT 1 FROM incident i
         WHERE i.workflow_id = t.workflow_id AND i.opened_at <= t.at AND COALESCE(i.closed_at, t.at) >= t.at)",
    ),
];

/// What is still to come when all reviewers are idle.
const UNFINISHED: &str = "SELECT
     (SELECT COUNT(*) FROM draft WHERE state IN ('staged', 'in_review', 'approved', 'edited', 'delivering'))
     + (SELECT COUNT(*) FROM second_review WHERE state <> 'done') + (SELECT COUNT(*) FROM delivery WHERE state = 'pending')";

impl Books {
    /// Opens them for reading.
    pub async fn open(database: &str) -> anyhow::Result<Self> {
        Ok(match database.strip_prefix("sqlite://") {
            Some(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).read_only(true);
                Self::Sqlite(SqlitePool::connect_with(options).await?)
            }
            None => Self::Postgres(PgPool::connect(database).await?),
        })
    }

    /// One number.
    pub async fn number(&self, sql: &str) -> anyhow::Result<i64> {
        let query = AssertSqlSafe(sql.to_owned());
        let number = match self {
            Self::Sqlite(pool) => sqlx::query_scalar(query).fetch_one(pool).await,
            Self::Postgres(pool) => sqlx::query_scalar(query).fetch_one(pool).await,
        };
        number.with_context(|| sql.to_owned())
    }

    /// Pairs of texts.
    pub async fn pairs(&self, sql: &str) -> anyhow::Result<Vec<(String, String)>> {
        let query = AssertSqlSafe(sql.to_owned());
        let pairs = match self {
            Self::Sqlite(pool) => sqlx::query_as(query).fetch_all(pool).await,
            Self::Postgres(pool) => sqlx::query_as(query).fetch_all(pool).await,
        };
        pairs.with_context(|| sql.to_owned())
    }

    /// How much is still to come: drafts to decide, second reviews, deliveries.
    pub async fn unfinished(&self) -> anyhow::Result<i64> {
        self.number(UNFINISHED).await
    }

    /// Every number that a console shows is the database's.
    pub async fn agree_with(&self, door: &Door, workflow: &str) -> anyhow::Result<()> {
        let at = format!("workflow_id = '{workflow}'");
        let shown = door.get(&format!("/v1/workflows/{workflow}")).await?;
        let killed = shown["killed"] == true;
        let mut drafts = BTreeMap::new();
        let states = format!("SELECT state, CAST(COUNT(*) AS TEXT) FROM draft WHERE {at} GROUP BY state");
        for (state, n) in self.pairs(&states).await? {
            let state = if killed && state == "staged" { "frozen".to_owned() } else { state };
            let n: i64 = n.parse()?;
            let listed = door.get(&format!("/v1/drafts?workflow={workflow}&state={state}&limit=1")).await?;
            ensure!(listed["total"] == n, "{n} drafts are {state}, the list says {}", listed["total"]);
            let rows = door.all(&format!("/v1/drafts?workflow={workflow}&state={state}&"), "drafts").await?;
            ensure!(rows.len() as i64 == n, "{n} drafts are {state}, the list has {}", rows.len());
            drafts.insert(state, n);
        }
        ensure!(shown["drafts"] == serde_json::to_value(&drafts)?, "drafts: {} is not {drafts:?}", shown["drafts"]);
        let open = "escalation WHERE state = 'open' AND";
        for (number, table) in [
            ("escalations_open", open),
            ("deliveries_waiting", "delivery WHERE state = 'pending' AND"),
            ("deliveries_undeliverable", "delivery WHERE state = 'undeliverable' AND"),
        ] {
            let n = self.number(&format!("SELECT COUNT(*) FROM {table} {at}")).await?;
            ensure!(shown[number] == n, "{number}: {} is not {n}", shown[number]);
        }
        for (path, rows, table) in [
            ("/v1/cases?", "cases", "case_record WHERE withdrawn = 0 AND erased_at IS NULL AND"),
            ("/v1/escalations?state=open&", "escalations", open),
            ("/v1/deliveries?state=delivered&", "deliveries", "delivery WHERE state = 'delivered' AND"),
        ] {
            let n = self.number(&format!("SELECT COUNT(*) FROM {table} {at}")).await?;
            let listed = door.all(&format!("{path}workflow={workflow}&"), rows).await?.len() as i64;
            ensure!(listed == n, "{path} lists {listed} of {n}");
        }
        Ok(())
    }

    /// Nothing of what must never be there is there.
    pub async fn hold_together(&self) -> anyhow::Result<()> {
        for (what, sql) in NEVER {
            let found = self.number(&format!("SELECT COUNT(*) FROM ({sql}) AS found")).await?;
            ensure!(found == 0, "{what}: {found} times");
        }
        Ok(())
    }

    /// Every verdict that a reviewer was told is taken is there, once, and no other.
    pub async fn hold_verdicts(&self, receipts: &[Receipt]) -> anyhow::Result<()> {
        let sql = "SELECT id, reviewer || ' ' || action || ' ' || CAST(withdrawn AS TEXT) FROM verdict";
        let stored: BTreeMap<String, String> = self.pairs(sql).await?.into_iter().collect();
        let mut told = BTreeMap::new();
        for receipt in receipts {
            let Some(taken) = &receipt.taken else { continue };
            let word = |key: &str| taken.verdict[key].as_str().unwrap_or_default().to_owned();
            let said = format!("{} {} {}", receipt.reviewer, word("action"), u8::from(taken.withdrawn));
            ensure!(told.insert(word("verdict_id"), said).is_none(), "a verdict was taken twice");
        }
        let lost: Vec<_> = told.keys().filter(|id| !stored.contains_key(*id)).collect();
        ensure!(lost.is_empty(), "{} verdicts lost: {lost:?}", lost.len());
        let odd: Vec<_> = stored.iter().filter(|(id, said)| told.get(*id) != Some(said)).collect();
        ensure!(odd.is_empty(), "{} verdicts otherwise than they were taken: {odd:?}", odd.len());
        Ok(())
    }

    /// What arrived is what was decided: one id an outcome, the same body on every try, and nothing else.
    pub async fn hold_deliveries(&self, received: &[Received], receipts: &[Receipt]) -> anyhow::Result<()> {
        let sent = self.pairs("SELECT id, body FROM delivery WHERE state = 'delivered'").await?;
        let sent: HashMap<String, String> = sent.into_iter().collect();
        let mut outcomes = HashMap::new();
        for r in received {
            ensure!(sent.get(&r.id) == Some(&r.body), "{} arrived with another body, or isn't known: {}", r.id, r.body);
            if let Some(verdict) = r.data()["verdict_id"].as_str() {
                let id = outcomes.entry(verdict.to_owned()).or_insert_with(|| r.id.clone());
                ensure!(*id == r.id, "verdict {verdict} arrived under two ids");
            }
        }
        let arrived: BTreeSet<&String> = received.iter().map(|r| &r.id).collect();
        ensure!(arrived.len() == sent.len(), "{} of {} deliveries arrived", arrived.len(), sent.len());
        let bodies: HashMap<&str, &Received> = received.iter().map(|r| (r.ticket.as_str(), r)).collect();
        for (receipt, taken) in receipts.iter().filter_map(|r| r.taken.as_ref().map(|t| (r, t))) {
            if taken.second || taken.withdrawn {
                continue;
            }
            let r = bodies.get(receipt.ticket.as_str()).with_context(|| format!("nothing about {}", receipt.ticket))?;
            let data = r.data();
            ensure!(data["verdict_id"] == taken.verdict["verdict_id"], "{}: another verdict went out", receipt.ticket);
            ensure!(data["text"].as_str() == taken.text.as_deref(), "{}: another text went out", receipt.ticket);
            let kind = if taken.text.is_some() { "reply.ready" } else { "draft.escalated" };
            ensure!(r.kind == kind, "{}: {} went out as {}", receipt.ticket, kind, r.kind);
        }
        Ok(())
    }
}

/// Nobody held a draft while somebody else did, nor under the same number.
pub fn held_by_one_at_a_time(receipts: &[Receipt]) -> anyhow::Result<()> {
    let mut by_draft: BTreeMap<&str, Vec<&Receipt>> = BTreeMap::new();
    for receipt in receipts {
        by_draft.entry(&receipt.draft).or_default().push(receipt);
    }
    for (draft, mut held) in by_draft {
        held.sort_by_key(|r| r.fence);
        for pair in held.windows(2) {
            let [first, next] = pair else { continue };
            ensure!(first.fence < next.fence, "{draft} was held twice under the number {}", first.fence);
            ensure!(first.until <= next.from, "{draft} was held by {} and {} at once", first.reviewer, next.reviewer);
        }
    }
    Ok(())
}

/// The exported cases are the verdicts that stand: one line each, with the text that should have been sent.
pub fn exported(lines: &str, receipts: &[Receipt]) -> anyhow::Result<usize> {
    let mut cases: HashMap<String, Value> = HashMap::new();
    for line in lines.lines() {
        let case: Value = serde_json::from_str(line)?;
        let id = case["verdict_id"].as_str().context("a case without its verdict")?.to_owned();
        ensure!(cases.insert(id, case).is_none(), "a case was exported twice");
    }
    let mut tickets = BTreeSet::new();
    let mut standing = 0;
    for (receipt, taken) in receipts.iter().filter_map(|r| r.taken.as_ref().filter(|t| !t.withdrawn).map(|t| (r, t))) {
        let id = taken.verdict["verdict_id"].as_str().unwrap_or_default();
        let case = cases.get(id).with_context(|| format!("no case for {}", receipt.ticket))?;
        ensure!(case["reference_text"].as_str() == taken.text.as_deref(), "{}: another reference", receipt.ticket);
        ensure!(case["external_id"] == receipt.ticket.as_str(), "{}: another ticket", receipt.ticket);
        tickets.insert(&receipt.ticket);
        standing += 1;
    }
    ensure!(standing == cases.len(), "{} cases for {standing} verdicts", cases.len());
    Ok(tickets.len())
}

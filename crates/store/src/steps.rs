//! What changes in the course of things, which no seal covers, held against the entries and transitions that led to it.

use crate::{StoreError, Tx};
use sqlx::AssertSqlSafe;

/// Something that doesn't stand where it was led to.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OutOfStep {
    /// What kind of thing.
    pub kind: String,
    /// Its workflow.
    pub workflow_id: String,
    /// Which.
    pub object: String,
    /// What is wrong.
    pub why: String,
}

/// The first of everything that doesn't stand where it was led to.
pub async fn out_of_step(tx: &mut Tx) -> Result<Vec<OutOfStep>, StoreError> {
    // A field of an entry's detail, as a text.
    let of = if tx.is_postgres() { "CAST(a.detail AS jsonb)" } else { "a.detail" };
    let field = |name: &str| format!("CAST({of} ->> '{name}' AS TEXT)");
    let withdrawal = format!(
        "EXISTS (SELECT 1 FROM audit a WHERE a.object = d.id AND a.act = 'verdict.withdrawn' AND {} = v.id)",
        field("verdict")
    );
    let brought_in = "('pack.applied', 'pack.revised', 'pack.returned', 'pack.rolled_back')";
    let checks = [
        (
            "workflow",
            "w.id",
            "w.id",
            "it doesn't stand where its last transition put it",
            "workflow w WHERE w.stage <> COALESCE((SELECT t.to_stage FROM transition t WHERE t.workflow_id = w.id
                 ORDER BY t.at DESC, t.id DESC LIMIT 1), 'internal')
             OR (w.killed_at IS NOT NULL) <> (COALESCE((SELECT t.kind FROM transition t WHERE t.workflow_id = w.id
                 AND t.kind IN ('kill', 'resume') ORDER BY t.at DESC, t.id DESC LIMIT 1), 'resume') = 'kill')"
                .to_owned(),
        ),
        (
            "workflow",
            "w.id",
            "w.id",
            "another version is in force than the log says",
            format!(
                "workflow w WHERE CAST(w.version AS TEXT) <> (SELECT COALESCE({}, {}) FROM audit a
                     WHERE a.workflow_id = w.id AND a.act IN {brought_in} ORDER BY a.seq DESC LIMIT 1)",
                field("to"),
                field("version")
            ),
        ),
        (
            "workflow",
            "w.id",
            "w.id",
            "the kill or demotion that recalled its replies isn't its last",
            "workflow w WHERE w.recalled_by <> '' AND w.recalled_by <> COALESCE((SELECT t.id FROM transition t
                 WHERE t.workflow_id = w.id AND t.kind IN ('kill', 'demote') ORDER BY t.at DESC, t.id DESC LIMIT 1), '')"
                .to_owned(),
        ),
        (
            "version",
            "w.workflow_id",
            "w.stage || ' of version ' || CAST(w.version AS TEXT)",
            "a stage that it never earned by the log",
            format!(
                "earned w WHERE NOT EXISTS (SELECT 1 FROM transition t WHERE t.workflow_id = w.workflow_id
                     AND t.kind = 'promote' AND t.version = w.version AND t.to_stage = w.stage)
                 AND NOT EXISTS (SELECT 1 FROM audit a WHERE a.workflow_id = w.workflow_id AND a.act = 'version.earned'
                     AND {} = CAST(w.version AS TEXT) AND {} = w.stage)",
                field("version"),
                field("stage")
            ),
        ),
        (
            "verdict",
            "v.workflow_id",
            "v.id",
            "withdrawn, and the log doesn't say so, or the other way round",
            format!(
                "verdict v JOIN draft d ON d.seq = v.draft_seq 
                 WHERE d.probe IS NULL AND (v.withdrawn = 1) <> {withdrawal}"
            ),
        ),
        (
            "delivery",
            "e.workflow_id",
            "e.id",
            "a reply of a verdict that was withdrawn, or of a draft that went back to a person",
            "delivery e JOIN draft d ON d.seq = e.draft_seq
             LEFT JOIN verdict v ON v.id = e.verdict_id
             WHERE (v.withdrawn = 1 AND e.state <> 'withdrawn')
                OR (e.verdict_id IS NULL AND d.rescued = 1 AND e.state <> 'recalled')"
                .to_owned(),
        ),
    ];
    let mut found = Vec::new();
    for (kind, workflow, object, why, from) in checks {
        let sql = format!(
            "SELECT '{kind}' AS kind, workflow_id, object, $1 AS why
             FROM (SELECT {workflow} AS workflow_id, {object} AS object FROM {from}) AS off
             WHERE workflow_id NOT LIKE '~%' ORDER BY workflow_id, object LIMIT 100"
        );
        let rows: Vec<OutOfStep> = all!(tx, AssertSqlSafe(sql), why)?;
        found.extend(rows);
    }
    Ok(found)
}

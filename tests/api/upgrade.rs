//! A database from before keeps what it knows, in the shape of now.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::postgres::Server;
use countersign_testkit::{App, Engine, TestPack, on_both};
use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use std::path::Path;

on_both! {
    counts_from_before_are_kept_by_hour_and_floor,
}

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// A database as the version before this schema left it, with these rows.
async fn from_before(engine: Engine, folder: &Path, rows: &[String]) -> App {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/store/migrations");
    let before = async |kind: &str| {
        let mut all = Migrator::new(migrations.join(kind)).await.unwrap();
        all.migrations = all.migrations.iter().filter(|m| m.version < 8).cloned().collect::<Vec<_>>().into();
        all
    };
    match engine {
        Engine::Sqlite => {
            let path = folder.join("desk.db");
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).create_if_missing(true);
            let pool = SqlitePool::connect_with(options).await.unwrap();
            before("sqlite").await.run(&pool).await.unwrap();
            for row in rows {
                sqlx::query(AssertSqlSafe(row.clone())).execute(&pool).await.unwrap();
            }
            pool.close().await;
            App::in_folder(folder).await
        }
        Engine::Postgres => {
            let database = Server::start().database();
            let pool = PgPool::connect(&database).await.unwrap();
            before("postgres").await.run(&pool).await.unwrap();
            for row in rows {
                sqlx::query(AssertSqlSafe(row.clone())).execute(&pool).await.unwrap();
            }
            pool.close().await;
            App::at(database).await
        }
    }
}

/// A draft of some ticket and revision: its state, its rate, whether it was selected, and when it was staged.
fn draft(engine: Engine, seq: i64, ticket: (&str, i64), state: &str, drawn: (f64, i64), at: i64) -> String {
    let (name, words) = match engine {
        Engine::Sqlite => ("", ""),
        Engine::Postgres => (", words", ", to_tsvector('simple', '')"),
    };
    let ((ticket, revision), (probability, selected), late) = (ticket, drawn, at + 2 * DAY);
    format!(
        "INSERT INTO draft (seq, id, workflow_id, version, stage, external_id, revision, state, subject, marks, risk, probability,
         selected, double_read, staged_at, expires_at, content_hash, checks, body{name})
         VALUES ({seq}, 'd{seq}', 'desk', 1, 'internal', '{ticket}', '{revision}', '{state}', 's', 0, 0, {probability},
         {selected}, 0, {at}, {late}, 'h', '{{}}', '{{}}'{words})"
    )
}

fn verdict(seq: i64, action: &str, reasons: &str, counted: &str, at: i64) -> String {
    format!(
        "INSERT INTO verdict (id, draft_seq, workflow_id, version, stage, round, reviewer, lease_id, action, reasons, seconds,
         at, undo_until, digest, counted) VALUES ('v{seq}', {seq}, 'desk', 1, 'internal', 1, 'ana', 'l{seq}', '{action}',
         '{reasons}', 1, {at}, {at}, 'x', {counted})"
    )
}

async fn counts_from_before_are_kept_by_hour_and_floor(engine: Engine) {
    let files = serde_json::to_string(&TestPack::of("desk").files()).unwrap().replace('\'', "''");
    let (first, second) = (20_000 * DAY, 20_001 * DAY);
    let rows = [
        "INSERT INTO workflow (id, name, version, stage) VALUES ('desk', 'Desk', 1, 'internal')".to_owned(),
        format!(
            "INSERT INTO workflow_version (workflow_id, version, hash, guideline_hash, files, seed, applied_at, applied_by)
             VALUES ('desk', 1, 'h', 'g', '{files}', '00', {first}, 'owner')"
        ),
        draft(engine, 1, ("a", 1), "approved", (1.0, 1), first + 5 * HOUR),
        draft(engine, 2, ("b", 1), "escalated", (0.25, 1), second + 7 * HOUR),
        draft(engine, 3, ("c", 1), "unreviewed", (0.25, 0), second + 8 * HOUR),
        draft(engine, 4, ("d", 1), "expired", (1.0, 1), second + 9 * HOUR),
        draft(engine, 5, ("e", 1), "superseded", (1.0, 1), second + 9 * HOUR),
        draft(engine, 6, ("e", 2), "staged", (1.0, 1), second + 10 * HOUR),
        // From before the key was kept, and when only the first reason counted.
        verdict(1, "approve", "[]", "NULL", second + HOUR),
        verdict(2, "escalate", r#"["unsafe","needs_human"]"#, "'escalate:unsafe'", second + 9 * HOUR),
        "INSERT INTO evidence (workflow_id, version, stage, probability, outcome, day, n)
         VALUES ('desk', 1, 'internal', 0.25, 'costed', 20001, 2)"
            .to_owned(),
        format!("INSERT INTO slot (workflow_id, slot, probability, outcome, n) VALUES ('desk', {}, 1, 'approve', 1)", second / 300_000),
    ];
    let folder = tempfile::tempdir().unwrap();
    let app = from_before(engine, folder.path(), &rows).await;
    let count = async |outcome: &str, probability: f64, floor: f64, hour: i64| {
        let sql = format!(
            "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM evidence WHERE outcome = '{outcome}'
             AND probability = {probability} AND floor = {floor} AND hour = {hour}"
        );
        app.number(&sql).await
    };
    let (early, late) = (20_000 * 24, 20_001 * 24);
    assert_eq!(count("staged", 1.0, 1.0, early + 5).await, 1);
    assert_eq!(count("approve", 1.0, 1.0, early + 5).await, 1, "where it was staged, whenever it was decided");
    assert_eq!(count("staged", 0.25, 0.25, late + 7).await, 1);
    assert_eq!(count("escalate:needs_human+unsafe", 0.25, 0.25, late + 7).await, 1, "under all its reasons");
    assert_eq!(count("unreviewed", 0.25, 0.25, late + 8).await, 1);
    assert_eq!(count("expired", 1.0, 0.25, late + 9).await, 1, "its day had a lower rate");
    assert_eq!(count("superseded", 1.0, 0.25, late + 9).await, 1);
    assert_eq!(count("costed", 0.25, 0.25, late).await, 2);
    let evidence = app.evidence().await;
    assert_eq!((evidence["staged"], evidence.values().sum::<i64>()), (6, 6 + 2 + 1 + 1 + 1 + 2), "{evidence:?}");

    for (sql, wanted) in [
        ("SELECT COUNT(*) FROM draft WHERE floor = 1", 1),
        ("SELECT COUNT(*) FROM draft WHERE floor = 0.25", 5),
        ("SELECT COUNT(*) FROM rate_floor WHERE floor = 0.25", 1),
        ("SELECT COUNT(*) FROM verdict WHERE counted = 'escalate:needs_human+unsafe'", 1),
        ("SELECT COUNT(*) FROM decided_by_day WHERE day = 20001 AND outcome IN ('approve', 'superseded')", 2),
        ("SELECT COUNT(*) FROM decided_by_day WHERE day = 20003 AND outcome = 'expired'", 1),
        ("SELECT COUNT(*) FROM slot WHERE version = 1 AND stage = 'internal'", 2),
    ] {
        assert_eq!(app.number(sql).await, wanted, "{sql}");
    }
}

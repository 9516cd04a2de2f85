//! What a hub takes up doesn't grow with what is sent to it.

use anyhow::ensure;
use countersign_tests::day::Day;
use serde_json::json;

// A debug build's limit: without bounds in bytes these 80 rows took up some 500 MB.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_of_long_rows_is_bounded_in_bytes() -> anyhow::Result<()> {
    let day = Day::prepare(None, 1, 300).await?;
    let hub = day.hub().await?;
    let message = json!({ "role": "customer", "text": "My parcel is late. ".repeat(10_000) });
    let row = |n| json!({ "external_id": format!("long-{n}"), "thread": vec![&message; 10], "draft": { "text": "It comes." } });
    let lines: String = (0..80).map(|n| format!("{}\n", row(n))).collect();
    let file = day.site.path().join("long.jsonl");
    std::fs::write(&file, lines)?;
    let token = day.site.token(&["admin"], "sender")?;
    let file = file.display().to_string();
    let args = ["draft", "import", &file, "--workflow", &day.input.workflow, "--hub", &hub.url, "--token", &token];
    let report = day.site.run(&args)?;
    ensure!(report["created"] == 80, "{report}");
    let status = std::fs::read_to_string(format!("/proc/{}/status", hub.pid()))?;
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse()?;
    ensure!(peak < 200 << 10, "the hub took up {} MB", peak >> 10);
    Ok(())
}

//! What an import of the longest rows there may be takes up.

use crate::hub::Hub;
use crate::{Bench, WORKFLOW};
use anyhow::Result;
use serde_json::json;
use std::io::{BufWriter, Write};

/// The most that the hub held through an import of 300 rows of almost 2 MB, in megabytes. It is a hub of its own: what
/// others hold is no part of it.
pub(crate) fn memory(bench: &Bench) -> Result<f64> {
    let hub = Hub::start(bench, &format!("sqlite://{}", bench.dir.join("long.db").display()))?;
    let file = bench.dir.join("long.jsonl");
    let mut lines = BufWriter::new(std::fs::File::create(&file)?);
    let message = json!({ "role": "customer", "text": "My parcel is late. ".repeat(10_000) });
    for i in 0..300 {
        let row = json!({
            "external_id": format!("long-{i}"), "thread": vec![&message; 10],
            "draft": { "text": "It is on its way." },
        });
        writeln!(lines, "{row}")?;
    }
    lines.flush()?;
    hub.command(&["draft", "import", &file.display().to_string(), "--workflow", WORKFLOW])?;
    hub.resident_mb()
}

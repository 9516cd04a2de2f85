//! Hubs on a Postgres that syncs: imports and eight reviewers, at one hub and at two.

use crate::hub::{self, Hub};
use crate::{Bench, Table};
use anyhow::Result;
use countersign_testkit::postgres::Server;

pub(crate) async fn table(bench: &Bench) -> Result<bool> {
    let dir = tempfile::tempdir()?;
    let server = Server::durable(dir.path());
    let database = server.database();
    let one = Hub::start(bench, &database)?;
    let mut table = Table::default();
    let (small, import, pairs) = (bench.sizes.small, bench.sizes.import, bench.sizes.calls as u64 * 5);
    one.import(bench, 0, small)?;
    let rate = one.import(bench, small, import)?;
    table.at_least(&format!("import of {import} drafts of 2 KB"), rate, 20_000.0, "drafts/s");
    let indexed = one.indexed().await?;
    table.add("then until a search finds all of them", format!("{:.0} s", indexed.as_secs_f64()), String::new(), true);
    let mut crew = one.reviewers().await?;
    // The first ones open connections and fill caches.
    hub::review(&crew, 200).await?;
    let alone = hub::review(&crew, pairs).await?;
    table.at_least("8 reviewers at one hub", alone, 440.0, "leases with verdict/s");
    let two = Hub::start(bench, &database)?;
    let other = two.admin();
    for person in crew.iter_mut().step_by(2) {
        person.url.clone_from(&other.url);
    }
    hub::review(&crew, 200).await?;
    let both = hub::review(&crew, pairs).await?;
    table.at_least("the same at two hubs", both, (alone * 0.9).round(), "leases with verdict/s");
    Ok(table.print("Postgres, fsync=on"))
}

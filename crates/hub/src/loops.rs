//! What runs by itself: use-cases of the desk, started and stopped with the hub.

use countersign_desk::{Desk, DeskError};
use std::future::Future;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Between two looks at where the flags stand.
const LOOK: Duration = ms(400);

pub(crate) fn start(desk: &Desk, tasks: &TaskTracker, stop: &CancellationToken) {
    // It ends by itself, once what is being sent is recorded.
    let (sender, until) = (desk.clone(), stop.clone());
    tasks.spawn(async move { sender.keep_delivering(until).await });
    run(desk, tasks, stop, "bring recalled replies back", |desk| async move {
        Ok(if desk.rescue_unseen().await? > 0 { ms(20) } else { ms(500) })
    });
    run(desk, tasks, stop, "commit held kills", |desk| async move { desk.commit_held_kills().await.map(|_| ms(500)) });
    run(desk, tasks, stop, "record reads", |desk| async move { desk.record_reads().await.map(|_| ms(2_000)) });
    run(desk, tasks, stop, "look for replies whose ticket moved on", |desk| async move {
        Ok(if desk.sweep_moved().await? > 0 { ms(20) } else { ms(500) })
    });
    run(desk, tasks, stop, "lapse leases", |desk| async move { desk.lapse_leases().await.map(|_| ms(500)) });
    run(desk, tasks, stop, "expire drafts", |desk| async move { desk.expire_drafts().await.map(|_| ms(2_000)) });
    run(desk, tasks, stop, "read the flags", |desk| async move {
        desk.watch_flags(LOOK).await;
        Ok(LOOK)
    });
    run(desk, tasks, stop, "keep the effects", |desk| async move {
        Ok(if desk.keep_effects().await? > 0 { ms(50) } else { ms(250) })
    });
    run(desk, tasks, stop, "give a sign of life", |desk| async move { desk.beat().await.map(|()| ms(1_000)) });
    run(
        desk,
        tasks,
        stop,
        "watch the red lines",
        |desk| async move { desk.watch_red_lines().await.map(|_| ms(30_000)) },
    );
    run(desk, tasks, stop, "see what versions have earned", |desk| async move {
        desk.watch_earned().await.map(|_| ms(30_000))
    });
    run(
        desk,
        tasks,
        stop,
        "drop unused reports",
        |desk| async move { desk.prune_reports().await.map(|_| ms(3_600_000)) },
    );
    run(desk, tasks, stop, "sign the audit log", |desk| async move { desk.sign_if_moved().await.map(|_| ms(60_000)) });
    run(desk, tasks, stop, "pull drafts", |desk| async move {
        desk.pull_due().await.map(|came| if came > 0 { ms(50) } else { ms(1_000) })
    });
    run(desk, tasks, stop, "index words", |desk| async move {
        // Small bites with pauses: whoever works at the console comes first.
        Ok(if desk.index_words().await? > 0 { ms(15) } else { ms(500) })
    });
    run(desk, tasks, stop, "check drafts of changed sources again", |desk| async move {
        let busy = desk.recheck_sources().await? || desk.recheck_by_new_rules().await?;
        Ok(if busy { ms(10) } else { ms(500) })
    });
    run(desk, tasks, stop, "erase what is kept no longer", |desk| async move {
        Ok(if desk.erase_old().await? > 0 { ms(50) } else { ms(60_000) })
    });
    run(desk, tasks, stop, "watch budgets", |desk| async move { desk.watch_budgets().await.map(|_| ms(5_000)) });
    run(desk, tasks, stop, "watch confirmations", |desk| async move {
        desk.watch_confirmations().await.map(|_| ms(30_000))
    });
    run(desk, tasks, stop, "add up the evidence", |desk| async move {
        desk.add_up_evidence().await.map(|more| if more { ms(100) } else { ms(600_000) })
    });
    run(desk, tasks, stop, "send alerts", |desk| async move {
        Ok(if desk.send_alerts().await? >= 16 { Duration::ZERO } else { ms(500) })
    });
    run(desk, tasks, stop, "fold the log", |desk| async move { desk.fold_log().await.map(|()| ms(1_000)) });
    run(desk, tasks, stop, "listen to other hubs", |desk| async move {
        desk.listen_to_other_hubs().await?;
        // SQLite has no other hubs.
        Ok(Duration::from_secs(86_400))
    });
}

/// Runs a use-case again and again, with the pause that it asks for; after a failure with a growing one.
fn run<F, T>(desk: &Desk, tasks: &TaskTracker, stop: &CancellationToken, name: &'static str, step: F)
where
    F: Fn(Desk) -> T + Send + 'static,
    T: Future<Output = Result<Duration, DeskError>> + Send,
{
    const MAX_PAUSE: Duration = Duration::from_secs(5);
    let (desk, stop) = (desk.clone(), stop.clone());
    tasks.spawn(async move {
        let mut failed_pause = Duration::from_millis(250);
        loop {
            // A step that waits for others is broken off at the end; one that writes finishes its transaction or
            // leaves it rolled back.
            let step = tokio::select! {
                () = stop.cancelled() => return,
                step = step(desk.clone()) => step,
            };
            let pause = match step {
                Ok(pause) => {
                    failed_pause = Duration::from_millis(250);
                    pause
                }
                Err(e) => {
                    tracing::warn!(error = %e, "can't {name} now");
                    failed_pause = (failed_pause * 2).min(MAX_PAUSE);
                    failed_pause
                }
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    });
}

//! Who writes to SQLite next: one at a time, in the order in which they came, but whoever goes first before all others.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// The line in front of the one writer.
#[derive(Clone, Default)]
pub(crate) struct Line {
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    busy: bool,
    first: VecDeque<oneshot::Sender<Turn>>,
    others: VecDeque<oneshot::Sender<Turn>>,
}

impl Waiting {
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        self.first.pop_front().or_else(|| self.others.pop_front())
    }
}

/// The right to write; dropped, it goes to the next in line.
pub(crate) struct Turn {
    /// Taken when somebody else has it, or nobody waits.
    line: Option<Line>,
}

impl Line {
    /// Waits for a turn; `None` after `patience`.
    pub(crate) async fn wait(&self, first: bool, patience: Duration) -> Option<Turn> {
        let (sender, turn) = oneshot::channel();
        {
            let mut waiting = self.lock();
            if !waiting.busy {
                waiting.busy = true;
                return Some(Turn { line: Some(self.clone()) });
            }
            if first { &mut waiting.first } else { &mut waiting.others }.push_back(sender);
        }
        // A turn that comes too late is dropped with its channel, and so passed on.
        tokio::time::timeout(patience, turn).await.ok()?.ok()
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(line) = self.line.take() else { return };
        let mut turn = Self { line: Some(line.clone()) };
        loop {
            let mut waiting = line.lock();
            let Some(next) = waiting.next() else {
                waiting.busy = false;
                turn.line = None;
                return;
            };
            drop(waiting);
            match next.send(turn) {
                Ok(()) => return,
                // That one has given up.
                Err(back) => turn = back,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    const LONG: Duration = Duration::from_secs(5);

    fn waiting(line: &Line) -> usize {
        let waiting = line.lock();
        waiting.first.len() + waiting.others.len()
    }

    async fn queue(line: &Line, first: bool, name: &'static str, order: &Arc<Mutex<Vec<&'static str>>>) {
        let (line, order) = (line.clone(), order.clone());
        let before = waiting(&line);
        tokio::spawn({
            let line = line.clone();
            async move {
                let turn = line.wait(first, LONG).await.unwrap();
                order.lock().unwrap().push(name);
                drop(turn);
            }
        });
        while waiting(&line) == before {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn whoever_goes_first_passes_those_who_wait() {
        let (line, order) = (Line::default(), Arc::default());
        let turn = line.wait(false, LONG).await.unwrap();
        queue(&line, false, "one", &order).await;
        queue(&line, false, "two", &order).await;
        queue(&line, true, "kill", &order).await;
        drop(turn);
        drop(line.wait(false, LONG).await.unwrap());
        assert_eq!(*order.lock().unwrap(), ["kill", "one", "two"]);
    }

    #[tokio::test]
    async fn a_turn_passes_by_those_who_gave_up() {
        let line = Line::default();
        let turn = line.wait(false, LONG).await.unwrap();
        for _ in 0..1_000 {
            assert!(line.wait(false, Duration::ZERO).await.is_none());
        }
        drop(turn);
        assert!(line.wait(false, Duration::ZERO).await.is_some());
    }
}

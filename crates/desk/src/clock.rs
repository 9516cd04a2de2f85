//! The hub's time.

use countersign_domain::time::Millis;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// Where the time comes from; tests pass their own.
pub trait Clock: Send + Sync {
    /// Now, by the hub's own time, which never runs backwards.
    fn now(&self) -> Millis;

    /// Whether it is the machine's, which has to agree with the database's.
    fn is_the_machines(&self) -> bool {
        true
    }

    /// Goes on from what the machine says now, even if that is back in time.
    fn take_the_machines(&self) {}

    /// What the machine's clock shows, for what other machines compare with theirs.
    fn wall(&self) -> Millis;
}

/// The system's clock, kept from running backwards: where it is set back, time goes on from the last instant
/// that was handed out, so that no lease grows and no order turns round.
#[derive(Default)]
pub struct SystemClock {
    last: Mutex<(i64, i64)>,
}

impl Clock for SystemClock {
    fn now(&self) -> Millis {
        let wall = self.wall().0;
        Millis(forward(&mut self.last.lock().unwrap_or_else(PoisonError::into_inner), wall))
    }

    fn take_the_machines(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = (0, 0);
    }

    fn wall(&self) -> Millis {
        Millis(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64))
    }
}

/// `state` is the last instant handed out, and how far the wall clock has been set back since the start.
fn forward((last, behind): &mut (i64, i64), wall: i64) -> i64 {
    if wall + *behind < *last {
        *behind = *last - wall;
    }
    *last = wall + *behind;
    *last
}

#[cfg(test)]
mod tests {
    use super::forward;

    #[test]
    fn a_clock_set_back_goes_on_from_where_it_was() {
        let mut state = (0, 0);
        let seen: Vec<i64> = [1000, 2000, 500, 600, 1600].into_iter().map(|wall| forward(&mut state, wall)).collect();
        assert_eq!(seen, [1000, 2000, 2000, 2100, 3100]);
    }
}

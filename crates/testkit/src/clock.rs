//! A clock that stands still until it is moved.

use countersign_desk::Clock;
use countersign_domain::time::Millis;
use std::sync::atomic::{AtomicI64, Ordering};

/// Starts at the machine's time, since receivers of webhooks check how old a message is, and moves only by hand.
pub struct FixedClock(AtomicI64);

impl Default for FixedClock {
    fn default() -> Self {
        Self(AtomicI64::new(countersign_desk::SystemClock::default().now().0))
    }
}

impl FixedClock {
    /// Moves the time by this many seconds, back if they are negative.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Millis {
        Millis(self.0.load(Ordering::SeqCst))
    }

    fn is_the_machines(&self) -> bool {
        false
    }

    /// The machine's own, wherever this clock stands.
    fn wall(&self) -> Millis {
        countersign_desk::SystemClock::default().wall()
    }
}

//! What tests share: a hub of their own over a database of either kind, a clock that stands still, drafts,
//! verdicts and packs in the making. Everything here fails by panicking.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod app;
mod clock;
pub mod drafts;
pub mod feed;
mod pack;
mod person;
pub mod postgres;
pub mod receiver;

pub use app::{App, Engine, SECRET, WORKFLOW, until};
pub use clock::FixedClock;
pub use drafts::Draft;
pub use pack::TestPack;
pub use person::{Person, Reply, text};

/// Makes of each story two tests, one a database. A story is an `async fn(Engine)`.
#[macro_export]
macro_rules! on_both {
    ($($story:ident),+ $(,)?) => {$(
        mod $story {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$story($crate::Engine::Sqlite).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                super::$story($crate::Engine::Postgres).await;
            }
        }
    )+};
}

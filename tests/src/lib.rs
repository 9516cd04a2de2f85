//! What the stories of the real binary share: a hub as a process, what comes in, reviewers, and the books.

pub mod books;
pub mod day;
pub mod door;
pub mod flags;
pub mod input;
pub mod reviewer;
pub mod site;

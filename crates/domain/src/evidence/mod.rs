//! Evidence: what the outcomes of drafts say about a failure rate, true at every look and under sampling.

mod bound;
mod counts;
#[cfg(test)]
mod tests;

pub use bound::{BadGroups, Bound, Group, bound, groups_of_rows, more_until_green};
pub use counts::{Counts, Summary, fails, groups, is_verdict};

//! Evidence: what the outcomes of drafts say about a failure rate, true at every look and under sampling.

mod bound;
mod counts;
mod forecast;
#[cfg(test)]
mod simulations;
#[cfg(test)]
mod tests;

pub use bound::{BadGroups, Bound, Group, bound, groups_of_rows, lower_bound, upper_bound};
pub use counts::{Count, Counts, Summary, fails, groups_above, groups_below, interval, is_verdict};
pub use forecast::{Flow, Forecast, flow_of, until_green};

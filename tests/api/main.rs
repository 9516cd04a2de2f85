//! The hub's stories, over its own contract, each on SQLite and on Postgres.

mod access;
mod audit;
mod budget;
mod cases;
mod citations;
mod conflicts;
mod counts;
mod deciding;
mod delivery;
mod draws;
mod drill;
mod escalations;
mod gate;
mod history;
mod hostile;
mod incidents;
mod ingest;
mod kill;
mod probes;
mod pull;
mod queue;
mod receiving;
mod second_review;
mod storage;
mod trust;
mod undo;

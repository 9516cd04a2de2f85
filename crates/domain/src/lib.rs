//! The rules of the review desk, pure: no I/O, no clock, no async, no randomness. Time and draws are passed in.

pub mod access;
pub mod agreement;
pub mod audit;
pub mod burn;
pub mod citation;
pub mod claims;
pub mod diff;
pub mod draft;
pub mod evidence;
pub mod flag;
pub mod gate;
pub mod ids;
pub mod json;
pub mod kind;
pub mod mark;
pub mod pack;
pub mod review;
pub mod runbook;
pub mod sampling;
pub mod secret;
pub mod state;
pub mod text;
pub mod time;
pub mod values;
pub mod verdict;
pub mod vigilance;

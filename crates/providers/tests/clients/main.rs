//! The clients against a server on loopback.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod pull;
mod receiver;
mod webhook;

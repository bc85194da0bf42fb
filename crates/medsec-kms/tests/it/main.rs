//! Integration tests of the key store: the public interface on real files and processes.

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is all it can do"
)]

mod conformance;
#[cfg(unix)]
mod damage;
#[cfg(unix)]
mod destroying;
mod five_users;
#[cfg(unix)]
mod forgery;
#[cfg(unix)]
mod lost_changes;
#[cfg(unix)]
mod restoring;
#[cfg(unix)]
mod sharing;
mod support;
#[cfg(unix)]
mod telling;
mod writers;

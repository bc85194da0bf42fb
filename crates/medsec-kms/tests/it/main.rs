//! Integration tests of the key store, on real files and processes, and of what stands around any key service.

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is all it can do"
)]

#[cfg(feature = "aws")]
mod aws_policies;
mod cache;
mod conformance;
#[cfg(unix)]
mod damage;
mod decorators;
#[cfg(unix)]
mod destroying;
mod five_users;
#[cfg(unix)]
mod forgery;
#[cfg(unix)]
mod lost_changes;
#[cfg(unix)]
mod restoring;
mod services;
#[cfg(unix)]
mod sharing;
mod support;
#[cfg(unix)]
mod telling;
mod writers;

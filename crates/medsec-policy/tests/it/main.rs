//! Integration tests of the policy: the public interface.

#![forbid(unsafe_code)]
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is all it can do"
)]

mod bundle;
mod engine;
#[cfg(target_os = "linux")]
mod sessions;

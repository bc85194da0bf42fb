//! Integration tests of the Custodian: with a real key store, a real audit log and the policy that we ship.

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is all it can do"
)]

mod broken_journals;
mod clocks;
mod controls;
mod duties;
mod ended;
#[cfg(target_os = "linux")]
mod erased;
mod given_up;
mod groups;
#[cfg(feature = "https-key-set")]
mod https_keys;
mod journals;
mod log_faults;
mod opening;
mod order;
mod partners;
mod ranges;
mod refusals;
mod rewrap_grants;
mod rewrapping;
mod sealing;
mod sessions;
mod several_keys;
mod shared_keys;
mod support;
mod unrecorded;
mod unseen;

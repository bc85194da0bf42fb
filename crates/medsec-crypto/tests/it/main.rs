//! Integration tests of sealed packages: the public interface on real bytes, files and processes.

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is all it can do"
)]

mod assurance;
mod controls;
#[cfg(unix)]
mod crash;
mod exhaustive;
mod hpke_vectors;
mod manifest;
mod memory;
mod oracle;
mod outputs;
mod overhead;
mod readers;
mod recipients;
mod rewrap;
mod samples;
mod structure;
mod support;
mod vectors;

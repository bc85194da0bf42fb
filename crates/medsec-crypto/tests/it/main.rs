//! Integration tests of sealed packages: the public interface on real bytes, files and processes.

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    reason = "an overflow in a test is a failed test"
)]

#[cfg(unix)]
mod crash;
mod exhaustive;
mod hpke_vectors;
mod oracle;
mod structure;
mod assurance;
mod outputs;
mod overhead;
mod recipients;
mod readers;
mod rewrap;
mod support;
mod vectors;

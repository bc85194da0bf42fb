//! The network edge, of the audit log and of key services, against real servers on this machine.
//!
//! `cargo xtask services run -- cargo nextest run -p medsec-live` starts the servers, sets the variables that these
//! tests read, and ends the servers; `cargo xtask test` does the same. Without the servers every test here fails: what
//! was not tried is not shown.

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is all it can do"
)]

mod aws;
mod drive;
mod faults;
mod guide;
mod pkcs11;
mod postgres;
mod postgres_crash;
mod program;
mod rewrap;
mod s3;
mod support;
mod syslog;
mod timestamp;
mod vault;
mod witness;

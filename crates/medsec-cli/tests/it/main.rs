//! Drives the program `medsec` as its users do.

#![forbid(unsafe_code)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed, which is all it can do"
)]

mod agent;
mod audit_anchor;
mod audit_examine;
mod audit_log;
mod audit_log_damage;
mod audit_log_doctor;
mod audit_log_proof;
mod audit_log_refusals;
mod audit_reconcile;
#[cfg(feature = "ship")]
mod audit_ship;
mod bulk;
mod codes;
mod custody;
mod demo;
mod doctor;
mod emergency;
mod guide;
mod json;
mod memory;
mod messages;
mod metadata;
mod passphrases;
mod pipes;
mod policy;
mod privacy;
mod rewrap;
mod round_trip;
mod services;
mod settings;
mod signals;
mod standing;
mod store;
mod ward;

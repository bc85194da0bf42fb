//! Faults of key services: what each of them does when something goes wrong, and what of that shows here.
//!
//! `faults.toml` is the table. Each service has a module here, named as its column; each cell that says `server` (the
//! real server does it) or `proxy` (the proxy of medsec-testkit does it in its place) is a test of the fault's name
//! in that module.

mod aws;
mod local;
mod pkcs11;
mod table;
mod vault;

//! The compliance report: joins the evidence of tests, the lock and attestations for 45 CFR 164 subpart C.
//!
//! It links nothing of the code it reports on. It reads the source (which tests are declared), nextest's list and JUnit
//! file, the witnesses of the same run, and the folder `compliance/`, and makes one [`Report`] of them, from which every
//! output is rendered. A test counts only if all four agree; everything that does not is a [`Problem`] that names the
//! culprit.
//!
//! What it is not: a judgement about an organization. No output says more than what was shown.

#![forbid(unsafe_code)]

mod assemble;
mod attest;
mod cargo;
mod command;
mod date;
mod diff;
mod digest;
mod error;
mod git;
mod join;
mod key;
mod lock;
mod mutants;
mod oscal;
mod output;
mod problem;
mod program;
mod project;
mod render;
mod report;
mod run;
mod sbom;
mod scan;
mod signing;
mod statement;

pub use assemble::{assemble, is_binding, report_date};
pub use attest::{Command as Attest, Terms, attest};
pub use command::{Made, Options, annotations, make};
pub use date::{Date, NotADate};
pub use diff::diff;
pub use error::ReportError;
pub use git::{Borrowed, Commit};
pub use join::{Joined, Reason, Test, join};
pub use key::TestId;
pub use lock::{LOCK_FILE, Lock};
pub use mutants::{
    MUTANTS_FILE, Mutants, Record as MutantRecord, SURVIVORS_FILE, Survivor, Tier, mutants,
};
pub use oscal::dangling;
pub use problem::Problem;
pub use project::{
    Attestation, Choice, Control, Decision, Entry, Evidence, Excluded, Program, Project, Register,
    Settings, Signer, Standing, Waiver, runner_settings,
};
pub use render::{Files, render};
pub use report::{
    Checked, Claim, Component, Input, LIMITS, Ran, Report, Row, SCHEMA, Status, TestEntry, build,
};
pub use run::{Configuration, Counts, Facts, Listed, Listing, Recorder, Results, Run, Witnesses};
pub use sbom::{Bill, SBOM_FILE};
pub use scan::{Declared, Scan, Target, Targets, scan};
pub use signing::{NotAKey, PrivateKey, PublicKey, Signature};
pub use statement::{
    ENVELOPE_FILE, RUN_ENVELOPE_FILE, RUN_STATEMENT_FILE, STATEMENT_FILE, state, state_run,
};

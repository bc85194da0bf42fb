//! `cargo xtask compliance-report`: runs the tests and joins what they leave behind into one report.
//!
//! The work is that of medsec-hipaa-report; here are only the tests of this repository and the servers they need.

use std::path::{Path, PathBuf};

use anyhow::Result;
use medsec_hipaa_report::{Attest, Options as Wanted, annotations, attest, make};

use crate::steps::Reported;
use crate::test;
use crate::workspace::Workspace;

/// What to report.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    #[command(flatten)]
    wanted: Wanted,
    /// Take this run of the tests, a folder below `target/evidence`, instead of running them.
    #[arg(long, value_name = "FOLDER")]
    runs: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// The tests do not build, the report cannot be made, or `--check` found something wrong (already printed).
pub(crate) fn run(ws: &Workspace, options: &Options) -> Result<()> {
    let runs = match &options.runs {
        Some(runs) => runs.clone(),
        None => test::record(ws)?,
    };
    report(ws, &runs, &options.wanted)
}

/// The report of the run that `xtask test` made. On a clean tree with a lock anything wrong fails it, as `--check` does;
/// without a lock, and while somebody works on the tree, the report only says what it finds.
///
/// # Errors
/// As [`run`].
pub(crate) fn after_tests(ws: &Workspace, runs: &Path) -> Result<()> {
    let (_, dirty) = ws.commit()?;
    let mut wanted = Wanted::default();
    wanted.out = ws.target.join("compliance");
    wanted.check = !dirty && ws.root.join("compliance/compliance.lock").exists();
    report(ws, runs, &wanted)
}

fn report(ws: &Workspace, runs: &Path, wanted: &Wanted) -> Result<()> {
    let made = make(&ws.root, runs, wanted)?;
    println!("\n{}", made.summary);
    if std::env::var_os("GITHUB_ACTIONS").is_some() {
        print!("{}", annotations(&made.report.problems));
    }
    if made.passed { Ok(()) } else { Err(Reported.into()) }
}

/// `cargo xtask attest …`.
///
/// # Errors
/// A statement cannot be read, written or signed.
pub(crate) fn statements(ws: &Workspace, command: &Attest) -> Result<()> {
    print!("{}", attest(&ws.root, command)?);
    Ok(())
}

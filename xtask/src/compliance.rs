//! `cargo xtask compliance-report`: runs the tests and joins what they leave behind into one report.
//!
//! The work is that of medsec-hipaa-report; here are only the tests of this repository and the servers they need.

use std::path::{Path, PathBuf};

use anyhow::Result;
use medsec_hipaa_report::{
    Attest, Options as Wanted, Tier, annotations, attest, is_binding, make, mutants,
};

use crate::steps::Reported;
use crate::workspace::Workspace;
use crate::{page, test, tools};

/// What to report.
#[derive(Debug, clap::Args)]
#[group(id = "compliance-report")]
pub(crate) struct Options {
    #[command(flatten)]
    wanted: Wanted,
    /// Take this run of the tests, a folder below `target/evidence`, instead of running them.
    #[arg(long, value_name = "FOLDER")]
    runs: Option<PathBuf>,
    /// Look at the page in Chromium afterwards, as `cargo xtask test` does.
    #[arg(long, conflicts_with = "bless")]
    look: bool,
    /// Make no report; try mutants of the code that implements the rows, into `compliance/mutants.json`, from which the
    /// next report takes them. What was tried and did not change is not tried again.
    #[arg(long, conflicts_with_all = ["runs", "check", "bless", "look"])]
    tier: bool,
    /// Stop starting mutants after so many minutes.
    #[arg(long, default_value_t = Tier::MINUTES, requires = "tier")]
    minutes: u64,
}

/// Rows whose code is mutated.
const MUTATED: [&str; 5] =
    ["164.312(a)(2)(iii)", "164.312(a)(2)(iv)", "164.312(b)", "164.312(c)(1)", "164.312(c)(2)"];

/// Runs the command.
///
/// # Errors
/// The tests do not build, the report cannot be made, or `--check` found something wrong (already printed).
pub(crate) fn run(ws: &Workspace, options: &Options) -> Result<()> {
    if options.tier {
        return tier(ws, options.minutes);
    }
    let runs = match &options.runs {
        Some(runs) => runs.clone(),
        None => test::record(ws)?,
    };
    let made = report(ws, &runs, &options.wanted);
    if options.look {
        page::check(ws, &[&ws.root.join(&options.wanted.out).join("report.html")])?;
    }
    made
}

fn tier(ws: &Workspace, minutes: u64) -> Result<()> {
    let mut wanted = Tier::default();
    wanted.minutes = minutes;
    wanted.rows = MUTATED.map(str::to_owned).to_vec();
    wanted.program = tools::MUTANTS.program(ws)?;
    wanted.place = ws.target.join("mutants");
    print!("{}", mutants(&ws.root, &wanted)?);
    Ok(())
}

/// The report of the run that `xtask test` made. Where [`is_binding`] says so, anything wrong fails it, as `--check` does;
/// without a lock, and while somebody works on the tree, the report only says what it finds.
///
/// # Errors
/// As [`run`].
pub(crate) fn after_tests(ws: &Workspace, runs: &Path) -> Result<()> {
    let mut wanted = Wanted::default();
    wanted.out = ws.target.join("compliance");
    wanted.check = is_binding(&ws.root, is_ci())?;
    report(ws, runs, &wanted)
}

/// Whether a CI runs this: it sets `CI`.
fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|set| !set.is_empty() && set != "false" && set != "0")
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

//! Development commands of medsec: `cargo xtask <command>`.
//!
//! One file per command. This program reads files and results of the workspace and never links the
//! code it reports on; `tidy` checks that too.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "a command line program talks on its terminal")]

mod bench;
mod compliance;
mod debian;
mod fuzz;
mod node;
mod page;
mod process;
mod python;
mod samples;
mod services;
mod steps;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

/// Development commands of medsec.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the pull-request tier: formatting, lints, tests, documentation, tidy, licences, packaging.
    Test(test::Options),
    /// Run the tests and make the report of what they show for 45 CFR 164 subpart C.
    ComplianceReport(compliance::Options),
    /// Make, renew, sign and list statements about what no test can show.
    #[command(subcommand)]
    Attest(medsec_hipaa_report::Attest),
    /// Check the rules of the repository that no compiler checks.
    Tidy,
    /// Run the fuzz targets of `fuzz/`, two at a time.
    Fuzz(fuzz::Options),
    /// Run the benchmarks and write `docs/benchmarks.md`.
    Bench(bench::Options),
    /// Download real DICOM files for the tests; nothing fetched is committed.
    Samples,
    /// Start, stop or show the servers that `tests/live` talks to.
    #[command(subcommand)]
    Services(services::Options),
}

fn main() -> ExitCode {
    let done = Workspace::find().and_then(|ws| match Cli::parse().command {
        Command::Test(options) => test::run(&ws, &options),
        Command::ComplianceReport(options) => compliance::run(&ws, &options),
        Command::Attest(command) => compliance::statements(&ws, &command),
        Command::Tidy => tidy::run(&ws),
        Command::Fuzz(options) => fuzz::run(&ws, &options),
        Command::Bench(options) => bench::run(&ws, &options),
        Command::Samples => samples::fetch(&ws).map(|_| ()),
        Command::Services(options) => services::run(&ws, &options),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is::<steps::Reported>() => ExitCode::FAILURE,
        Err(failure) => {
            println!("error: {failure:#}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn every_command_line_can_be_parsed() {
        super::Cli::command().debug_assert();
    }
}

//! Runs the tests of a Cargo workspace with nextest and makes its evidence report.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks on its terminal"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use clap::{Parser, Subcommand};
use medsec_hipaa_report::{
    Attest, Options, Recorder, ReportError, Tier, annotations, attest, make, mutants,
};

/// nextest's profile: one without retries, with a JUnit file. Written into the run's folder and used as a tool's
/// configuration, so that a project needs none of its own.
const PROFILE: &str = include_str!("nextest.toml");

#[derive(Debug, Parser)]
#[command(name = "medsec-hipaa-report", version, about)]
struct Cli {
    /// Root of the workspace and of its repository.
    #[arg(long, global = true, default_value = ".")]
    root: PathBuf,
    #[command(subcommand)]
    command: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Run the tests and make the report.
    Run {
        #[command(flatten)]
        options: Options,
        /// What nextest is told to run.
        #[arg(last = true, default_value = "--workspace")]
        select: Vec<String>,
    },
    /// Make the report of a run that was recorded before.
    Make {
        #[command(flatten)]
        options: Options,
        /// Folder with one folder for each configuration.
        #[arg(long)]
        runs: PathBuf,
    },
    /// Make mutants of the code that implements the items, and see whether tests notice them (needs cargo-mutants).
    Mutants(Tier),
    /// Make, renew, sign and list statements.
    #[command(subcommand)]
    Attest(Attest),
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<bool, ReportError> {
    let root = std::path::absolute(&cli.root)
        .and_then(std::fs::canonicalize)
        .map_err(|source| ReportError::File { path: cli.root.clone(), source })?;
    match cli.command {
        Task::Run { options, select } => {
            let runs = record(&root, &select)?;
            report(&root, &runs, &options)
        }
        Task::Make { options, runs } => report(&root, &runs, &options),
        Task::Mutants(tier) => {
            print!("{}", mutants(&root, &tier)?);
            Ok(true)
        }
        Task::Attest(command) => {
            print!("{}", attest(&root, &command)?);
            Ok(true)
        }
    }
}

fn report(root: &Path, runs: &Path, options: &Options) -> Result<bool, ReportError> {
    let made = make(root, runs, options)?;
    print!("{}", made.summary);
    if options.check && std::env::var_os("GITHUB_ACTIONS").is_some() {
        print!("{}", annotations(&made.report.problems));
    }
    Ok(made.passed)
}

/// Runs nextest in one configuration and returns the folder of the run.
fn record(root: &Path, select: &[String]) -> Result<PathBuf, ReportError> {
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let recorder = Recorder::start(root, &target.join("evidence"), &["default"])?;
    let words: Vec<_> = select.iter().map(String::as_str).collect();
    let configuration = recorder.configuration("default", &words)?;
    let profile = recorder.folder().join("nextest.toml");
    std::fs::write(&profile, PROFILE)
        .map_err(|source| ReportError::File { path: profile.clone(), source })?;
    let nextest = |what: &str| {
        let mut command = Command::new("cargo");
        command.current_dir(root).args(["nextest", what, "--profile", "evidence"]);
        command.arg("--config-file").arg(&profile).args(&words);
        command
    };
    let junit = root.join("target/nextest/evidence/junit.xml");
    let counts = configuration.record(&junit, nextest)?;
    println!("{} passed, {} failed\n", counts.passed, counts.failed);
    Ok(recorder.folder().to_path_buf())
}

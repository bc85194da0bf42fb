//! `cargo xtask bench`: runs the benchmarks and writes `docs/benchmarks.md`.
//!
//! The benchmarks leave their results as lines of JSON in `*.jsonl` files of the folder named in
//! `MEDSEC_BENCH_DIR`, one folder for each configuration; `MEDSEC_BENCH_QUICK=1` asks for a short run.

mod folders;
mod machine;
mod table;

use std::path::Path;

use anyhow::{Result, bail};
use serde_json::Value;

use crate::process;
use crate::services;
use crate::workspace::{Workspace, utc};

const PAGE: &str = "docs/benchmarks.md";
/// With these features every backend is measured in one run.
const FEATURES: &str = "aws-lc";
/// Measures the rewrap of packages without data keys.
const BLIND_REWRAP: &str = "rewrap::rate::rotation_is_measured_beside_the_server_and_the_disk";

/// How to measure.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Options {
    /// Fewer samples and smaller sizes; the page then says so.
    #[arg(long)]
    pub(crate) quick: bool,
}

/// Runs the benchmarks and renders their results.
///
/// # Errors
/// A benchmark does not build or fails, or none left a result.
pub(crate) fn run(ws: &Workspace, options: &Options) -> Result<()> {
    let results = ws.target.join("bench");
    if results.exists() {
        std::fs::remove_dir_all(&results)?;
    }
    std::fs::create_dir_all(&results)?;
    measure(ws, *options, &results)?;
    let tables = table::render(&load(&results)?);
    std::fs::write(ws.root.join(PAGE), page(ws, *options, tables.trim_end())?)?;
    println!("    written to {PAGE}");
    Ok(())
}

fn measure(ws: &Workspace, options: Options, folder: &Path) -> Result<()> {
    let library = ["bench", "-p", "medsec-crypto", "--bench", "*", "--features", FEATURES];
    let log = ["bench", "-p", "medsec-audit", "--bench", "*", "--features", FEATURES];
    let policy = ["bench", "-p", "medsec-policy", "--bench", "*"];
    let keys = ["bench", "-p", "medsec-kms", "--bench", "shared_key"];
    let custodian = ["bench", "-p", "medsec", "--bench", "*"];
    // The program as it is built by default.
    let program = ["bench", "-p", "medsec-cli", "--bench", "bulk"];
    for arguments in [library.as_slice(), &log, &policy, &keys, &custodian, &program] {
        let mut cargo = process::cargo(&ws.root);
        cargo.args(arguments).env("MEDSEC_BENCH_DIR", folder);
        if options.quick {
            cargo.env("MEDSEC_BENCH_QUICK", "1");
        }
        process::run(&mut cargo)?;
    }
    beside_servers(ws, options, folder)
}

/// What is measured against real servers, which run meanwhile.
fn beside_servers(ws: &Workspace, options: Options, folder: &Path) -> Result<()> {
    let variables = services::start(ws)?;
    let mut cargo = process::cargo(&ws.root);
    cargo.args(["test", "--release", "-p", "medsec-live", "--test", "live", "--", "--nocapture"]);
    cargo.args(["--exact", BLIND_REWRAP]).envs(variables).env("MEDSEC_BENCH_DIR", folder);
    if !options.quick {
        cargo.env("MEDSEC_FULL", "1");
    }
    let measured = process::run(&mut cargo);
    services::stop(ws)?;
    measured
}

/// Every line of every `*.jsonl` file of the folder.
fn load(folder: &Path) -> Result<Vec<Value>> {
    let mut files: Vec<_> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    let mut rows = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "jsonl")) {
        let text = std::fs::read_to_string(file)?;
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            match serde_json::from_str(line) {
                Ok(row) => rows.push(row),
                Err(why) => bail!("{}: not a line of JSON ({why}): {line}", file.display()),
            }
        }
    }
    if rows.is_empty() {
        bail!("no benchmark left a result in {}", folder.display());
    }
    Ok(rows)
}

fn page(ws: &Workspace, options: Options, tables: &str) -> Result<String> {
    let (commit, dirty) = ws.commit()?;
    let commit = commit.get(..12).unwrap_or(&commit);
    let tree = if dirty { ", with uncommitted changes" } else { "" };
    let how = if options.quick { "A quick run: figures for orientation only.\n\n" } else { "" };
    let (date, machine) = (utc("+%Y-%m-%d")?, machine::describe(ws)?);
    Ok(format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench` on {date} at commit {commit}{tree}; do not edit.\n\n\
         {how}{machine}\n\
         *Calibration* is the same work in the same run with only the cryptographic primitives in the\n\
         loop; *ratio* is calibration divided by time: 1.00 means that nothing was added. Folders are\n\
         compared with copies by as many threads and with the same syncing: *ratio to copy* is a copy's time\n\
         by its own, and the second copy also hashes every byte once, as whatever signs must.\n\n\
         {tables}\n"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_all_files() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.jsonl"), "{\"name\":\"seal\"}\n\n").unwrap();
        std::fs::write(dir.path().join("b.jsonl"), "{\"name\":\"open\"}").unwrap();
        std::fs::write(dir.path().join("c.txt"), "other").unwrap();
        assert_eq!(load(dir.path()).unwrap().len(), 2);
    }

    #[test]
    fn broken_or_missing_results_are_errors() {
        let dir = tempfile::tempdir().unwrap();
        assert!(load(dir.path()).is_err());
        std::fs::write(dir.path().join("a.jsonl"), "{\"name\":").unwrap();
        assert!(load(dir.path()).is_err());
    }
}

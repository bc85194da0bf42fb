//! `cargo xtask test`: what a pull request must pass, and with `--full` and `--fips` more.
//!
//! A failing step does not stop the ones after it, unless something does not build. The last line
//! printed is `N passed, N failed`, the sum over all runs of nextest; a CI outside reads it.

mod advisories;
mod alone;
mod fhir;
mod fips;
mod go;
mod release;
mod schemas;
mod suite;
mod trestle;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use medsec_hipaa_report::{Counts, Recorder};

use self::suite::Suite;
use crate::steps::{Reported, Steps, seconds};
use crate::workspace::Workspace;
use crate::{bench, compliance, fuzz, page, process, python, samples, services, tidy, tools};

/// Pinned Python packages of the oracle that opens and makes packages independently of our code.
const ORACLE: &str = "testdata/oracle/requirements.txt";
/// What the program is built without by default, and tested with.
const WHOLE: [&str; 2] = [
    "--features",
    "medsec-cli/aws,medsec-cli/https-key-set,medsec-cli/pkcs11,medsec-cli/ship,medsec-cli/vault",
];
/// The first of the two commands in the README.
const DEMO: [&str; 6] = ["run", "--release", "-p", "medsec-cli", "--", "demo"];
/// Seconds for each fuzz target in the full tier.
const LONG_FUZZ: u32 = 60;

/// Which tier to run.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Options {
    /// Also the long runs: full sizes, fuzzing, benchmarks, advisories, a look at the released program.
    #[arg(long)]
    full: bool,
    /// Also medsec-crypto on the validated module of aws-lc-rs, with CMake and Go from PyPI.
    #[arg(long)]
    fips: bool,
}

/// Runs the tier.
///
/// # Errors
/// A step failed; which one is already printed.
pub(crate) fn run(ws: &Workspace, options: &Options) -> Result<()> {
    let mut steps = Steps::default();
    let counts = all(ws, *options, &mut steps);
    println!("{}", steps.table());
    if !steps.all_ok() {
        println!("some steps failed");
    }
    let built = counts.is_some();
    let counts = counts.unwrap_or_default();
    println!("{} passed, {} failed", counts.passed, counts.failed);
    if built && steps.all_ok() { Ok(()) } else { Err(Reported.into()) }
}

/// All steps of the tier; nothing where something did not build.
fn all(ws: &Workspace, options: Options, steps: &mut Steps) -> Option<Counts> {
    let nextest = steps.step("tools", seconds(15), || {
        let nextest = tools::NEXTEST.program(ws)?;
        tools::DENY.program(ws)?;
        Ok(nextest)
    })?;
    let run = steps.step("evidence folder", seconds(5), || start(ws, options.fips))?;
    let mut suite = Suite::new(nextest, run, options.full);
    helpers(ws, &mut suite, steps);
    static_checks(ws, steps);
    let mut counts = tests(ws, &suite, steps)?;
    if options.fips {
        let tested = steps.step("fips", seconds(300), || fips::run(ws, &suite))?;
        counts = judged(counts, tested, "fips", steps);
    }
    steps.step("evidence report", seconds(10), || compliance::after_tests(ws, suite.folder()));
    steps.step("page", seconds(60), || {
        page::check(ws, &[&ws.target.join("compliance/report.html")])
    });
    let documents = ws.target.join("compliance/oscal");
    steps.step("trestle", seconds(60), || trestle::check(ws, &documents));
    documentation(ws, steps);
    steps.step("tidy", seconds(15), || tidy::run(ws));
    steps.step("deny", seconds(15), || deny(ws));
    steps.step("crypto alone", seconds(120), || alone::check(ws));
    steps.step("demo", seconds(300), || demo(ws));
    if options.full {
        long_runs(ws, steps);
    }
    Some(counts)
}

/// Runs the tests alone, in all configurations, and returns the folder of what they left behind.
///
/// # Errors
/// Something they need cannot be had, or they do not build. Failing tests are for the report.
pub(crate) fn record(ws: &Workspace) -> Result<PathBuf> {
    let mut steps = Steps::default();
    let nextest = steps.step("tools", seconds(15), || tools::NEXTEST.program(ws));
    let nextest = nextest.ok_or(Reported)?;
    let run = steps.step("evidence folder", seconds(5), || start(ws, false)).ok_or(Reported)?;
    let mut suite = Suite::new(nextest, run, false);
    helpers(ws, &mut suite, &mut steps);
    tests(ws, &suite, &mut steps).ok_or(Reported)?;
    println!("{}", steps.table());
    Ok(suite.folder().to_path_buf())
}

/// The runs of nextest that leave evidence; one that is missing in the end fails the report. The last is for `--fips`.
const CONFIGURATIONS: [&str; 4] = ["default", "live", "bare", "fips"];

/// A fresh folder for what the tests leave behind.
fn start(ws: &Workspace, fips: bool) -> Result<Recorder> {
    let planned: Vec<_> =
        CONFIGURATIONS.into_iter().filter(|name| fips || *name != "fips").collect();
    let run = Recorder::start(&ws.root, &ws.target.join("evidence"), &planned)?;
    println!("    {}", run.folder().display());
    Ok(run)
}

/// Things that tests look for in their environment.
fn helpers(ws: &Workspace, suite: &mut Suite, steps: &mut Steps) {
    if let Some(folder) = steps.step("samples", seconds(20), || samples::fetch(ws)) {
        suite.set("MEDSEC_SAMPLES", folder);
    }
    let vectors = ws.root.join("../shared/data/rfc6962-vectors/testdata");
    match vectors.canonicalize() {
        Ok(folder) => suite.set("MEDSEC_VECTORS", folder),
        Err(_) => {
            println!("    no RFC 6962 vectors beside this workspace: their tests skip them\n")
        }
    }
    let requirements = ws.root.join(ORACLE);
    if !requirements.is_file() {
        println!("    no {ORACLE}: the oracle's tests do not run\n");
        return;
    }
    // An interpreter that could not be made ready is a failure, not a reason to skip.
    suite.set("MEDSEC_REQUIRE_ORACLE", "1");
    let install = || python::environment(ws, "oracle", &requirements);
    if let Some(oracle) = steps.step("oracle", seconds(30), install) {
        suite.set("MEDSEC_ORACLE_PYTHON", oracle.python);
    }
    if let Some(oracle) = steps.step("go oracle", seconds(30), || go::oracle(ws)) {
        suite.set("MEDSEC_ORACLE_GO", oracle);
    }
    if let Some(schemas) = steps.step("oscal", seconds(20), || schemas::OSCAL.folder(ws)) {
        suite.set("MEDSEC_OSCAL_SCHEMAS", schemas);
    }
    if let Some(schemas) = steps.step("cyclonedx", seconds(20), || schemas::CYCLONEDX.folder(ws)) {
        suite.set("MEDSEC_CYCLONEDX_SCHEMAS", schemas);
    }
    if let Some(fhir) = steps.step("fhir", seconds(30), || fhir::checks(ws)) {
        suite.set("MEDSEC_FHIR_EXAMPLES", fhir.examples);
        suite.set("MEDSEC_FHIR_VALIDATOR", fhir.validator);
    }
}

/// Formatting, and lints in both configurations.
fn static_checks(ws: &Workspace, steps: &mut Steps) {
    let cargo = |args: &[&str]| process::run(process::cargo(&ws.root).args(args));
    let clippy = |what: &[&str]| {
        let args = [&["clippy", "--all-targets"], what, &["--", "-D", "warnings"]].concat();
        cargo(&args)
    };
    let crypto = ["-p", "medsec-crypto"];
    steps.step("fmt", seconds(5), || cargo(&["fmt", "--all", "--check"]));
    steps.step("clippy", seconds(90), || clippy(&[&["--workspace"][..], &WHOLE].concat()));
    steps.step("clippy bare", seconds(30), || {
        clippy(&[&crypto[..], &["--no-default-features"]].concat())
    });
    steps.step("features", seconds(300), || each_feature(ws));
}

/// Lints of every package as it is by default, with none of its features and with each of them alone: all of them at once
/// hide what one needs of another.
fn each_feature(ws: &Workspace) -> Result<()> {
    let mut hack = process::command(tools::EACH_FEATURE.program(ws)?, &ws.root);
    hack.args(["hack", "clippy", "--workspace", "--each-feature", "--exclude-all-features"]);
    // The first needs CMake and Go: `--fips` builds it. The other is for others of its crate to stand on.
    hack.args(["--exclude-features", "fips,http", "--", "-D", "warnings"]);
    process::run(&mut hack)
}

/// What the README promises: the demonstration, of the program as it is built by default. No stand-in is in that.
fn demo(ws: &Workspace) -> Result<()> {
    process::run(process::cargo(&ws.root).args(DEMO))?;
    release::look(ws)
}

/// The tests in both configurations; nothing where they do not build.
fn tests(ws: &Workspace, suite: &Suite, steps: &mut Steps) -> Option<Counts> {
    let plain = [&["--workspace", "-E", "not package(medsec-live)"][..], &WHOLE].concat();
    let tested = steps.step("tests", seconds(600), || suite.run(ws, "default", &plain))?;
    let counts = judged(Counts::default(), tested, "tests", steps);
    let counts = match steps.step("live", seconds(120), || live(ws, suite)) {
        Some(tested) => judged(counts, tested, "live", steps),
        None => counts,
    };
    // The program's features give the workspace AWS-LC; alone the crate has RustCrypto only.
    let alone = ["-p", "medsec-crypto"];
    let tested = steps.step("tests bare", seconds(180), || suite.run(ws, "bare", &alone))?;
    Some(judged(counts, tested, "tests bare", steps))
}

/// The tests that talk to real servers. However they end, the servers end too.
fn live(ws: &Workspace, suite: &Suite) -> Result<Counts> {
    let versions = services::versions(ws)?;
    let variables = services::start(ws)?;
    // The same selection of packages as before, so that nothing is built anew with other features.
    let select = [&["--workspace", "-E", "package(medsec-live)"][..], &WHOLE].concat();
    let tested = suite.run_with(ws, "live", &select, &versions, |command| {
        command.envs(variables.iter().map(|(name, value)| (name, value)));
    });
    services::stop(ws)?;
    tested
}

/// Adds the counts of one run; failures in it become a failed step.
fn judged(before: Counts, tested: Counts, name: &str, steps: &mut Steps) -> Counts {
    if !tested.all_passed() {
        steps.fail(name);
    }
    before.plus(tested)
}

fn documentation(ws: &Workspace, steps: &mut Steps) {
    steps.step("doctests", seconds(90), || {
        process::run(process::cargo(&ws.root).args(["test", "--doc", "--workspace"]))
    });
    steps.step("rustdoc", seconds(60), || {
        let mut doc = process::cargo(&ws.root);
        doc.env("RUSTDOCFLAGS", "-D warnings").args(["doc", "--workspace", "--no-deps"]);
        process::run(&mut doc)
    });
}

fn deny(ws: &Workspace) -> Result<()> {
    let mut deny = process::command(tools::DENY.program(ws)?, &ws.root);
    deny.args(["deny", "--all-features", "check", "licenses", "bans", "sources"]);
    process::run(&mut deny).context("licences, bans or sources")
}

fn long_runs(ws: &Workspace, steps: &mut Steps) {
    steps.step("audit", seconds(30), || advisories::check(ws));
    steps.step("release", seconds(600), || release::check(ws));
    steps.step("bench", seconds(900), || bench::run(ws, &bench::Options { quick: false }));
    steps.step("fuzz", seconds(1200), || {
        let long = fuzz::Options { seconds: LONG_FUZZ, target: None, list: false, minimize: false };
        fuzz::run(ws, &long)
    });
}

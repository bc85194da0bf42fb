//! The in-toto statement over the digests of all outputs, and its DSSE envelope.
//!
//! Statement v1 with the test-result predicate v0.1. The envelope's signature covers type and payload, see
//! [`signing`](crate::signing); the same key and outputs give the same bytes.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::digest::sha256;
use crate::error::ReportError;
use crate::render::{Files, json};
use crate::report::{Report, TestEntry};
use crate::run::Run;
use crate::signing::PrivateKey;

/// The statement without a signature.
pub const STATEMENT_FILE: &str = "statement.json";
/// The signed statement.
pub const ENVELOPE_FILE: &str = "statement.dsse.json";

/// The statement over the files of the run itself, with the time at which it started: it is of one run, and no other run
/// gives the same bytes.
pub const RUN_STATEMENT_FILE: &str = "run-statement.json";
/// The same, signed.
pub const RUN_ENVELOPE_FILE: &str = "run-statement.dsse.json";

/// Type of what the run's statement says.
const RUN_PREDICATE: &str = "https://github.com/medsec/medsec/ns/test-run/v1";
const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";

/// Adds the statement over all files that are there; and with a key its envelope.
///
/// # Errors
/// [`ReportError::DirtyTree`] with a key if the tree differs from the commit.
pub fn state(
    report: &Report,
    files: &mut Files,
    key: Option<&PrivateKey>,
) -> Result<(), ReportError> {
    let payload = json(STATEMENT_FILE, &statement(report, files))?;
    if let Some(key) = key {
        if !report.is_clean() {
            return Err(ReportError::DirtyTree);
        }
        files.insert(ENVELOPE_FILE.to_owned(), envelope(ENVELOPE_FILE, &payload, key)?);
    }
    files.insert(STATEMENT_FILE.to_owned(), payload);
    Ok(())
}

/// Adds the statement over the raw files of a run as they were read, and with a key its envelope. Both are of this run
/// alone.
///
/// # Errors
/// It cannot be written as JSON.
pub fn state_run(
    runs: &[Run],
    files: &mut Files,
    key: Option<&PrivateKey>,
) -> Result<(), ReportError> {
    let mut subjects = Vec::new();
    for run in runs {
        let name = &run.facts.configuration;
        let own = ("run.json".to_owned(), run.sha256.clone());
        subjects.extend(run.facts.files.clone().into_iter().chain([own]).map(|(file, digest)| {
            json!({ "name": format!("{name}/{file}"), "digest": { "sha256": digest } })
        }));
    }
    let configurations: Vec<_> = runs
        .iter()
        .map(|run| {
            json!({
                "name": run.facts.configuration,
                "run": run.facts.run,
                "started": run.facts.started,
                "commit": run.facts.commit,
            })
        })
        .collect();
    let payload = json(
        RUN_STATEMENT_FILE,
        &json!({
            "_type": STATEMENT,
            "subject": subjects,
            "predicateType": RUN_PREDICATE,
            "predicate": { "configurations": configurations },
        }),
    )?;
    if let Some(key) = key {
        files.insert(RUN_ENVELOPE_FILE.to_owned(), envelope(RUN_ENVELOPE_FILE, &payload, key)?);
    }
    files.insert(RUN_STATEMENT_FILE.to_owned(), payload);
    Ok(())
}

fn envelope(name: &str, payload: &[u8], key: &PrivateKey) -> Result<Vec<u8>, ReportError> {
    let signature = key.sign(PAYLOAD_TYPE, payload);
    json(
        name,
        &json!({
            "payloadType": PAYLOAD_TYPE,
            "payload": STANDARD.encode(payload),
            "signatures": [{ "keyid": signature.key_id(), "sig": signature.base64() }],
        }),
    )
}

fn statement(report: &Report, files: &Files) -> Value {
    let subject = |(name, bytes): (&String, &Vec<u8>)| json!({ "name": name, "digest": { "sha256": sha256(bytes) } });
    let subjects: Vec<_> = files.iter().map(subject).collect();
    let named = |wanted: fn(&TestEntry) -> bool| -> Vec<String> {
        report.tests.iter().filter(|test| wanted(test)).map(|test| test.test.to_string()).collect()
    };
    let failures = report.configurations.iter().flat_map(|ran| &ran.failures);
    let mut failed: BTreeSet<_> = failures.map(ToString::to_string).collect();
    failed.extend(named(|test| !test.counts));
    let result = if report.problems.is_empty() { "PASSED" } else { "FAILED" };
    json!({
        "_type": STATEMENT,
        "subject": subjects,
        "predicateType": "https://in-toto.io/attestation/test-result/v0.1",
        "predicate": {
            "result": result,
            "configuration": [{
                "name": "commit",
                "uri": format!("git+{}@{}", report.component.source, report.commit),
                "digest": { "gitCommit": report.commit },
            }],
            "passedTests": named(|test| test.counts),
            "failedTests": failed,
        },
    })
}

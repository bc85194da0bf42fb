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
use crate::signing::PrivateKey;

/// The statement without a signature.
pub const STATEMENT_FILE: &str = "statement.json";
/// The signed statement.
pub const ENVELOPE_FILE: &str = "statement.dsse.json";

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
        let signature = key.sign(PAYLOAD_TYPE, &payload);
        let envelope = json!({
            "payloadType": PAYLOAD_TYPE,
            "payload": STANDARD.encode(&payload),
            "signatures": [{ "keyid": signature.key_id(), "sig": signature.base64() }],
        });
        files.insert(ENVELOPE_FILE.to_owned(), json(ENVELOPE_FILE, &envelope)?);
    }
    files.insert(STATEMENT_FILE.to_owned(), payload);
    Ok(())
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
        "_type": "https://in-toto.io/Statement/v1",
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

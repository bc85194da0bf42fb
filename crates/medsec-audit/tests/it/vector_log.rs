//! The log in `testdata/audit-log/v1`: it was made once, and must be found to be what it was for as long as there is a
//! version 1 of the format.
//!
//! Epoch keys are random, so it cannot be made again byte for byte. A new one, until the format is fixed:
//!
//! ```text
//! MEDSEC_NEW_AUDIT_LOG=1 cargo nextest run -p medsec-audit vector_log::a_log_like_it_can_be_made
//! ```

mod making;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use medsec_audit::{
    Action, AuditLog, Pin, ProofError, RecordProof, StreamName, StreamReport, Verdict,
    VerifyOptions, leaf_hash,
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::oracle::{ask, copy, difference, verification};

/// Streams, and what they are found to be.
const STREAMS: [(&str, Verdict); 2] = [("gateway", Verdict::Rekeyed), ("main", Verdict::Whole)];
const REASONS: [&str; 7] = ["genesis", "start", "rotate", "recover", "close", "rekey", "retire"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/audit-log/v1")
}

/// A copy to work on, so that nothing is ever written beside the vectors.
struct Kept {
    folder: TempDir,
    expected: Value,
    log: AuditLog,
}

impl Kept {
    fn of(from: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(from, folder.path());
        let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
        let expected = serde_json::from_str(&read("expected.json")).unwrap();
        let pin: Pin = read("pin").parse().unwrap();
        let log = AuditLog::open(folder.path(), &pin).unwrap();
        Self { folder, expected, log }
    }

    fn report(&self, stream: &str) -> StreamReport {
        let mut how = VerifyOptions::default();
        (how.strict, how.content) = (true, true);
        self.log.verifier(&StreamName::new(stream).unwrap()).unwrap().verify(&how).unwrap()
    }

    /// All lines that there are of a stream, those of its spine first.
    fn lines(&self, stream: &str) -> String {
        let of_stream = self.folder.path().join("streams").join(stream);
        let paths = files(&of_stream);
        let parts = ["spine/", "log/"].map(|part| {
            let of_part = paths.iter().filter(|path| path.starts_with(part));
            of_part
                .map(|path| fs::read_to_string(of_stream.join(path)).unwrap())
                .collect::<String>()
        });
        parts.concat()
    }
}

/// Paths of the files of a folder, sorted.
fn files(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, under: &str, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let name = format!("{under}{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                walk(&entry.path(), &format!("{name}/"), found);
            } else {
                found.push(name);
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, "", &mut found);
    found.sort();
    found
}

/// SHA-256 of every file but the list itself.
fn digests(folder: &Path) -> BTreeMap<String, String> {
    let listed = files(folder).into_iter().filter(|path| path != "expected.json");
    let digest = |path: String| {
        let hash = Sha256::digest(fs::read(folder.join(&path)).unwrap());
        (path, hash.iter().map(|byte| format!("{byte:02x}")).collect())
    };
    listed.map(digest).collect()
}

/// What our verifier says of a stream, for the file and for comparison with it.
fn said(report: &StreamReport) -> Value {
    let content = report.content.unwrap();
    json!({
        "verdict": format!("{:?}", report.verdict()).to_lowercase(),
        "size": report.size, "root": report.root.map(|root| root.to_string()),
        "epochs": report.epochs, "recoveries": report.recoveries, "closed": report.closed,
        "events": content.events,
    })
}

fn check(kept: &Kept) {
    for (stream, verdict) in STREAMS {
        let report = kept.report(stream);
        assert_eq!(report.verdict(), verdict, "{stream}: {report:?}");
        assert_eq!(said(&report), kept.expected["streams"][stream], "{stream}");
        let content = report.content.unwrap();
        assert_eq!((content.faults, content.unknown_kinds, content.unknown_members), (0, 0, 0));
    }
    let lines = STREAMS.map(|(stream, _)| kept.lines(stream)).concat();
    for action in Action::ALL {
        assert!(lines.contains(&format!("\"action\":\"{}\"", action.name())), "{}", action.name());
    }
    for reason in REASONS {
        assert!(lines.contains(&format!(",\"why\":\"{reason}\",\"key\":")), "{reason}");
    }
    check_proof(kept);
}

fn check_proof(kept: &Kept) {
    let expected = &kept.expected["proof"];
    let proof = RecordProof::parse(&fs::read(kept.folder.path().join("main.tlog-proof")).unwrap());
    let proof = proof.unwrap();
    let seq = expected["index"].as_u64().unwrap();
    assert_eq!(proof.index(), seq);
    let lines = kept.lines("main");
    let line = |seq| {
        let start = format!("{{\"v\":1,\"seq\":{seq},");
        leaf_hash(lines.lines().find(|line| line.starts_with(&start)).unwrap().as_bytes())
    };
    let origin = kept.log.origin(&StreamName::new("main").unwrap());
    let key = kept.log.pin().key();
    assert!(proof.verify(&line(seq), &origin, key).is_ok());
    let other = proof.verify(&line(seq + 1), &origin, key);
    assert!(matches!(other, Err(ProofError::Inclusion(_))));
}

/// The oracle says the same, and that checkpoint, tiles and lines are of one tree.
fn check_with_oracle(kept: &Kept) {
    let seq = kept.expected["proof"]["index"].as_u64().unwrap();
    let start = format!("{{\"v\":1,\"seq\":{seq},");
    let lines = kept.lines("main");
    let line = lines.lines().find(|line| line.starts_with(&start)).unwrap();
    let text = fs::read_to_string(kept.folder.path().join("main.tlog-proof")).unwrap();
    let origin = kept.log.origin(&StreamName::new("main").unwrap()).to_string();
    let proof = |line: &str| {
        let key = kept.log.pin().key().to_string();
        json!({ "do": "proof", "proof": text, "line": line, "origin": origin, "key": key })
    };
    let altered = line.replacen("\"t\":\"", "\"t\":\"x", 1);
    let requests = [verification(kept.folder.path(), &kept.log), proof(line), proof(&altered)];
    let Some(answers) = ask(&requests) else { return };
    for (stream, _) in STREAMS {
        let answer = &answers[0]["streams"][stream];
        assert_eq!(difference(&kept.report(stream), answer), None, "{stream}");
        let published = &answer["checkpoint"];
        assert_eq!(published["is"], "of this tree", "{stream}");
        assert_eq!(published["tiles-wrong"], 0, "{stream}");
        assert_eq!(published["tiles-missing"], 0, "{stream}");
    }
    assert_eq!(answers[1]["index"], seq);
    assert!(answers[2].get("refused").is_some());
}

#[test]
fn the_log_that_was_kept_is_found_to_be_what_it_was() {
    let kept = Kept::of(&folder());
    check(&kept);
    check_with_oracle(&kept);
}

#[test]
fn the_files_of_the_log_that_was_kept_are_those_listed() {
    let expected = fs::read_to_string(folder().join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    assert_eq!(json!(digests(&folder())), expected["files"]);
    let names = files(&folder());
    assert!(!names.iter().any(|name| name.contains("key/") || name.ends_with("/state")));
    let bytes: u64 = names.iter().map(|name| folder().join(name).metadata().unwrap().len()).sum();
    assert!(bytes < 300 << 10, "{bytes}");
}

#[test]
fn a_log_like_it_can_be_made() {
    let temporary = tempfile::tempdir().unwrap();
    making::make(temporary.path());
    let made = Kept::of(temporary.path());
    check(&made);
    check_with_oracle(&made);
    if std::env::var_os("MEDSEC_NEW_AUDIT_LOG").is_some() {
        // The old one must not leave files behind.
        let _ = fs::remove_dir_all(folder());
        copy(temporary.path(), &folder());
    }
}

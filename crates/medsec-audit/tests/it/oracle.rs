//! Rust against a second verifier, in Python, that was written from the page of the format alone: both find the same
//! in logs as they were written, and in logs that somebody has damaged.

mod damages;
mod stories;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use medsec_audit::{
    AuditLog, FaultKind, Finding, LineError, StreamName, StreamReport, Verdict, VerifyOptions,
};
use serde_json::{Value, json};

use self::damages::{DAMAGES, Dice};
use self::stories::Stories;
pub(crate) use self::stories::copy;

/// The oracle's interpreter. Without one its tests say so, or fail where it is demanded.
fn python() -> Option<PathBuf> {
    let python = std::env::var_os("MEDSEC_ORACLE_PYTHON").map(PathBuf::from);
    if python.is_none() {
        println!("not run: MEDSEC_ORACLE_PYTHON is not set (cargo xtask test sets it)");
        let demanded = std::env::var_os("MEDSEC_REQUIRE_ORACLE").is_some_and(|v| v == "1");
        assert!(!demanded, "MEDSEC_REQUIRE_ORACLE=1, but there is no oracle");
    }
    python
}

/// Puts requests to the oracle, all in one process.
pub(crate) fn ask(requests: &[Value]) -> Option<Vec<Value>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/oracle/audit_log.py");
    let mut oracle = Command::new(python()?)
        .arg("-B")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = oracle.stdin.take().unwrap();
    let lines: String = requests.iter().map(|request| format!("{request}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = oracle.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "the oracle failed");
    let lines = output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let answers: Vec<Value> = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
    assert_eq!(answers.len(), requests.len());
    Some(answers)
}

/// What asks for everything about a log.
pub(crate) fn verification(folder: &Path, log: &AuditLog) -> Value {
    json!({ "do": "verify", "folder": folder, "pin": log.pin().to_string() })
}

fn verify(log: &AuditLog, stream: &StreamName) -> StreamReport {
    let mut how = VerifyOptions::default();
    how.strict = true;
    log.verifier(stream).unwrap().verify(&how).unwrap()
}

/// The word of the page.
fn word(report: &StreamReport) -> &'static str {
    let other_version = |finding: &Finding| matches!(finding, Finding::Tampered(fault) if fault.kind == FaultKind::Line(LineError::Version));
    if report.findings.iter().any(other_version) {
        return "version";
    }
    match report.verdict() {
        Verdict::Whole => "whole",
        Verdict::Stale => "stale",
        Verdict::Torn => "torn",
        Verdict::Rekeyed => "rekeyed",
        Verdict::Truncated => "truncated",
        Verdict::Fork => "fork",
        Verdict::Tampered => "tampered",
        _ => "another",
    }
}

/// What differs between a report and the oracle's answer about the same stream.
pub(crate) fn difference(report: &StreamReport, answer: &Value) -> Option<String> {
    // Of what is kept of records that went, the page says that it must be right, not how much of it counts.
    let ours = report.verdict();
    if answer["retired"].as_u64() > Some(report.size) && ours >= Verdict::Truncated {
        let same =
            ["tampered", "truncated", "version"].contains(&answer["verdict"].as_str().unwrap());
        return (!same).then(|| answer.to_string());
    }
    let ours = json!({
        "verdict": word(report), "size": report.size,
        "root": report.root.map(|root| root.to_string()), "acknowledged": report.acknowledged,
    });
    let mut same = ours.as_object().unwrap().iter().all(|(name, value)| answer[name] == *value);
    if report.verdict() != Verdict::Tampered {
        same &= answer["closed"] == report.closed;
    }
    // The page says which records are good, not which of the others is to blame.
    for finding in &report.findings {
        if let Finding::Tampered(fault) = finding
            && let Some(first_bad) = answer["first_bad"].as_u64()
        {
            same &= report.size <= fault.seq && fault.seq <= first_bad;
        }
    }
    (!same).then(|| format!("{ours} {:?}\n{answer}", report.findings))
}

#[test]
fn both_judge_every_story_alike() {
    let stories = Stories::tell();
    let Some(answers) = ask(&[verification(&stories.root(), &stories.log)]) else { return };
    assert_eq!(answers[0]["revision"], 1, "{}", answers[0]);
    for (name, expected) in stories::ENDS {
        let stream = StreamName::new(name).unwrap();
        let (report, answer) = (verify(&stories.log, &stream), &answers[0]["streams"][name]);
        assert_eq!(difference(&report, answer), None, "{name}");
        assert_eq!(word(&report), *expected, "{name}: {report:?}");
        assert_eq!(answer["epochs"], report.epochs, "{name}");
        let quick = stories.log.verifier(&stream).unwrap().verify(&VerifyOptions::default());
        assert_eq!(quick.unwrap(), report, "{name}");
        let published = &answer["checkpoint"];
        assert_eq!(published["is"], "of this tree", "{name}: {answer}");
        assert!(published["tiles"].as_u64().unwrap() > 0);
        assert_eq!(
            (&published["tiles-missing"], &published["tiles-wrong"]),
            (&json!(0), &json!(0))
        );
    }
}

#[test]
fn both_know_checkpoints_and_ages() {
    let stories = Stories::tell();
    let (log, stream) = (&stories.log, StreamName::new("closed").unwrap());
    let report = verify(log, &stream);
    let (size, root) = (report.size, report.root.unwrap());
    let last = report.last.unwrap().unix_millis();
    let mut requests = Vec::new();
    let mut reports = Vec::new();
    for (size, root) in [(size, root), (1, root), (size - 1, root), (size + 1, root)] {
        let mut request = verification(&stories.root(), log);
        request["known"] = json!({ "closed": [[size, root.to_string()]] });
        requests.push(request);
        let known = [medsec_audit::Known::new(stories.log.origin(&stream), size, root)];
        let mut how = VerifyOptions::default();
        how.known = &known;
        reports.push(log.verifier(&stream).unwrap().verify(&how).unwrap());
    }
    for later in [1000, 1001] {
        let mut request = verification(&stories.root(), log);
        (request["now"], request["age"]) = (json!(last + later), json!(1000));
        requests.push(request);
        let mut how = VerifyOptions::default();
        let now = medsec_audit::LogTime::from_unix_millis(last + later).unwrap();
        how.freshness = Some((now, std::time::Duration::from_secs(1)));
        reports.push(log.verifier(&stream).unwrap().verify(&how).unwrap());
    }
    let words: Vec<_> = reports.iter().map(word).collect();
    assert_eq!(words, ["whole", "fork", "fork", "truncated", "whole", "stale"]);
    let Some(answers) = ask(&requests) else { return };
    for (report, answer) in reports.iter().zip(&answers) {
        assert_eq!(difference(report, &answer["streams"]["closed"]), None);
    }
}

/// How often each damage is done to each story.
fn rounds() -> u64 {
    if std::env::var_os("MEDSEC_FULL").is_some() { 20 } else { 1 }
}

#[test]
fn both_judge_damaged_logs_alike() {
    let stories = Stories::tell();
    let mut dice = Dice::new(0x6D65_6473_6563);
    let (mut requests, mut copies) = (Vec::new(), Vec::new());
    for round in 0..rounds() {
        for (name, _) in stories::ENDS {
            for (what, damage) in DAMAGES {
                let (folder, log) = stories.only(name);
                damage(&mut dice, &log.stream_folder(&StreamName::new(name).unwrap()));
                requests.push(verification(folder.path(), &log));
                copies.push((format!("{what}, {name}, {round}"), *name, folder, log));
            }
        }
    }
    let answers = ask(&requests);
    let (mut differ, mut words) = (Vec::new(), std::collections::BTreeMap::new());
    for (at, (what, name, _folder, log)) in copies.iter().enumerate() {
        let report = verify(log, &StreamName::new(name).unwrap());
        *words.entry(word(&report)).or_insert(0) += 1;
        let Some(answers) = &answers else { continue };
        let answer = &answers[at]["streams"][name];
        differ.extend(difference(&report, answer).map(|why| format!("{what}: {why}")));
    }
    println!("{} damaged streams, {} kinds of damage: {words:?}", copies.len(), DAMAGES.len());
    assert!(differ.is_empty(), "{} differ\n{}", differ.len(), differ.join("\n"));
}

#[test]
fn both_open_the_same_root_notes() {
    let stories = Stories::tell();
    let note = std::fs::read(stories.root().join("root")).unwrap();
    let (mut requests, mut copies) = (Vec::new(), Vec::new());
    for at in (0..note.len()).step_by(7) {
        let folder = tempfile::tempdir().unwrap();
        let mut changed = note.clone();
        changed[at] ^= 1;
        std::fs::write(folder.path().join("root"), changed).unwrap();
        requests.push(verification(folder.path(), &stories.log));
        copies.push((at, folder));
    }
    let good = tempfile::tempdir().unwrap();
    copy(&stories.root().join("root"), &good.path().join("root"));
    requests.push(verification(good.path(), &stories.log));
    let Some(answers) = ask(&requests) else { return };
    for ((at, folder), answer) in copies.iter().zip(&answers) {
        let ours = AuditLog::open(folder.path(), stories.log.pin());
        assert_eq!(ours.is_err(), answer.get("refused").is_some(), "byte {at}: {answer}");
        assert!(ours.is_err(), "byte {at}");
    }
    let last = answers.last().unwrap();
    assert!(last.get("refused").is_none(), "{last}");
}

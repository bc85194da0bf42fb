//! A log that changes while a report is made of it.

use std::path::Path;

use medsec_audit::{
    Action, Algorithm, Ed25519NoteSigner, KeyName, NewLog, Outcome, Retention, Subject,
    SystemClock, WriterOptions,
};

use super::*;
use crate::audit::when::{at, now};
use crate::recording::{by_itself, place};

const RECORDS: usize = 6;

fn filled(folder: &Path) -> (AuditLog, StreamName) {
    let name = KeyName::new("clinic.example/log").unwrap();
    let key = Ed25519NoteSigner::generate(name, Algorithm::Ed25519).unwrap();
    let stream = StreamName::new("main").unwrap();
    let new = NewLog { streams: vec![stream.clone()], retention: Retention::SIX_YEARS };
    let log = AuditLog::create(&folder.join("audit"), &new, &key, &SystemClock::default()).unwrap();
    write(&log, &stream);
    (log, stream)
}

fn write(log: &AuditLog, stream: &StreamName) {
    let writer = log.writer(stream, &WriterOptions::new(place().unwrap()), &[]).unwrap();
    for _ in 0..RECORDS {
        let test = by_itself(Action::Test, Outcome::Success, Subject::default()).unwrap();
        let _ = writer.append(&test).unwrap();
    }
    writer.close().unwrap();
}

/// The report, where something happens to the log between its reading and the second check.
fn verdict_after(between: impl FnOnce(&AuditLog, &StreamName, &Path)) -> &'static str {
    let folder = tempfile::tempdir().unwrap();
    let (log, stream) = filled(folder.path());
    let home = Some(folder.path().join("home"));
    let options = crate::args::Options { json: true, threads: None, home, no_agent: true };
    let session = Session::new(&options);
    let frame = Frame {
        from: at(0),
        until: now(),
        baseline: at(0),
        off_hours: None,
        offset: Offset::default(),
        streams: vec![stream.clone()],
        generated: now(),
    };
    let begun = Gathering::begin(&session, &log, frame, false).unwrap();
    assert_eq!(begun.checked.name(), "whole");
    let read = begun.read(&session, &log).unwrap();
    between(&log, &stream, folder.path());
    let report = read.conclude(&session, &log).unwrap();
    assert!(report.records > 0);
    report.checked.name()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            let _ = std::fs::copy(&from, &to).unwrap();
        }
    }
}

#[test]
fn a_log_that_changes_between_the_two_checks_is_told() {
    let cut = |log: &AuditLog, stream: &StreamName, _: &Path| {
        let folder = log.stream_folder(stream);
        let segment = folder.join("log/00000000000000000000.jsonl");
        let text = std::fs::read_to_string(&segment).unwrap();
        let lines: Vec<_> = text.lines().collect();
        // Two batches less, in lines and mark: nothing in the log itself shows that.
        let kept = &lines[..lines.len() - 4];
        std::fs::write(&segment, format!("{}\n", kept.join("\n"))).unwrap();
        let mark = format!("{}\n", kept.last().unwrap());
        std::fs::write(folder.join("hwm"), format!("{mark:<512}")).unwrap();
    };
    assert_eq!(verdict_after(cut), "truncated");
    let other = |log: &AuditLog, stream: &StreamName, folder: &Path| {
        let (second, _) = filled(&folder.join("other"));
        std::fs::remove_dir_all(log.stream_folder(stream)).unwrap();
        copy(&second.stream_folder(stream), &log.stream_folder(stream));
    };
    assert_eq!(verdict_after(other), "tampered");
    // What comes meanwhile is no change.
    assert_eq!(verdict_after(|log, stream, _| write(log, stream)), "whole");
    assert_eq!(verdict_after(|_, _, _| {}), "whole");
}

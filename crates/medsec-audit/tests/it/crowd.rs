//! Many writers at a time: threads that share one, processes with streams of their own, and processes that take
//! turns on one stream.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use medsec_audit::{
    Algorithm, AuditLog, NewLog, OpenWriterError, Retention, StreamName, SystemClock, Verdict,
    VerifyOptions,
};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_testkit::child::{child, task};

use crate::kill::{
    Acknowledged, acknowledged, busy_options, is_full, leaves_of, log_in, missing, publish, tell,
    told,
};
use crate::streams::{LOG, opened};
use crate::support::signer;

const OWN: [&str; 4] = ["own-0", "own-1", "own-2", "own-3"];
const SHARED: &str = "threads";
const TURNS: &str = "turns";
/// Processes that take turns, and how many of them wait at a time.
const SHOTS: usize = 200;
const AT_A_TIME: usize = 6;

fn named(name: &str) -> StreamName {
    StreamName::new(name).unwrap()
}

fn span() -> Duration {
    if is_full() { Duration::from_secs(60) } else { Duration::from_secs(4) }
}

/// Appends to a stream for some time.
#[test]
fn appends_for_a_while() {
    let Some(words) = task() else { return };
    let log = log_in(Path::new(&words[0]));
    let writer = log.writer(&named(&words[1]), &busy_options(), &[]).unwrap();
    let (begun, span) = (Instant::now(), span());
    let mut number = 0;
    while begun.elapsed() < span {
        let appended = writer.append(&opened(number)).unwrap();
        tell(&format!("ack {} {}", appended.seq(), appended.leaf()));
        number += 1;
    }
    writer.close().unwrap();
}

/// Opens a stream, appends one event, closes.
#[test]
fn appends_once() {
    let Some(words) = task() else { return };
    let log = log_in(Path::new(&words[0]));
    let writer = match log.writer(&named(TURNS), &busy_options(), &[]) {
        Err(OpenWriterError::Busy) => return tell("refused"),
        writer => writer.unwrap(),
    };
    let appended = writer.append(&opened(1)).unwrap();
    writer.close().unwrap();
    tell(&format!("ack {} {}", appended.seq(), appended.leaf()));
}

fn run(helper: &str, words: &[&str]) -> Vec<String> {
    let mut process = child(helper, words).spawn().unwrap();
    let told = told(&mut process);
    assert!(process.wait().unwrap().success(), "{helper}");
    told
}

/// What 200 processes that take turns told: acknowledged, and how many gave up waiting.
fn shots(folder: &str) -> (Vec<Acknowledged>, usize) {
    let next = AtomicUsize::new(0);
    let shoot = || {
        let mut told = Vec::new();
        while next.fetch_add(1, Ordering::Relaxed) < SHOTS {
            told.extend(run("crowd::appends_once", &[folder]));
        }
        told
    };
    let told: Vec<_> = thread::scope(|scope| {
        let shooters: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(shoot)).collect();
        shooters.into_iter().flat_map(|shooter| shooter.join().unwrap()).collect()
    });
    (acknowledged(&told), told.iter().filter(|line| *line == "refused").count())
}

/// What eight threads that share a writer were told.
fn threads(log: &AuditLog) -> Vec<Acknowledged> {
    let writer = log.writer(&named(SHARED), &busy_options(), &[]).unwrap();
    let begun = Instant::now();
    let append = |thread: u64| {
        let mut all = Vec::new();
        while begun.elapsed() < span() {
            let appended = writer.append(&opened(thread)).unwrap();
            all.push((appended.seq(), appended.leaf().to_string()));
        }
        all
    };
    let all = thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|thread| scope.spawn(move || append(thread))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    writer.close().unwrap();
    all
}

/// Everything acknowledged is there once, under one unbroken tree.
fn check(ev: &Ev, log: &AuditLog, stream: &str, records: &[Acknowledged]) {
    let mut how = VerifyOptions::default();
    how.strict = true;
    let report = log.verifier(&named(stream)).unwrap().verify(&how).unwrap();
    assert_eq!(report.verdict(), Verdict::Whole, "{stream}: {report:?}");
    let leaves = leaves_of(log, &named(stream));
    ev.holds("every acknowledged record is there", missing(&leaves, records) == 0);
    let mut numbers: Vec<_> = records.iter().map(|(seq, _)| *seq).collect();
    numbers.sort_unstable();
    numbers.dedup();
    ev.holds("no number was given twice", numbers.len() == records.len());
    let events = leaves.len() as u64 - report.epochs;
    ev.holds("nothing else is there", events == records.len() as u64);
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "threads and processes that write the audit log at the same time lose no record and write none twice",
    polarity = allow,
)]
fn a_crowd_of_writers_loses_nothing(ev: Ev) -> Proven {
    let home = tempfile::tempdir().unwrap();
    let streams = OWN.iter().chain([&SHARED, &TURNS]).map(|name| named(name)).collect();
    let new = NewLog { streams, retention: Retention::SIX_YEARS };
    let key = signer(LOG, Algorithm::Ed25519, 7);
    let path = home.path().join("audit");
    let log = AuditLog::create(&path, &new, &key, &SystemClock::default()).unwrap();
    publish(home.path(), &log);
    let folder = home.path().to_str().unwrap();
    thread::scope(|scope| {
        let own = OWN.map(|name| {
            scope.spawn(move || acknowledged(&run("crowd::appends_for_a_while", &[folder, name])))
        });
        let shots = scope.spawn(|| shots(folder));
        let shared = threads(&log);
        check(&ev, &log, SHARED, &shared);
        for (name, own) in OWN.iter().zip(own) {
            let own = own.join().unwrap();
            println!("{name}: {} records", own.len());
            check(&ev, &log, name, &own);
        }
        let (turns, refused) = shots.join().unwrap();
        println!("threads: {} records; turns: {}, {refused} refused", shared.len(), turns.len());
        check(&ev, &log, TURNS, &turns);
        ev.holds("every process recorded or was refused", turns.len() + refused == SHOTS);
    });
    ev.proven()
}

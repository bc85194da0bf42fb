//! Memory of verifying, exporting checkpoints and reading does not grow with the log.

use medsec_audit::{Algorithm, AuditLog, Pin, Verdict, VerifyOptions};
use medsec_testkit::child::{child, number_in, output_of, task};

use crate::streams::{Home, LOG, opened, stream};
use crate::support::signer;

/// Records of the smaller log; the larger has ten times as many.
fn base() -> u64 {
    if std::env::var_os("MEDSEC_FULL").is_some() { 100_000 } else { 10_000 }
}

fn log_of(records: u64) -> Home {
    let home = Home::new();
    let writer = home.writer();
    let mut next = 0;
    while next < records {
        let events: Vec<_> = (next..records.min(next + 2000)).map(opened).collect();
        next += 2000;
        let _ = writer.append_all(&events).unwrap();
    }
    writer.close().unwrap();
    home
}

/// Kilobytes that the process had at most.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn helper_that_works_on_a_log() {
    let Some(words) = task() else { return };
    let pin: Pin = std::fs::read_to_string(&words[1]).unwrap().parse().unwrap();
    let log = AuditLog::open(words[0].as_ref(), &pin).unwrap();
    let report = log.verifier(&stream()).unwrap().verify(&VerifyOptions::default()).unwrap();
    assert_eq!(report.verdict(), Verdict::Whole);
    let _ = log.publish(&stream(), &signer(LOG, Algorithm::Ed25519, 7)).unwrap();
    let _ = log.prove(&stream(), report.size / 2).unwrap();
    let (mut reader, mut seen) = (log.reader(&stream(), 0).unwrap(), 0);
    while let Some(batches) = reader.read().unwrap() {
        seen += batches.lines().unwrap().records().count();
    }
    assert_eq!(u64::try_from(seen).unwrap(), report.size);
    println!("peak={}", peak());
}

#[test]
fn memory_does_not_grow_with_the_log() {
    let peaks = [base(), base() * 10].map(|records| {
        let home = log_of(records);
        let pin = home.folder.path().join("pin");
        std::fs::write(&pin, home.log.pin().to_string()).unwrap();
        let log = home.folder.path().join("audit");
        let words = [log.to_str().unwrap(), pin.to_str().unwrap()];
        number_in(&output_of(child("memory::helper_that_works_on_a_log", &words)), "peak")
    });
    println!("peak memory in KiB: {peaks:?}");
    // Ten times the records; some MiB are the pieces of several threads, which a small log does not fill.
    assert!(peaks[1] < peaks[0] + 16 * 1024, "{peaks:?}");
}

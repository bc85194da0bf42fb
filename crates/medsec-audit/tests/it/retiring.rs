//! Records whose time is over: what goes, what stays, and what shows when others go.

use std::sync::Arc;

use medsec_audit::{
    Algorithm, AuditLog, Ed25519NoteSigner, Finding, Known, NewLog, Retention, RetiredRecords,
    StreamReport, Verdict, VerifyOptions, WriterOptions,
};
use medsec_evidence::{Ev, Proven, evidence};

use crate::streams::{LOG, NOON, TestClock, opened, options, stream};
use crate::support::signer;

const DAY: u64 = 86_400_000;

/// A log that keeps records for ten days, with a segment a day.
struct Diary {
    folder: tempfile::TempDir,
    log: AuditLog,
    clock: Arc<TestClock>,
    key: Ed25519NoteSigner,
}

impl Diary {
    fn of(days: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (key, clock) = (signer(LOG, Algorithm::Ed25519, 7), TestClock::at(NOON));
        let new = NewLog { streams: vec![stream()], retention: Retention::days(10).unwrap() };
        let log = AuditLog::create(&folder.path().join("audit"), &new, &key, &*clock).unwrap();
        let diary = Self { folder, log, clock, key };
        for day in 0..days {
            diary.clock.set(NOON + day * DAY);
            let writer = diary.log.writer(&stream(), &diary.options(), &[]).unwrap();
            for number in 0..30 {
                let _ = writer.append(&opened(day * 1000 + number)).unwrap();
            }
            writer.close().unwrap();
        }
        diary
    }

    fn options(&self) -> WriterOptions {
        let mut options = options();
        options.clock = Arc::<TestClock>::clone(&self.clock);
        options
    }

    fn retire(&self) -> RetiredRecords {
        self.log.retire(&stream(), &self.options(), &[], &self.key).unwrap()
    }

    fn verify(&self, known: &[Known]) -> StreamReport {
        let mut how = VerifyOptions::default();
        how.known = known;
        self.log.verifier(&stream()).unwrap().verify(&how).unwrap()
    }

    fn segments(&self) -> usize {
        let folder = self.log.stream_folder(&stream()).join("log");
        assert!(folder.starts_with(self.folder.path()));
        std::fs::read_dir(folder).unwrap().count()
    }
}

#[evidence(
    hipaa2013::"164.316(b)(2)(i)",
    claim = "records are not taken away before the time that the stream was founded with is over",
    polarity = allow,
)]
fn records_stay_for_their_time(ev: Ev) -> Proven {
    let diary = Diary::of(12);
    let before = diary.segments();
    diary.clock.set(NOON + 10 * DAY);
    let gone = diary.retire();
    ev.equal("records gone on the day before", &gone, &RetiredRecords::default());
    ev.equal("segments", &diary.segments(), &before);
    diary.clock.set(NOON + 12 * DAY);
    let later: Result<_, medsec_audit::RetireError> = Ok(diary.retire());
    ev.holds("then they go", ev.allows(later).segments > 0);
    ev.proven()
}

#[test]
fn a_stream_verifies_without_the_records_that_went() {
    let diary = Diary::of(20);
    let published = diary.log.publish(&stream(), &diary.key).unwrap().checkpoint;
    let before = diary.verify(&[]);
    let segments = diary.segments();
    diary.clock.set(NOON + 19 * DAY);
    let gone = diary.retire();
    assert!(gone.segments > 5 && gone.records > 150, "{gone:?}");
    assert!(diary.segments() < segments);
    let known = [Known::from(&published), crate::streams::known(before.size, before.root.unwrap())];
    let report = diary.verify(&known);
    assert_eq!(report.verdict(), Verdict::Whole, "{report:?}");
    // Written on, retired again.
    diary.clock.set(NOON + 25 * DAY);
    let again = diary.retire();
    assert!(again.segments > 0, "{again:?}");
    let report = diary.verify(&known);
    assert_eq!(report.verdict(), Verdict::Whole, "{report:?}");
    // A record that went is still proved to have been there.
    let proof = diary.log.prove(&stream(), 5).unwrap();
    assert_eq!(proof.index(), 5);
}

#[test]
fn segments_that_went_without_permission_show() {
    let diary = Diary::of(20);
    let _ = diary.log.publish(&stream(), &diary.key).unwrap();
    let folder = diary.log.stream_folder(&stream()).join("log");
    let mut segments: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    segments.sort();
    std::fs::remove_file(&segments[0]).unwrap();
    assert_eq!(diary.verify(&[]).verdict(), Verdict::Truncated);
}

#[test]
fn retirement_by_a_clock_that_was_set_ahead_leaves_the_jump_in_the_log() {
    let diary = Diary::of(20);
    // Whoever has all keys sets the clock of the machine ahead, retires, and sets it back.
    diary.clock.set(NOON + 19 * DAY);
    let lying = Diary { clock: TestClock::at(NOON + 40 * DAY), ..diary };
    let mut options = lying.options();
    options.segment_age = std::time::Duration::from_secs(1 << 40);
    let gone = lying.log.retire(&stream(), &options, &[], &lying.key).unwrap();
    assert!(gone.segments > 0);
    // By that clock their time was over. What stays is the jump of the clock.
    lying.clock.set(NOON + 19 * DAY);
    lying.log.writer(&stream(), &lying.options(), &[]).unwrap().close().unwrap();
    let report = lying.verify(&[]);
    assert!(!report.findings.iter().any(|f| matches!(f, Finding::Tampered(_))), "{report:?}");
    let folder = lying.log.stream_folder(&stream()).join("log");
    let steps = std::fs::read_dir(folder).unwrap().any(|entry| {
        std::fs::read_to_string(entry.unwrap().path()).unwrap().contains("clock-step")
    });
    assert!(steps);
}

#[test]
fn what_is_kept_of_records_that_went_cannot_be_altered() {
    for name in ["spine", "tile"] {
        let diary = Diary::of(20);
        diary.clock.set(NOON + 19 * DAY);
        assert!(diary.retire().segments > 0);
        let folder = diary.log.stream_folder(&stream());
        let path = match name {
            "spine" => folder.join("spine/00000000000000000000.jsonl"),
            _ => folder.join("tile/0/000"),
        };
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let report = diary.verify(&[]);
        assert!(matches!(report.findings[..], [Finding::Spine(_)]), "{name}: {report:?}");
        assert_eq!(report.verdict(), Verdict::Tampered, "{name}");
    }
}

#[test]
fn a_damaged_beginning_of_what_was_kept_is_not_taken_for_a_lost_one() {
    let diary = Diary::of(20);
    diary.clock.set(NOON + 19 * DAY);
    assert!(diary.retire().segments > 0);
    let folder = diary.log.stream_folder(&stream());
    let path = folder.join("spine/00000000000000000000.jsonl");
    let kept = std::fs::read(&path).unwrap();
    for bytes in [vec![b'x'; kept.len()], Vec::new(), kept[100..].to_vec()] {
        std::fs::write(&path, &bytes).unwrap();
        let report = diary.verify(&[]);
        assert!(matches!(report.findings[..], [Finding::Spine(_)]), "{report:?}");
    }
    std::fs::remove_dir_all(folder.join("spine")).unwrap();
    assert_eq!(diary.verify(&[]).verdict(), Verdict::Truncated, "nothing is kept at all");
}

//! Going on with a check where the last one ended.

use std::ops::ControlFlow;

use medsec_audit::{
    Algorithm, Finding, StreamName, Verdict, Verification, VerifiedPosition, VerifyError,
    VerifyObserver, VerifyOptions, VerifyStage,
};
use medsec_evidence::{Ev, Proven, evidence};

use crate::attacks::append_each;
use crate::streams::{Home, LOG, known, stream, write_lines};
use crate::support::signer;

fn first(home: &Home) -> VerifiedPosition {
    let verifier = home.log.verifier(&stream()).unwrap();
    verifier.verify_resumable(&VerifyOptions::default()).unwrap().position.unwrap()
}

fn grown(home: &Home, since: &VerifiedPosition) -> Result<Verification, VerifyError> {
    home.log.verifier(&stream()).unwrap().verify_growth(since, &VerifyOptions::default())
}

/// Writes more records, each a batch of its own.
fn write(home: &Home, numbers: std::ops::Range<u64>) {
    let writer = home.writer();
    append_each(&writer, numbers);
    writer.close().unwrap();
}

/// Alters the line of a record.
fn alter(home: &Home, seq: u64) {
    let mut lines = home.lines();
    let at = crate::attacks::record(&lines, seq);
    lines[at] = lines[at].replace("\"ranges\":1", "\"ranges\":2");
    write_lines(&home.segment(), &lines);
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(c)(1)"],
    claim = "what is wrong with records that came after a check is found by going on from it",
    polarity = deny,
)]
fn growth_finds_what_is_wrong_with_new_records(ev: Ev) -> Proven {
    let judge = |found: Result<Verification, VerifyError>| {
        let found = found.unwrap();
        assert_eq!(found.position.is_some(), found.report.findings.is_empty(), "{found:?}");
        if found.report.findings.is_empty() { Ok(()) } else { Err(found.report.verdict()) }
    };
    let home = Home::with(3);
    let since = first(&home);
    ev.allows(judge(grown(&home, &since)));
    write(&home, 3..9);
    ev.allows(judge(grown(&home, &since)));
    let good = home.lines();
    alter(&home, 11);
    ev.denies(judge(grown(&home, &since)), |verdict| *verdict == Verdict::Tampered);
    let cut = good.len() - 4;
    write_lines(&home.segment(), &good[..cut]);
    ev.denies(judge(grown(&home, &since)), |verdict| *verdict == Verdict::Truncated);
    ev.proven()
}

#[test]
fn growth_refuses_what_only_a_whole_check_tells() {
    let home = Home::with(3);
    let early = home.verify();
    write(&home, 3..6);
    let since = first(&home);
    let size = since.known().size();
    // Shorter than what was verified.
    let lines = home.lines();
    write_lines(&home.segment(), &lines[..lines.len() - 2]);
    assert!(matches!(grown(&home, &since), Err(VerifyError::Unresumable)));
    // As long, with another commit in the place of the last one.
    let mut other = lines.clone();
    let last = other.last_mut().unwrap();
    *last = last.replace("\"sig\":\"", "\"sig\":\"A").replace("==\"", "=\"");
    write_lines(&home.segment(), &other);
    assert!(!matches!(grown(&home, &since), Ok(found) if found.report.findings.is_empty()));
    write_lines(&home.segment(), &lines);
    // A checkpoint that is older than what was verified, and was not asked about then.
    let known = [known(early.size, early.root.unwrap())];
    let mut how = VerifyOptions::default();
    how.known = &known;
    let verifier = home.log.verifier(&stream()).unwrap();
    let refused = verifier.verify_growth(&since, &how);
    assert!(matches!(refused, Err(VerifyError::Unresumable)), "{refused:?}");
    // Asked about at the beginning, it is remembered.
    let since = verifier.verify_resumable(&how).unwrap().position.unwrap();
    write(&home, 6..8);
    let found = verifier.verify_growth(&since, &how).unwrap();
    assert_eq!(found.report.verdict(), Verdict::Whole, "{found:?}");
    assert!(found.report.size > size);
    assert_eq!(found.report, verifier.verify(&how).unwrap());
}

#[test]
fn growth_does_not_look_at_what_lies_before_it() {
    let home = Home::with(6);
    let since = first(&home);
    alter(&home, 3);
    assert_eq!(grown(&home, &since).unwrap().report.verdict(), Verdict::Whole);
    assert_eq!(home.verify().verdict(), Verdict::Tampered);
    // A stream in which something is wrong has no place to go on from.
    let verifier = home.log.verifier(&stream()).unwrap();
    assert!(verifier.verify_resumable(&VerifyOptions::default()).unwrap().position.is_none());
}

#[test]
fn what_is_known_of_another_stream_is_refused() {
    let mut home = Home::with(3);
    let other = StreamName::new("other").unwrap();
    let key = signer(LOG, Algorithm::Ed25519, 7);
    let clock = crate::streams::TestClock::at(crate::streams::NOON);
    home.log.add_stream(&other, medsec_audit::Retention::SIX_YEARS, &key, &*clock).unwrap();
    let since = first(&home);
    let foreign = [since.known()];
    let mut how = VerifyOptions::default();
    how.known = &foreign;
    let verifier = home.log.verifier(&other).unwrap();
    assert!(matches!(verifier.verify(&how), Err(VerifyError::OtherStream)));
    let refused = verifier.verify_growth(&since, &VerifyOptions::default());
    assert!(matches!(refused, Err(VerifyError::OtherStream)), "{refused:?}");
    let refused = home.log.publish_after(&other, &key, &foreign);
    assert!(matches!(refused, Err(medsec_audit::PublishError::OtherStream)), "{refused:?}");
    let refused = home.log.writer(&other, &crate::streams::options(), &foreign);
    assert!(matches!(refused, Err(medsec_audit::OpenWriterError::OtherStream)), "{refused:?}");
    // The log key's own stream takes it.
    let _ = home.log.publish_after(&stream(), &key, &foreign).unwrap();
}

/// Remembers what it was told, and ends the check at a stage.
struct Watcher {
    told: std::cell::RefCell<Vec<(VerifyStage, u64)>>,
    ends_at: Option<VerifyStage>,
}

impl VerifyObserver for Watcher {
    fn progress(&self, stage: VerifyStage, bytes: u64) -> ControlFlow<()> {
        self.told.borrow_mut().push((stage, bytes));
        if self.ends_at == Some(stage) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn every_stage_is_told_and_can_be_ended() {
    let home = Home::with(30);
    alter(&home, 20);
    let bytes = std::fs::metadata(home.segment()).unwrap().len();
    let all = [VerifyStage::Lines, VerifyStage::LastEpoch, VerifyStage::Content];
    for ends_at in all.map(Some).into_iter().chain([None]) {
        let watcher = Watcher { told: Vec::new().into(), ends_at };
        let mut how = VerifyOptions::default();
        how.content = true;
        how.observer = Some(&watcher);
        let found = home.log.verifier(&stream()).unwrap().verify(&how);
        match ends_at {
            Some(_) => assert!(matches!(found, Err(VerifyError::Interrupted)), "{found:?}"),
            None => assert_eq!(found.unwrap().verdict(), Verdict::Tampered),
        }
        let told = watcher.told.into_inner();
        let until = ends_at.map_or(2, |stage| all.iter().position(|one| *one == stage).unwrap());
        let stages: Vec<_> = told.iter().map(|(stage, _)| *stage).collect();
        assert_eq!(stages, all[..=until]);
        assert!(told.iter().all(|(_, read)| (1..=bytes).contains(read)), "{told:?}");
    }
}

#[test]
fn a_record_dated_ahead_is_not_fresh() {
    let home = Home::with(1);
    let judge = |now: u64, max| {
        let now = medsec_audit::LogTime::from_unix_millis(now).unwrap();
        let mut how = VerifyOptions::default();
        how.freshness = Some((now, std::time::Duration::from_secs(max)));
        home.verify_with(&how)
    };
    let noon = crate::streams::NOON;
    let report = judge(noon - 3_600_000, 1 << 40);
    assert!(matches!(report.findings[..], [Finding::Ahead { .. }]), "{report:?}");
    assert_eq!(report.verdict(), Verdict::Stale);
    // As far as clocks differ.
    assert_eq!(judge(noon - 60_000, 0).verdict(), Verdict::Whole);
}

#[test]
fn a_stream_without_a_mark_is_read_as_far_as_is_known() {
    let home = Home::with(4);
    let size = home.verify().size;
    std::fs::remove_file(home.path().join("hwm")).unwrap();
    let error = home.log.reader(&stream(), 0).unwrap().read().unwrap_err();
    assert_eq!(medsec_audit::MarkError::of(&error), Some(medsec_audit::MarkError::Missing));
    for limit in [1, 3, size, size + 7] {
        let mut reader = home.log.reader(&stream(), 0).unwrap().up_to(limit);
        let mut seen = 0;
        while let Some(batches) = reader.read().unwrap() {
            seen = batches.lines().unwrap().size();
        }
        assert_eq!(seen, limit.min(size), "{limit}");
    }
    std::fs::write(home.path().join("hwm"), b"x").unwrap();
    let error = home.log.reader(&stream(), 0).unwrap().up_to(size).read().unwrap_err();
    assert_eq!(medsec_audit::MarkError::of(&error), Some(medsec_audit::MarkError::Damaged));
}

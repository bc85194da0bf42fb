//! The attack matrix: what can be done to the files of a log, and what a check says then.
//!
//! Every attack is performed on files that the real writer made, and what comes out is judged three times: as a
//! copy without the mark `hwm`, with the mark, and without it but with a root known from elsewhere, the anchor. What
//! an attacker gains unseen is asserted too. `docs/audit-attacks.md` has the table.

mod commits;
mod content;
mod copies;
mod forge;
mod keys;
mod outside;
mod records;
mod retire;
mod segments;
mod slots;
mod tail;
mod whole;

use std::path::{Path, PathBuf};

use medsec_audit::{
    Finding, Known, StreamName, StreamReport, StreamWriter, Verdict, VerifyOptions, WriterOptions,
};

use medsec_evidence::Ev;

use crate::streams::{Home, opened, options, stream, write_lines};

/// What a check says, and of what was changed, which record is the first that cannot be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Whole,
    Torn,
    Rekeyed,
    Truncated,
    Fork,
    Tampered(u64),
    Another(Verdict),
}

use Seen::{Another, Fork, Rekeyed, Tampered, Torn, Truncated, Whole};

/// Records of [`busy`].
pub(super) const BUSY: u64 = 14;

/// Three records alone (2 to 4), four together (5 to 8), a new epoch (9), three records (10 to 12), the end (13).
pub(super) fn busy() -> Home {
    let home = Home::new();
    let writer = home.writer();
    append_each(&writer, 0..3);
    let together: Vec<_> = (3..7).map(opened).collect();
    let _ = writer.append_all(&together).unwrap();
    writer.rotate().unwrap();
    append_each(&writer, 7..10);
    writer.close().unwrap();
    assert_eq!(writer_size(&home), BUSY);
    home
}

/// As [`busy`], and its lines.
pub(super) fn busy_lines() -> (Home, Vec<String>) {
    let home = busy();
    let lines = home.lines();
    (home, lines)
}

/// Records one after the other.
pub(super) fn append_each(writer: &StreamWriter, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let _ = writer.append(&opened(number)).unwrap();
    }
}

/// Of a segment each two or three records.
pub(super) fn segmented() -> Home {
    let home = Home::new();
    fill_segments(&home, &stream());
    home
}

pub(super) fn fill_segments(home: &Home, stream: &StreamName) {
    let writer = home.log.writer(stream, &small_segments(), &[]).unwrap();
    append_each(&writer, 0..10);
    writer.close().unwrap();
}

fn small_segments() -> WriterOptions {
    let mut options = options();
    options.segment_bytes = 1500;
    options
}

/// The segments of a stream, in their order, with the numbers of their first records.
pub(super) fn segment_files(home: &Home, stream: &StreamName) -> Vec<(u64, PathBuf)> {
    let folder = home.log.stream_folder(stream).join("log");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let first = |path: &Path| path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    paths.into_iter().map(|path| (first(&path), path)).collect()
}

pub(super) fn writer_size(home: &Home) -> u64 {
    home.verify().size
}

/// What an anchor knows of a stream as it is.
pub(super) fn anchor(home: &Home) -> Known {
    let report = home.verify();
    assert_eq!(report.verdict(), Verdict::Whole, "{report:?}");
    crate::streams::known(report.size, report.root.unwrap())
}

/// Puts other lines in the place of those of the first segment.
pub(super) fn put(home: &Home, lines: &[String]) {
    write_lines(&home.segment(), lines);
}

/// Which line is that record.
pub(super) fn record(lines: &[String], seq: u64) -> usize {
    let start = format!("{{\"v\":1,\"seq\":{seq},");
    lines.iter().position(|line| line.starts_with(&start)).unwrap()
}

/// Which line commits to so many records.
pub(super) fn commit(lines: &[String], size: u64) -> usize {
    let member = format!(",\"n\":{size},");
    let found = |line: &String| line.starts_with("{\"commit\":") && line.contains(&member);
    lines.iter().position(found).unwrap()
}

/// What a check says, whichever way it is made: every commit or the last of each epoch, by one thread or several.
pub(super) fn look(home: &Home, known: &[Known]) -> Seen {
    let mut ways = Vec::new();
    for strict in [false, true] {
        for threads in [1, 3] {
            let mut how = VerifyOptions::default();
            (how.strict, how.threads, how.known) = (strict, threads, known);
            ways.push(seen(&home.verify_with(&how)));
        }
    }
    let first = ways[0];
    assert!(ways.iter().all(|way| *way == first), "{ways:?}");
    first
}

pub(super) fn seen(report: &StreamReport) -> Seen {
    let fault = report.findings.iter().find_map(|finding| match finding {
        Finding::Tampered(fault) => Some(fault.seq),
        Finding::Content { first, .. } => Some(*first),
        // What went first.
        Finding::RetiredEarly { .. } => Some(0),
        _ => None,
    });
    match report.verdict() {
        Verdict::Whole => Whole,
        Verdict::Torn => Torn,
        Verdict::Rekeyed => Rekeyed,
        Verdict::Truncated => Truncated,
        Verdict::Fork => Fork,
        Verdict::Tampered => Tampered(fault.unwrap()),
        verdict => Another(verdict),
    }
}

/// By the file alone, with the mark, and with the anchor but without the mark.
pub(super) fn judge(home: &Home, anchor: &Known) -> [Seen; 3] {
    let (mark, aside) = (home.path().join("hwm"), home.folder.path().join("mark"));
    let marked = look(home, &[]);
    let taken = std::fs::rename(&mark, &aside).is_ok();
    let (alone, anchored) = (look(home, &[]), look(home, std::slice::from_ref(anchor)));
    if taken {
        std::fs::rename(&aside, &mark).unwrap();
    }
    [alone, marked, anchored]
}

/// Each of these checks finds what is expected.
pub(super) fn finds(ev: &Ev, checks: impl IntoIterator<Item = Result<(), Seen>>, expected: Seen) {
    checks.into_iter().for_each(|check| ev.denies(check, |seen| *seen == expected));
}

/// The same for a check that must find something: an error if it does.
pub(super) fn judged(home: &Home, anchor: &Known) -> [Result<(), Seen>; 3] {
    judge(home, anchor).map(|seen| if seen == Whole { Ok(()) } else { Err(seen) })
}

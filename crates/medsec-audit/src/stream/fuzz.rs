//! Fuzz targets of a stream's files. Not part of the library: built for tests and with `--cfg fuzzing` only.
//! A target panics where something does not hold.

#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    reason = "a target states by panicking that something does not hold"
)]

mod sum;
#[cfg(test)]
mod tests;

use sha2::{Digest as _, Sha256};

use self::sum::Sum;
use super::run::{Cuts, Scanned, scan};
use super::{hwm, state};

/// The file `hwm`: what is taken for a mark has one form.
pub fn audit_mark(data: &[u8]) {
    let mut padded = data.to_vec();
    padded.resize(512, b' ');
    for bytes in [data, &padded] {
        if let Some(commit) = hwm::decode(bytes) {
            let line = commit.render();
            assert!(bytes.len() == 512 && bytes.starts_with(&line), "another form");
            let rest = bytes.get(line.len()..).unwrap();
            assert!(rest.trim_ascii_end().is_empty() && rest.starts_with(b"\n"), "more in it");
        }
    }
}

/// The file `state`, as it is and with the digest that belongs to it: a place and a tree, or nothing.
pub fn audit_state(data: &[u8]) {
    let sealed = [data, &Sha256::digest(data)].concat();
    for bytes in [data, &sealed] {
        let Some((replay, at)) = state::decode(bytes, None) else { continue };
        let content = bytes.get(..bytes.len().saturating_sub(32)).unwrap();
        assert!(content.ends_with(&replay.tree.to_bytes()), "another tree");
        let place = [at.segment, at.offset].map(u64::to_be_bytes);
        assert!(content.get(22..38).unwrap() == place.as_flattened(), "another place");
        let leaf = replay.genesis_leaf();
        assert!(state::decode(bytes, leaf).is_some() && leaf.is_some(), "no record 0");
        let other = Some(crate::tree::EMPTY_ROOT);
        assert!(state::decode(bytes, other).is_none(), "the state of another stream");
    }
}

/// A segment: its lines sum up to the same, read at once or in pieces, and whether runs end at each commit or not.
pub fn audit_run(data: &[u8]) {
    let offset = 1000;
    let whole = Sum::of([checked(data, offset, false)]);
    assert!(Sum::of([checked(data, offset, true)]) == whole, "with a cut behind every commit");
    let mut at = offset;
    let apart = data.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let scanned = checked(line, at, false);
        at = at.saturating_add(u64::try_from(line.len()).unwrap());
        scanned
    });
    assert!(Sum::of(apart) == whole, "line by line");
    for cut in cuts(data) {
        let (before, behind) = data.split_at(cut);
        let second = offset.saturating_add(u64::try_from(cut).unwrap());
        let pieces = [checked(before, offset, false), checked(behind, second, false)];
        assert!(Sum::of(pieces) == whole, "in two pieces");
    }
}

/// Behind some ends of lines.
fn cuts(data: &[u8]) -> impl Iterator<Item = usize> {
    memchr::memchr_iter(b'\n', data).take(8).map(|at| at.saturating_add(1))
}

/// Scans, and looks at the places of the runs.
fn checked(lines: &[u8], offset: u64, every: bool) -> Scanned {
    let scanned = scan(lines, offset, Cuts { every, sizes: &[2, 5], leaves: false });
    let whole = memchr::memrchr(b'\n', lines).map_or(0, |at| at.saturating_add(1));
    let end = offset.saturating_add(u64::try_from(whole).unwrap());
    let mut at = offset;
    for run in &scanned.runs {
        assert!(run.start == at && run.end > run.start && run.end <= end, "a gap between runs");
        assert!(run.records.is_some() || !run.commits.is_empty(), "a run of nothing");
        at = run.end;
    }
    assert!(scanned.fault.is_some() || at == end, "lines that were left out");
    scanned
}

/// Files of a small stream.
#[cfg(test)]
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) segment: Vec<u8>,
    pub(crate) mark: Vec<u8>,
    pub(crate) state: Vec<u8>,
    pub(crate) slots: Vec<u8>,
}

/// Two epochs with some events, and the end.
#[cfg(test)]
pub(crate) fn sample() -> Sample {
    use crate::event::samples;
    use crate::note::{Algorithm, Ed25519NoteSigner, KeyName};
    use crate::{AuditLog, NewLog, Retention, StreamName, SystemClock, WriterOptions};

    let folder = tempfile::tempdir().unwrap();
    let name = KeyName::new("clinic.example/log").unwrap();
    let key = Ed25519NoteSigner::generate(name, Algorithm::Ed25519).unwrap();
    let stream = StreamName::new("main").unwrap();
    let new = NewLog { streams: vec![stream.clone()], retention: Retention::SIX_YEARS };
    let path = folder.path().join("audit");
    let log = AuditLog::create(&path, &new, &key, &SystemClock::default()).unwrap();
    let options = WriterOptions::new(samples::example().place);
    let writer = log.writer(&stream, &options, &[]).unwrap();
    let _ = writer.append(&samples::example()).unwrap();
    let _ = writer.append_all(&[samples::example(), samples::example()]).unwrap();
    writer.rotate().unwrap();
    let _ = writer.append(&samples::example()).unwrap();
    writer.close().unwrap();
    let read = |name: &str| std::fs::read(log.stream_folder(&stream).join(name)).unwrap();
    Sample {
        segment: read("log/00000000000000000000.jsonl"),
        mark: read("hwm"),
        state: read("state"),
        slots: read("key/next"),
    }
}

/// First inputs of the targets.
#[cfg(test)]
pub(crate) fn seeds() -> [(&'static str, Vec<Vec<u8>>); 3] {
    let Sample { segment, mark, state, .. } = sample();
    let content = state.get(..state.len().saturating_sub(32)).unwrap().to_vec();
    let line = mark.trim_ascii_end().to_vec();
    let lines: Vec<_> = segment.split_inclusive(|byte| *byte == b'\n').collect();
    let without = |at: usize| {
        let kept = lines.iter().enumerate().filter(|(number, _)| *number != at);
        kept.flat_map(|(_, line)| line.iter().copied()).collect::<Vec<_>>()
    };
    let mut runs: Vec<_> = [0, 1, 3, 4, 6, 9].map(without).into();
    runs.extend([segment.clone(), lines.iter().rev().copied().collect::<Vec<_>>().concat()]);
    runs.extend(lines.chunks(3).map(<[&[u8]]>::concat));
    [
        ("audit_mark", vec![mark.clone(), line, mark.get(..511).unwrap().to_vec()]),
        ("audit_state", vec![content, state]),
        ("audit_run", runs),
    ]
}

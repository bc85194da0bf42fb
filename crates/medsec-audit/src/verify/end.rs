//! What is wrong at the end of what is good.

use std::io;

use super::Finding;
use crate::line::{Line, LineError, MAX_LINE_LEN};
use crate::stream::{Ending, FaultKind, MAX_BATCH, Mark, Position, Segment, segments};
use crate::volume::{Access, Volume};

/// Bytes read at once.
const READ: usize = 64 << 10;

/// What stands behind the last good commit, and what is missing there.
pub(super) fn finding(
    volume: &dyn Volume,
    ending: &Ending,
    mark: Mark,
) -> io::Result<Option<Finding>> {
    let found = ending.replay.settled().map_or(0, |settled| settled.commit.size.get());
    let acknowledged = mark.commit().map(|commit| commit.size.get());
    let missing = acknowledged.filter(|acknowledged| *acknowledged > found);
    if let Some(fault) = ending.fault {
        if ending.in_spine {
            return Ok(Some(Finding::Spine(fault)));
        }
        if found == 0 && fault.seq == 0 && is_headless(volume)? {
            return Ok(Some(Finding::Truncated { known: missing.unwrap_or(1), found }));
        }
        let torn = found > 0
            && missing.is_none()
            && is_tearing(fault.kind)
            && !goes_on(volume, ending.at)?;
        let bytes = ending.rest;
        return Ok(Some(if torn { Finding::Torn { bytes } } else { Finding::Tampered(fault) }));
    }
    if let Some(acknowledged) = missing {
        return Ok(Some(Finding::Truncated { known: acknowledged, found }));
    }
    if found == 0 {
        return Ok(Some(Finding::Truncated { known: 1, found }));
    }
    // A batch that is being written is no finding.
    let writing = ending.rest > 0 && volume.is_locked().unwrap_or(false);
    let bytes = ending.rest;
    Ok((bytes > 0 && !writing).then_some(Finding::Torn { bytes }))
}

/// Whether record 0 is not there: its segment is missing, or begins with another line.
fn is_headless(volume: &dyn Volume) -> io::Result<bool> {
    let name = Segment { first: 0 }.name();
    let Some(file) = volume.open(&name, Access::Read)? else { return Ok(true) };
    let mut bytes = vec![0; MAX_LINE_LEN.saturating_add(1)];
    let read = file.read_at(&mut bytes, 0)?;
    let first = bytes.get(..read).unwrap_or_default().split(|byte| *byte == b'\n').next();
    Ok(match first.map(Line::parse) {
        Some(Ok(Line::Record(record))) => record.head.position.seq.get() > 0,
        Some(Ok(Line::Commit(_))) => true,
        Some(Err(_)) | None => false,
    })
}

/// Whether a batch that was interrupted can look like this: a line that never got its bytes.
const fn is_tearing(kind: FaultKind) -> bool {
    // Where several blocks are missing, what is left between two ends of lines is longer than a line.
    use LineError::{Byte, Malformed, TooLong};
    matches!(kind, FaultKind::Line(Byte { .. } | Malformed { .. } | TooLong { .. }))
}

/// Whether a line stands behind the first commit of what is not good: an interrupted batch is the last thing in a
/// stream. Memory does not grow with what stands there, and no more is read than the largest batch that any reader
/// takes: what is longer was not left behind by one interrupted batch, whatever is in it.
fn goes_on(volume: &dyn Volume, at: Position) -> io::Result<bool> {
    let (mut tail, mut looked) = (Tail::default(), 0_u64);
    let mut buffer = vec![0; READ];
    for segment in segments(volume)?.into_iter().filter(|segment| segment.first >= at.segment) {
        let Some(file) = volume.open(&segment.name(), Access::Read)? else { continue };
        let mut from = if segment.first == at.segment { at.offset } else { 0 };
        loop {
            let read = file.read_at(&mut buffer, from)?;
            if read == 0 {
                break;
            }
            let len = u64::try_from(read).map_err(io::Error::other)?;
            (from, looked) = (from.saturating_add(len), looked.saturating_add(len));
            if tail.take(buffer.get(..read).unwrap_or_default()) || looked > MAX_BATCH {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Looks through bytes for something behind a commit. Holds one line, at most as long as a line can be.
#[derive(Default)]
struct Tail {
    line: Vec<u8>,
    committed: bool,
}

impl Tail {
    /// Whether a byte of a line stands behind the first commit.
    fn take(&mut self, bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, behind) = rest.split_at_checked(end).unwrap_or_default();
            self.keep(line);
            if self.committed && !self.line.is_empty() {
                return true;
            }
            self.committed |= matches!(Line::parse(&self.line), Ok(Line::Commit(_)));
            self.line.clear();
            rest = behind.get(1..).unwrap_or_default();
        }
        self.keep(rest);
        self.committed && !self.line.is_empty()
    }

    /// One byte more than a line can have is enough to see that it is none.
    fn keep(&mut self, bytes: &[u8]) {
        let room = MAX_LINE_LEN.saturating_add(1).saturating_sub(self.line.len());
        self.line.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::count::Count;
    use crate::line::CommitLine;
    use crate::tree::Hash;

    fn commit() -> Vec<u8> {
        let zero = Count::default();
        let (root, signature) = (Hash::from_bytes([1; 32]), [2; 64]);
        let line = CommitLine { epoch: zero, counter: zero, size: zero, root, signature };
        [line.render(), vec![b'\n']].concat()
    }

    #[test]
    fn only_what_stands_behind_a_commit_goes_on() {
        let commit = commit();
        for (bytes, expected) in [
            (Vec::new(), false),
            (commit.clone(), false),
            ([b"half".to_vec(), commit.clone()].concat(), false),
            ([b"half\n\n".to_vec(), commit.clone(), b"\n\n".to_vec()].concat(), false),
            ([commit.clone(), b"x".to_vec()].concat(), true),
            ([commit.clone(), commit.clone()].concat(), true),
            ([vec![0; 3 * MAX_LINE_LEN], b"\n".to_vec(), commit.clone()].concat(), false),
            (
                [vec![0; 3 * MAX_LINE_LEN], b"\n".to_vec(), commit.clone(), vec![0; 9]].concat(),
                true,
            ),
        ] {
            for piece in [1, 7, 4096, usize::MAX] {
                let mut tail = Tail::default();
                let found = bytes.chunks(piece.min(bytes.len().max(1))).any(|part| tail.take(part));
                assert_eq!(found, expected, "{} bytes by {piece}", bytes.len());
                assert!(tail.line.len() <= MAX_LINE_LEN + 1);
            }
        }
    }
}

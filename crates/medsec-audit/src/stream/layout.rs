//! Names of a stream's files.

use std::io;

use crate::line::{Line, MAX_LINE_LEN};
use crate::time::LogTime;
use crate::volume::{Volume, VolumeFile};

pub(crate) const SEGMENTS: &str = "log";
const EXTENSION: &str = ".jsonl";
/// Digits of the first record's number in the name of a segment.
const DIGITS: usize = 20;

/// A file of lines, named after its first record: `log/00000000000000000000.jsonl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Segment {
    /// Number of its first record.
    pub(crate) first: u64,
}

impl Segment {
    pub(crate) fn name(self) -> String {
        format!("{SEGMENTS}/{:0DIGITS$}{EXTENSION}", self.first)
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        let digits = name.strip_suffix(EXTENSION)?;
        let shaped = digits.len() == DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        shaped.then(|| digits.parse().ok()).flatten().map(|first| Self { first })
    }
}

/// The segments that are there, in their order.
pub(crate) fn segments(volume: &dyn Volume) -> io::Result<Vec<Segment>> {
    let names = volume.list(SEGMENTS)?;
    let mut segments: Vec<_> = names.iter().filter_map(|name| Segment::parse(name)).collect();
    segments.sort_unstable();
    Ok(segments)
}

/// When the first record of a segment was written.
pub(crate) fn first_time(file: &dyn VolumeFile) -> io::Result<Option<LogTime>> {
    let mut bytes = vec![0; MAX_LINE_LEN];
    let read = file.read_at(&mut bytes, 0)?;
    let end = memchr::memchr(b'\n', bytes.get(..read).unwrap_or_default());
    let line = end.and_then(|end| bytes.get(..end));
    Ok(match line.map(Line::parse) {
        Some(Ok(Line::Record(record))) => Some(record.head.position.ts),
        _ => None,
    })
}

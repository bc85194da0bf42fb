//! Names of a stream's files.

use std::io;

use crate::line::{Line, MAX_LINE_LEN};
use crate::time::LogTime;
use crate::volume::{Access, Volume};

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

    /// When its first record was written; nothing if it is not there, or does not begin with a record.
    pub(crate) fn first_time(self, volume: &dyn Volume) -> io::Result<Option<LogTime>> {
        let Some(file) = volume.open(&self.name(), Access::Read)? else { return Ok(None) };
        let mut bytes = vec![0; MAX_LINE_LEN.saturating_add(1)];
        let read = file.read_at(&mut bytes, 0)?;
        let line = bytes.get(..read).unwrap_or_default().split(|byte| *byte == b'\n').next();
        Ok(match line.map(Line::parse) {
            Some(Ok(Line::Record(record))) => Some(record.head.position.ts),
            _ => None,
        })
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

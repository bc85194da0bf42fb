//! The lines of a stream: the bytes that integrity rests on, read and written without a JSON parser.
//!
//! ```text
//! {"v":1,"seq":N,"prev":"…","ts":"…","t":"access",…}        one record
//! {"commit":{"e":E,"c":C,"n":N,"root":"…","sig":"…"}}       ends a durable batch
//! ```
//!
//! A line is at most 65,535 bytes without its LF, all of them visible ASCII and none a backslash. What stands
//! behind `t` is content: see [`Event::parse`](crate::Event::parse). Nothing here checks a hash or a signature.

mod commit;
mod members;
mod scan;
#[cfg(test)]
mod tests;

use std::fmt;

pub use self::commit::CommitLine;
pub(crate) use self::members::Members;
use self::scan::Scan;
use crate::count::Count;
use crate::text::{InvalidValue, is_plain};
use crate::time::LogTime;
use crate::tree::Hash;

/// Longest line in bytes, without its LF.
pub const MAX_LINE_LEN: usize = 65_535;

/// A line is not of the form that this version writes. Nothing of its content is in the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// Longer than [`MAX_LINE_LEN`].
    #[error("a line of {len} bytes is too long")]
    TooLong {
        /// Its length.
        len: usize,
    },
    /// A byte that no line has: a control character, a blank, a backslash, or not ASCII.
    #[error("the byte at {at} may not stand in a line")]
    Byte {
        /// Where, from 0.
        at: usize,
    },
    /// A record of another version of the format.
    #[error("the record is of another version of the format")]
    Version,
    /// Not the fixed text or value that stands here.
    #[error("the line is malformed at byte {at}")]
    Malformed {
        /// Where, from 0: the first byte of the part that does not fit.
        at: usize,
    },
}

/// What a record is about, the value of its member `t`: 1 to 16 of `a-z` and `-`, starting with a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Kind<'a>(&'a str);

impl<'a> Kind<'a> {
    /// Longest in bytes.
    pub const MAX_LEN: usize = 16;

    /// Checks length and characters.
    ///
    /// # Errors
    /// [`InvalidValue`] if `text` does not have the shape.
    pub fn new(text: &'a str) -> Result<Self, InvalidValue> {
        let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
        let allowed = text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'-'));
        let fits = first && allowed && text.len() <= Self::MAX_LEN;
        fits.then_some(Self(text)).ok_or(InvalidValue { field: "kind of record" })
    }

    /// A kind of this crate, of the right shape by inspection.
    pub(crate) const fn known(text: &'a str) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Where a record stands in its stream, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct RecordPosition {
    /// Its index in the stream, from 0.
    pub seq: Count,
    /// Leaf hash of the record before it; 32 zero bytes in record 0.
    pub prev: Hash,
    /// When it was written, by the writer's clock.
    pub ts: LogTime,
}

/// The first members of a record, fixed byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a> {
    /// Where it stands.
    pub position: RecordPosition,
    /// What it is about.
    pub kind: Kind<'a>,
}

/// A record as it stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLine<'a> {
    /// What its first members say.
    pub head: Head<'a>,
    /// Its bytes without the LF: what its leaf hash covers.
    pub bytes: &'a [u8],
}

/// A line of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the format has two kinds of lines, for ever")]
pub enum Line<'a> {
    /// One record, one leaf of the tree.
    Record(RecordLine<'a>),
    /// The signature under a batch.
    Commit(CommitLine),
}

impl<'a> Line<'a> {
    /// Reads a line without its LF. Of a record, only the first members are understood; of the rest it is known
    /// that its bytes may stand in a line, and that it ends in `}`.
    ///
    /// # Errors
    /// [`LineError`] if it is longer than a line may be, or differs in any byte from the form.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, LineError> {
        check_bytes(bytes)?;
        if bytes.starts_with(commit::START) {
            return CommitLine::parse(bytes).map(Self::Commit);
        }
        let head = Head::parse(bytes)?;
        Ok(Self::Record(RecordLine { head, bytes }))
    }
}

impl<'a> Head<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, LineError> {
        let mut scan = Scan::new(bytes);
        scan.literal(b"{\"v\":")?;
        scan.literal(b"1,").map_err(|error| other_version(bytes).unwrap_or(error))?;
        scan.literal(b"\"seq\":")?;
        let seq = scan.count()?;
        scan.literal(b",\"prev\":\"")?;
        let prev = Hash::from_bytes(scan.base64::<{ Hash::TEXT_LEN }, { Hash::LEN }>()?);
        scan.literal(b"\",\"ts\":\"")?;
        let ts = scan.time()?;
        scan.literal(b"\",\"t\":\"")?;
        let kind = scan.kind()?;
        scan.literal(b"\"")?;
        scan.ends_object()?;
        Ok(Self { position: RecordPosition { seq, prev, ts }, kind })
    }

    /// The line of a record with these first members and the others behind them, without the LF.
    pub(crate) fn render(&self, members: &Members) -> Result<Vec<u8>, LineError> {
        let Self { position: RecordPosition { seq, prev, ts }, kind } = self;
        let head =
            format!("{{\"v\":1,\"seq\":{seq},\"prev\":\"{prev}\",\"ts\":\"{ts}\",\"t\":\"{kind}\"");
        let line = [head.as_bytes(), members.behind_others(), b"}"].concat();
        check_bytes(&line)?;
        Ok(line)
    }
}

/// Whether the line is one of a record of another version: `{"v":` and other digits than `1`.
fn other_version(bytes: &[u8]) -> Option<LineError> {
    let rest = bytes.strip_prefix(b"{\"v\":")?;
    let end = rest.iter().position(|byte| *byte == b',')?;
    let version = Count::from_digits(rest.get(..end)?)?;
    (version.get() != 1).then_some(LineError::Version)
}

/// Length, and that every byte may stand in a line.
fn check_bytes(bytes: &[u8]) -> Result<(), LineError> {
    let len = bytes.len();
    if len > MAX_LINE_LEN {
        return Err(LineError::TooLong { len });
    }
    // Without an early exit, so that it compiles to vector instructions: this looks at every byte of a log.
    let bad = bytes.iter().fold(false, |bad, byte| bad | !is_plain(*byte));
    let at = bad.then(|| bytes.iter().position(|byte| !is_plain(*byte))).flatten();
    at.map_or(Ok(()), |at| Err(LineError::Byte { at }))
}

//! Reads segments in pieces of whole lines.

use std::io;

use super::Position;
use crate::stream::layout::Segment;
use crate::volume::{Access, Volume, VolumeFile};

/// Bytes read at once. More than a line, so that there is one in it.
const PIECE: usize = 1 << 20;

/// A part of a segment.
#[derive(Debug)]
pub(super) struct Piece {
    /// First record of the segment.
    pub(super) segment: u64,
    /// Where in the segment it begins.
    pub(super) offset: u64,
    bytes: Vec<u8>,
    /// Bytes of whole lines.
    pub(super) whole: usize,
    /// Whether nothing of the segment is behind it.
    ends: bool,
}

impl Piece {
    /// The whole lines.
    pub(super) fn lines(&self) -> &[u8] {
        self.bytes.get(..self.whole).unwrap_or_default()
    }

    pub(super) const fn starts_segment(&self) -> bool {
        self.offset == 0
    }

    /// Whether a line stands at its end that never ended.
    pub(super) const fn is_open(&self) -> bool {
        let unfinished = self.bytes.len().saturating_sub(self.whole);
        unfinished > 0 && (self.ends || super::is_overlong(unfinished))
    }

    /// Length of the line at its end, if that is longer than a line.
    pub(super) fn unfinished_line(&self) -> Option<usize> {
        let unfinished = self.bytes.len().saturating_sub(self.whole);
        super::is_overlong(unfinished).then_some(unfinished)
    }

    /// Where the whole lines end.
    pub(super) fn behind(&self) -> u64 {
        self.offset.saturating_add(u64::try_from(self.whole).unwrap_or(u64::MAX))
    }
}

pub(super) struct Reader<'v> {
    volume: &'v dyn Volume,
    // What is still to be read, the first of them from `offset` on.
    segments: std::iter::Peekable<std::slice::Iter<'v, (Segment, u64)>>,
    file: Option<Box<dyn VolumeFile>>,
    offset: u64,
}

impl<'v> Reader<'v> {
    pub(super) fn new(
        volume: &'v dyn Volume,
        segments: &'v [(Segment, u64)],
        from: Position,
    ) -> Self {
        let skipped = segments.iter().take_while(|(segment, _)| segment.first < from.segment);
        let rest = segments.get(skipped.count()..).unwrap_or_default();
        let segments = rest.iter().peekable();
        Self { volume, segments, file: None, offset: from.offset }
    }

    /// The next piece; nothing behind the last one.
    pub(super) fn next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            let Some((segment, len)) = self.segments.peek().copied() else { return Ok(None) };
            let left = len.saturating_sub(self.offset);
            if left == 0 {
                self.leave();
                continue;
            }
            let bytes = self.read(*segment, left)?;
            let ends = u64::try_from(bytes.len()).is_ok_and(|read| read >= left);
            let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |at| at.saturating_add(1));
            let offset = self.offset;
            let piece = Piece { segment: segment.first, offset, bytes, whole, ends };
            self.offset = piece.behind();
            if ends || whole == 0 {
                self.leave();
            }
            return Ok(Some(piece));
        }
    }

    fn leave(&mut self) {
        self.segments.next();
        (self.file, self.offset) = (None, 0);
    }

    fn read(&mut self, segment: Segment, left: u64) -> io::Result<Vec<u8>> {
        let file = match self.file.take() {
            Some(file) => file,
            None => {
                let file = self.volume.open(&segment.name(), Access::Read)?;
                file.ok_or(io::ErrorKind::NotFound)?
            }
        };
        let mut bytes = vec![0; usize::try_from(left).unwrap_or(PIECE).min(PIECE)];
        let read = file.read_at(&mut bytes, self.offset)?;
        bytes.truncate(read);
        self.file = Some(file);
        // It has become shorter while it was read.
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(bytes)
    }
}

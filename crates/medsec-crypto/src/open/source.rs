//! Encrypted chunks from a source, in batches: with a known end, or held back until the end shows.

use std::io::{Read, Seek, SeekFrom};

use crate::cobblestone::{MessageLen, PREFIX_LEN, SEALED_CHUNK_LEN};
use crate::error::{FormatError, Part};
use crate::header::Header;
use crate::open::ending::MIN_CHUNKS_LEN;
use crate::open::{Ending, OpenError};
use crate::pipeline::{BATCH_CHUNKS, BATCH_LEN, Batch, Source};
use crate::strided::{read_full, read_once};
use crate::trailer::Trailer;

/// Bytes a stream is read ahead beyond what must be held back.
const READ_AHEAD: usize = 1024 * 1024;

/// A source of chunks that gives what followed them once they are all read.
pub(crate) trait Chunks: Source<OpenError> + Send {
    fn into_ending(self) -> Result<Ending, OpenError>;
}

/// Chunks of a source whose end can be looked at first.
pub(crate) struct Seekable<R> {
    reader: R,
    ending: Ending,
    /// Shape of the payload, as its length says; not authenticated.
    pub(crate) len: MessageLen,
    next: u64,
    rest: u64,
}

impl<R: Read + Seek> Seekable<R> {
    /// Finds the payload's end, reads what follows it and goes to the first chunk.
    pub(crate) fn new(header: &Header, mut reader: R, max_chunks: u64) -> Result<Self, OpenError> {
        let total = reader.seek(SeekFrom::End(0)).map_err(OpenError::Read)?;
        check_prefix(header, &mut reader)?;
        let fixed = Ending::fixed_len(header);
        let suffix = read_end(&mut reader, total, fixed)?;
        let ending_len = Ending::len(header, &suffix)?;
        let payload_offset = header.payload_offset();
        let payload_len = total
            .checked_sub(ending_len as u64)
            .and_then(|end| end.checked_sub(payload_offset))
            .ok_or(FormatError::Truncated { part: Part::Payload })?;
        let len = check_len(payload_len, max_chunks)?;
        let ending = read_end(&mut reader, total, ending_len)?;
        let ending = Ending::parse(header, &ending, payload_len)?;
        reader.seek(SeekFrom::Start(header.chunks_offset())).map_err(OpenError::Read)?;
        let rest = payload_len.saturating_sub(PREFIX_LEN as u64);
        Ok(Self { reader, ending, len, next: 0, rest })
    }

    pub(crate) const fn trailer(&self) -> Option<&Trailer> {
        self.ending.trailer.as_ref()
    }

    pub(crate) fn into_parts(self) -> (R, MessageLen, Ending) {
        (self.reader, self.len, self.ending)
    }
}

impl<R: Read + Send> Source<OpenError> for Seekable<R> {
    fn next(&mut self, batch: &mut Batch) -> Result<bool, OpenError> {
        let room = batch.room();
        let len = usize::try_from(self.rest).unwrap_or(usize::MAX).min(room.len());
        if len == 0 {
            return Ok(false);
        }
        let place = room.get_mut(..len).unwrap_or_default();
        let read = read_full(&mut self.reader, place).map_err(OpenError::Read)?;
        if read < len {
            return Err(FormatError::Truncated { part: Part::Payload }.into());
        }
        batch.set(self.next, len);
        self.next = self.next.saturating_add(BATCH_CHUNKS as u64);
        self.rest = self.rest.saturating_sub(len as u64);
        Ok(true)
    }

    fn batch_len(&self) -> usize {
        usize::try_from(self.rest).unwrap_or(BATCH_LEN).min(BATCH_LEN)
    }
}

impl<R: Read + Send> Chunks for Seekable<R> {
    fn into_ending(self) -> Result<Ending, OpenError> {
        Ok(self.ending)
    }
}

/// Chunks of a source that can only be read forwards. As much as may follow the payload is held back,
/// so that no byte of metadata or trailer is ever taken for a chunk.
pub(crate) struct HeldBack<R> {
    reader: R,
    header: Header,
    max_chunks: u64,
    /// What was read and not handed out yet stands in `start..end`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes at the end that are no chunks; known once the source has ended.
    ending_len: Option<usize>,
    next: u64,
    handed: u64,
}

impl<R: Read> HeldBack<R> {
    /// `reader` stands at the first chunk.
    pub(crate) fn new(header: &Header, reader: R, max_chunks: u64) -> Self {
        let len = Ending::max_len(header).saturating_add(READ_AHEAD);
        Self {
            reader,
            header: header.clone(),
            max_chunks,
            buffer: vec![0; len],
            start: 0,
            end: 0,
            ending_len: None,
            next: 0,
            handed: 0,
        }
    }

    fn waiting(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Reads until a whole batch and what must be held back are there, or to the end.
    fn fill(&mut self) -> Result<(), OpenError> {
        let wanted = Ending::max_len(&self.header).saturating_add(BATCH_LEN);
        while self.ending_len.is_none() && self.waiting().len() < wanted {
            if self.buffer.len().saturating_sub(self.start) < wanted {
                self.buffer.copy_within(self.start..self.end, 0);
                self.end = self.waiting().len();
                self.start = 0;
            }
            // Takes what is there, so that a slow source is not waited for longer than needed.
            let room = self.buffer.get_mut(self.end..).unwrap_or_default();
            match read_once(&mut self.reader, room).map_err(OpenError::Read)? {
                0 => self.ended()?,
                read => self.end = self.end.saturating_add(read),
            }
        }
        Ok(())
    }

    /// The source has ended: what is waiting is the rest of the payload and what follows it.
    fn ended(&mut self) -> Result<(), OpenError> {
        let ending_len = Ending::len(&self.header, self.waiting())?;
        let chunks = self.waiting().len().checked_sub(ending_len);
        let chunks = chunks.ok_or(FormatError::Truncated { part: Part::Payload })?;
        let payload_len = self.payload_len(chunks);
        check_len(payload_len, self.max_chunks)?;
        self.ending_len = Some(ending_len);
        Ok(())
    }

    fn payload_len(&self, further: usize) -> u64 {
        self.handed.saturating_add(further as u64).saturating_add(PREFIX_LEN as u64)
    }
}

impl<R: Read + Send> Source<OpenError> for HeldBack<R> {
    fn next(&mut self, batch: &mut Batch) -> Result<bool, OpenError> {
        self.fill()?;
        let back = self.ending_len.unwrap_or_else(|| Ending::max_len(&self.header));
        let free = self.waiting().len().saturating_sub(back);
        let room = batch.room();
        // Before the end only full chunks go; the fill above has made sure of a whole batch of them.
        let len = free.min(room.len());
        if len == 0 {
            return Ok(false);
        }
        let chunks = len.div_ceil(SEALED_CHUNK_LEN) as u64;
        if self.next.saturating_add(chunks) > self.max_chunks {
            return Err(OpenError::TooLong);
        }
        let end = self.start.saturating_add(len);
        let part = self.buffer.get(self.start..end).unwrap_or_default();
        room.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
        batch.set(self.next, len);
        self.start = end;
        self.handed = self.handed.saturating_add(len as u64);
        self.next = self.next.saturating_add(BATCH_CHUNKS as u64);
        Ok(true)
    }
}

impl<R: Read + Send> Chunks for HeldBack<R> {
    fn into_ending(self) -> Result<Ending, OpenError> {
        Ok(Ending::parse(&self.header, self.waiting(), self.payload_len(0))?)
    }
}

/// A rewrap into a copy may have put a package with larger slots under the same name.
fn check_prefix<R: Read + Seek>(header: &Header, reader: &mut R) -> Result<(), OpenError> {
    let mut found = [0; PREFIX_LEN];
    match read_at(reader, header.payload_offset(), &mut found) {
        Ok(()) if found == header.prefix.to_bytes() => Ok(()),
        Err(OpenError::Read(error)) => Err(OpenError::Read(error)),
        _ => Err(OpenError::Changed),
    }
}

fn check_len(payload_len: u64, max_chunks: u64) -> Result<MessageLen, OpenError> {
    let shortest = PREFIX_LEN.saturating_add(MIN_CHUNKS_LEN) as u64;
    if payload_len < shortest {
        return Err(FormatError::Truncated { part: Part::Payload }.into());
    }
    let len = MessageLen::of_sealed(payload_len).ok_or(FormatError::Length { field: "payload" })?;
    if len.chunks() > max_chunks { Err(OpenError::TooLong) } else { Ok(len) }
}

/// Reads the last `len` bytes.
fn read_end<R: Read + Seek>(reader: &mut R, total: u64, len: usize) -> Result<Vec<u8>, OpenError> {
    let start = total.checked_sub(len as u64);
    let start = start.ok_or(FormatError::Truncated { part: Part::Trailer })?;
    let mut out = vec![0; len];
    read_at(reader, start, &mut out)?;
    Ok(out)
}

/// Fills `out` from `offset` on.
pub(crate) fn read_at<R: Read + Seek>(
    reader: &mut R,
    offset: u64,
    out: &mut [u8],
) -> Result<(), OpenError> {
    reader.seek(SeekFrom::Start(offset)).map_err(OpenError::Read)?;
    let read = read_full(reader, out).map_err(OpenError::Read)?;
    if read < out.len() {
        return Err(FormatError::Truncated { part: Part::Payload }.into());
    }
    Ok(())
}

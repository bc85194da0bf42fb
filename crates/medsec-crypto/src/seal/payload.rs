//! The payload's chunks on their way from plaintext to package.

use std::io::{Read, Write};

use crate::backend::TAG_LEN;
use crate::cobblestone::{CHUNK_LEN, ChunkCipher, SEALED_CHUNK_LEN};
use crate::execution::Execution;
use crate::merkle::{Hash, Tree, leaf_hash};
use crate::pipeline::{BATCH_CHUNKS, Batch, Sink, Source};
use crate::seal::SealError;
use crate::strided::read_plain;

/// Limit on the chunks of a package that this crate writes: 64 TiB.
pub(crate) const MAX_CHUNKS: u64 = 1 << 32;

/// Plaintext, cut into batches.
pub(super) struct Plaintext<R> {
    reader: R,
    next: u64,
    ended: bool,
    /// Chunks in a batch: a power of two, at most a full batch.
    batch_chunks: usize,
    /// Plaintext bytes in a batch: all of its chunks, or of a content that is shorter than a chunk one more
    /// than it has.
    batch_room: usize,
}

impl<R> Plaintext<R> {
    /// `expected` is the length of the content as far as the caller knows it. It sizes the buffer, so that a
    /// small content does not pay for making and erasing a large one. A content of more than that is refused
    /// in the end, and at once if it was to be shorter than a chunk.
    pub(super) fn new(reader: R, expected: Option<u64>) -> Self {
        let len = expected.and_then(|len| usize::try_from(len).ok());
        let chunks = len.and_then(|len| len.checked_div(CHUNK_LEN));
        let batch_chunks = chunks
            .and_then(|full| full.checked_add(1)?.checked_next_power_of_two())
            .map_or(BATCH_CHUNKS, |chunks| chunks.min(BATCH_CHUNKS));
        let all = batch_chunks.saturating_mul(CHUNK_LEN);
        let short = len.filter(|len| *len < CHUNK_LEN);
        let batch_room = short.map_or(all, |len| len.saturating_add(1));
        Self { reader, next: 0, ended: false, batch_chunks, batch_room }
    }
}

impl<R: Read> Source<SealError> for Plaintext<R> {
    fn next(&mut self, batch: &mut Batch) -> Result<bool, SealError> {
        if self.ended {
            return Ok(false);
        }
        let read = read_plain(&mut self.reader, batch.room()).map_err(SealError::Read)?;
        // A batch that is not full ends the message: its last chunk is short, possibly empty.
        self.ended = read < self.batch_room;
        if !self.ended && self.batch_room < CHUNK_LEN {
            return Err(SealError::SizeChanged);
        }
        let full = read / CHUNK_LEN;
        let last = if self.ended { (read % CHUNK_LEN).saturating_add(TAG_LEN) } else { 0 };
        batch.set(self.next, full.saturating_mul(SEALED_CHUNK_LEN).saturating_add(last));
        self.next = self.next.saturating_add(self.batch_chunks as u64);
        if self.next > MAX_CHUNKS { Err(SealError::TooLong) } else { Ok(true) }
    }

    fn batch_len(&self) -> usize {
        let tags = self.batch_chunks.saturating_mul(TAG_LEN);
        self.batch_room.saturating_add(tags)
    }
}

/// Encrypts a batch; yields the leaves of the tree if the package is signed.
pub(super) fn seal_batch(
    cipher: &ChunkCipher,
    execution: &Execution<'_>,
    signed: bool,
    batch: &mut Batch,
) -> Result<Vec<Hash>, SealError> {
    let first = batch.first;
    cipher.seal_run(first, batch.chunks_mut())?;
    if !signed {
        return Ok(Vec::new());
    }
    let leaf = |chunk| leaf_hash(execution.backend, chunk);
    Ok(batch.chunks().chunks(SEALED_CHUNK_LEN).map(leaf).collect())
}

/// The package being written.
pub(super) struct Ciphertext<'a, W> {
    pub(super) writer: W,
    pub(super) execution: Execution<'a>,
    pub(super) tree: Tree,
    pub(super) plain_len: u64,
    /// Most bytes of content.
    longest: u64,
}

impl<'a, W> Ciphertext<'a, W> {
    pub(super) const fn new(writer: W, execution: Execution<'a>, longest: Option<u64>) -> Self {
        let longest = match longest {
            Some(longest) => longest,
            None => u64::MAX,
        };
        Self { writer, execution, tree: Tree::new(), plain_len: 0, longest }
    }
}

impl<W: Write> Sink<Vec<Hash>, SealError> for Ciphertext<'_, W> {
    fn put(&mut self, batch: &Batch, leaves: Vec<Hash>) -> Result<(), SealError> {
        let chunks = batch.chunks();
        let tags = chunks.len().div_ceil(SEALED_CHUNK_LEN).saturating_mul(TAG_LEN);
        let text = chunks.len().saturating_sub(tags) as u64;
        self.plain_len = self.plain_len.saturating_add(text);
        if self.plain_len > self.longest {
            return Err(SealError::OverReserved);
        }
        self.writer.write_all(chunks).map_err(SealError::Write)?;
        leaves.into_iter().for_each(|leaf| self.tree.push(leaf));
        let goes_on = self.execution.goes_on(self.plain_len);
        goes_on.then_some(()).ok_or(SealError::Interrupted)
    }
}

//! Sealing content that is pushed.

use std::fmt;
use std::io::{self, Write};

use crate::backend::TAG_LEN;
use crate::cobblestone::{CHUNK_LEN, SEALED_CHUNK_LEN};
use crate::execution::Execution;
use crate::pipeline::{BATCH_CHUNKS, BATCH_LEN, Batch, Sink};
use crate::seal::payload::{Ciphertext, MAX_CHUNKS, seal_batch};
use crate::seal::sealer::Begun;
use crate::seal::{SealError, Sealed, Sealer};
use crate::suite::Backend;

/// Takes content by [`Write`] and seals it in batches of 256 KiB. Call [`Self::finish`]: without it the output
/// is not a package. After an error every further write fails.
pub struct SealWriter<W> {
    sealer: Sealer,
    begun: Begun,
    sink: Ciphertext<'static, W>,
    batch: Batch,
    /// Plaintext bytes waiting in `batch`.
    filled: usize,
    next: u64,
    failed: bool,
}

impl<W: Write> SealWriter<W> {
    pub(super) fn new(sealer: Sealer, begun: Begun, backend: Backend, writer: W) -> Self {
        let execution = Execution { backend, ..Execution::default() };
        let sink = Ciphertext::new(writer, execution, sealer.longest);
        let batch = Batch::with_room(BATCH_LEN);
        Self { sealer, begun, sink, batch, filled: 0, next: 0, failed: false }
    }

    /// Writes what is left, metadata and trailer, and gives the writer back.
    ///
    /// # Errors
    /// [`SealError`]; the output is not a package.
    pub fn finish(mut self) -> Result<(Sealed, W), SealError> {
        if self.failed {
            return Err(SealError::Write(io::ErrorKind::BrokenPipe.into()));
        }
        let last = (self.filled % CHUNK_LEN).saturating_add(TAG_LEN);
        self.emit(last)?;
        let Self { sealer, begun, sink, .. } = self;
        let Ciphertext { mut writer, execution, tree, plain_len, .. } = sink;
        let sealed =
            sealer.finish(execution.backend, &begun.prefix, &mut writer, &tree, plain_len)?;
        Ok((sealed, writer))
    }

    /// Seals what waits: all full chunks and `last_len` further bytes.
    fn emit(&mut self, last_len: usize) -> Result<(), SealError> {
        let full = (self.filled / CHUNK_LEN).saturating_mul(SEALED_CHUNK_LEN);
        self.batch.set(self.next, full.saturating_add(last_len));
        self.next = self.next.saturating_add(BATCH_CHUNKS as u64);
        if self.next > MAX_CHUNKS {
            return Err(SealError::TooLong);
        }
        let signed = self.sealer.signer.is_some();
        let execution = self.sink.execution;
        let leaves = seal_batch(&self.begun.cipher, &execution, signed, &mut self.batch)?;
        self.sink.put(&self.batch, leaves)?;
        self.filled = 0;
        Ok(())
    }

    /// Copies as much as fits into the current chunk.
    fn fill(&mut self, content: &[u8]) -> usize {
        let (chunk, within) = (self.filled / CHUNK_LEN, self.filled % CHUNK_LEN);
        let start = chunk.saturating_mul(SEALED_CHUNK_LEN).saturating_add(within);
        let len = content.len().min(CHUNK_LEN.saturating_sub(within));
        let place = self.batch.room().get_mut(start..start.saturating_add(len));
        let Some((place, part)) = place.zip(content.get(..len)) else {
            return 0;
        };
        place.copy_from_slice(part);
        self.filled = self.filled.saturating_add(len);
        len
    }
}

impl<W: Write> Write for SealWriter<W> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        if self.failed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let taken = self.fill(content);
        if self.filled == BATCH_CHUNKS.saturating_mul(CHUNK_LEN) {
            self.failed = true;
            self.emit(0).map_err(io::Error::other)?;
            self.failed = false;
        }
        Ok(taken)
    }

    /// Flushes the writer below; content that does not fill a batch stays until [`Self::finish`].
    fn flush(&mut self) -> io::Result<()> {
        self.sink.writer.flush()
    }
}

impl<W> fmt::Debug for SealWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealWriter").field("sealer", &self.sealer).finish_non_exhaustive()
    }
}

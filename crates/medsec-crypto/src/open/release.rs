//! Content released before the package is verified to its end: an explicit choice.

use std::fmt;
use std::io::{self, Read};
use std::ops::Deref;
use std::sync::Arc;

use crate::cobblestone::ChunkCipher;
use crate::merkle::Tree;
use crate::open::source::{Chunks, HeldBack};
use crate::open::{OpenError, Opened, Unlocked};
use crate::pipeline::{BATCH_LEN, Batch, Source};
use crate::strided::plain_parts;
use crate::suite::Backend;

/// Reads content chunk by chunk, each verified, while the package is still coming in. The end of the
/// content (`Ok(0)`) is given only when end, metadata and signature have been verified too; else the
/// last read is an error. Ask [`Self::finish`] for the verdict.
pub struct ReleasingReader<'a, R> {
    unlocked: Lease<'a>,
    cipher: ChunkCipher,
    backend: Backend,
    batch: Batch,
    /// Plaintext bytes of `batch` already given out.
    given: usize,
    tree: Tree,
    plain_len: u64,
    state: State<R>,
}

/// The package that is read: somebody else's, or shared.
pub(super) enum Lease<'a> {
    Borrowed(&'a Unlocked),
    Shared(Arc<Unlocked>),
}

impl Deref for Lease<'_> {
    type Target = Unlocked;

    fn deref(&self) -> &Unlocked {
        match self {
            Self::Borrowed(unlocked) => unlocked,
            Self::Shared(unlocked) => unlocked,
        }
    }
}

enum State<R> {
    Reading(Box<HeldBack<R>>),
    Verified(Box<Opened>),
    Failed,
}

impl<'a, R: Read + Send> ReleasingReader<'a, R> {
    pub(super) fn new(
        unlocked: Lease<'a>,
        chunks: HeldBack<R>,
        backend: Backend,
    ) -> Result<Self, OpenError> {
        Ok(Self {
            cipher: unlocked.cipher(backend)?,
            unlocked,
            backend,
            batch: Batch::with_room(BATCH_LEN),
            given: 0,
            tree: Tree::new(),
            plain_len: 0,
            state: State::Reading(Box::new(chunks)),
        })
    }

    /// The verdict over the whole package. The content must have been read to its last byte.
    ///
    /// # Errors
    /// [`OpenError::Unfinished`] if content is left unread, or a read gave an error.
    pub fn finish(mut self) -> Result<Opened, OpenError> {
        // Who read exactly the content has not been shown its end yet.
        while matches!(self.state, State::Reading(_)) && self.give(&mut [0]) == 0 {
            self.advance()?;
        }
        match self.state {
            State::Verified(opened) => Ok(*opened),
            State::Reading(_) | State::Failed => Err(OpenError::Unfinished),
        }
    }

    /// Opens the next batch, or verifies the end.
    fn advance(&mut self) -> Result<(), OpenError> {
        let State::Reading(mut chunks) = std::mem::replace(&mut self.state, State::Failed) else {
            return Err(OpenError::Unfinished);
        };
        self.given = 0;
        self.batch.set(0, 0);
        if chunks.next(&mut self.batch)? {
            let leaves = self.unlocked.open_batch(&self.cipher, self.backend, &mut self.batch);
            leaves.inspect_err(|_| self.batch.set(0, 0))?.into_iter().for_each(|leaf| {
                self.tree.push(leaf);
            });
            self.state = State::Reading(chunks);
            return Ok(());
        }
        let ending = chunks.into_ending()?;
        let opened = self.unlocked.conclude(&ending, &self.tree, self.plain_len, self.backend)?;
        self.state = State::Verified(Box::new(opened));
        Ok(())
    }

    /// Gives out what the batch holds.
    fn give(&mut self, out: &mut [u8]) -> usize {
        let mut skip = self.given;
        let mut given = 0_usize;
        for part in plain_parts(self.batch.chunks()) {
            let (_, part) = part.split_at_checked(skip).unwrap_or((part, &[]));
            skip = skip.saturating_sub(crate::cobblestone::CHUNK_LEN);
            let rest = out.get_mut(given..).unwrap_or_default();
            let len = part.len().min(rest.len());
            rest.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
            given = given.saturating_add(len);
        }
        self.given = self.given.saturating_add(given);
        self.plain_len = self.plain_len.saturating_add(given as u64);
        given
    }
}

impl<R: Read + Send> Read for ReleasingReader<'_, R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let given = self.give(out);
            if given > 0 {
                return Ok(given);
            }
            if matches!(self.state, State::Verified(_)) {
                return Ok(0);
            }
            self.advance().map_err(io::Error::other)?;
        }
    }
}

impl<R> fmt::Debug for ReleasingReader<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReleasingReader").field("released", &self.plain_len).finish_non_exhaustive()
    }
}

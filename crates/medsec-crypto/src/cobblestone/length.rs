//! Which lengths a message can have, and where its chunks lie.

use super::{CHUNK_LEN, PREFIX_LEN, SEALED_CHUNK_LEN};
use crate::backend::TAG_LEN;

const CHUNK: u64 = CHUNK_LEN as u64;
const SEALED: u64 = SEALED_CHUNK_LEN as u64;
const PREFIX: u64 = PREFIX_LEN as u64;
const TAG: u64 = TAG_LEN as u64;

/// Limit of the specification: a message has at most 2^38 chunks (4 PiB).
pub(crate) const MAX_CHUNKS_OF_SPEC: u64 = 1 << 38;

/// A length that a message can have, with what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MessageLen {
    /// Chunks before the last one; all are full.
    pub(crate) full_chunks: u64,
    /// Plaintext bytes of the last chunk, below 16 KiB.
    pub(crate) last_len: usize,
}

impl MessageLen {
    /// From the length of a whole message. `None` for lengths that no message has.
    pub(crate) fn of_sealed(sealed_len: u64) -> Option<Self> {
        let chunks = sealed_len.checked_sub(PREFIX)?;
        let full_chunks = chunks.checked_div(SEALED)?;
        let last = chunks.checked_rem(SEALED)?.checked_sub(TAG)?;
        let last_len = usize::try_from(last).ok()?;
        (full_chunks < MAX_CHUNKS_OF_SPEC).then_some(Self { full_chunks, last_len })
    }

    /// Number of chunks, the last included.
    pub(crate) const fn chunks(self) -> u64 {
        self.full_chunks.saturating_add(1)
    }

    /// Length of the plaintext.
    pub(crate) fn plain_len(self) -> u64 {
        self.full_chunks.saturating_mul(CHUNK).saturating_add(self.last_len as u64)
    }

    /// Length of the whole message.
    pub(crate) fn sealed_len(self) -> u64 {
        self.chunk_offset(self.full_chunks).saturating_add(self.last_len as u64).saturating_add(TAG)
    }

    /// Where chunk `k` starts, counted from the message's first byte.
    pub(crate) fn chunk_offset(self, k: u64) -> u64 {
        PREFIX.saturating_add(k.saturating_mul(SEALED))
    }

    /// Length of chunk `k` with its tag.
    pub(crate) fn sealed_chunk_len(self, k: u64) -> usize {
        if k < self.full_chunks { SEALED_CHUNK_LEN } else { self.last_len.saturating_add(TAG_LEN) }
    }
}

/// What a message of `plain_len` bytes is longer than its plaintext; saturates far beyond the limits.
pub(crate) const fn overhead_of(plain_len: u64) -> u64 {
    let chunks = (plain_len / CHUNK).saturating_add(1);
    PREFIX.saturating_add(chunks.saturating_mul(TAG))
}

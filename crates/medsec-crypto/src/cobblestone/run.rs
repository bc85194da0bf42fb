//! Sealing and opening runs of consecutive chunks in place.

use super::{MessageKeys, SEALED_CHUNK_LEN};
use crate::backend::{Aead, Direction, NONCE_LEN, TAG_LEN};
use crate::error::NotAuthentic;
use crate::suite::{Backend, Suite};

/// The AEAD of one message. Shared by all threads that work on it.
pub(crate) struct ChunkCipher {
    aead: Aead,
    base_nonce: [u8; NONCE_LEN],
}

impl ChunkCipher {
    pub(crate) fn new(
        backend: Backend,
        suite: Suite,
        keys: &MessageKeys,
        direction: Direction,
    ) -> Result<Self, NotAuthentic> {
        let aead = Aead::new(backend, suite, &keys.key, direction)?;
        Ok(Self { aead, base_nonce: keys.base_nonce })
    }

    /// The base nonce XOR the chunk number as a big-endian integer of the same width.
    pub(super) fn nonce(&self, chunk: u64) -> [u8; NONCE_LEN] {
        let mut nonce = self.base_nonce;
        for (byte, count) in nonce.iter_mut().rev().zip(chunk.to_le_bytes()) {
            *byte ^= count;
        }
        nonce
    }

    /// Seals a run in place. `run` holds chunks as they will stand in the message: plaintext followed
    /// by room for the tag, all full but possibly the last.
    ///
    /// `first` must be a multiple of a power of two that is at least the number of chunks in `run`:
    /// only then do the nonces of the run increase in the way the validated module insists on.
    pub(crate) fn seal_run(&self, first: u64, run: &mut [u8]) -> Result<(), NotAuthentic> {
        let chunks = run.len().div_ceil(SEALED_CHUNK_LEN).next_power_of_two() as u64;
        debug_assert!(first.is_multiple_of(chunks), "a run that is not aligned");
        let mut sealing = self.aead.sealing_run()?;
        for (chunk, number) in run.chunks_mut(SEALED_CHUNK_LEN).zip(first..) {
            let (text, tag) = chunk.split_last_chunk_mut::<TAG_LEN>().ok_or(NotAuthentic)?;
            *tag = sealing.seal_in_place(self.nonce(number), text)?;
        }
        Ok(())
    }

    /// Opens a run in place; the plaintext of each chunk starts where the chunk started.
    ///
    /// On failure: the number of the first chunk that does not authenticate.
    pub(crate) fn open_run(&self, first: u64, run: &mut [u8]) -> Result<(), u64> {
        for (chunk, number) in run.chunks_mut(SEALED_CHUNK_LEN).zip(first..) {
            self.aead.open_in_place(self.nonce(number), chunk).map_err(|_| number)?;
        }
        Ok(())
    }
}

//! Content opened into memory: every thread fills the parts whose batches it opened.

use std::sync::{Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::cobblestone::CHUNK_LEN;
use crate::open::OpenError;
use crate::pipeline::{BATCH_CHUNKS, Batch};
use crate::strided::plain_parts;

/// Plaintext bytes of a full batch.
const PLAIN_LEN: usize = BATCH_CHUNKS * CHUNK_LEN;

/// A buffer for a whole content, its pages still untouched where the system gives zeroed ones; erased when
/// dropped. Of full length from the start: a growing vector would leave plaintext behind in freed memory.
pub(super) fn zeroed(len: usize) -> Option<Zeroizing<Vec<u8>>> {
    // Asked for first in the way that can be refused.
    Vec::<u8>::new().try_reserve_exact(len).ok()?;
    Some(Zeroizing::new(vec![0; len]))
}

/// The parts of a buffer, one for each batch, so that its pages are brought in by all threads at once
/// and not by one after the other.
pub(super) struct Places<'a>(Vec<Mutex<&'a mut [u8]>>);

impl<'a> Places<'a> {
    pub(super) fn new(content: &'a mut [u8]) -> Self {
        Self(content.chunks_mut(PLAIN_LEN).map(Mutex::new).collect())
    }

    /// Copies the plaintext of a batch to where it belongs.
    pub(super) fn fill(&self, batch: &Batch) -> Result<(), OpenError> {
        let index = usize::try_from(batch.first).ok().and_then(|n| n.checked_div(BATCH_CHUNKS));
        let place = index.and_then(|index| self.0.get(index));
        let mut place = place.map(|place| place.lock().unwrap_or_else(PoisonError::into_inner));
        let mut rest = place.as_deref_mut().map_or(&mut [][..], |place| &mut **place);
        for part in plain_parts(batch.chunks()) {
            let (here, after) = rest.split_at_mut_checked(part.len()).ok_or(OpenError::Changed)?;
            here.copy_from_slice(part);
            rest = after;
        }
        Ok(())
    }
}

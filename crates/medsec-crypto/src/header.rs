//! The header: everything before the payload's chunks.
//!
//! ```text
//! preamble(16) ‖ core ‖ slot_len u32 ‖ slot A ‖ slot B ‖ salt(24) ‖ commitment(32)
//! ```

pub(crate) mod core;
pub(crate) mod preamble;
pub(crate) mod slot;
pub(crate) mod slots;
pub(crate) mod stanza;
#[cfg(test)]
mod tests;
pub(crate) mod tlv;

use std::io::{self, Read};

use crate::backend::{sha256, sha512};
use crate::cobblestone::{PREFIX_LEN, Prefix};
use crate::error::{FormatError, Part};
use crate::header::core::Core;
use crate::header::preamble::{PREAMBLE_LEN, Preamble};
use crate::header::slot::check_slot_len;
use crate::header::slots::Slots;
use crate::header::stanza::Stanza;
use crate::ids::{Bind, DatasetId, DekId, HeaderHash, PolicyHash, SlotDigest};
use crate::label::labelled;
use crate::strided::read_full;
use crate::suite::{Backend, Suite};

/// Length of the field that gives the slots' length.
pub(crate) const SLOT_LEN_FIELD: usize = 4;

/// A parsed header. Its syntax has been checked; nothing of it has been authenticated.
#[derive(Clone, Debug)]
pub struct Header {
    suite: Suite,
    core: Core,
    hash: HeaderHash,
    pub(crate) slots: Slots,
    pub(crate) slots_offset: u64,
    pub(crate) prefix: Prefix,
}

/// Whether a package's recipient slots are as a finished write leaves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SlotCondition {
    /// One slot is whole, the other unused.
    Clean,
    /// Two slots are whole: a rewrap was interrupted before it scrubbed the older one.
    RewrapUnfinished,
    /// The slot that is not used is damaged: recipient slot damaged.
    Damaged,
}

impl Header {
    /// Reads a header from the start of `reader` and leaves it at the first chunk. Allocates at most
    /// 64 KiB for the core and 128 KiB for the slots, after checking their lengths.
    ///
    /// # Errors
    /// [`HeaderError`]; nothing was decrypted.
    pub fn read(reader: &mut impl Read) -> Result<Self, HeaderError> {
        let mut bytes = Vec::new();
        append(reader, &mut bytes, PREAMBLE_LEN, Part::Preamble)?;
        let preamble = Preamble::parse(&bytes)?;
        append(reader, &mut bytes, preamble.core_len, Part::Core)?;
        let mut slot_bytes = Vec::new();
        append(reader, &mut slot_bytes, SLOT_LEN_FIELD, Part::Slots)?;
        let slot_len = slot_len_of(&slot_bytes)?;
        slot_bytes.clear();
        append(reader, &mut slot_bytes, slot_len.saturating_mul(2), Part::Slots)?;
        let mut prefix = Vec::new();
        append(reader, &mut prefix, PREFIX_LEN, Part::Payload)?;
        Ok(Self::assemble(preamble, &bytes, slot_len, &slot_bytes, &prefix)?)
    }

    pub(crate) fn assemble(
        preamble: Preamble,
        immutable: &[u8],
        slot_len: usize,
        slots: &[u8],
        prefix: &[u8],
    ) -> Result<Self, FormatError> {
        let core = Core::parse(immutable.get(PREAMBLE_LEN..).unwrap_or_default())?;
        let slots = Slots::parse(slot_len, slots, core.profile)?;
        let (prefix, _) =
            Prefix::parse(prefix).ok_or(FormatError::Truncated { part: Part::Payload })?;
        let hash = HeaderHash::from_bytes(sha512(&[immutable]));
        let slots_offset = (immutable.len() as u64).saturating_add(SLOT_LEN_FIELD as u64);
        Ok(Self { suite: preamble.suite, core, hash, slots, slots_offset, prefix })
    }

    /// The same with other slots.
    pub(crate) fn with_slots(&self, slots: Slots) -> Self {
        Self { slots, ..self.clone() }
    }

    /// The cipher suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// The immutable public fields.
    #[must_use]
    pub const fn core(&self) -> &Core {
        &self.core
    }

    /// `H`, which every key of the package depends on.
    #[must_use]
    pub const fn hash(&self) -> HeaderHash {
        self.hash
    }

    /// The recipients of the slot in use, in file order.
    #[must_use]
    pub fn stanzas(&self) -> &[Stanza] {
        self.slots.active().recipients.stanzas()
    }

    /// How often the recipients were written; 1 at sealing.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.slots.active().generation
    }

    /// Digest of the slot in use, for the audit trail.
    #[must_use]
    pub const fn slot_digest(&self) -> SlotDigest {
        self.slots.active().digest
    }

    /// Length in bytes of one recipient slot.
    #[must_use]
    pub const fn slot_len(&self) -> usize {
        self.slots.slot_len()
    }

    /// Whether the slots are as a finished write leaves them.
    #[must_use]
    pub const fn slot_condition(&self) -> SlotCondition {
        self.slots.condition()
    }

    /// What wrapped data keys of this package are bound to.
    #[must_use]
    pub fn bind(&self) -> Bind {
        bind_of(self.suite, &self.core, &self.hash)
    }

    /// Offset of the first chunk.
    pub(crate) fn chunks_offset(&self) -> u64 {
        self.payload_offset().saturating_add(PREFIX_LEN as u64)
    }

    /// Offset of the payload, that is of its salt.
    pub(crate) fn payload_offset(&self) -> u64 {
        self.slots_offset.saturating_add((self.slot_len() as u64).saturating_mul(2))
    }
}

/// Why a header could not be read. Nothing was decrypted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// Not a package of a kind this version reads.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The source failed.
    #[error("reading the package failed")]
    Io(#[source] io::Error),
}

/// `bind`: for a package's own key it is made of `H`; for a shared key of what its packages have in
/// common.
pub(crate) fn bind_of(suite: Suite, core: &Core, hash: &HeaderHash) -> Bind {
    let shared = core.dek_id.as_ref().zip(core.policy.as_ref()).zip(core.dataset.as_ref());
    match shared {
        None => {
            let fields = labelled("wrap", &[hash.as_bytes()]);
            Bind::from_bytes(sha256(Backend::RustCrypto, &fields))
        }
        Some(((dek_id, policy), dataset)) => Bind::of_shared_key(suite, dek_id, policy, dataset),
    }
}

impl Bind {
    /// What a shared data key is bound to: the suite, its name, and the policy and dataset of all its packages.
    #[must_use]
    pub fn of_shared_key(
        suite: Suite,
        dek_id: &DekId,
        policy: &PolicyHash,
        dataset: &DatasetId,
    ) -> Self {
        let dataset = dataset.as_str().as_bytes();
        let len = u16::try_from(dataset.len()).unwrap_or(u16::MAX).to_be_bytes();
        let suite = suite.number().to_be_bytes();
        let fields: [&[u8]; 5] = [&suite, dek_id.as_bytes(), policy.as_bytes(), &len, dataset];
        Self::from_bytes(sha256(Backend::RustCrypto, &labelled("wrap-shared", &fields)))
    }
}

pub(crate) fn slot_len_of(field: &[u8]) -> Result<usize, FormatError> {
    let field = field.first_chunk().ok_or(FormatError::Truncated { part: Part::Slots })?;
    check_slot_len(u32::from_be_bytes(*field))
}

/// Reads exactly `len` more bytes, which was checked.
fn append(
    reader: &mut impl Read,
    out: &mut Vec<u8>,
    len: usize,
    part: Part,
) -> Result<(), HeaderError> {
    let start = out.len();
    out.resize(start.saturating_add(len), 0);
    let room = out.get_mut(start..).unwrap_or_default();
    let read = read_full(reader, room).map_err(HeaderError::Io)?;
    out.truncate(start.saturating_add(read));
    // A source that ends within the magic may still show that it is none.
    if part == Part::Preamble && read < len {
        Preamble::parse(out)?;
    }
    if read < len { Err(FormatError::Truncated { part }.into()) } else { Ok(()) }
}

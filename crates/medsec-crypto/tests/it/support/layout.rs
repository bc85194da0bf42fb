//! Where the parts of a package lie: read from the format's page, not from the library.

use std::ops::Range;

use sha2::{Digest, Sha256};

const SIGNED: u32 = 1;
const METADATA: u32 = 4;
const TRAILER_LEN: usize = 140;
const CHUNK: usize = 16_400;

/// The parts of a package in file order. Absent parts are empty.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) preamble: Range<usize>,
    pub(crate) core: Range<usize>,
    pub(crate) slot_len: Range<usize>,
    pub(crate) slot_a: Range<usize>,
    pub(crate) slot_b: Range<usize>,
    pub(crate) payload: Range<usize>,
    pub(crate) metadata: Range<usize>,
    pub(crate) trailer: Range<usize>,
}

impl Layout {
    pub(crate) fn of(package: &[u8]) -> Self {
        let core = 16..16 + u32_at(package, 12);
        let flags = u32::try_from(u32_at(package, core.start + 16)).unwrap();
        let slot_len = core.end..core.end + 4;
        let len = u32_at(package, slot_len.start);
        let slot_a = slot_len.end..slot_len.end + len;
        let slot_b = slot_a.end..slot_a.end + len;
        let trailer_len = if flags & SIGNED == 0 { 0 } else { TRAILER_LEN };
        let trailer = package.len() - trailer_len..package.len();
        let metadata = if flags & METADATA == 0 {
            trailer.start..trailer.start
        } else {
            let field = trailer.start - 4;
            field - u32_at(package, field)..trailer.start
        };
        Self {
            preamble: 0..16,
            payload: slot_b.end..metadata.start,
            core,
            slot_len,
            slot_a,
            slot_b,
            metadata,
            trailer,
        }
    }

    /// All parts with their names.
    pub(crate) fn parts(&self) -> [(&'static str, Range<usize>); 8] {
        [
            ("preamble", self.preamble.clone()),
            ("core", self.core.clone()),
            ("slot length", self.slot_len.clone()),
            ("slot A", self.slot_a.clone()),
            ("slot B", self.slot_b.clone()),
            ("payload", self.payload.clone()),
            ("metadata", self.metadata.clone()),
            ("trailer", self.trailer.clone()),
        ]
    }

    /// Where chunk `k` of the payload lies, tag included.
    pub(crate) fn chunk(&self, k: usize) -> Range<usize> {
        let start = self.payload.start + 56 + k * CHUNK;
        start..(start + CHUNK).min(self.payload.end)
    }

    /// Where the first stanza of slot A starts.
    pub(crate) fn first_stanza(&self) -> usize {
        self.slot_a.start + 13
    }
}

/// The big-endian number of four bytes at `offset`.
pub(crate) fn u32_at(package: &[u8], offset: usize) -> usize {
    let bytes = package[offset..offset + 4].try_into().unwrap();
    usize::try_from(u32::from_be_bytes(bytes)).unwrap()
}

/// Makes the digest of the slot at `slot` right again after an edit.
pub(crate) fn renew_digest(package: &mut [u8], slot: Range<usize>) {
    let len = u32::try_from(slot.len()).unwrap().to_be_bytes();
    let covered = slot.start..slot.end - 32;
    let mut hash = Sha256::new();
    hash.update(len);
    hash.update(&package[covered.clone()]);
    package[covered.end..slot.end].copy_from_slice(&hash.finalize());
}

//! Cutting packages up and putting them together again, by the page.

use std::ops::Range;

use sha2::{Digest as _, Sha256, Sha512};

pub(crate) const TRAILER_LEN: usize = 140;
pub(crate) const CHUNK_LEN: usize = 16_400;
/// Salt and commitment.
pub(crate) const HEAD_LEN: usize = 56;
/// Mac and digest at the end of a slot.
const SLOT_TAIL: usize = 64;

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |n, byte| n << 8 | usize::from(*byte))
}

pub(crate) fn core(package: &[u8]) -> Range<usize> {
    16..16 + number(&package[12..16])
}

pub(crate) fn slot(package: &[u8], index: usize) -> Range<usize> {
    let at = core(package).end;
    let len = number(&package[at..at + 4]);
    let start = at + 4 + index * len;
    start..start + len
}

pub(crate) fn payload_at(package: &[u8]) -> usize {
    slot(package, 1).end
}

/// Where the value of a field of the core stands.
pub(crate) fn field(package: &[u8], tag: u16) -> Range<usize> {
    let mut at = core(package).start + 20;
    loop {
        let value = at + 6..at + 6 + number(&package[at + 2..at + 6]);
        if package[at..at + 2] == tag.to_be_bytes() {
            return value;
        }
        at = value.end;
    }
}

/// Makes the digest of a slot right again.
pub(crate) fn redigest(package: &mut [u8], index: usize) {
    let range = slot(package, index);
    let len = u32::try_from(range.len()).unwrap().to_be_bytes();
    let digest = Sha256::new()
        .chain_update(len)
        .chain_update(&package[range.start..range.end - 32])
        .finalize();
    package[range.end - 32..range.end].copy_from_slice(&digest);
}

/// Writes a body into slot A and makes the digest right, not the mac.
pub(crate) fn put_body(package: &mut [u8], body: &[u8]) {
    let range = slot(package, 0);
    let slot = &mut package[range];
    let end = slot.len() - SLOT_TAIL;
    slot[8..12].copy_from_slice(&u32::try_from(body.len()).unwrap().to_be_bytes());
    slot[12..end].fill(0);
    slot[12..12 + body.len()].copy_from_slice(body);
    redigest(package, 0);
}

pub(crate) fn body(package: &[u8]) -> Vec<u8> {
    let slot = &package[slot(package, 0)];
    slot[12..12 + number(&slot[8..12])].to_vec()
}

/// What the signature of a signed package covers.
pub(crate) fn signed(package: &[u8]) -> Vec<u8> {
    let hash = Sha512::digest(&package[..core(package).end]);
    let at = payload_at(package);
    let statement = package.len() - TRAILER_LEN..package.len() - 64;
    [
        b"medsec/sealed-package/v1\0sig\0",
        &hash[..],
        &package[at..at + HEAD_LEN],
        &package[statement],
    ]
    .concat()
}

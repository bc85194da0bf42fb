//! The two recipient slots: the only part of a package that changes after sealing.
//!
//! ```text
//! slot = generation u64 ‖ body_len u32 ‖ body ‖ zeros ‖ mac(32) ‖ digest(32)
//! body = count u8 ‖ stanzas
//! ```
//!
//! The digest is SHA-256 over `slot_len u32` and the slot's bytes before it. It guards against
//! accidents; the MAC, in packages that have one, against tampering.

use subtle::ConstantTimeEq;

use crate::backend::{hmac_sha256, sha256};
use crate::error::{FormatError, NotAuthentic};
use crate::header::stanza::Stanza;
use crate::ids::SlotDigest;
use crate::secret::KEY_LEN;
use crate::suite::Backend;
use crate::wire::Wire;

/// Most recipients of a package.
pub const MAX_STANZAS: usize = 32;
/// Shortest slot in bytes.
pub const MIN_SLOT_LEN: usize = 2048;
/// Longest slot in bytes.
pub const MAX_SLOT_LEN: usize = 65_536;
/// Slot lengths are multiples of this.
const SLOT_UNIT: usize = 256;
/// generation ‖ body_len
const HEAD_LEN: usize = 8 + 4;
const MAC_LEN: usize = 32;
const DIGEST_LEN: usize = 32;
/// What a slot needs besides its body.
const SLOT_OVERHEAD: usize = HEAD_LEN + MAC_LEN + DIGEST_LEN;

/// Checks a `slot_len` field.
pub(crate) fn check_slot_len(len: u32) -> Result<usize, FormatError> {
    usize::try_from(len)
        .ok()
        .filter(|len| (MIN_SLOT_LEN..=MAX_SLOT_LEN).contains(len) && len % SLOT_UNIT == 0)
        .ok_or(FormatError::Length { field: "recipient slot" })
}

/// The list of recipients in one slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recipients(Vec<Stanza>);

impl Recipients {
    /// Checks number and uniqueness.
    pub(crate) fn new(stanzas: Vec<Stanza>) -> Result<Self, FormatError> {
        if !(1..=MAX_STANZAS).contains(&stanzas.len()) {
            return Err(FormatError::Length { field: "number of recipients" });
        }
        let mut refs: Vec<_> = stanzas.iter().map(Stanza::key_ref).collect();
        refs.sort_unstable();
        if refs.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(FormatError::Value { field: "repeated recipient" });
        }
        Ok(Self(stanzas))
    }

    pub(crate) fn stanzas(&self) -> &[Stanza] {
        &self.0
    }

    fn encode(&self) -> Vec<u8> {
        // Room for a usual list, so that it need not grow with each field.
        let mut out = Vec::with_capacity(256);
        out.push(u8::try_from(self.0.len()).unwrap_or(u8::MAX));
        self.0.iter().for_each(|stanza| stanza.encode_into(&mut out));
        out
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let mut wire = Wire::new(body);
        let count = usize::from(wire.u8()?);
        if count > MAX_STANZAS {
            return None;
        }
        let mut stanzas = Vec::with_capacity(count);
        for _ in 0..count {
            stanzas.push(Stanza::parse(&mut wire)?.ok()?);
        }
        wire.is_empty().then(|| Self::new(stanzas).ok()).flatten()
    }

    /// The slot length for a new package: the smallest multiple of 256 that is at least 2,048 and
    /// twice the body, so that a rewrap has room to grow in place.
    pub(crate) fn preferred_slot_len(&self) -> Result<usize, FormatError> {
        let body_len = self.encode().len();
        let len = body_len
            .checked_mul(2)
            .and_then(|len| len.max(MIN_SLOT_LEN).checked_next_multiple_of(SLOT_UNIT))
            .unwrap_or(MAX_SLOT_LEN)
            .min(MAX_SLOT_LEN);
        self.fits(len).then_some(len).ok_or(FormatError::Length { field: "recipient list" })
    }

    /// Whether the list fits a slot of this length.
    pub(crate) fn fits(&self, slot_len: usize) -> bool {
        self.encode().len().saturating_add(SLOT_OVERHEAD) <= slot_len
    }
}

/// A whole slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) generation: u64,
    pub(crate) recipients: Recipients,
    pub(crate) digest: SlotDigest,
    mac: [u8; MAC_LEN],
    /// What the MAC covers after `slot_len`.
    authenticated: Vec<u8>,
}

/// What a slot's bytes turn out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SlotState {
    /// All zeros.
    Unused,
    /// Fails its digest or its structure.
    Damaged,
    /// Whole.
    Valid(Slot),
}

impl SlotState {
    pub(crate) fn parse(bytes: &[u8], authenticated: bool) -> Self {
        if is_zero(bytes) {
            return Self::Unused;
        }
        Slot::parse(bytes, authenticated).map_or(Self::Damaged, Self::Valid)
    }
}

impl Slot {
    fn parse(bytes: &[u8], authenticated: bool) -> Option<Self> {
        let (covered, digest) = bytes.split_last_chunk::<DIGEST_LEN>()?;
        if digest_of(bytes.len(), covered) != *digest {
            return None;
        }
        let (before_mac, mac) = covered.split_last_chunk::<MAC_LEN>()?;
        let mut wire = Wire::new(before_mac);
        let generation = wire.u64().filter(|generation| *generation >= 1)?;
        let body_len = usize::try_from(wire.u32()?).ok()?;
        let recipients = Recipients::parse(wire.take(body_len)?)?;
        let clean = is_zero(wire.rest());
        let mac_fits = authenticated || *mac == [0; MAC_LEN];
        (clean && mac_fits).then(|| Self {
            generation,
            recipients,
            digest: SlotDigest::from_bytes(*digest),
            mac: *mac,
            authenticated: before_mac.to_vec(),
        })
    }

    /// The slot as it was read.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        [self.authenticated.as_slice(), &self.mac, self.digest.as_bytes()].concat()
    }

    /// Compares the MAC in constant time.
    pub(crate) fn check_mac(&self, key: &[u8; KEY_LEN]) -> Result<(), NotAuthentic> {
        let slot_len = self.authenticated.len().saturating_add(MAC_LEN).saturating_add(DIGEST_LEN);
        let expected = hmac_sha256(key, &[&len_field(slot_len), &self.authenticated]);
        bool::from(expected.ct_eq(&self.mac)).then_some(()).ok_or(NotAuthentic)
    }
}

/// Writes a slot of `slot_len` bytes; `mac_key` is absent for blind packages.
pub(crate) fn encode_slot(
    slot_len: usize,
    generation: u64,
    recipients: &Recipients,
    mac_key: Option<&[u8; KEY_LEN]>,
) -> Result<Vec<u8>, FormatError> {
    if !recipients.fits(slot_len) {
        return Err(FormatError::Length { field: "recipient list" });
    }
    let body = recipients.encode();
    let mut out = Vec::with_capacity(slot_len);
    out.extend_from_slice(&generation.to_be_bytes());
    out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(&body);
    out.resize(slot_len.saturating_sub(MAC_LEN).saturating_sub(DIGEST_LEN), 0);
    let mac = mac_key.map_or([0; MAC_LEN], |key| hmac_sha256(key, &[&len_field(slot_len), &out]));
    out.extend_from_slice(&mac);
    let digest = digest_of(slot_len, &out);
    out.extend_from_slice(&digest);
    Ok(out)
}

/// Slots are mostly zeros: many bytes are looked at together.
fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(64).all(|some| some.iter().fold(0, |all, byte| all | byte) == 0)
}

fn len_field(slot_len: usize) -> [u8; 4] {
    u32::try_from(slot_len).unwrap_or(u32::MAX).to_be_bytes()
}

fn digest_of(slot_len: usize, covered: &[u8]) -> [u8; DIGEST_LEN] {
    sha256(Backend::RustCrypto, &[&len_field(slot_len), covered])
}

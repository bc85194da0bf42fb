//! Leaf and node hashes: SHA-256 behind the prefixes 0x00 and 0x01 (RFC 6962, section 2.1).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// Keeps a leaf from passing for an inner node.
const LEAF: [u8; 1] = [0];
/// Keeps an inner node from passing for a leaf.
const NODE: [u8; 1] = [1];

/// The root of a tree without leaves: SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// A node of the tree: 32 bytes. As text, standard base64 with padding, 44 characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash([u8; 32]);

/// The text is not the standard, padded base64 of 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a hash: 44 characters of standard base64 are expected")]
pub struct InvalidHash;

impl Hash {
    /// Bytes of a hash.
    pub const LEN: usize = 32;
    /// Characters of its text.
    pub const TEXT_LEN: usize = 44;

    /// Takes the bytes as they are.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Hash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        // The decoder asks for room for more than 32 bytes before it knows how many there are.
        let mut bytes = [0; 36];
        if text.len() != Self::TEXT_LEN {
            return Err(InvalidHash);
        }
        let len = STANDARD.decode_slice(text, &mut bytes).map_err(|_| InvalidHash)?;
        let hash = bytes.first_chunk().filter(|_| len == Self::LEN);
        hash.copied().map(Self).ok_or(InvalidHash)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&STANDARD.encode(self.0))
    }
}

impl crate::text::Word for Hash {}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

/// The hash of a leaf: SHA-256(0x00 ‖ `bytes`).
#[must_use]
pub fn leaf_hash(bytes: &[u8]) -> Hash {
    Hash(Sha256::new_with_prefix(LEAF).chain_update(bytes).finalize().into())
}

/// The hash of an inner node: SHA-256(0x01 ‖ `left` ‖ `right`).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let hash = Sha256::new_with_prefix(NODE).chain_update(left.0).chain_update(right.0);
    Hash(hash.finalize().into())
}

/// Appends the hash of every leaf to `out`. Hashes that do not wait for one another, as these, keep a
/// processor busier than a chain of leaf and node: give [`Frontier::extend`](super::Frontier::extend) some
/// dozens at a time.
pub fn leaf_hashes<'a>(leaves: impl IntoIterator<Item = &'a [u8]>, out: &mut Vec<Hash>) {
    out.extend(leaves.into_iter().map(leaf_hash));
}

/// The level above: the parents of all complete pairs, in place; a hash without partner is dropped.
pub(crate) fn pair_up(level: &mut Vec<Hash>) {
    let pairs = level.len() / 2;
    for parent in 0..pairs {
        let [left, right] = [parent.saturating_mul(2), parent.saturating_mul(2).saturating_add(1)];
        if let (Some(left), Some(right)) = (level.get(left), level.get(right)) {
            let hash = node_hash(left, right);
            level.get_mut(parent).into_iter().for_each(|place| *place = hash);
        }
    }
    level.truncate(pairs);
}

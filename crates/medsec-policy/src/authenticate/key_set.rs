//! The public keys of an identity provider: a JSON web key set of RFC 7517.

mod discovery;
mod error;
mod file;
mod key;
mod parse;
mod source;

pub use self::discovery::{DiscoveryError, key_set_address};
pub use self::error::KeySetError;
pub use self::file::FileKeySet;
pub use self::source::{FixedKeySet, KeySetSource};

use std::collections::BTreeMap;

use self::key::TokenKey;

/// Public keys, each under its own name.
///
/// Keys for other purposes, of other types and without a name are left out: tokens cannot name them. What
/// should not be there at all makes the whole set invalid.
#[derive(Clone, Debug)]
pub struct KeySet {
    keys: BTreeMap<String, TokenKey>,
}

impl KeySet {
    /// Longest set in bytes.
    pub const MAX_LEN: usize = 256 * 1024;
    /// Most keys, those that are left out included.
    pub const MAX_KEYS: usize = 100;

    /// Reads a set.
    ///
    /// # Errors
    /// [`KeySetError`] if it is too long, malformed, has a weak, private or secret key, two keys of one name, or no
    /// key that could verify a token.
    pub fn parse(bytes: &[u8]) -> Result<Self, KeySetError> {
        parse::keys(bytes).map(|keys| Self { keys })
    }

    /// The names of the keys that can verify tokens.
    pub fn key_ids(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// The key of this name.
    pub(crate) fn key(&self, id: &str) -> Option<&TokenKey> {
        self.keys.get(id)
    }
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
#[cfg(test)]
mod tests;

//! The context map: what a package is authenticated together with.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::{Zeroize, Zeroizing};

use crate::backend::sha512;
use crate::error::{FormatError, InvalidValue};
use crate::wire::{Wire, put_short_field};

/// Most pairs in a map.
pub const MAX_CONTEXT_PAIRS: usize = 32;
/// Longest key in bytes.
pub const MAX_CONTEXT_KEY_LEN: usize = 64;
/// Longest value in bytes.
pub const MAX_CONTEXT_VALUE_LEN: usize = 1024;
/// Longest encoding in bytes.
pub const MAX_CONTEXT_LEN: usize = 8 * 1024;

/// A name in a context: 1 to 64 of `[a-z0-9._-]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContextKey(String);

impl ContextKey {
    /// Checks length and characters.
    ///
    /// # Errors
    /// [`InvalidValue`] if `key` is empty, too long or has another character.
    pub fn new(key: &str) -> Result<Self, InvalidValue> {
        let allowed =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-');
        let fits = (1..=MAX_CONTEXT_KEY_LEN).contains(&key.len()) && key.bytes().all(allowed);
        fits.then(|| Self(key.to_owned())).ok_or(InvalidValue { field: "context key" })
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContextKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Pairs of a key and a text value, sorted by key, without duplicates.
///
/// Encoded as `u16_be(count) ‖ (u16_be(len) ‖ key ‖ u16_be(len) ‖ value)…`. Values are UTF-8 of at most
/// 1,024 bytes, taken as they are, without normalisation. Because values may name patients, they are erased
/// on drop and `Debug` shows keys only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Context(BTreeMap<ContextKey, String>);

impl Context {
    /// An empty map.
    #[must_use]
    pub const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Adds one pair.
    ///
    /// # Errors
    /// [`InvalidValue`] if the key is malformed or already there, the value too long, or the map full;
    /// the map is unchanged.
    pub fn insert(&mut self, key: &str, value: &str) -> Result<(), InvalidValue> {
        let key = ContextKey::new(key)?;
        if value.len() > MAX_CONTEXT_VALUE_LEN {
            return Err(InvalidValue { field: "context value" });
        }
        let added = key.0.len().saturating_add(value.len()).saturating_add(4);
        let fits = self.0.len() < MAX_CONTEXT_PAIRS
            && self.encoded_len().saturating_add(added) <= MAX_CONTEXT_LEN
            && !self.0.contains_key(&key);
        if !fits {
            return Err(InvalidValue { field: "context" });
        }
        self.0.insert(key, value.to_owned());
        Ok(())
    }

    /// Whether there is no pair.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys, ascending.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &ContextKey> {
        self.0.keys()
    }

    /// The pairs, ascending by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&ContextKey, &str)> {
        self.0.iter().map(|(key, value)| (key, value.as_str()))
    }

    fn encoded_len(&self) -> usize {
        let pair = |(key, value): (&ContextKey, &String)| {
            key.0.len().saturating_add(value.len()).saturating_add(4)
        };
        self.0.iter().map(pair).fold(2, usize::saturating_add)
    }

    pub(crate) fn encode(&self) -> Zeroizing<Vec<u8>> {
        // The full capacity at once: a growing vector would leave values behind in freed memory.
        let mut out = Zeroizing::new(Vec::with_capacity(self.encoded_len()));
        out.extend_from_slice(&count(self.0.len()));
        for (key, value) in &self.0 {
            put_short_field(&mut out, key.0.as_bytes());
            put_short_field(&mut out, value.as_bytes());
        }
        out
    }

    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let invalid = || FormatError::Value { field: "stored context" };
        if bytes.len() > MAX_CONTEXT_LEN {
            return Err(FormatError::Length { field: "stored context" });
        }
        let mut wire = Wire::new(bytes);
        let pairs = wire.u16().ok_or_else(invalid)?;
        let mut map = Self::new();
        for _ in 0..pairs {
            let key =
                wire.short_field().and_then(|k| str::from_utf8(k).ok()).ok_or_else(invalid)?;
            let value =
                wire.short_field().and_then(|v| str::from_utf8(v).ok()).ok_or_else(invalid)?;
            if map.0.last_key_value().is_some_and(|(last, _)| last.0.as_str() >= key) {
                return Err(invalid());
            }
            map.insert(key, value)?;
        }
        if wire.is_empty() { Ok(map) } else { Err(invalid()) }
    }

    /// `X`: SHA-512 of the encoding.
    pub(crate) fn digest(&self) -> [u8; 64] {
        sha512(&[&self.encode()])
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        self.0.values_mut().for_each(Zeroize::zeroize);
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.keys().map(ContextKey::as_str)).finish()
    }
}

fn count(len: usize) -> [u8; 2] {
    u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes()
}

/// Encodes the names of reproduced keys: `u16_be(count) ‖ (u16_be(len) ‖ key)…`, ascending.
pub(crate) fn encode_names<'a>(names: impl ExactSizeIterator<Item = &'a ContextKey>) -> Vec<u8> {
    let mut out = count(names.len()).to_vec();
    names.for_each(|name| put_short_field(&mut out, name.0.as_bytes()));
    out
}

pub(crate) fn parse_names(bytes: &[u8]) -> Result<Vec<ContextKey>, FormatError> {
    let invalid = || FormatError::Value { field: "names of reproduced context" };
    let mut wire = Wire::new(bytes);
    let count = usize::from(wire.u16().ok_or_else(invalid)?);
    if !(1..=MAX_CONTEXT_PAIRS).contains(&count) {
        return Err(FormatError::Length { field: "names of reproduced context" });
    }
    let mut names: Vec<ContextKey> = Vec::with_capacity(count);
    for _ in 0..count {
        let name = wire.short_field().and_then(|k| str::from_utf8(k).ok()).ok_or_else(invalid)?;
        let name = ContextKey::new(name)?;
        if names.last().is_some_and(|last| *last >= name) {
            return Err(invalid());
        }
        names.push(name);
    }
    if wire.is_empty() { Ok(names) } else { Err(invalid()) }
}

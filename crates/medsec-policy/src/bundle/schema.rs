//! Which schema the rules of a policy were written for.

use sha2::{Digest as _, Sha256};

/// The number of the schema that this version ships. It goes up when the schema's text changes.
const VERSION: u32 = 1;

/// A schema: its number and the SHA-256 of its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SchemaId {
    pub(super) version: u32,
    pub(super) sha256: [u8; 32],
}

impl SchemaId {
    /// The one that the engine has.
    pub(super) fn shipped() -> Self {
        Self::of(VERSION, crate::engine::SCHEMA)
    }

    pub(super) fn of(version: u32, text: &str) -> Self {
        Self { version, sha256: Sha256::digest(text).into() }
    }
}

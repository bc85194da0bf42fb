//! Errors that more than one operation shares. Each operation's own error stands beside it.

use std::fmt;

/// A part of a package, for errors that must say where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The first 16 bytes.
    Preamble,
    /// Identity, flags and typed fields of the package.
    Core,
    /// The two recipient slots.
    Slots,
    /// Salt, commitment and encrypted chunks.
    Payload,
    /// The encrypted metadata section.
    Metadata,
    /// The signed trailer.
    Trailer,
    /// The side-car file of group roots.
    SideCar,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Preamble => "preamble",
            Self::Core => "core",
            Self::Slots => "recipient slots",
            Self::Payload => "payload",
            Self::Metadata => "metadata",
            Self::Trailer => "trailer",
            Self::SideCar => "side-car",
        })
    }
}

/// The bytes are not a sealed package of a kind this version reads. Found before any key is used;
/// nothing was decrypted and nothing written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The magic is missing.
    #[error("not a sealed package")]
    NotAPackage,
    /// The magic is there but damaged as by a transfer in text mode.
    #[error("sealed package damaged by a transfer in text mode; copy the original again as binary")]
    TextTransfer,
    /// A format version this crate does not read.
    #[error("format version {found} is not supported")]
    Version {
        /// The version in the file.
        found: u16,
    },
    /// A suite this crate does not read.
    #[error("cipher suite {found:#06x} is not supported")]
    Suite {
        /// The suite in the file.
        found: u16,
    },
    /// The input ends within a part, or a part claims more bytes than there are.
    #[error("input ends within the {part}")]
    Truncated {
        /// Where.
        part: Part,
    },
    /// A part has bytes left over.
    #[error("the {part} has trailing bytes")]
    TrailingBytes {
        /// Where.
        part: Part,
    },
    /// A length lies outside its limits.
    #[error("{field} has a length outside its limits")]
    Length {
        /// Which field.
        field: &'static str,
    },
    /// A field's value is not allowed.
    #[error("{field} is not valid")]
    Value {
        /// Which field.
        field: &'static str,
    },
    /// Flags that must be zero are set.
    #[error("reserved flags are set: {flags:#010x}")]
    ReservedFlags {
        /// All flags as read.
        flags: u32,
    },
    /// A field that this version must know but does not.
    #[error("unknown critical field {tag:#06x}")]
    UnknownField {
        /// The tag.
        tag: u16,
    },
    /// Fields are not strictly ascending.
    #[error("field {tag:#06x} is out of order or repeated")]
    FieldOrder {
        /// The offending tag.
        tag: u16,
    },
    /// A field that must be there is not, or one that must not be there is.
    #[error("{field} and the flags do not agree")]
    Disagreement {
        /// Which field.
        field: &'static str,
    },
    /// Neither recipient slot is whole.
    #[error("recipient slot damaged: no whole recipient slot is left")]
    SlotsDamaged,
    /// Both recipient slots claim the same generation.
    #[error("both recipient slots have the same generation")]
    SlotGenerations,
}

impl From<InvalidValue> for FormatError {
    fn from(error: InvalidValue) -> Self {
        Self::Value { field: error.field }
    }
}

/// A value does not fit its field. Nothing was done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} is not valid")]
pub struct InvalidValue {
    /// Which field.
    pub field: &'static str,
}

/// A key is not 32 bytes long. The bytes given were erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key must be exactly 32 bytes long")]
pub struct InvalidKeyLength;

/// The operating system gave no randomness; nothing was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no randomness; nothing was written")]
pub struct RandomError;

/// Authentication failed. Deliberately opaque: a wrong key, a wrong context value and an altered
/// header look alike, so that nobody learns by trying which of them it was. Nothing was decrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not authentic: wrong key, wrong context, or altered package")]
pub struct NotAuthentic;

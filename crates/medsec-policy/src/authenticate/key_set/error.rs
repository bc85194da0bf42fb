//! Why there is no key set.

use std::io;

/// There is no key set; no token of this issuer is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeySetError {
    /// Longer than [`KeySet::MAX_LEN`](super::KeySet::MAX_LEN).
    #[error("the key set is too long")]
    TooLong,
    /// Not a JSON object with a list `keys` of objects.
    #[error("the key set is not a JSON object with a list of keys")]
    Malformed,
    /// A name stands twice in an object.
    #[error("the key set has a member twice")]
    DuplicateMember,
    /// More than [`KeySet::MAX_KEYS`](super::KeySet::MAX_KEYS).
    #[error("the key set has too many keys")]
    TooManyKeys,
    /// A private or secret key: whoever can read the set could sign.
    #[error("the key set holds a private or secret key")]
    PrivateKey,
    /// Two keys have one name.
    #[error("two keys of the set have one name")]
    DuplicateKeyId,
    /// A part of a key is missing, or not in the form that RFC 7518 gives it.
    #[error("a key of the set is malformed")]
    KeyForm,
    /// RSA of fewer than 2048 or more than 8192 bits, or with an exponent that is even, below 65537 or above 32 bits.
    #[error("a key of the set is weak or of a size that is not used")]
    KeySize,
    /// No key could verify a token.
    #[error("the key set has no key that can verify a token")]
    NoUsableKey,
    /// Not a regular file.
    #[error("the key set is not a regular file")]
    NotAFile,
    /// Others than its owner may write the file, or it belongs to another user.
    #[error("the key set's file can be changed by other users")]
    NotProtected,
    /// The file cannot be read.
    #[error("the key set cannot be read: {0}")]
    Unreadable(io::ErrorKind),
    /// The place it comes from does not answer, or not as it should.
    #[error("the key set cannot be had")]
    Unavailable,
}

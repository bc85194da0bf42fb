//! Identifiers and digests as newtypes, each with its shape and limits.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::error::{InvalidValue, RandomError};
use crate::secret::random_array;

macro_rules! byte_id {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $len]);

        impl $name {
            /// Length in bytes.
            pub const LEN: usize = $len;

            /// Takes the bytes as they are.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; $len]) -> Self {
                Self(bytes)
            }

            /// The bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

byte_id!(
    /// Names one package: 16 random bytes, drawn when it is sealed. Opaque.
    PackageId, 16
);
byte_id!(
    /// Names a shared data key: 16 random bytes.
    DekId, 16
);
byte_id!(
    /// SHA-256 of the policy bundle a package was sealed under. This crate only binds and compares it.
    PolicyHash, 32
);
byte_id!(
    /// `H`: SHA-512 of a package's preamble and core, as read.
    HeaderHash, 64
);
byte_id!(
    /// What a wrapped data key is bound to. A key service is told no more of a package than this and, where
    /// there is one, its opaque dataset id.
    Bind, 32
);
byte_id!(
    /// RFC 6962 root hash over a payload's encrypted chunks.
    MerkleRoot, 32
);
byte_id!(
    /// SHA-256 that guards a recipient slot against accidents; audit records carry it.
    SlotDigest, 32
);
byte_id!(
    /// Names one dataset's chain of manifests: 16 random bytes, drawn with its first version. Opaque.
    ManifestId, 16
);
byte_id!(
    /// SHA-256 of a whole manifest file.
    ManifestHash, 32
);

impl PackageId {
    /// Draws a fresh identifier.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomError> {
        random_array().map(Self)
    }
}

impl DekId {
    /// Draws a fresh identifier.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomError> {
        random_array().map(Self)
    }
}

impl ManifestId {
    /// Draws a fresh identifier.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomError> {
        random_array().map(Self)
    }
}

/// An opaque name of a dataset: 1 to 128 of `[A-Za-z0-9._-]`. It stands in clear in the package, so it
/// must not identify a patient.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DatasetId(String);

impl DatasetId {
    /// Longest identifier in bytes.
    pub const MAX_LEN: usize = 128;

    /// Checks length and characters.
    ///
    /// # Errors
    /// [`InvalidValue`] if `id` is empty, too long or has another character.
    pub fn new(id: &str) -> Result<Self, InvalidValue> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        let fits = (1..=Self::MAX_LEN).contains(&id.len()) && id.bytes().all(allowed);
        fits.then(|| Self(id.to_owned())).ok_or(InvalidValue { field: "dataset id" })
    }

    /// The identifier.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatasetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A media type such as `application/dicom`, without parameters: at most 127 bytes, two names of
/// RFC 6838 section 4.2 joined by a slash. It stands in clear in the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType(String);

impl ContentType {
    /// Longest media type in bytes.
    pub const MAX_LEN: usize = 127;

    /// Checks length and characters.
    ///
    /// # Errors
    /// [`InvalidValue`] if `media_type` is not `name/name` of restricted characters.
    pub fn new(media_type: &str) -> Result<Self, InvalidValue> {
        let named = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphanumeric())
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
        };
        let fits = media_type.len() <= Self::MAX_LEN
            && media_type.split_once('/').is_some_and(|(kind, sub)| named(kind) && named(sub));
        fits.then(|| Self(media_type.to_owned())).ok_or(InvalidValue { field: "content type" })
    }

    /// The media type.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A point in time in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From seconds since the epoch.
    #[must_use]
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn unix_seconds(self) -> u64 {
        self.0
    }
}

impl From<SystemTime> for Timestamp {
    /// Rounds down to the second; a clock before 1970 reads as the epoch.
    fn from(time: SystemTime) -> Self {
        Self(time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dataset_id_rejects_other_characters() {
        for bad in ["", "a b", "a/b", "ä", "a\n", &"x".repeat(129)] {
            assert!(DatasetId::new(bad).is_err(), "{bad:?}");
        }
        assert!(DatasetId::new(&"x".repeat(128)).is_ok());
    }

    #[test]
    fn content_type_rejects_parameters_and_blanks() {
        for bad in ["", "dicom", "a/", "/b", "a/b;c=d", "a/b c", "a/b/c", "-a/b", "ä/b"] {
            assert!(ContentType::new(bad).is_err(), "{bad:?}");
        }
        assert!(ContentType::new("application/fhir+json").is_ok());
    }

    #[test]
    fn identifiers_print_as_lower_case_hex() {
        let id = PackageId::from_bytes([0xA0; 16]);
        assert_eq!(id.to_string(), "a0".repeat(16));
    }
}

//! Names and identifiers of the key services, each with its shape and limits. All of them stand in
//! clear: they must not identify a patient.

use std::fmt;
use std::str::FromStr;

use medsec_crypto::{InvalidValue, RandomError};

/// Names a key of a key service: what it calls its key, never an alias. 1 to 2,048 visible ASCII
/// characters.
///
/// For the local key store it is the dataset's name, see [`Self::is_local`].
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyName(String);

impl KeyName {
    /// Longest name in bytes.
    pub const MAX_LEN: usize = 2048;

    /// Checks length and characters.
    ///
    /// # Errors
    /// [`InvalidValue`] if `name` is empty, too long or has another character.
    pub fn new(name: &str) -> Result<Self, InvalidValue> {
        let fits = (1..=Self::MAX_LEN).contains(&name.len());
        let visible = name.bytes().all(|byte| byte.is_ascii_graphic());
        (fits && visible).then(|| Self(name.to_owned())).ok_or(InvalidValue { field: "key name" })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the local key store takes the name: 1 to 128 of `[A-Za-z0-9._-]`, the shape of a dataset id.
    #[must_use]
    pub fn is_local(&self) -> bool {
        medsec_crypto::DatasetId::new(&self.0).is_ok()
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for KeyName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::new(text)
    }
}

/// Names a user of a local key store, for ever: a name is not given twice. 1 to 64 of
/// `[A-Za-z0-9._@-]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserName(String);

impl UserName {
    /// Longest name in bytes.
    pub const MAX_LEN: usize = 64;

    /// Checks length and characters.
    ///
    /// # Errors
    /// [`InvalidValue`] if `name` is empty, too long or has another character.
    pub fn new(name: &str) -> Result<Self, InvalidValue> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@');
        let fits = (1..=Self::MAX_LEN).contains(&name.len()) && name.bytes().all(allowed);
        fits.then(|| Self(name.to_owned())).ok_or(InvalidValue { field: "user name" })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for UserName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        Self::new(text)
    }
}

macro_rules! hex_id {
    ($(#[$doc:meta])* $name:ident, $len:literal, $field:literal) => {
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

        impl FromStr for $name {
            type Err = InvalidValue;

            /// Accepts exactly the form that `Display` writes.
            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                from_hex(text).map(Self).ok_or(InvalidValue { field: $field })
            }
        }
    };
}

hex_id!(
    /// Names a local key store: the first 16 bytes of the digest of its founding, so that whoever knows
    /// the name can tell who may change the store.
    StoreId, 16, "store id"
);
hex_id!(
    /// Names a key of a local key store: 16 random bytes.
    KeyId, 16, "key id"
);
hex_id!(
    /// Names the shares of one emergency key: 16 random bytes.
    EmergencySetId, 16, "emergency set"
);
hex_id!(
    /// A SHA-256 digest.
    Digest, 32, "digest"
);

impl KeyId {
    /// Draws a fresh identifier.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomError> {
        random().map(Self)
    }
}

impl EmergencySetId {
    /// Draws a fresh identifier.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomError> {
        random().map(Self)
    }
}

/// Bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| RandomError)?;
    Ok(bytes)
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' => Some(byte.wrapping_sub(b'a').wrapping_add(10)),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_reject_other_shapes() {
        let long = "a".repeat(2049);
        for bad in ["", "a b", "ä", "a\n", &long] {
            assert!(KeyName::new(bad).is_err(), "{bad}");
            assert!(UserName::new(bad).is_err(), "{bad}");
        }
        assert!(!KeyName::new("arn:aws:kms:x").unwrap().is_local());
        assert!(KeyName::new("mri-2026").unwrap().is_local());
    }

    #[test]
    fn identifiers_reject_other_forms() {
        let good = "00112233445566778899aabbccddeeff";
        assert_eq!(good.parse::<StoreId>().unwrap().to_string(), good);
        let upper = good.to_uppercase();
        for bad in ["", &good[2..], &upper, "+0112233445566778899aabbccddeeff"] {
            assert!(bad.parse::<StoreId>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn every_identifier_parses_back(bytes: [u8; 16]) {
            let id = KeyId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse::<KeyId>().unwrap(), id);
        }
    }
}

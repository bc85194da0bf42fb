//! Values that stand in JSON as the strings they are shown as.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::InvalidValue;

/// Serialises a type with `Display` as its string and reads it with `FromStr`. Nothing of a malformed
/// value goes into the error.
macro_rules! as_string {
    ($($name:ty),+) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(|_| serde::de::Error::custom("malformed value"))
            }
        }
    )+};
}

as_string!(
    Base64,
    crate::name::Digest,
    crate::name::KeyId,
    crate::name::KeyName,
    crate::name::StoreId,
    crate::name::UserName,
    crate::public_key::PublicKey,
    crate::utc::UtcTime
);

/// Bytes in base64 (RFC 4648, section 4), padded.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Base64(pub(crate) Vec<u8>);

impl fmt::Display for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(&self.0))
    }
}

impl fmt::Debug for Base64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Base64({} bytes)", self.0.len())
    }
}

impl FromStr for Base64 {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        STANDARD.decode(text).map(Self).map_err(|_| InvalidValue { field: "base64" })
    }
}

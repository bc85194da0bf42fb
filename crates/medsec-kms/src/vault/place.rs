//! Which keys: those of one transit mount in one namespace.

use medsec_crypto::{InvalidValue, KeyRef, StanzaKind};

use crate::name::KeyName;
use crate::service::KeyServiceError;

/// Longest namespace or mount path.
const MAX_PATH_LEN: usize = 256;
/// Longest name of a transit key that is used here.
const MAX_NAME_LEN: usize = 128;

/// A transit mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VaultPlace {
    namespace: String,
    mount: String,
}

impl VaultPlace {
    /// A mount (`transit`) in a namespace (`clinic/radiology`); an empty one is the root namespace. A mount has one
    /// part, so that what packages name their keys by can be read in one way only.
    ///
    /// # Errors
    /// [`InvalidValue`] if one of them is longer than 256 bytes, has an empty part, or a character other than
    /// `[A-Za-z0-9_.-]` and, in a namespace, `/` between parts.
    pub fn new(namespace: &str, mount: &str) -> Result<Self, InvalidValue> {
        if !namespace.is_empty() && !is_path(namespace) {
            return Err(InvalidValue { field: "namespace" });
        }
        if !is_path(mount) || mount.contains('/') {
            return Err(InvalidValue { field: "mount" });
        }
        Ok(Self { namespace: namespace.to_owned(), mount: mount.to_owned() })
    }

    /// The namespace, empty for the root namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The mount.
    #[must_use]
    pub fn mount(&self) -> &str {
        &self.mount
    }

    /// How packages name a key: `namespace/mount/name`.
    ///
    /// # Errors
    /// [`KeyServiceError::Unacceptable`] if transit takes no such name.
    pub fn key_ref(&self, key: &KeyName) -> Result<KeyRef, KeyServiceError> {
        let name = transit_name(key)?;
        let text = format!("{}/{}/{name}", self.namespace, self.mount);
        KeyRef::new(StanzaKind::VaultTransit, text.as_bytes()).map_err(|_| not_a_name())
    }
}

/// A name that transit takes, which is also safe in a path of a URL.
pub(super) fn transit_name(key: &KeyName) -> Result<&str, KeyServiceError> {
    let name = key.as_str();
    let inner = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    let outer = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let bytes = name.as_bytes();
    let fits = bytes.len() <= MAX_NAME_LEN
        && bytes.iter().all(inner)
        && bytes.first().is_some_and(outer)
        && bytes.last().is_some_and(outer);
    if fits { Ok(name) } else { Err(not_a_name()) }
}

const fn not_a_name() -> KeyServiceError {
    KeyServiceError::Unacceptable { field: "key name" }
}

/// Whether these are parts with slashes between, none of which a URL would take for something else.
pub(super) fn is_path(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    let part = |part: &str| {
        !part.is_empty() && part.bytes().all(allowed) && !part.bytes().all(|byte| byte == b'.')
    };
    text.len() <= MAX_PATH_LEN && text.split('/').all(part)
}

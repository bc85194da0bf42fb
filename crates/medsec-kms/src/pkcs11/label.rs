//! Names of keys and of their versions.

use medsec_crypto::{KeyRef, StanzaKind, Timestamp};
use sha2::{Digest as _, Sha256};

use super::settings::TokenSerial;
use crate::name::KeyName;
use crate::service::KeyServiceError;
use crate::utc::UtcTime;

const LABEL: &[u8] = b"medsec/pkcs11-key/v1\0";
const FAMILY_LEN: usize = 16;

/// Longest name of a key here: HSMs cut longer labels.
const MAX_NAME_LEN: usize = 128;

/// What the ids of all versions of a key made here begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Family([u8; FAMILY_LEN]);

impl Family {
    pub(super) fn of(name: &KeyName) -> Self {
        let hash = Sha256::new_with_prefix(LABEL).chain_update(name.as_str()).finalize();
        let mut family = [0; FAMILY_LEN];
        family.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
        Self(family)
    }

    /// The id of a version.
    pub(super) fn id(self, about: &About) -> Vec<u8> {
        let made = about.made.timestamp().unix_seconds();
        let days = about.max_age_days.unwrap_or_default();
        let parts: [&[u8]; 4] =
            [&self.0, &about.version.to_be_bytes(), &made.to_be_bytes(), &days.to_be_bytes()];
        parts.concat()
    }

    /// What an id tells, if it is one of this family.
    pub(super) fn about(self, id: &[u8]) -> Option<About> {
        let (version, rest) = id.strip_prefix(self.0.as_slice())?.split_first_chunk()?;
        let (made, days) = rest.split_first_chunk()?;
        let days = u32::from_be_bytes(days.try_into().ok()?);
        let version = Some(u32::from_be_bytes(*version)).filter(|version| *version > 0)?;
        let made = Timestamp::from_unix_seconds(u64::from_be_bytes(*made)).into();
        Some(About { version, made, max_age_days: Some(days).filter(|days| *days > 0) })
    }
}

/// What an id tells of its version. Tokens have dates for this, which some cannot give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct About {
    /// Its number, from 1.
    pub(super) version: u32,
    pub(super) made: UtcTime,
    pub(super) max_age_days: Option<u32>,
}

/// A name that can be a label.
pub(super) fn label_of(name: &KeyName) -> Result<Vec<u8>, KeyServiceError> {
    let label = name.as_str().as_bytes();
    let fits = label.len() <= MAX_NAME_LEN;
    fits.then(|| label.to_vec()).ok_or(KeyServiceError::Unacceptable { field: "key name" })
}

/// What stanzas call a version.
pub(super) fn key_ref(token: &TokenSerial, id: &[u8]) -> Result<KeyRef, KeyServiceError> {
    let bytes = [token.as_str().as_bytes(), &[0], id].concat();
    let unfit = |_| KeyServiceError::Unsuitable("its CKA_ID is empty or too long");
    KeyRef::new(StanzaKind::Pkcs11, &bytes).map_err(unfit)
}

/// The id in a reference, if the reference is one of this token.
pub(super) fn id_in<'r>(token: &TokenSerial, key_ref: &'r KeyRef) -> Option<&'r [u8]> {
    let (serial, id) = (token.as_str().as_bytes(), key_ref.as_bytes());
    let own = key_ref.kind() == StanzaKind::Pkcs11;
    id.strip_prefix(serial)?.strip_prefix(&[0]).filter(|_| own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_names_key_and_version() {
        let (mri, ct) = (KeyName::new("mri").unwrap(), KeyName::new("ct").unwrap());
        let made = Timestamp::from_unix_seconds(1_800_000_000).into();
        for max_age_days in [None, Some(90)] {
            let about = About { version: 7, made, max_age_days };
            let id = Family::of(&mri).id(&about);
            assert_eq!((id.len(), Family::of(&mri).about(&id)), (32, Some(about)));
            assert_eq!(Family::of(&ct).about(&id), None);
            assert_eq!(Family::of(&mri).about(&id[..31]), None);
            assert_eq!(Family::of(&mri).about(&[id, vec![0]].concat()), None);
        }
        let none = About { version: 0, made, max_age_days: None };
        assert_eq!(Family::of(&mri).about(&Family::of(&mri).id(&none)), None);
    }

    #[test]
    fn reference_is_of_one_token_only() {
        let (one, longer) = (TokenSerial::new("ab").unwrap(), TokenSerial::new("abc").unwrap());
        let named = key_ref(&one, b"\x01\x00\x02").unwrap();
        assert_eq!(id_in(&one, &named), Some(b"\x01\x00\x02".as_slice()));
        assert_eq!(id_in(&longer, &named), None);
        let other = KeyRef::new(StanzaKind::AwsKms, b"arn:aws:kms:eu:1:key/ab").unwrap();
        assert_eq!(id_in(&TokenSerial::new("arn:aws:kms:eu").unwrap(), &other), None);
    }
}

//! Keyed pseudonyms of patients and studies.
//!
//! **A pseudonym remains PHI.** It is the same in all events of one patient, so that their number, times and
//! places show; who has the key can test any identifier against it; and it is derived from the identifier, which
//! 45 CFR 164.514(c) does not take for de-identified. Guard a log with pseudonyms, and what is exported of
//! it, as what it is. Where events of one patient need not be found, a [commitment](crate::Commitment) tells less.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::text::{Hex, InvalidValue, RandomError, Word, from_hex};

/// Longest identifier that a pseudonym is made of, in bytes.
pub const MAX_PSEUDONYM_INPUT_LEN: usize = 1024;
const KEY_LEN: usize = 32;
/// Length in bytes of a block of SHA-256.
const BLOCK_LEN: usize = 64;
const PATIENT: &[u8] = b"medsec/audit-pseudonym/patient/v1\0";
const STUDY: &[u8] = b"medsec/audit-pseudonym/study/v1\0";
const KEY_ID: &[u8] = b"medsec/audit-pseudonym/key-id/v1\0";
/// What a pseudonym starts with in a line.
const PREFIX: &str = "hmac:";

/// Makes pseudonyms. Erased on drop.
///
/// Without it a pseudonym cannot be tested against identifiers, few as there may be of them: it belongs where
/// keys belong, not beside the log. A rotated key makes other pseudonyms; [`PseudonymKeyId`] tells them apart.
pub struct PseudonymKey(Box<[u8; KEY_LEN]>);

impl PseudonymKey {
    /// Draws a fresh key.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives no randomness; nothing was made.
    pub fn generate() -> Result<Self, RandomError> {
        let mut key = Self(Box::new([0; KEY_LEN]));
        getrandom::fill(key.0.as_mut_slice()).map_err(|_| RandomError)?;
        Ok(key)
    }

    /// Takes over a key and erases the caller's copy, also when the length is wrong.
    ///
    /// # Errors
    /// [`InvalidValue`] unless `bytes` is exactly 32 bytes long.
    pub fn take_from(bytes: &mut [u8]) -> Result<Self, InvalidValue> {
        let mut key = Self(Box::new([0; KEY_LEN]));
        let fits = bytes.len() == KEY_LEN;
        if fits {
            key.0.copy_from_slice(bytes);
        }
        bytes.zeroize();
        fits.then_some(key).ok_or(InvalidValue { field: "pseudonym key" })
    }

    /// The raw key, for storing it under protection. The one way to see it.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    /// Names the key, in every pseudonym it makes.
    #[must_use]
    pub fn id(&self) -> PseudonymKeyId {
        PseudonymKeyId(shortened(self.mac(KEY_ID, b"")))
    }

    /// The pseudonym of a patient identifier. Bytes count: whoever writes an identifier in two ways gets two
    /// pseudonyms. Put the assigning authority in front where patient numbers are of several.
    ///
    /// # Errors
    /// [`InvalidValue`] if the identifier is empty or longer than [`MAX_PSEUDONYM_INPUT_LEN`].
    pub fn patient(&self, identifier: &[u8]) -> Result<PatientPseudonym, InvalidValue> {
        Ok(PatientPseudonym { key: self.id(), value: self.value(PATIENT, identifier)? })
    }

    /// The pseudonym of a study identifier, as [`Self::patient`]. The same bytes give another pseudonym.
    ///
    /// # Errors
    /// [`InvalidValue`] if the identifier is empty or longer than [`MAX_PSEUDONYM_INPUT_LEN`].
    pub fn study(&self, identifier: &[u8]) -> Result<StudyPseudonym, InvalidValue> {
        Ok(StudyPseudonym { key: self.id(), value: self.value(STUDY, identifier)? })
    }

    fn value(&self, label: &[u8], identifier: &[u8]) -> Result<[u8; 16], InvalidValue> {
        let fits = (1..=MAX_PSEUDONYM_INPUT_LEN).contains(&identifier.len());
        fits.then(|| shortened(self.mac(label, identifier)))
            .ok_or(InvalidValue { field: "identifier" })
    }

    /// HMAC-SHA-256 (RFC 2104) over label and text; the labels end in the only NUL they have.
    fn mac(&self, label: &[u8], text: &[u8]) -> [u8; 32] {
        // A key shorter than a block is filled up with zeros: so it always has the right length.
        let mut block = Zeroizing::new([0; BLOCK_LEN]);
        block.iter_mut().zip(*self.0).for_each(|(to, from)| *to = from);
        let mut mac = Hmac::<Sha256>::new((&*block).into());
        mac.update(label);
        mac.update(text);
        mac.finalize().into_bytes().into()
    }
}

impl Drop for PseudonymKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PseudonymKey(redacted)")
    }
}

/// Tells pseudonyms of different keys apart; says nothing of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PseudonymKeyId([u8; 8]);

impl fmt::Display for PseudonymKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Hex(&self.0).fmt(f)
    }
}

macro_rules! pseudonym {
    ($(#[$doc:meta])* $name:ident, $field:literal) => {
        $(#[$doc])*
        ///
        /// Shown as `hmac:` key id `:` pseudonym, in hexadecimal. **It remains PHI**: it is derived from an
        /// identifier and the same in all its events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name {
            key: PseudonymKeyId,
            value: [u8; 16],
        }

        impl $name {
            /// The key it was made with.
            #[must_use]
            pub const fn key(&self) -> PseudonymKeyId {
                self.key
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{PREFIX}{}:{}", self.key, Hex(&self.value))
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidValue;

            /// Accepts exactly the form that `Display` writes: of a pseudonym, never of an identifier.
            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                let read = || {
                    let (key, value) = text.strip_prefix(PREFIX)?.split_once(':')?;
                    Some(Self { key: PseudonymKeyId(from_hex(key)?), value: from_hex(value)? })
                };
                read().ok_or(InvalidValue { field: $field })
            }
        }

        impl Word for $name {}
    };
}

pseudonym!(
    /// A patient, by the pseudonym that a [`PseudonymKey`] gives.
    PatientPseudonym, "pseudonym of a patient"
);
pseudonym!(
    /// A study, by the pseudonym that a [`PseudonymKey`] gives.
    StudyPseudonym, "pseudonym of a study"
);

/// The first bytes of a code.
fn shortened<const N: usize>(mac: [u8; 32]) -> [u8; N] {
    let mut short = [0; N];
    for (to, from) in short.iter_mut().zip(mac) {
        *to = from;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> PseudonymKey {
        PseudonymKey::take_from(&mut [byte; 32]).unwrap()
    }

    #[test]
    fn pseudonym_rejects_empty_and_long_identifiers() {
        assert!(key(1).patient(b"").is_err());
        assert!(key(1).study(&[b'a'; 1025]).is_err());
        assert!(key(1).study(&[b'a'; 1024]).is_ok());
    }

    #[test]
    fn key_rejects_other_lengths_and_erases_them() {
        for len in [0, 16, 31, 33, 64] {
            let mut bytes = vec![7; len];
            assert!(PseudonymKey::take_from(&mut bytes).is_err());
            assert!(bytes.iter().all(|byte| *byte == 0));
        }
        assert_eq!(format!("{:?}", key(7)), "PseudonymKey(redacted)");
    }

    #[test]
    fn pseudonym_differs_by_key_kind_and_identifier() {
        let patient = key(1).patient(b"MRN-0042").unwrap();
        assert_eq!(patient, key(1).patient(b"MRN-0042").unwrap());
        assert_ne!(patient, key(2).patient(b"MRN-0042").unwrap());
        assert_ne!(patient, key(1).patient(b"MRN-0043").unwrap());
        assert_ne!(patient.key(), key(2).id());
        assert_ne!(patient.to_string(), key(1).study(b"MRN-0042").unwrap().to_string());
    }

    #[test]
    fn pseudonym_rejects_what_is_none() {
        let text = key(1).patient(b"MRN-0042").unwrap().to_string();
        assert_eq!(text.parse::<PatientPseudonym>().unwrap().to_string(), text);
        let upper = text.to_uppercase();
        for bad in ["", "MRN-0042", "hmac:", &upper, &text[1..], &text[..text.len() - 1]] {
            assert!(bad.parse::<PatientPseudonym>().is_err(), "{bad}");
        }
    }

    /// The example of `docs/formats/audit-log.md`, also computed with Python's `hmac`.
    #[test]
    fn pseudonyms_match_the_page() {
        assert_eq!(key(1).patient(b"MRN-0042").unwrap().to_string(), EXAMPLES[0]);
        assert_eq!(key(1).study(b"1.2.840.113619.2.55").unwrap().to_string(), EXAMPLES[1]);
        let page = include_str!("../../../docs/formats/audit-log.md");
        assert!(EXAMPLES.iter().all(|example| page.contains(example)));
    }

    const EXAMPLES: [&str; 2] = [
        "hmac:08bf4d3e777367b7:dc2bbb369d0c28a088a22659fa6fae87",
        "hmac:08bf4d3e777367b7:9b993c0d0e6490eabf92bbf9445d5bf7",
    ];
}

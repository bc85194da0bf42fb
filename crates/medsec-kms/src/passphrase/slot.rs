//! A secret under a passphrase.

use std::fmt;

use medsec_crypto::{open_message, seal_message};
use zeroize::Zeroizing;

use super::{Argon2Params, Passphrase, PassphraseKdf, SlotError};

/// Longest secret in bytes.
pub const MAX_SLOT_SECRET_LEN: usize = 4096;
/// What a Cobblestone-256 message of one chunk adds.
const OVERHEAD: usize = 72;
const VERSION: u8 = 1;
const LABEL: &[u8] = b"medsec/passphrase-slot/v1\0";
const KDF_LEN: usize = 1 + 4 + 1 + 1 + PassphraseKdf::SALT_LEN;

/// A secret sealed under a passphrase, together with a context that whoever holds the slot states and
/// that must be the same when it is opened.
#[derive(Clone, PartialEq, Eq)]
pub struct PassphraseSlot {
    kdf: PassphraseKdf,
    sealed: Vec<u8>,
}

impl PassphraseSlot {
    /// Seals `secret` under `passphrase`. `kdf` must be fresh.
    ///
    /// # Errors
    /// [`SlotError`]; nothing was sealed.
    pub fn seal(
        kdf: PassphraseKdf,
        passphrase: &Passphrase,
        context: &[u8],
        secret: &[u8],
    ) -> Result<Self, SlotError> {
        if !(1..=MAX_SLOT_SECRET_LEN).contains(&secret.len()) {
            return Err(SlotError::SecretLength);
        }
        let kek = kdf.derive(passphrase)?;
        let sealed = seal_message(&kek, &bound(&kdf, context), secret)?;
        Ok(Self { kdf, sealed })
    }

    /// Opens the secret.
    ///
    /// # Errors
    /// [`SlotError::NotAuthentic`] if the passphrase or the context is another or a byte was changed;
    /// [`SlotError::Memory`] if Argon2id does not get its memory.
    pub fn open(
        &self,
        passphrase: &Passphrase,
        context: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SlotError> {
        let kek = self.kdf.derive(passphrase)?;
        Ok(open_message(&kek, &bound(&self.kdf, context), &self.sealed)?)
    }

    /// Joins the parts as read from a text form.
    ///
    /// # Errors
    /// [`SlotError::Format`] if `sealed` has an impossible length.
    pub fn from_parts(kdf: PassphraseKdf, sealed: Vec<u8>) -> Result<Self, SlotError> {
        let fits = (OVERHEAD + 1..=OVERHEAD + MAX_SLOT_SECRET_LEN).contains(&sealed.len());
        fits.then_some(Self { kdf, sealed }).ok_or(SlotError::Format)
    }

    /// How the key is made.
    #[must_use]
    pub const fn kdf(&self) -> &PassphraseKdf {
        &self.kdf
    }

    /// The sealed secret.
    #[must_use]
    pub fn sealed(&self) -> &[u8] {
        &self.sealed
    }

    /// Encodes the slot.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = encode_kdf(&self.kdf);
        let len = u16::try_from(self.sealed.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&len.to_be_bytes());
        out.extend_from_slice(&self.sealed);
        out
    }

    /// Decodes a slot that takes up all of `bytes`.
    ///
    /// # Errors
    /// [`SlotError::Format`], or [`SlotError::Parameters`] outside the limits of Argon2id.
    pub fn parse(bytes: &[u8]) -> Result<Self, SlotError> {
        let format = SlotError::Format;
        let (version, rest) = bytes.split_first().ok_or(format)?;
        let (memory, rest) = rest.split_first_chunk().ok_or(format)?;
        let (&[passes, lanes], rest) = rest.split_first_chunk().ok_or(format)?;
        let (salt, rest) = rest.split_first_chunk().ok_or(format)?;
        let (len, sealed) = rest.split_first_chunk().ok_or(format)?;
        if *version != VERSION || usize::from(u16::from_be_bytes(*len)) != sealed.len() {
            return Err(format);
        }
        let params = Argon2Params::new(u32::from_be_bytes(*memory), passes, lanes)?;
        Self::from_parts(PassphraseKdf::new(params, *salt), sealed.to_vec())
    }
}

fn encode_kdf(kdf: &PassphraseKdf) -> Vec<u8> {
    let params = kdf.params();
    let mut out = Vec::with_capacity(KDF_LEN);
    out.push(VERSION);
    out.extend_from_slice(&params.memory_kib().to_be_bytes());
    out.extend_from_slice(&[params.passes(), params.lanes()]);
    out.extend_from_slice(kdf.salt());
    out
}

fn bound(kdf: &PassphraseKdf, context: &[u8]) -> Vec<u8> {
    [LABEL, &encode_kdf(kdf), context].concat()
}

impl fmt::Debug for PassphraseSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassphraseSlot").field("params", &self.kdf.params()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::take_from(&mut text.as_bytes().to_vec()).unwrap()
    }

    fn slot(context: &[u8], secret: &[u8]) -> PassphraseSlot {
        let kdf = PassphraseKdf::generate(Argon2Params::new(8, 1, 1).unwrap()).unwrap();
        PassphraseSlot::seal(kdf, &passphrase("right"), context, secret).unwrap()
    }

    #[test]
    fn slot_rejects_wrong_passphrase_and_context() {
        let slot = slot(b"context", b"secret");
        let wrong = Err(SlotError::NotAuthentic);
        assert_eq!(slot.open(&passphrase("wrong"), b"context"), wrong);
        assert_eq!(slot.open(&passphrase("right"), b"other"), wrong);
        assert_eq!(**slot.open(&passphrase("right"), b"context").unwrap(), *b"secret");
    }

    #[test]
    fn every_flipped_bit_is_rejected() {
        let bytes = slot(b"context", b"secret").encode();
        let mut rejected = 0;
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let Ok(slot) = PassphraseSlot::parse(&changed) else {
                    rejected += 1;
                    continue;
                };
                // A parameter that stays within its limits but costs much would only slow the test.
                if slot.kdf().params().memory_kib() > 1024 {
                    continue;
                }
                let opened = slot.open(&passphrase("right"), b"context");
                assert_eq!(opened, Err(SlotError::NotAuthentic), "{at}");
                rejected += 1;
            }
        }
        assert!(rejected > bytes.len() * 7);
    }

    #[test]
    fn every_truncation_is_rejected() {
        let bytes = slot(b"", b"secret").encode();
        for len in 0..bytes.len() {
            assert!(PassphraseSlot::parse(&bytes[..len]).is_err());
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(PassphraseSlot::parse(&longer).is_err());
    }

    #[test]
    fn secret_of_impossible_length_is_refused() {
        let kdf = PassphraseKdf::generate(Argon2Params::new(8, 1, 1).unwrap()).unwrap();
        for secret in [vec![], vec![0; MAX_SLOT_SECRET_LEN + 1]] {
            let sealed = PassphraseSlot::seal(kdf, &passphrase("right"), b"", &secret);
            assert_eq!(sealed, Err(SlotError::SecretLength));
        }
    }

    proptest! {
        #[test]
        fn slot_of_any_secret_opens_again(
            context in proptest::collection::vec(any::<u8>(), 0..64),
            secret in proptest::collection::vec(any::<u8>(), 1..200),
        ) {
            let read = PassphraseSlot::parse(&slot(&context, &secret).encode()).unwrap();
            prop_assert_eq!(&**read.open(&passphrase("right"), &context).unwrap(), &secret);
        }

        #[test]
        fn any_bytes_that_parse_encode_alike(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(slot) = PassphraseSlot::parse(&bytes) {
                prop_assert_eq!(slot.encode(), bytes);
            }
        }
    }
}

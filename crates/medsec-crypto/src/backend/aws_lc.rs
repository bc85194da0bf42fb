//! The AWS-LC backend. With feature `fips` AES-GCM goes through the TLS 1.3 record interface, whose
//! nonces the validated module itself checks to increase; the bytes are the same.

use aws_lc_rs::aead::{AES_256_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
#[cfg(feature = "fips")]
use aws_lc_rs::aead::{TlsProtocolId, TlsRecordOpeningKey, TlsRecordSealingKey};
use aws_lc_rs::digest;
use aws_lc_rs::hkdf::{HKDF_SHA512, KeyType, Prk};
#[cfg(feature = "fips")]
use zeroize::Zeroizing;

use super::{Direction, NONCE_LEN, TAG_LEN};
use crate::error::NotAuthentic;
use crate::secret::KEY_LEN;
use crate::suite::Suite;

pub(crate) enum Aead {
    Plain(LessSafeKey),
    /// Each run of chunks needs a key object of its own, so the key is kept.
    #[cfg(feature = "fips")]
    ApprovedSealing(Box<Zeroizing<[u8; KEY_LEN]>>),
    #[cfg(feature = "fips")]
    ApprovedOpening(TlsRecordOpeningKey),
}

impl Aead {
    pub(super) fn new(
        suite: Suite,
        key: &[u8; KEY_LEN],
        direction: Direction,
    ) -> Result<Self, NotAuthentic> {
        let algorithm = match suite {
            #[cfg(feature = "fips")]
            Suite::Aes256Gcm => return Self::approved(key, direction),
            #[cfg(not(feature = "fips"))]
            Suite::Aes256Gcm => &AES_256_GCM,
            Suite::ChaCha20Poly1305 => &CHACHA20_POLY1305,
        };
        let _ = direction;
        let key = UnboundKey::new(algorithm, key).map_err(|_| NotAuthentic)?;
        Ok(Self::Plain(LessSafeKey::new(key)))
    }

    #[cfg(feature = "fips")]
    fn approved(key: &[u8; KEY_LEN], direction: Direction) -> Result<Self, NotAuthentic> {
        match direction {
            Direction::Seal => {
                let mut kept = Box::new(Zeroizing::new([0; KEY_LEN]));
                kept.copy_from_slice(key);
                Ok(Self::ApprovedSealing(kept))
            }
            Direction::Open => TlsRecordOpeningKey::new(&AES_256_GCM, TlsProtocolId::TLS13, key)
                .map(Self::ApprovedOpening)
                .map_err(|_| NotAuthentic),
        }
    }

    pub(super) fn sealing_run(&self) -> Result<SealingRun<'_>, NotAuthentic> {
        match self {
            Self::Plain(key) => Ok(SealingRun::Plain(key)),
            #[cfg(feature = "fips")]
            Self::ApprovedSealing(key) => {
                TlsRecordSealingKey::new(&AES_256_GCM, TlsProtocolId::TLS13, key.as_slice())
                    .map(SealingRun::Approved)
                    .map_err(|_| NotAuthentic)
            }
            #[cfg(feature = "fips")]
            Self::ApprovedOpening(_) => Err(NotAuthentic),
        }
    }

    pub(super) fn open_in_place(
        &self,
        nonce: [u8; NONCE_LEN],
        chunk: &mut [u8],
    ) -> Result<(), NotAuthentic> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        match self {
            Self::Plain(key) => key.open_in_place(nonce, Aad::empty(), chunk),
            #[cfg(feature = "fips")]
            Self::ApprovedOpening(key) => key.open_in_place(nonce, Aad::empty(), chunk),
            #[cfg(feature = "fips")]
            Self::ApprovedSealing(_) => return Err(NotAuthentic),
        }
        .map(|_| ())
        .map_err(|_| NotAuthentic)
    }
}

pub(crate) enum SealingRun<'a> {
    Plain(&'a LessSafeKey),
    #[cfg(feature = "fips")]
    Approved(TlsRecordSealingKey),
}

impl SealingRun<'_> {
    pub(super) fn seal_in_place(
        &mut self,
        nonce: [u8; NONCE_LEN],
        text: &mut [u8],
    ) -> Result<[u8; TAG_LEN], NotAuthentic> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = match self {
            Self::Plain(key) => key.seal_in_place_separate_tag(nonce, Aad::empty(), text),
            #[cfg(feature = "fips")]
            Self::Approved(key) => key.seal_in_place_separate_tag(nonce, Aad::empty(), text),
        }
        .map_err(|_| NotAuthentic)?;
        tag.as_ref().try_into().map_err(|_| NotAuthentic)
    }
}

struct OutputLen(usize);

impl KeyType for OutputLen {
    fn len(&self) -> usize {
        self.0
    }
}

pub(super) fn hkdf_expand_sha512(
    prk: &[u8],
    info: &[&[u8]],
    out: &mut [u8],
) -> Result<(), NotAuthentic> {
    Prk::new_less_safe(HKDF_SHA512, prk)
        .expand(info, OutputLen(out.len()))
        .and_then(|okm| okm.fill(out))
        .map_err(|_| NotAuthentic)
}

pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| hash.update(part));
    let mut out = [0; 32];
    out.copy_from_slice(hash.finish().as_ref());
    out
}

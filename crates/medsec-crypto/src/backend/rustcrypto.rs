//! The portable backend.

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{AeadInOut, KeyInit};
use chacha20poly1305::ChaCha20Poly1305;
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use super::{NONCE_LEN, TAG_LEN};
use crate::error::NotAuthentic;
use crate::secret::KEY_LEN;
use crate::suite::Suite;

/// Boxed, so that moving the value does not copy the key schedule; making it may leave one on the stack.
pub(crate) enum Aead {
    Aes(Box<Aes256Gcm>),
    ChaCha(Box<ChaCha20Poly1305>),
}

impl Aead {
    pub(super) fn new(suite: Suite, key: &[u8; KEY_LEN]) -> Self {
        match suite {
            Suite::Aes256Gcm => Self::Aes(Box::new(Aes256Gcm::new(key.into()))),
            Suite::ChaCha20Poly1305 => Self::ChaCha(Box::new(ChaCha20Poly1305::new(key.into()))),
        }
    }

    pub(super) fn seal_in_place(
        &self,
        nonce: [u8; NONCE_LEN],
        text: &mut [u8],
    ) -> Result<[u8; TAG_LEN], NotAuthentic> {
        match self {
            Self::Aes(aead) => aead.encrypt_inout_detached(&nonce.into(), &[], text.into()),
            Self::ChaCha(aead) => aead.encrypt_inout_detached(&nonce.into(), &[], text.into()),
        }
        .map(Into::into)
        .map_err(|_| NotAuthentic)
    }

    pub(super) fn open_in_place(
        &self,
        nonce: [u8; NONCE_LEN],
        chunk: &mut [u8],
    ) -> Result<(), NotAuthentic> {
        let (text, tag) = chunk.split_last_chunk_mut::<TAG_LEN>().ok_or(NotAuthentic)?;
        let tag = (*tag).into();
        match self {
            Self::Aes(aead) => aead.decrypt_inout_detached(&nonce.into(), &[], text.into(), &tag),
            Self::ChaCha(aead) => {
                aead.decrypt_inout_detached(&nonce.into(), &[], text.into(), &tag)
            }
        }
        .map_err(|_| NotAuthentic)
    }
}

/// RFC 5869 section 2.3. `Hkdf::from_prk` of the hkdf crate refuses a key shorter than the hash, which
/// the construction used here requires, hence these few lines over HMAC.
pub(super) fn hkdf_expand_sha512(
    prk: &[u8],
    info: &[&[u8]],
    out: &mut [u8],
) -> Result<(), NotAuthentic> {
    let keyed = Hmac::<Sha512>::new_from_slice(prk).map_err(|_| NotAuthentic)?;
    let mut previous = Zeroizing::new(Vec::with_capacity(64));
    for (index, block) in out.chunks_mut(64).enumerate() {
        let counter =
            u8::try_from(index).ok().and_then(|n| n.checked_add(1)).ok_or(NotAuthentic)?;
        let mut mac = keyed.clone();
        mac.update(&previous);
        info.iter().for_each(|part| mac.update(part));
        mac.update(&[counter]);
        let output = Zeroizing::new(<[u8; 64]>::from(mac.finalize().into_bytes()));
        for (to, from) in block.iter_mut().zip(output.iter()) {
            *to = *from;
        }
        previous.clear();
        previous.extend_from_slice(output.as_slice());
    }
    Ok(())
}

pub(super) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

pub(super) fn sha512(parts: &[&[u8]]) -> [u8; 64] {
    let mut hash = Sha512::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

pub(super) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // INVARIANT: HMAC takes keys of any length, so the other branch is never taken.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return [0; 32];
    };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

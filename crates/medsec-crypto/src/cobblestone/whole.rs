//! Small messages as a whole, in memory: wrapped keys, metadata, stored secrets.

use zeroize::Zeroizing;

use super::overhead_of;
use super::{CHUNK_LEN, ChunkCipher, MessageKeys, MessageLen, Prefix, SALT_LEN, SEALED_CHUNK_LEN};
use crate::backend::{Direction, TAG_LEN};
use crate::error::{NotAuthentic, RandomError};
use crate::secret::{KEY_LEN, Kek, random_array, secret_buffer};
use crate::suite::{Backend, Suite};

/// Seals a small secret under a key as one Cobblestone-256 message:
/// `salt(24) ‖ commitment(32) ‖ chunks`, 72 bytes longer than a secret below 16 KiB.
///
/// The message commits to key and context, so it can be opened only with both; there is no limit of
/// practical concern to the number of messages under one key, because each derives its own. The whole
/// secret is held in memory: for files use a package.
///
/// # Errors
/// [`RandomError`] if the operating system gives no salt; nothing was sealed.
pub fn seal_message(kek: &Kek, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, RandomError> {
    let suite = Suite::Aes256Gcm;
    seal_message_with(Backend::default(), suite, kek.expose_secret(), &[context], secret)
}

/// Opens what [`seal_message`] made.
///
/// # Errors
/// [`NotAuthentic`] if key or context is another, or a byte was changed; nothing was decrypted.
pub fn open_message(
    kek: &Kek,
    context: &[u8],
    message: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotAuthentic> {
    let suite = Suite::Aes256Gcm;
    open_message_with(Backend::default(), suite, kek.expose_secret(), &[context], message)
}

pub(crate) fn seal_message_with(
    backend: Backend,
    suite: Suite,
    key: &[u8; KEY_LEN],
    context: &[&[u8]],
    plaintext: &[u8],
) -> Result<Vec<u8>, RandomError> {
    let salt = random_array::<SALT_LEN>()?;
    seal_message_salted(backend, suite, key, salt, context, plaintext).map_err(|_| RandomError)
}

/// The deterministic part, for vectors.
pub(super) fn seal_message_salted(
    backend: Backend,
    suite: Suite,
    key: &[u8; KEY_LEN],
    salt: [u8; SALT_LEN],
    context: &[&[u8]],
    plaintext: &[u8],
) -> Result<Vec<u8>, NotAuthentic> {
    let keys = MessageKeys::derive(backend, suite, key, &salt, context)?;
    let cipher = ChunkCipher::new(backend, suite, &keys, Direction::Seal)?;
    let overhead = usize::try_from(overhead_of(plaintext.len() as u64)).unwrap_or(usize::MAX);
    let mut out = Vec::with_capacity(plaintext.len().saturating_add(overhead));
    out.extend_from_slice(&keys.prefix(salt).to_bytes());
    let mut rest = plaintext;
    let mut number = 0;
    loop {
        let (text, tail) = rest.split_at_checked(CHUNK_LEN).unwrap_or((rest, &[]));
        let mut chunk = secret_buffer(text.len().saturating_add(TAG_LEN));
        chunk.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        cipher.seal_run(number, &mut chunk)?;
        out.extend_from_slice(&chunk);
        if text.len() < CHUNK_LEN {
            return Ok(out);
        }
        rest = tail;
        number = number.saturating_add(1);
    }
}

pub(crate) fn open_message_with(
    backend: Backend,
    suite: Suite,
    key: &[u8; KEY_LEN],
    context: &[&[u8]],
    message: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotAuthentic> {
    let len = MessageLen::of_sealed(message.len() as u64).ok_or(NotAuthentic)?;
    let (prefix, chunks) = Prefix::parse(message).ok_or(NotAuthentic)?;
    let keys = MessageKeys::derive(backend, suite, key, &prefix.salt, context)?;
    keys.check(&prefix)?;
    let cipher = ChunkCipher::new(backend, suite, &keys, Direction::Open)?;
    let plain_len = usize::try_from(len.plain_len()).map_err(|_| NotAuthentic)?;
    let mut out = Zeroizing::new(Vec::with_capacity(plain_len));
    for (sealed, number) in chunks.chunks(SEALED_CHUNK_LEN).zip(0..) {
        let mut chunk = Zeroizing::new(sealed.to_vec());
        cipher.open_run(number, &mut chunk).map_err(|_| NotAuthentic)?;
        let text = chunk.len().saturating_sub(TAG_LEN);
        out.extend_from_slice(chunk.get(..text).unwrap_or_default());
    }
    Ok(out)
}

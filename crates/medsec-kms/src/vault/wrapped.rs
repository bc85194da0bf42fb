//! The text that transit makes of a data key: `vault:v<version>:<base64>`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::{Dek, KeyRef, Stanza};
use zeroize::Zeroizing;

use crate::service::KeyServiceError;

/// Nonce, data key and tag of the ciphers that are used here: 12 or 24, 32 and 16 bytes.
const LENGTHS: [usize; 2] = [60, 72];

/// The text of a stanza, if transit can have made it. What is not exactly of its form is refused here: the server
/// reads some texts that differ from what it made, with line breaks in them or other bits behind the last byte, as
/// the same.
pub(super) fn text(wrapped: &[u8]) -> Result<&str, KeyServiceError> {
    let text = std::str::from_utf8(wrapped).map_err(|_| KeyServiceError::NotAuthentic)?;
    if is_wrapped(text) { Ok(text) } else { Err(KeyServiceError::NotAuthentic) }
}

/// A stanza of what the server made.
pub(super) fn stanza(key_ref: &KeyRef, text: &str) -> Result<Stanza, KeyServiceError> {
    let wrong = KeyServiceError::Answer("its wrapped data key is not of the form that is due");
    if !is_wrapped(text) {
        return Err(wrong);
    }
    Stanza::new(key_ref.clone(), text.as_bytes().to_vec()).map_err(|_| wrong)
}

/// The version of the key that made a text.
pub(super) fn version(wrapped: &[u8]) -> Option<u32> {
    let (version, _) = text(wrapped).ok()?.strip_prefix("vault:v")?.split_once(':')?;
    version.parse().ok()
}

fn is_wrapped(text: &str) -> bool {
    let Some((version, content)) = text.strip_prefix("vault:v").and_then(|t| t.split_once(':'))
    else {
        return false;
    };
    let digits = version.bytes().all(|byte| byte.is_ascii_digit()) && !version.starts_with('0');
    let fits = digits && (1..=9).contains(&version.len());
    fits && STANDARD.decode(content).is_ok_and(|bytes| LENGTHS.contains(&bytes.len()))
}

/// The data key in an answer.
pub(super) fn dek(plaintext: &str) -> Result<Dek, KeyServiceError> {
    const WRONG: KeyServiceError = KeyServiceError::Answer("its data key is not of 32 bytes");
    // 44 characters of base64 are 33 bytes at most.
    let mut bytes = Zeroizing::new([0_u8; 33]);
    let len = STANDARD.decode_slice(plaintext, bytes.as_mut_slice()).map_err(|_| WRONG)?;
    Dek::take_from(bytes.get_mut(..len).unwrap_or_default()).map_err(|_| WRONG)
}

/// A data key as the server takes it.
pub(super) fn plaintext(dek: &Dek) -> Zeroizing<String> {
    // Made at its full length: growing would leave copies behind.
    let mut text = Zeroizing::new(String::with_capacity(64));
    STANDARD.encode_string(dek.expose_secret(), &mut text);
    text
}

//! The text form of a store's state: one line that says what it is, one with the signature, then JSON.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::{SIGNATURE_LEN, SigningKey};
use sha2::{Digest as _, Sha256};

use super::administrators;
use super::error::{ChangeError, StoreError};
use super::state::State;
use crate::name::Digest;
use crate::public_key::PublicKey;

/// Longest state file that is read or written, in bytes.
pub const MAX_STORE_LEN: usize = 64 * 1024 * 1024;
const FIRST_LINE: &str = "medsec key store v1\n";
const SIGNATURE: &str = "signature: ";
const LABEL: &str = "key-store/v1";

/// Renders and signs.
pub(super) fn render(state: &State, signer: &SigningKey) -> Result<Vec<u8>, ChangeError> {
    let mut body = serde_json::to_vec_pretty(state).map_err(|_| StoreError::Format)?;
    body.push(b'\n');
    let signature = STANDARD.encode(signer.sign_labelled(LABEL, &body));
    let head = format!("{FIRST_LINE}{SIGNATURE}{signature}\n");
    let text = [head.as_bytes(), &body].concat();
    if text.len() > MAX_STORE_LEN { Err(ChangeError::Full { what: "bytes" }) } else { Ok(text) }
}

/// Reads a state and verifies everything that the file itself can show: the chain of administrators from
/// the founding, that it gives the store's id, and that one of the present administrators signed.
pub(super) fn parse(text: &[u8]) -> Result<State, StoreError> {
    let (signature, body) = split(text)?;
    let state: State = serde_json::from_slice(body).map_err(|_| StoreError::Format)?;
    verify_signature(&state, body, &signature)?;
    // Only now is it known who wrote it.
    accept(state, body)
}

/// Reads a state without asking who signed it: lets a fuzzer reach what follows.
#[cfg(any(test, fuzzing))]
pub(super) fn parse_unsigned(body: &[u8]) -> Result<State, StoreError> {
    accept(serde_json::from_slice(body).map_err(|_| StoreError::Format)?, body)
}

/// The signature, and what is signed.
fn split(text: &[u8]) -> Result<([u8; SIGNATURE_LEN], &[u8]), StoreError> {
    if text.len() > MAX_STORE_LEN {
        return Err(StoreError::TooLong);
    }
    let rest = text.strip_prefix(FIRST_LINE.as_bytes()).ok_or(StoreError::Format)?;
    let rest = rest.strip_prefix(SIGNATURE.as_bytes()).ok_or(StoreError::Format)?;
    let end = rest.iter().position(|byte| *byte == b'\n').ok_or(StoreError::Format)?;
    let (signature, body) = rest.split_at_checked(end).ok_or(StoreError::Format)?;
    let body = body.get(1..).unwrap_or_default();
    Ok((signature_of(signature).ok_or(StoreError::Format)?, body))
}

/// A state has one form only, so that all readers see the same in it.
fn accept(state: State, body: &[u8]) -> Result<State, StoreError> {
    let mut rest = Rest(body);
    let alike = serde_json::to_writer_pretty(&mut rest, &state).is_ok() && rest.0 == b"\n";
    if alike && state.is_sound() { Ok(state) } else { Err(StoreError::Format) }
}

/// What has not been written yet of a text that is known. Takes nothing else.
struct Rest<'a>(&'a [u8]);

impl io::Write for Rest<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.strip_prefix(bytes).ok_or(io::ErrorKind::InvalidData)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn signature_of(text: &[u8]) -> Option<[u8; SIGNATURE_LEN]> {
    // Longer text is none; it is not decoded.
    let fits = text.len() <= SIGNATURE_LEN.saturating_mul(2);
    fits.then(|| STANDARD.decode(text).ok()?.try_into().ok()).flatten()
}

fn verify_signature(
    state: &State,
    body: &[u8],
    signature: &[u8; SIGNATURE_LEN],
) -> Result<(), StoreError> {
    let founded = administrators::verify(&state.administrators);
    let present = state.administrators.last();
    let permitted = founded == Some(state.store)
        && present
            .is_some_and(|step| step.names(&state.signed_by) && step.since() <= state.generation);
    let signer = state.signed_by.as_signer().filter(|_| permitted);
    let signer = signer.ok_or(StoreError::NotAuthentic)?;
    signer.verify_labelled(LABEL, body, signature).map_err(|_| StoreError::NotAuthentic)
}

/// SHA-256 of a file.
pub(super) fn digest(text: &[u8]) -> Digest {
    Digest::from_bytes(Sha256::digest(text).into())
}

/// The keys of those who may sign, as anyone can verify them from the store's id alone.
pub(super) fn present_administrators(state: &State) -> &[PublicKey] {
    state.administrators.last().map_or(&[], |step| step.keys())
}

//! Which signatures of a note are those of known keys.

use super::key::{Algorithm, VerifierKey};
use super::{Note, NoteSignature};

/// Separates cosignatures from everything else that an Ed25519 key may sign.
const COSIGNATURE: &str = "cosignature/v1";

/// Seconds since 1970 without leap seconds, at most 2^63 − 1: the time that a witness puts beside its signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PosixTime(u64);

impl PosixTime {
    /// Checks the limit of the specification.
    #[must_use]
    pub const fn new(seconds: u64) -> Option<Self> {
        if seconds <= i64::MAX.unsigned_abs() { Some(Self(seconds)) } else { None }
    }

    /// Seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }
}

/// What a verification has shown: at least one known key signed, and none of their signatures is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "which keys signed decides what the note is worth"]
pub struct Verified<'k> {
    // INVARIANT: not empty.
    signatures: Vec<VerifiedSignature<'k>>,
}

/// A signature that a known key made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifiedSignature<'k> {
    /// The key.
    pub key: &'k VerifierKey,
    /// When a witness says it signed; nothing for [`Algorithm::Ed25519`].
    pub time: Option<PosixTime>,
}

/// Why the text of a note must not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyNoteError {
    /// No known key signed.
    #[error("no signature of a known key")]
    NoKnownKey,
    /// A line says that a known key made it, and that is not so. The specification lets a client reject the
    /// whole note then, and this one does.
    #[error("the note is not authentic: a signature of a known key is wrong")]
    NotAuthentic,
    /// Two of the keys to verify with have the same name and ID.
    #[error("two known keys have the same name and ID")]
    AmbiguousKeys,
}

impl<'k> Verified<'k> {
    /// One entry for each key that signed, in the order of the lines.
    #[must_use]
    pub fn signatures(&self) -> &[VerifiedSignature<'k>] {
        &self.signatures
    }

    /// The signature of a key, if it signed.
    #[must_use]
    pub fn by(&self, key: &VerifierKey) -> Option<&VerifiedSignature<'k>> {
        self.signatures.iter().find(|signature| signature.key == key)
    }
}

impl Note {
    /// Verifies every signature that names one of `known`; the others count for nothing. Of several lines of one key
    /// each must be right and the first counts.
    ///
    /// That *some* known key signed is all this says: whoever needs the log's signature, or a number of witnesses,
    /// asks [`Verified`] for them.
    ///
    /// # Errors
    /// [`VerifyNoteError`]; the text must then not be used.
    pub fn verify<'k>(&self, known: &[&'k VerifierKey]) -> Result<Verified<'k>, VerifyNoteError> {
        let mut signatures: Vec<VerifiedSignature<'k>> = Vec::new();
        for line in self.signatures() {
            let Some(key) = named(line, known)? else { continue };
            let verified = verified(self.text().as_str(), line, key);
            let verified = verified.ok_or(VerifyNoteError::NotAuthentic)?;
            if !signatures.iter().any(|earlier| earlier.key == key) {
                signatures.push(verified);
            }
        }
        if signatures.is_empty() {
            return Err(VerifyNoteError::NoKnownKey);
        }
        Ok(Verified { signatures })
    }
}

/// The known key that the line names.
fn named<'k>(
    line: &NoteSignature,
    known: &[&'k VerifierKey],
) -> Result<Option<&'k VerifierKey>, VerifyNoteError> {
    let mut keys = known.iter().copied().filter(|key| line.names(key));
    let first = keys.next();
    if keys.any(|other| Some(other) != first) {
        return Err(VerifyNoteError::AmbiguousKeys);
    }
    Ok(first)
}

/// Verifies one line.
fn verified<'k>(
    text: &str,
    line: &NoteSignature,
    key: &'k VerifierKey,
) -> Option<VerifiedSignature<'k>> {
    let (time, signature) = match key.algorithm() {
        Algorithm::Ed25519 => (None, line.bytes()),
        Algorithm::CosignatureV1 => {
            let (time, signature) = line.bytes().split_first_chunk()?;
            (Some(PosixTime::new(u64::from_be_bytes(*time))?), signature)
        }
    };
    let signature = signature.try_into().ok()?;
    let valid = key.verifies(message(text, time).as_bytes(), signature);
    valid.then_some(VerifiedSignature { key, time })
}

/// What is signed: the text, for a cosignature after a header and the time.
pub(super) fn message(text: &str, time: Option<PosixTime>) -> String {
    let Some(time) = time else { return text.to_owned() };
    format!("{COSIGNATURE}\ntime {}\n{text}", time.0)
}

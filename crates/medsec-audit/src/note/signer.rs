//! Who signs notes.

use std::error::Error;
use std::fmt;

use ed25519_dalek::Signer as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::format::NoteText;
use super::key::{Algorithm, KeyName, VerifierKey, VerifierKeyError};
use super::verify::{PosixTime, message};
use super::{MAX_NOTE_LEN, MAX_NOTE_SIGNATURES, Note, NoteSignature};

/// Holds the private half of a [`VerifierKey`], or knows a key service or a token that does. Blocks for as long as
/// signing takes.
///
/// [`Note::sign`] and [`Note::cosign`] say what is signed, and verify what comes back.
pub trait NoteSigner: Send + Sync {
    /// The key that verifies what this one signs.
    fn verifier_key(&self) -> &VerifierKey;

    /// Signs `message` as it is with Ed25519 (RFC 8032, not prehashed).
    ///
    /// # Errors
    /// [`SignerError`]; nothing has been signed, or nobody knows.
    fn sign_message(&self, message: &[u8]) -> Result<[u8; 64], SignerError>;
}

/// Why a signer did not sign.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignerError {
    /// The signer did not answer; it may later.
    #[error("the signer did not answer")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// The signer answered that it does not sign this.
    #[error("the signer refused to sign")]
    Refused(#[source] Box<dyn Error + Send + Sync>),
}

impl SignerError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Why a note was not signed. The note is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignNoteError {
    /// The signer did not sign.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// What the signer returned does not verify with its key.
    #[error("the signer returned a wrong signature")]
    WrongSignature,
    /// A note is first signed by a log, without a time; a witness signs with one.
    #[error("the signer's algorithm does not fit: a log signs without a time, a witness with one")]
    Algorithm,
    /// The note has a signature of this key already.
    #[error("the key has signed this note already")]
    AlreadySigned,
    /// The note would have more than [`MAX_NOTE_SIGNATURES`] signatures or [`MAX_NOTE_LEN`] bytes.
    #[error("the note has no room for another signature")]
    Full,
}

/// Why a key could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeedError {
    /// A seed is 32 bytes.
    #[error("a seed is 32 bytes long")]
    Length,
    /// The seed has a public key that is not to be used.
    #[error(transparent)]
    Key(#[from] VerifierKeyError),
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness")]
    Random(#[source] getrandom::Error),
}

/// An Ed25519 key in memory. Erased on drop.
pub struct Ed25519NoteSigner {
    key: Box<ed25519_dalek::SigningKey>,
    verifier: VerifierKey,
}

impl Note {
    /// Signs a text for the first time, as a log does.
    ///
    /// # Errors
    /// [`SignNoteError`]; there is no note then.
    pub fn sign(text: NoteText, signer: &dyn NoteSigner) -> Result<Self, SignNoteError> {
        let mut note = Self { text, signatures: Vec::new() };
        note.add(signer, None)?;
        Ok(note)
    }

    /// Adds the signature of another key of algorithm [`Algorithm::Ed25519`].
    ///
    /// # Errors
    /// [`SignNoteError`]; the note is as it was.
    pub fn countersign(&mut self, signer: &dyn NoteSigner) -> Result<(), SignNoteError> {
        self.add(signer, None)
    }

    /// Adds the signature of a witness, who says that it saw no larger tree of this log by `time`.
    ///
    /// # Errors
    /// [`SignNoteError`]; the note is as it was.
    pub fn cosign(
        &mut self,
        signer: &dyn NoteSigner,
        time: PosixTime,
    ) -> Result<(), SignNoteError> {
        self.add(signer, Some(time))
    }

    fn add(
        &mut self,
        signer: &dyn NoteSigner,
        time: Option<PosixTime>,
    ) -> Result<(), SignNoteError> {
        let key = signer.verifier_key();
        if (key.algorithm() == Algorithm::CosignatureV1) != time.is_some() {
            return Err(SignNoteError::Algorithm);
        }
        if self.signatures.iter().any(|line| line.names(key)) {
            return Err(SignNoteError::AlreadySigned);
        }
        let message = message(self.text.as_str(), time);
        let signature = signer.sign_message(message.as_bytes())?;
        // A fault while signing can give the private key away, and a wrong note would be refused by everyone.
        if !key.verifies(message.as_bytes(), &signature) {
            return Err(SignNoteError::WrongSignature);
        }
        let time = time.map(|time| time.seconds().to_be_bytes());
        let bytes = [time.as_ref().map_or(&[][..], |time| time), &signature].concat();
        self.attach(NoteSignature { name: key.name().clone(), id: key.id(), bytes })
    }

    /// Adds a line that another made, for instance the one a witness answered with. It is not verified here.
    ///
    /// # Errors
    /// [`SignNoteError::Full`] or [`SignNoteError::AlreadySigned`]; the note is as it was.
    pub fn attach(&mut self, signature: NoteSignature) -> Result<(), SignNoteError> {
        let same = |line: &NoteSignature| line.name == signature.name && line.id == signature.id;
        if self.signatures.iter().any(same) {
            return Err(SignNoteError::AlreadySigned);
        }
        let len = self.render().len().saturating_add(signature.line().len());
        if self.signatures.len() >= MAX_NOTE_SIGNATURES || len > MAX_NOTE_LEN {
            return Err(SignNoteError::Full);
        }
        self.signatures.push(signature);
        Ok(())
    }
}

impl Ed25519NoteSigner {
    /// Draws a fresh key from the operating system.
    ///
    /// # Errors
    /// [`SeedError::Random`] if it gives no randomness.
    pub fn generate(name: KeyName, algorithm: Algorithm) -> Result<Self, SeedError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut_slice()).map_err(SeedError::Random)?;
        Self::take_from(name, algorithm, seed.as_mut_slice())
    }

    /// Takes over a 32-byte seed (RFC 8032) and erases the caller's copy, also on failure.
    ///
    /// # Errors
    /// [`SeedError`] unless there are 32 bytes that make a usable key.
    pub fn take_from(
        name: KeyName,
        algorithm: Algorithm,
        seed: &mut [u8],
    ) -> Result<Self, SeedError> {
        let key = <&[u8; 32]>::try_from(&*seed)
            .map(|seed| Box::new(ed25519_dalek::SigningKey::from_bytes(seed)));
        seed.zeroize();
        let key = key.map_err(|_| SeedError::Length)?;
        let verifier = VerifierKey::new(name, algorithm, key.verifying_key().as_bytes())?;
        Ok(Self { key, verifier })
    }

    /// The seed, for storing it under protection.
    #[must_use]
    pub fn expose_seed(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }
}

impl NoteSigner for Ed25519NoteSigner {
    fn verifier_key(&self) -> &VerifierKey {
        &self.verifier
    }

    fn sign_message(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        Ok(self.key.sign(message).to_bytes())
    }
}

impl fmt::Debug for Ed25519NoteSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ed25519NoteSigner({}, redacted)", self.verifier)
    }
}

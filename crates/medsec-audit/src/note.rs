//! Signed notes: short texts with signatures of several keys, as [C2SP signed-note](https://c2sp.org/signed-note)
//! writes them and [C2SP tlog-cosignature](https://c2sp.org/tlog-cosignature) lets witnesses sign them.
//!
//! Two algorithms: Ed25519 (1) and Ed25519 cosignatures with their time (4). Signatures by keys that are not
//! known are kept and mean nothing. A text is to be believed only from [`Note::verify`] on.

mod format;
mod key;
mod signer;
mod verify;

use std::fmt;

pub use self::format::{NoteFormatError, NoteText, TextError};
pub use self::key::{Algorithm, KeyName, NoteKeyId, VerifierKey, VerifierKeyError};
pub use self::signer::{Ed25519NoteSigner, NoteSigner, SeedError, SignNoteError, SignerError};
pub use self::verify::{PosixTime, Verified, VerifiedSignature, VerifyNoteError};

/// Most bytes of a note. A hundred signatures of the largest kind (ML-DSA) are half of that.
pub const MAX_NOTE_LEN: usize = 1 << 20;
/// Most signatures of a note, as in Go's `sumdb/note`; the specification asks for at least 16.
pub const MAX_NOTE_SIGNATURES: usize = 100;

/// A text and the signatures under it, none of them verified.
///
/// Every note has one form only: what [`Self::parse`] accepts is what [`Self::render`] writes.
#[derive(Clone, PartialEq, Eq)]
pub struct Note {
    // INVARIANT: 1 to 100 signatures, and the rendered note is at most MAX_NOTE_LEN bytes long.
    text: NoteText,
    signatures: Vec<NoteSignature>,
}

/// One signature line.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteSignature {
    name: KeyName,
    id: NoteKeyId,
    // INVARIANT: not empty.
    bytes: Vec<u8>,
}

impl Note {
    /// The signed text, with its final newline.
    #[must_use]
    pub const fn text(&self) -> &NoteText {
        &self.text
    }

    /// All signatures, in the order of their lines.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }
}

impl NoteSignature {
    /// The name of the key that is said to have signed.
    #[must_use]
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// The ID of that key.
    #[must_use]
    pub const fn id(&self) -> NoteKeyId {
        self.id
    }

    /// The signature itself; for a cosignature, after eight bytes of time.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the line says that `key` made it.
    #[must_use]
    pub fn names(&self, key: &VerifierKey) -> bool {
        self.id == key.id() && self.name == *key.name()
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Note");
        shown.field("text_len", &self.text.as_str().len()).field("signatures", &self.signatures);
        shown.finish()
    }
}

impl fmt::Debug for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name is whatever stood in the file.
        let name = self.name.as_str().escape_debug();
        write!(f, "NoteSignature({name}+{}, {} bytes)", self.id, self.bytes.len())
    }
}

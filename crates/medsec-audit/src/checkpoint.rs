//! Checkpoints: the size and root of a log's tree at one time, as
//! [C2SP tlog-checkpoint](https://c2sp.org/tlog-checkpoint) writes them, signed as notes.
//!
//! The text is `origin`, size and root hash on a line each, then extension lines. Which log it is says the origin,
//! and only together with the key that verifies the note.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};

use crate::note::{
    MAX_NOTE_LEN, Note, NoteFormatError, NoteText, Verified, VerifierKey, VerifyNoteError,
};
use crate::tree::{EMPTY_ROOT, Hash, MAX_TREE_SIZE};

/// Which log: 1 to 255 bytes without control characters. By custom a URL without its scheme, and equal to the
/// name of the log's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogOrigin(String);

/// The origin is empty, too long, or has a control character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no valid origin")]
pub struct InvalidLogOrigin;

/// A log's tree at one time. Unsigned, or verified by [`Self::open`].
///
/// ```
/// use medsec_audit::{
///     Algorithm, Checkpoint, Ed25519NoteSigner, Frontier, KeyName, LogOrigin, Note, NoteSigner,
///     leaf_hash,
/// };
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let name = KeyName::new("clinic.example/log")?;
/// let signer = Ed25519NoteSigner::generate(name, Algorithm::Ed25519)?;
/// let mut tree = Frontier::new();
/// tree.push(leaf_hash(b"a record"))?;
///
/// let origin = LogOrigin::new("clinic.example/log")?;
/// let checkpoint = Checkpoint::new(origin, tree.size(), tree.root())?;
/// let published = Note::sign(checkpoint.to_text()?, &signer)?.render();
///
/// // Whoever holds the public key checks that the log said so.
/// let (read, _) = Checkpoint::open(published.as_bytes(), signer.verifier_key(), &[])?;
/// assert_eq!(read, checkpoint);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    origin: LogOrigin,
    // INVARIANT: at most MAX_TREE_SIZE; if 0, the root is EMPTY_ROOT.
    size: u64,
    root: Hash,
    // INVARIANT: not empty, no control characters.
    extensions: Vec<String>,
}

/// What two checkpoints are to each other, by origin, size and root alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Relation {
    /// They are of different logs: nothing follows.
    OtherLog,
    /// They are of the same tree.
    Same,
    /// Same log, same size, another root: the log has shown two histories. No proof can repair that.
    Fork,
    /// The first is smaller; a consistency proof must show that the second continues it.
    Older,
    /// The first is larger; a consistency proof must show that it continues the second.
    Newer,
}

/// Why a text is no checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The text has fewer than three lines or an empty one, a control character, or no final newline.
    #[error("not a checkpoint: origin, size and root on a line each are expected")]
    Lines,
    /// See [`InvalidLogOrigin`].
    #[error(transparent)]
    Origin(#[from] InvalidLogOrigin),
    /// The size is no decimal number without leading zeros, or larger than [`MAX_TREE_SIZE`].
    #[error("no valid tree size")]
    Size,
    /// The root is not the base64 of 32 bytes.
    #[error("no valid root hash")]
    Root,
    /// The tree is empty, and the root is not that of an empty tree.
    #[error("the root hash of an empty tree is wrong")]
    EmptyRoot,
    /// The text is longer than a note may be.
    #[error("the checkpoint is longer than a note may be")]
    TooLong,
    /// Two lines name the same key, which a checkpoint forbids.
    #[error("two signatures of the same key")]
    RepeatedSignature,
}

/// Why a signed checkpoint must not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenCheckpointError {
    /// The bytes are no signed note.
    #[error(transparent)]
    Note(#[from] NoteFormatError),
    /// The signatures are not those of known keys.
    #[error(transparent)]
    Verify(#[from] VerifyNoteError),
    /// The text, though signed, is no checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

impl LogOrigin {
    /// Longest origin in bytes, so that it fits everything that witnesses sign.
    pub const MAX_LEN: usize = 255;

    /// Checks length and characters.
    ///
    /// # Errors
    /// [`InvalidLogOrigin`] if it cannot be one.
    pub fn new(origin: &str) -> Result<Self, InvalidLogOrigin> {
        let fits = (1..=Self::MAX_LEN).contains(&origin.len());
        let clean = !origin.contains(char::is_control);
        (fits && clean).then(|| Self(origin.to_owned())).ok_or(InvalidLogOrigin)
    }

    /// Of identifiers of this crate, which have neither the length nor the characters to be none.
    pub(crate) fn of_identifiers(text: fmt::Arguments<'_>) -> Self {
        Self(text.to_string())
    }

    /// The origin.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LogOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Checkpoint {
    /// Puts a checkpoint together, without extension lines.
    ///
    /// # Errors
    /// [`CheckpointError`] if the size is too large, or 0 with another root than [`EMPTY_ROOT`].
    pub fn new(origin: LogOrigin, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        if size > MAX_TREE_SIZE {
            return Err(CheckpointError::Size);
        }
        if size == 0 && root != EMPTY_ROOT {
            return Err(CheckpointError::EmptyRoot);
        }
        Ok(Self { origin, size, root, extensions: Vec::new() })
    }

    /// Reads the text of a checkpoint. There is one text only for each.
    ///
    /// # Errors
    /// [`CheckpointError`] unless it is exactly what the specification prescribes.
    pub fn parse_text(text: &str) -> Result<Self, CheckpointError> {
        if text.len() > MAX_NOTE_LEN {
            return Err(CheckpointError::TooLong);
        }
        let body = text.strip_suffix('\n').ok_or(CheckpointError::Lines)?;
        let bad = |line: &str| line.is_empty() || line.bytes().any(|byte| byte < 0x20);
        if body.split('\n').any(bad) {
            return Err(CheckpointError::Lines);
        }
        let mut lines = body.split('\n');
        let mut line = || lines.next().ok_or(CheckpointError::Lines);
        let [origin, size, root] = [line()?, line()?, line()?];
        let size = decimal(size).ok_or(CheckpointError::Size)?;
        let root = root.parse().map_err(|_| CheckpointError::Root)?;
        let checkpoint = Self::new(LogOrigin::new(origin)?, size, root)?;
        Ok(Self { extensions: lines.map(str::to_owned).collect(), ..checkpoint })
    }

    /// Reads the checkpoint of a note **without verifying anything**.
    ///
    /// # Errors
    /// [`CheckpointError`] if the text is no checkpoint, or a key is named twice.
    pub fn insecure_of_unverified(note: &Note) -> Result<Self, CheckpointError> {
        let lines = note.signatures();
        let repeats = lines.iter().enumerate().any(|(at, line)| {
            lines
                .iter()
                .skip(at.saturating_add(1))
                .any(|other| other.name() == line.name() && other.id() == line.id())
        });
        if repeats {
            return Err(CheckpointError::RepeatedSignature);
        }
        Self::parse_text(note.text().as_str())
    }

    /// Reads a signed checkpoint and verifies it: `log` must have signed, and every signature that names one of
    /// `witnesses` must be right. How many of them must have signed, and of which origin the checkpoint must be, is
    /// for the caller to ask.
    ///
    /// # Errors
    /// [`OpenCheckpointError`]; the checkpoint must then not be used.
    pub fn open<'k>(
        bytes: &[u8],
        log: &'k VerifierKey,
        witnesses: &'k [VerifierKey],
    ) -> Result<(Self, Verified<'k>), OpenCheckpointError> {
        let note = Note::parse(bytes)?;
        let keys: Vec<_> = std::iter::once(log).chain(witnesses).collect();
        let verified = note.verify(&keys)?;
        // Witnesses vouch for what a log has signed, never in its place.
        verified.by(log).ok_or(VerifyNoteError::NoKnownKey)?;
        Ok((Self::insecure_of_unverified(&note)?, verified))
    }

    /// Which log.
    #[must_use]
    pub const fn origin(&self) -> &LogOrigin {
        &self.origin
    }

    /// Leaves of the tree.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Root hash of the tree.
    #[must_use]
    pub const fn root(&self) -> &Hash {
        &self.root
    }

    /// Lines after the third, which mean nothing here.
    #[must_use]
    pub fn extensions(&self) -> &[String] {
        &self.extensions
    }

    /// The text to sign.
    ///
    /// # Errors
    /// [`CheckpointError::TooLong`] if extension lines make it longer than a note may be.
    pub fn to_text(&self) -> Result<NoteText, CheckpointError> {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.size, self.root);
        for line in &self.extensions {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{line}");
        }
        NoteText::new(&text).map_err(|_| CheckpointError::TooLong)
    }

    /// What this checkpoint is to another. [`Relation::Older`] and [`Relation::Newer`] say nothing yet about whether
    /// one continues the other.
    #[must_use]
    pub fn relation_to(&self, other: &Self) -> Relation {
        if self.origin != other.origin {
            return Relation::OtherLog;
        }
        match self.size.cmp(&other.size) {
            Ordering::Less => Relation::Older,
            Ordering::Greater => Relation::Newer,
            Ordering::Equal if self.root == other.root => Relation::Same,
            Ordering::Equal => Relation::Fork,
        }
    }
}

/// A decimal number in its only form: digits, no leading zeros.
fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = text == "0" || !text.starts_with('0');
    (digits && canonical).then(|| text.parse().ok()).flatten()
}

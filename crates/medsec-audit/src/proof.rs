//! The proof that a record is in a stream, in one file that can be checked without the log:
//! [C2SP tlog-proof](https://c2sp.org/tlog-proof).

use crate::checkpoint::{Checkpoint, LogOrigin, OpenCheckpointError};
use crate::count::Count;
use crate::note::{MAX_NOTE_LEN, Note, NoteFormatError, VerifierKey};
use crate::tree::{Hash, InclusionError, InclusionProof};

const TITLE: &str = "c2sp.org/tlog-proof@v1";
/// Most hashes on the way from a leaf to the root.
const MAX_PATH: usize = 63;

/// An inclusion proof with the checkpoint it leads to.
///
/// ```text
/// c2sp.org/tlog-proof@v1
/// index 73894
/// gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
/// …
///
/// (the signed checkpoint)
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordProof {
    index: u64,
    path: Vec<Hash>,
    checkpoint: Note,
}

/// Why a text is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofFormatError {
    /// The lines in front of the checkpoint are not those of a proof.
    #[error("not a proof of a transparency log")]
    Lines,
    /// The proof is longer than one can be.
    #[error("the proof is too long")]
    TooLong,
    /// The checkpoint is no signed note.
    #[error(transparent)]
    Note(#[from] NoteFormatError),
}

/// Why a proof does not show that the record is in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The checkpoint is not signed by the log.
    #[error(transparent)]
    Checkpoint(#[from] OpenCheckpointError),
    /// The checkpoint is of another stream.
    #[error("the checkpoint is of another stream")]
    OtherStream,
    /// The record does not have the number that the proof is for.
    #[error("the record is not the one that the proof is for")]
    OtherRecord,
    /// The hashes do not lead from the record to the root of the checkpoint.
    #[error(transparent)]
    Inclusion(#[from] InclusionError),
}

impl RecordProof {
    pub(crate) fn new(proof: InclusionProof, checkpoint: Note) -> Self {
        Self { index: proof.index, path: proof.path, checkpoint }
    }

    /// Number of the record.
    #[must_use]
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// The signed checkpoint, not verified.
    #[must_use]
    pub const fn checkpoint(&self) -> &Note {
        &self.checkpoint
    }

    /// Reads a proof. Extra data, which the specification permits, is not: it would mean nothing.
    ///
    /// # Errors
    /// [`ProofFormatError`] unless it is what [`Self::render`] writes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofFormatError> {
        if bytes.len() > MAX_NOTE_LEN {
            return Err(ProofFormatError::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ProofFormatError::Lines)?;
        let (head, note) = text.split_once("\n\n").ok_or(ProofFormatError::Lines)?;
        let mut lines = head.split('\n');
        let mut line = || lines.next().ok_or(ProofFormatError::Lines);
        if line()? != TITLE {
            return Err(ProofFormatError::Lines);
        }
        let index = line()?.strip_prefix("index ").map(str::as_bytes);
        let index = index.and_then(Count::from_digits).ok_or(ProofFormatError::Lines)?.get();
        let path =
            lines.take(MAX_PATH.saturating_add(1)).map(str::parse).collect::<Result<Vec<_>, _>>();
        let path = path.map_err(|_| ProofFormatError::Lines)?;
        if path.len() > MAX_PATH {
            return Err(ProofFormatError::TooLong);
        }
        Ok(Self { index, path, checkpoint: Note::parse(note.as_bytes())? })
    }

    /// The text.
    #[must_use]
    pub fn render(&self) -> String {
        let path: String = self.path.iter().map(|hash| format!("{hash}\n")).collect();
        format!("{TITLE}\nindex {}\n{path}\n{}", self.index, self.checkpoint.render())
    }

    /// Verifies that the stream of this origin has had this record since the checkpoint was signed. `leaf` is the
    /// hash of the line.
    ///
    /// # Errors
    /// [`ProofError`]; the record is then not shown to be in the stream.
    pub fn verify(
        &self,
        leaf: &Hash,
        origin: &LogOrigin,
        log: &VerifierKey,
    ) -> Result<Checkpoint, ProofError> {
        let bytes = self.checkpoint.render();
        let (checkpoint, _) = Checkpoint::open(bytes.as_bytes(), log, &[])?;
        if checkpoint.origin() != origin {
            return Err(ProofError::OtherStream);
        }
        let proof = InclusionProof::new(self.index, checkpoint.size(), self.path.clone());
        proof.verify(leaf, checkpoint.root())?;
        Ok(checkpoint)
    }
}

//! What anchors give back for a checkpoint, in files beside the log: `<size, 20 digits>.note`, and for a time stamp also
//! `.tsr`, the token over exactly the bytes of that note.

use std::path::{Path, PathBuf};

use medsec_audit::{Anchored, MAX_NOTE_LEN, Note};

use super::{Cause, small_file};

/// Longest token that is kept: of more than an authority answers with.
const MAX_TOKEN_LEN: usize = 1 << 20;

/// The folder of one anchor of one stream. Its methods block.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    folder: PathBuf,
}

impl Kept {
    pub(super) const fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Keeps what came back, durably. What comes back must be about the checkpoint that was handed over.
    pub(super) fn keep(&self, size: u64, note: &Note, back: &Anchored) -> Result<(), Cause> {
        match back {
            Anchored::Cosigned(cosigned) if cosigned.text() == note.text() => {
                write(&self.note(size), cosigned.render().as_bytes())
            }
            Anchored::TimeStamped(token) if token.len() <= MAX_TOKEN_LEN => {
                // The note first: a token without its bytes shows nothing.
                write(&self.note(size), note.render().as_bytes())?;
                write(&self.token(size), token)
            }
            Anchored::Kept => Ok(()),
            _ => Err(Cause::Answer),
        }
    }

    /// Whether something was kept for this very checkpoint, so that the anchor need not be asked again.
    pub(super) fn has(&self, size: u64, note: &Note) -> Result<bool, Cause> {
        let bytes = small_file::read(&self.note(size), MAX_NOTE_LEN).map_err(|_| Cause::Local)?;
        let Some(kept) = bytes.and_then(|bytes| Note::parse(&bytes).ok()) else { return Ok(false) };
        let signed = kept.signatures().len() > note.signatures().len();
        Ok(kept.text() == note.text() && (signed || self.token(size).is_file()))
    }

    fn note(&self, size: u64) -> PathBuf {
        self.folder.join(format!("{size:020}.note"))
    }

    fn token(&self, size: u64) -> PathBuf {
        self.folder.join(format!("{size:020}.tsr"))
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Cause> {
    small_file::replace(path, bytes).map_err(|_| Cause::Local)
}

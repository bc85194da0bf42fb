//! The root note: which streams a log has, signed by the log key.

use std::fmt::Write as _;

use super::Pin;
use crate::count::Count;
use crate::epoch::{LogId, LogName, StreamName};
use crate::note::{Note, NoteFormatError, NoteSigner, NoteText, SignNoteError, VerifyNoteError};
use crate::tree::Hash;

/// First line of the text.
const TITLE: &str = "medsec audit root v1";
/// Most streams of a log.
const MAX_STREAMS: usize = 1000;

/// The streams of a log. The text of the note:
///
/// ```text
/// medsec audit root v1
/// log: clinic.example/log
/// id: 00112233445566778899aabbccddeeff
/// revision: 1
/// stream: main cPqa…=
/// ```
///
/// one `stream` line each, sorted by name, with the leaf hash of its record 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootNote {
    log: LogName,
    id: LogId,
    revision: Count,
    // INVARIANT: 1 to MAX_STREAMS, sorted by name, no name twice.
    streams: Vec<(StreamName, Hash)>,
}

/// Why a root note must not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootError {
    /// The bytes are no signed note.
    #[error(transparent)]
    Note(#[from] NoteFormatError),
    /// The log key of the pin has not signed it.
    #[error("the root note is not signed by the key of the pin")]
    Signature(#[from] VerifyNoteError),
    /// The text, though signed, is no root note.
    #[error("the text is not that of a root note")]
    Text,
    /// It is of another log than the pin.
    #[error("the root note is of another log than the pin")]
    OtherLog,
}

impl RootNote {
    pub(super) fn new(
        log: LogName,
        id: LogId,
        revision: Count,
        mut streams: Vec<(StreamName, Hash)>,
    ) -> Option<Self> {
        streams.sort_by(|a, b| a.0.cmp(&b.0));
        let distinct = streams.iter().zip(streams.iter().skip(1)).all(|(a, b)| a.0 != b.0);
        let fits = (1..=MAX_STREAMS).contains(&streams.len()) && distinct;
        fits.then_some(Self { log, id, revision, streams })
    }

    /// Reads a root note and verifies it with the key of a pin.
    ///
    /// # Errors
    /// [`RootError`].
    pub fn open(bytes: &[u8], pin: &Pin) -> Result<Self, RootError> {
        let note = Note::parse(bytes)?;
        note.verify(&[pin.key()])?.by(pin.key()).ok_or(VerifyNoteError::NoKnownKey)?;
        let root = Self::parse_text(note.text().as_str()).ok_or(RootError::Text)?;
        let same = root.id == *pin.id() && root.log.as_str() == pin.key().name().as_str();
        same.then_some(root).ok_or(RootError::OtherLog)
    }

    fn parse_text(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name);
        field(TITLE)?;
        let (log, id) = (field("log: ")?.parse().ok()?, field("id: ")?.parse().ok()?);
        let revision = Count::from_digits(field("revision: ")?.as_bytes())?;
        let mut streams = Vec::new();
        for line in lines {
            let (name, genesis) = line.strip_prefix("stream: ")?.split_once(' ')?;
            streams.push((name.parse().ok()?, genesis.parse().ok()?));
        }
        let root = Self::new(log, id, revision, streams)?;
        (root.text() == text).then_some(root)
    }

    fn text(&self) -> String {
        let Self { log, id, revision, streams } = self;
        let mut text = format!("{TITLE}\nlog: {log}\nid: {id}\nrevision: {revision}\n");
        for (name, genesis) in streams {
            // A String takes whatever is written to it.
            let _ = writeln!(text, "stream: {name} {genesis}");
        }
        text
    }

    pub(super) fn sign(&self, signer: &dyn NoteSigner) -> Result<Vec<u8>, SignNoteError> {
        let text = NoteText::new(&self.text()).map_err(|_| SignNoteError::Full)?;
        Ok(Note::sign(text, signer)?.render().into_bytes())
    }

    /// The log's name.
    #[must_use]
    pub const fn log(&self) -> &LogName {
        &self.log
    }

    /// The log's id.
    #[must_use]
    pub const fn id(&self) -> &LogId {
        &self.id
    }

    /// Counts the root notes of the log, from 1.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision.get()
    }

    pub(super) const fn revision_count(&self) -> Count {
        self.revision
    }

    /// The streams, sorted by name.
    pub fn streams(&self) -> impl Iterator<Item = &StreamName> {
        self.streams.iter().map(|(name, _)| name)
    }

    /// The leaf hash of a stream's record 0.
    #[must_use]
    pub fn genesis(&self, stream: &StreamName) -> Option<&Hash> {
        self.streams.iter().find(|(name, _)| name == stream).map(|(_, genesis)| genesis)
    }

    pub(super) fn with(&self, stream: StreamName, genesis: Hash) -> Option<Self> {
        let streams = self.streams.iter().cloned().chain([(stream, genesis)]).collect();
        let revision = Count::new(self.revision.get().checked_add(1)?).ok()?;
        Self::new(self.log.clone(), self.id, revision, streams)
    }
}

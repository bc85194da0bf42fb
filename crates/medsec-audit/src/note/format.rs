//! The bytes of a note.

use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::{KeyName, NoteKeyId};
use super::{MAX_NOTE_LEN, MAX_NOTE_SIGNATURES, Note, NoteSignature};

/// Begins a signature line: em dash and space.
const SIGNATURE: &str = "\u{2014} ";

/// A text that can be signed: UTF-8 that ends in a newline and has no other ASCII control characters.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteText(String);

/// Why a text cannot be signed as a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// The text is longer than a note may be.
    #[error("the text is longer than a note may be")]
    TooLong,
    /// The text does not end in a newline.
    #[error("the text does not end in a newline")]
    NoNewline,
    /// The text has an ASCII control character that is no newline.
    #[error("the text has a control character")]
    ControlCharacter,
}

/// Why bytes are no signed note.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteFormatError {
    /// There are more than [`MAX_NOTE_LEN`] bytes.
    #[error("the note is longer than {MAX_NOTE_LEN} bytes")]
    TooLong,
    /// The note is not UTF-8.
    #[error("the note is not UTF-8")]
    NotUtf8,
    /// The note has an ASCII control character that is no newline.
    #[error("the note has a control character")]
    ControlCharacter,
    /// No empty line parts text and signatures.
    #[error("no empty line before the signatures")]
    NoSignatures,
    /// A signature line has another form: no dash, no valid name, or no canonical base64 of five bytes or more.
    #[error("signature line {line} is malformed")]
    SignatureLine {
        /// Number of the line among the signatures, from 1.
        line: usize,
    },
    /// There are more than [`MAX_NOTE_SIGNATURES`] signatures.
    #[error("more than {MAX_NOTE_SIGNATURES} signatures")]
    TooManySignatures,
}

impl NoteText {
    /// Checks a text.
    ///
    /// # Errors
    /// [`TextError`] if it cannot be the text of a note.
    pub fn new(text: &str) -> Result<Self, TextError> {
        if text.len() > MAX_NOTE_LEN {
            return Err(TextError::TooLong);
        }
        if has_control(text) {
            return Err(TextError::ControlCharacter);
        }
        text.ends_with('\n').then(|| Self(text.to_owned())).ok_or(TextError::NoNewline)
    }

    /// The text, with its final newline.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for NoteText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoteText({} bytes)", self.0.len())
    }
}

impl Note {
    /// Reads a note. Nothing of it has been verified.
    ///
    /// # Errors
    /// [`NoteFormatError`] unless it has the form that the specification prescribes, within the limits here.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteFormatError> {
        if bytes.len() > MAX_NOTE_LEN {
            return Err(NoteFormatError::TooLong);
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteFormatError::NotUtf8)?;
        if has_control(note) {
            return Err(NoteFormatError::ControlCharacter);
        }
        // The text may have empty lines; the last one parts it from the signatures, which have none.
        let blank = note.rfind("\n\n").ok_or(NoteFormatError::NoSignatures)?;
        let (text, rest) = note.split_at_checked(blank.saturating_add(1)).unwrap_or_default();
        let lines = rest.strip_prefix('\n').unwrap_or_default();
        if lines.is_empty() {
            return Err(NoteFormatError::NoSignatures);
        }
        Ok(Self { text: NoteText(text.to_owned()), signatures: signatures(lines)? })
    }

    /// The note as text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut note = format!("{}\n", self.text.as_str());
        self.signatures.iter().for_each(|signature| note.push_str(&signature.line()));
        note
    }
}

impl NoteSignature {
    /// The line, with its newline.
    pub(super) fn line(&self) -> String {
        let bytes = [&self.id.to_bytes()[..], &self.bytes].concat();
        let mut line = String::new();
        // Writing to a string does not fail.
        let _ = writeln!(line, "{SIGNATURE}{} {}", self.name, STANDARD.encode(bytes));
        line
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(SIGNATURE)?.split_once(' ')?;
        let name = KeyName::new(name).ok()?;
        let bytes = STANDARD.decode(base64).ok()?;
        let (id, signature) = bytes.split_first_chunk()?;
        let signature = Some(signature).filter(|signature| !signature.is_empty())?;
        Some(Self { name, id: NoteKeyId::from_bytes(*id), bytes: signature.to_vec() })
    }
}

/// One signature a line; the last line ends too.
fn signatures(lines: &str) -> Result<Vec<NoteSignature>, NoteFormatError> {
    let mut signatures = Vec::new();
    for (line, number) in lines.split_inclusive('\n').zip(1..) {
        if signatures.len() == MAX_NOTE_SIGNATURES {
            return Err(NoteFormatError::TooManySignatures);
        }
        let signature = line.strip_suffix('\n').and_then(NoteSignature::parse);
        signatures.push(signature.ok_or(NoteFormatError::SignatureLine { line: number })?);
    }
    Ok(signatures)
}

fn has_control(text: &str) -> bool {
    text.bytes().any(|byte| byte < 0x20 && byte != b'\n')
}

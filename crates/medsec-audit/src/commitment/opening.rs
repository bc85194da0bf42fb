//! The text behind a commitment, and the file it is kept in.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::{Commitment, SALT_LEN};
use crate::text::{RandomError, random};

/// Longest text in bytes.
pub const MAX_OPENING_TEXT_LEN: usize = 4096;
/// Longest file in bytes.
pub const MAX_OPENING_LEN: usize =
    FIRST_LINE.len() + SALT.len() + SALT_TEXT_LEN + GAP.len() + MAX_OPENING_TEXT_LEN + 1;

const FIRST_LINE: &str = "medsec audit opening v1\n";
const SALT: &str = "salt: ";
const SALT_TEXT_LEN: usize = 44;
const GAP: &str = "\n\n";

/// An opening could not be made or read. Nothing of the text is in the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpeningError {
    /// The text is empty.
    #[error("the text is empty")]
    Empty,
    /// The text, or the file, is longer than may be.
    #[error("longer than {MAX_OPENING_TEXT_LEN} bytes of text")]
    TooLong,
    /// The text has control characters other than tab and line feed.
    #[error("the text has control characters")]
    ControlCharacter,
    /// Not a file of an opening.
    #[error("not an opening of a commitment")]
    Format,
    /// The operating system gives no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// A text that a person wrote, with the salt of its commitment. **It may be ePHI.** Erased from memory on drop.
///
/// It is no part of the log: keep it in a file of its own, sealed or with few readers, and erase that when the
/// text has to go. The log stays whole.
pub struct Opening {
    salt: Zeroizing<[u8; SALT_LEN]>,
    // INVARIANT: what `check` accepts.
    text: Zeroizing<String>,
}

impl Opening {
    /// Takes a text of 1 to [`MAX_OPENING_TEXT_LEN`] bytes and draws a fresh salt. The caller's copy is left as
    /// it is.
    ///
    /// # Errors
    /// [`OpeningError`] if the text is empty, too long or has control characters other than tab and line feed,
    /// or if there is no randomness.
    pub fn new(text: &str) -> Result<Self, OpeningError> {
        check(text)?;
        Ok(Self { salt: Zeroizing::new(random()?), text: Zeroizing::new(text.to_owned()) })
    }

    /// What goes into the event.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        Commitment::of(&self.salt, &self.text)
    }

    /// The text. It may be ePHI, and may hold characters that deceive a terminal.
    #[must_use]
    pub fn expose_text(&self) -> &str {
        &self.text
    }

    /// The file that keeps it. It shows the text.
    #[must_use]
    pub fn render(&self) -> Zeroizing<Vec<u8>> {
        // Of the final size from the start: a buffer that grows leaves copies behind.
        let mut file = Zeroizing::new(Vec::with_capacity(MAX_OPENING_LEN));
        let salt = Zeroizing::new(STANDARD.encode(self.salt.as_slice()));
        for part in [FIRST_LINE, SALT, &salt, GAP, &self.text, "\n"] {
            file.extend_from_slice(part.as_bytes());
        }
        file
    }

    /// Reads exactly what [`render`](Self::render) writes.
    ///
    /// # Errors
    /// [`OpeningError`] if the file is longer than [`MAX_OPENING_LEN`] or not of that form.
    pub fn parse(file: &[u8]) -> Result<Self, OpeningError> {
        if file.len() > MAX_OPENING_LEN {
            return Err(OpeningError::TooLong);
        }
        let (salt, text) = split(file).ok_or(OpeningError::Format)?;
        check(text)?;
        Ok(Self { salt, text: Zeroizing::new(text.to_owned()) })
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opening(redacted)")
    }
}

fn split(file: &[u8]) -> Option<(Zeroizing<[u8; SALT_LEN]>, &str)> {
    let rest = std::str::from_utf8(file).ok()?.strip_prefix(FIRST_LINE)?.strip_prefix(SALT)?;
    let (salt, rest) = rest.split_at_checked(SALT_TEXT_LEN)?;
    let salt = Zeroizing::new(STANDARD.decode(salt).ok()?);
    let salt = Zeroizing::new(salt.as_slice().try_into().ok()?);
    // The text may have line ends of its own, even at its end: the last one is the file's.
    Some((salt, rest.strip_prefix(GAP)?.strip_suffix('\n')?))
}

fn check(text: &str) -> Result<(), OpeningError> {
    let is_bad = |c: char| c.is_control() && !matches!(c, '\t' | '\n');
    match text.len() {
        0 => Err(OpeningError::Empty),
        len if len > MAX_OPENING_TEXT_LEN => Err(OpeningError::TooLong),
        _ if text.chars().any(is_bad) => Err(OpeningError::ControlCharacter),
        _ => Ok(()),
    }
}

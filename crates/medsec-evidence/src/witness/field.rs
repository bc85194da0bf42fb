//! What can be wrong with a value in a witness.

use crate::catalog::{FindItemError, UnknownEdition};

/// A value that cannot stand in a witness. The value is not printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` in a test witness: {problem}")]
#[non_exhaustive]
pub struct InvalidField {
    /// The field, as it is called in the file.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: FieldProblem,
}

/// What is wrong with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldProblem {
    /// Nothing where something must stand.
    #[error("it is empty or zero")]
    Empty,
    /// Longer than the format allows.
    #[error("it is longer than {max}")]
    TooLong {
        /// The longest allowed: bytes of a text, entries of a list.
        max: usize,
    },
    /// A character that does not belong there.
    #[error("it has a character that is not allowed there")]
    Character,
    /// Not a relative path with `/` that stays below its root.
    #[error("it is not a plain relative path")]
    Path,
    /// Not a SHA-256 in lower-case hexadecimal.
    #[error("it is not a SHA-256 in lower-case hexadecimal")]
    Digest,
    /// An edition that is not known.
    #[error(transparent)]
    Edition(#[from] UnknownEdition),
    /// A citation that the edition does not have.
    #[error(transparent)]
    Citation(#[from] FindItemError),
    /// The same entry twice.
    #[error("it names the same thing twice")]
    Duplicate,
    /// The described checks and their counts contradict each other.
    #[error("the checks and their counts do not fit")]
    Counts,
    /// The checks do not show the polarity of the claim.
    #[error("the checks do not show the polarity")]
    Polarity,
}

impl FieldProblem {
    pub(crate) const fn of(self, field: &'static str) -> InvalidField {
        InvalidField { field, problem: self }
    }
}

/// A text of one line, neither empty nor longer than `max` bytes.
pub(crate) fn line(text: &str, max: usize) -> Result<(), FieldProblem> {
    if text.trim().is_empty() {
        return Err(FieldProblem::Empty);
    }
    if text.len() > max {
        return Err(FieldProblem::TooLong { max });
    }
    if text.contains(char::is_control) {
        return Err(FieldProblem::Character);
    }
    Ok(())
}

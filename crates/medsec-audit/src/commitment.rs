//! Text that belongs to an event and must not stand in it: the line has a commitment, the text is kept elsewhere
//! and can be erased.
//!
//! ```
//! use medsec_audit::{Commitment, Opening};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let opening = Opening::new("Unconscious, referring physician not reachable")?;
//! let commitment: Commitment = opening.commitment(); // into the event
//! let file = opening.render(); // into a file that can be erased
//!
//! let read = Opening::parse(&file)?;
//! assert_eq!(read.commitment(), commitment);
//! # Ok(())
//! # }
//! ```

mod opening;

use std::fmt;

use sha2::{Digest as _, Sha256};

pub use self::opening::{MAX_OPENING_LEN, MAX_OPENING_TEXT_LEN, Opening, OpeningError};
use crate::text::{Hex, InvalidValue, Word, from_hex};

const LABEL: &[u8] = b"medsec/audit-commitment/v1\0";
const SALT_LEN: usize = 32;
/// What a commitment starts with in a line.
const PREFIX: &str = "sha256:";

/// Binds a text without showing it: SHA-256 over a label, 32 random bytes and the text.
///
/// Only an [`Opening`] makes one from text. Without the opening, nothing tells the text, not even whether two
/// commitments are of the same one; so erasing the opening erases the text. There is no way from a string to a
/// commitment but the string being its digest:
///
/// ```compile_fail,E0308
/// let commitment = medsec_audit::Commitment::from("patient Erika Mustermann was unconscious");
/// ```
///
/// and none into an event:
///
/// ```compile_fail,E0277
/// let mut subject = medsec_audit::Subject::default();
/// subject.text = Some("patient Erika Mustermann was unconscious".into());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Commitment([u8; 32]);

impl Commitment {
    pub(crate) fn of(salt: &[u8; SALT_LEN], text: &str) -> Self {
        let hash = Sha256::new().chain_update(LABEL).chain_update(salt).chain_update(text);
        Self(hash.finalize().into())
    }

    /// Whether this is the opening of it: the text is the one that was committed to.
    #[must_use]
    pub fn is_opened_by(&self, opening: &Opening) -> bool {
        opening.commitment() == *self
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", Hex(&self.0))
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commitment({self})")
    }
}

impl std::str::FromStr for Commitment {
    type Err = InvalidValue;

    /// Accepts exactly the form that `Display` writes: of a digest, never of a text.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let bytes = text.strip_prefix(PREFIX).and_then(from_hex);
        bytes.map(Self).ok_or(InvalidValue { field: "commitment" })
    }
}

impl Word for Commitment {}

#[cfg(test)]
mod tests;

//! Citations of 45 CFR 164 subpart C, such as `164.312(a)(2)(iii)`.
//!
//! A citation is only a place in the rule: whether an item stands there is for the
//! [catalog](crate::Catalog) to say. The paragraph levels alternate as the Code of Federal
//! Regulations orders them: `(a)`, `(1)`, `(i)`, `(A)`, `(1)`.

mod section;

use core::fmt;
use core::str::FromStr;

use serde::Serialize;

pub use section::Section;

/// Longer input is refused before it is looked at.
const MAX_LEN: usize = 40;

const LEVELS: usize = 5;

/// Designators of the roman level; the rule itself stops well before the end of this list.
const ROMAN: [&str; 20] = [
    "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv",
    "xvi", "xvii", "xviii", "xix", "xx",
];

/// One place in 45 CFR 164 subpart C.
///
/// `Display` and `FromStr` are inverse to each other: a place has exactly one spelling. The order is
/// the order of the rule.
///
/// ```
/// use medsec_evidence::{Citation, Section};
///
/// let citation: Citation = "164.312(a)(2)(iii)".parse()?;
/// assert_eq!(citation.section(), Section::Technical);
/// assert_eq!(citation.to_string(), "164.312(a)(2)(iii)");
/// assert_eq!(citation.oscal_id(), "hipaa-164.312.a.2.iii");
/// # Ok::<(), medsec_evidence::ParseCitationError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Citation {
    section: Section,
    // INVARIANT: no number follows a zero; zero is "no paragraph at this level". Each number is a place
    // in its level's alphabet, from one.
    levels: [u8; LEVELS],
}

impl Citation {
    /// Reads a citation, also at compile time.
    ///
    /// # Errors
    /// [`ParseCitationError`] for anything but the one spelling of a place in subpart C; surrounding
    /// blanks, `§` and `45 CFR` are not part of it.
    pub const fn parse(text: &str) -> Result<Self, ParseCitationError> {
        if text.len() > MAX_LEN {
            return Err(ParseCitationError::TooLong { len: text.len() });
        }
        let Some((section, mut rest)) = section::split(text.as_bytes()) else {
            return Err(ParseCitationError::UnknownSection);
        };
        let mut levels = [0; LEVELS];
        let mut slots: &mut [u8] = &mut levels;
        let mut level: u8 = 1;
        while !rest.is_empty() {
            let Some((slot, free)) = slots.split_first_mut() else {
                return Err(ParseCitationError::TooDeep);
            };
            let Some((number, tail)) = paragraph(level, rest) else {
                return Err(ParseCitationError::Paragraph { level });
            };
            *slot = number;
            slots = free;
            rest = tail;
            level = level.saturating_add(1);
        }
        Ok(Self { section, levels })
    }

    /// The section it lies in.
    pub const fn section(self) -> Section {
        self.section
    }

    /// An identifier that OSCAL accepts, without parentheses and in lower case:
    /// `hipaa-164.312.a.2.iii`.
    pub fn oscal_id(self) -> String {
        let spelled = self.to_string().replace('(', ".").replace(')', "");
        format!("hipaa-{}", spelled.to_ascii_lowercase())
    }
}

impl fmt::Display for Citation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "164.{}", self.section.number())?;
        for (level, number) in (1..).zip(self.levels).take_while(|(_, number)| *number > 0) {
            match alphabet(level) {
                Alphabet::Letters { before_first } => {
                    write!(f, "({})", char::from(before_first.saturating_add(number)))?;
                }
                Alphabet::Numbers => write!(f, "({number})")?,
                Alphabet::Roman => {
                    let index = usize::from(number).saturating_sub(1);
                    write!(f, "({})", ROMAN.get(index).copied().unwrap_or_default())?;
                }
            }
        }
        Ok(())
    }
}

impl FromStr for Citation {
    type Err = ParseCitationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for Citation {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a text is no [`Citation`]; nothing was looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseCitationError {
    /// Longer than any citation is.
    #[error("a citation of {len} bytes; none is longer than 40")]
    TooLong {
        /// Length of the input in bytes.
        len: usize,
    },
    /// It does not begin with a section of subpart C.
    #[error("not a section of 45 CFR 164 subpart C, which has `164.302` to `164.318`")]
    UnknownSection,
    /// A paragraph designator is malformed or of the wrong kind for its level.
    #[error("paragraph level {level} is malformed; the levels are `(a)(1)(i)(A)(1)`")]
    Paragraph {
        /// The level, from one.
        level: u8,
    },
    /// It has more levels than the rule.
    #[error("more than five paragraph levels")]
    TooDeep,
}

enum Alphabet {
    Letters { before_first: u8 },
    Numbers,
    Roman,
}

const fn alphabet(level: u8) -> Alphabet {
    match level {
        1 => Alphabet::Letters { before_first: b'a' - 1 },
        3 => Alphabet::Roman,
        4 => Alphabet::Letters { before_first: b'A' - 1 },
        _ => Alphabet::Numbers,
    }
}

/// Takes one `(designator)` off the front; the number is its place in the level's alphabet.
const fn paragraph(level: u8, text: &[u8]) -> Option<(u8, &[u8])> {
    let Some((b'(', text)) = text.split_first() else {
        return None;
    };
    let Some((inner, rest)) = until_closing(text) else {
        return None;
    };
    let number = match alphabet(level) {
        Alphabet::Letters { before_first } => letter(inner, before_first),
        Alphabet::Numbers => number(inner),
        Alphabet::Roman => roman(inner),
    };
    match number {
        Some(number) => Some((number, rest)),
        None => None,
    }
}

const fn until_closing(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (mut rest, mut len) = (text, 0_usize);
    while let Some((byte, tail)) = rest.split_first() {
        if *byte == b')' {
            return Some((text.split_at(len).0, tail));
        }
        rest = tail;
        len = len.saturating_add(1);
    }
    None
}

const fn letter(text: &[u8], before_first: u8) -> Option<u8> {
    match text {
        [byte] if *byte > before_first && *byte <= before_first.saturating_add(26) => {
            Some(byte.saturating_sub(before_first))
        }
        _ => None,
    }
}

/// One or two digits, no leading zero.
const fn number(text: &[u8]) -> Option<u8> {
    match text {
        [ones @ b'1'..=b'9'] => Some(ones.saturating_sub(b'0')),
        [tens @ b'1'..=b'9', ones @ b'0'..=b'9'] => {
            let tens = tens.saturating_sub(b'0').saturating_mul(10);
            Some(tens.saturating_add(ones.saturating_sub(b'0')))
        }
        _ => None,
    }
}

const fn roman(text: &[u8]) -> Option<u8> {
    let mut candidates: &[&str] = &ROMAN;
    let mut number: u8 = 1;
    while let Some((candidate, rest)) = candidates.split_first() {
        if same(text, candidate.as_bytes()) {
            return Some(number);
        }
        candidates = rest;
        number = number.saturating_add(1);
    }
    None
}

/// `==` on slices is not yet callable at compile time.
const fn same(mut left: &[u8], mut right: &[u8]) -> bool {
    while let (Some((a, left_rest)), Some((b, right_rest))) =
        (left.split_first(), right.split_first())
    {
        if *a != *b {
            return false;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.is_empty() && right.is_empty()
}

#[cfg(test)]
mod tests;

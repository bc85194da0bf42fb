//! The hash of a test's body.

use core::fmt;
use core::str::FromStr;

use super::field::FieldProblem;

const LEN: usize = 32;

/// SHA-256 over the tokens of a test's body; formatting and comments do not change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyHash([u8; LEN]);

impl BodyHash {
    pub(crate) const fn new(bytes: [u8; LEN]) -> Self {
        Self(bytes)
    }

    /// The digest itself.
    pub const fn as_bytes(&self) -> &[u8; LEN] {
        &self.0
    }
}

impl fmt::Display for BodyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for BodyHash {
    type Err = FieldProblem;

    /// Reads 64 lower-case hexadecimal digits.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; LEN];
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != LEN || !rest.is_empty() {
            return Err(FieldProblem::Digest);
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = (digit(*high)? << 4) | digit(*low)?;
        }
        Ok(Self(bytes))
    }
}

const fn digit(character: u8) -> Result<u8, FieldProblem> {
    match character {
        b'0'..=b'9' => Ok(character.wrapping_sub(b'0')),
        b'a'..=b'f' => Ok(character.wrapping_sub(b'a').wrapping_add(10)),
        _ => Err(FieldProblem::Digest),
    }
}

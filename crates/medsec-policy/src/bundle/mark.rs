//! What a reader has seen last: an older policy, or one of another line, does not take its place.

use super::Bundle;
use crate::ids::PolicyHash;
use crate::text::InvalidValue;

const HEAD: &str = "medsec seen-policy v1\n";

/// The policy that was last in force. Kept where whoever can replace the policy file cannot write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BundleMark {
    hash: PolicyHash,
    sequence: u64,
}

/// A policy cannot take the place of the one seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MarkError {
    /// Its number is lower.
    #[error("the policy is older than the one last in force")]
    Older,
    /// Its number is the same and it is another policy.
    #[error("the policy is another one of the same number as the one last in force")]
    Forked,
    /// It does not supersede the one seen before.
    #[error("the policy does not supersede the one last in force")]
    Foreign,
}

impl BundleMark {
    /// The longest text of a mark, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Remembers this policy.
    #[must_use]
    pub const fn of(bundle: &Bundle) -> Self {
        Self { hash: bundle.hash(), sequence: bundle.sequence() }
    }

    /// The policy that was seen.
    #[must_use]
    pub const fn hash(&self) -> PolicyHash {
        self.hash
    }

    /// Its number.
    #[must_use]
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Whether `bundle` may be in force: it is the one seen, or has a higher number and supersedes it.
    ///
    /// # Errors
    /// [`MarkError`]: keep to the policy that was in force, or deny everything.
    pub fn admits(&self, bundle: &Bundle) -> Result<(), MarkError> {
        match bundle.sequence().cmp(&self.sequence) {
            _ if bundle.hash() == self.hash => Ok(()),
            std::cmp::Ordering::Less => Err(MarkError::Older),
            std::cmp::Ordering::Equal => Err(MarkError::Forked),
            std::cmp::Ordering::Greater if bundle.covers(self.hash) => Ok(()),
            std::cmp::Ordering::Greater => Err(MarkError::Foreign),
        }
    }

    /// As text: three lines.
    #[must_use]
    pub fn render(&self) -> String {
        format!("{HEAD}hash: {}\nsequence: {}\n", self.hash, self.sequence)
    }

    /// Reads what [`render`](Self::render) wrote, and nothing else.
    ///
    /// # Errors
    /// [`InvalidValue`] if it is anything else.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidValue> {
        Self::read(text)
            .filter(|mark| mark.render().as_bytes() == text)
            .ok_or(InvalidValue { field: "mark" })
    }

    fn read(text: &[u8]) -> Option<Self> {
        let short = Some(text).filter(|text| text.len() <= Self::MAX_LEN)?;
        let lines = std::str::from_utf8(short).ok()?.strip_prefix(HEAD)?;
        let (hash, sequence) = lines.strip_prefix("hash: ")?.split_once("\nsequence: ")?;
        let sequence = sequence.strip_suffix('\n')?.parse().ok()?;
        Some(Self { hash: hash.parse().ok()?, sequence })
    }
}

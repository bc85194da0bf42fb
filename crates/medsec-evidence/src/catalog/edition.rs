//! Editions of the rule.

use core::fmt;
use core::str::FromStr;

use serde::Serialize;

/// An edition of 45 CFR 164 subpart C: the same citation can mean different things in two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Edition {
    /// The 2013 Omnibus text (78 FR 5566), in force since 26 March 2013.
    Hipaa2013,
}

impl Edition {
    /// The name in citations and witnesses.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Hipaa2013 => "hipaa2013",
        }
    }

    /// A title for reports.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Hipaa2013 => "45 CFR part 164 subpart C, 2013 Omnibus text",
        }
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Edition {
    type Err = UnknownEdition;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "hipaa2013" => Ok(Self::Hipaa2013),
            _ => Err(UnknownEdition),
        }
    }
}

/// The text names no edition this crate knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown edition; known: `hipaa2013`")]
#[non_exhaustive]
pub struct UnknownEdition;

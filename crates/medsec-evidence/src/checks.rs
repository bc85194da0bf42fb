//! What a test checked, without the values it checked.

use core::fmt;

use serde::{Deserialize, Serialize};

/// More distinct checks than this are counted but not described.
pub(crate) const MAX_LISTED: usize = 64;

/// Longest description of a check, in bytes.
pub(crate) const MAX_FACT_LEN: usize = 200;

/// Which side of a claim a test shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Polarity {
    /// What must work does work: needs an `allows`, `holds` or `equal` check.
    Allow,
    /// What must be refused is refused: needs a `denies` check.
    Deny,
}

impl Polarity {
    /// Whether checks of these kinds can carry a claim of this polarity.
    pub const fn is_shown_by(self, counts: CheckCounts) -> bool {
        match self {
            Self::Allow => counts.allows > 0 || counts.holds > 0 || counts.equal > 0,
            Self::Deny => counts.denies > 0,
        }
    }
}

impl fmt::Display for Polarity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        })
    }
}

/// The kind of a check, named like the method of [`Ev`](crate::Ev) that makes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum CheckKind {
    /// An operation was refused with the named error.
    Denies,
    /// An operation succeeded.
    Allows,
    /// A stated fact was true.
    Holds,
    /// Two values were equal.
    Equal,
}

/// How often checks of each kind passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct CheckCounts {
    /// Passed `denies` checks.
    pub denies: u64,
    /// Passed `allows` checks.
    pub allows: u64,
    /// Passed `holds` checks.
    pub holds: u64,
    /// Passed `equal` and `equal_bytes` checks.
    pub equal: u64,
}

impl CheckCounts {
    /// All of them together.
    pub const fn total(self) -> u64 {
        let refused_or_allowed = self.denies.saturating_add(self.allows);
        refused_or_allowed.saturating_add(self.holds).saturating_add(self.equal)
    }

    pub(crate) const fn add(&mut self, kind: CheckKind, times: u64) {
        let count = match kind {
            CheckKind::Denies => &mut self.denies,
            CheckKind::Allows => &mut self.allows,
            CheckKind::Holds => &mut self.holds,
            CheckKind::Equal => &mut self.equal,
        };
        *count = count.saturating_add(times);
    }
}

/// One described check; the same check made in a loop is described once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Check {
    /// Which method made it.
    pub kind: CheckKind,
    /// The stated fact, or the type of the error or value; never a value.
    pub fact: String,
    /// How often it passed, at least once.
    pub times: u64,
}

/// The passed checks of one test.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checks {
    pub(crate) counts: CheckCounts,
    // INVARIANT: no two have the same kind and fact; at most MAX_LISTED.
    pub(crate) listed: Vec<Check>,
}

impl Checks {
    /// How many checks of each kind passed, described or not.
    pub const fn counts(&self) -> CheckCounts {
        self.counts
    }

    /// The first 64 distinct checks, in the order they were first made.
    pub fn listed(&self) -> &[Check] {
        &self.listed
    }

    pub(crate) fn record(&mut self, kind: CheckKind, fact: &str) {
        self.counts.add(kind, 1);
        let known = self.listed.iter_mut().find(|check| check.kind == kind && check.fact == fact);
        if let Some(check) = known {
            check.times = check.times.saturating_add(1);
        } else if self.listed.len() < MAX_LISTED {
            self.listed.push(Check { kind, fact: fact.to_owned(), times: 1 });
        }
    }
}

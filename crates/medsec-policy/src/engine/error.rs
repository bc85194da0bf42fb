//! What can be wrong with the rules of a policy.

use std::fmt;

use crate::ids::{DatasetId, RoleName, RuleName};

/// The rules were refused; nothing of them is in force. It lists everything that was found, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    pub(super) findings: Vec<Finding>,
}

impl LoadError {
    /// Everything that was found; at least one.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl std::error::Error for LoadError {}

impl fmt::Display for LoadError {
    /// One finding a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut findings = self.findings.iter();
        findings.next().map_or(Ok(()), |first| write!(f, "{first}"))?;
        findings.try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// Where; nothing where it concerns all files together, or the assignments.
    pub at: Option<At>,
    /// The rule, where it has a name.
    pub rule: Option<RuleName>,
    /// What.
    pub problem: Problem,
}

/// A place in the text of a rule file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(clippy::exhaustive_structs, reason = "a place has these parts")]
pub struct At {
    /// The file's name in the bundle.
    pub file: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(At { file, line, column }) = &self.at {
            write!(f, "{file}:{line}:{column}: ")?;
        }
        if let Some(rule) = &self.rule {
            write!(f, "rule `{rule}`: ")?;
        }
        write!(f, "{}", self.problem)
    }
}

/// What is wrong with a rule. `says` is Cedar's own description.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// More files, or a longer file or rule, or deeper brackets than is read.
    #[error("{what}: at most {most}")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// The limit.
        most: usize,
    },
    /// It is not a rule in Cedar's language, or it is a template, which is not used here.
    #[error("not a rule: {says}")]
    Syntax {
        /// Cedar's description.
        says: String,
    },
    /// An annotation is missing.
    #[error("the annotation `@{name}` is missing")]
    MissingAnnotation {
        /// Which.
        name: &'static str,
    },
    /// An annotation says nothing that can be used.
    #[error(
        "the annotation `@{name}` is empty, too long or has characters that do not belong there"
    )]
    InvalidAnnotation {
        /// Which.
        name: &'static str,
    },
    /// An annotation that nobody reads.
    #[error("the annotation `@{name}` is not known; there are `@id` and `@why`")]
    UnknownAnnotation {
        /// Which.
        name: String,
    },
    /// Another rule has the same name.
    #[error("another rule is called so too")]
    Duplicate,
    /// It does not fit the schema: an unknown name, or a comparison that makes no sense.
    #[error("does not fit the schema: {says}")]
    Schema {
        /// Cedar's description.
        says: String,
    },
    /// No request can match it.
    #[error("no request can match it: {says}")]
    Unreachable {
        /// Cedar's description.
        says: String,
    },
    /// Characters that look like others, or that turn the direction of reading.
    #[error("a reader could be misled: {says}")]
    Misleading {
        /// Cedar's description.
        says: String,
    },
    /// It names something that the assignments do not have.
    #[error("there is no {kind} `{name}`")]
    Unassigned {
        /// Of which kind.
        kind: &'static str,
        /// What it names.
        name: String,
    },
    /// Somebody has two roles that nobody may have both of.
    #[error("a principal has both the role `{0}` and the role `{1}`, which are separated")]
    Separated(RoleName, RoleName),
    /// The limits of a data set and of those it lies in leave no accepted purpose.
    #[error("the data set `{0}` can be used for no purpose")]
    NoPurpose(DatasetId),
    /// The schema of this program cannot be read.
    #[error("the schema cannot be read")]
    BrokenSchema,
}

//! What can be wrong with the source of a policy, and where.

use std::fmt;

use super::super::{Bundle, RulesName};
use crate::assignments::AssignmentProblem;
use crate::text::InvalidValue;

/// A part of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SourceFile {
    /// `policy.toml`.
    Policy,
    /// `roles.toml`.
    Roles,
    /// A file in `rules`.
    Rules(RulesName),
    /// The source as a whole: its folder, or one of its files that has no proper name.
    Folder,
}

impl fmt::Display for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy => f.write_str("policy.toml"),
            Self::Roles => f.write_str("roles.toml"),
            Self::Rules(name) => write!(f, "rules/{name}.cedar"),
            Self::Folder => f.write_str("the policy's folder"),
        }
    }
}

/// A source is no policy. Nothing was made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a place and what is wrong there")]
pub struct SourceError {
    /// Which file.
    pub file: SourceFile,
    /// Which line, from 1, where it is one line that is wrong.
    pub line: Option<usize>,
    /// What is wrong.
    pub problem: SourceProblem,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        self.line.map_or(Ok(()), |line| write!(f, ", line {line}"))?;
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for SourceError {}

/// What is wrong with a source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceProblem {
    /// It cannot be read.
    #[error("cannot be read: {0}")]
    Io(std::io::ErrorKind),
    /// It is not there.
    #[error("is not there")]
    Missing,
    /// It is no regular file.
    #[error("is no regular file")]
    NotRegular,
    /// Something lies there that nobody would read.
    #[error("holds something that is no part of a policy")]
    Foreign,
    /// It is longer than it may be.
    #[error("is longer than {most} bytes")]
    TooLong {
        /// How long it may be.
        most: usize,
    },
    /// It has more files of rules than there may be.
    #[error("has more than {} files of rules", Bundle::MAX_RULES)]
    TooManyRules,
    /// It has no rules: nothing would ever be permitted.
    #[error("has no rules")]
    NoRules,
    /// It is not UTF-8, or has a character that is not to be seen or that changes the order of others.
    #[error("has a character that cannot be seen")]
    Character,
    /// It is not TOML.
    #[error("is not TOML")]
    Syntax,
    /// A key that is not known.
    #[error("the key is not known here")]
    UnknownKey,
    /// A key that must be there is not.
    #[error("the key `{key}` is missing here")]
    MissingKey {
        /// Which.
        key: &'static str,
    },
    /// The same key, name or member of a list comes again.
    #[error("this stands there already")]
    Twice,
    /// The value is of another kind.
    #[error("expected {expected}")]
    Type {
        /// What it should be.
        expected: &'static str,
    },
    /// The value is not one that is possible.
    #[error(transparent)]
    Value(#[from] InvalidValue),
    /// The value is no time.
    #[error("expected a time from 1s to 366d, such as 90s, 15m, 12h or 7d")]
    Time,
    /// Roles, groups, principals and data sets do not hold together.
    #[error(transparent)]
    Assignment(#[from] AssignmentProblem),
    /// Only one of `sequence` and `supersedes` is there, or a policy is superseded that can have no number, or
    /// twice.
    #[error("`sequence` and `supersedes` do not fit each other")]
    Lineage,
    /// The source says that it follows another policy than the one it is to follow.
    #[error("the policy that this one is to follow is another")]
    NotSuccessor,
    /// It would supersede more policies than one can.
    #[error("supersedes more than {} policies", Bundle::MAX_SUPERSEDED)]
    TooManySuperseded,
}

impl SourceProblem {
    /// In a file, without a line.
    pub(super) fn in_file(self, file: SourceFile) -> SourceError {
        SourceError { file, line: None, problem: self }
    }
}

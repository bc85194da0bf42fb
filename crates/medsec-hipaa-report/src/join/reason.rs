//! Why a test does not count.

use core::fmt;

use serde::Serialize;

/// One reason; the test it belongs to has file, line and name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case", tag = "reason")]
#[non_exhaustive]
pub enum Reason {
    /// No binary has it: a `cfg` left it out, or its target was not built.
    NotListed {
        /// The conditions on it.
        conditions: Vec<String>,
    },
    /// It carries `#[ignore]`.
    Ignored {
        /// Where.
        configuration: String,
    },
    /// The run was told not to run it, and no other run did.
    LeftOut {
        /// Where.
        configuration: String,
        /// nextest's word for why.
        why: String,
    },
    /// It was to run, and no result says that it did: part of the run is missing.
    NoResult {
        /// Where.
        configuration: String,
    },
    /// More than one result has its name.
    SeveralResults {
        /// Where.
        configuration: String,
        /// How many.
        count: usize,
    },
    /// It failed.
    Failed {
        /// Where.
        configuration: String,
    },
    /// It crashed or ran out of time.
    Crashed {
        /// Where.
        configuration: String,
    },
    /// It was skipped.
    Skipped {
        /// Where.
        configuration: String,
    },
    /// It failed before it passed.
    Flaky {
        /// Where.
        configuration: String,
    },
    /// It left no witness: it exited, or did not come to its end.
    NoWitness {
        /// Where.
        configuration: String,
    },
    /// It left more than one: it ran more than once.
    SeveralWitnesses {
        /// Where.
        configuration: String,
        /// How many.
        count: usize,
    },
    /// Its witness is of a second or later attempt.
    LaterAttempt {
        /// Where.
        configuration: String,
        /// Which.
        attempt: u32,
    },
    /// What ran is not what the source says.
    WitnessDiffers {
        /// Where.
        configuration: String,
        /// In which field.
        what: &'static str,
    },
    /// It ran at another commit.
    OtherCommit {
        /// Where.
        configuration: String,
    },
    /// Its package writes witnesses in its own way, so that this one may be of another test.
    Posing {
        /// File and line.
        place: String,
    },
    /// The tree differs from the commit.
    DirtyTree {
        /// In how many files.
        files: usize,
    },
}

impl Reason {
    /// Whether the test was there and went wrong; else it is only missing.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        !matches!(
            self,
            Self::NotListed { .. }
                | Self::Ignored { .. }
                | Self::LeftOut { .. }
                | Self::DirtyTree { .. }
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotListed { conditions } if conditions.is_empty() => {
                write!(f, "no test binary has it")
            }
            Self::NotListed { conditions } => {
                write!(
                    f,
                    "no test binary has it; it is built only with cfg({})",
                    conditions.join(", ")
                )
            }
            Self::Ignored { configuration } => write!(f, "ignored in `{configuration}`"),
            Self::LeftOut { configuration, why } => {
                write!(f, "not selected in `{configuration}` ({why})")
            }
            Self::NoResult { configuration } => {
                write!(f, "`{configuration}` has no result of it: part of the run is missing")
            }
            Self::SeveralResults { configuration, count } => {
                write!(f, "{count} results of its name in `{configuration}`")
            }
            Self::Failed { configuration } => write!(f, "failed in `{configuration}`"),
            Self::Crashed { configuration } => {
                write!(f, "crashed or ran out of time in `{configuration}`")
            }
            Self::Skipped { configuration } => write!(f, "skipped in `{configuration}`"),
            Self::Flaky { configuration } => {
                write!(f, "failed before it passed in `{configuration}`")
            }
            Self::NoWitness { configuration } => write!(
                f,
                "left no witness in `{configuration}`: it exited or did not come to its end"
            ),
            Self::SeveralWitnesses { configuration, count } => {
                write!(f, "left {count} witnesses in `{configuration}`: it ran more than once")
            }
            Self::LaterAttempt { configuration, attempt } => {
                write!(f, "its witness in `{configuration}` is of attempt {attempt}")
            }
            Self::WitnessDiffers { configuration, what } => {
                write!(f, "the {what} that ran in `{configuration}` is not the one in the source")
            }
            Self::OtherCommit { configuration } => {
                write!(f, "`{configuration}` ran at another commit")
            }
            Self::Posing { place } => {
                write!(f, "{place} calls `__private`: its witness may be of another test")
            }
            Self::DirtyTree { files } => {
                write!(f, "the tree differs from the commit in {files} file(s)")
            }
        }
    }
}

//! Why a peer is not as far as it should be.

use medsec_audit::{Failure, OutsideError};

/// Why a peer does not get on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// It does not answer.
    #[error("does not answer")]
    Unreachable,
    /// What it answers cannot be used, its certificate for instance.
    #[error("its answer cannot be used")]
    Answer,
    /// It refuses what it is given.
    #[error("refuses")]
    Refused,
    /// It is not set up as it must be.
    #[error("is not set up as it must be")]
    Unfit,
    /// It holds another history of the log.
    #[error("holds another history of this log")]
    Fork,
    /// It has more than the log: an old copy of the log was restored, or its end was cut off.
    #[error("has more than the log")]
    Ahead,
    /// Records that it lacks were retired from the log.
    #[error("lacks records that the log no longer has")]
    Gone,
    /// The log, or what is remembered beside it, cannot be read or written here.
    #[error("the log's own files cannot be read or written")]
    Local,
}

impl Cause {
    /// Whether the drive ends with it: trying again changes nothing, or does harm, until somebody has looked.
    #[must_use]
    pub const fn is_final(self) -> bool {
        match self {
            Self::Refused | Self::Unfit | Self::Fork | Self::Ahead | Self::Gone => true,
            Self::Unreachable | Self::Answer | Self::Local => false,
        }
    }

    /// Whether the log and the peer contradict each other.
    #[must_use]
    pub const fn is_contradiction(self) -> bool {
        matches!(self, Self::Fork | Self::Ahead)
    }

    /// How the log's records call it.
    #[must_use]
    pub const fn failure(self) -> Failure {
        match self {
            Self::Unreachable => Failure::Unreachable,
            Self::Answer => Failure::NotAuthentic,
            Self::Refused => Failure::Output,
            Self::Unfit => Failure::Expectation,
            Self::Fork | Self::Ahead => Failure::Fork,
            Self::Gone => Failure::Conflict,
            Self::Local => Failure::Io,
        }
    }
}

impl From<&OutsideError> for Cause {
    fn from(error: &OutsideError) -> Self {
        match error {
            OutsideError::Unreachable(_) => Self::Unreachable,
            OutsideError::Refused(_) => Self::Refused,
            OutsideError::Unfit(_) => Self::Unfit,
            OutsideError::Fork => Self::Fork,
            // An error that this version does not know is one of the peer's answers.
            _ => Self::Answer,
        }
    }
}

impl From<OutsideError> for Cause {
    fn from(error: OutsideError) -> Self {
        Self::from(&error)
    }
}

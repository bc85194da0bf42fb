//! How it ended.

use super::RequestId;
use crate::text::codes;

codes!(
    /// Why something was denied: a rule said no, nothing was broken.
    Denial, "reason" {
        /// The policy does not permit it.
        Policy => "policy",
        /// Nobody is logged in.
        NoSession => "no-session",
        /// The session ended.
        SessionEnded => "session-ended",
        /// The credentials are wrong or of nobody.
        Credentials => "credentials",
        /// Too many attempts.
        LockedOut => "locked-out",
        /// The key or data set was not granted.
        NotGranted => "not-granted",
        /// The key is disabled or about to be destroyed.
        KeyDisabled => "key-disabled",
        /// The purpose of use is missing or not one that permits it.
        Purpose => "purpose",
        /// A confirmation, second person or fresh login is missing.
        Confirmation => "confirmation",
        /// More than may be done in a time.
        Rate => "rate",
    }
);

codes!(
    /// Why something failed.
    Failure, "reason" {
        /// An input is not of a form that this version reads.
        Format => "format",
        /// A package, but not the one expected.
        Expectation => "expectation",
        /// Wrong key, wrong context or altered package; which of them is not told.
        NotAuthentic => "not-authentic",
        /// Authentic at the start, and damaged further on.
        Damaged => "damaged",
        /// A signature is missing or does not fit.
        Signature => "signature",
        /// The output could not be made.
        Output => "output",
        /// Reading or writing failed.
        Io => "io",
        /// No room is left.
        NoSpace => "no-space",
        /// Stopped before its end.
        Interrupted => "interrupted",
        /// The private key could not be had.
        Identity => "identity",
        /// The key is unknown.
        KeyUnknown => "key-unknown",
        /// The key was destroyed.
        KeyDestroyed => "key-destroyed",
        /// The key service does not answer.
        KeyService => "key-service",
        /// A follower, anchor or other service does not answer.
        Unreachable => "unreachable",
        /// Not as fast as asked for.
        Behind => "behind",
        /// Another history than the one known: a fork.
        Fork => "fork",
        /// Something changed while it was in use.
        Conflict => "conflict",
        /// A limit was reached.
        Limit => "limit",
        /// The machine lacks memory or randomness.
        Resources => "resources",
        /// A fault of the program.
        Internal => "internal",
    }
);

/// How something ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "reviewers count these three; a fourth is another format"
)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was not permitted, and not done.
    Denied(Denial),
    /// It was permitted, and not done, or not to the end.
    Failure(Failure),
}

impl Outcome {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Success => Self::SUCCESS,
            Self::Denied(_) => Self::DENIED,
            Self::Failure(_) => Self::FAILURE,
        }
    }

    pub(super) const SUCCESS: &'static str = "success";
    pub(super) const DENIED: &'static str = "denied";
    pub(super) const FAILURE: &'static str = "failure";
}

/// Which part of an operation a record tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "before, after, or both in one")]
pub enum Phase {
    /// It is about to happen: nothing has been unwrapped or released.
    Intent {
        /// Shared with the outcome.
        request: RequestId,
    },
    /// How what was announced has ended.
    Ended {
        /// Shared with the intent.
        request: RequestId,
        /// How.
        outcome: Outcome,
    },
    /// All in one record: what takes no time, or was denied before it began.
    Single {
        /// The request, if it was one.
        request: Option<RequestId>,
        /// How it ended.
        outcome: Outcome,
    },
}

impl Phase {
    /// Its stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Intent { .. } => Self::INTENT,
            Self::Ended { .. } => Self::OUTCOME,
            Self::Single { .. } => Self::SINGLE,
        }
    }

    /// How it ended; none before it has.
    #[must_use]
    pub const fn outcome(self) -> Option<Outcome> {
        match self {
            Self::Intent { .. } => None,
            Self::Ended { outcome, .. } | Self::Single { outcome, .. } => Some(outcome),
        }
    }

    /// The request it belongs to.
    #[must_use]
    pub const fn request(self) -> Option<RequestId> {
        match self {
            Self::Intent { request } | Self::Ended { request, .. } => Some(request),
            Self::Single { request, .. } => request,
        }
    }

    pub(super) const INTENT: &'static str = "intent";
    pub(super) const OUTCOME: &'static str = "outcome";
    pub(super) const SINGLE: &'static str = "single";
}

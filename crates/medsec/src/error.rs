//! Why nothing was granted, and why nothing was released.

use medsec_audit::{Denial, Failure, Outcome};
use medsec_crypto::{
    ExpectationError, FormatError, HeaderError, NotAuthentic, OpenError, OutputError, RangeError,
    RewrapError, SealError,
};
use medsec_kms::KeyServiceError;
use medsec_policy::{DecideError, Refusal};

use crate::journal::JournalError;
use crate::login::NotLoggedIn;
use crate::time::ClockFault;

/// Why nothing was granted. No data key is known to the caller, and nothing was opened, sealed or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Nobody is logged in any more.
    #[error(transparent)]
    Login(#[from] NotLoggedIn),
    /// The policy does not permit it.
    #[error("the policy does not permit it: {0}")]
    Policy(Refusal),
    /// The policy could not be asked.
    #[error("the policy could not be asked")]
    Decision(#[from] DecideError),
    /// What was asked for is less than the policy demands.
    #[error("the policy demands {0}")]
    Demand(Demand),
    /// The time is not known.
    #[error(transparent)]
    Clock(#[from] ClockFault),
    /// It could not be recorded, so it does not happen.
    #[error("it could not be recorded: {0}")]
    Record(#[from] JournalError),
    /// The package is not what it should be, or not authentic.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The package cannot be sealed so.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The package's recipients cannot be changed.
    #[error(transparent)]
    Rewrap(#[from] RewrapError),
    /// The key service did not do it.
    #[error(transparent)]
    Key(#[from] KeyServiceError),
    /// It cannot be done without the package's data key: the package or its key service does not permit that, or other
    /// recipients were to be added.
    #[error("that needs the package's data key, and was to be done without")]
    NeedsDataKey,
    /// A package was to be signed, and the session has no key to sign with.
    #[error("there is no key to sign with")]
    NoSigner,
    /// A name has no place in a record, or the system gave no randomness.
    #[error("the request cannot be put on record")]
    Unrecordable,
}

/// What a policy demands besides what its rules permit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Demand {
    /// A data set.
    #[error("that the data set is named")]
    Dataset,
    /// A signature: when sealing that of who is logged in, when opening that of a principal whom the policy knows.
    #[error("a signature of somebody it knows")]
    Signature,
    /// A recipient, such as the emergency key.
    #[error("a recipient that is missing, such as the emergency key")]
    Recipient,
    /// Another key.
    #[error("another key than this one")]
    Key,
    /// A recipient under a key that it permits: what is asked for would take keys away and leave none.
    #[error("that one of its keys stays a recipient: what is asked for takes the last one away")]
    LastKey,
    /// A younger key.
    #[error("a key that is not so old: rotate it first")]
    KeyAge,
    /// A package that is bound to a policy known here.
    #[error("a package bound to this policy or one that it supersedes")]
    Bound,
    /// The same, and whoever opens cannot waive it.
    #[error("a package bound to this policy or one that it supersedes, whoever asks for another")]
    AlwaysBound,
    /// A data key of the package's own.
    #[error(
        "that each package has a data key of its own, and the session shares them between packages"
    )]
    OwnDataKey,
}

/// Why nothing was released although it was granted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// The session that it was granted in is over: the grant holds no key any more.
    #[error(transparent)]
    Login(#[from] NotLoggedIn),
    /// The package did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The package was not sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The output could not be made.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// The outcome could not be recorded, so nothing was released.
    #[error("the outcome could not be recorded, so nothing was released: {0}")]
    Record(#[from] JournalError),
}

/// Why a use of a grant gave nothing. Of a grant that can be used again [`Grant::close`](crate::Grant::close) records it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UseError {
    /// The session that it was granted in is over: the grant holds no key any more.
    #[error(transparent)]
    Login(#[from] NotLoggedIn),
    /// The package did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A signer is required, and without a side-car a range cannot be checked against a signature.
    #[error("a signer is required: give the package's side-car, or have the whole package read")]
    SideCarNeeded,
    /// The recipients were not changed; its variants say which are in force.
    #[error(transparent)]
    Rewrap(#[from] RewrapError),
}

impl From<RangeError> for UseError {
    fn from(error: RangeError) -> Self {
        match error {
            RangeError::SideCarNeeded => Self::SideCarNeeded,
            RangeError::Open(error) => Self::Open(error),
            // What else there will be is told as what it is: nothing was read.
            _ => Self::Open(OpenError::Unfinished),
        }
    }
}

impl From<HeaderError> for Refused {
    fn from(error: HeaderError) -> Self {
        Self::Open(error.into())
    }
}

impl From<NotAuthentic> for Refused {
    fn from(error: NotAuthentic) -> Self {
        Self::Open(error.into())
    }
}

impl From<ExpectationError> for Refused {
    fn from(error: ExpectationError) -> Self {
        Self::Open(error.into())
    }
}

impl Refused {
    /// How the log tells of it.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Login(why) => of_login(*why),
            Self::NoSigner => Outcome::Failure(Failure::KeyUnknown),
            Self::NeedsDataKey => Outcome::Denied(Denial::NotGranted),
            Self::Policy(Refusal::Purpose) => Outcome::Denied(Denial::Purpose),
            Self::Policy(Refusal::StepUp) => Outcome::Denied(Denial::Confirmation),
            Self::Policy(_) | Self::Demand(_) => Outcome::Denied(Denial::Policy),
            Self::Key(error) => of_key(error),
            Self::Open(error) => Outcome::Failure(of_open(error)),
            Self::Seal(error) => Outcome::Failure(of_seal(error)),
            Self::Rewrap(error) => Outcome::Failure(of_rewrap(error)),
            Self::Decision(_) | Self::Clock(_) | Self::Record(_) | Self::Unrecordable => {
                Outcome::Failure(Failure::Internal)
            }
        }
    }
}

impl ReleaseError {
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome::Failure(match self {
            Self::Login(why) => return of_login(*why),
            Self::Open(error) => of_open(error),
            Self::Seal(error) => of_seal(error),
            Self::Output(_) => Failure::Output,
            Self::Record(_) => Failure::Internal,
        })
    }
}

impl UseError {
    pub(crate) fn outcome(&self) -> Outcome {
        Outcome::Failure(match self {
            Self::Login(why) => return of_login(*why),
            Self::Open(error) => of_open(error),
            Self::SideCarNeeded => Failure::Expectation,
            Self::Rewrap(error) => of_rewrap(error),
        })
    }
}

/// Who has no session is told from whose session has ended.
pub(crate) const fn of_login(why: NotLoggedIn) -> Outcome {
    Outcome::Denied(match why {
        NotLoggedIn::Nobody | NotLoggedIn::Unreachable => Denial::NoSession,
        _ => Denial::SessionEnded,
    })
}

fn of_key(error: &KeyServiceError) -> Outcome {
    use KeyServiceError as K;
    match error {
        K::NotPermitted => Outcome::Denied(Denial::NotGranted),
        K::Disabled | K::PendingDestruction => Outcome::Denied(Denial::KeyDisabled),
        K::NoSuchKey | K::NoSuchVersion | K::ForeignStanza => Outcome::Failure(Failure::KeyUnknown),
        K::Destroyed => Outcome::Failure(Failure::KeyDestroyed),
        K::NotAuthentic => Outcome::Failure(Failure::NotAuthentic),
        K::Random(_) => Outcome::Failure(Failure::Resources),
        _ => Outcome::Failure(Failure::KeyService),
    }
}

fn of_open(error: &OpenError) -> Failure {
    match error {
        OpenError::Format(_) => Failure::Format,
        OpenError::Expectation(_) => Failure::Expectation,
        OpenError::NotAuthentic(_) => Failure::NotAuthentic,
        OpenError::Damaged { .. } | OpenError::DamagedMetadata => Failure::Damaged,
        OpenError::Signature(_) => Failure::Signature,
        OpenError::TooLong | OpenError::OverLimit { .. } => Failure::Limit,
        OpenError::Output(_) | OpenError::Write(_) => Failure::Output,
        OpenError::Changed => Failure::Conflict,
        OpenError::Interrupted | OpenError::Unfinished => Failure::Interrupted,
        _ => Failure::Io,
    }
}

fn of_seal(error: &SealError) -> Failure {
    match error {
        SealError::Format(FormatError::Value { .. }) | SealError::Value(_) => Failure::Limit,
        SealError::Interrupted => Failure::Interrupted,
        SealError::Output(_) | SealError::Write(_) => Failure::Output,
        SealError::Random(_) => Failure::Resources,
        _ => Failure::Io,
    }
}

fn of_rewrap(error: &RewrapError) -> Failure {
    match error {
        RewrapError::Format(_) => Failure::Format,
        RewrapError::NotAuthentic(_) | RewrapError::NotConfirmed => Failure::NotAuthentic,
        RewrapError::Changed | RewrapError::Locked => Failure::Conflict,
        RewrapError::Output(_) => Failure::Output,
        RewrapError::DoesNotFit | RewrapError::Linked | RewrapError::Profile => Failure::Limit,
        _ => Failure::Io,
    }
}

//! What the log says of an event: who, what, which, why, where, in typed fields only.
//!
//! There is no field for text. Strings are identifiers with a length and a character set, or codes of a closed
//! list; a patient is a keyed pseudonym or a commitment; what a person wrote stands elsewhere and can be erased,
//! and the line has the commitment.

mod action;
mod actor;
mod fit;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod ids;
mod outcome;
mod place;
mod purpose;
mod read;
#[cfg(any(test, fuzzing))]
pub(crate) mod samples;
mod schema;
mod subject;
#[cfg(test)]
mod tests;
mod write;

pub use self::action::Action;
pub use self::actor::{Actor, Authentication, Principal};
pub use self::ids::{
    DatasetId, DecisionId, EmergencyId, HostId, KekName, PackageId, PeerName, PolicyHash,
    PrincipalId, ProcessName, RefusalCode, RequestId, RoleName, SessionId, SlotDigest,
};
pub use self::outcome::{Denial, Failure, Outcome, Phase};
pub use self::place::{Origin, Place};
pub use self::purpose::Purpose;
pub use self::read::{Content, ContentError, UnknownMember};
pub use self::subject::{
    ClockStep, Extent, KekVersion, Patient, Period, Recipients, Span, Study, Subject,
};
pub use self::write::EventError;
pub(crate) use self::write::Prepared;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Event {
    /// Who.
    pub actor: Actor,
    /// What.
    pub action: Action,
    /// Which part of it, and how it ended.
    pub phase: Phase,
    /// To what.
    pub subject: Subject,
    /// Why.
    pub purpose: Option<Purpose>,
    /// Where.
    pub place: Place,
    /// What the policy said, if it was asked.
    pub ruling: Option<Ruling>,
    /// In which session.
    pub session: Option<SessionId>,
}

/// What the policy said: whether it permitted shows in the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Ruling {
    /// The policy that was asked.
    pub policy: PolicyHash,
    /// Its decision.
    pub decision: DecisionId,
}

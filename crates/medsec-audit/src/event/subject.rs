//! What it was done to.

use std::fmt;

use super::{
    DatasetId, EmergencyId, KekName, PackageId, PeerName, PolicyHash, PrincipalId, RefusalCode,
    SlotDigest,
};
use crate::commitment::Commitment;
use crate::count::Count;
use crate::pseudonym::{PatientPseudonym, StudyPseudonym};
use crate::text::{InvalidValue, Word};
use crate::time::LogTime;

/// What it was done to. All is optional here; what an action needs is checked when its event is rendered or
/// parsed, see [`Event::to_line`](crate::Event::to_line).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Subject {
    /// The package.
    pub package: Option<PackageId>,
    /// The data set.
    pub dataset: Option<DatasetId>,
    /// Which list of recipients the package had.
    pub recipients: Option<Recipients>,
    /// How much content was sealed, opened or read.
    pub extent: Option<Extent>,
    /// The patient.
    pub patient: Option<Patient>,
    /// The study.
    pub study: Option<Study>,
    /// The key.
    pub key: Option<KekVersion>,
    /// The principal whose rights were changed, or who claimed the emergency.
    pub principal: Option<PrincipalId>,
    /// The emergency that it was done in, or that was claimed, ended or reviewed.
    pub emergency: Option<EmergencyId>,
    /// The policy that came into force.
    pub policy: Option<PolicyHash>,
    /// The follower, the anchor, or the system that something was handed to.
    pub peer: Option<PeerName>,
    /// How many: packages of an export, records that a follower lacks.
    pub items: Option<Count>,
    /// The records of this log that were examined, lost, removed or not yet followed.
    pub span: Option<Span>,
    /// The time that was examined.
    pub period: Option<Period>,
    /// How the clock jumped.
    pub clock: Option<ClockStep>,
    /// A reason or a note that a person wrote: its commitment. The text is in the
    /// [`Opening`](crate::Opening), which is kept elsewhere and can be erased.
    pub text: Option<Commitment>,
    /// Why the credential of a login that failed was refused.
    pub refusal: Option<RefusalCode>,
}

/// Which list of recipients a package had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Recipients {
    /// How often the list was changed.
    pub generation: Count,
    /// Digest of the slot it stands in.
    pub slot: SlotDigest,
}

/// How much content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Extent {
    /// Bytes of content, those read twice counted twice.
    pub bytes: Count,
    /// In how many ranges; a whole package is one.
    pub ranges: Count,
}

/// A key, or one version of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct KekVersion {
    /// The key.
    pub name: KekName,
    /// The version, from 1; none for all of them.
    pub version: Option<Count>,
}

/// Records of a stream, the last included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    // INVARIANT: first <= last.
    first: Count,
    last: Count,
}

impl Span {
    /// From one record to another.
    ///
    /// # Errors
    /// [`InvalidValue`] if `first` is behind `last`.
    pub fn new(first: Count, last: Count) -> Result<Self, InvalidValue> {
        (first <= last).then_some(Self { first, last }).ok_or(InvalidValue { field: "span" })
    }

    /// Index of the first record.
    #[must_use]
    pub const fn first(&self) -> Count {
        self.first
    }

    /// Index of the last record.
    #[must_use]
    pub const fn last(&self) -> Count {
        self.last
    }
}

/// A span of time, the end not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Period {
    // INVARIANT: from <= until.
    from: LogTime,
    until: LogTime,
}

impl Period {
    /// From one time to another.
    ///
    /// # Errors
    /// [`InvalidValue`] if `from` is after `until`.
    pub fn new(from: LogTime, until: LogTime) -> Result<Self, InvalidValue> {
        (from <= until).then_some(Self { from, until }).ok_or(InvalidValue { field: "period" })
    }

    /// Its start.
    #[must_use]
    pub const fn from(&self) -> LogTime {
        self.from
    }

    /// Its end.
    #[must_use]
    pub const fn until(&self) -> LogTime {
        self.until
    }
}

/// A jump of the wall clock, in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct ClockStep {
    /// What the clock should have shown.
    pub expected: LogTime,
    /// What it showed.
    pub found: LogTime,
}

macro_rules! person_or_study {
    ($(#[$doc:meta])* $name:ident, $pseudonym:ident, $field:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(clippy::exhaustive_enums, reason = "the rule of the log: these two or nothing")]
        pub enum $name {
            /// By a pseudonym: events of one of them can be found without the identifier.
            Pseudonym($pseudonym),
            /// By a commitment: nothing links two events, and who holds the opening can show which it was.
            Commitment(Commitment),
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::Pseudonym(pseudonym) => pseudonym.fmt(f),
                    Self::Commitment(commitment) => commitment.fmt(f),
                }
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidValue;

            /// Accepts exactly the form that `Display` writes.
            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                let pseudonym = text.parse().map(Self::Pseudonym);
                let either = pseudonym.or_else(|_| text.parse().map(Self::Commitment));
                either.map_err(|_| InvalidValue { field: $field })
            }
        }

        impl Word for $name {}
    };
}

person_or_study!(
    /// Which patient it was about. Remains PHI, see [`PatientPseudonym`].
    Patient, PatientPseudonym, "patient"
);
person_or_study!(
    /// Which study it was about. Remains PHI, see [`StudyPseudonym`].
    Study, StudyPseudonym, "study"
);

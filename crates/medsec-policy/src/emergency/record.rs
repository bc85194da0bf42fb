//! What is kept of an emergency across restarts.
//!
//! JSON in one form: what parses is exactly what would be written. Times are seconds since 1970. The record is not
//! authenticated: whoever may write the file may forge it, and the audit log shows what really happened.

use serde::{Deserialize, Serialize};

use super::scope::{PatientPseudonym, Scope};
use crate::ids::{DatasetId, EmergencyId, PrincipalId};
use crate::settings::EmergencyReason;
use crate::text::codes;

codes!(
    /// How an emergency ended.
    EmergencyEnd, "end of an emergency" {
        /// Its time was over.
        Expired => "expired",
        /// Whoever claimed it returned to normal.
        Returned => "returned-to-normal",
        /// Somebody else ended it.
        Revoked => "revoked",
        /// The clock cannot be trusted: it is behind what it has shown before, or shows nothing.
        ClockUntrusted => "clock-untrusted",
    }
);
codes!(
    /// What a review found.
    ReviewOutcome, "outcome of a review" {
        /// The access was justified.
        Justified => "justified",
        /// It was not.
        NotJustified => "not-justified",
    }
);

/// What is kept of an emergency. What a person wrote as its reason is not part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EmergencyRecord {
    /// Names it.
    pub id: EmergencyId,
    /// Who claimed it.
    pub initiator: PrincipalId,
    /// Why.
    pub reason: EmergencyReason,
    /// What it is limited to.
    pub scope: Scope,
    /// When it was opened, in seconds since 1970.
    pub opened_at: u64,
    /// When it ends at the latest, in seconds since 1970.
    pub until: u64,
    /// The latest that the wall clock has shown while it was open.
    pub seen_at: u64,
    /// Who took part besides whoever claimed it, sorted.
    pub participants: Vec<PrincipalId>,
    /// How far it has come.
    pub phase: EmergencyPhase,
}

/// How far an emergency has come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are these three")]
pub enum EmergencyPhase {
    /// It is open.
    Open,
    /// It has ended, and its review is open.
    Ended {
        /// How it ended.
        how: EmergencyEnd,
        /// When, in seconds since 1970.
        at: u64,
    },
    /// It has ended, and its review is closed.
    Reviewed {
        /// How it ended.
        how: EmergencyEnd,
        /// When, in seconds since 1970.
        at: u64,
        /// The review.
        review: Review,
    },
}

/// A closed review.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Review {
    /// Who closed it.
    pub by: PrincipalId,
    /// When, in seconds since 1970.
    pub at: u64,
    /// What it found.
    pub outcome: ReviewOutcome,
}

impl EmergencyPhase {
    /// How it ended; none while it is open.
    #[must_use]
    pub const fn end(&self) -> Option<EmergencyEnd> {
        match self {
            Self::Open => None,
            Self::Ended { how, .. } | Self::Reviewed { how, .. } => Some(*how),
        }
    }
}

impl EmergencyRecord {
    /// Longest record that is read, in bytes.
    pub const MAX_LEN: usize = 16 * 1024;
    /// Most people that can take part besides whoever claimed it.
    pub const MAX_PARTICIPANTS: usize = 32;

    /// The record as text.
    #[must_use]
    pub fn render(&self) -> String {
        // Serialising strings and numbers into memory does not fail; an empty text would not parse.
        let mut text = serde_json::to_string_pretty(&Raw::from(self)).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`RecordError`]; nothing of the content is in it.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > Self::MAX_LEN {
            return Err(RecordError::TooLong);
        }
        let raw: Raw = serde_json::from_slice(bytes).map_err(|_| RecordError::Malformed)?;
        let record = raw.into_record().ok_or(RecordError::Malformed)?;
        if record.render().as_bytes() != bytes {
            return Err(RecordError::NotCanonical);
        }
        record.is_consistent().then_some(record).ok_or(RecordError::Inconsistent)
    }

    fn is_consistent(&self) -> bool {
        let span = self.opened_at..=self.until;
        let sorted = self.participants.is_sorted_by(|one, two| one < two);
        let phase = match &self.phase {
            EmergencyPhase::Open => true,
            EmergencyPhase::Ended { at, .. } => span.contains(at),
            EmergencyPhase::Reviewed { at, review, .. } => {
                span.contains(at) && review.at >= *at && self.may_review(&review.by)
            }
        };
        let few = self.participants.len() <= Self::MAX_PARTICIPANTS;
        self.opened_at < self.until && self.seen_at >= self.opened_at && sorted && few && phase
    }
}

/// Why a record was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// Longer than a record can be.
    #[error(
        "longer than the {} bytes the record of an emergency may have",
        EmergencyRecord::MAX_LEN
    )]
    TooLong,
    /// Not a record of a kind this version reads.
    #[error("not the record of an emergency that this version reads")]
    Malformed,
    /// Written in another form than this program writes it.
    #[error(
        "the record of the emergency was altered: it is not in the form in which it is written"
    )]
    NotCanonical,
    /// It says what cannot be: times in the wrong order, or a review by somebody who took part.
    #[error("the record of the emergency contradicts itself")]
    Inconsistent,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    version: u8,
    id: String,
    initiator: String,
    reason: String,
    dataset: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    patient: Option<String>,
    opened_at: u64,
    until: u64,
    seen_at: u64,
    participants: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<RawEnd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<RawReview>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEnd {
    how: String,
    at: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReview {
    by: String,
    at: u64,
    outcome: String,
}

impl From<&EmergencyRecord> for Raw {
    fn from(record: &EmergencyRecord) -> Self {
        let (ended, review) = match &record.phase {
            EmergencyPhase::Open => (None, None),
            EmergencyPhase::Ended { how, at } => (Some((how, at)), None),
            EmergencyPhase::Reviewed { how, at, review } => (Some((how, at)), Some(review)),
        };
        Self {
            version: 1,
            id: record.id.to_string(),
            initiator: record.initiator.to_string(),
            reason: record.reason.to_string(),
            dataset: record.scope.dataset().to_string(),
            patient: record.scope.patient().map(|patient| patient.as_str().to_owned()),
            opened_at: record.opened_at,
            until: record.until,
            seen_at: record.seen_at,
            participants: record.participants.iter().map(ToString::to_string).collect(),
            ended: ended.map(|(how, at)| RawEnd { how: how.to_string(), at: *at }),
            review: review.map(|review| RawReview {
                by: review.by.to_string(),
                at: review.at,
                outcome: review.outcome.to_string(),
            }),
        }
    }
}

impl Raw {
    fn into_record(self) -> Option<EmergencyRecord> {
        let dataset = DatasetId::new(&self.dataset).ok()?;
        let scope = match self.patient {
            None => Scope::Dataset(dataset),
            Some(patient) => {
                Scope::Patient { pseudonym: PatientPseudonym::new(&patient).ok()?, dataset }
            }
        };
        let participants = self.participants.iter().map(|name| PrincipalId::new(name).ok());
        let record = EmergencyRecord {
            id: self.id.parse().ok()?,
            initiator: PrincipalId::new(&self.initiator).ok()?,
            reason: self.reason.parse().ok()?,
            scope,
            opened_at: self.opened_at,
            until: self.until,
            seen_at: self.seen_at,
            participants: participants.collect::<Option<_>>()?,
            phase: phase(self.ended, self.review)?,
        };
        (self.version == 1).then_some(record)
    }
}

fn phase(ended: Option<RawEnd>, review: Option<RawReview>) -> Option<EmergencyPhase> {
    Some(match (ended, review) {
        (None, None) => EmergencyPhase::Open,
        (None, Some(_)) => return None,
        (Some(end), None) => EmergencyPhase::Ended { how: end.how.parse().ok()?, at: end.at },
        (Some(end), Some(review)) => {
            let by = PrincipalId::new(&review.by).ok()?;
            let review = Review { by, at: review.at, outcome: review.outcome.parse().ok()? };
            EmergencyPhase::Reviewed { how: end.how.parse().ok()?, at: end.at, review }
        }
    })
}

//! The review of an emergency: open from its end, closed by another person.

use std::time::{Duration, SystemTime};

use super::record::{EmergencyPhase, Review, ReviewOutcome};
use super::{Emergency, EmergencyRecord, unix_seconds};
use crate::clock::{Clock, ClockError};
use crate::ids::PrincipalId;
use crate::principal::{Principal, PrincipalKind};
use crate::settings::EmergencyLimits;

const DAY: u64 = 86_400;

impl Emergency {
    /// Notes that somebody used it or helped to, for example with a share of the emergency key. They must not close
    /// its review.
    ///
    /// # Errors
    /// [`TooManyParticipants`]; they were not noted, and must not take part.
    pub fn took_part(&mut self, principal: &PrincipalId) -> Result<(), TooManyParticipants> {
        let participants = &mut self.record.participants;
        if participants.iter().any(|known| same(known, principal)) {
            return Ok(());
        }
        if participants.len() >= EmergencyRecord::MAX_PARTICIPANTS {
            return Err(TooManyParticipants);
        }
        participants.push(principal.clone());
        participants.sort();
        Ok(())
    }

    /// Closes the review. That the principal may close reviews at all must have been decided before.
    ///
    /// # Errors
    /// [`ReviewError`]; the review is as it was.
    pub fn review(
        &mut self,
        reviewer: &Principal,
        outcome: ReviewOutcome,
        clock: &dyn Clock,
    ) -> Result<(), ReviewError> {
        // An emergency whose time is over has ended, even if nobody has looked since.
        let _ = self.check(clock);
        let (how, at) = match self.record.phase {
            EmergencyPhase::Open => return Err(ReviewError::StillOpen),
            EmergencyPhase::Reviewed { .. } => return Err(ReviewError::Reviewed),
            EmergencyPhase::Ended { how, at } => (how, at),
        };
        if reviewer.kind != PrincipalKind::Person {
            return Err(ReviewError::NotAPerson);
        }
        if !self.record.may_review(&reviewer.id) {
            return Err(ReviewError::TookPart);
        }
        let reviewed_at = unix_seconds(clock.wall()).ok_or(ClockError)?.max(at);
        let review = Review { by: reviewer.id.clone(), at: reviewed_at, outcome };
        self.record.phase = EmergencyPhase::Reviewed { how, at, review };
        Ok(())
    }

    /// When the review is due; none while the emergency is open and when the review is closed.
    #[must_use]
    pub fn review_due(&self, limits: &EmergencyLimits) -> Option<SystemTime> {
        let EmergencyPhase::Ended { at, .. } = self.record.phase else { return None };
        let days = u64::from(limits.review_within_days).saturating_mul(DAY);
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(at.saturating_add(days)))
    }

    /// Whether the review should have been closed by now. Yes, if the wall clock shows a time before the end.
    #[must_use]
    pub fn is_overdue(&self, limits: &EmergencyLimits, now: SystemTime) -> bool {
        let EmergencyPhase::Ended { at, .. } = self.record.phase else { return false };
        let set_back = unix_seconds(now).is_none_or(|now| now < at);
        set_back || self.review_due(limits).is_none_or(|due| now >= due)
    }
}

impl EmergencyRecord {
    /// Whether somebody had no part in it. Names that differ in case alone are one person.
    pub(super) fn may_review(&self, reviewer: &PrincipalId) -> bool {
        !same(&self.initiator, reviewer) && !self.participants.iter().any(|p| same(p, reviewer))
    }
}

fn same(one: &PrincipalId, other: &PrincipalId) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

/// Too many took part in one emergency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no more than {} can take part in one emergency", EmergencyRecord::MAX_PARTICIPANTS)]
pub struct TooManyParticipants;

/// Why a review was not closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// The emergency has not ended.
    #[error("the emergency is still open")]
    StillOpen,
    /// The review is closed already.
    #[error("the emergency has been reviewed before")]
    Reviewed,
    /// A program cannot review.
    #[error("only a person can review an emergency")]
    NotAPerson,
    /// Who claimed it, used it or helped to must not review it.
    #[error("an emergency must be reviewed by somebody who had no part in it")]
    TookPart,
    /// The wall clock shows no time.
    #[error(transparent)]
    Clock(#[from] ClockError),
}

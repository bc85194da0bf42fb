//! Emergency access, break-glass (164.312(a)(2)(ii)): what may be claimed, for how long, and how it is reviewed.
//!
//! ```text
//! claim ─► open ─(expired, returned to normal, revoked, clock untrusted)─► ended ─(another person)─► reviewed
//! ```
//!
//! This is logic alone: whether somebody may claim at all is the policy's decision, and the alert, the records of the
//! audit log and the file in which an [`EmergencyRecord`] outlives a restart are the caller's.
//!
//! An open emergency ends by two clocks, whichever is first. In one process the time that counts suspend decides;
//! across restarts the wall clock does. A wall clock that is behind the beginning, or behind what it has shown
//! before, ends it.

mod claim;
mod record;
mod review;
mod scope;

pub use self::claim::{Claim, ClaimError, ReasonText};
pub use self::record::{
    EmergencyEnd, EmergencyPhase, EmergencyRecord, RecordError, Review, ReviewOutcome,
};
pub use self::review::{ReviewError, TooManyParticipants};
pub use self::scope::{PatientPseudonym, Scope};

use std::time::{Duration, SystemTime};

use crate::clock::{Clock, Moment};
use crate::ids::{EmergencyId, PrincipalId};
use crate::request::Resource;
use crate::settings::EmergencyLimits;

/// How far the wall clock may be behind what it has shown: more than its correction by a time server comes to.
const TOLERANCE_SECONDS: u64 = 60;

/// One emergency.
#[derive(Debug)]
pub struct Emergency {
    record: EmergencyRecord,
    /// When it ends by the clock that nobody can set; known from the first look in this process.
    deadline: Option<Moment>,
}

impl Emergency {
    /// Goes on with what a record says, after a restart. Under stricter limits than before it ends earlier.
    #[must_use]
    pub fn resume(mut record: EmergencyRecord, limits: &EmergencyLimits) -> Self {
        if record.phase == EmergencyPhase::Open {
            let longest = limits.max_duration.as_secs().max(1);
            record.until = record.until.min(record.opened_at.saturating_add(longest));
        }
        Self { record, deadline: None }
    }

    /// Takes over what another process has written of the same emergency since. When it ends by the clock that
    /// nobody can set stays as it was. A record of another emergency changes nothing.
    pub fn catch_up(&mut self, record: EmergencyRecord, limits: &EmergencyLimits) {
        if record.id != self.record.id {
            return;
        }
        let seen_at = self.record.seen_at.max(record.seen_at);
        let Self { record: later, .. } = Self::resume(record, limits);
        self.record = EmergencyRecord { seen_at, ..later };
    }

    /// What is to be kept across restarts: to be written after each change.
    #[must_use]
    pub const fn record(&self) -> &EmergencyRecord {
        &self.record
    }

    /// Names it.
    #[must_use]
    pub const fn id(&self) -> EmergencyId {
        self.record.id
    }

    /// Who claimed it.
    #[must_use]
    pub const fn initiator(&self) -> &PrincipalId {
        &self.record.initiator
    }

    /// What it covers.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        &self.record.scope
    }

    /// Looks at the clocks and ends it if its time is over.
    ///
    /// # Errors
    /// [`EmergencyOver`] if it has ended, now or before.
    pub fn check(&mut self, clock: &dyn Clock) -> Result<(), EmergencyOver> {
        if let Some(how) = self.record.phase.end() {
            return Err(EmergencyOver { how });
        }
        let wall = unix_seconds(clock.wall());
        match self.over_at(wall, clock) {
            None => {
                self.record.seen_at = self.record.seen_at.max(wall.unwrap_or_default());
                Ok(())
            }
            Some(how) => {
                self.end_with(how, wall);
                Err(EmergencyOver { how })
            }
        }
    }

    /// Why it is over, if it is.
    fn over_at(&mut self, wall: Option<u64>, clock: &dyn Clock) -> Option<EmergencyEnd> {
        let untrusted = Some(EmergencyEnd::ClockUntrusted);
        let (Some(wall), Ok(boot)) = (wall, clock.boot()) else { return untrusted };
        let record = &self.record;
        // Time servers correct by a little; the beginning is seen too.
        if wall.saturating_add(TOLERANCE_SECONDS) < record.seen_at.max(record.opened_at) {
            return untrusted;
        }
        let wall = wall.max(record.opened_at);
        let left = Duration::from_secs(record.until.saturating_sub(wall));
        let deadline = *self.deadline.get_or_insert(boot.plus(left));
        (wall >= record.until || boot >= deadline).then_some(EmergencyEnd::Expired)
    }

    /// Returns to normal. Whoever claimed it does that.
    ///
    /// # Errors
    /// [`EmergencyOver`] if it has ended before.
    pub fn return_to_normal(&mut self, clock: &dyn Clock) -> Result<(), EmergencyOver> {
        self.end_now(EmergencyEnd::Returned, clock)
    }

    /// Ends it against the will of whoever claimed it.
    ///
    /// # Errors
    /// [`EmergencyOver`] if it has ended before.
    pub fn revoke(&mut self, clock: &dyn Clock) -> Result<(), EmergencyOver> {
        self.end_now(EmergencyEnd::Revoked, clock)
    }

    fn end_now(&mut self, how: EmergencyEnd, clock: &dyn Clock) -> Result<(), EmergencyOver> {
        self.check(clock)?;
        self.end_with(how, unix_seconds(clock.wall()));
        Ok(())
    }

    /// It ends no later than it may last, whenever that is noticed: the time for the review runs from there.
    fn end_with(&mut self, how: EmergencyEnd, wall: Option<u64>) {
        let record = &mut self.record;
        let at = wall.unwrap_or_default().clamp(record.opened_at, record.until);
        record.phase = EmergencyPhase::Ended { how, at };
    }

    /// Whether it serves this principal for this: it is open, theirs, and covers it.
    ///
    /// # Errors
    /// [`ServeError`]; it must not be relied on.
    pub fn serves(
        &mut self,
        principal: &PrincipalId,
        resource: &Resource,
        patient: Option<&PatientPseudonym>,
        clock: &dyn Clock,
    ) -> Result<EmergencyId, ServeError> {
        self.check(clock)?;
        if *principal != self.record.initiator {
            return Err(ServeError::AnotherPrincipal);
        }
        let covers = self.record.scope.covers(resource, patient);
        covers.then_some(self.record.id).ok_or(ServeError::OutsideScope)
    }
}

fn unix_seconds(time: SystemTime) -> Option<u64> {
    time.duration_since(SystemTime::UNIX_EPOCH).ok().map(|since| since.as_secs())
}

/// It has ended; it permits nothing any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the emergency has ended: {how}")]
#[non_exhaustive]
pub struct EmergencyOver {
    /// How.
    pub how: EmergencyEnd,
}

/// Why an emergency does not serve for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// It has ended.
    #[error(transparent)]
    Over(#[from] EmergencyOver),
    /// Somebody else claimed it.
    #[error("the emergency was claimed by somebody else")]
    AnotherPrincipal,
    /// It is limited to something else.
    #[error("the emergency does not cover this")]
    OutsideScope,
}

#[cfg(test)]
mod tests;

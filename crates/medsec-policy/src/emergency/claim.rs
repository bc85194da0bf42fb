//! Claiming emergency access.

use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use super::record::{EmergencyPhase, EmergencyRecord};
use super::{Emergency, Scope, unix_seconds};
use crate::clock::{Clock, ClockError};
use crate::ids::EmergencyId;
use crate::principal::{Principal, PrincipalKind};
use crate::settings::{EmergencyLimits, EmergencyReason};
use crate::text::{InvalidValue, RandomError};

/// What a person wrote about why: 1 to 1,000 characters without control characters. It may name patients, so that it
/// is not shown, stands in no record and is erased on drop.
pub struct ReasonText(Zeroizing<String>);

impl ReasonText {
    /// Longest in characters.
    pub const MAX_CHARS: usize = 1000;

    /// Checks length and characters.
    ///
    /// # Errors
    /// [`InvalidValue`] if `text` is blank, too long or has a control character.
    pub fn new(text: &str) -> Result<Self, InvalidValue> {
        let fits = !text.trim().is_empty()
            && text.chars().nth(Self::MAX_CHARS).is_none()
            && !text.chars().any(char::is_control);
        let keep = || Self(Zeroizing::new(text.to_owned()));
        fits.then(keep).ok_or(InvalidValue { field: "text of the reason" })
    }

    /// The text, for keeping it where it can be erased and for committing to it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ReasonText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReasonText(redacted)")
    }
}

/// A claim of emergency access.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Claim<'a> {
    /// Who claims it.
    pub principal: &'a Principal,
    /// How long ago they proved who they are, on the clock that counts suspend.
    pub authentication_age: Duration,
    /// Why, as a code.
    pub reason: EmergencyReason,
    /// Why, in words.
    pub text: &'a ReasonText,
    /// What for.
    pub scope: Scope,
    /// For how long: whole seconds count.
    pub duration: Duration,
}

impl Claim<'_> {
    /// Opens the emergency, if the limits allow it. That the principal may claim emergency access at all must have
    /// been decided before. The text stays with the caller.
    ///
    /// # Errors
    /// [`ClaimError`]; nothing was opened.
    pub fn open(
        self,
        limits: &EmergencyLimits,
        clock: &dyn Clock,
    ) -> Result<Emergency, ClaimError> {
        self.check(limits)?;
        let boot = clock.boot()?;
        let opened_at = unix_seconds(clock.wall()).ok_or(ClaimError::Clock(ClockError))?;
        let until = opened_at.saturating_add(self.duration.as_secs());
        let record = EmergencyRecord {
            id: EmergencyId::generate()?,
            initiator: self.principal.id.clone(),
            reason: self.reason,
            scope: self.scope,
            opened_at,
            until,
            seen_at: opened_at,
            participants: Vec::new(),
            phase: EmergencyPhase::Open,
        };
        let deadline = boot.plus(Duration::from_secs(self.duration.as_secs()));
        Ok(Emergency { record, deadline: Some(deadline) })
    }

    fn check(&self, limits: &EmergencyLimits) -> Result<(), ClaimError> {
        if self.principal.kind != PrincipalKind::Person {
            return Err(ClaimError::NotAPerson);
        }
        if !limits.reasons.contains(&self.reason) {
            return Err(ClaimError::Reason);
        }
        if self.authentication_age > limits.max_authentication_age {
            return Err(ClaimError::Authentication { max: limits.max_authentication_age });
        }
        let fits = self.duration.as_secs() > 0 && self.duration <= limits.max_duration;
        fits.then_some(()).ok_or(ClaimError::Duration { max: limits.max_duration })
    }
}

/// Why an emergency was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ClaimError {
    /// A program claimed it.
    #[error("only a person can claim emergency access")]
    NotAPerson,
    /// The policy does not accept the reason.
    #[error("the policy does not accept this reason for emergency access")]
    Reason,
    /// The principal proved too long ago who they are.
    #[error("emergency access needs a proof of identity of the last {} s", max.as_secs())]
    Authentication {
        /// How old the proof may be.
        max: Duration,
    },
    /// For no time, or for too long.
    #[error("emergency access lasts from 1 s to {} s", max.as_secs())]
    Duration {
        /// The longest.
        max: Duration,
    },
    /// The machine does not tell the time.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// No identifier could be drawn.
    #[error(transparent)]
    Random(#[from] RandomError),
}

//! What a session says of itself.

use std::time::Duration;

use super::SessionId;
use crate::ids::PrincipalId;
use crate::text::codes;

codes!(
    /// Why a session ended.
    EndReason, "reason of an end" {
        /// It was not used for too long.
        Idle => "idle",
        /// It had lasted as long as it may.
        Absolute => "absolute",
        /// The principal ended it.
        LoggedOut => "logged-out",
        /// Somebody else ended it.
        Revoked => "revoked",
        /// The machine was suspended, or its screen locked.
        Suspended => "suspended",
        /// The machine did not tell how much time had passed, or told less than before.
        ClockUntrusted => "clock-untrusted",
        /// A use of it failed half-way.
        Aborted => "aborted",
    }
);

/// The session has ended; nothing was done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the session has ended: {reason}")]
#[non_exhaustive]
pub struct SessionEnded {
    /// Why.
    pub reason: EndReason,
}

/// A live session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStatus {
    /// Names it.
    pub id: SessionId,
    /// Whose it is.
    pub principal: PrincipalId,
    /// How long ago it was started.
    pub age: Duration,
    /// How long it lasts unless it is used.
    pub idle_left: Duration,
    /// How long it lasts at most.
    pub absolute_left: Duration,
    /// How long ago the principal last proved who they are.
    pub authentication_age: Duration,
}

//! Sessions: what somebody unlocked, for as long as the limits allow (164.312(a)(2)(iii), automatic logoff).
//!
//! ```text
//! start ─► live ─(idle, absolute, logged out, revoked, suspended, clock untrusted)─► ended, for ever
//!            ▲ │ each use moves the idle limit; nothing moves the absolute one
//!            └─┘
//! ```
//!
//! Time is that of [`Clock::boot`], which counts suspend and which nobody can set. The wall clock is looked at only
//! to tell that it was set back. At the end the secret is dropped at once, by whoever notices it first: a use, a
//! look, or the timer that calls [`Session::sweep`] at [`Session::next_deadline`].

mod life;
mod status;
mod table;

pub use self::status::{EndReason, SessionEnded, SessionStatus};
pub use self::table::{EndedSession, SessionTable, TableFull};

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::life::{Life, Live};
use crate::clock::{Clock, ClockError, ClockStep, Moment};
use crate::ids::PrincipalId;
use crate::principal::Principal;
use crate::settings::SessionLimits;
use crate::text::{RandomError, hex_id, random};

hex_id!(
    /// Names a session. No secret: who knows it has nothing.
    SessionId, 16, "session"
);

impl SessionId {
    /// Draws a fresh identifier.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system gives no randomness.
    pub fn generate() -> Result<Self, RandomError> {
        random().map(Self)
    }
}

/// A handle of a session. Clones are handles of the same one; all are refused after its end.
///
/// `S` is what was unlocked. Its `Drop` must erase it, and it should keep what is secret on the heap: moving it
/// into the session leaves a copy of what it holds inline.
pub struct Session<S>(Arc<Shared<S>>);

struct Shared<S> {
    id: SessionId,
    principal: PrincipalId,
    limits: SessionLimits,
    clock: Arc<dyn Clock>,
    life: Mutex<Life<S>>,
}

impl<S> Clone for Session<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Session<S> {
    /// Starts a session of a principal who has just been authenticated.
    ///
    /// # Errors
    /// [`StartError`]; the secret was dropped.
    pub fn start(
        principal: Principal,
        limits: SessionLimits,
        clock: Arc<dyn Clock>,
        secret: S,
    ) -> Result<Self, StartError> {
        let id = SessionId::generate()?;
        let now = clock.boot()?;
        let name = principal.id.clone();
        let live = Live::new(principal, secret, clock.wall(), now);
        let life = Mutex::new(Life::new(live));
        Ok(Self(Arc::new(Shared { id, principal: name, limits, clock, life })))
    }

    /// Names the session.
    #[must_use]
    pub fn id(&self) -> SessionId {
        self.0.id
    }

    /// Whose session it is or was.
    #[must_use]
    pub fn principal(&self) -> &PrincipalId {
        &self.0.principal
    }

    /// Uses the session: if it is live, its idle time starts anew and `used` gets the principal and the secret.
    ///
    /// All else that is asked of the session waits meanwhile, its end included: `used` must be short. It must ask
    /// nothing of this session, nor of a table that holds it, other than to find another one: it would wait for
    /// itself. If it panics, the session has ended.
    ///
    /// # Errors
    /// [`SessionEnded`]; `used` was not called.
    pub fn with<R>(&self, used: impl FnOnce(&Principal, &S) -> R) -> Result<R, SessionEnded> {
        let (life, now) = self.look();
        let mut using = Using { life, done: false };
        let live = using.life.live()?;
        live.use_at(now);
        let result = used(&live.principal, &live.secret);
        using.done = true;
        Ok(result)
    }

    /// Whether the session is live. No use of it.
    ///
    /// # Errors
    /// [`SessionEnded`].
    pub fn check(&self) -> Result<(), SessionEnded> {
        self.look().0.live().map(|_| ())
    }

    /// What there is to say of it. No use of it.
    ///
    /// # Errors
    /// [`SessionEnded`].
    pub fn status(&self) -> Result<SessionStatus, SessionEnded> {
        let (mut life, now) = self.look();
        let live = life.live()?;
        Ok(SessionStatus {
            id: self.0.id,
            principal: self.0.principal.clone(),
            age: now.since(live.started),
            idle_left: live.idle_end(self.0.limits).since(now),
            absolute_left: live.absolute_end(self.0.limits).since(now),
            authentication_age: live.authentication_age(now),
        })
    }

    /// How long ago the principal last proved who they are, on the clock that counts suspend: what the proof itself
    /// said when it was given, and the time since. No use of the session.
    ///
    /// # Errors
    /// [`SessionEnded`].
    pub fn authentication_age(&self) -> Result<Duration, SessionEnded> {
        let (mut life, now) = self.look();
        life.live().map(|live| live.authentication_age(now))
    }

    /// Whether [`Self::reauthenticated`] would take this proof now. Changes nothing and is no use.
    ///
    /// # Errors
    /// [`ReauthenticateError`] as there.
    pub fn would_accept(&self, principal: &Principal) -> Result<(), ReauthenticateError> {
        let wall = self.0.clock.wall();
        let (mut life, now) = self.look();
        life.live()?.check_proof(principal, wall, now).map(drop)
    }

    /// The same principal has proved again who they are. A use of the session; from now on the principal is as this
    /// proof describes them.
    ///
    /// # Errors
    /// [`ReauthenticateError`]; the session goes on as it was, or has ended before.
    pub fn reauthenticated(&self, principal: &Principal) -> Result<(), ReauthenticateError> {
        let wall = self.0.clock.wall();
        let (mut life, now) = self.look();
        life.live()?.prove(principal, wall, now)
    }

    /// Ends the session. Says whether it was live until now.
    pub fn end(&self, reason: EndReason) -> bool {
        let (mut life, _) = self.look();
        let was_live = life.live().is_ok();
        life.end(reason);
        was_live
    }

    /// Ends the session if its time is over; for a timer. Says whether it has ended, now or before.
    pub fn sweep(&self) -> bool {
        self.check().is_err()
    }

    /// When it ends unless it is used; none if it has ended.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        let (mut life, _) = self.look();
        life.live().ok().map(|live| live.end_at(self.0.limits))
    }

    /// The last step back of the wall clock that this session noticed, once; for the audit log. Looks anew.
    #[must_use]
    pub fn take_clock_step(&self) -> Option<ClockStep> {
        self.look().0.take_step()
    }

    /// Locks the session's life and ends it if its time is over. Every question passes here.
    ///
    /// The clock is read under the lock: read before it, a thread that waited would judge by a time that is past.
    fn look(&self) -> (MutexGuard<'_, Life<S>>, Moment) {
        let shared = &*self.0;
        let mut life = shared.life.lock().unwrap_or_else(|poisoned: PoisonError<_>| {
            let mut life = poisoned.into_inner();
            life.end(EndReason::Aborted);
            life
        });
        let now = life.look(shared.limits, &*shared.clock);
        (life, now)
    }
}

/// A use under way. One that does not come to its end ends the session.
struct Using<'a, S> {
    life: MutexGuard<'a, Life<S>>,
    done: bool,
}

impl<S> Drop for Using<'_, S> {
    fn drop(&mut self) {
        if !self.done {
            self.life.end(EndReason::Aborted);
        }
    }
}

impl<S> fmt::Debug for Session<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Session({}, redacted)", self.0.id)
    }
}

/// Why no session was started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The machine does not tell the time that limits are measured by.
    #[error(transparent)]
    Clock(#[from] ClockError),
    /// No identifier could be drawn.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Why a new proof was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReauthenticateError {
    /// The session has ended.
    #[error(transparent)]
    Ended(#[from] SessionEnded),
    /// Somebody else proved who they are.
    #[error("the proof is of another principal than the session's")]
    AnotherPrincipal,
    /// The proof is not fresher than the one the session has.
    #[error("the proof is not fresher than the one before")]
    NotFresher,
}

#[cfg(test)]
mod tests;

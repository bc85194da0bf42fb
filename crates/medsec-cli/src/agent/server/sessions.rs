//! The agent's one session, and what ends it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use medsec::{LoggedIn, Login as _, NotLoggedIn, SessionLogin, Unlocks};
use medsec_audit::Origin;
use medsec_crypto::VerifyingKey;
use medsec_policy::{Clock as _, EndReason, EndedSession, Session, SessionLimits, SystemClock};

use super::ring::Ring;
use crate::agent::suspend::{Clocks, SuspendWatch};
use crate::agent::wire;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::ServiceSection;

/// The session there is, or the last there was.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) login: SessionLogin,
    /// Its keys. The session alone keeps them alive.
    pub(super) ring: Weak<Ring>,
    /// Who they were at the login, for the record of the end.
    pub(super) who: LoggedIn,
    pub(super) terms: Terms,
}

/// What a session was begun with. A login that brings others begins another session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// When it ends, as the policy said.
    pub(super) limits: SessionLimits,
    /// What it signs with.
    pub(super) signer: Option<VerifyingKey>,
    /// The key services of the settings.
    pub(super) services: Vec<ServiceSection>,
}

/// One session at a time: an agent is one user's.
#[derive(Debug)]
pub(super) struct Sessions {
    table: medsec_policy::SessionTable<Unlocks>,
    held: Mutex<Option<Held>>,
    watch: Mutex<SuspendWatch>,
    /// Held while somebody logs in: deriving a key from a passphrase takes memory.
    pub(super) door: Mutex<()>,
}

impl Sessions {
    pub(super) fn new() -> Self {
        Self {
            table: medsec_policy::SessionTable::new(1),
            held: Mutex::new(None),
            watch: Mutex::new(SuspendWatch::new(Clocks::now())),
            door: Mutex::new(()),
        }
    }

    /// Whether nobody is logged in, nor about to be.
    pub(super) fn is_empty(&self) -> bool {
        let nobody_at_it = self.door.try_lock();
        nobody_at_it.is_ok() && !self.is_live()
    }

    /// The session there is, or the last there was.
    pub(super) fn held(&self) -> Option<Held> {
        self.look();
        lock(&self.held).clone()
    }

    /// The session, if it lives. No use of it.
    pub(super) fn live(&self) -> Option<Held> {
        self.held().filter(|held| held.login.session().check().is_ok())
    }

    pub(super) fn is_live(&self) -> bool {
        self.live().is_some()
    }

    /// Ends the session if the machine slept since this was last looked at. Asked before every request too: one that
    /// comes right after the sleep must not be faster than the timer.
    pub(super) fn look(&self) {
        if lock(&self.watch).slept(Clocks::now()) {
            self.end(EndReason::Suspended);
        }
    }

    /// Ends the session if there is one. What it unlocked is erased when this returns, but for a use under way.
    pub(super) fn end(&self, reason: EndReason) {
        self.table.end_all(reason);
    }

    /// What has ended since this was last asked, each with who it was.
    pub(super) fn sweep(&self) -> Vec<(LoggedIn, EndedSession)> {
        let ended = self.table.sweep();
        let held = lock(&self.held).clone();
        let of = |ended: &EndedSession| {
            held.as_ref().filter(|held| held.login.session().id() == ended.id)
        };
        let known = |ended: EndedSession| of(&ended).map(|held| (held.who.clone(), ended.clone()));
        ended.into_iter().filter_map(known).collect()
    }

    /// How long the session lasts unless it is used.
    pub(super) fn until_deadline(&self) -> Duration {
        let deadline = self.table.next_deadline();
        let now = SystemClock.boot().ok();
        // A little later, so that it is over by then.
        let left = deadline.zip(now).map(|(deadline, now)| deadline.since(now));
        left.map_or(Duration::MAX, |left| left.saturating_add(Duration::from_millis(1)))
    }

    /// Takes a session that is on record.
    pub(super) fn take(
        &self,
        session: Session<Unlocks>,
        ring: &Arc<Ring>,
        who: LoggedIn,
        terms: Terms,
    ) -> Result<(), Failure> {
        let login = SessionLogin::new(session.clone(), Origin::Local);
        *lock(&self.held) = Some(Held { login, ring: Arc::downgrade(ring), who, terms });
        self.table.insert(session).map_err(|error| Failure::new(Exit::Session, error.to_string()))
    }

    /// How things are with it.
    pub(super) fn status(&self) -> Option<wire::Held> {
        let held = self.held()?;
        let status = held.login.session().status().ok()?;
        let who = LoggedIn { authentication_age: status.authentication_age, ..held.who };
        Some(wire::Held {
            who,
            age: status.age,
            idle_left: status.idle_left,
            absolute_left: status.absolute_left,
        })
    }
}

impl Held {
    /// Who is logged in. A use of the session.
    pub(super) fn current(&self) -> Result<LoggedIn, NotLoggedIn> {
        self.login.current()
    }

    /// The keys as the store has them now. A user who is not in the store any more has no session either.
    pub(super) fn renew(&self) -> Result<(), Failure> {
        let Some(ring) = self.ring.upgrade() else { return Ok(()) };
        let renewed = ring.renew();
        if let Err(failure) = &renewed
            && failure.exit == Exit::Key
        {
            self.login.session().end(EndReason::Revoked);
        }
        renewed
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

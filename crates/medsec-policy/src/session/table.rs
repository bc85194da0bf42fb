//! The sessions of one process.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::status::{EndReason, SessionStatus};
use super::{Session, SessionId};
use crate::clock::{ClockStep, Moment};
use crate::ids::PrincipalId;

/// Sessions by their names, a bounded number of them.
///
/// One that has ended stays until [`Self::sweep`] has told of it, so that each end can be recorded, whoever noticed
/// it.
pub struct SessionTable<S> {
    max: usize,
    sessions: Mutex<BTreeMap<SessionId, Session<S>>>,
}

impl<S> SessionTable<S> {
    /// A table of at most `max` sessions, ended ones that nobody was told of included.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self { max, sessions: Mutex::new(BTreeMap::new()) }
    }

    /// Takes a session.
    ///
    /// # Errors
    /// [`TableFull`]; the session was ended.
    pub fn insert(&self, session: Session<S>) -> Result<(), TableFull> {
        let mut sessions = self.lock();
        if sessions.len() >= self.max {
            drop(sessions);
            session.end(EndReason::Revoked);
            return Err(TableFull { max: self.max });
        }
        sessions.insert(session.id(), session);
        Ok(())
    }

    /// A handle of the session. Whether it is live shows when it is used.
    #[must_use]
    pub fn find(&self, id: &SessionId) -> Option<Session<S>> {
        self.lock().get(id).cloned()
    }

    /// The live sessions.
    #[must_use]
    pub fn list(&self) -> Vec<SessionStatus> {
        self.all().iter().filter_map(|session| session.status().ok()).collect()
    }

    /// Ends all sessions of a principal, whatever the case in which the name is written. Says how many.
    pub fn revoke(&self, principal: &PrincipalId) -> usize {
        let theirs = |session: &&Session<S>| {
            session.principal().as_str().eq_ignore_ascii_case(principal.as_str())
        };
        let all = self.all();
        all.iter().filter(theirs).filter(|session| session.end(EndReason::Revoked)).count()
    }

    /// Ends all sessions. Says how many.
    pub fn end_all(&self, reason: EndReason) -> usize {
        self.all().iter().filter(|session| session.end(reason)).count()
    }

    /// Ends what has lasted too long, and forgets what has ended: each is told of once. For a timer.
    #[must_use = "what has ended is told of once"]
    pub fn sweep(&self) -> Vec<EndedSession> {
        let ended: Vec<_> = self.all().iter().filter_map(ended).collect();
        let mut sessions = self.lock();
        // Another thread may have swept meanwhile: who removes it tells of it.
        ended.into_iter().filter(|ended| sessions.remove(&ended.id).is_some()).collect()
    }

    /// When the next session ends unless it is used; none if there is no live one.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Moment> {
        self.all().iter().filter_map(Session::next_deadline).min()
    }

    /// Handles of all, so that no session is asked anything while the table is locked: a use of one may be under
    /// way, and others must find theirs meanwhile.
    fn all(&self) -> Vec<Session<S>> {
        self.lock().values().cloned().collect()
    }

    /// The map is whole at any time, also after a panic.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<SessionId, Session<S>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ended<S>(session: &Session<S>) -> Option<EndedSession> {
    let reason = session.check().err()?.reason;
    let clock_step = session.take_clock_step();
    Some(EndedSession {
        id: session.id(),
        principal: session.principal().clone(),
        reason,
        clock_step,
    })
}

impl<S> fmt::Debug for SessionTable<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionTable").field("max", &self.max).finish_non_exhaustive()
    }
}

/// A session that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndedSession {
    /// Which.
    pub id: SessionId,
    /// Whose it was.
    pub principal: PrincipalId,
    /// Why.
    pub reason: EndReason,
    /// A step back of the wall clock that it noticed and nobody was told of.
    pub clock_step: Option<ClockStep>,
}

/// There are as many sessions as there may be; the new one was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are {max} sessions already")]
#[non_exhaustive]
pub struct TableFull {
    /// How many there may be.
    pub max: usize,
}

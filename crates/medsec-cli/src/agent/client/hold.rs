//! What grants of this process have of the agent's session.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use medsec::{Hold, Holdings, KeyHandle, NotLoggedIn};
use medsec_policy::{Clock as _, Moment, SystemClock};

use super::link::Link;
use super::login::current;

/// How old an answer of the agent's may be while content passes. On a clock that counts suspend.
const STALE: Duration = Duration::from_secs(1);

/// Asks the agent: at the beginning of each use and before each release, and in between at most once a second. That the
/// session is over, or the agent gone, erases what all grants of this process hold.
#[derive(Debug)]
pub(super) struct AgentHold {
    link: Arc<Link>,
    /// When the agent last said that the session lives.
    told: Mutex<Option<Moment>>,
    grants: Holdings,
}

impl AgentHold {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self { link, told: Mutex::default(), grants: Holdings::default() }
    }

    /// What ends with the session.
    pub(super) const fn grants(&self) -> &Holdings {
        &self.grants
    }
}

impl Hold for AgentHold {
    fn check(&self) -> Result<(), NotLoggedIn> {
        let asked = SystemClock.boot().ok();
        let found = current(&self.link).map(drop);
        let told = asked.filter(|_| found.is_ok());
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = told;
        found.inspect_err(|_| self.grants.erase())
    }

    fn glance(&self) -> Result<(), NotLoggedIn> {
        let told = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemClock.boot().ok();
        let is_fresh = told.zip(now).is_some_and(|(told, now)| now.since(told) < STALE);
        if is_fresh { Ok(()) } else { self.check() }
    }

    fn keep(&self, key: KeyHandle) -> Result<(), NotLoggedIn> {
        self.grants.keep(key);
        Ok(())
    }
}

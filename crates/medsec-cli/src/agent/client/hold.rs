//! What grants of this process have of the agent's session.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use medsec::{Hold, Holdings, KeyHandle, NotLoggedIn};
use medsec_policy::{Clock as _, Moment, SystemClock};

use super::link::Link;
use super::login::current;

/// How old an answer of the agent's may be while content passes. On a clock that counts suspend.
const STALE: Duration = Duration::from_secs(1);

/// Asks the agent: at the beginning of each use and before each release, and in between at most once a second. That the
/// session is over, or the agent gone, erases what all grants of this process hold, and stays so.
#[derive(Debug)]
pub(super) struct AgentHold {
    link: Arc<Link>,
    told: Mutex<Told>,
    grants: Holdings,
}

/// What the agent said last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// Nothing yet.
    Nothing,
    /// That the session lived, at that moment.
    Lives(Moment),
    /// That it is over, and why. It is asked no more.
    Over(NotLoggedIn),
}

impl AgentHold {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self { link, told: Mutex::new(Told::Nothing), grants: Holdings::default() }
    }

    /// What ends with the session.
    pub(super) const fn grants(&self) -> &Holdings {
        &self.grants
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hold for AgentHold {
    fn check(&self) -> Result<(), NotLoggedIn> {
        if let Told::Over(why) = *self.told() {
            return Err(why);
        }
        let asked = SystemClock.boot().ok();
        let found = current(&self.link).map(drop);
        let mut told = self.told();
        *told = match (found, asked, *told) {
            // Another thread was told so meanwhile.
            (_, _, over @ Told::Over(_)) => over,
            (Err(why), _, _) => Told::Over(why),
            (Ok(()), Some(asked), _) => Told::Lives(asked),
            (Ok(()), None, _) => Told::Nothing,
        };
        let Told::Over(why) = *told else { return Ok(()) };
        drop(told);
        self.grants.erase();
        Err(why)
    }

    fn glance(&self) -> Result<(), NotLoggedIn> {
        let told = *self.told();
        let now = SystemClock.boot().ok();
        match (told, now) {
            (Told::Lives(told), Some(now)) if now.since(told) < STALE => Ok(()),
            _ => self.check(),
        }
    }

    /// What this process knows to be over is refused. The key is kept first: whoever learns meanwhile that it is over
    /// erases it, or it is erased here.
    fn keep(&self, key: KeyHandle) -> Result<(), NotLoggedIn> {
        self.grants.keep(key);
        let Told::Over(why) = *self.told() else { return Ok(()) };
        self.grants.erase();
        Err(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixStream;
    use std::thread::JoinHandle;

    use medsec::Signer;
    use medsec_crypto::SigningKey;

    use crate::agent::wire::{Answer, Wait, read_frame, write_frame};

    const PATIENCE: Duration = Duration::from_secs(5);

    /// A hold on an agent that says why nobody is logged in, and how often it was asked.
    fn over(why: NotLoggedIn) -> (AgentHold, JoinHandle<usize>) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let agent = std::thread::spawn(move || {
            let wait = Wait { first: Some(PATIENCE), rest: PATIENCE };
            let body = Answer::NotLoggedIn(why).render().unwrap();
            let asked = std::iter::from_fn(|| read_frame(&theirs, wait).ok());
            asked.map(|_| write_frame(&theirs, &body, PATIENCE).unwrap()).count()
        });
        (AgentHold::new(Arc::new(Link::new(ours))), agent)
    }

    fn signer() -> Signer {
        Signer::new(SigningKey::generate().unwrap())
    }

    #[test]
    fn keys_are_kept_until_the_session_is_over_and_refused_after() {
        let (hold, agent) = over(NotLoggedIn::Idle);
        let (before, after) = (signer(), signer());
        assert_eq!(hold.keep(before.handle()), Ok(()));
        assert!(before.with(|_| ()).is_some());
        assert_eq!(hold.check(), Err(NotLoggedIn::Idle));
        assert_eq!(hold.keep(after.handle()), Err(NotLoggedIn::Idle));
        assert!(before.with(|_| ()).is_none() && after.with(|_| ()).is_none());
        drop(hold);
        assert_eq!(agent.join().unwrap(), 1);
    }

    #[test]
    fn what_is_over_stays_over_without_asking_again() {
        let (hold, agent) = over(NotLoggedIn::Revoked);
        for _ in 0..3 {
            assert_eq!(hold.glance(), Err(NotLoggedIn::Revoked));
        }
        drop(hold);
        assert_eq!(agent.join().unwrap(), 1);
    }
}

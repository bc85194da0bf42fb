//! Who is at the Custodian: logged in here, for this one command, or with the agent.

use std::sync::Arc;

use medsec::{Hold, LoggedIn, Login, NotLoggedIn, SessionLogin, SharedKeys, Signer};
use medsec_kms::KeyService;

#[cfg(unix)]
use crate::agent::AgentLogin;

/// A login of this program.
#[derive(Debug)]
pub(super) enum At {
    /// Of this command alone.
    Here(SessionLogin),
    /// Of the agent's session.
    #[cfg(unix)]
    Agent(Box<AgentLogin>),
}

impl At {
    /// Whether that session lives still. No use of it.
    pub(super) fn check(&self, who: &LoggedIn) -> Result<(), NotLoggedIn> {
        match self {
            Self::Here(login) => Ok(login.session().check()?),
            #[cfg(unix)]
            Self::Agent(login) => login.check(who.session),
        }
    }

    fn login(&self) -> &dyn Login {
        match self {
            Self::Here(login) => login,
            #[cfg(unix)]
            Self::Agent(login) => &**login,
        }
    }
}

impl Login for At {
    fn current(&self) -> Result<LoggedIn, NotLoggedIn> {
        self.login().current()
    }

    fn keys(&self) -> &dyn KeyService {
        self.login().keys()
    }

    fn hold(&self) -> Arc<dyn Hold> {
        self.login().hold()
    }

    fn signer(&self) -> Result<Option<Signer>, NotLoggedIn> {
        self.login().signer()
    }

    fn shared_keys(&self) -> Result<Option<SharedKeys>, NotLoggedIn> {
        self.login().shared_keys()
    }
}

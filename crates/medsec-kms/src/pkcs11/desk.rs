//! One session with a token, opened when it is needed and again when the token ended it.

use std::sync::Arc;

use cryptoki::context::{Function, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, SessionState, UserType};

use super::fault::Fault;
use super::settings::Pkcs11Settings;
use super::{logins, module};
use crate::service::{KeyServiceError, TokenFault};

/// Whether sessions may change objects of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Uses keys.
    Use,
    /// Makes and changes keys.
    Change,
}

/// What all sessions of one service are opened by.
#[derive(Clone, Debug)]
pub(super) struct Counter {
    settings: Arc<Pkcs11Settings>,
    reach: Reach,
}

impl Counter {
    pub(super) fn new(settings: Pkcs11Settings, reach: Reach) -> Self {
        Self { settings: Arc::new(settings), reach }
    }

    pub(super) fn sessions(&self) -> usize {
        self.settings.sessions.get()
    }

    fn open(&self) -> Result<Session, Fault> {
        let module = module::load(&self.settings.module)?;
        let session = self.session(&module)?;
        self.log_in(&session)?;
        Ok(session)
    }

    fn session(&self, module: &Pkcs11) -> Result<Session, Fault> {
        let slot = module::slot_of(module, &self.settings.token)?;
        Ok(match self.reach {
            Reach::Use => module.open_ro_session(slot)?,
            Reach::Change => module.open_rw_session(slot)?,
        })
    }

    /// The login is the process's, not the session's: where another session has logged in, this one is in too.
    fn log_in(&self, session: &Session) -> Result<(), Fault> {
        let Pkcs11Settings { module, token, pin, .. } = &*self.settings;
        let show = || match session.login(UserType::User, Some(&pin.expose_secret())) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(error) => Err(KeyServiceError::from(Fault::from(error))),
        };
        Ok(logins::once(module, token, pin, show)?)
    }
}

/// Where one thread works.
pub(super) struct Desk {
    counter: Counter,
    session: Option<Session>,
}

impl Desk {
    pub(super) const fn new(counter: Counter) -> Self {
        Self { counter, session: None }
    }

    /// Does a piece of work. If it fails because the session is gone, it is done once more with a new one.
    pub(super) fn run<T>(
        &mut self,
        work: &mut dyn FnMut(&Session) -> Result<T, Fault>,
    ) -> Result<T, KeyServiceError> {
        let first = self.attempt(work).map_err(|fault| (fault.is_lost_session(), fault));
        let (lost, fault) = match first {
            Ok(done) => return Ok(done),
            Err(failed) => failed,
        };
        if !lost {
            return Err(fault.into());
        }
        self.attempt(work).map_err(|fault| match fault.into() {
            // It was there a moment ago.
            KeyServiceError::Token(TokenFault::Missing) => {
                KeyServiceError::Token(TokenFault::Removed)
            }
            error => error,
        })
    }

    fn attempt<T>(
        &mut self,
        work: &mut dyn FnMut(&Session) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        // Without a login the token shows nothing of its keys, as if there were none.
        let session = match self.session.take().filter(is_logged_in) {
            Some(session) => session,
            None => self.counter.open()?,
        };
        let done = work(&session);
        if done.is_err() && !is_logged_in(&session) {
            return Err(Error::Pkcs11(RvError::UserNotLoggedIn, Function::GetSessionInfo).into());
        }
        // A session that failed for any reason of the module's is not trusted with the next work.
        if !matches!(&done, Err(Fault::Module(_))) {
            self.session = Some(session);
        }
        done
    }
}

fn is_logged_in(session: &Session) -> bool {
    let state = session.get_session_info().map(|told| told.session_state());
    matches!(state, Ok(SessionState::RoUser | SessionState::RwUser))
}

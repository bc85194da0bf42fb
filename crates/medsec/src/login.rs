//! Who is logged in: the seam to sessions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use medsec_audit::{Origin, SessionId};
use medsec_kms::KeyService;
use medsec_policy::Principal;

use crate::hold::Hold;
use crate::shared::SharedKeys;
use crate::signer::Signer;

/// A principal's hold on a session, asked before every operation.
pub trait Login: fmt::Debug + Send + Sync {
    /// Who is logged in. Counts as use of the session.
    ///
    /// # Errors
    /// [`NotLoggedIn`]: the session is over, and what it unlocked is erased.
    fn current(&self) -> Result<LoggedIn, NotLoggedIn>;

    /// What this session may wrap and unwrap with. Refuses once the session is over.
    fn keys(&self) -> &dyn KeyService;

    /// What grants keep of the session that there is now. Must not wait.
    fn hold(&self) -> Arc<dyn Hold>;

    /// What this session signs packages with, if it signs any. Only the Custodian asks for it, for each package anew.
    ///
    /// # Errors
    /// [`NotLoggedIn`]: the session is over, and the key is erased.
    fn signer(&self) -> Result<Option<Signer>, NotLoggedIn> {
        Ok(None)
    }

    /// The data keys that this session keeps for several packages; none, unless that was asked for when it began. They
    /// must be erased when it ends.
    ///
    /// # Errors
    /// [`NotLoggedIn`]: the session is over, and they are erased.
    fn shared_keys(&self) -> Result<Option<SharedKeys>, NotLoggedIn> {
        Ok(None)
    }
}

/// Who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct LoggedIn {
    /// Who.
    pub principal: Principal,
    /// In which session.
    pub session: SessionId,
    /// How long ago they proved who they are, on a clock that counts suspend.
    pub authentication_age: Duration,
    /// Where their requests come from.
    pub origin: Origin,
}

/// Why nobody is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotLoggedIn {
    /// Nobody has logged in.
    #[error("nobody is logged in")]
    Nobody,
    /// The session was not used for too long.
    #[error("the session ended because it was not used")]
    Idle,
    /// The session has lasted as long as it may.
    #[error("the session has reached its end")]
    Expired,
    /// The session was ended by its user.
    #[error("the session was ended by its user")]
    LoggedOut,
    /// The session was ended by somebody else.
    #[error("the session was revoked")]
    Revoked,
    /// The machine's clock cannot be relied on, so that the session's age is not known.
    #[error("the session ended because the machine's clock cannot be relied on")]
    Clock,
    /// Who keeps the session cannot be reached.
    #[error("who keeps the session cannot be reached")]
    Unreachable,
}

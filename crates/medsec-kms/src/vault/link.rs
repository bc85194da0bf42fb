//! One server, one identity, one mount.

use std::sync::Arc;

use reqwest::Method;
use zeroize::Zeroizing;

use super::place::VaultPlace;
use super::session::Session;
use super::settings::{Patience, VaultSettings};
use super::wire::{Said, Wire};
use crate::service::KeyServiceError;

/// What the server says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VaultHealth {
    /// It works.
    Active,
    /// It waits to take over from another, and passes on what it is asked or points there.
    Standby,
    /// It is a copy for disasters, and does nothing until it is made the first.
    Recovery,
    /// It is sealed.
    Sealed,
    /// It was never set up.
    Uninitialized,
}

/// Whether a call may be made again with another token, when its own turns out to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repeat {
    /// The server did nothing for a token that it does not know.
    Allowed,
    /// It holds a data key, which is sent once.
    No,
}

#[derive(Debug)]
pub(super) struct Link {
    wire: Arc<Wire>,
    session: Session,
    pub(super) place: VaultPlace,
    pub(super) patience: Patience,
}

impl Link {
    /// Nothing is sent.
    pub(super) fn new(settings: VaultSettings) -> Result<Self, KeyServiceError> {
        let wire = Arc::new(Wire::new(&settings)?);
        let session = Session::new(Arc::clone(&wire), settings.login);
        Ok(Self { wire, session, place: settings.place, patience: settings.patience })
    }

    /// Asks below the mount.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Zeroizing<Vec<u8>>>,
        repeat: Repeat,
    ) -> Result<Said, KeyServiceError> {
        let path = format!("{}/{path}", self.place.mount());
        self.ask_anywhere(method, &path, body, repeat).await
    }

    /// Asks with a valid token. When the server knows the token no longer, it is asked once more with another.
    pub(super) async fn ask_anywhere(
        &self,
        method: Method,
        path: &str,
        body: Option<Zeroizing<Vec<u8>>>,
        repeat: Repeat,
    ) -> Result<Said, KeyServiceError> {
        let pass = self.session.pass().await?;
        let again = (repeat == Repeat::Allowed).then(|| body.clone());
        let said = self.wire.ask(method.clone(), path, Some(&pass.token), body).await?;
        // 403 is the answer to a token without the right, and to one that is gone.
        if said.status != 403 || self.session.stands(&pass).await? {
            return Ok(said);
        }
        self.session.lost(&pass).await;
        let (true, Some(body)) = (self.session.is_repeatable(), again) else {
            return Err(KeyServiceError::Unauthenticated);
        };
        let pass = self.session.pass().await?;
        self.wire.ask(method, path, Some(&pass.token), body).await
    }

    /// What the server says of itself; it wants no token for that.
    pub(super) async fn health(&self) -> Result<VaultHealth, KeyServiceError> {
        let said = self.wire.ask(Method::GET, "sys/health", None, None).await?;
        match said.status {
            200 => Ok(VaultHealth::Active),
            429 | 473 => Ok(VaultHealth::Standby),
            472 => Ok(VaultHealth::Recovery),
            501 => Ok(VaultHealth::Uninitialized),
            503 => Ok(VaultHealth::Sealed),
            _ => Err(super::fault::refused(&said, super::fault::Asked::System)),
        }
    }
}

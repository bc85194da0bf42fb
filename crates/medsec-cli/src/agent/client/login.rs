//! The agent's session as a Custodian asks for one.

use std::path::Path;
use std::sync::Arc;

use medsec::{LoggedIn, Login, NotLoggedIn};
use medsec_audit::SessionId;
use medsec_crypto::SigningKey;
use medsec_kms::{IdentityFile, KeyService, LocalStore};

use super::keys::AgentKeys;
use super::link::Link;
use super::{Entered, unasked};
use crate::agent::wire::{Answer, Request};
use crate::failure::Failure;
use crate::own;
use crate::passphrase::PassphraseOption;

/// The agent's session.
#[derive(Debug)]
pub(crate) struct AgentLogin {
    link: Arc<Link>,
    keys: AgentKeys,
    signer: Option<Arc<SigningKey>>,
}

impl AgentLogin {
    /// The session that was joined. `signer` is the file of the key to sign with, if something is to be signed.
    pub(crate) fn new(
        entered: &Entered,
        store: LocalStore,
        signer: Option<&Path>,
        passphrase: &PassphraseOption,
    ) -> Result<Self, Failure> {
        let link = Arc::clone(&entered.link);
        let signer = signer.map(|file| load(&link, file, passphrase)).transpose()?.flatten();
        let keys = AgentKeys { link: Arc::clone(&link), store, assurance: entered.assurance };
        Ok(Self { link, keys, signer: signer.map(Arc::new) })
    }

    /// Whether that session lives still. No use of it.
    ///
    /// # Errors
    /// It has ended, or the agent has.
    pub(crate) fn check(&self, session: SessionId) -> Result<(), NotLoggedIn> {
        match self.link.ask(&Request::Status) {
            Ok(Answer::Status(about)) => match about.session {
                Some(held) if held.who.session == session => Ok(()),
                _ => Err(NotLoggedIn::Nobody),
            },
            _ => Err(NotLoggedIn::Unreachable),
        }
    }

    /// What packages are signed with.
    pub(crate) fn signer(&self) -> Option<Arc<SigningKey>> {
        self.signer.clone()
    }
}

/// From the file if it is plain, else from the agent, and if that has another one, from the file with its passphrase.
fn load(
    link: &Link,
    path: &Path,
    passphrase: &PassphraseOption,
) -> Result<Option<SigningKey>, Failure> {
    let file = IdentityFile::load(path)?;
    if let (Some(_), Some(public)) = (file.passphrase_params(), file.public_key().as_signer()) {
        match link.ask(&Request::Signer(public.as_bytes()))? {
            Answer::Signer(key) if key.verifying_key() == *public => return Ok(Some(key)),
            Answer::KeyRefused(_) => {}
            answer => return Err(unasked(answer)),
        }
    }
    Ok(own::load_all(&[], Some(path), passphrase)?.signer)
}

impl Login for AgentLogin {
    fn current(&self) -> Result<LoggedIn, NotLoggedIn> {
        match self.link.ask(&Request::Current) {
            Ok(Answer::Who(who)) => Ok(*who),
            Ok(Answer::NotLoggedIn(why)) => Err(why),
            _ => Err(NotLoggedIn::Unreachable),
        }
    }

    fn keys(&self) -> &dyn KeyService {
        &self.keys
    }
}

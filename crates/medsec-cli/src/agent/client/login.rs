//! The agent's session as a Custodian asks for one.

use std::path::Path;
use std::sync::Arc;

use medsec::{Hold, LoggedIn, Login, NotLoggedIn, SharedKeys, Signer};
use medsec_audit::SessionId;
use medsec_crypto::SigningKey;
use medsec_kms::{IdentityFile, KeyService, LocalStore};

use super::hold::AgentHold;
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
    signer: Option<Signer>,
    shared: Option<SharedKeys>,
    hold: Arc<AgentHold>,
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
        let signer = signer.map(Signer::new);
        let hold = Arc::new(AgentHold::new(Arc::clone(&link)));
        // It is this process's copy: it goes as what grants hold does.
        signer.iter().for_each(|signer| hold.grants().keep(signer.handle()));
        Ok(Self { link, keys, signer, shared: None, hold })
    }

    /// The same, and this process keeps data keys for several packages, which go as what grants hold does.
    pub(crate) fn sharing(mut self, shared: SharedKeys) -> Self {
        self.hold.grants().keep(shared.handle());
        self.shared = Some(shared);
        self
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
        current(&self.link)
    }

    fn keys(&self) -> &dyn KeyService {
        &self.keys
    }

    fn hold(&self) -> Arc<dyn Hold> {
        Arc::clone(&self.hold) as _
    }

    fn signer(&self) -> Result<Option<Signer>, NotLoggedIn> {
        self.hold.glance()?;
        Ok(self.signer.clone())
    }

    fn shared_keys(&self) -> Result<Option<SharedKeys>, NotLoggedIn> {
        self.hold.glance()?;
        Ok(self.shared.clone())
    }
}

/// Who is logged in at the agent. A use of its session.
pub(super) fn current(link: &Link) -> Result<LoggedIn, NotLoggedIn> {
    match link.ask(&Request::Current) {
        Ok(Answer::Who(who)) => Ok(*who),
        Ok(Answer::NotLoggedIn(why)) => Err(why),
        _ => Err(NotLoggedIn::Unreachable),
    }
}

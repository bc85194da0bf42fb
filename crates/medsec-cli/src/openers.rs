//! What a user opens packages with: the own private key, and through it the keys of the key store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use clap::Args;
use medsec_crypto::{
    Context, Dek, Expectation, ExpectationError, Header, HpkeIdentity, Identity, KeyRef, LocalKek,
    SignerExpectation, Stanza, StanzaKind,
};
use medsec_kms::{KeyName, LocalStore, StoreError, StorePlace, UnlockStoreError, UserKeys};

use crate::expectation::expectation;
use crate::failure::Failure;
use crate::own;
use crate::passphrase::PassphraseOption;
use crate::session::Session;

/// The private key to open with.
#[derive(Clone, Debug, Args)]
pub(crate) struct IdentityOption {
    /// Identity file of a recipient, or of a user of the key store; by default the one in the settings.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseOption,
}

impl IdentityOption {
    pub(crate) fn load(&self, session: &Session) -> Result<Openers, Failure> {
        let set = || session.settings().ok()?.identity.value.clone();
        let path = self.identity.clone().or_else(set).ok_or_else(own::unnamed)?;
        Openers::load(session, &path, &self.passphrase)
    }
}

/// The private key of a user, and the place of the key store that it may open.
pub(crate) struct Openers {
    own: Arc<HpkeIdentity>,
    place: Option<StorePlace>,
    /// Opened when a package first asks for one of its keys.
    store: OnceLock<Option<UserKeys>>,
}

impl Openers {
    pub(crate) fn load(
        session: &Session,
        path: &Path,
        passphrase: &PassphraseOption,
    ) -> Result<Self, Failure> {
        let (own, _) = own::load(Some(path), None, passphrase)?;
        Ok(Self::new(session, own.ok_or_else(own::unnamed)?.into()))
    }

    pub(crate) fn new(session: &Session, own: Arc<HpkeIdentity>) -> Self {
        let place = session.settings().ok().map(|settings| settings.store_place());
        Self { own, place, store: OnceLock::new() }
    }

    /// The same, with the store opened already.
    pub(crate) fn with(own: Arc<HpkeIdentity>, store: UserKeys) -> Self {
        Self { own, place: None, store: OnceLock::from(Some(store)) }
    }

    /// The keys that are recipients of the package.
    ///
    /// # Errors
    /// Why none is: the key store says that one of its keys may not be used, or there is none.
    pub(crate) fn fitting(&self, header: &Header) -> Result<Fitting, Failure> {
        let mut found: Vec<Arc<dyn Identity + Send + Sync>> = Vec::new();
        let mut why = None;
        for stanza in header.stanzas() {
            let key_ref = stanza.key_ref();
            if *key_ref == self.own.key_ref() {
                found.push(Arc::clone(&self.own) as _);
            } else if key_ref.kind() == StanzaKind::LocalKek
                && let Some(store) = self.store()?
            {
                match store.named(key_ref) {
                    Ok(kek) => found.push(kek),
                    Err(error) => why = Some(error.into()),
                }
            }
        }
        match (found.is_empty(), why) {
            (false, _) => Ok(Fitting(found)),
            (true, Some(failure)) => Err(failure),
            (true, None) => Err(ExpectationError::NotARecipient.into()),
        }
    }

    /// The newest version of a key of the store.
    pub(crate) fn newest(&self, name: &KeyName) -> Result<Arc<LocalKek>, Failure> {
        match self.store()? {
            Some(store) => Ok(store.newest(name)?),
            None => Err(Failure::from(StoreError::Missing)),
        }
    }

    /// Whether a package's recipient is a version of a key of the store.
    pub(crate) fn is_version_of(&self, key_ref: &KeyRef, name: &KeyName) -> bool {
        let store = self.store().ok().flatten();
        store.is_some_and(|store| store.is_version_of(key_ref, name))
    }

    /// The user's keys of the store; none if there is no store, or the identity is none of its users.
    fn store(&self) -> Result<Option<&UserKeys>, Failure> {
        if let Some(store) = self.store.get() {
            return Ok(store.as_ref());
        }
        let opened = match &self.place {
            Some(place) => self.open_store(place)?,
            None => None,
        };
        Ok(self.store.get_or_init(|| opened).as_ref())
    }

    fn open_store(&self, place: &StorePlace) -> Result<Option<UserKeys>, Failure> {
        let store = match LocalStore::open(place.clone()) {
            Err(StoreError::Missing) => return Ok(None),
            opened => opened?,
        };
        match store.unlock(Arc::clone(&self.own)) {
            Err(UnlockStoreError::NoSuchUser) => Ok(None),
            unlocked => Ok(Some(unlocked?)),
        }
    }
}

impl fmt::Debug for Openers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Openers(redacted)")
    }
}

/// Keys that are recipients of one package.
pub(crate) struct Fitting(Vec<Arc<dyn Identity + Send + Sync>>);

impl Fitting {
    pub(crate) fn identities(&self) -> Vec<&dyn Identity> {
        self.0.iter().map(|key| &**key as &dyn Identity).collect()
    }

    /// The package's data key, from the first stanza that gives it.
    pub(crate) fn unwrap_dek(&self, header: &Header) -> Option<Dek> {
        let bind = header.bind();
        let own = |stanza: &Stanza| {
            let key = self.0.iter().find(|key| key.key_ref() == *stanza.key_ref())?;
            key.unwrap_dek(stanza, &bind).ok()
        };
        header.stanzas().iter().find_map(own)
    }

    fn key_refs(&self) -> Vec<KeyRef> {
        self.0.iter().map(|key| key.key_ref()).collect()
    }

    /// What is expected of the package these keys are recipients of.
    pub(crate) fn expectation(
        &self,
        signer: &SignerExpectation,
        reproduced: &Context,
    ) -> Expectation {
        expectation(self.key_refs(), signer, reproduced)
    }
}

//! What a user opens packages with: the own private key, and through it the keys of the key store.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use clap::Args;
use medsec_crypto::{
    Context, Dek, Expectation, ExpectationError, Header, HpkeIdentity, Identity, KeyRef, LocalKek,
    SignerExpectation, Stanza, StanzaKind,
};
use medsec_kms::{KeyName, LocalStore, StoreError, StoreId, StorePlace, UserKeys};

use crate::expectation::expectation;
use crate::failure::Failure;
use crate::own;
use crate::passphrase::PassphraseOption;
use crate::session::Session;
use crate::settings::Settings;

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
        let set = session.any_settings()?.and_then(|settings| settings.identity.value.clone());
        let path = self.identity.clone().or(set).ok_or_else(own::unnamed)?;
        Openers::load(session, &path, &self.passphrase)
    }
}

/// The private key of a user, and the place of the key store that it may open.
pub(crate) struct Openers {
    own: Arc<HpkeIdentity>,
    place: Option<StorePlace>,
    /// Opened when a package first asks for one of its keys; or why not.
    store: OnceLock<Result<UserKeys, Failure>>,
}

impl Openers {
    pub(crate) fn load(
        session: &Session,
        path: &Path,
        passphrase: &PassphraseOption,
    ) -> Result<Self, Failure> {
        let (own, _) = own::load(Some(path), None, passphrase)?;
        Self::new(session, own.ok_or_else(own::unnamed)?.into())
    }

    pub(crate) fn new(session: &Session, own: Arc<HpkeIdentity>) -> Result<Self, Failure> {
        let place = session.any_settings()?.map(Settings::store_place);
        Ok(Self { own, place, store: OnceLock::new() })
    }

    /// The same, with the store opened already.
    pub(crate) fn with(own: Arc<HpkeIdentity>, store: UserKeys) -> Self {
        Self { own, place: None, store: OnceLock::from(Ok(store)) }
    }

    /// The keys that are recipients of the package.
    ///
    /// # Errors
    /// Why none is: the key store cannot be used, it says that its key may not be used, or there is none.
    pub(crate) fn fitting(&self, header: &Header) -> Result<Fitting, Failure> {
        let mut found: Vec<Arc<dyn Identity + Send + Sync>> = Vec::new();
        let mut why = None;
        for stanza in header.stanzas() {
            let key_ref = stanza.key_ref();
            if *key_ref == self.own.key_ref() {
                found.push(Arc::clone(&self.own) as _);
            } else if key_ref.kind() == StanzaKind::LocalKek && self.may_hold(key_ref) {
                match self.store().and_then(|store| Ok(store.named(key_ref)?)) {
                    Ok(kek) => found.push(kek),
                    Err(failure) => why = Some(failure),
                }
            }
        }
        match (found.is_empty(), why) {
            (false, _) => Ok(Fitting(found)),
            (true, Some(failure)) => Err(failure),
            (true, None) => Err(ExpectationError::NotARecipient.into()),
        }
    }

    /// Whether the key may be one of this user's store: it is there, or the settings name its id. A partner
    /// without a store need not be told that there is none.
    fn may_hold(&self, key_ref: &KeyRef) -> bool {
        let Some(place) = &self.place else {
            return self.store.get().is_some();
        };
        let named = |id: StoreId| key_ref.as_bytes().starts_with(id.as_bytes());
        place.expected.map_or_else(|| place.folder.exists(), named)
    }

    /// The newest version of a key of the store.
    pub(crate) fn newest(&self, name: &KeyName) -> Result<Arc<LocalKek>, Failure> {
        Ok(self.store()?.newest(name)?)
    }

    /// Whether a package's recipient is a version of a key of the store.
    pub(crate) fn is_version_of(&self, key_ref: &KeyRef, name: &KeyName) -> bool {
        self.store().is_ok_and(|store| store.is_version_of(key_ref, name))
    }

    /// The user's keys of the store.
    fn store(&self) -> Result<&UserKeys, Failure> {
        self.store.get_or_init(|| self.open_store()).as_ref().map_err(Failure::clone)
    }

    fn open_store(&self) -> Result<UserKeys, Failure> {
        let place = self.place.clone().ok_or(StoreError::Missing)?;
        Ok(LocalStore::open(place)?.unlock(Arc::clone(&self.own))?)
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

//! Using the keys of a token.

use std::collections::BTreeMap;
use std::fmt;

use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};

use super::desk::{Counter, Reach};
use super::fault::{Fault, General};
use super::label::{Family, id_in, key_ref};
use super::object::TokenKey;
use super::settings::{Pkcs11Settings, TokenSerial};
use super::workers::Workers;
use super::{module, wrap};
use crate::name::KeyName;
use crate::secret::copy;
use crate::service::{
    KeyContext, KeyDescription, KeyFuture, KeyService, KeyServiceError, Standing,
};

/// Named keys of a PKCS#11 token. Every call looks at the token, so that rotation and disabling are followed at once.
///
/// What is not among the names does not exist for this service, whoever's PIN it has. A token knows one user: what one
/// holder of the PIN may do, each of them may.
pub struct Pkcs11Keys {
    token: TokenSerial,
    keys: BTreeMap<KeyName, Family>,
    /// Ids that other programs gave, as they were when this was opened.
    foreign: BTreeMap<Vec<u8>, KeyName>,
    general: General,
    workers: Workers,
}

impl Pkcs11Keys {
    /// Logs in and looks at the keys.
    ///
    /// # Errors
    /// [`KeyServiceError::Token`] if the token cannot be used, [`KeyServiceError::Unauthenticated`] if it refuses the
    /// PIN, [`KeyServiceError::NoSuchKey`] and [`KeyServiceError::Unsuitable`] if a key is not there or is none to wrap
    /// with: AES of 256 bits, private, sensitive, not extractable.
    pub async fn open(
        settings: Pkcs11Settings,
        keys: impl IntoIterator<Item = KeyName>,
    ) -> Result<Self, KeyServiceError> {
        Self::opened(settings, keys, false).await
    }

    /// The same, and a key that is not there or is none to wrap with takes none of the others away: a call that names it
    /// ends with the reason.
    ///
    /// # Errors
    /// As [`Self::open`], but for [`KeyServiceError::NoSuchKey`] and [`KeyServiceError::Unsuitable`].
    pub async fn open_usable(
        settings: Pkcs11Settings,
        keys: impl IntoIterator<Item = KeyName>,
    ) -> Result<Self, KeyServiceError> {
        Self::opened(settings, keys, true).await
    }

    async fn opened(
        settings: Pkcs11Settings,
        keys: impl IntoIterator<Item = KeyName>,
        usable: bool,
    ) -> Result<Self, KeyServiceError> {
        let (token, path) = (settings.token.clone(), settings.module.clone());
        let workers = Workers::new(Counter::new(settings, Reach::Use));
        let named = keys.into_iter().map(|name| {
            let family = Family::of(&name);
            (name, family)
        });
        let keys: BTreeMap<KeyName, Family> = named.collect();
        let names: Vec<KeyName> = keys.keys().cloned().collect();
        let foreign = workers.call(move |session| {
            let mut foreign = BTreeMap::new();
            for name in &names {
                let key = match TokenKey::find(session, name) {
                    Err(Fault::Told(
                        KeyServiceError::NoSuchKey | KeyServiceError::Unsuitable(_),
                    )) if usable => {
                        continue;
                    }
                    found => found?,
                };
                let family = Family::of(name);
                let ids = key.versions().map(|version| version.told.id.clone());
                let others = ids.filter(|id| family.about(id).is_none());
                foreign.extend(others.map(|id| (id, name.clone())));
            }
            Ok((foreign, module::general_of(&module::load(&path)?)))
        });
        let (foreign, general) = foreign.await?;
        Ok(Self { token, keys, foreign, general, workers })
    }

    fn allowed(&self, key: &KeyName) -> Result<KeyName, KeyServiceError> {
        self.keys.contains_key(key).then(|| key.clone()).ok_or(KeyServiceError::NoSuchKey)
    }

    /// The key that an id belongs to.
    fn name_of(&self, id: &[u8]) -> Option<&KeyName> {
        let own = self.keys.iter().find(|(_, family)| family.about(id).is_some());
        own.map(|(name, _)| name).or_else(|| self.foreign.get(id))
    }

    /// Key and id of a stanza that may be unwrapped here.
    fn place_of(&self, key_ref: &KeyRef) -> Result<(KeyName, Vec<u8>), KeyServiceError> {
        let id = id_in(&self.token, key_ref).ok_or(KeyServiceError::ForeignStanza)?;
        let name = self.name_of(id).ok_or(KeyServiceError::NotPermitted)?;
        Ok((name.clone(), id.to_vec()))
    }

    async fn wrap(
        &self,
        key: &KeyName,
        dek: &Dek,
        context: &KeyContext,
    ) -> Result<Stanza, KeyServiceError> {
        let (name, dek, bind) = (self.allowed(key)?, copy(dek)?, context.bind);
        let wrapped = self.workers.call(move |session| {
            let key = TokenKey::find(session, &name)?;
            key.enabled()?;
            let newest = key.newest();
            let wrapped = wrap::wrap(session, newest.handle, &dek, &bind)?;
            Ok((newest.told.id.clone(), wrapped))
        });
        let (id, wrapped) = wrapped.await?;
        let unfit = |_| KeyServiceError::Answer("a wrapped key of another length");
        Stanza::new(key_ref(&self.token, &id)?, wrapped).map_err(unfit)
    }

    async fn unwrap(&self, stanza: &Stanza, context: &KeyContext) -> Result<Dek, KeyServiceError> {
        let (name, id) = self.place_of(stanza.key_ref())?;
        let (wrapped, bind) = (stanza.wrapped().to_vec(), context.bind);
        let general = self.general;
        let unwrapped = self.workers.call(move |session| {
            let key = TokenKey::find(session, &name)?;
            let version = key.version(&id)?;
            key.enabled()?;
            wrap::unwrap(session, version.handle, &wrapped, &bind, general)
        });
        unwrapped.await
    }
}

impl KeyService for Pkcs11Keys {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        Box::pin(async move {
            let dek = Dek::generate()?;
            let stanza = self.wrap(key, &dek, context).await?;
            Ok((dek, stanza))
        })
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(self.wrap(key, dek, context))
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        Box::pin(self.unwrap(stanza, context))
    }

    /// The data key is in this process between the two halves: PKCS#11 has no call for both.
    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move {
            self.allowed(key)?;
            let dek = self.unwrap(stanza, context).await?;
            self.wrap(key, &dek, context).await
        })
    }

    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        let id = id_in(&self.token, stanza.key_ref())?;
        let key = self.name_of(id)?.clone();
        let about = self.keys.get(&key).and_then(|family| family.about(id));
        let version = about.map(|about| about.version);
        Some(Standing { key, version })
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        self.place_of(key_ref).map(drop).map_err(|_| KeyServiceError::ForeignStanza)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move {
            let name = self.allowed(key)?;
            let told =
                self.workers.call(move |session| Ok(TokenKey::find(session, &name)?.describe()));
            told.await
        })
    }

    /// AES-KWP is approved (SP 800-38F). Whether the token is a validated module, its certificate says and not this
    /// process.
    fn assurance(&self) -> Assurance {
        Assurance::ApprovedAlgorithm
    }
}

impl fmt::Debug for Pkcs11Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.keys.keys().map(KeyName::as_str).collect();
        let mut shown = f.debug_struct("Pkcs11Keys");
        shown.field("token", &self.token.as_str()).field("keys", &names).finish_non_exhaustive()
    }
}

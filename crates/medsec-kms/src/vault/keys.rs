//! Transit keys in use.

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};

use super::batch::BATCH;
use super::link::{Link, VaultHealth};
use super::settings::VaultSettings;
use super::wrapped;
use crate::name::KeyName;
use crate::service::{
    KeyContext, KeyDescription, KeyFuture, KeyFutures, KeyService, KeyServiceError, Standing,
};

/// The keys of one mount that the maker of this named: no other is ever asked for, whatever a package says.
///
/// A package names a key as `namespace/mount/name`, and not its version: that stands in the wrapped text. Rewrapping
/// under the same key is done within the server. From one key to another there is no such call in transit: the data
/// key is unwrapped and wrapped again here, and crosses the wire twice.
///
/// A request that the server did not answer is never made again here. One that it refused because it no longer knows
/// the token is made once more with a new token, but for those that hold a data key.
pub struct VaultKeys {
    pub(super) link: Link,
    refs: BTreeMap<KeyName, KeyRef>,
    /// When each key was last seen to be suitable.
    believed: Mutex<BTreeMap<KeyName, Instant>>,
}

impl VaultKeys {
    /// Makes a service for these keys and asks nothing yet: each key is looked at before its first use, and again
    /// when [`Patience::belief`](super::Patience::belief) is over.
    ///
    /// # Errors
    /// [`KeyServiceError::Unacceptable`] for settings or names that cannot be used.
    pub fn new(
        settings: VaultSettings,
        keys: impl IntoIterator<Item = KeyName>,
    ) -> Result<Self, KeyServiceError> {
        let link = Link::new(settings)?;
        let named = keys.into_iter().map(|key| {
            let key_ref = link.place.key_ref(&key)?;
            Ok((key, key_ref))
        });
        let refs = named.collect::<Result<_, KeyServiceError>>()?;
        Ok(Self { link, refs, believed: Mutex::default() })
    }

    /// Makes a service for these keys, and looks at each of them now: that it is there, made with `derived`, not
    /// exportable, not to be backed up in clear, and of an authenticated cipher of 256 bits.
    ///
    /// # Errors
    /// As [`Self::new`]; [`KeyServiceError::Unsuitable`] for a key that is otherwise, and whatever keeps the server
    /// from answering.
    pub async fn open(
        settings: VaultSettings,
        keys: impl IntoIterator<Item = KeyName>,
    ) -> Result<Self, KeyServiceError> {
        let opened = Self::new(settings, keys)?;
        for key in opened.refs.keys() {
            opened.look_at(key).await?;
        }
        Ok(opened)
    }

    /// What the server says of itself.
    ///
    /// # Errors
    /// [`KeyServiceError`] if there is no answer, or not one of a server of this kind.
    pub async fn health(&self) -> Result<VaultHealth, KeyServiceError> {
        self.link.health().await
    }

    /// Unwraps several data keys, each by itself, with few requests; in the order of `items`.
    pub async fn unwrap_deks(
        &self,
        items: &[(Stanza, KeyContext)],
    ) -> Vec<Result<Dek, KeyServiceError>> {
        let all: Vec<_> = items.iter().enumerate().collect();
        let mut results: Vec<_> =
            items.iter().map(|_| Err(KeyServiceError::ForeignStanza)).collect();
        for (key, key_ref) in &self.refs {
            let ours: Vec<_> =
                all.iter().filter(|(_, (stanza, _))| stanza.key_ref() == key_ref).collect();
            if ours.is_empty() {
                continue;
            }
            let given: Vec<_> = match self.look_if_due(key).await {
                Ok(()) => {
                    let items: Vec<_> = ours.iter().map(|(_, item)| *item).collect();
                    let opened = self.link.decrypt_many(key, &items).await;
                    self.explained(opened, key, items.iter().map(|(stanza, _)| stanza)).await
                }
                Err(error) => ours.iter().map(|_| Err(error.again())).collect(),
            };
            for ((at, _), given) in ours.into_iter().zip(given) {
                if let Some(result) = results.get_mut(*at) {
                    *result = given;
                }
            }
        }
        results
    }

    /// The key that wrapped a data key, if it is one of ours.
    fn named(&self, key_ref: &KeyRef) -> Result<&KeyName, KeyServiceError> {
        let mut all = self.refs.iter();
        let found = all.find(|(_, ours)| *ours == key_ref).map(|(key, _)| key);
        found.ok_or(KeyServiceError::ForeignStanza)
    }

    /// How packages name a key of ours.
    fn referred(&self, key: &KeyName) -> Result<&KeyRef, KeyServiceError> {
        self.refs.get(key).ok_or(KeyServiceError::NoSuchKey)
    }

    async fn look_at(&self, key: &KeyName) -> Result<KeyDescription, KeyServiceError> {
        let facts = self.link.key(key).await?;
        facts.check()?;
        let mut believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        believed.insert(key.clone(), Instant::now());
        Ok(facts.describe(key))
    }

    async fn look_if_due(&self, key: &KeyName) -> Result<(), KeyServiceError> {
        let seen = {
            let believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
            believed.get(key).copied()
        };
        let belief = self.link.patience.belief;
        if seen.is_some_and(|seen| seen.elapsed() < belief) {
            return Ok(());
        }
        self.look_at(key).await.map(|_| ())
    }

    async fn generate(
        &self,
        key: &KeyName,
        context: &KeyContext,
    ) -> Result<(Dek, Stanza), KeyServiceError> {
        let key_ref = self.referred(key)?;
        self.look_if_due(key).await?;
        let (dek, text) = self.link.data_key(key, &context.bind).await?;
        Ok((dek, wrapped::stanza(key_ref, &text)?))
    }

    async fn wrap(
        &self,
        key: &KeyName,
        dek: &Dek,
        context: &KeyContext,
    ) -> Result<Stanza, KeyServiceError> {
        let key_ref = self.referred(key)?;
        self.look_if_due(key).await?;
        let text = self.link.encrypt(key, dek, &context.bind).await?;
        wrapped::stanza(key_ref, &text)
    }

    async fn unwrap(&self, stanza: &Stanza, context: &KeyContext) -> Result<Dek, KeyServiceError> {
        let key = self.named(stanza.key_ref())?;
        let text = wrapped::text(stanza.wrapped())?;
        self.look_if_due(key).await?;
        let opened = self.link.decrypt(key, text, &context.bind).await;
        self.explained(vec![opened], key, [stanza]).await.remove(0)
    }

    async fn rewrap(
        &self,
        stanza: &Stanza,
        key: &KeyName,
        context: &KeyContext,
    ) -> Result<Stanza, KeyServiceError> {
        let key_ref = self.referred(key)?;
        if stanza.key_ref() != key_ref {
            let dek = self.unwrap(stanza, context).await?;
            return self.wrap(key, &dek, context).await;
        }
        let text = wrapped::text(stanza.wrapped())?;
        self.look_if_due(key).await?;
        let text = self.link.rewrap(key, text, &context.bind).await;
        let rewrapped = text.and_then(|text| wrapped::stanza(key_ref, &text));
        self.explained(vec![rewrapped], key, [stanza]).await.remove(0)
    }

    async fn rewrap_all(
        &self,
        items: &[(Stanza, KeyContext)],
        key: &KeyName,
    ) -> Vec<Result<Stanza, KeyServiceError>> {
        let within =
            |(stanza, _): &&(Stanza, KeyContext)| self.rewraps_unseen(stanza.key_ref(), key);
        let ours: Vec<_> = items.iter().filter(within).collect();
        let mut batched = match self.rewrap_within(&ours, key).await {
            Ok(batched) => batched.into_iter(),
            Err(error) => {
                let failed = ours.iter().map(|_| Err(error.again()));
                failed.collect::<Vec<_>>().into_iter()
            }
        };
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            let next = if within(&item) { batched.next() } else { None };
            results.push(match next {
                Some(result) => result,
                None => self.rewrap(&item.0, key, &item.1).await,
            });
        }
        results
    }

    async fn rewrap_within(
        &self,
        items: &[&(Stanza, KeyContext)],
        key: &KeyName,
    ) -> Result<Vec<Result<Stanza, KeyServiceError>>, KeyServiceError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let key_ref = self.referred(key)?;
        self.look_if_due(key).await?;
        let rewrapped = self.link.rewrap_many(key, key_ref, items).await;
        Ok(self.explained(rewrapped, key, items.iter().map(|(stanza, _)| stanza)).await)
    }
}

impl KeyService for VaultKeys {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        Box::pin(self.generate(key, context))
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

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(self.rewrap(stanza, key, context))
    }

    fn rewrap_deks<'a>(
        &'a self,
        items: &'a [(Stanza, KeyContext)],
        key: &'a KeyName,
    ) -> KeyFutures<'a, Stanza> {
        Box::pin(self.rewrap_all(items, key))
    }

    /// One request has so many.
    fn rewraps_at_once(&self, _: &KeyName) -> NonZeroUsize {
        BATCH
    }

    fn rewraps_unseen(&self, from: &KeyRef, key: &KeyName) -> bool {
        self.refs.get(key) == Some(from)
    }

    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        let key = self.named(stanza.key_ref()).ok()?.clone();
        Some(Standing { key, version: wrapped::version(stanza.wrapped()) })
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        self.named(key_ref).map(drop)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move {
            self.referred(key)?;
            self.look_at(key).await
        })
    }

    /// The server does not say what its cryptography is; a key of it may be of a cipher that no standard of NIST has.
    fn assurance(&self) -> Assurance {
        Assurance::NotApproved
    }
}

impl fmt::Debug for VaultKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VaultKeys").field("keys", &self.refs.len()).finish_non_exhaustive()
    }
}

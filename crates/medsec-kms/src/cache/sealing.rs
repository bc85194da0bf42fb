//! The sealing side.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use medsec_crypto::{
    Bind, DatasetId, Dek, DekId, Draft, HpkeRecipient, MAX_METADATA_LEN, PackageSpec, PolicyHash,
    Recipient as _, SealError, Sealer, Stanza, Suite, WrapError,
};

use super::SharedKeyLimits;
use crate::decorate::Turns;
use crate::name::KeyName;
use crate::secret::copy;
use crate::service::{KeyContext, KeyService, KeyServiceError};
use crate::timer::Timer;

/// What all packages under one shared data key have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SharedScope {
    /// Their dataset.
    pub dataset: DatasetId,
    /// The policy they are bound to.
    pub policy: PolicyHash,
    /// How they are encrypted.
    pub suite: Suite,
    /// The keys that wrap the data key: the first makes it, the others wrap it too. At least one.
    pub keys: Vec<KeyName>,
    /// Public keys it is wrapped to besides.
    pub recipients: Vec<HpkeRecipient>,
}

/// Why no package can be sealed under a shared data key. Nothing was sealed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedKeyError {
    /// The key service gave no data key.
    #[error(transparent)]
    Service(#[from] KeyServiceError),
    /// A recipient's public key is of no use.
    #[error(transparent)]
    Recipient(#[from] WrapError),
    /// The package cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// No key is named.
    #[error("a shared data key needs a key that makes it")]
    NoKey,
    /// The content alone is more than one key may protect.
    #[error(
        "the content is longer than one shared data key may protect; seal it under a key of its own"
    )]
    TooLong,
    /// The package is of another dataset, policy or suite, or under no shared data key.
    #[error("the package is not one of those that this data key is for")]
    OtherScope,
    /// The cache was ended.
    #[error("the session that this data key belonged to has ended")]
    Ended,
}

/// Keeps one shared data key, and what it was used for. It is dropped, and with it erased, when it has no room for a
/// package, when it is too old and this is asked for anything, with [`Self::end`], and with the cache. Where nobody asks,
/// one that is too old stays in memory, unused, until then.
pub struct SealingCache {
    scope: SharedScope,
    limits: SharedKeyLimits,
    timer: Arc<dyn Timer>,
    state: Mutex<State>,
    /// One caller at a time asks for a new key; the others wait for it.
    asking: Turns,
}

enum State {
    Empty,
    Holds(Held),
    Ended,
}

struct Held {
    dek: Dek,
    dek_id: DekId,
    bind: Bind,
    stanzas: Vec<Stanza>,
    since: Duration,
    packages: u64,
    bytes: u64,
}

impl SealingCache {
    /// For packages of that scope.
    #[must_use]
    pub fn new(scope: SharedScope, limits: SharedKeyLimits, timer: Arc<dyn Timer>) -> Self {
        let (state, asking) = (Mutex::new(State::Empty), Turns::new(NonZeroUsize::MIN));
        Self { scope, limits, timer, state, asking }
    }

    /// What its packages have in common.
    #[must_use]
    pub const fn scope(&self) -> &SharedScope {
        &self.scope
    }

    /// Counts a package of at most `content_len` bytes of content and gives what it is sealed under. `service` is asked
    /// only if there is no key, or none with room for it. What was counted stays counted, whatever becomes of it.
    ///
    /// # Errors
    /// [`SharedKeyError`]; nothing was counted.
    pub async fn reserve(
        &self,
        service: &dyn KeyService,
        content_len: u64,
    ) -> Result<SharedSeal, SharedKeyError> {
        self.erase_what_ended();
        // Whether it will have metadata is not known yet.
        let bytes = content_len.saturating_add(MAX_METADATA_LEN as u64);
        if bytes > self.limits.bytes() || self.limits.packages() == 0 {
            return Err(SharedKeyError::TooLong);
        }
        if let Some(seal) = self.count(content_len, bytes)? {
            return Ok(seal);
        }
        let _turn = self.asking.take().await;
        if let Some(seal) = self.count(content_len, bytes)? {
            return Ok(seal);
        }
        let mut held = self.ask(service).await?;
        (held.packages, held.bytes) = (1, bytes);
        let seal = self.seal(&held, content_len)?;
        let mut state = self.state();
        if matches!(*state, State::Ended) {
            return Err(SharedKeyError::Ended);
        }
        *state = State::Holds(held);
        Ok(seal)
    }

    /// Erases the key and gives none any more.
    pub fn end(&self) {
        *self.state() = State::Ended;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Erases the key if it is too old.
    fn erase_what_ended(&self) {
        let now = self.timer.now();
        let mut state = self.state();
        if let State::Holds(held) = &*state
            && now.saturating_sub(held.since) >= self.limits.age()
        {
            *state = State::Empty;
        }
    }

    /// From the key that is there, if it has room. One that is too old or full is erased.
    fn count(&self, content_len: u64, bytes: u64) -> Result<Option<SharedSeal>, SharedKeyError> {
        let mut state = self.state();
        let held = match &mut *state {
            State::Ended => return Err(SharedKeyError::Ended),
            State::Empty => return Ok(None),
            State::Holds(held) => held,
        };
        let age = self.timer.now().saturating_sub(held.since);
        let (packages, all) = (held.packages.saturating_add(1), held.bytes.saturating_add(bytes));
        let limits = &self.limits;
        if age >= limits.age() || packages > limits.packages() || all > limits.bytes() {
            *state = State::Empty;
            return Ok(None);
        }
        (held.packages, held.bytes) = (packages, all);
        self.seal(held, content_len).map(Some)
    }

    fn seal(&self, held: &Held, content_len: u64) -> Result<SharedSeal, SharedKeyError> {
        Ok(SharedSeal {
            dek: copy(&held.dek)?,
            dek_id: held.dek_id,
            bind: held.bind,
            stanzas: held.stanzas.clone(),
            content_len,
            dataset: self.scope.dataset.clone(),
            policy: self.scope.policy,
            suite: self.scope.suite,
        })
    }

    /// A new data key, wrapped by every key of the scope.
    async fn ask(&self, service: &dyn KeyService) -> Result<Held, SharedKeyError> {
        let SharedScope { dataset, policy, suite, keys, recipients } = &self.scope;
        let (first, others) = keys.split_first().ok_or(SharedKeyError::NoKey)?;
        let dek_id = DekId::generate().map_err(KeyServiceError::from)?;
        let bind = Bind::of_shared_key(*suite, &dek_id, policy, dataset);
        let context = KeyContext { bind, dataset: Some(dataset.clone()) };
        let since = self.timer.now();
        let (dek, stanza) = service.generate_dek(first, &context).await?;
        let mut stanzas = vec![stanza];
        for key in others {
            stanzas.push(service.wrap_dek(key, &dek, &context).await?);
        }
        for recipient in recipients {
            stanzas.push(recipient.wrap_dek(&dek, &bind)?);
        }
        Ok(Held { dek, dek_id, bind, stanzas, since, packages: 0, bytes: 0 })
    }
}

impl fmt::Debug for SealingCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SealingCache");
        shown.field("scope", &self.scope).field("limits", &self.limits);
        shown.field("holds", &matches!(*self.state(), State::Holds(_))).finish_non_exhaustive()
    }
}

/// Room for one package under a shared data key.
#[derive(Debug)]
pub struct SharedSeal {
    dek: Dek,
    dek_id: DekId,
    bind: Bind,
    stanzas: Vec<Stanza>,
    content_len: u64,
    dataset: DatasetId,
    policy: PolicyHash,
    suite: Suite,
}

impl SharedSeal {
    /// The data key's name, as it will stand in the package.
    #[must_use]
    pub const fn dek_id(&self) -> DekId {
        self.dek_id
    }

    /// Sets suite, policy, dataset and the data key's name.
    pub fn describe(&self, spec: &mut PackageSpec) {
        spec.suite = self.suite;
        spec.policy = Some(self.policy);
        spec.dataset = Some(self.dataset.clone());
        spec.shared_data_key = Some(self.dek_id);
    }

    /// Completes a draft of such a description. The draft needs a signer. Sealing fails with
    /// [`SealError::OverReserved`] if the content is longer than was counted.
    ///
    /// # Errors
    /// [`SharedKeyError::OtherScope`] if the draft is of another description, and [`SharedKeyError::Seal`].
    pub fn address(self, draft: Draft) -> Result<Sealer, SharedKeyError> {
        if draft.bind() != self.bind {
            return Err(SharedKeyError::OtherScope);
        }
        Ok(draft.address_shared(self.dek, self.stanzas, self.content_len)?)
    }
}

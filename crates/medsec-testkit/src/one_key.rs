//! A key service in memory with one key, whose state a test can change.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use medsec_crypto::{Assurance, Dek, Identity as _, Kek, KeyRef, LocalKek, Recipient as _, Stanza};
use medsec_kms::{
    KeyContext, KeyDescription, KeyFuture, KeyName, KeyService, KeyServiceError, Standing, UtcTime,
};

/// What a service tells that did not rewrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RewrapLie {
    /// The wrap that it was given.
    Unchanged,
    /// The same wrap for every data key.
    Repeated,
    /// A wrap of which it does not say under which key it stands.
    Unplaced,
}

/// One key with a reference of its own. It calls itself approved cryptography unless told otherwise, so that a test can
/// tell two of them apart.
#[derive(Debug)]
pub struct OneKey {
    name: KeyName,
    kek: LocalKek,
    assurance: Assurance,
    made: Option<UtcTime>,
    unseen: bool,
    calls: AtomicUsize,
    rewraps: AtomicUsize,
    failing: AtomicBool,
    disabled: AtomicBool,
    lie: OnceLock<RewrapLie>,
    repeated: Mutex<Option<Stanza>>,
}

impl OneKey {
    /// The key `name`, whose reference is made of `number`: two with the same number call the same key their own.
    ///
    /// # Panics
    /// If `name` is no name of a key, or there is no randomness.
    #[must_use]
    #[expect(clippy::unwrap_used, reason = "a test that cannot make its double has failed")]
    pub fn new(name: &str, number: u8) -> Self {
        Self {
            name: KeyName::new(name).unwrap(),
            kek: LocalKek::new(&[number; 16], &[number; 16], 1, Kek::generate().unwrap()).unwrap(),
            assurance: Assurance::ApprovedAlgorithm,
            made: None,
            unseen: true,
            calls: AtomicUsize::new(0),
            rewraps: AtomicUsize::new(0),
            failing: AtomicBool::new(false),
            disabled: AtomicBool::new(false),
            lie: OnceLock::new(),
            repeated: Mutex::default(),
        }
    }

    /// The same, of weaker cryptography as it says.
    #[must_use]
    pub const fn not_approved(mut self) -> Self {
        self.assurance = Assurance::NotApproved;
        self
    }

    /// The same, made at that time, which it tells.
    #[must_use]
    pub const fn made(mut self, time: UtcTime) -> Self {
        self.made = Some(time);
        self
    }

    /// The same, of a service that shows the data key to rewrap it.
    #[must_use]
    pub const fn rewrapping_in_sight(mut self) -> Self {
        self.unseen = false;
        self
    }

    /// What its stanzas name.
    #[must_use]
    pub fn key_ref(&self) -> KeyRef {
        medsec_crypto::Recipient::key_ref(&self.kek)
    }

    /// How often it was asked for something that works with a data key.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// How often of that to rewrap.
    #[must_use]
    pub fn rewraps(&self) -> usize {
        self.rewraps.load(Ordering::SeqCst)
    }

    /// Whether every call from now on ends as one that was not answered in time.
    pub fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// From now on the key is known and of no use.
    pub fn disable(&self) {
        self.disabled.store(true, Ordering::SeqCst);
    }

    /// From now on it does not tell the truth when it is asked to rewrap.
    pub fn lie(&self, lie: RewrapLie) {
        let _ = self.lie.set(lie);
    }

    /// What it answers with for what it made.
    fn told(&self, given: &Stanza, made: Stanza) -> Stanza {
        match self.lie.get() {
            Some(RewrapLie::Unchanged) => given.clone(),
            Some(RewrapLie::Repeated) => {
                let mut repeated =
                    self.repeated.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                repeated.get_or_insert(made).clone()
            }
            Some(RewrapLie::Unplaced) | None => made,
        }
    }

    fn asked(&self) -> Result<(), KeyServiceError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        if self.failing.load(Ordering::SeqCst) {
            return Err(KeyServiceError::TimedOut);
        }
        self.enabled()
    }

    fn enabled(&self) -> Result<(), KeyServiceError> {
        if self.disabled.load(Ordering::SeqCst) { Err(KeyServiceError::Disabled) } else { Ok(()) }
    }

    fn wrap(
        &self,
        key: &KeyName,
        dek: &Dek,
        context: &KeyContext,
    ) -> Result<Stanza, KeyServiceError> {
        if *key != self.name {
            return Err(KeyServiceError::NoSuchKey);
        }
        let failed = |_| KeyServiceError::Answer("no stanza");
        self.kek.wrap_dek(dek, &context.bind).map_err(failed)
    }

    fn unwrap(&self, stanza: &Stanza, context: &KeyContext) -> Result<Dek, KeyServiceError> {
        self.admits(stanza.key_ref())?;
        let unwrapped = self.kek.unwrap_dek(stanza, &context.bind);
        unwrapped.map_err(|_| KeyServiceError::NotAuthentic)
    }
}

impl KeyService for OneKey {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        Box::pin(async move {
            self.asked()?;
            let dek = Dek::generate()?;
            let stanza = self.wrap(key, &dek, context)?;
            Ok((dek, stanza))
        })
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move {
            self.asked()?;
            self.wrap(key, dek, context)
        })
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        Box::pin(async move {
            self.asked()?;
            self.unwrap(stanza, context)
        })
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move {
            self.asked()?;
            self.rewraps.fetch_add(1, Ordering::SeqCst);
            let dek = self.unwrap(stanza, context)?;
            let made = self.wrap(key, &dek, context)?;
            Ok(self.told(stanza, made))
        })
    }

    /// It is done in here, and the caller sees no data key, unless it says otherwise.
    fn rewraps_unseen(&self, from: &KeyRef, key: &KeyName) -> bool {
        self.unseen && *from == self.key_ref() && *key == self.name
    }

    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        let tells = self.lie.get() != Some(&RewrapLie::Unplaced);
        let own = tells && *stanza.key_ref() == self.key_ref();
        own.then(|| Standing { key: self.name.clone(), version: Some(1) })
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        if *key_ref != self.key_ref() {
            return Err(KeyServiceError::ForeignStanza);
        }
        self.enabled()
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move {
            if *key != self.name {
                return Err(KeyServiceError::NoSuchKey);
            }
            let state = match self.enabled() {
                Ok(()) => medsec_kms::KeyState::Enabled,
                Err(_) => medsec_kms::KeyState::Disabled,
            };
            let mut told = KeyDescription::new(key.clone(), state);
            told.created = self.made;
            Ok(told)
        })
    }

    fn assurance(&self) -> Assurance {
        self.assurance
    }
}

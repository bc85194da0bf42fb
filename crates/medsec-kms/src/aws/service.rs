//! Keys of KMS in use.

use std::fmt;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::task::Poll;

use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{DataKeySpec, EncryptionAlgorithmSpec};
use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};

use super::arn::KeyArn;
use super::connection::AwsConnection;
use super::context::pairs;
use super::error::{Refusal, send};
use super::facts::AwsKeyFacts;
use super::pins::{AwsKeyError, Pins};
use crate::name::KeyName;
use crate::service::{
    Claim, KeyContext, KeyDescription, KeyFuture, KeyFutures, KeyService, KeyServiceError,
    KeyState, Standing,
};

const ALGORITHM: EncryptionAlgorithmSpec = EncryptionAlgorithmSpec::SymmetricDefault;
/// Requests of one batch at a time: a tenth of a second each is then 160 data keys a second, of the thousands that KMS
/// permits an account.
const AT_ONCE: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);
/// Longest ciphertext that KMS takes, in bytes (API reference, `Decrypt`).
const MAX_CIPHERTEXT_LEN: usize = 6144;

/// Uses keys of KMS, those it was made with and no others.
///
/// A key may be named as it was when the service was made, or by ARN. What a package names is always an ARN: that of
/// a key of this service, or of a multi-region key whose replica is one. A package sealed in one region so opens in
/// every other where a replica is among the service's keys, without a recipient of its own.
///
/// Rewrapping is KMS's `ReEncrypt`: the data key stays there.
#[derive(Clone)]
pub struct AwsKeys {
    connection: AwsConnection,
    pins: Pins,
}

impl AwsKeys {
    /// Resolves `names` (ARNs, ids or aliases) once. An alias that is pointed elsewhere afterwards changes nothing here
    /// until the service is made anew. Keys in a state in which they do nothing are taken too, see
    /// [`Self::check_enabled`].
    ///
    /// # Errors
    /// [`AwsKeyError`] for the first key that is not there, is no symmetric key for encryption, is of another region, or
    /// was not described. No service was made.
    pub async fn pin(connection: AwsConnection, names: &[KeyName]) -> Result<Self, AwsKeyError> {
        let pins = Pins::resolve(&connection, names, false).await?;
        Ok(Self { connection, pins })
    }

    /// The same with those of the keys that can be used. One that is not there, may not be described, is of another region
    /// or no symmetric key for encryption takes none of the others away: a call that names it ends with the reason.
    ///
    /// # Errors
    /// [`AwsKeyError`] if KMS cannot be asked. No service was made.
    pub async fn pin_usable(
        connection: AwsConnection,
        names: &[KeyName],
    ) -> Result<Self, AwsKeyError> {
        let pins = Pins::resolve(&connection, names, true).await?;
        Ok(Self { connection, pins })
    }

    /// The keys, as KMS described them when they were resolved.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &AwsKeyFacts> {
        self.pins.facts()
    }

    /// Whether every key could be used when it was resolved.
    ///
    /// # Errors
    /// [`AwsKeyError`] for the first that could not.
    pub fn check_enabled(&self) -> Result<(), AwsKeyError> {
        for facts in self.pins.facts() {
            if let Some(source) = refused(facts.state) {
                let named = KeyName::new(&facts.arn.to_string());
                let Ok(key) = named else { continue };
                return Err(AwsKeyError { key, source });
            }
        }
        Ok(())
    }

    /// What is wrong where KMS says only that the state of a key is: it is asked for the state.
    async fn explain(&self, refusal: Refusal, keys: &[&KeyArn]) -> KeyServiceError {
        let Refusal::State = refusal else { return refusal.into() };
        for key in keys {
            let Ok(name) = key.name() else { continue };
            match self.connection.key_facts(&name).await.map(|facts| refused(facts.state)) {
                Ok(None) => {}
                Ok(Some(reason)) => return reason,
                // Who may not look still knows as much as KMS has told.
                Err(_) => return KeyServiceError::State,
            }
        }
        KeyServiceError::State
    }

    async fn generate(
        &self,
        key: &KeyName,
        context: &KeyContext,
    ) -> Result<(Dek, Stanza), KeyServiceError> {
        let key = self.pins.named(key)?;
        let request = self.connection.client.generate_data_key().key_id(key.to_string());
        let request = request.key_spec(DataKeySpec::Aes256);
        let request = request.set_encryption_context(Some(pairs(context)));
        let mut answer = match send(request.send()).await {
            Ok(answer) => answer,
            Err(refusal) => return Err(self.explain(refusal, &[key]).await),
        };
        let dek = take_dek(answer.plaintext.take())?;
        key.expect(answer.key_id())?;
        Ok((dek, stanza(key, answer.ciphertext_blob)?))
    }

    async fn wrap(
        &self,
        key: &KeyName,
        dek: &Dek,
        context: &KeyContext,
    ) -> Result<Stanza, KeyServiceError> {
        let key = self.pins.named(key)?;
        let request = self.connection.client.encrypt().key_id(key.to_string());
        let request = request.plaintext(Blob::new(dek.expose_secret().as_slice()));
        let request = request.set_encryption_context(Some(pairs(context)));
        let answer = match send(request.encryption_algorithm(ALGORITHM).send()).await {
            Ok(answer) => answer,
            Err(refusal) => return Err(self.explain(refusal, &[key]).await),
        };
        key.expect(answer.key_id())?;
        stanza(key, answer.ciphertext_blob)
    }

    async fn unwrap(&self, stanza: &Stanza, context: &KeyContext) -> Result<Dek, KeyServiceError> {
        let key = self.pins.unwrapping(stanza.key_ref())?;
        let request = self.connection.client.decrypt().key_id(key.to_string());
        let request = request.ciphertext_blob(ciphertext(stanza)?);
        let request = request.set_encryption_context(Some(pairs(context)));
        let mut answer = match send(request.encryption_algorithm(ALGORITHM).send()).await {
            Ok(answer) => answer,
            Err(refusal) => return Err(self.explain(refusal, &[key]).await),
        };
        let dek = take_dek(answer.plaintext.take())?;
        key.expect(answer.key_id())?;
        Ok(dek)
    }

    async fn rewrap(
        &self,
        old: &Stanza,
        key: &KeyName,
        context: &KeyContext,
    ) -> Result<Stanza, KeyServiceError> {
        let (from, to) = (self.pins.unwrapping(old.key_ref())?, self.pins.named(key)?);
        let request = self.connection.client.re_encrypt().ciphertext_blob(ciphertext(old)?);
        let request = request.source_key_id(from.to_string()).destination_key_id(to.to_string());
        let request = request
            .set_source_encryption_context(Some(pairs(context)))
            .set_destination_encryption_context(Some(pairs(context)))
            .source_encryption_algorithm(ALGORITHM)
            .destination_encryption_algorithm(ALGORITHM);
        let answer = match send(request.send()).await {
            Ok(answer) => answer,
            Err(refusal) => return Err(self.explain(refusal, &[from, to]).await),
        };
        from.expect(answer.source_key_id())?;
        to.expect(answer.key_id())?;
        stanza(to, answer.ciphertext_blob)
    }
}

/// The answers to calls that are under way together, in their order.
async fn all<T>(mut calls: Vec<Pin<Box<impl Future<Output = T>>>>) -> Vec<T> {
    let mut answers: Vec<Option<T>> = calls.iter().map(|_| None).collect();
    poll_fn(|context| {
        let mut pending = false;
        for (call, answer) in calls.iter_mut().zip(&mut answers).filter(|(_, it)| it.is_none()) {
            match call.as_mut().poll(context) {
                Poll::Ready(told) => *answer = Some(told),
                Poll::Pending => pending = true,
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    answers.into_iter().flatten().collect()
}

/// Why a key in that state does nothing.
const fn refused(state: KeyState) -> Option<KeyServiceError> {
    match state {
        KeyState::Enabled => None,
        KeyState::Disabled => Some(KeyServiceError::Disabled),
        KeyState::PendingDestruction { .. } => Some(KeyServiceError::PendingDestruction),
        KeyState::Destroyed { .. } => Some(KeyServiceError::Destroyed),
    }
}

/// Moves the data key out of the SDK's bytes and erases them.
fn take_dek(plaintext: Option<Blob>) -> Result<Dek, KeyServiceError> {
    let mut bytes = plaintext.ok_or(KeyServiceError::Answer("it has no data key"))?.into_inner();
    Dek::take_from(&mut bytes).map_err(|_| KeyServiceError::Answer("its data key is not 32 bytes"))
}

fn stanza(key: &KeyArn, wrapped: Option<Blob>) -> Result<Stanza, KeyServiceError> {
    let wrapped = wrapped.map(Blob::into_inner).unwrap_or_default();
    if wrapped.len() > MAX_CIPHERTEXT_LEN {
        return Err(KeyServiceError::Answer("its wrapped data key is too long"));
    }
    let made = Stanza::new(key.key_ref()?, wrapped);
    made.map_err(|_| KeyServiceError::Answer("it has no wrapped data key"))
}

/// What is longer than any ciphertext of KMS is none.
fn ciphertext(stanza: &Stanza) -> Result<Blob, KeyServiceError> {
    let wrapped = stanza.wrapped();
    let fits = wrapped.len() <= MAX_CIPHERTEXT_LEN;
    fits.then(|| Blob::new(wrapped)).ok_or(KeyServiceError::NotAuthentic)
}

impl KeyService for AwsKeys {
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

    /// KMS takes them one by one: so many are under way at a time.
    fn rewrap_deks<'a>(
        &'a self,
        items: &'a [(Stanza, KeyContext)],
        key: &'a KeyName,
    ) -> KeyFutures<'a, Stanza> {
        Box::pin(async move {
            let mut rewrapped = Vec::with_capacity(items.len());
            for part in items.chunks(AT_ONCE.get()) {
                let calls = part
                    .iter()
                    .map(|(stanza, context)| Box::pin(self.rewrap(stanza, key, context)));
                rewrapped.extend(all(calls.collect()).await);
            }
            rewrapped
        })
    }

    fn rewraps_at_once(&self, _: &KeyName) -> NonZeroUsize {
        AT_ONCE
    }

    /// KMS does not tell which version of its material it used.
    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        let key = self.pins.name_of(stanza.key_ref())?;
        Some(Standing { key, version: None })
    }

    fn rewraps_unseen(&self, from: &KeyRef, key: &KeyName) -> bool {
        self.pins.unwrapping(from).is_ok() && self.pins.named(key).is_ok()
    }

    fn admits(&self, key_ref: &KeyRef) -> Result<(), KeyServiceError> {
        self.pins.unwrapping(key_ref).map(drop)
    }

    fn claim(&self, key_ref: &KeyRef) -> Claim {
        self.pins.claim(key_ref)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move {
            let name = self.pins.named(key)?.name()?;
            let facts = self.connection.key_facts(&name).await?;
            self.connection.describe(&facts).await
        })
    }

    /// AES-256 in GCM. Whether the HSMs behind it are validated is for AWS to state, and cannot be seen from here.
    fn assurance(&self) -> Assurance {
        Assurance::ApprovedAlgorithm
    }
}

impl fmt::Debug for AwsKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("AwsKeys");
        shown.field("region", &self.connection.region()).field("keys", &self.pins.facts().len());
        shown.finish_non_exhaustive()
    }
}

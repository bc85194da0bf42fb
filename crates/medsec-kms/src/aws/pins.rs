//! The keys that a service may use: resolved once, and the same from then on.

use std::collections::BTreeMap;

use medsec_crypto::{KeyRef, StanzaKind};

use super::arn::KeyArn;
use super::connection::AwsConnection;
use super::facts::AwsKeyFacts;
use crate::name::KeyName;
use crate::service::KeyServiceError;

/// A key that cannot be used, and why. No service was made.
#[derive(Debug, thiserror::Error)]
#[error("the key {key} cannot be used")]
#[expect(clippy::exhaustive_structs, reason = "a key and a reason is all there is")]
pub struct AwsKeyError {
    /// The key as it was named.
    pub key: KeyName,
    /// Why.
    #[source]
    pub source: KeyServiceError,
}

/// Names as they were given, and the keys that they meant at that moment.
#[derive(Clone, Debug)]
pub(super) struct Pins {
    names: BTreeMap<String, KeyArn>,
    // INVARIANT: exactly the keys that some name means.
    keys: BTreeMap<KeyArn, AwsKeyFacts>,
}

impl Pins {
    /// Asks for each key once.
    pub(super) async fn resolve(
        connection: &AwsConnection,
        names: &[KeyName],
    ) -> Result<Self, AwsKeyError> {
        let mut pins = Self { names: BTreeMap::new(), keys: BTreeMap::new() };
        for name in names {
            let facts = connection.key_facts(name).await.and_then(|facts| {
                facts.check_suitable()?;
                Ok(facts)
            });
            let facts = facts.map_err(|source| AwsKeyError { key: name.clone(), source })?;
            pins.names.insert(name.as_str().to_owned(), facts.arn.clone());
            pins.keys.insert(facts.arn.clone(), facts);
        }
        Ok(pins)
    }

    pub(super) fn facts(&self) -> impl ExactSizeIterator<Item = &AwsKeyFacts> {
        self.keys.values()
    }

    /// The key that a name meant when it was resolved; ARNs are names of their own.
    pub(super) fn named(&self, name: &KeyName) -> Result<&KeyArn, KeyServiceError> {
        if let Some(arn) = self.names.get(name.as_str()) {
            return Ok(arn);
        }
        let arn = name.as_str().parse::<KeyArn>().map_err(|_| KeyServiceError::NoSuchKey)?;
        self.keys.get_key_value(&arn).map(|(arn, _)| arn).ok_or(KeyServiceError::NoSuchKey)
    }

    /// What the key was called when it was resolved that unwraps what a package says `key_ref` wrapped.
    pub(super) fn name_of(&self, key_ref: &KeyRef) -> Option<KeyName> {
        let arn = self.unwrapping(key_ref).ok()?;
        let (name, _) = self.names.iter().find(|(_, named)| *named == arn)?;
        KeyName::new(name).ok()
    }

    /// The key that unwraps what a package says `key_ref` wrapped: that one, or a replica of it that was resolved.
    pub(super) fn unwrapping(&self, key_ref: &KeyRef) -> Result<&KeyArn, KeyServiceError> {
        let foreign = || KeyServiceError::ForeignStanza;
        if key_ref.kind() != StanzaKind::AwsKms {
            return Err(foreign());
        }
        let text = str::from_utf8(key_ref.as_bytes()).map_err(|_| foreign())?;
        let arn: KeyArn = text.parse().map_err(|_| foreign())?;
        if let Some((arn, _)) = self.keys.get_key_value(&arn) {
            return Ok(arn);
        }
        self.keys.keys().find(|pinned| pinned.shares_material_with(&arn)).ok_or_else(foreign)
    }
}

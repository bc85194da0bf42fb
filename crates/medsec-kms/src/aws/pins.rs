//! The keys that a service may use: resolved once, and the same from then on.

use std::collections::BTreeMap;
use std::sync::Arc;

use medsec_crypto::{KeyRef, StanzaKind};

use super::arn::KeyArn;
use super::connection::AwsConnection;
use super::facts::AwsKeyFacts;
use crate::name::KeyName;
use crate::service::{Claim, KeyServiceError};

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
    /// Names that meant no key that can be used, and why.
    unusable: BTreeMap<String, Arc<KeyServiceError>>,
}

impl Pins {
    /// Asks for each key once. What is wrong with one key alone is kept if `keep` says so; everything else ends it.
    pub(super) async fn resolve(
        connection: &AwsConnection,
        names: &[KeyName],
        keep: bool,
    ) -> Result<Self, AwsKeyError> {
        let (keys, unusable) = (BTreeMap::new(), BTreeMap::new());
        let mut pins = Self { names: BTreeMap::new(), keys, unusable };
        for name in names {
            let facts = connection.key_facts(name).await.and_then(|facts| {
                facts.check_suitable()?;
                Ok(facts)
            });
            let text = name.as_str().to_owned();
            match facts {
                Ok(facts) => {
                    pins.names.insert(text, facts.arn.clone());
                    pins.keys.insert(facts.arn.clone(), facts);
                }
                Err(why) if keep && is_of_one_key(&why) => {
                    pins.unusable.insert(text, Arc::new(why));
                }
                Err(source) => return Err(AwsKeyError { key: name.clone(), source }),
            }
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
        if let Some(why) = self.unusable.get(name.as_str()) {
            return Err(why.again());
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

    /// Whether what `key_ref` wrapped is unwrapped by that key, or by a replica of it.
    pub(super) fn claim(&self, key_ref: &KeyRef) -> Claim {
        match self.unwrapping(key_ref) {
            Ok(arn) if arn.to_string().as_bytes() == key_ref.as_bytes() => Claim::Own,
            Ok(_) => Claim::Replica,
            Err(_) => Claim::None,
        }
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

/// Whether other keys may be usable all the same.
const fn is_of_one_key(error: &KeyServiceError) -> bool {
    use KeyServiceError as K;
    matches!(error, K::NoSuchKey | K::NotPermitted | K::Unsuitable(_) | K::Unacceptable { .. })
}

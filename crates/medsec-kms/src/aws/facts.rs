//! What KMS tells of a key.

use aws_sdk_kms::primitives::DateTime;
use aws_sdk_kms::types::{
    KeyManagerType, KeyMetadata, KeySpec, KeyState as AwsState, KeyUsageType, OriginType,
};
use medsec_crypto::Timestamp;

use super::arn::KeyArn;
use super::connection::AwsConnection;
use super::error::{Refusal, UNKNOWN_REQUEST, send};
use crate::name::KeyName;
use crate::service::{KeyDescription, KeyServiceError, KeyState};
use crate::utc::UtcTime;

/// Tag with the name that [`AwsAdmin`](super::AwsAdmin) was given for a key.
pub(super) const NAME_TAG: &str = "medsec:key";
/// Tag with the days after which a key should be rotated.
pub(super) const AGE_TAG: &str = "medsec:max-age-days";
/// Most pages of one list that are read.
pub(super) const MAX_PAGES: usize = 200;

/// A key as KMS has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AwsKeyFacts {
    /// The key, whatever it was asked for as.
    pub arn: KeyArn,
    /// Whether it may be used.
    pub state: KeyState,
    /// Where its material comes from and is.
    pub origin: AwsKeyOrigin,
    /// Replicas of a multi-region key, the primary among them; empty for other keys.
    pub replicas: Vec<KeyArn>,
    /// When it was made.
    pub created: Option<UtcTime>,
    suitable: Result<(), &'static str>,
    by_aws: bool,
}

/// Where a key's material comes from and is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AwsKeyOrigin {
    /// Made and kept by KMS.
    Kms,
    /// Imported by its owner, who can make it vanish at once or let it expire.
    Imported {
        /// When the material expires, if it does.
        expires: Option<UtcTime>,
    },
    /// In a custom key store: an HSM cluster, or a key manager outside AWS. It works while that does.
    CustomStore {
        /// The store's id.
        id: Option<String>,
    },
    /// Something this version does not know.
    Unknown,
}

impl AwsKeyFacts {
    /// Whether data keys can be wrapped with it at all: a symmetric key for encryption.
    pub(super) fn check_suitable(&self) -> Result<(), KeyServiceError> {
        self.suitable.map_err(KeyServiceError::Unsuitable)
    }

    /// Whether it is the owner's, and not one that AWS keeps for its own services.
    pub(super) const fn is_owners(&self) -> bool {
        !self.by_aws
    }

    fn read(metadata: &KeyMetadata) -> Result<Self, KeyServiceError> {
        let regions = metadata.multi_region_configuration();
        let all =
            regions.into_iter().flat_map(|r| r.primary_key().into_iter().chain(r.replica_keys()));
        Ok(Self {
            arn: KeyArn::answered(metadata.arn())?,
            state: state(metadata)?,
            origin: origin(metadata),
            replicas: all.map(|key| KeyArn::answered(key.arn())).collect::<Result<_, _>>()?,
            created: metadata.creation_date().map(time),
            suitable: suitable(metadata),
            by_aws: metadata.key_manager() == Some(&KeyManagerType::Aws),
        })
    }
}

fn suitable(metadata: &KeyMetadata) -> Result<(), &'static str> {
    if metadata.key_usage() != Some(&KeyUsageType::EncryptDecrypt) {
        return Err("it is not for encryption");
    }
    match metadata.key_spec() {
        Some(KeySpec::SymmetricDefault) => Ok(()),
        _ => Err("it is not a symmetric key"),
    }
}

/// A state in which a key does nothing, and which is none of the others here, reads as disabled.
fn state(metadata: &KeyMetadata) -> Result<KeyState, KeyServiceError> {
    match metadata.key_state() {
        Some(AwsState::Enabled) => Ok(KeyState::Enabled),
        Some(AwsState::PendingDeletion | AwsState::PendingReplicaDeletion) => {
            let at = metadata.deletion_date().map(time);
            // While replicas stand, the waiting has not begun: it ends no sooner than it would from now.
            let days = metadata.pending_deletion_window_in_days().and_then(|n| n.try_into().ok());
            let now = UtcTime::from(Timestamp::from(std::time::SystemTime::now()));
            let destroy_after = at.unwrap_or_else(|| now.plus_days(days.unwrap_or(0)));
            Ok(KeyState::PendingDestruction { destroy_after })
        }
        Some(_) => Ok(KeyState::Disabled),
        None => Err(KeyServiceError::Answer("it names no state of the key")),
    }
}

fn origin(metadata: &KeyMetadata) -> AwsKeyOrigin {
    match metadata.origin() {
        Some(OriginType::AwsKms) => AwsKeyOrigin::Kms,
        Some(OriginType::External) => {
            AwsKeyOrigin::Imported { expires: metadata.valid_to().map(time) }
        }
        Some(OriginType::AwsCloudhsm | OriginType::ExternalKeyStore) => {
            AwsKeyOrigin::CustomStore { id: metadata.custom_key_store_id().map(str::to_owned) }
        }
        _ => AwsKeyOrigin::Unknown,
    }
}

/// In whole seconds; before 1970 is 1970.
fn time(at: &DateTime) -> UtcTime {
    Timestamp::from_unix_seconds(u64::try_from(at.secs()).unwrap_or(0)).into()
}

impl AwsConnection {
    /// What KMS tells of a key, named by ARN, id or alias.
    ///
    /// # Errors
    /// As the calls of a key service.
    pub async fn key_facts(&self, key: &KeyName) -> Result<AwsKeyFacts, KeyServiceError> {
        let answer = send(self.client.describe_key().key_id(key.as_str()).send()).await?;
        let metadata = answer.key_metadata();
        let facts =
            AwsKeyFacts::read(metadata.ok_or(KeyServiceError::Answer("it describes no key"))?)?;
        // An alias may mean any key; an ARN or an id means one.
        let asked = key.as_str();
        let same = match asked.parse::<KeyArn>() {
            Ok(arn) => arn == facts.arn,
            Err(_) => asked == facts.arn.id() || is_alias(asked),
        };
        if !same {
            return Err(super::error::OTHER_KEY);
        }
        if facts.arn.region() != self.region() {
            return Err(KeyServiceError::Unsuitable("it is a key of another region"));
        }
        Ok(facts)
    }

    /// The description of a key: what its tags and rotations say is left out where the caller may not read them, or
    /// the endpoint does not know the request.
    pub(super) async fn describe(
        &self,
        facts: &AwsKeyFacts,
    ) -> Result<KeyDescription, KeyServiceError> {
        let rotated =
            told(self.last_rotation(&facts.arn).await)?.map(|last| last.or(facts.created));
        let max_age = told(self.max_age(&facts.arn).await)?.flatten();
        let rotated = rotated.flatten();
        Ok(KeyDescription {
            name: facts.arn.name()?,
            state: facts.state,
            version: None,
            oldest: None,
            created: facts.created,
            rotated,
            rotation_due: rotated.zip(max_age).map(|(rotated, days)| rotated.plus_days(days)),
        })
    }

    /// When the newest material was made, if the key was ever rotated.
    async fn last_rotation(&self, key: &KeyArn) -> Result<Option<UtcTime>, Refusal> {
        let (mut last, mut marker) = (None, None);
        for _ in 0..MAX_PAGES {
            let list = self.client.list_key_rotations().key_id(key.to_string());
            let page = send(list.set_marker(marker).send()).await?;
            let dates = page.rotations().iter().filter_map(|rotation| rotation.rotation_date());
            last = last.max(dates.map(time).max());
            marker = page.next_marker().filter(|_| page.truncated()).map(str::to_owned);
            if marker.is_none() {
                return Ok(last);
            }
        }
        Err(ENDLESS)
    }

    /// Days after which the key should be rotated, as its tag says.
    async fn max_age(&self, key: &KeyArn) -> Result<Option<u32>, Refusal> {
        let mut marker = None;
        for _ in 0..MAX_PAGES {
            let list = self.client.list_resource_tags().key_id(key.to_string());
            let page = send(list.set_marker(marker).send()).await?;
            if let Some(tag) = page.tags().iter().find(|tag| tag.tag_key() == AGE_TAG) {
                return Ok(tag.tag_value().parse().ok());
            }
            marker = page.next_marker().filter(|_| page.truncated()).map(str::to_owned);
            if marker.is_none() {
                return Ok(None);
            }
        }
        Err(ENDLESS)
    }
}

/// A list that does not end.
pub(super) const ENDLESS: Refusal = Refusal::Error(KeyServiceError::Answer("its list has no end"));

/// Nothing where it may not be read, or the endpoint does not know the request.
fn told<T>(answer: Result<T, Refusal>) -> Result<Option<T>, KeyServiceError> {
    match answer {
        Ok(told) => Ok(Some(told)),
        Err(Refusal::Error(
            KeyServiceError::NotPermitted | KeyServiceError::Answer(UNKNOWN_REQUEST),
        )) => Ok(None),
        // A key whose material is elsewhere has no rotations.
        Err(Refusal::Error(KeyServiceError::Unsuitable(_)) | Refusal::State) => Ok(None),
        Err(Refusal::Error(error)) => Err(error),
    }
}

/// `alias/name`, or the ARN of one.
pub(super) fn is_alias(name: &str) -> bool {
    name.starts_with("alias/") || name.contains(":alias/")
}

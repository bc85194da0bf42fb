//! Keys of KMS made, rotated, disabled and destroyed.

use std::fmt;
use std::time::Duration;

use aws_sdk_kms::error::BuildError;
use aws_sdk_kms::types::{KeySpec as AwsSpec, KeyUsageType, Tag};

use super::arn::KeyArn;
use super::connection::AwsConnection;
use super::error::{Refusal, send};
use super::facts::{AGE_TAG, AwsKeyFacts, ENDLESS, MAX_PAGES, NAME_TAG, is_alias};
use crate::name::KeyName;
use crate::service::{KeyAdmin, KeyDescription, KeyFuture, KeyServiceError, KeySpec, KeyState};

/// Days between the order and the destruction that KMS accepts.
const WAITING_DAYS: std::ops::RangeInclusive<u64> = 7..=30;
const DAY: u64 = 86_400;
/// Longest value of a tag.
const MAX_TAG_LEN: usize = 256;
/// Keys of one page.
const PAGE: i32 = 1000;

/// Makes and changes keys. Keys are named by ARN or id: an alias may come to mean another key, and none is taken.
///
/// Before a change the key is described, and a change that its state does not allow is not asked for; KMS itself would
/// let some of them pass.
#[derive(Clone)]
pub struct AwsAdmin {
    connection: AwsConnection,
}

/// A key to be made.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "one who leaves a part out should not compile")]
pub struct AwsNewKey {
    /// Its name and greatest age become tags: KMS names its keys itself, and two may have the same tags.
    pub spec: KeySpec,
    /// Whether replicas can be made. A key cannot be changed from one to the other.
    pub scope: AwsKeyScope,
    /// The key policy, for instance of an [`AwsBootstrap`](super::AwsBootstrap); without one, AWS's own, which leaves
    /// everything to the account's identity policies.
    pub policy: Option<String>,
}

/// Where a key may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AwsKeyScope {
    /// In its region, for ever.
    #[default]
    OneRegion,
    /// In other regions too, where replicas of it are made.
    MultiRegion,
}

impl AwsAdmin {
    /// Works with whatever the connection's identity may do.
    #[must_use]
    pub const fn new(connection: AwsConnection) -> Self {
        Self { connection }
    }

    /// Makes a symmetric key for encryption.
    ///
    /// # Errors
    /// [`KeyServiceError::KeyExists`] for the ARN of a key that is there, [`KeyServiceError::Unacceptable`] for a name
    /// that cannot be the value of a tag; otherwise as any call. Where no answer came, a key may have been made.
    pub async fn create(&self, new: &AwsNewKey) -> Result<KeyDescription, KeyServiceError> {
        self.check_name(&new.spec.name).await?;
        let age = new.spec.max_age_days.map(|days| (AGE_TAG, days.to_string()));
        let tags = std::iter::once((NAME_TAG, new.spec.name.as_str().to_owned())).chain(age);
        let tags = tags.map(tag).collect::<Result<Vec<_>, _>>();
        let request = self.connection.client.create_key();
        let request = request.key_spec(AwsSpec::SymmetricDefault);
        let request = request.key_usage(KeyUsageType::EncryptDecrypt);
        let request = request
            .description(format!("medsec data keys: {}", new.spec.name))
            .multi_region(new.scope == AwsKeyScope::MultiRegion)
            .set_policy(new.policy.clone())
            .set_tags(Some(tags.map_err(|_| KeyServiceError::Unacceptable { field: "key name" })?));
        let answer = send(request.send()).await?;
        let arn = KeyArn::answered(answer.key_metadata().and_then(|made| made.arn()))?;
        self.again(&arn).await
    }

    /// The name becomes a tag. One that is an ARN is not for a new key.
    async fn check_name(&self, name: &KeyName) -> Result<(), KeyServiceError> {
        if name.as_str().parse::<KeyArn>().is_ok() {
            self.connection.key_facts(name).await?;
            return Err(KeyServiceError::KeyExists);
        }
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"+-=._:/@".contains(&b);
        let fits = name.as_str().len() <= MAX_TAG_LEN && name.as_str().bytes().all(allowed);
        fits.then_some(()).ok_or(KeyServiceError::Unacceptable { field: "key name" })
    }

    /// The key, if it is in a state that allows a change.
    async fn key(
        &self,
        name: &KeyName,
        allows: impl Fn(KeyState) -> bool,
    ) -> Result<AwsKeyFacts, KeyServiceError> {
        if is_alias(name.as_str()) {
            return Err(KeyServiceError::Unacceptable { field: "alias in place of a key" });
        }
        let facts = self.connection.key_facts(name).await?;
        facts.check_suitable()?;
        allows(facts.state).then_some(facts).ok_or(KeyServiceError::State)
    }

    async fn again(&self, arn: &KeyArn) -> Result<KeyDescription, KeyServiceError> {
        let facts = self.connection.key_facts(&arn.name()?).await?;
        self.connection.describe(&facts).await
    }

    async fn rotate(&self, name: &KeyName) -> Result<KeyDescription, KeyServiceError> {
        let key = self.key(name, |state| state == KeyState::Enabled).await?;
        let request = self.connection.client.rotate_key_on_demand();
        send(request.key_id(key.arn.to_string()).send()).await?;
        self.again(&key.arn).await
    }

    async fn disable(&self, name: &KeyName) -> Result<KeyDescription, KeyServiceError> {
        let key = self.key(name, |state| state == KeyState::Enabled).await?;
        send(self.connection.client.disable_key().key_id(key.arn.id()).send()).await?;
        self.again(&key.arn).await
    }

    async fn enable(&self, name: &KeyName) -> Result<KeyDescription, KeyServiceError> {
        let key = self.key(name, |state| state == KeyState::Disabled).await?;
        send(self.connection.client.enable_key().key_id(key.arn.id()).send()).await?;
        self.again(&key.arn).await
    }

    async fn schedule(
        &self,
        name: &KeyName,
        waiting: Duration,
    ) -> Result<KeyDescription, KeyServiceError> {
        // Rounded up: not destroyed before the time is over.
        let seconds = waiting.as_secs().saturating_add(u64::from(waiting.subsec_nanos() > 0));
        let days = seconds.div_ceil(DAY);
        let days = i32::try_from(days).ok().filter(|_| WAITING_DAYS.contains(&days));
        let days = days.ok_or(KeyServiceError::Unacceptable { field: "waiting time" })?;
        let key = self.key(name, |s| matches!(s, KeyState::Enabled | KeyState::Disabled)).await?;
        let request = self.connection.client.schedule_key_deletion();
        send(request.key_id(key.arn.id()).pending_window_in_days(days).send()).await?;
        self.again(&key.arn).await
    }

    async fn cancel(&self, name: &KeyName) -> Result<KeyDescription, KeyServiceError> {
        let pending = |state| matches!(state, KeyState::PendingDestruction { .. });
        let key = self.key(name, pending).await?;
        send(self.connection.client.cancel_key_deletion().key_id(key.arn.id()).send()).await?;
        self.again(&key.arn).await
    }

    async fn list(&self) -> Result<Vec<KeyDescription>, KeyServiceError> {
        let mut listed = Vec::new();
        for arn in self.arns().await? {
            let facts = match self.connection.key_facts(&arn.name()?).await {
                Ok(facts) => facts,
                // Others' keys in the same account, and keys that have gone since the list was made.
                Err(KeyServiceError::NotPermitted | KeyServiceError::NoSuchKey) => continue,
                Err(error) => return Err(error),
            };
            if facts.is_owners() && facts.check_suitable().is_ok() {
                listed.push(self.connection.describe(&facts).await?);
            }
        }
        listed.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(listed)
    }

    async fn arns(&self) -> Result<Vec<KeyArn>, KeyServiceError> {
        let (mut arns, mut marker) = (Vec::new(), None);
        for _ in 0..MAX_PAGES {
            let list = self.connection.client.list_keys().limit(PAGE).set_marker(marker);
            let page = send(list.send()).await?;
            for key in page.keys() {
                arns.push(KeyArn::answered(key.key_arn())?);
            }
            marker = page.next_marker().filter(|_| page.truncated()).map(str::to_owned);
            if marker.is_none() {
                return Ok(arns);
            }
        }
        Err(Refusal::into(ENDLESS))
    }
}

fn tag((key, value): (&str, String)) -> Result<Tag, BuildError> {
    Tag::builder().tag_key(key).tag_value(value).build()
}

// Four calls name the key by its id alone: they have no use across accounts, the region is the connection's, and the
// description before and after them is asked for by ARN.
impl KeyAdmin for AwsAdmin {
    /// The key gets a name of its own; the one in `spec` becomes a tag.
    fn create_key<'a>(&'a self, spec: &'a KeySpec) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move {
            let new = AwsNewKey { spec: spec.clone(), scope: AwsKeyScope::OneRegion, policy: None };
            self.create(&new).await
        })
    }

    /// `RotateKeyOnDemand`, which AWS limits to a number for the life of a key. The new material is used as soon as
    /// KMS has it.
    fn rotate_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(self.rotate(key))
    }

    fn disable_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(self.disable(key))
    }

    fn enable_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(self.enable(key))
    }

    /// KMS waits 7 to 30 days; parts of a day count as a whole one.
    fn schedule_destruction<'a>(
        &'a self,
        key: &'a KeyName,
        waiting: Duration,
    ) -> KeyFuture<'a, KeyDescription> {
        Box::pin(self.schedule(key, waiting))
    }

    fn cancel_destruction<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(self.cancel(key))
    }

    /// The owner's symmetric keys of the region that the caller may describe.
    fn list_keys(&self) -> KeyFuture<'_, Vec<KeyDescription>> {
        Box::pin(self.list())
    }
}

impl fmt::Debug for AwsAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsAdmin").field("region", &self.connection.region()).finish()
    }
}

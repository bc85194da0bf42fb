//! Names of keys that mean the same key for ever.

use std::fmt;
use std::str::FromStr;

use medsec_crypto::{InvalidValue, KeyRef, StanzaKind};

use super::error;
use crate::name::KeyName;
use crate::service::KeyServiceError;

/// What the ids of multi-region keys begin with.
const MULTI_REGION: &str = "mrk-";
const INVALID: InvalidValue = InvalidValue { field: "key ARN" };

/// The ARN of a key, `arn:partition:kms:region:account:key/id`, never of an alias.
///
/// Partition and region are 1 to 32 of `[a-z0-9-]`, the account 12 digits, the id 1 to 128 of `[A-Za-z0-9-]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyArn {
    partition: String,
    region: String,
    account: String,
    id: String,
}

impl KeyArn {
    /// The group of regions: `aws`, `aws-cn`, `aws-us-gov`.
    #[must_use]
    pub fn partition(&self) -> &str {
        &self.partition
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The account that owns the key.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Whether the key may have replicas of the same material in other regions.
    #[must_use]
    pub fn is_multi_region(&self) -> bool {
        self.id.starts_with(MULTI_REGION)
    }

    /// Whether both are one key, or replicas of one multi-region key: AWS gives the id of such a key to its
    /// replicas alone.
    #[must_use]
    pub fn shares_material_with(&self, other: &Self) -> bool {
        self == other
            || (self.is_multi_region()
                && self.id == other.id
                && self.account == other.account
                && self.partition == other.partition)
    }

    pub(super) fn key_ref(&self) -> Result<KeyRef, KeyServiceError> {
        let made = KeyRef::new(StanzaKind::AwsKms, self.to_string().as_bytes());
        made.map_err(|_| KeyServiceError::Answer("a key ARN that no package can hold"))
    }

    pub(super) fn name(&self) -> Result<KeyName, KeyServiceError> {
        let made = KeyName::new(&self.to_string());
        made.map_err(|_| KeyServiceError::Answer("a key ARN that is no key name"))
    }

    /// The ARN in an answer.
    pub(super) fn answered(text: Option<&str>) -> Result<Self, KeyServiceError> {
        let parsed = text.and_then(|text| text.parse().ok());
        parsed.ok_or(KeyServiceError::Answer("it names no key ARN"))
    }

    /// An answer must be about the key that was asked for.
    pub(super) fn expect(&self, answered: Option<&str>) -> Result<(), KeyServiceError> {
        (Self::answered(answered)? == *self).then_some(()).ok_or(error::OTHER_KEY)
    }
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { partition, region, account, id } = self;
        write!(f, "arn:{partition}:kms:{region}:{account}:key/{id}")
    }
}

impl FromStr for KeyArn {
    type Err = InvalidValue;

    /// Accepts exactly the form that `Display` writes.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let parts: Vec<&str> = text.splitn(7, ':').collect();
        let [arn, partition, service, region, account, resource] = parts.as_slice() else {
            return Err(INVALID);
        };
        let id = resource.strip_prefix("key/").ok_or(INVALID)?;
        let fits = (*arn, *service) == ("arn", "kms")
            && is_place(partition)
            && is_place(region)
            && is_account(account)
            && (1..=128).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let owned = |part: &str| part.to_owned();
        fits.then(|| Self {
            partition: owned(partition),
            region: owned(region),
            account: owned(account),
            id: owned(id),
        })
        .ok_or(INVALID)
    }
}

/// A partition or a region: 1 to 32 of `[a-z0-9-]`.
pub(super) fn is_place(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=32).contains(&text.len()) && text.bytes().all(allowed)
}

/// Twelve digits.
pub(super) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "arn:aws:kms:eu-central-1:123456789012:key/mrk-1234abcd";

    #[test]
    fn what_is_no_key_arn_is_refused() {
        let account = "arn:aws:kms:eu-central-1:12345:key/a";
        for bad in [
            "",
            "alias/ct",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:eu-central-1:123456789012:alias/ct",
            "arn:aws:s3:eu-central-1:123456789012:key/a",
            "arn:aws:kms::123456789012:key/a",
            "arn:aws:kms:eu-central-1:123456789012:key/",
            "arn:aws:kms:eu-central-1:123456789012:key/a:b",
            "arn:aws:kms:eu-central-1:123456789012:key/*",
            "arn:aws:kms:EU:123456789012:key/a",
            account,
        ] {
            assert!(bad.parse::<KeyArn>().is_err(), "{bad}");
        }
    }

    #[test]
    fn arn_parses_back_as_itself() {
        assert_eq!(ONE.parse::<KeyArn>().unwrap().to_string(), ONE);
    }

    #[test]
    fn only_replicas_of_one_multi_region_key_share_material() {
        let one: KeyArn = ONE.parse().unwrap();
        let other = |from: &str, to: &str| ONE.replace(from, to).parse::<KeyArn>().unwrap();
        assert!(one.shares_material_with(&one));
        assert!(one.shares_material_with(&other("eu-central-1", "eu-west-1")));
        assert!(!one.shares_material_with(&other("123456789012", "123456789013")));
        assert!(!one.shares_material_with(&other("arn:aws:", "arn:aws-cn:")));
        assert!(!one.shares_material_with(&other("abcd", "abce")));
        let single = other("mrk-", "");
        let elsewhere: KeyArn = single.to_string().replace("central", "west").parse().unwrap();
        assert!(single.shares_material_with(&single) && !single.shares_material_with(&elsewhere));
    }
}

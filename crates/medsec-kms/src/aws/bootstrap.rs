//! The policies that a deployment needs: printed for a person to read and apply, never applied from here.
//!
//! Three roles, each of which can do one thing, and a key policy for every key. Each permission names its keys and the
//! encryption context; what a role must never do is denied too, so that a wide policy beside these does not give it
//! back. A role's permissions come from its own policy and from the key's: either alone is enough to refuse.
//!
//! What policies cannot say: that the destination context of a `ReEncrypt` is the source's. Both have to be contexts of
//! the named datasets; that they are equal is up to the client, see [`AwsKeys`](super::AwsKeys).

mod key;
mod policy;
mod roles;

use std::collections::{BTreeMap, BTreeSet};

use medsec_crypto::DatasetId;

use self::policy::Policy;
use super::arn::{KeyArn, is_account};

/// Longest inline policies of a role together, and longest key policy, in characters (IAM and KMS quotas).
const MAX_ROLE_LEN: usize = 10_240;
const MAX_KEY_LEN: usize = 32_768;

/// What the policies are made of.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "one who leaves a part out should not compile")]
pub struct AwsBootstrap {
    /// The key that seals, and that is rewrapped to.
    pub destination: KeyArn,
    /// Keys under which packages stand besides: opened and rewrapped from.
    pub sources: Vec<KeyArn>,
    /// For which datasets.
    pub datasets: AwsDatasets,
    /// Who.
    pub principals: AwsPrincipals,
}

/// For which packages a policy holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AwsDatasets {
    /// All, whether they name a dataset in clear or not.
    Any,
    /// Those that name one of these in clear.
    Only(Vec<DatasetId>),
}

/// ARNs of IAM: `arn:partition:iam::account:role/name`, for administrators of users too.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "one who leaves a part out should not compile")]
pub struct AwsPrincipals {
    /// Change the keys and their policies, and use none.
    pub administrators: Vec<String>,
    /// Seals.
    pub sealing: String,
    /// Opens.
    pub opening: String,
    /// Rewraps without seeing a data key.
    pub rewrapping: String,
}

/// The policies as canonical JSON: members in order of their names, no space between them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AwsPolicies {
    /// Identity policy of the sealing role.
    pub sealing: String,
    /// Identity policy of the opening role.
    pub opening: String,
    /// Identity policy of the rewrapping role.
    pub rewrapping: String,
    /// Key policies.
    pub keys: BTreeMap<KeyArn, String>,
}

/// Why no policies were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AwsBootstrapError {
    /// A principal is not the ARN of a role, or of an administrating user, in the keys' partition.
    #[error("that is not the ARN of an IAM role, or is of another partition than the keys")]
    Principal,
    /// Two roles, or a role and an administrator, are one.
    #[error("sealing, opening, rewrapping and administering must be different principals")]
    SamePrincipal,
    /// Nobody could change the keys.
    #[error("no administrator is named")]
    NoAdministrator,
    /// KMS rewraps within a region only.
    #[error("the keys are of different regions or partitions")]
    Regions,
    /// An empty list would permit nothing.
    #[error("no dataset is named")]
    NoDataset,
    /// More keys, datasets or administrators than a policy can hold.
    #[error("a policy would be longer than AWS takes; use fewer keys or datasets")]
    TooLong,
}

impl AwsBootstrap {
    /// Makes the policies. Equal input gives equal bytes, in whatever order its lists are.
    ///
    /// # Errors
    /// [`AwsBootstrapError`]; a set of policies that would not do what it is for is not made.
    pub fn render(&self) -> Result<AwsPolicies, AwsBootstrapError> {
        self.check()?;
        let sources = self.sources.iter().filter(|key| **key != self.destination);
        let sources: BTreeSet<String> = sources.map(ToString::to_string).collect();
        let parts = Parts {
            destination: self.destination.to_string(),
            sources,
            datasets: self.dataset_ids(),
            principals: &self.principals,
        };
        let all = self.sources.iter().chain([&self.destination]);
        let keys = all.map(|key| {
            let policy = key::policy(&parts, *key == self.destination);
            Ok((key.clone(), rendered(&policy, MAX_KEY_LEN)?))
        });
        Ok(AwsPolicies {
            sealing: rendered(&roles::sealing(&parts), MAX_ROLE_LEN)?,
            opening: rendered(&roles::opening(&parts), MAX_ROLE_LEN)?,
            rewrapping: rendered(&roles::rewrapping(&parts), MAX_ROLE_LEN)?,
            keys: keys.collect::<Result<_, _>>()?,
        })
    }

    fn dataset_ids(&self) -> Option<BTreeSet<String>> {
        match &self.datasets {
            AwsDatasets::Any => None,
            AwsDatasets::Only(ids) => Some(ids.iter().map(|id| id.as_str().to_owned()).collect()),
        }
    }

    fn check(&self) -> Result<(), AwsBootstrapError> {
        let place = |key: &KeyArn| (key.partition().to_owned(), key.region().to_owned());
        if self.sources.iter().any(|key| place(key) != place(&self.destination)) {
            return Err(AwsBootstrapError::Regions);
        }
        if matches!(&self.datasets, AwsDatasets::Only(ids) if ids.is_empty()) {
            return Err(AwsBootstrapError::NoDataset);
        }
        self.check_principals()
    }

    fn check_principals(&self) -> Result<(), AwsBootstrapError> {
        let AwsPrincipals { administrators, sealing, opening, rewrapping } = &self.principals;
        if administrators.is_empty() {
            return Err(AwsBootstrapError::NoAdministrator);
        }
        let partition = self.destination.partition();
        let roles = [sealing, opening, rewrapping];
        let fit = roles.iter().all(|arn| is_principal(arn, partition, &["role"]))
            && administrators.iter().all(|arn| is_principal(arn, partition, &["role", "user"]));
        if !fit {
            return Err(AwsBootstrapError::Principal);
        }
        let different: BTreeSet<&String> = roles.into_iter().collect();
        let apart = different.len() == roles.len()
            && !administrators.iter().any(|administrator| different.contains(administrator));
        apart.then_some(()).ok_or(AwsBootstrapError::SamePrincipal)
    }
}

/// What is needed to write statements, checked.
struct Parts<'p> {
    destination: String,
    /// Without the destination.
    sources: BTreeSet<String>,
    /// Absent for any.
    datasets: Option<BTreeSet<String>>,
    principals: &'p AwsPrincipals,
}

impl Parts<'_> {
    fn all_keys(&self) -> BTreeSet<String> {
        self.sources.iter().chain([&self.destination]).cloned().collect()
    }
}

/// `arn:partition:iam::account:kind/name`; a name with a pattern in it is none.
fn is_principal(arn: &str, partition: &str, kinds: &[&str]) -> bool {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let ["arn", its, "iam", "", account, resource] = parts.as_slice() else { return false };
    let Some((kind, name)) = resource.split_once('/') else { return false };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"+=,.@_-/".contains(&byte);
    *its == partition
        && is_account(account)
        && kinds.contains(&kind)
        && (1..=512).contains(&name.len())
        && name.bytes().all(allowed)
}

fn rendered(policy: &Policy, max_len: usize) -> Result<String, AwsBootstrapError> {
    let text = policy.render();
    (text.len() <= max_len).then_some(text).ok_or(AwsBootstrapError::TooLong)
}

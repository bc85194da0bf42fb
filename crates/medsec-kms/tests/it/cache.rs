//! One data key for many packages: how often the key service is asked, where it ends, and what cannot be done with it.

mod dates;
mod limits;
mod opening;
mod session;

use std::sync::Arc;
use std::time::Duration;

use medsec_crypto::{DatasetId, Draft, PackageSpec, PolicyHash, SigningKey, Suite, Timestamp};
use medsec_kms::{SealingCache, SharedKeyError, SharedKeyLimits, SharedScope};
use medsec_testkit::{CountingKeys, OneKey, SkippingTimer};
use pollster::block_on;

use crate::support::key;

/// A cache in front of a service with two keys' worth of counting.
pub(super) struct Shared {
    pub(super) keys: CountingKeys,
    pub(super) timer: Arc<SkippingTimer>,
    pub(super) cache: SealingCache,
    pub(super) signer: Arc<SigningKey>,
}

pub(super) fn scope() -> SharedScope {
    SharedScope {
        dataset: DatasetId::new("mri").unwrap(),
        policy: PolicyHash::from_bytes([3; 32]),
        suite: Suite::Aes256Gcm,
        keys: vec![key("mri")],
        recipients: Vec::new(),
    }
}

impl Shared {
    pub(super) fn new(limits: SharedKeyLimits) -> Self {
        Self::of(scope(), limits)
    }

    pub(super) fn of(scope: SharedScope, limits: SharedKeyLimits) -> Self {
        let timer = Arc::new(SkippingTimer::new());
        Self {
            keys: CountingKeys::new(Arc::new(OneKey::new("mri", 1))),
            cache: SealingCache::new(scope, limits, timer.clone()),
            timer,
            signer: Arc::new(SigningKey::generate().unwrap()),
        }
    }

    pub(super) fn spec(&self) -> PackageSpec {
        PackageSpec::default()
    }

    pub(super) fn draft(&self, spec: PackageSpec) -> Draft {
        let now = Timestamp::from_unix_seconds(1_800_000_000);
        Draft::new(spec, now, Some(self.signer.clone())).unwrap()
    }

    /// A package of that content, counted as so many bytes.
    pub(super) fn seal_as(&self, content: &[u8], len: u64) -> Result<Vec<u8>, SharedKeyError> {
        let shared = block_on(self.cache.reserve(&self.keys, len))?;
        let mut spec = self.spec();
        shared.describe(&mut spec);
        Ok(shared.address(self.draft(spec))?.seal_bytes(content)?)
    }

    #[track_caller]
    pub(super) fn seal(&self, content: &[u8]) -> Vec<u8> {
        self.seal_as(content, content.len() as u64).unwrap()
    }

    pub(super) fn asked(&self) -> usize {
        self.keys.asked().len()
    }
}

pub(super) const HOUR: Duration = Duration::from_secs(3600);

//! What the policy demands of who signs a package, and of the keys that it is sealed under.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use medsec_crypto::SigningKey;
use medsec_kms::{KeyName, KeyService, UtcTime};
use medsec_policy::{PrincipalId, Signature};

use super::SealWish;
use crate::custodian::Custodian;
use crate::error::{Demand, Refused};
use crate::login::Login;
use crate::shared::{Caches, caches_of};
use crate::signer::Signer;

const DAY: Duration = Duration::from_secs(86_400);

impl Custodian {
    pub(super) async fn check_demands(
        &self,
        login: &dyn Login,
        who: &PrincipalId,
        now: SystemTime,
        (wish, signer): (&SealWish<'_>, Option<&Signer>),
    ) -> Result<(), Refused> {
        let sealing = &self.policy.settings.sealing;
        if sealing.signature == Signature::Required {
            // Not anybody's: that of who is logged in.
            let key = signer.map(Signer::verifying_key);
            let whose = key.and_then(|key| self.policy.signer(&key));
            if whose.as_ref() != Some(who) {
                return Err(Refused::Demand(Demand::Signature));
            }
        }
        let caches = caches_of(login)?;
        self.check_keys_told(login.keys(), now, wish.keys, caches.as_deref()).await
    }

    /// Whether the keys are ones that the policy permits to seal under, and none is too old. Where the policy names
    /// keys, there must be one.
    pub(in crate::custodian) async fn check_keys(
        &self,
        keys: &dyn KeyService,
        now: SystemTime,
        names: &[&KeyName],
    ) -> Result<(), Refused> {
        self.check_keys_told(keys, now, names, None).await
    }

    /// The same; what the session was told of a key's age is not asked again while a data key of it may be used.
    async fn check_keys_told(
        &self,
        keys: &dyn KeyService,
        now: SystemTime,
        names: &[&KeyName],
        caches: Option<&Caches>,
    ) -> Result<(), Refused> {
        let sealing = &self.policy.settings.sealing;
        if let Some(allowed) = &sealing.allowed_keys {
            let is_allowed = |key: &&KeyName| {
                let key = medsec_policy::KeyName::new(key.as_str()).ok();
                key.is_some_and(|key| allowed.contains(&key))
            };
            if names.is_empty() || !names.iter().all(is_allowed) {
                return Err(Refused::Demand(Demand::Key));
            }
        }
        let Some(days) = sealing.max_key_age_days else { return Ok(()) };
        for name in names {
            let made = match caches.and_then(Caches::dates) {
                Some(dates) => dates.made(keys, name).await?,
                None => keys.describe_key(name).await?.newest_made(),
            };
            check_age(made.ok_or(Refused::Demand(Demand::KeyAge))?, now, days)?;
        }
        Ok(())
    }
}

/// What it is signed with.
pub(super) fn signer(login: &dyn Login, wish: &SealWish<'_>) -> Result<Option<Signer>, Refused> {
    match wish.sign {
        true => Ok(Some(login.signer()?.ok_or(Refused::NoSigner)?)),
        false => Ok(None),
    }
}

/// The key itself, which the draft takes with it; not if its session has taken it back.
pub(super) fn lent(
    login: &dyn Login,
    signer: Option<Signer>,
) -> Result<Option<Arc<SigningKey>>, Refused> {
    let Some(signer) = signer else { return Ok(None) };
    match signer.lend() {
        Some(key) => Ok(Some(key)),
        None => Err(login.current().err().map_or(Refused::NoSigner, Refused::Login)),
    }
}

fn check_age(made: UtcTime, now: SystemTime, days: u32) -> Result<(), Refused> {
    let made = Duration::from_secs(made.timestamp().unix_seconds());
    let oldest = SystemTime::UNIX_EPOCH
        .checked_add(made)
        .and_then(|made| made.checked_add(DAY.saturating_mul(days)))
        .ok_or(Refused::Demand(Demand::KeyAge))?;
    (now <= oldest).then_some(()).ok_or(Refused::Demand(Demand::KeyAge))
}

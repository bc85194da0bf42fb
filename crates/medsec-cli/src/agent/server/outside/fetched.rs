//! Keys of identity providers that are fetched: one set for each issuer of the policy, kept for the next login.

use std::sync::{Arc, Mutex};

use medsec::{
    HttpsKeySet, HttpsKeySetSetup, KeySetLimits, KeySetPlace, ProviderAddress, ProviderRoots,
};
use medsec_policy::{Authority, Issuer, IssuerKeys, Principal, ReplayGuard, SystemClock};

use super::{Unproven, judge};
use crate::agent::server::sessions::lock;
use crate::exit::Exit;
use crate::failure::Failure;

/// The sets that were fetched, each with the issuer as the policy had it then.
#[derive(Debug, Default)]
pub(super) struct Fetched(Mutex<Vec<(Issuer, HttpsKeySet)>>);

impl Fetched {
    /// Judges a token, after a fetch if that is due. Blocks for as long as a fetch may take.
    pub(super) fn judge(
        &self,
        issuer: &Issuer,
        replay: &Arc<ReplayGuard>,
        token: &[u8],
    ) -> Result<Principal, Unproven> {
        let keys = self.of(issuer).map_err(Unproven::Failed)?;
        let judge = judge(issuer, Arc::new(keys.clone()), replay).map_err(Unproven::Failed)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime
            .map_err(|error| Unproven::Failed(Failure::io("the keys cannot be fetched", &error)))?;
        let judged = runtime.block_on(keys.authenticate(&judge, token));
        judged.map_err(|error| error.reason().into())
    }

    /// The set of that issuer. What a policy before this one said of it counts no more.
    fn of(&self, issuer: &Issuer) -> Result<HttpsKeySet, Failure> {
        let mut all = lock(&self.0);
        if let Some((_, keys)) = all.iter().find(|(known, _)| known == issuer) {
            return Ok(keys.clone());
        }
        let keys = source(issuer)?;
        all.retain(|(known, _)| known.issuer != issuer.issuer);
        all.push((issuer.clone(), keys.clone()));
        Ok(keys)
    }
}

fn source(issuer: &Issuer) -> Result<HttpsKeySet, Failure> {
    let parsed = |text: &str| ProviderAddress::new(text).map_err(|error| wrong(&error));
    let place = match &issuer.keys {
        IssuerKeys::At(place) => KeySetPlace::KeySet(parsed(place.as_str())?),
        _ => KeySetPlace::Issuer(parsed(issuer.issuer.as_str())?),
    };
    let roots = match &issuer.authorities {
        None => ProviderRoots::Platform,
        Some(list) => ProviderRoots::Authorities(list.iter().filter_map(Authority::der).collect()),
    };
    let limits = KeySetLimits::default();
    let setup = HttpsKeySetSetup { place, roots, limits, clock: Arc::new(SystemClock) };
    HttpsKeySet::new(setup).map_err(|error| wrong(&error))
}

fn wrong(error: &dyn std::error::Error) -> Failure {
    let what = format!("the policy's identity provider cannot be asked for its keys: {error}");
    Failure::new(Exit::Policy, what).next("see the issuer's `keys` and `authorities` in the policy")
}

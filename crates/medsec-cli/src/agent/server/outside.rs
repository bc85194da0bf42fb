//! Who somebody is by the word of an identity provider that the policy trusts: tokens, their rules and their keys.

use std::path::PathBuf;
use std::sync::Arc;

use medsec_policy::{
    Authenticator as _, FileKeySet, Issuer, KeySetSource, Principal, RefusedBecause, ReplayGuard,
    Settings, SystemClock, TokenAuthenticator, TokenSetup, unverified_issuer,
};

use crate::exit::Exit;
use crate::failure::Failure;

#[cfg(feature = "https-key-set")]
mod fetched;

/// What outlasts one login.
#[derive(Debug)]
pub(super) struct Outside {
    replay: Arc<ReplayGuard>,
    #[cfg(feature = "https-key-set")]
    fetched: fetched::Fetched,
}

/// A token proves nobody, or cannot be judged here.
#[derive(Debug)]
pub(super) enum Unproven {
    /// It was refused. The cause is for the log.
    Refused(RefusedBecause),
    /// Nothing was judged.
    Failed(Failure),
}

impl From<RefusedBecause> for Unproven {
    fn from(because: RefusedBecause) -> Self {
        Self::Refused(because)
    }
}

impl Outside {
    pub(super) fn new() -> Self {
        Self {
            replay: Arc::new(ReplayGuard::new(ReplayGuard::USUAL_CAPACITY)),
            #[cfg(feature = "https-key-set")]
            fetched: fetched::Fetched::default(),
        }
    }

    /// Whom the token proves, by the rules of the issuer that it names.
    pub(super) fn judge(&self, settings: &Settings, token: &[u8]) -> Result<Principal, Unproven> {
        let first =
            settings.issuers.values().next().ok_or_else(|| Unproven::Failed(no_issuer()))?;
        let named = unverified_issuer(token);
        let is_its = |issuer: &&Issuer| named.as_deref() == Some(issuer.issuer.as_str());
        match (settings.issuers.values().find(is_its), &named) {
            (Some(issuer), _) => self.judge_by(issuer, token),
            (None, Some(_)) => Err(RefusedBecause::IssuerOther.into()),
            // Of no issuer at all: what is wrong with it, no key is needed to say.
            (None, None) => Err(malformed(first, token).into()),
        }
    }

    fn judge_by(&self, issuer: &Issuer, token: &[u8]) -> Result<Principal, Unproven> {
        if let Some(file) = issuer.keys.file() {
            let keys = Arc::new(FileKeySet::new(PathBuf::from(file)));
            let judge = judge(issuer, keys, &self.replay).map_err(Unproven::Failed)?;
            return judge.authenticate(token).map_err(|error| error.reason().into());
        }
        #[cfg(feature = "https-key-set")]
        return self.fetched.judge(issuer, &self.replay, token);
        #[cfg(not(feature = "https-key-set"))]
        Err(Unproven::Failed(
            Failure::new(Exit::Policy, "the policy has the provider's keys fetched over HTTPS, which this program was built without")
                .next("build medsec-cli with the feature https-key-set, or have the policy name a file"),
        ))
    }
}

/// What judges tokens of that issuer.
fn judge(
    issuer: &Issuer,
    keys: Arc<dyn KeySetSource>,
    replay: &Arc<ReplayGuard>,
) -> Result<TokenAuthenticator, Failure> {
    let setup = TokenSetup {
        rules: issuer.rules(),
        keys,
        replay: Arc::clone(replay),
        clock: Arc::new(SystemClock),
    };
    TokenAuthenticator::new(setup).map_err(|error| Failure::new(Exit::Policy, error.to_string()))
}

/// What is wrong with something that names no issuer.
fn malformed(issuer: &Issuer, token: &[u8]) -> RefusedBecause {
    let none: Arc<dyn KeySetSource> = Arc::new(FileKeySet::new(PathBuf::new()));
    let replay = Arc::new(ReplayGuard::new(ReplayGuard::USUAL_CAPACITY));
    let reason = judge(issuer, none, &replay)
        .ok()
        .and_then(|judge| judge.authenticate(token).err())
        .map_or(RefusedBecause::IssuerMissing, |error| error.reason());
    // Its header is in order, so that keys would be next.
    match reason {
        RefusedBecause::KeysUnavailable => RefusedBecause::IssuerMissing,
        reason => reason,
    }
}

fn no_issuer() -> Failure {
    Failure::new(Exit::Policy, "the policy trusts no identity provider; nothing was done")
        .next("log in without --token-file, or name an issuer in the policy: docs/policies.md")
}

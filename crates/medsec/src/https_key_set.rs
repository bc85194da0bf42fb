//! The key set of an OpenID provider, fetched over HTTPS (OpenID Connect Discovery 1.0, RFC 7517).
//!
//! [`HttpsKeySet::refresh`] goes to the network and is awaited; [`KeySetSource::current`] looks at what is held and
//! never waits. Tokens are best shown to [`HttpsKeySet::authenticate`], which does both in the right order; a service
//! may besides keep the set fresh with [`HttpsKeySet::keep_fresh`], so that nobody waits for a fetch.
//!
//! Everything runs on the caller's tokio runtime. Proxies of the environment are not heeded, redirects not followed.

mod address;
mod client;
mod error;
mod state;

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use medsec_policy::{
    AuthenticationError, Authenticator as _, Clock, KeySet, KeySetError, KeySetSource, Moment,
    Principal, RefusedBecause, TokenAuthenticator,
};
use tokio::sync::Notify;

pub use self::address::{InvalidProviderAddress, ProviderAddress};
pub use self::error::{KeySetFetchError, KeySetSetupError};
use self::state::State;

/// Where the keys are.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a provider says where, or its operator does")]
pub enum KeySetPlace {
    /// At the issuer, whose discovery document names the key set. Its `issuer` must be this address byte by byte. The
    /// key set may be on another host: the provider says so itself.
    Issuer(ProviderAddress),
    /// At this address.
    KeySet(ProviderAddress),
}

/// Whose certificate the provider's server may show.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_enums, reason = "the system's authorities, or one's own")]
pub enum ProviderRoots {
    /// One of the authorities that this system trusts.
    Platform,
    /// One of these and no other, each a certificate in DER.
    Authorities(Vec<Vec<u8>>),
}

/// Times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeySetLimits {
    /// Longest time for one fetch, the discovery document included: 10 s; 1 s to 1 min.
    pub timeout: Duration,
    /// Shortest time from the end of a fetch to the begin of the next, whoever asks: 10 s; 1 s to 1 h. So tokens with
    /// made-up key names cannot make us flood the provider, and one that does not answer keeps nobody waiting twice.
    pub refresh_interval: Duration,
    /// How long the last good set is used while no newer one can be had: 4 h; 1 h to 24 h. Then no token is accepted.
    pub usable_for: Duration,
}

impl Default for KeySetLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            refresh_interval: Duration::from_secs(10),
            usable_for: Duration::from_secs(4 * 60 * 60),
        }
    }
}

impl KeySetLimits {
    fn check(&self) -> Result<(), KeySetSetupError> {
        let fits = |time: Duration, least: u64, most: u64| {
            (Duration::from_secs(least)..=Duration::from_secs(most)).contains(&time)
        };
        let all = fits(self.timeout, 1, 60)
            && fits(self.refresh_interval, 1, 60 * 60)
            && fits(self.usable_for, 60 * 60, 24 * 60 * 60);
        all.then_some(()).ok_or(KeySetSetupError::Limits)
    }
}

/// What a key set is fetched with.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct HttpsKeySetSetup {
    /// Where it is.
    pub place: KeySetPlace,
    /// Whose certificate the server may show.
    pub roots: ProviderRoots,
    /// Times.
    pub limits: KeySetLimits,
    /// How old the set is.
    pub clock: Arc<dyn Clock>,
}

/// The key set of an OpenID provider. Clones share what is held.
///
/// A set is fresh for as long as the provider says with `Cache-Control: max-age`, between 1 minute and 1 hour; 15
/// minutes, where it says nothing. While the provider is down, or what it answers is no key set, the last good one is
/// used for [`KeySetLimits::usable_for`] from its fetch on; then there is none.
#[derive(Clone)]
pub struct HttpsKeySet(Arc<Inner>);

struct Inner {
    place: KeySetPlace,
    limits: KeySetLimits,
    clock: Arc<dyn Clock>,
    client: reqwest::Client,
    state: Mutex<State>,
    /// Held during a fetch: who comes meanwhile waits for its end.
    turn: Arc<tokio::sync::Mutex<()>>,
    wanted: Notify,
}

impl HttpsKeySet {
    /// Nothing is fetched yet.
    ///
    /// # Errors
    /// [`KeySetSetupError`] if nothing could be fetched with this.
    pub fn new(setup: HttpsKeySetSetup) -> Result<Self, KeySetSetupError> {
        let HttpsKeySetSetup { place, roots, limits, clock } = setup;
        limits.check()?;
        if let KeySetPlace::Issuer(issuer) = &place {
            issuer.discovery().ok_or(KeySetSetupError::Issuer)?;
        }
        let inner = Inner {
            place,
            limits,
            clock,
            client: client::client(&roots)?,
            state: Mutex::default(),
            turn: Arc::default(),
            wanted: Notify::new(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Fetches the set if that is due: there is none, it is no longer fresh, or a newer one was asked for, and the last
    /// fetch is long enough ago. Callers at the same time share one fetch and what came of it; it goes on if one of them
    /// goes away.
    ///
    /// # Errors
    /// [`KeySetFetchError`] of this fetch; or of the last one, if none is due and no set is usable.
    pub async fn refresh(&self) -> Result<(), KeySetFetchError> {
        let before = self.0.state().fetches();
        let turn = Arc::clone(&self.0.turn).lock_owned().await;
        if self.0.state().fetches() != before {
            return self.0.state().outcome();
        }
        let now = self.0.now()?;
        if !self.0.state().begin(now, &self.0.limits) {
            return self.0.state().standing(now, &self.0.limits);
        }
        let inner = Arc::clone(&self.0);
        let fetch = tokio::spawn(async move {
            let _turn = turn;
            inner.fetch().await
        });
        fetch.await.unwrap_or(Err(KeySetFetchError::Interrupted))
    }

    /// Keeps the set fresh until it is dropped. For a task of its own.
    pub async fn keep_fresh(&self) -> Infallible {
        loop {
            let wanted = self.0.wanted.notified();
            // What went wrong shows when a token is judged.
            let _ = self.refresh().await;
            if tokio::time::timeout(self.0.until_due(), wanted).await.is_ok() {
                tokio::time::sleep(self.0.until_due()).await;
            }
        }
    }

    /// Judges a token by an authenticator whose keys are these, after a fetch if the set is not fresh, and a second time
    /// if the token names a key that only a newer set has. While the set is fresh, tokens whose key it has wait for no
    /// fetch, whatever others show.
    ///
    /// # Errors
    /// [`AuthenticationError`] as of [`TokenAuthenticator`].
    pub async fn authenticate(
        &self,
        judge: &TokenAuthenticator,
        token: &[u8],
    ) -> Result<Principal, AuthenticationError> {
        if !self.0.is_fresh() {
            // Without a newer set the last one counts, for as long as it may.
            let _ = self.refresh().await;
        }
        let seen = self.current().ok();
        match judge.authenticate(token) {
            Err(error) if error.reason() == RefusedBecause::KeyUnknown => {
                self.refresh_hint();
                let _ = self.refresh().await;
                let newer = self.current().ok().filter(|newer| !is_same(seen.as_ref(), newer));
                newer.map_or(Err(error), |_| judge.authenticate(token))
            }
            judged => judged,
        }
    }
}

fn is_same(seen: Option<&Arc<KeySet>>, newer: &Arc<KeySet>) -> bool {
    seen.is_some_and(|seen| Arc::ptr_eq(seen, newer))
}

impl Inner {
    async fn fetch(&self) -> Result<(), KeySetFetchError> {
        let fetch = client::fetch(&self.client, &self.place);
        let fetched = tokio::time::timeout(self.limits.timeout, fetch).await;
        let now = self.now()?;
        self.state().end(fetched.unwrap_or(Err(KeySetFetchError::Late)), now)
    }

    fn now(&self) -> Result<Moment, KeySetFetchError> {
        self.clock.boot().map_err(|_| KeySetFetchError::Clock)
    }

    fn is_fresh(&self) -> bool {
        self.now().is_ok_and(|now| self.state().is_fresh(now))
    }

    fn until_due(&self) -> Duration {
        let interval = self.limits.refresh_interval;
        let until = self.now().map_or(interval, |now| self.state().until_due(now, &self.limits));
        // Never at once again, even if the clock stands still.
        until.max(Duration::from_millis(100))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeySetSource for HttpsKeySet {
    fn current(&self) -> Result<Arc<KeySet>, KeySetError> {
        let now = self.0.now().map_err(|_| KeySetError::Unavailable)?;
        let state = self.0.state();
        state.usable(now, &self.0.limits).cloned().ok_or(KeySetError::Unavailable)
    }

    /// The set that is fetched next is there for the call after this one.
    fn refresh_hint(&self) {
        self.0.state().want();
        self.0.wanted.notify_waiters();
    }
}

impl fmt::Debug for HttpsKeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpsKeySet").field("place", &self.0.place).finish_non_exhaustive()
    }
}

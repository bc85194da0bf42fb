//! Signed tokens of identity providers: JSON web tokens of OpenID Connect, OAuth 2.0 and Kubernetes.
//!
//! RFC 8725 says what goes wrong with them. What stands in a token before its signature was verified serves to find
//! the key and for nothing else, and what is not accepted word for word is refused.

mod claims;
mod compact;
mod header;
mod replay;
mod who;

pub use self::replay::ReplayGuard;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use self::claims::{Claims, Times};
use self::compact::Compact;
use self::header::TokenHeader;
use self::rules::{TokenRules, TokenRulesError};
use super::json;
use super::key_set::{KeySet, KeySetSource};
use super::steady::SteadyWall;
use super::token_rules as rules;
use super::{AuthenticationError, Authenticator, RefusedBecause};
use crate::clock::{Clock, Moment};
use crate::principal::{Method, Principal, PrincipalKind};

/// What judges tokens of one issuer.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct TokenSetup {
    /// What tokens must say.
    pub rules: TokenRules,
    /// Where the issuer's keys are.
    pub keys: Arc<dyn KeySetSource>,
    /// What remembers the tokens that were used. Several authenticators may share one.
    pub replay: Arc<ReplayGuard>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// Accepts tokens of one issuer, each once: whoever shows one gets a session, and the session is what lasts.
///
/// The credential is the token as it came, without `Bearer` and without blanks.
#[derive(Debug)]
pub struct TokenAuthenticator {
    rules: TokenRules,
    keys: Arc<dyn KeySetSource>,
    replay: Arc<ReplayGuard>,
    wall: SteadyWall,
    /// When a newer key set was last asked for.
    refreshed: Mutex<Option<Moment>>,
}

impl TokenAuthenticator {
    /// Longest token in bytes.
    pub const MAX_TOKEN_LEN: usize = compact::MAX_LEN;

    /// Checks the rules.
    ///
    /// # Errors
    /// [`TokenRulesError`] if no token can be judged by them.
    pub fn new(setup: TokenSetup) -> Result<Self, TokenRulesError> {
        let TokenSetup { rules, keys, replay, clock } = setup;
        rules.check()?;
        let wall = SteadyWall::new(clock);
        Ok(Self { rules, keys, replay, wall, refreshed: Mutex::default() })
    }

    fn verify(&self, token: &[u8]) -> Result<Principal, RefusedBecause> {
        let token = Compact::parse(token)?;
        let header = TokenHeader::parse(&token.header, &self.rules)?;
        let keys = self.keys_with(&header.key_id)?;
        let key = keys.key(&header.key_id).ok_or(RefusedBecause::KeyUnknown)?;
        key.verify(header.algorithm, token.signed, &token.signature)?;
        self.judge(&Claims::parse(&token.claims)?)
    }

    /// Judges claims whose signature was verified. The token is used up last, when nothing else is wrong with it:
    /// what is refused takes no room.
    fn judge(&self, claims: &Claims) -> Result<Principal, RefusedBecause> {
        claims.check_origin(&self.rules)?;
        let now = self.wall.now()?.duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_err(|_| RefusedBecause::ClockUnreadable)?.as_secs();
        let times = claims.check_times(&self.rules.limits, now)?;
        claims.subject()?;
        let kind = who::kind(claims, &self.rules.kind)?;
        let principal = Principal {
            id: who::id(claims, &self.rules)?,
            kind,
            method: Method::Token,
            factors: who::factors(claims, &self.rules.second_factor)?,
            authenticated_at: authenticated_at(&times, kind, now),
            groups: who::groups(claims, &self.rules)?,
        };
        let id = claims.token_id(&self.rules.token_id)?;
        self.replay.use_once((&self.rules.issuer, id), times.end, now)?;
        Ok(principal)
    }

    /// A key set that has the key: the one in hand, or else, once in a while, a newer one.
    fn keys_with(&self, key_id: &str) -> Result<Arc<KeySet>, RefusedBecause> {
        let current = || self.keys.current().map_err(|_| RefusedBecause::KeysUnavailable);
        let keys = current()?;
        if keys.key(key_id).is_some() {
            return Ok(keys);
        }
        if !self.may_refresh()? {
            return Err(RefusedBecause::KeyUnknown);
        }
        self.keys.refresh_hint();
        current()
    }

    /// Whether it is time to ask for a newer key set; if so, that is noted.
    fn may_refresh(&self) -> Result<bool, RefusedBecause> {
        let now = self.wall.boot()?;
        let mut last = self.refreshed.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| now.since(last) < self.rules.limits.refresh_interval) {
            return Ok(false);
        }
        *last = Some(now);
        Ok(true)
    }
}

impl Authenticator for TokenAuthenticator {
    type Credential<'c> = &'c [u8];

    fn authenticate(&self, credential: &[u8]) -> Result<Principal, AuthenticationError> {
        self.verify(credential).map_err(AuthenticationError::from)
    }
}

/// Whose a token says that it is, before anything of it was verified: to find the rules and keys to judge it by, which
/// compare it again, and for nothing else. None, if it is no token or does not say.
#[must_use]
pub fn unverified_issuer(token: &[u8]) -> Option<String> {
    let token = Compact::parse(token).ok()?;
    let claims = json::object(&token.claims).ok()?;
    claims.get("iss")?.text().map(str::to_owned)
}

/// When the principal was last asked. A program is asked whenever it gets a token. A person may have got this one
/// for a login of long ago: where the token does not say when, it counts as never, and what needs a fresh proof
/// is refused.
fn authenticated_at(times: &Times, kind: PrincipalKind, now: u64) -> SystemTime {
    let seconds = match (times.authenticated, kind) {
        (Some(at), _) => at,
        (None, PrincipalKind::Service) => times.issued,
        (None, PrincipalKind::Person) => 0,
    };
    SystemTime::UNIX_EPOCH
        .checked_add(Duration::from_secs(seconds.min(now)))
        .unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
#[cfg(test)]
mod tests;

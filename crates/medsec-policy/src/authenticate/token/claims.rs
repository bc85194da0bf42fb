//! What a token says, after its signature was verified: for whom, by whom, and when.

use std::time::Duration;

use super::rules::{Presence, TokenLimits, TokenRules};
use crate::authenticate::RefusedBecause;
use crate::authenticate::json::{self, Json, JsonError, Members};

/// Most audiences of one token.
const MAX_AUDIENCES: usize = 16;
/// Longest identifier of a subject or token in bytes. OpenID Connect Core section 2 has 255 for subjects.
const MAX_ID_LEN: usize = 255;
/// 9999-12-31T23:59:59Z: later times are none.
const LAST_SECOND: u64 = 253_402_300_799;

/// A claim that must be there, and what it is to lack it or to have it in another form.
struct Claim {
    name: &'static str,
    missing: RefusedBecause,
    form: RefusedBecause,
}

const ISSUER: Claim =
    Claim { name: "iss", missing: RefusedBecause::IssuerMissing, form: RefusedBecause::IssuerForm };
const SUBJECT: Claim = Claim {
    name: "sub",
    missing: RefusedBecause::SubjectMissing,
    form: RefusedBecause::SubjectForm,
};
const EXPIRY: Claim =
    Claim { name: "exp", missing: RefusedBecause::ExpiryMissing, form: RefusedBecause::ExpiryForm };
const NOT_BEFORE: Claim = Claim {
    name: "nbf",
    missing: RefusedBecause::NotBeforeMissing,
    form: RefusedBecause::NotBeforeForm,
};
const ISSUED: Claim =
    Claim { name: "iat", missing: RefusedBecause::IssuedMissing, form: RefusedBecause::IssuedForm };
const AUTHENTICATED: Claim = Claim {
    name: "auth_time",
    missing: RefusedBecause::AuthenticatedMissing,
    form: RefusedBecause::AuthenticatedForm,
};

/// The claims of a token.
pub(crate) struct Claims(Members);

/// When things happened, in seconds since 1970.
pub(crate) struct Times {
    /// From this second on the token is refused: leeway included.
    pub(crate) end: u64,
    pub(crate) issued: u64,
    pub(crate) authenticated: Option<u64>,
}

impl Claims {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, RefusedBecause> {
        json::object(bytes).map(Self).map_err(|error| match error {
            JsonError::Duplicate => RefusedBecause::ClaimsDuplicate,
            JsonError::Malformed => RefusedBecause::ClaimsJson,
        })
    }

    pub(crate) fn value(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    /// Who the token is about, as the issuer calls them.
    pub(crate) fn subject(&self) -> Result<&str, RefusedBecause> {
        let subject = self.text(&SUBJECT)?;
        (1..=MAX_ID_LEN).contains(&subject.len()).then_some(subject).ok_or(SUBJECT.form)
    }

    /// What the token itself is called.
    pub(crate) fn token_id(&self, claim: &str) -> Result<&str, RefusedBecause> {
        let id = self.value(claim).ok_or(RefusedBecause::TokenIdMissing)?;
        let fits = |id: &&str| (1..=MAX_ID_LEN).contains(&id.len());
        id.text().filter(fits).ok_or(RefusedBecause::TokenIdForm)
    }

    /// By the issuer, for nobody but us, and for whoever shows it.
    pub(crate) fn check_origin(&self, rules: &TokenRules) -> Result<(), RefusedBecause> {
        if self.text(&ISSUER)? != rules.issuer {
            return Err(RefusedBecause::IssuerOther);
        }
        let audiences = self.audiences()?;
        if !audiences.into_iter().all(|name| rules.audiences.contains(name)) {
            return Err(RefusedBecause::AudienceOther);
        }
        // RFC 7800: the holder would have to prove a key too, which nobody here asks for.
        if self.0.contains_key("cnf") {
            return Err(RefusedBecause::BoundToKey);
        }
        // RFC 8693: the subject is not who acts.
        if self.0.contains_key("act") {
            return Err(RefusedBecause::Delegated);
        }
        Ok(())
    }

    /// One audience or several.
    fn audiences(&self) -> Result<Vec<&str>, RefusedBecause> {
        let value = self.value("aud").ok_or(RefusedBecause::AudienceMissing)?;
        let audiences = match value {
            Json::Text(one) => Some(vec![one.as_str()]),
            other => other.texts(MAX_AUDIENCES),
        };
        audiences.filter(|list| !list.is_empty()).ok_or(RefusedBecause::AudienceForm)
    }

    /// Judges all times at `now`. One that is not to be there yet may be ahead by the leeway; an end and an age are
    /// extended by it.
    pub(crate) fn check_times(
        &self,
        limits: &TokenLimits,
        now: u64,
    ) -> Result<Times, RefusedBecause> {
        let leeway = limits.leeway.as_secs();
        let latest = now.saturating_add(leeway);
        let (expiry, issued) = (self.time(&EXPIRY)?, self.time(&ISSUED)?);
        let not_before = match (self.optional_time(&NOT_BEFORE)?, limits.not_before) {
            (None, Presence::Required) => return Err(NOT_BEFORE.missing),
            (found, _) => found.unwrap_or(issued),
        };
        let end = expiry.saturating_add(leeway);
        if now >= end {
            return Err(RefusedBecause::Expired);
        }
        if not_before > latest {
            return Err(RefusedBecause::NotYetValid);
        }
        if issued > latest {
            return Err(RefusedBecause::IssuedInFuture);
        }
        let lifetime = expiry.checked_sub(issued).filter(|_| expiry > not_before);
        if lifetime.is_none_or(|seconds| seconds > limits.max_lifetime.as_secs()) {
            return Err(RefusedBecause::Lifetime);
        }
        let authenticated = self.authenticated(limits.max_authentication_age, now, leeway)?;
        Ok(Times { end, issued, authenticated })
    }

    fn authenticated(
        &self,
        max_age: Option<Duration>,
        now: u64,
        leeway: u64,
    ) -> Result<Option<u64>, RefusedBecause> {
        let at = self.optional_time(&AUTHENTICATED)?;
        if at.is_none() && max_age.is_some() {
            return Err(AUTHENTICATED.missing);
        }
        let Some(at) = at else { return Ok(None) };
        if at > now.saturating_add(leeway) {
            return Err(RefusedBecause::AuthenticatedInFuture);
        }
        let oldest = max_age.map(|age| age.as_secs().saturating_add(leeway));
        if oldest.is_some_and(|oldest| now.saturating_sub(at) > oldest) {
            return Err(RefusedBecause::AuthenticatedTooOld);
        }
        Ok(Some(at))
    }

    fn text(&self, claim: &Claim) -> Result<&str, RefusedBecause> {
        self.value(claim.name).ok_or(claim.missing)?.text().ok_or(claim.form)
    }

    fn time(&self, claim: &Claim) -> Result<u64, RefusedBecause> {
        self.optional_time(claim)?.ok_or(claim.missing)
    }

    fn optional_time(&self, claim: &Claim) -> Result<Option<u64>, RefusedBecause> {
        match self.value(claim.name) {
            None => Ok(None),
            Some(Json::Integer(seconds)) if *seconds <= LAST_SECOND => Ok(Some(*seconds)),
            Some(_) => Err(claim.form),
        }
    }
}

//! Times of tokens, to the second.

use std::time::{Duration, SystemTime};

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::Value;

use super::making::{Draft, judge, rules, show};
use crate::authenticate::testing::T0;
use crate::authenticate::token::{TokenAuthenticator, TokenSetup};
use crate::authenticate::token_rules::{Presence, TokenRules, TokenRulesError};
use crate::authenticate::{Authenticator as _, RefusedBecause as Because};

#[test]
fn ends_are_exact_to_the_second() {
    let good = Draft::good;
    let long = |seconds: u64| good().claim("iat", T0 - 5).claim("exp", T0 - 5 + seconds);
    let cases = [
        (good().claim("exp", T0 - 60), Some(Because::Expired)),
        (good().claim("exp", T0 - 59).claim("iat", T0 - 99).claim("nbf", T0 - 99), None),
        (good().claim("nbf", T0 + 61), Some(Because::NotYetValid)),
        (good().claim("nbf", T0 + 60), None),
        (good().claim("iat", T0 + 61), Some(Because::IssuedInFuture)),
        (good().claim("iat", T0 + 60), None),
        (good().claim("auth_time", T0 - 3661), Some(Because::AuthenticatedTooOld)),
        (good().claim("auth_time", T0 - 3660), None),
        (long(24 * 3600 + 1), Some(Because::Lifetime)),
        (long(24 * 3600), None),
    ];
    for (draft, because) in cases {
        let answer = show(rules(), &draft.sign());
        assert_eq!(answer.err().map(|error| error.reason()), because, "{}", draft.claims);
    }
}

#[test]
fn leeway_and_ages_are_as_the_rules_set_them() {
    let mut strict = rules();
    strict.limits.leeway = Duration::ZERO;
    strict.limits.max_lifetime = Duration::from_secs(604);
    strict.limits.max_authentication_age = Some(Duration::from_secs(59));
    let reason = |rules: &TokenRules, draft: &Draft| {
        show(rules.clone(), &draft.sign()).err().map(|error| error.reason())
    };
    let good = Draft::good();
    assert_eq!(reason(&strict, &good), Some(Because::Lifetime));
    strict.limits.max_lifetime = Duration::from_secs(605);
    assert_eq!(reason(&strict, &good), Some(Because::AuthenticatedTooOld));
    strict.limits.max_authentication_age = Some(Duration::from_secs(60));
    assert_eq!(reason(&strict, &good), None);
    assert_eq!(reason(&strict, &good.clone().claim("nbf", T0 + 1)), Some(Because::NotYetValid));
}

#[test]
fn begin_may_be_missing_only_where_the_rules_say_so() {
    let mut lenient = rules();
    lenient.limits.not_before = Presence::Optional;
    let without = Draft::good().claim("nbf", Value::Null);
    assert!(show(lenient.clone(), &without.sign()).is_ok());
    let later = Draft::good().claim("nbf", T0 + 61).sign();
    assert_eq!(show(lenient, &later).unwrap_err().reason(), Because::NotYetValid);
}

#[test]
fn person_whose_login_has_no_time_was_never_asked() {
    let mut rules = rules();
    rules.limits.max_authentication_age = None;
    let token = Draft::good().claim("auth_time", Value::Null).sign();
    let person = show(rules.clone(), &token).unwrap();
    assert_eq!(person.authenticated_at, SystemTime::UNIX_EPOCH);
    rules.kind = crate::KindRule::Always(crate::PrincipalKind::Service);
    let service = show(rules, &token).unwrap();
    assert_eq!(service.authenticated_at, SystemTime::UNIX_EPOCH + Duration::from_secs(T0 - 5));
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a token that has expired does not prove anybody again when the clock is set back",
    polarity = deny,
)]
fn clock_set_back_revives_no_token(ev: Ev) -> Proven {
    let (judge, clock) = judge(rules());
    clock.pass(700);
    let token = Draft::good().sign();
    ev.denies(judge.authenticate(token.as_bytes()), |e| e.reason() == Because::Expired);
    clock.set_wall(T0);
    ev.denies(judge.authenticate(token.as_bytes()), |e| {
        e.reason() == Because::ClockSetBack && e.is_retryable()
    });
    ev.proven()
}

#[test]
fn clock_that_cannot_be_read_proves_nobody() {
    let (judge, clock) = judge(rules());
    clock.break_boot();
    let error = judge.authenticate(Draft::good().sign().as_bytes()).unwrap_err();
    assert_eq!(error.reason(), Because::ClockUnreadable);
}

#[test]
fn rules_that_judge_nothing_are_refused() {
    type Change = (TokenRulesError, fn(&mut TokenRules));
    let changes: [Change; 8] = [
        (TokenRulesError::Incomplete, |rules| rules.issuer.clear()),
        (TokenRulesError::Incomplete, |rules| rules.audiences.clear()),
        (TokenRulesError::Incomplete, |rules| rules.audiences.extend([String::new()])),
        (TokenRulesError::Incomplete, |rules| rules.types.clear()),
        (TokenRulesError::Incomplete, |rules| rules.algorithms.clear()),
        (TokenRulesError::Incomplete, |rules| rules.token_id.clear()),
        (TokenRulesError::Limits, |rules| rules.limits.leeway = Duration::from_secs(301)),
        (TokenRulesError::Limits, |rules| rules.limits.max_lifetime = Duration::from_secs(604_801)),
    ];
    for (error, change) in changes {
        let mut rules = rules();
        change(&mut rules);
        assert_eq!(rules.check(), Err(error));
        let keys = super::making::keys().key_set();
        let setup = TokenSetup {
            rules,
            keys: std::sync::Arc::new(crate::FixedKeySet::new(keys)),
            replay: std::sync::Arc::new(crate::ReplayGuard::new(
                crate::ReplayGuard::USUAL_CAPACITY,
            )),
            clock: std::sync::Arc::new(crate::SystemClock),
        };
        assert_eq!(TokenAuthenticator::new(setup).err(), Some(error));
    }
}

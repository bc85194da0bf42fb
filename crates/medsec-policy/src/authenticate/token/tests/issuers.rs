//! What a policy says of an issuer decides what its tokens are worth: each setting, changed, changes that.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::making::{Draft, ISSUER, claims, show};
use crate::authenticate::RefusedBecause as Because;
use crate::authenticate::testing::T0;
use crate::authenticate::token::unverified_issuer;
use crate::authenticate::token_rules::{Presence, SubjectClaim, TokenAlgorithm, TokenType};
use crate::ids::PrincipalId;
use crate::principal::{Factors, Principal, PrincipalKind};
use crate::settings::{ClaimText, Issuer, IssuerKeys};

fn text(text: &str) -> ClaimText {
    text.parse().unwrap()
}

/// One that the good token fits.
fn issuer() -> Issuer {
    Issuer {
        issuer: text(ISSUER),
        audience: text("medsec"),
        keys: IssuerKeys::Discovery,
        authorities: None,
        algorithms: BTreeSet::from([TokenAlgorithm::EdDsa]),
        types: BTreeSet::from([TokenType::Jwt]),
        subject: SubjectClaim::Subject,
        users: None,
        kind: PrincipalKind::Person,
        groups: None,
        acr: BTreeSet::new(),
        amr: BTreeSet::new(),
        max_authentication_age: None,
        max_lifetime: Duration::from_secs(3600),
        not_before: Presence::Required,
        token_id: text("jti"),
    }
}

fn shown(change: impl FnOnce(&mut Issuer), draft: &Draft) -> Result<Principal, Because> {
    let mut issuer = issuer();
    change(&mut issuer);
    assert_eq!(issuer.check(), Ok(()));
    show(issuer.rules(), &draft.sign()).map_err(|error| error.reason())
}

fn without(claim: &str) -> Draft {
    Draft::good().claim(claim, Value::Null)
}

type Row = (fn(&mut Issuer), Draft, Because);

#[test]
fn each_setting_that_is_stricter_refuses_what_was_accepted() {
    let old = || Draft::good().claim("auth_time", T0 - 3600);
    let rows: [Row; 10] = [
        (|one| one.issuer = text("https://other.example"), Draft::good(), Because::IssuerOther),
        (|one| one.audience = text("archive"), Draft::good(), Because::AudienceOther),
        (
            |one| one.algorithms = BTreeSet::from([TokenAlgorithm::Es256]),
            Draft::good(),
            Because::AlgorithmNotAllowed,
        ),
        (
            |one| one.types = BTreeSet::from([TokenType::AccessToken]),
            Draft::good(),
            Because::TokenType,
        ),
        (
            |one| one.subject = SubjectClaim::Named("employee".to_owned()),
            Draft::good(),
            Because::NameMissing,
        ),
        (
            |one| one.users = Some(BTreeMap::from([(text("u0815-bob"), id("bob"))])),
            Draft::good(),
            Because::NameUnknown,
        ),
        (
            |one| one.max_authentication_age = Some(Duration::from_secs(600)),
            old(),
            Because::AuthenticatedTooOld,
        ),
        (|one| one.max_lifetime = Duration::from_secs(60), Draft::good(), Because::Lifetime),
        (|one| one.token_id = text("uti"), Draft::good(), Because::TokenIdMissing),
        (|one| one.groups = Some(text("acr")), Draft::good(), Because::GroupsForm),
    ];
    for (change, draft, because) in rows {
        assert!(shown(|_| {}, &draft).is_ok(), "{because}");
        assert_eq!(shown(change, &draft).unwrap_err(), because);
    }
}

fn id(name: &str) -> PrincipalId {
    name.parse().unwrap()
}

#[test]
fn not_before_is_needed_where_the_policy_says_so() {
    let optional = |one: &mut Issuer| one.not_before = Presence::Optional;
    assert_eq!(shown(|_| {}, &without("nbf")).unwrap_err(), Because::NotBeforeMissing);
    assert!(shown(optional, &without("nbf")).is_ok());
}

#[test]
fn users_that_are_listed_get_their_own_names() {
    let listed = |one: &mut Issuer| {
        one.users = Some(BTreeMap::from([(text("u4711-ann"), id("ada"))]));
    };
    assert_eq!(shown(listed, &Draft::good()).unwrap().id, id("ada"));
    assert_eq!(shown(|_| {}, &Draft::good()).unwrap().id, id("u4711-ann"));
}

#[test]
fn factors_kind_and_groups_are_what_the_policy_makes_of_claims() {
    let good = Draft::good();
    let factors = |change: fn(&mut Issuer)| shown(change, &good).unwrap().factors;
    assert_eq!(factors(|_| {}), Factors::One);
    assert_eq!(factors(|one| one.acr = BTreeSet::from([text("gold")])), Factors::Two);
    assert_eq!(factors(|one| one.amr = BTreeSet::from([text("otp")])), Factors::Two);
    assert_eq!(factors(|one| one.amr = BTreeSet::from([text("mfa")])), Factors::One);
    let kind = |change: fn(&mut Issuer)| shown(change, &good).unwrap().kind;
    assert_eq!(kind(|_| {}), PrincipalKind::Person);
    assert_eq!(kind(|one| one.kind = PrincipalKind::Service), PrincipalKind::Service);
    let groups = |change: fn(&mut Issuer)| shown(change, &good).unwrap().groups.len();
    assert_eq!(groups(|_| {}), 0);
    assert_eq!(groups(|one| one.groups = Some(text("groups"))), 2);
}

#[test]
fn issuer_is_found_before_anything_is_verified() {
    let mut token = Draft::good().sign();
    token.pop();
    token.push_str("AA");
    let found = unverified_issuer(Draft::good().sign().as_bytes());
    assert_eq!(found.as_deref(), Some(claims()["iss"].as_str().unwrap()));
    for token in ["", "a.b.c", &without("iss").sign(), &Draft::good().claim("iss", 1).sign()] {
        assert_eq!(unverified_issuer(token.as_bytes()), None);
    }
}

//! Tokens that are as they should be.

use std::time::{Duration, SystemTime};

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::json;

use super::making::{Draft, judge, rules, show};
use crate::authenticate::Authenticator as _;
use crate::authenticate::testing::T0;
use crate::principal::{Factors, Method, PrincipalKind};

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a token that the identity provider signed for us proves its subject",
    polarity = allow,
)]
fn good_token_proves_its_subject(ev: Ev) -> Proven {
    let ann = ev.allows(show(rules(), &Draft::good().sign()));
    ev.equal("the subject", &ann.id.as_str(), &"u4711-ann");
    ev.equal("a person", &ann.kind, &PrincipalKind::Person);
    ev.equal("by token", &ann.method, &Method::Token);
    ev.equal("two factors", &ann.factors, &Factors::Two);
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(T0 - 60);
    ev.equal("when they were asked", &ann.authenticated_at, &at);
    let groups: Vec<_> = ann.groups.iter().map(crate::GroupName::as_str).collect();
    ev.equal("the groups", &groups, &vec!["mri/night", "radiology"]);
    ev.proven()
}

#[test]
fn every_algorithm_of_the_list_is_accepted_with_its_key() {
    let pairs = [
        ("ES256", "es256"),
        ("ES384", "es384"),
        ("EdDSA", "eddsa"),
        ("PS256", "rsa"),
        ("RS256", "rsa"),
        ("RS256", "rs256"),
    ];
    for (algorithm, kid) in pairs {
        let token = Draft::good().head("alg", algorithm).head("kid", kid).sign();
        assert!(show(rules(), &token).is_ok(), "{algorithm} with {kid}");
    }
}

#[test]
fn types_are_compared_as_media_types() {
    for name in ["JWT", "jwt", "application/JWT"] {
        assert!(show(rules(), &Draft::good().head("typ", name).sign()).is_ok(), "{name}");
    }
}

#[test]
fn audiences_may_be_several_if_all_are_ours() {
    let mut rules = rules();
    rules.audiences.insert("medsec-admin".to_owned());
    let token = Draft::good().claim("aud", json!(["medsec", "medsec-admin"])).sign();
    assert!(show(rules, &token).is_ok());
}

#[test]
fn many_threads_with_one_token_are_one_principal() {
    let (judge, _) = judge(rules());
    let token = Draft::good().sign();
    let accepted = std::thread::scope(|scope| {
        let show = || scope.spawn(|| judge.authenticate(token.as_bytes()).is_ok());
        let threads: Vec<_> = (0..8).map(|_| show()).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).filter(|ok| *ok).count()
    });
    assert_eq!(accepted, 1);
}

//! Logging in with a token of an identity provider whose keys are fetched over HTTPS.

use medsec_evidence::{Ev, Proven, evidence};
use medsec_testkit::proxy::{Action, Answer, Flaw, Front, Proxy, Rule, TestAuthority, Upstream};
use serde_json::json;

use super::{ISSUER, begun, claims, issuer, key_set, log_in, refusals, token, trusting, with};
use crate::agent::Office;
use crate::ward::{Refused, Ward};

/// A provider that has the key of the tokens, under a certificate of that authority.
fn provider(authority: &TestAuthority) -> Proxy {
    provider_with(authority, Flaw::None)
}

fn provider_with(authority: &TestAuthority, flaw: Flaw) -> Proxy {
    let front = Front::Tls(authority.server(flaw));
    Proxy::http(front, Upstream::None, vec![Rule::on("GET /keys ", says(key_set(7)))])
}

fn says(body: String) -> Action {
    Action::Answer(Answer::new(200, body))
}

fn address(provider: &Proxy) -> String {
    format!("https://localhost:{}", provider.address().port())
}

/// How a policy names an authority: its certificate in DER and base64.
fn named(authority: &TestAuthority) -> String {
    let pem = authority.pem();
    let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    format!("[\"{lines}\"]")
}

/// The home of ada under a policy that trusts this authority to say who the provider is.
fn office(provider: &Proxy, authority: &TestAuthority) -> Office {
    let keys = format!("{}/keys", address(provider));
    trusting(Ward::new(), &issuer(&keys, &named(authority)), |text| text)
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a token begins a session where its key comes from a server that an authority of the policy vouches for",
    polarity = allow,
)]
fn token_is_judged_by_keys_from_a_server_that_the_policy_trusts(ev: Ev) -> Proven {
    let authority = TestAuthority::new();
    let provider = provider(&authority);
    let office = office(&provider, &authority);
    ev.allows(log_in(&office.ward, &token(&claims("a"))).result());
    ev.equal("the session is hers", &office.status().json()["user"], &json!("ada"));
    let asked = provider.recording().exchanges_of("GET /keys ").len();
    ev.equal("the keys are the provider's", &asked, &1);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "keys of a server that no authority of the policy vouches for prove nobody: refused, and on record why",
    polarity = deny,
)]
fn token_is_refused_where_the_server_of_its_keys_is_not_trusted(ev: Ev) -> Proven {
    let provider = provider(&TestAuthority::new());
    let office = office(&provider, &TestAuthority::new());
    let ward = &office.ward;
    ev.denies(log_in(ward, &token(&claims("a"))).result(), |e| *e == Refused(25));
    ev.equal("the reason", &refusals(ward), &vec!["keys-unavailable".to_owned()]);
    ev.equal("sessions that began", &begun(ward), &0);
    ev.holds("the server was told nothing", provider.recording().exchanges().is_empty());
    ev.proven()
}

#[test]
fn certificate_for_another_host_is_refused_whoever_signed_it() {
    let authority = TestAuthority::new();
    let provider = provider_with(&authority, Flaw::HostName);
    let office = office(&provider, &authority);
    log_in(&office.ward, &token(&claims("a"))).code_is(25);
    assert_eq!(refusals(&office.ward), ["keys-unavailable"]);
    assert!(provider.recording().exchanges().is_empty());
}

#[test]
fn keys_are_fetched_once_for_two_logins() {
    let authority = TestAuthority::new();
    let provider = provider(&authority);
    let office = office(&provider, &authority);
    for id in ["a", "b"] {
        log_in(&office.ward, &token(&claims(id))).ok();
        office.ward.line("logout").ok();
    }
    assert_eq!(provider.recording().exchanges().len(), 1);
}

#[test]
fn keys_are_found_by_way_of_the_discovery_document() {
    let authority = TestAuthority::new();
    let provider = provider(&authority);
    let own = address(&provider);
    let document = json!({"issuer": own, "jwks_uri": format!("{own}/keys")}).to_string();
    provider.set_rules(vec![
        Rule::on("GET /.well-known/openid-configuration ", says(document)),
        Rule::on("GET /keys ", says(key_set(7))),
    ]);
    let issuer = issuer("discovery", &named(&authority)).replace(ISSUER, &own);
    let office = trusting(Ward::new(), &issuer, |text| text);
    log_in(&office.ward, &token(&with(claims("a"), "iss", own))).ok();
    assert_eq!(office.status().json()["user"], "ada");
    assert_eq!(provider.recording().exchanges().len(), 2);
}

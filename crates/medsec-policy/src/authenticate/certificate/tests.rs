#![expect(clippy::arithmetic_side_effects, reason = "times of tests are small")]

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use medsec_evidence::{Ev, Proven, evidence};
use x509_cert::der::asn1::{Ia5String, ObjectIdentifier};
use x509_cert::ext::pkix::name::GeneralName;

use super::making::{CLIENT, Party, Plan, uri};
use super::*;
use crate::authenticate::RefusedBecause as Because;
use crate::authenticate::testing::{HandClock, T0};

/// `id-kp-serverAuth`.
const SERVER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.1");
const SPIFFE: &str = "spiffe://hospital.example/ns/prod/sa/importer";

fn dns(text: &str) -> GeneralName {
    GeneralName::DnsName(Ia5String::new(text).unwrap())
}

fn email(text: &str) -> GeneralName {
    GeneralName::Rfc822Name(Ia5String::new(text).unwrap())
}

fn root() -> Party {
    Party::new(1)
}

fn between() -> Party {
    Party::new(2)
}

fn client() -> Party {
    Party::new(3)
}

fn authority() -> Plan {
    let (from, until) = (T0 - 9000, T0 + 9000);
    Plan { serial: 1, from, until, is_authority: true, usage: None, names: vec![] }
}

fn leaf() -> Plan {
    let (usage, names) = (Some(vec![CLIENT]), vec![uri(SPIFFE)]);
    Plan { serial: 3, from: T0 - 100, until: T0 + 100, is_authority: false, usage, names }
}

/// A client's certificate, and that of the authority which issued it under the root.
fn chain(leaf: &Plan) -> [Vec<u8>; 2] {
    let issuer = Plan { serial: 2, ..authority() };
    [between().certify(&client(), leaf), root().certify(&between(), &issuer)]
}

fn rule(name: NameRule) -> CertificateRule {
    let (kind, factors) = (PrincipalKind::Service, Factors::One);
    CertificateRule { name, prefix: String::new(), kind, factors }
}

fn by_spiffe() -> CertificateRule {
    rule(NameRule::Spiffe { trust_domain: "hospital.example".to_owned() })
}

fn setup(rule: CertificateRule, revocation: Revocation, clock: Arc<HandClock>) -> CertificateSetup {
    let roots = vec![root().certify(&root(), &authority())];
    CertificateSetup { roots, revocation, rule, clock }
}

fn judge(rule: CertificateRule) -> CertificateAuthenticator {
    let setup = setup(rule, Revocation::Unchecked, HandClock::at(T0));
    CertificateAuthenticator::new(setup).unwrap()
}

fn show(
    judge: &CertificateAuthenticator,
    chain: &[Vec<u8>],
) -> Result<Principal, AuthenticationError> {
    let chain: Vec<_> = chain.iter().map(Vec::as_slice).collect();
    judge.authenticate(&chain)
}

fn bad_chains() -> Vec<(&'static str, Because, Vec<Vec<u8>>)> {
    let good = || chain(&leaf());
    let plan = |change: fn(&mut Plan)| {
        let mut plan = leaf();
        change(&mut plan);
        chain(&plan).to_vec()
    };
    let cut = good().map(|der| der[..der.len() - 1].to_vec());
    let by_client = {
        let under = client().certify(&Party::new(4), &leaf());
        let [issuer, between] = good();
        vec![under, issuer, between]
    };
    let self_signed = vec![client().certify(&client(), &leaf())];
    vec![
        ("none", Because::CertificateMissing, vec![]),
        ("nine", Because::CertificateTooLong, vec![good()[0].clone(); 9]),
        ("huge", Because::CertificateTooLong, vec![vec![0x30; 20_000]]),
        ("no certificate", Because::CertificateForm, vec![b"certificate".to_vec()]),
        ("truncated", Because::CertificateForm, cut.to_vec()),
        ("issuer missing", Because::CertificateUntrusted, good()[..1].to_vec()),
        ("self-signed", Because::CertificateUntrusted, self_signed),
        ("issued by a client", Because::CertificateUntrusted, by_client),
        ("an authority", Because::CertificateUntrusted, plan(|leaf| leaf.is_authority = true)),
        ("expired", Because::CertificateExpired, plan(|leaf| leaf.until = T0 - 1)),
        ("not valid yet", Because::CertificateNotYetValid, plan(|leaf| leaf.from = T0 + 1)),
        ("for servers", Because::CertificateUsage, plan(|leaf| leaf.usage = Some(vec![SERVER]))),
        ("for anything", Because::CertificateUsage, plan(|leaf| leaf.usage = None)),
        ("no names", Because::CertificateNameMissing, plan(|leaf| leaf.names.clear())),
        (
            "name of another kind",
            Because::CertificateNameMissing,
            plan(|leaf| leaf.names = vec![dns("a.hospital.example")]),
        ),
        (
            "another trust domain",
            Because::CertificateNameMissing,
            plan(|leaf| leaf.names = vec![uri("spiffe://evil.example/x")]),
        ),
        (
            "longer trust domain",
            Because::CertificateNameMissing,
            plan(|leaf| leaf.names = vec![uri("spiffe://hospital.example.evil/x")]),
        ),
        (
            "no path",
            Because::CertificateNameMissing,
            plan(|leaf| leaf.names = vec![uri("spiffe://hospital.example")]),
        ),
        (
            "path with a colon",
            Because::CertificateNameMissing,
            plan(|leaf| leaf.names = vec![uri("spiffe://hospital.example/a:b")]),
        ),
        (
            "path with an empty part",
            Because::CertificateNameMissing,
            plan(|leaf| leaf.names = vec![uri("spiffe://hospital.example/a//b")]),
        ),
        (
            "path with two points",
            Because::CertificateNameMissing,
            plan(|leaf| leaf.names = vec![uri("spiffe://hospital.example/a/../b")]),
        ),
        (
            "two URIs",
            Because::CertificateNameAmbiguous,
            plan(|leaf| leaf.names.push(uri("https://other.example/"))),
        ),
        (
            "one URI twice",
            Because::CertificateNameAmbiguous,
            plan(|leaf| leaf.names.push(uri(SPIFFE))),
        ),
        (
            "shared account",
            Because::PrincipalReserved,
            plan(|leaf| leaf.names = vec![uri("spiffe://hospital.example/ns/prod/sa/default")]),
        ),
        (
            "long name",
            Because::PrincipalForm,
            plan(|leaf| {
                leaf.names = vec![uri(&format!("spiffe://hospital.example/{}", "a".repeat(128)))]
            }),
        ),
    ]
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a certificate that is foreign, expired, for another use or ambiguous proves nobody",
    polarity = deny,
)]
fn bad_chains_are_refused_each_for_its_own_reason(ev: Ev) -> Proven {
    for (name, because, chain) in bad_chains() {
        let answer = show(&judge(by_spiffe()), &chain);
        assert_eq!(answer.as_ref().err().map(AuthenticationError::reason), Some(because), "{name}");
        ev.denies(answer, |e| e.reason() == because && e.to_string() == "not authenticated");
    }
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(i)", "164.312(d)"],
    claim = "a certificate under a trusted root proves the one name in it",
    polarity = allow,
)]
fn good_certificate_proves_its_name(ev: Ev) -> Proven {
    let program = ev.allows(show(&judge(by_spiffe()), &chain(&leaf())));
    let name = "spiffe:hospital.example:ns:prod:sa:importer";
    ev.equal("the name", &program.id.as_str(), &name);
    ev.equal("by certificate", &program.method, &Method::Certificate);
    ev.equal("a program", &program.kind, &PrincipalKind::Service);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(T0);
    ev.equal("asked now", &program.authenticated_at, &now);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a revoked certificate, or one whose revocation cannot be told, proves nobody",
    polarity = deny,
)]
fn revoked_certificates_are_refused(ev: Ev) -> Proven {
    let root_list = || root().revoke(&[], T0 - 50, T0 + 50);
    let lists = |lists: Vec<Vec<u8>>| {
        let setup = setup(by_spiffe(), Revocation::Lists(lists), HandClock::at(T0));
        CertificateAuthenticator::new(setup).unwrap()
    };
    let clean = between().revoke(&[9], T0 - 50, T0 + 50);
    let cases = [
        (Because::CertificateRevoked, vec![root_list(), between().revoke(&[3], T0 - 50, T0 + 50)]),
        (Because::CertificateRevoked, vec![root().revoke(&[2], T0 - 50, T0 + 50), clean.clone()]),
        (Because::RevocationUnknown, vec![root_list()]),
        (Because::RevocationUnknown, vec![clean.clone()]),
        (Because::RevocationUnknown, vec![root_list(), between().revoke(&[], T0 - 50, T0 - 1)]),
    ];
    for (because, of) in cases {
        ev.denies(show(&lists(of), &chain(&leaf())), |e| e.reason() == because);
    }
    ev.allows(show(&lists(vec![root_list(), clean]), &chain(&leaf())));
    ev.proven()
}

#[test]
fn clock_set_back_revives_no_certificate() {
    let clock = HandClock::at(T0);
    let judge =
        CertificateAuthenticator::new(setup(by_spiffe(), Revocation::Unchecked, clock.clone()));
    let judge = judge.unwrap();
    clock.pass(200);
    assert_eq!(show(&judge, &chain(&leaf())).unwrap_err().reason(), Because::CertificateExpired);
    clock.set_wall(T0);
    assert_eq!(show(&judge, &chain(&leaf())).unwrap_err().reason(), Because::ClockSetBack);
}

#[test]
fn every_byte_of_a_certificate_counts() {
    let judge = judge(by_spiffe());
    let [leaf, issuer] = chain(&leaf());
    for at in 0..leaf.len() {
        let mut leaf = leaf.clone();
        leaf[at] ^= 1;
        assert!(judge.authenticate(&[&leaf, &issuer]).is_err(), "byte {at}");
        assert!(judge.authenticate(&[&leaf[..at], &issuer]).is_err(), "{at} bytes");
    }
}

/// The identifier that a certificate with these names has by a rule.
fn id(name: NameRule, names: Vec<GeneralName>) -> Result<String, Because> {
    let answer = show(&judge(rule(name)), &chain(&Plan { names, ..leaf() }));
    answer.map(|principal| principal.id.to_string()).map_err(|error| error.reason())
}

#[test]
fn dns_names_count_below_the_domain_only() {
    let by_dns = || NameRule::Dns { domain: "hospital.example".to_owned() };
    let missing = Err(Because::CertificateNameMissing);
    for other in [
        "hospital.example",
        "evilhospital.example",
        "*.hospital.example",
        "a..hospital.example",
        ".hospital.example",
        "pacs.hospital.example.evil",
    ] {
        assert_eq!(id(by_dns(), vec![dns(other)]), missing, "{other}");
    }
    let two = vec![dns("a.hospital.example"), dns("b.hospital.example")];
    assert_eq!(id(by_dns(), two), Err(Because::CertificateNameAmbiguous));
    let found = Ok("pacs-01.hospital.example".to_owned());
    let among = vec![dns("PACS-01.Hospital.example"), dns("pacs.partner.example"), uri(SPIFFE)];
    assert_eq!(id(by_dns(), among), found);
}

#[test]
fn mail_addresses_count_in_the_domain_only() {
    let by_mail = || NameRule::Email { domain: "hospital.example".to_owned() };
    let missing = Err(Because::CertificateNameMissing);
    for other in ["ann@evil.example", "@hospital.example", "ann@a@hospital.example", "ann"] {
        assert_eq!(id(by_mail(), vec![email(other)]), missing, "{other}");
    }
    let spaced = vec![email("ann b@hospital.example")];
    assert_eq!(id(by_mail(), spaced), Err(Because::PrincipalForm));
    let role = vec![email("admin@hospital.example")];
    assert_eq!(id(by_mail(), role), Err(Because::PrincipalReserved));
    let ann = vec![email("Ann@HOSPITAL.example")];
    assert_eq!(id(by_mail(), ann), Ok("Ann@hospital.example".to_owned()));
}

#[test]
fn setups_that_judge_nothing_are_refused() {
    let new = |change: fn(&mut CertificateSetup)| {
        let mut setup = setup(by_spiffe(), Revocation::Unchecked, HandClock::at(T0));
        change(&mut setup);
        CertificateAuthenticator::new(setup).err()
    };
    let root = Some(CertificateSetupError::Root);
    assert_eq!(new(|setup| setup.roots.clear()), root);
    assert_eq!(new(|setup| setup.roots.push(b"root".to_vec())), root);
    let list = Some(CertificateSetupError::RevocationList);
    assert_eq!(new(|setup| setup.revocation = Revocation::Lists(vec![])), list);
    assert_eq!(new(|setup| setup.revocation = Revocation::Lists(vec![vec![0x30]])), list);
    let domain = Some(CertificateSetupError::Domain);
    assert_eq!(new(|setup| setup.rule.name = NameRule::Dns { domain: String::new() }), domain);
    assert_eq!(new(|setup| setup.rule.name = NameRule::Email { domain: "A.b".into() }), domain);
    assert_eq!(
        new(|setup| setup.rule.name = NameRule::Spiffe { trust_domain: "a/b".into() }),
        domain
    );
}

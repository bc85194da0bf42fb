//! Who a token makes somebody.

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::{Value, json};

use super::making::{Draft, ISSUER, rules, show};
use crate::authenticate::RefusedBecause as Because;
use crate::authenticate::token_rules::{KindRule, SubjectClaim, SubjectRule, TokenRules};
use crate::principal::{Factors, PrincipalKind};

fn named(claim: SubjectClaim, prefix: &str) -> TokenRules {
    TokenRules { subject: SubjectRule { claim, prefix: prefix.to_owned(), users: None }, ..rules() }
}

/// The identifier, or why there is none.
fn id(rules: TokenRules, draft: &Draft) -> Result<String, Because> {
    let principal = show(rules, &draft.sign()).map_err(|error| error.reason())?;
    Ok(principal.id.as_str().to_owned())
}

#[test]
fn claim_that_names_the_principal_must_be_a_fitting_text() {
    let user = || named(SubjectClaim::Named("preferred_username".to_owned()), "corp:");
    let with = |value: Value| Draft::good().claim("preferred_username", value);
    let cases = [
        (with(Value::Null), Err(Because::NameMissing)),
        (with(json!(1)), Err(Because::NameForm)),
        (with(json!("")), Err(Because::PrincipalForm)),
        (with(json!("ann b")), Err(Because::PrincipalForm)),
        (with(json!("guest")), Err(Because::PrincipalReserved)),
        (with(json!("system")), Err(Because::PrincipalReserved)),
        (with(json!("ann")), Ok("corp:ann".to_owned())),
    ];
    for (draft, expected) in cases {
        assert_eq!(id(user(), &draft), expected, "{}", draft.claims);
    }
    let long_prefix = named(SubjectClaim::Subject, &"p".repeat(128));
    assert_eq!(id(long_prefix, &Draft::good()), Err(Because::PrincipalForm));
}

#[test]
fn mail_address_names_somebody_only_if_verified() {
    let mail = || named(SubjectClaim::VerifiedEmail, "");
    let with = |verified: Value| {
        Draft::good().claim("email", "ann@hospital.example").claim("email_verified", verified)
    };
    for wrong in [Value::Null, json!(false), json!("true"), json!(1)] {
        assert_eq!(id(mail(), &with(wrong)), Err(Because::EmailUnverified));
    }
    assert_eq!(id(mail(), &with(json!(true))), Ok("ann@hospital.example".to_owned()));
    let role = with(json!(true)).claim("email", "info@hospital.example");
    assert_eq!(id(mail(), &role), Err(Because::PrincipalReserved));
}

/// As the API server of Kubernetes writes them.
fn pod(subject: &str, namespace: &str, account: &str) -> Draft {
    let about = json!({
        "namespace": namespace,
        "pod": {"name": "importer-7d9", "uid": "0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"},
        "serviceaccount": {"name": account, "uid": "5a0e1f6e-8f0e-4b7a-9f0e-0d7f2a6a3a11"},
    });
    let draft = Draft::good().head("typ", Value::Null).claim("sub", subject);
    draft.claim("kubernetes.io", about).claim("auth_time", Value::Null)
}

#[evidence(
    hipaa2013::["164.312(a)(2)(i)", "164.312(d)"],
    claim = "a token that is no service account's, or the shared default one's, proves no program",
    polarity = deny,
)]
fn other_subjects_are_no_service_accounts(ev: Ev) -> Proven {
    let account = "system:serviceaccount:prod:importer";
    let cases = [
        (pod("u4711-ann", "prod", "importer"), Because::ServiceAccount),
        (pod("system:node:n1", "prod", "importer"), Because::ServiceAccount),
        (pod(account, "test", "importer"), Because::ServiceAccount),
        (pod(account, "prod", "other"), Because::ServiceAccount),
        (
            pod(account, "prod", "importer").claim("kubernetes.io", Value::Null),
            Because::ServiceAccount,
        ),
        (pod("system:serviceaccount:prod:", "prod", ""), Because::ServiceAccount),
        (pod("system:serviceaccount:prod:a:b", "prod", "a:b"), Because::ServiceAccount),
        (pod("system:serviceaccount:prod:default", "prod", "default"), Because::PrincipalReserved),
    ];
    for (draft, because) in cases {
        let answer = show(TokenRules::kubernetes(ISSUER, "medsec"), &draft.sign());
        ev.denies(answer, |e| e.reason() == because);
    }
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(a)(2)(i)", "164.312(d)"],
    claim = "a program in Kubernetes is known by its service account",
    polarity = allow,
)]
fn service_account_is_a_program_of_its_own(ev: Ev) -> Proven {
    let draft = pod("system:serviceaccount:prod:importer", "prod", "importer");
    let program = ev.allows(show(TokenRules::kubernetes(ISSUER, "medsec"), &draft.sign()));
    ev.equal("its name", &program.id.as_str(), &"system:serviceaccount:prod:importer");
    ev.equal("a program", &program.kind, &PrincipalKind::Service);
    ev.equal("one factor", &program.factors, &Factors::One);
    ev.holds("no groups", program.groups.is_empty());
    ev.proven()
}

#[test]
fn programs_are_told_from_persons_by_the_rule() {
    let kind = |rule: KindRule, draft: &Draft| {
        let answer = show(TokenRules { kind: rule, ..rules() }, &draft.sign());
        answer.map(|principal| principal.kind).map_err(|error| error.reason())
    };
    let by_value =
        || KindRule::ServiceWhere { claim: "idtyp".to_owned(), values: ["app".to_owned()].into() };
    let by_subject = || KindRule::ServiceWhereSubject { claim: "client_id".to_owned() };
    let good = Draft::good;
    let (person, service) = (Ok(PrincipalKind::Person), Ok(PrincipalKind::Service));
    assert_eq!(kind(by_value(), &good().claim("idtyp", 1)), Err(Because::KindForm));
    assert_eq!(kind(by_value(), &good()), person);
    assert_eq!(kind(by_value(), &good().claim("idtyp", "user")), person);
    assert_eq!(kind(by_value(), &good().claim("idtyp", "app")), service);
    assert_eq!(kind(by_subject(), &good()), person);
    assert_eq!(kind(by_subject(), &good().claim("client_id", "portal")), person);
    assert_eq!(kind(by_subject(), &good().claim("client_id", "u4711-ann")), service);
}

#[test]
fn second_factor_counts_only_by_the_values_of_the_rules() {
    let factors = |draft: Draft| show(rules(), &draft.sign()).unwrap().factors;
    let silver = || Draft::good().claim("acr", "silver");
    assert_eq!(factors(silver()), Factors::One);
    assert_eq!(factors(silver().claim("amr", Value::Null)), Factors::One);
    assert_eq!(factors(silver().claim("amr", json!(["pwd", "mfa"]))), Factors::Two);
    assert_eq!(factors(Draft::good()), Factors::Two);
    let none = TokenRules { second_factor: crate::SecondFactor::default(), ..rules() };
    assert_eq!(show(none, &Draft::good().sign()).unwrap().factors, Factors::One);
}

#[test]
fn groups_are_heeded_only_where_the_rules_name_a_claim() {
    let deaf = TokenRules { groups: None, ..rules() };
    let strange = Draft::good().claim("groups", "whatever").sign();
    assert!(show(deaf, &strange).unwrap().groups.is_empty());
    let without = Draft::good().claim("groups", Value::Null).sign();
    assert!(show(rules(), &without).unwrap().groups.is_empty());
    let other = Draft::good().claim("_claim_names", json!({"address": "src1"})).sign();
    assert_eq!(show(rules(), &other).unwrap().groups.len(), 2);
}

#[test]
fn token_may_be_named_by_another_claim() {
    let by_uti = || TokenRules { token_id: "uti".to_owned(), ..rules() };
    let error = show(by_uti(), &Draft::good().sign()).unwrap_err();
    assert_eq!(error.reason(), Because::TokenIdMissing);
    assert!(show(by_uti(), &Draft::good().claim("uti", "x1").sign()).is_ok());
}

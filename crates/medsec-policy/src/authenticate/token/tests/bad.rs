//! Tokens that prove nobody: each has its own reason for the record, and all have one answer outside.

use medsec_evidence::{Ev, Proven, evidence};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::making::{Draft, base64url, claims, header, judge, keys, rules, show, sign_parts};
use crate::authenticate::RefusedBecause as Because;
use crate::authenticate::testing::T0;
use crate::authenticate::{AuthenticationError, Authenticator as _};

type Row = (&'static str, Because, String);

fn good() -> Draft {
    Draft::good()
}

/// An HMAC made with the provider's public key, which everybody has.
fn hmac_with_public_key() -> String {
    let draft = good().head("alg", "HS256").head("kid", "es256");
    let signed = format!("{}.{}", base64url(draft.header), base64url(draft.claims));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, keys().p256_public());
    let code = aws_lc_rs::hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", base64url(code))
}

/// Parts of tokens put together anew.
fn parts(token: &str) -> [String; 3] {
    let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts.try_into().unwrap()
}

fn shapes() -> Vec<Row> {
    let token = good().sign();
    let [head, body, signature] = parts(&token);
    let huge = good().claim("name", "x".repeat(17_000)).sign();
    let standard_alphabet = format!("{head}.{body}+.{signature}");
    vec![
        ("empty", Because::NotThreeParts, String::new()),
        ("huge", Because::TokenTooLong, huge),
        ("two segments", Because::NotThreeParts, format!("{head}.{body}")),
        ("four segments", Because::NotThreeParts, format!("{token}.AAAA")),
        ("five segments", Because::NotThreeParts, format!("{token}.AAAA.AAAA")),
        ("trailing dot", Because::NotThreeParts, format!("{token}.")),
        ("signature stripped", Because::SignatureMissing, format!("{head}.{body}.")),
        ("padding", Because::Padding, format!("{token}==")),
        ("with its scheme", Because::Encoding, format!("Bearer {token}")),
        ("with a line's end", Because::Encoding, format!("{token}\n")),
        ("standard alphabet", Because::Encoding, standard_alphabet),
        ("not ASCII", Because::Encoding, format!("{head}.{body}é.{signature}")),
        ("truncated by a sixth of a byte", Because::Encoding, token[..token.len() - 1].to_owned()),
    ]
}

fn headers() -> Vec<Row> {
    let text =
        |header: &str| sign_parts(header.as_bytes(), claims().to_string().as_bytes(), "EdDSA");
    let jwk = keys().set()["keys"][2].clone();
    let twice = r#"{"typ":"JWT","alg":"EdDSA","kid":"eddsa","kid":"es256"}"#;
    let not_utf8 = sign_parts(b"{\"kid\":\"\xFF\"}", b"{}", "EdDSA");
    vec![
        ("header is no JSON", Because::HeaderJson, text("alg=EdDSA")),
        ("header is a list", Because::HeaderJson, text("[]")),
        ("header is empty", Because::HeaderJson, text("")),
        ("header is not UTF-8", Because::HeaderJson, not_utf8),
        ("header twice", Because::HeaderJson, text(&format!("{0}{0}", header()))),
        ("member of the header twice", Because::HeaderDuplicate, text(twice)),
        ("crit", Because::CriticalHeader, good().head("crit", json!(["exp"])).sign()),
        ("crit of nothing", Because::CriticalHeader, good().head("crit", json!([])).sign()),
        ("jwk", Because::EmbeddedKey, good().head("jwk", jwk).sign()),
        ("jku", Because::EmbeddedKey, good().head("jku", "https://evil.example").sign()),
        ("x5u", Because::EmbeddedKey, good().head("x5u", "https://evil.example").sign()),
        ("x5c", Because::EmbeddedKey, good().head("x5c", json!(["MIIB"])).sign()),
        ("type missing", Because::TokenType, good().head("typ", Value::Null).sign()),
        ("type of a logout", Because::TokenType, good().head("typ", "logout+jwt").sign()),
        ("type of another purpose", Because::TokenType, good().head("typ", "at+jwt").sign()),
        ("type is a number", Because::TokenType, good().head("typ", 1).sign()),
    ]
}

fn algorithms() -> Vec<Row> {
    let as_other = |algorithm: &str, kid: &str| good().head("alg", algorithm).head("kid", kid);
    let none = good().head("alg", "none");
    let no_signature = format!("{}.{}.", base64url(&none.header), base64url(&none.claims));
    vec![
        ("algorithm missing", Because::AlgorithmMissing, good().head("alg", Value::Null).sign()),
        ("algorithm is a number", Because::AlgorithmMissing, good().head("alg", 5).sign()),
        ("none", Because::AlgorithmNone, none.sign_as("EdDSA")),
        ("none with other letters", Because::AlgorithmNone, good().head("alg", "nOnE").sign()),
        ("none and no signature", Because::SignatureMissing, no_signature),
        ("HMAC with the public key", Because::AlgorithmSymmetric, hmac_with_public_key()),
        (
            "HMAC with other letters",
            Because::AlgorithmSymmetric,
            good().head("alg", "hs512").sign(),
        ),
        ("algorithm unheard of", Because::AlgorithmNotAllowed, as_other("ES256K", "es256").sign()),
        (
            "algorithm in small letters",
            Because::AlgorithmNotAllowed,
            as_other("es256", "es256").sign(),
        ),
        (
            "algorithm not in the list",
            Because::AlgorithmNotAllowed,
            as_other("RS512", "rsa").sign(),
        ),
        ("key not named", Because::KeyIdMissing, good().head("kid", Value::Null).sign()),
        ("key's name is empty", Because::KeyIdMissing, good().head("kid", "").sign()),
        ("key's name is a number", Because::KeyIdMissing, good().head("kid", 1).sign()),
        ("key's name is long", Because::KeyIdMissing, good().head("kid", "k".repeat(300)).sign()),
        ("key unknown", Because::KeyUnknown, good().head("kid", "other").sign()),
        ("key for encryption", Because::KeyUnknown, as_other("RS256", "enc").sign()),
        ("ES256 with a P-384 key", Because::KeyMismatch, as_other("ES256", "es384").sign()),
        ("ES384 with a P-256 key", Because::KeyMismatch, as_other("ES384", "es256").sign()),
        ("EdDSA with an RSA key", Because::KeyMismatch, as_other("EdDSA", "rsa").sign()),
        ("RSA with an elliptic key", Because::KeyMismatch, as_other("RS256", "es256").sign()),
        ("key for another algorithm", Because::KeyMismatch, as_other("PS256", "rs256").sign()),
    ]
}

fn signatures() -> Vec<Row> {
    let [head, body, signature] = parts(&good().sign());
    let [_, other_body, other_signature] = parts(&good().claim("sub", "u4712-bob").sign());
    let with = |bytes: &[u8]| format!("{head}.{body}.{}", base64url(bytes));
    let es256 = good().head("alg", "ES256").head("kid", "es256");
    let nothing = format!("{}.{}", base64url(&es256.header), base64url(&es256.claims));
    vec![
        (
            "signature of another token",
            Because::Signature,
            format!("{head}.{body}.{other_signature}"),
        ),
        ("claims of another token", Because::Signature, format!("{head}.{other_body}.{signature}")),
        ("signature cut", Because::Signature, format!("{head}.{body}.{}", &signature[..40])),
        ("signature of zeros", Because::Signature, with(&[0; 64])),
        ("ECDSA of zeros", Because::Signature, format!("{nothing}.{}", base64url([0; 64]))),
        ("signature too long", Because::Signature, with(&[1; 65])),
        ("signed by another key", Because::Signature, good().sign_as("ES256")),
        (
            "signed by RSA in another form",
            Because::Signature,
            good().head("alg", "PS256").head("kid", "rsa").sign_as("RS256"),
        ),
    ]
}

fn origins() -> Vec<Row> {
    let text =
        |claims: &str| sign_parts(header().to_string().as_bytes(), claims.as_bytes(), "EdDSA");
    let claims = claims().to_string();
    let twice = claims.replacen('{', r#"{"sub":"u1","#, 1);
    let deep_twice = claims.replacen('{', r#"{"x":[{"a":1,"a":1}],"#, 1);
    let escaped_twice = claims.replacen('{', r#"{"\u0069ss":"x","#, 1);
    let not_utf8 = sign_parts(header().to_string().as_bytes(), b"{\"iss\":\"\xFF\"}", "EdDSA");
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(4000), "]".repeat(4000));
    vec![
        ("claims are no JSON", Because::ClaimsJson, text("sub=ann")),
        ("claims are a list", Because::ClaimsJson, text("[]")),
        ("claims are not UTF-8", Because::ClaimsJson, not_utf8),
        ("claims and more", Because::ClaimsJson, text(&format!("{claims}{{}}"))),
        ("claims nested deeply", Because::ClaimsJson, text(&deep)),
        ("claim twice", Because::ClaimsDuplicate, text(&twice)),
        ("claim twice inside", Because::ClaimsDuplicate, text(&deep_twice)),
        ("claim twice, once escaped", Because::ClaimsDuplicate, text(&escaped_twice)),
        ("issuer missing", Because::IssuerMissing, good().claim("iss", Value::Null).sign()),
        ("issuer is a list", Because::IssuerForm, good().claim("iss", json!(["a"])).sign()),
        (
            "another issuer",
            Because::IssuerOther,
            good().claim("iss", "https://evil.example").sign(),
        ),
        (
            "issuer with a slash",
            Because::IssuerOther,
            good().claim("iss", "https://idp.example/").sign(),
        ),
        ("audience missing", Because::AudienceMissing, good().claim("aud", Value::Null).sign()),
        (
            "audience is an object",
            Because::AudienceForm,
            good().claim("aud", json!({"medsec": 1})).sign(),
        ),
        ("audience is an empty list", Because::AudienceForm, good().claim("aud", json!([])).sign()),
        (
            "audience with a number",
            Because::AudienceForm,
            good().claim("aud", json!(["medsec", 1])).sign(),
        ),
        ("long audience", Because::AudienceForm, good().claim("aud", vec!["medsec"; 17]).sign()),
        ("another audience", Because::AudienceOther, good().claim("aud", "billing").sign()),
        (
            "another audience too",
            Because::AudienceOther,
            good().claim("aud", json!(["medsec", "billing"])).sign(),
        ),
        ("bound to a key", Because::BoundToKey, good().claim("cnf", json!({"jkt": "x"})).sign()),
        ("somebody acts", Because::Delegated, good().claim("act", json!({"sub": "bob"})).sign()),
    ]
}

fn times() -> Vec<Row> {
    let long = good().claim("exp", T0 + 24 * 3600).claim("iat", T0 - 5);
    vec![
        ("expiry missing", Because::ExpiryMissing, good().claim("exp", Value::Null).sign()),
        (
            "expiry is a text",
            Because::ExpiryForm,
            good().claim("exp", (T0 + 600).to_string()).sign(),
        ),
        ("expiry has a point", Because::ExpiryForm, good().claim("exp", 1_800_000_600.5).sign()),
        ("expiry is negative", Because::ExpiryForm, good().claim("exp", -1).sign()),
        ("expiry is beyond all years", Because::ExpiryForm, good().claim("exp", u64::MAX).sign()),
        ("expiry is true", Because::ExpiryForm, good().claim("exp", true).sign()),
        ("expired", Because::Expired, good().claim("exp", T0 - 60).sign()),
        ("begin missing", Because::NotBeforeMissing, good().claim("nbf", Value::Null).sign()),
        ("begin is a text", Because::NotBeforeForm, good().claim("nbf", "now").sign()),
        ("begin in the future", Because::NotYetValid, good().claim("nbf", T0 + 61).sign()),
        ("issue missing", Because::IssuedMissing, good().claim("iat", Value::Null).sign()),
        ("issue is a text", Because::IssuedForm, good().claim("iat", T0.to_string()).sign()),
        ("issued in the future", Because::IssuedInFuture, good().claim("iat", T0 + 61).sign()),
        ("lives too long", Because::Lifetime, long.sign()),
        (
            "ends before it begins",
            Because::Lifetime,
            good().claim("exp", T0 - 1).claim("nbf", T0).sign(),
        ),
        (
            "authentication missing",
            Because::AuthenticatedMissing,
            good().claim("auth_time", Value::Null).sign(),
        ),
        (
            "authentication is a text",
            Because::AuthenticatedForm,
            good().claim("auth_time", "now").sign(),
        ),
        (
            "authenticated in the future",
            Because::AuthenticatedInFuture,
            good().claim("auth_time", T0 + 61).sign(),
        ),
        (
            "authenticated long ago",
            Because::AuthenticatedTooOld,
            good().claim("auth_time", T0 - 3661).sign(),
        ),
    ]
}

fn names() -> Vec<Row> {
    let many = json!(["a", "b", "c", "d"]);
    let elsewhere = json!({"groups": "src1"});
    vec![
        ("subject missing", Because::SubjectMissing, good().claim("sub", Value::Null).sign()),
        ("subject is a number", Because::SubjectForm, good().claim("sub", 4711).sign()),
        ("subject is empty", Because::SubjectForm, good().claim("sub", "").sign()),
        ("subject is very long", Because::SubjectForm, good().claim("sub", "a".repeat(256)).sign()),
        (
            "subject is too long for us",
            Because::PrincipalForm,
            good().claim("sub", "a".repeat(129)).sign(),
        ),
        ("subject is blank", Because::PrincipalForm, good().claim("sub", "  ").sign()),
        ("subject with a blank", Because::PrincipalForm, good().claim("sub", "ann b").sign()),
        ("subject with a line's end", Because::PrincipalForm, good().claim("sub", "ann\n").sign()),
        ("subject looks like another", Because::PrincipalForm, good().claim("sub", "аnn").sign()),
        ("subject is reserved", Because::PrincipalReserved, good().claim("sub", "Admin").sign()),
        ("subject is numbered", Because::PrincipalReserved, good().claim("sub", "user-01").sign()),
        ("class is a number", Because::FactorsForm, good().claim("acr", 2).sign()),
        ("methods are a text", Because::FactorsForm, good().claim("amr", "mfa").sign()),
        ("groups are a text", Because::GroupsForm, good().claim("groups", "radiology").sign()),
        ("group is a number", Because::GroupsForm, good().claim("groups", json!([1])).sign()),
        (
            "group's name is none",
            Because::GroupName,
            good().claim("groups", json!(["Domain Users"])).sign(),
        ),
        ("too many groups", Because::GroupsTooMany, good().claim("groups", many).sign()),
        (
            "groups elsewhere",
            Because::GroupsElsewhere,
            good().claim("_claim_names", elsewhere).sign(),
        ),
        ("identifier missing", Because::TokenIdMissing, good().claim("jti", Value::Null).sign()),
        ("identifier is a number", Because::TokenIdForm, good().claim("jti", 1).sign()),
        ("identifier is empty", Because::TokenIdForm, good().claim("jti", "").sign()),
    ]
}

fn rows() -> Vec<Row> {
    [shapes(), headers(), algorithms(), signatures(), origins(), times(), names()].concat()
}

/// What a refused token may tell whoever showed it.
fn is_silent(error: &AuthenticationError, token: &str) -> bool {
    let (shown, logged) = (error.to_string(), format!("{error:?}"));
    shown == "not authenticated" && (token.len() < 8 || !logged.contains(&token[..8]))
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a token that is forged, altered, foreign, expired or malformed proves nobody",
    polarity = deny,
)]
fn bad_tokens_are_refused_each_for_its_own_reason(ev: Ev) -> Proven {
    let rows = rows();
    for (name, because, token) in &rows {
        let answer = show(rules(), token);
        let found = answer.as_ref().err().map(AuthenticationError::reason);
        assert_eq!(found, Some(*because), "{name}");
        ev.denies(answer, |e| e.reason() == *because && is_silent(e, token));
    }
    ev.holds("there are enough of them", rows.len() >= 100);
    ev.proven()
}

#[test]
fn names_of_rows_are_different() {
    let mut names: Vec<_> = rows().into_iter().map(|(name, ..)| name).collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a token that was used is refused when it is shown again",
    polarity = deny,
)]
fn token_is_refused_the_second_time(ev: Ev) -> Proven {
    let (judge, clock) = judge(rules());
    let token = good().sign();
    ev.allows(judge.authenticate(token.as_bytes()));
    ev.denies(judge.authenticate(token.as_bytes()), |e| e.reason() == Because::Replayed);
    // Another signature does not make it another token.
    let again = good().head("alg", "ES256").head("kid", "es256").sign();
    ev.denies(judge.authenticate(again.as_bytes()), |e| e.reason() == Because::Replayed);
    clock.pass(659);
    ev.denies(judge.authenticate(token.as_bytes()), |e| e.reason() == Because::Replayed);
    clock.pass(1);
    ev.denies(judge.authenticate(token.as_bytes()), |e| e.reason() == Because::Expired);
    ev.proven()
}

#[test]
fn refused_tokens_take_no_room_in_the_guard() {
    let (judge, _) = judge(rules());
    for (_, _, token) in rows() {
        judge.authenticate(token.as_bytes()).unwrap_err();
    }
    judge.authenticate(good().sign().as_bytes()).unwrap();
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a token in which any one bit differs, or that ends early, proves nobody",
    polarity = deny,
)]
fn every_flip_and_every_truncation_is_refused(ev: Ev) -> Proven {
    for draft in [good(), good().head("alg", "ES256").head("kid", "es256")] {
        let token = draft.sign().into_bytes();
        let (judge, _) = judge(rules());
        for (at, bit) in (0..token.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut flipped = token.clone();
            flipped[at] ^= 1 << bit;
            ev.denies(judge.authenticate(&flipped), |e| e.reason() != Because::Replayed);
        }
        for len in 0..token.len() {
            ev.denies(judge.authenticate(&token[..len]), |e| e.reason() != Because::Replayed);
        }
        ev.allows(judge.authenticate(&token));
    }
    ev.proven()
}

/// Any small value of JSON.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[ -~]{0,12}".prop_map(Value::from),
    ];
    scalar.prop_recursive(2, 8, 4, |inner| {
        let list = proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from);
        let object = proptest::collection::hash_map("[a-z]{1,4}", inner, 0..4);
        prop_oneof![list, object.prop_map(|members| json!(members))]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Claims that decide have one right value each here; all that is random is wrong.
    #[test]
    fn random_value_of_a_claim_is_refused(
        name in proptest::sample::select(&["iss", "aud", "exp", "nbf", "iat", "auth_time"][..]),
        value in value(),
    ) {
        let plausible = value.as_u64().is_some_and(|at| (T0 - 90_000..T0 + 90_000).contains(&at));
        let begun = name == "nbf" && value.as_u64().is_some_and(|at| at <= T0);
        prop_assume!(!plausible && !begun);
        prop_assert!(show(rules(), &good().claim(name, value).sign()).is_err());
    }

    #[test]
    fn random_claims_never_make_a_principal_of_another_kind(name in "[a-z]{1,6}", value in value()) {
        if let Ok(principal) = show(rules(), &good().claim(&name, value).sign()) {
            prop_assert!(crate::reserved::check(&principal.id).is_ok());
            prop_assert!(principal.groups.len() <= 3);
        }
    }

    #[test]
    fn random_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(judge(rules()).0.authenticate(&bytes).is_err());
    }
}

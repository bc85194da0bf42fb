//! Logging in with a token of an identity provider, whose keys are in a file.

#[cfg(feature = "https-key-set")]
mod fetched;

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use medsec_evidence::{Ev, Proven, evidence};
use serde_json::{Value, json};

use super::{OPEN, Office, SEAL, scan_is};
use crate::ward::{Refused, Run, Ward};

const ISSUER: &str = "https://login.hospital.example";

/// How a policy names the provider whose keys are there, and whose servers have their certificates from there.
fn issuer(keys: &str, authorities: &str) -> String {
    format!(
        r#"[settings.issuers.corporate]
issuer = "{ISSUER}"
audience = "medsec"
keys = "{keys}"
authorities = {authorities}
algorithms = ["EdDSA"]
types = ["JWT"]
subject = "sub"
users = {{ u-4711 = "ada", u-0815 = "bob" }}
kind = "person"
groups = "none"
acr = ["gold"]
amr = ["mfa"]
max_authentication_age = "unlimited"
max_lifetime = "1h"
not_before = "required"
token_id = "jti"
"#
    )
}

/// The home of ada, whose files are plain, under a policy that trusts the provider and is edited.
fn office(edit: impl Fn(String) -> String) -> Office {
    let ward = Ward::new();
    ward.write("keys.json", key_set(7).as_bytes());
    let keys = format!("file:{}", ward.path("keys.json").display());
    trusting(ward, &issuer(&keys, "\"system\""), edit)
}

/// The same under a policy that trusts this issuer.
fn trusting(ward: Ward, issuer: &str, edit: impl Fn(String) -> String) -> Office {
    ward.write_policy("policy", |path, text| match path {
        "policy.toml" => edit(text.replace("[settings.issuers]", issuer)),
        _ => text,
    });
    ward.line("init --user ada --no-passphrase --no-anchor --policy policy").ok();
    Office::open(ward)
}

fn key_set(seed: u8) -> String {
    let public = *SigningKey::from_bytes(&[seed; 32]).verifying_key().as_bytes();
    let x = URL_SAFE_NO_PAD.encode(public);
    json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": x}]}).to_string()
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The claims of a good token of ada's.
fn claims(id: &str) -> Value {
    let now = now();
    json!({
        "iss": ISSUER, "aud": "medsec", "sub": "u-4711", "jti": id, "iat": now, "nbf": now,
        "exp": now + 300, "auth_time": now, "amr": ["pwd", "mfa"],
    })
}

fn with(mut claims: Value, name: &str, value: impl Into<Value>) -> Value {
    claims[name] = value.into();
    claims
}

fn signed(seed: u8, header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let signature = SigningKey::from_bytes(&[seed; 32]).sign(text.as_bytes()).to_bytes();
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn token(claims: &Value) -> String {
    signed(7, &json!({"typ": "JWT", "alg": "EdDSA", "kid": "k"}), claims)
}

fn log_in(ward: &Ward, token: &str) -> Run {
    ward.write_private("token", format!("{token}\n").as_bytes());
    ward.line("login --token-file token")
}

/// Why the logins that failed were refused, oldest first.
fn refusals(ward: &Ward) -> Vec<String> {
    let document = ward.audit("show --kind session --json").json();
    let records = document["records"].as_array().unwrap().iter();
    let failed = records.filter(|record| record["action"] == "login-failure");
    failed.map(|record| record["refusal"].as_str().unwrap_or("-").to_owned()).collect()
}

/// Tokens that prove nobody, each with the reason that the log has.
fn bad() -> Vec<(&'static str, String)> {
    let of = |name: &str, value: Value| token(&with(claims(name), name, value));
    let head = |header: Value| signed(7, &header, &claims("h"));
    let good = token(&claims("g"));
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    vec![
        ("not-three-parts", "no token".to_owned()),
        ("not-three-parts", String::new()),
        ("token-too-long", "a".repeat(17_000)),
        ("encoding", format!("Bearer {good}")),
        ("signature-missing", format!("{unsigned}.")),
        ("signature", signed(8, &json!({"typ": "JWT", "alg": "EdDSA", "kid": "k"}), &claims("s"))),
        ("algorithm-none", head(json!({"typ": "JWT", "alg": "none", "kid": "k"}))),
        ("algorithm-symmetric", head(json!({"typ": "JWT", "alg": "HS256", "kid": "k"}))),
        ("algorithm-not-allowed", head(json!({"typ": "JWT", "alg": "ES256", "kid": "k"}))),
        ("key-unknown", head(json!({"typ": "JWT", "alg": "EdDSA", "kid": "x"}))),
        ("key-id-missing", head(json!({"typ": "JWT", "alg": "EdDSA"}))),
        ("token-type", head(json!({"typ": "at+jwt", "alg": "EdDSA", "kid": "k"}))),
        ("embedded-key", head(json!({"typ": "JWT", "alg": "EdDSA", "kid": "k", "jwk": {}}))),
        ("critical-header", head(json!({"typ": "JWT", "alg": "EdDSA", "kid": "k", "crit": ["b"]}))),
        ("issuer-other", of("iss", "https://other.example".into())),
        ("issuer-missing", of("iss", Value::Null)),
        ("audience-other", of("aud", "archive".into())),
        ("audience-other", of("aud", json!(["medsec", "archive"]))),
        ("expired", of("exp", (now() - 100).into())),
        ("expiry-form", of("exp", "tomorrow".into())),
        ("not-yet-valid", of("nbf", (now() + 200).into())),
        ("issued-in-future", of("iat", (now() + 200).into())),
        ("lifetime", of("exp", (now() + 4000).into())),
        ("name-unknown", of("sub", "u-9999".into())),
        ("name-other", of("sub", "u-0815".into())),
        ("token-id-form", of("jti", 1.into())),
        ("delegated", of("act", json!({"sub": "x"}))),
        ("bound-to-key", of("cnf", json!({"jkt": "x"}))),
        ("factors-form", of("amr", "mfa".into())),
    ]
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "tokens that prove nobody begin no session: one answer for all of them, and the reason of each in the log",
    polarity = deny,
)]
fn bad_tokens_are_refused_with_one_answer_and_a_reason_each(ev: Ev) -> Proven {
    let office = office(|text| text);
    let mut answers = Vec::new();
    let bad = bad();
    for (_, token) in &bad {
        let run = log_in(&office.ward, token);
        ev.denies(run.result(), |e| *e == Refused(25));
        answers.push(run.stderr);
    }
    answers.dedup();
    ev.holds("the answer is the same for all", answers.len() == 1);
    ev.holds("it gives no reason", answers[0].contains("not authenticated; nothing was done"));
    let expected: Vec<&str> = bad.iter().map(|(reason, _)| *reason).collect();
    ev.equal("each has its reason on record", &refusals(&office.ward), &expected);
    ev.denies(office.ward.line(SEAL).result(), |e| *e == Refused(25));
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(d)", "164.312(a)(2)(i)"],
    claim = "the token of a user of the key store begins their session, and the log has name and proof",
    polarity = allow,
)]
fn token_of_the_user_begins_their_session(ev: Ev) -> Proven {
    let office = office(|text| text);
    let ward = &office.ward;
    ev.allows(log_in(ward, &token(&claims("a"))).result());
    let status = office.status().json();
    ev.equal("the session is hers", &status["user"], &json!("ada"));
    ev.equal("with two factors", &status["factors"], &json!(2));
    ward.line(SEAL).ok();
    ev.allows(ward.line(OPEN).result());
    ev.holds("what was opened is what was sealed", scan_is(ward, "out"));
    let document = ward.audit("show --json").json();
    let records = document["records"].as_array().unwrap();
    let opened = records.iter().find(|record| record["action"] == "open").unwrap();
    ev.equal("who", &opened["who"], &json!("ada"));
    ev.equal("and how that is known", &opened["auth"], &json!("token-2f"));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(i)",
    claim = "the token of one user with the key of another begins no session",
    polarity = deny,
)]
fn token_of_another_user_does_not_go_with_the_key(ev: Ev) -> Proven {
    let office = office(|text| text);
    let other = with(claims("a"), "sub", "u-0815");
    ev.denies(log_in(&office.ward, &token(&other)).result(), |e| *e == Refused(25));
    ev.equal("the reason", &refusals(&office.ward), &vec!["name-other".to_owned()]);
    ev.proven()
}

#[test]
fn token_is_taken_once() {
    let office = office(|text| text);
    let one = token(&claims("a"));
    log_in(&office.ward, &one).ok();
    office.ward.line("logout").ok();
    log_in(&office.ward, &one).code_is(25);
    assert_eq!(refusals(&office.ward), ["replayed"]);
}

#[test]
fn login_with_an_older_proof_is_on_record_as_none() {
    let office = office(|text| text);
    let ward = &office.ward;
    log_in(ward, &token(&claims("a"))).ok();
    // Another token, of the same time at the provider's: it shows nothing new.
    let older = with(claims("b"), "auth_time", now() - 60);
    let run = log_in(ward, &token(&older));
    run.code_is(25);
    assert_eq!(begun(ward), 1);
    assert_eq!(office.status().json()["user"], "ada");
}

/// How many sessions the log says began, or were proved anew.
fn begun(ward: &Ward) -> usize {
    let document = ward.audit("show --kind session --json").json();
    let records = document["records"].as_array().unwrap().iter();
    records.filter(|record| record["action"] == "session-start").count()
}

#[test]
fn second_factor_is_what_the_token_says() {
    let office = office(|text| text.replace("two_factors = []", "two_factors = [\"seal\"]"));
    let ward = &office.ward;
    let sealed = || {
        let code = ward.line(SEAL).code;
        ward.line("logout").ok();
        code
    };
    // The file alone is one factor.
    ward.line("login").ok();
    assert_eq!(sealed(), 24);
    log_in(ward, &token(&with(claims("a"), "amr", json!(["pwd"])))).ok();
    assert_eq!(sealed(), 24);
    let by_class = with(with(claims("b"), "amr", json!([])), "acr", "gold");
    log_in(ward, &token(&by_class)).ok();
    assert_eq!(office.status().json()["factors"], 2);
    ward.line("logout").ok();
    log_in(ward, &token(&claims("c"))).ok();
    assert_eq!(sealed(), 0);
}

#[test]
fn token_comes_from_standard_input_too() {
    let office = office(|text| text);
    office.ward.piped("login --token-file -", token(&claims("a")).as_bytes()).ok();
    assert_eq!(office.status().json()["user"], "ada");
    let both = "login --token-file - --passphrase-fd 0";
    office.ward.piped(both, b"x").code_is(2);
    assert_eq!(refusals(&office.ward), [""; 0]);
}

#[test]
fn keys_are_those_that_the_file_has_now() {
    let office = office(|text| text);
    let ward = &office.ward;
    log_in(ward, &token(&claims("a"))).ok();
    ward.write("keys.json", key_set(8).as_bytes());
    log_in(ward, &token(&claims("b"))).code_is(25);
    std::fs::remove_file(ward.path("keys.json")).unwrap();
    log_in(ward, &token(&claims("c"))).code_is(25);
    assert_eq!(refusals(ward), ["signature", "keys-unavailable"]);
}

#[test]
fn token_is_in_no_file_of_the_home() {
    let office = office(|text| text);
    let good = token(&claims("a"));
    log_in(&office.ward, &good).ok();
    let (_, signature) = good.rsplit_once('.').unwrap();
    let found = std::process::Command::new("grep")
        .args(["-r", "-F", "-l", "--", signature])
        .arg(office.ward.path("home"))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8(found.stdout).unwrap(), "");
}

#[test]
fn token_is_no_use_where_the_policy_trusts_no_issuer() {
    let office = Office::with_limits(900, 900);
    let run = log_in(&office.ward, &token(&claims("a")));
    assert_eq!(run.code, 26);
    assert!(run.stderr.contains("trusts no identity provider"), "{}", run.stderr);
}

#[test]
fn issuer_is_shown_with_the_policy_and_in_what_differs() {
    let office = office(|text| text);
    let ward = &office.ward;
    let shown = ward.line("policy show --json").json();
    assert_eq!(shown["settings"]["issuers.corporate.audience"], "medsec");
    let source = "policy/policy.toml";
    let text = String::from_utf8(ward.read(source)).unwrap();
    ward.write(source, text.replace("\"medsec\"", "\"archive\"").as_bytes());
    let text = ward.line("policy diff policy").text();
    assert!(text.contains("issuers.corporate.audience: medsec → archive"), "{text}");
}

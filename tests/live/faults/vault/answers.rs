//! Answers that a server should not give, or gives when it cannot do better.

use std::time::Duration;

use medsec_crypto::Stanza;
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{KeyService as _, KeyServiceError, VaultHealth};
use medsec_testkit::proxy::{Action, Answer, Rule};
use serde_json::json;

use crate::support::vault::{Api, Scene, context, generate, name, unwrap, wait};

/// What `decrypt` ends in when the request gets that answer, and how often it was asked.
fn decrypt_with(scene: &Scene, stanza: &Stanza, action: Action) -> (KeyServiceError, usize) {
    let (proxy, keys) = scene.behind(vec![Rule::on("/decrypt/", action)]);
    let refused = unwrap(&keys, stanza).map(|_| "a data key").unwrap_err();
    (refused, proxy.recording().exchanges_of("/decrypt/").len())
}

fn errors(status: u16, text: &str) -> Action {
    Action::Answer(Answer::new(status, json!({"errors": [text]}).to_string()))
}

fn answer(body: impl Into<Vec<u8>>) -> Action {
    Action::Answer(Answer::new(200, body))
}

#[test]
fn old_vault_500_on_tamper_is_not_authentic() {
    let scene = Api::live().scene();
    let (_, stanza) = generate(&scene.keys());
    let old = errors(500, "1 error occurred:\n\t* cipher: message authentication failed\n\n");
    let (refused, asked) = decrypt_with(&scene, &stanza, old);
    assert!(matches!(refused, KeyServiceError::NotAuthentic), "{refused:?}");
    assert!(!refused.is_retryable() && asked == 1);
}

#[test]
fn empty_204_where_data_are_due_is_refused() {
    let scene = Api::live().scene();
    let (_, stanza) = generate(&scene.keys());
    let (refused, _) = decrypt_with(&scene, &stanza, Action::Instead(Answer::new(204, "")));
    assert!(matches!(refused, KeyServiceError::Answer(_)) && !refused.is_retryable());
    let (_proxy, keys) =
        scene.behind(vec![Rule::on("/rewrap/", Action::Answer(Answer::new(204, "")))]);
    let items = [(stanza, context(1))];
    let rewrapped = wait(keys.rewrap_deks(&items, &name("ct")));
    assert!(matches!(rewrapped[0], Err(KeyServiceError::Answer(_))), "{rewrapped:?}");
}

#[test]
fn bad_answer_is_refused() {
    let scene = Api::live().scene();
    let (_, stanza) = generate(&scene.keys());
    let short = json!({"data": {"plaintext": "AAAA"}}).to_string();
    let long = json!({"data": {"plaintext": "A".repeat(64)}}).to_string();
    let bodies: [&str; 9] = [
        "",
        "no JSON",
        "{}",
        "[]",
        "{\"data\":null}",
        "{\"data\":{}}",
        "{\"data\":{\"plaintext\":7}}",
        &short,
        &long,
    ];
    for body in bodies {
        let (refused, asked) = decrypt_with(&scene, &stanza, answer(body));
        assert!(matches!(refused, KeyServiceError::Answer(_)), "{body}: {refused:?}");
        assert!(!refused.is_retryable() && asked == 1);
    }
    let (refused, _) =
        decrypt_with(&scene, &stanza, Action::Raw(b"this is no HTTP\r\n\r\n".to_vec()));
    assert!(matches!(refused, KeyServiceError::Answer(_)), "{refused:?}");
    let moved = Answer::new(307, "").header("Location", "http://127.0.0.1:1/v1/x");
    let (refused, _) = decrypt_with(&scene, &stanza, Action::Answer(moved));
    assert!(matches!(refused, KeyServiceError::Answer("it points to another server")));
}

#[test]
fn wrapped_key_that_is_none_is_refused_before_it_is_used() {
    let scene = Api::live().scene();
    let plaintext = "A".repeat(43) + "=";
    for ciphertext in ["", "vault:v1:AAAA", "vault:v0:", "a secret"] {
        let body = json!({"data": {"plaintext": plaintext, "ciphertext": ciphertext}});
        let (_proxy, keys) = scene.behind(vec![Rule::on("/datakey/", answer(body.to_string()))]);
        let refused = wait(keys.generate_dek(&name("ct"), &context(1))).unwrap_err();
        assert!(matches!(refused, KeyServiceError::Answer(_)), "{ciphertext}: {refused:?}");
    }
}

#[test]
fn batch_with_too_few_results_is_refused() {
    let scene = Api::live().scene();
    let (_, stanza) = generate(&scene.keys());
    let body = json!({"data": {"batch_results": [{"ciphertext": "vault:v1:AAAA"}]}});
    let (_proxy, keys) = scene.behind(vec![Rule::on("/rewrap/", answer(body.to_string()))]);
    let items = [(stanza.clone(), context(1)), (stanza, context(1))];
    for result in wait(keys.rewrap_deks(&items, &name("ct"))) {
        assert!(matches!(result, Err(KeyServiceError::Answer(_))), "{result:?}");
    }
}

#[test]
fn batch_in_another_order_is_refused() {
    let scene = Api::live().scene();
    let keys = scene.keys();
    let [one, two] = [generate(&keys).1, generate(&keys).1];
    let text = |stanza: &Stanza| String::from_utf8(stanza.wrapped().to_vec()).unwrap();
    let results = |references: [&str; 2]| {
        let [first, second] = references;
        json!({"data": {"batch_results": [
            {"ciphertext": text(&one), "reference": first},
            {"ciphertext": text(&two), "reference": second},
        ]}})
    };
    let items = [(one.clone(), context(1)), (two.clone(), context(1))];
    // A server that does not know references tells none.
    for (references, fits) in [
        (["0", "1"], true),
        (["", ""], true),
        (["1", "0"], false),
        (["0", "0"], false),
        (["0", ""], false),
    ] {
        let rule = Rule::on("/rewrap/", answer(results(references).to_string()));
        let (_proxy, keys) = scene.behind(vec![rule]);
        let given = wait(keys.rewrap_deks(&items, &name("ct")));
        assert!(given.iter().all(|one| one.is_ok() == fits), "{references:?}: {given:?}");
    }
}

#[test]
fn endless_answer_is_cut_off() {
    let scene = Api::live().scene();
    let (_, stanza) = generate(&scene.keys());
    let (refused, _) = decrypt_with(&scene, &stanza, Action::Endless);
    assert!(matches!(refused, KeyServiceError::Answer("it is too long")), "{refused:?}");
    let unannounced =
        [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec(), vec![b' '; 4 * 1024 * 1024]];
    let (refused, _) = decrypt_with(&scene, &stanza, Action::Raw(unannounced.concat()));
    assert!(matches!(refused, KeyServiceError::Answer("it is too long")), "{refused:?}");
}

#[test]
fn ignored_parameters_are_an_error() {
    let scene = Api::live().scene();
    let (_, stanza) = generate(&scene.keys());
    let body = json!({
        "data": {"plaintext": "A".repeat(43) + "="},
        "warnings": ["Endpoint ignored these unrecognized parameters: [context]"],
    });
    let (refused, _) = decrypt_with(&scene, &stanza, answer(body.to_string()));
    let named = matches!(refused, KeyServiceError::Answer("it ignored a part of the request"));
    assert!(named, "{refused:?}");
}

#[test]
fn throttled_server_says_how_long_to_wait() {
    let scene = Api::live().scene();
    let (_, stanza) = generate(&scene.keys());
    let plain = Answer::new(429, "{\"errors\":[\"request path: rate limit quota exceeded\"]}");
    for (answer, after) in [
        (plain.clone(), None),
        (plain.clone().header("Retry-After", "7"), Some(Duration::from_secs(7))),
        (plain.clone().header("Retry-After", "soon"), None),
        (plain.header("Retry-After", "99999999"), Some(Duration::from_secs(3600))),
    ] {
        let (refused, asked) = decrypt_with(&scene, &stanza, Action::Answer(answer));
        let KeyServiceError::Throttled { retry_after } = refused else { panic!("{refused:?}") };
        assert_eq!((retry_after, asked), (after, 1));
        assert!(refused.is_retryable());
    }
}

#[test]
fn quota_of_the_server_is_throttling() {
    let scene = Api::live().scene();
    let keys = scene.keys();
    let (_, stanza) = generate(&keys);
    let quota = format!("sys/quotas/rate-limit/{}", scene.mount);
    let limit = json!({"rate": 1, "path": scene.mount, "interval": "60s"});
    scene.api.must("POST", &quota, &limit);
    let mut results = (0..5).map(|_| unwrap(&keys, &stanza));
    let refused = results.find_map(Result::err).expect("a refusal");
    assert!(matches!(refused, KeyServiceError::Throttled { .. }), "{refused:?}");
    scene.api.must("DELETE", &quota, &json!(null));
    unwrap(&keys, &stanza).unwrap();
}

#[test]
fn statuses_of_clusters_and_limits_are_told() {
    let scene = Api::live().scene();
    let (_, stanza) = generate(&scene.keys());
    let name_of = |error: &KeyServiceError| match error {
        KeyServiceError::Busy => "busy",
        KeyServiceError::Unavailable(_) => "unavailable",
        KeyServiceError::Unacceptable { .. } => "unacceptable",
        KeyServiceError::Sealed => "sealed",
        KeyServiceError::NotOffered(_) => "not offered",
        KeyServiceError::Answer(_) => "answer",
        _ => "other",
    };
    for (status, text, expected, retryable) in [
        (412, "required index state not present", "busy", true),
        (413, "request body too large", "unacceptable", false),
        (405, "unsupported operation", "not offered", false),
        (418, "", "answer", false),
        (472, "", "unavailable", true),
        (473, "", "unavailable", true),
        (500, "internal error", "unavailable", true),
        (502, "", "unavailable", true),
        (503, "Vault is sealed", "sealed", false),
        (503, "overloaded", "unavailable", true),
        (504, "", "unavailable", true),
    ] {
        let (refused, asked) = decrypt_with(&scene, &stanza, errors(status, text));
        assert_eq!((name_of(&refused), asked), (expected, 1), "{status}: {refused:?}");
        assert_eq!(refused.is_retryable(), retryable, "{status}");
    }
}

#[test]
fn health_of_standby_servers_is_told() {
    let scene = Api::live().scene();
    for (status, health) in [
        (200, VaultHealth::Active),
        (429, VaultHealth::Standby),
        (472, VaultHealth::Recovery),
        (473, VaultHealth::Standby),
        (501, VaultHealth::Uninitialized),
        (503, VaultHealth::Sealed),
    ] {
        let (_proxy, keys) = scene.behind(vec![Rule::on("sys/health", errors(status, ""))]);
        assert_eq!(wait(keys.health()).unwrap(), health, "{status}");
    }
}

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(e)(1)"],
    claim = "a data key crosses the wire once when it is made, never while it is rewrapped, and stands in no log of the server",
    polarity = allow,
)]
fn data_key_crosses_the_wire_once(ev: Ev) -> Proven {
    use base64::Engine as _;

    let scene = Api::live().scene();
    let (proxy, keys) = scene.behind(Vec::new());
    let (dek, stanza) = generate(&keys);
    let text = base64::engine::general_purpose::STANDARD.encode(dek.expose_secret());
    let seen = |ev: &Ev, fact, times: usize| {
        ev.equal(fact, &proxy.recording().count(text.as_bytes()), &times);
        proxy.recording().clear();
    };
    seen(&ev, "once when it is made", 1);
    let items = [(stanza.clone(), context(1))];
    let rewrapped = ev.allows(wait(keys.rewrap_dek(&stanza, &name("ct"), &context(1))));
    ev.allows(wait(keys.rewrap_deks(&items, &name("ct"))).remove(0));
    ev.holds("the service says so", keys.rewraps_unseen(stanza.key_ref(), &name("ct")));
    seen(&ev, "never while it is rewrapped", 0);
    ev.allows(unwrap(&keys, &rewrapped));
    seen(&ev, "once when it is unwrapped", 1);
    ev.allows(wait(keys.wrap_dek(&name("ct"), &dek, &context(1))));
    seen(&ev, "once when it is wrapped", 1);
    let log = std::fs::read_to_string(crate::support::variable("MEDSEC_LIVE_VAULT_AUDIT")).unwrap();
    ev.holds("the server's log has the calls", log.contains(&scene.mount));
    ev.holds("and not the data key", !log.contains(&text));
    ev.proven()
}

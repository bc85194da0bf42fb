//! Faults of tokens and logins.

use std::sync::Arc;
use std::time::Duration;

use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{KeyService as _, KeyServiceError, VaultLogin};
use medsec_testkit::proxy::{Action, Answer, Edit, Rule};
use serde_json::json;

use crate::support::vault::{Api, context, generate, name, token, unwrap, wait};

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(d)"],
    claim = "a token without the right is told apart from a token that was revoked, and neither unwraps anything",
    polarity = deny,
)]
fn revoked_token_is_told_apart_from_one_without_the_right(ev: Ev) -> Proven {
    let scene = Api::live().scene();
    let (_, stanza) = generate(&scene.keys());
    let good = scene.api.token(&scene.everything(), &json!({}));
    let keys = scene.keys_as(token(&good));
    ev.allows(unwrap(&keys, &stanza));
    scene.api.must("POST", "auth/token/revoke", &json!({"token": good}));
    let gone = |e: &KeyServiceError| matches!(e, KeyServiceError::Unauthenticated);
    ev.denies(unwrap(&keys, &stanza), gone);
    ev.denies(unwrap(&scene.keys_as(token("s.neverwas")), &stanza), gone);
    let weak = scene.everything().replace("/*", "/keys/*");
    let weak = scene.keys_as(token(&scene.api.token(&weak, &json!({}))));
    ev.denies(unwrap(&weak, &stanza), |e| matches!(e, KeyServiceError::NotPermitted));
    ev.proven()
}

/// Revokes every token of an AppRole's logins.
fn revoke_all(api: &Api, login: &VaultLogin) {
    let VaultLogin::AppRole { mount, .. } = login else { panic!("no AppRole") };
    api.must("POST", &format!("sys/leases/revoke-prefix/auth/{mount}"), &json!({}));
}

#[test]
fn revoked_token_is_replaced_by_a_new_login() {
    let scene = Api::live().scene();
    let login = scene.api.approle(&scene.everything(), &json!({}));
    let keys = scene.keys_as(login.clone());
    let (_, stanza) = generate(&keys);
    for _ in 0..3 {
        revoke_all(&scene.api, &login);
        unwrap(&keys, &stanza).unwrap();
    }
    revoke_all(&scene.api, &login);
    generate(&keys);
}

#[test]
fn data_key_is_not_sent_again_when_the_token_is_gone() {
    let scene = Api::live().scene();
    let login = scene.api.approle(&scene.everything(), &json!({}));
    let (proxy, _) = scene.behind(Vec::new());
    let keys = scene.keys_with(|settings| {
        *settings = scene.api.settings_at(proxy.address(), &scene.mount);
        settings.login = login.clone();
    });
    let (dek, _) = generate(&keys);
    revoke_all(&scene.api, &login);
    proxy.recording().clear();
    let refused = wait(keys.wrap_dek(&name("ct"), &dek, &context(1))).unwrap_err();
    assert!(matches!(refused, KeyServiceError::Unauthenticated), "{refused:?}");
    assert_eq!(proxy.recording().exchanges_of("/encrypt/").len(), 1);
    wait(keys.wrap_dek(&name("ct"), &dek, &context(1))).unwrap();
}

#[test]
fn expiring_token_is_renewed() {
    let scene = Api::live().scene();
    let more = json!({"token_ttl": "3s", "token_max_ttl": "10m"});
    let login = scene.api.approle(&scene.everything(), &more);
    let (proxy, _) = scene.behind(Vec::new());
    let keys = scene.keys_with(|settings| {
        *settings = scene.api.settings_at(proxy.address(), &scene.mount);
        settings.login = login;
    });
    let (_, stanza) = generate(&keys);
    for _ in 0..10 {
        std::thread::sleep(Duration::from_millis(600));
        unwrap(&keys, &stanza).unwrap();
    }
    let renewals = proxy.recording().exchanges_of("auth/token/renew-self");
    assert!(renewals.len() >= 2 && renewals.iter().all(|e| e.status == Some(200)));
    assert_eq!(proxy.recording().exchanges_of("/login").len(), 1);
}

#[test]
fn token_at_the_end_of_its_longest_life_is_replaced() {
    let scene = Api::live().scene();
    let more = json!({"token_ttl": "2s", "token_max_ttl": "3s"});
    let login = scene.api.approle(&scene.everything(), &more);
    let keys = scene.keys_as(login);
    let (_, stanza) = generate(&keys);
    for _ in 0..12 {
        std::thread::sleep(Duration::from_millis(500));
        unwrap(&keys, &stanza).unwrap();
    }
}

#[test]
fn token_that_is_used_up_is_replaced() {
    let scene = Api::live().scene();
    let login = scene.api.approle(&scene.everything(), &json!({"token_num_uses": 3}));
    let keys = scene.keys_as(login);
    let (_, stanza) = generate(&keys);
    for _ in 0..10 {
        unwrap(&keys, &stanza).unwrap();
    }
}

#[test]
fn renewal_that_is_refused_leads_to_a_new_login() {
    let scene = Api::live().scene();
    let login = scene.api.approle(&scene.everything(), &json!({"token_ttl": "2s"}));
    let refused = Action::Answer(Answer::new(403, "{\"errors\":[\"permission denied\"]}"));
    let (proxy, _) = scene.behind(vec![Rule::on("auth/token/renew-self", refused)]);
    let keys = scene.keys_with(|settings| {
        *settings = scene.api.settings_at(proxy.address(), &scene.mount);
        settings.login = login;
    });
    let (_, stanza) = generate(&keys);
    std::thread::sleep(Duration::from_millis(1600));
    unwrap(&keys, &stanza).unwrap();
    assert_eq!(proxy.recording().exchanges_of("/login").len(), 2);
}

#[test]
fn callers_that_come_together_share_one_login() {
    let scene = Api::live().scene();
    let login = scene.api.approle(&scene.everything(), &json!({}));
    let (_, stanza) = generate(&scene.keys());
    let (proxy, _) = scene.behind(Vec::new());
    let keys = scene.keys_with(|settings| {
        *settings = scene.api.settings_at(proxy.address(), &scene.mount);
        settings.login = login.clone();
    });
    for logins in 1..=2 {
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| unwrap(&keys, &stanza).unwrap());
            }
        });
        assert_eq!(proxy.recording().exchanges_of("/login").len(), logins);
        revoke_all(&scene.api, &login);
    }
}

#[test]
fn wrong_secret_of_a_login_is_told() {
    let scene = Api::live().scene();
    let VaultLogin::AppRole { mount, role_id, .. } =
        scene.api.approle(&scene.everything(), &json!({}))
    else {
        panic!("no AppRole")
    };
    let secret_id = medsec_kms::SecretText::new("wrong".to_owned()).unwrap();
    let keys = scene.keys_as(VaultLogin::AppRole { mount, role_id, secret_id });
    let refused = wait(keys.generate_dek(&name("ct"), &context(1))).unwrap_err();
    assert!(matches!(refused, KeyServiceError::Unauthenticated), "{refused:?}");
}

#[test]
fn signed_token_is_read_anew_for_each_login() {
    let scene = Api::live().scene();
    // The server of a login that grants what it is shown, as no real one does: what is tested is the file.
    let granted = |what: &str| {
        let body = json!({"auth": {"client_token": what, "lease_duration": 0, "renewable": false}});
        Action::Answer(Answer::new(200, body.to_string()))
    };
    let (proxy, _) = scene.behind(Vec::new());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    for kubernetes in [false, true] {
        proxy.recording().clear();
        // Not the server's own: what a login gave is revoked at the end.
        let token = scene.api.token(&scene.everything(), &json!({}));
        std::fs::write(&file, "first.signed.token\n").unwrap();
        let (mount, role) = ("pods".to_owned(), "sealer".to_owned());
        let login = if kubernetes {
            VaultLogin::Kubernetes { mount, role, file: file.clone() }
        } else {
            VaultLogin::Jwt { mount, role, file: file.clone() }
        };
        // The first token turns out to be gone, and by then the file has another.
        let (other, gone) = (file.clone(), granted("s.gone"));
        let replace: Edit = Arc::new(move |_, answer| {
            std::fs::write(&other, "second.signed.token\n").unwrap();
            answer
        });
        proxy.set_rules(vec![
            Rule::on("/login", gone).only(1),
            Rule::on("/login", granted(&token)),
            Rule::on("lookup-self", Action::Edit(replace)),
        ]);
        let keys = scene.keys_with(|settings| {
            *settings = scene.api.settings_at(proxy.address(), &scene.mount);
            settings.login = login;
        });
        generate(&keys);
        let logins = proxy.recording().exchanges_of("auth/pods/login");
        let shown = logins.iter().map(|login| {
            assert!(login.request.header("x-vault-token").is_none());
            let asked: serde_json::Value = serde_json::from_slice(&login.request.body).unwrap();
            assert_eq!(asked["role"], "sealer");
            asked["jwt"].as_str().unwrap().to_owned()
        });
        assert_eq!(shown.collect::<Vec<_>>(), ["first.signed.token", "second.signed.token"]);
    }
}

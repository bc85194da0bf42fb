//! Tokens from their login to their end.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{KeyService as _, KeyServiceError, SecretText, VaultKeys, VaultLogin};
use medsec_testkit::proxy::{Action, Answer, Proxy, Rule};
use serde_json::{Value, json};

use crate::support::vault::{Api, Scene, context, eventually, generate, name, token, unwrap, wait};

/// A service behind a proxy, with a login.
fn behind(scene: &Scene, login: VaultLogin, rules: Vec<Rule>) -> (Proxy, VaultKeys) {
    let (proxy, _) = scene.behind(rules);
    let keys = scene.keys_with(|settings| {
        *settings = scene.api.settings_at(proxy.address(), &scene.mount);
        settings.login = login;
    });
    (proxy, keys)
}

fn approle(scene: &Scene, more: &Value) -> VaultLogin {
    scene.api.approle(&scene.everything(), more)
}

fn answer(status: u16) -> Action {
    Action::Answer(Answer::new(status, "{\"errors\":[\"no\"]}"))
}

fn logins(proxy: &Proxy) -> usize {
    proxy.recording().exchanges_of("/login").len()
}

#[test]
fn login_that_fails_for_now_leaves_the_token_in_use() {
    let scene = Api::live().scene();
    let login = approle(&scene, &json!({"token_ttl": "6s"}));
    let (proxy, keys) = behind(&scene, login, Vec::new());
    let (_, stanza) = generate(&keys);
    // Neither is there a renewal nor another token.
    proxy.set_rules(vec![
        Rule::on("auth/token/renew-self", answer(403)),
        Rule::on("/login", answer(503)),
    ]);
    std::thread::sleep(Duration::from_millis(4300));
    for _ in 0..3 {
        unwrap(&keys, &stanza).unwrap();
    }
    assert_eq!(logins(&proxy), 2, "not again at once");
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a secret that OpenBao refused is not shown to it again and again, so that the role is not locked",
    polarity = deny,
)]
fn refused_login_is_not_tried_again_at_once(ev: Ev) -> Proven {
    let scene = Api::live().scene();
    let VaultLogin::AppRole { mount, role_id, .. } = approle(&scene, &json!({})) else {
        panic!("no AppRole")
    };
    let secret_id = SecretText::new("wrong".to_owned()).unwrap();
    let wrong = VaultLogin::AppRole { mount, role_id, secret_id };
    let (proxy, keys) = behind(&scene, wrong, Vec::new());
    let keys = Arc::new(keys);
    let attempt = |keys: &VaultKeys| wait(keys.generate_dek(&name("ct"), &context(1)));
    for _ in 0..5 {
        ev.denies(attempt(&keys), |e| matches!(e, KeyServiceError::Unauthenticated));
    }
    std::thread::scope(|scope| {
        for _ in 0..8 {
            let _thread = scope.spawn(|| attempt(&keys).unwrap_err());
        }
    });
    ev.equal("the server was shown it once", &logins(&proxy), &1);
    ev.proven()
}

#[test]
fn login_goes_on_when_its_caller_gives_up() {
    let scene = Api::live().scene();
    let late = Rule::on("/login", Action::Delay(Duration::from_millis(500)));
    let (proxy, keys) = behind(&scene, approle(&scene, &json!({})), vec![late]);
    wait(async {
        for _ in 0..3 {
            let (key, context) = (name("ct"), context(1));
            let mut call = pin!(keys.generate_dek(&key, &context));
            let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
    });
    generate(&keys);
    assert_eq!(logins(&proxy), 1);
}

#[test]
fn callers_that_come_together_share_a_login_that_failed() {
    let scene = Api::live().scene();
    let (proxy, keys) = behind(&scene, approle(&scene, &json!({})), Vec::new());
    proxy.set_rules(vec![Rule::on("/login", answer(503))]);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            let _thread = scope.spawn(|| {
                let refused = wait(keys.generate_dek(&name("ct"), &context(1))).unwrap_err();
                assert!(refused.is_retryable(), "{refused:?}");
            });
        }
    });
    assert!(logins(&proxy) < 16, "{}", logins(&proxy));
    proxy.set_rules(Vec::new());
    generate(&keys);
}

#[test]
fn token_that_was_given_is_renewed_while_nobody_calls() {
    let scene = Api::live().scene();
    let given = scene.api.token(&scene.everything(), &json!({"ttl": "3s"}));
    let (proxy, keys) = behind(&scene, token(&given), Vec::new());
    let (_, stanza) = generate(&keys);
    std::thread::sleep(Duration::from_secs(7));
    unwrap(&keys, &stanza).unwrap();
    assert!(proxy.recording().exchanges_of("auth/token/renew-self").len() >= 2);
    // With its service it is left alone: it was not got here.
    drop(keys);
    assert!(proxy.recording().exchanges_of("auth/token/revoke-self").is_empty());
}

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.312(d)"],
    claim = "a token that was got from OpenBao by a login is revoked when the service that got it ends",
    polarity = deny,
)]
fn token_of_a_login_is_revoked_at_the_end(ev: Ev) -> Proven {
    let scene = Api::live().scene();
    let (proxy, keys) = behind(&scene, approle(&scene, &json!({})), Vec::new());
    generate(&keys);
    let used = proxy.recording().exchanges_of("/datakey/");
    let held = used[0].request.header("x-vault-token").unwrap().to_owned();
    let known = |api: &Api| api.ask("POST", "auth/token/lookup", &json!({"token": held})).0;
    ev.equal("the token is known", &known(&scene.api), &200);
    drop(keys);
    eventually(|| (known(&scene.api) != 200).then_some(()));
    let revoked = proxy.recording().exchanges_of("auth/token/revoke-self");
    ev.equal("it was revoked by its holder", &revoked.len(), &1);
    let keys = scene.keys_as(token(&held));
    let refused = wait(keys.generate_dek(&name("ct"), &context(1)));
    ev.denies(refused, |e| matches!(e, KeyServiceError::Unauthenticated));
    ev.proven()
}

//! AWS KMS: LocalStack for the states of keys, moto for contexts, the proxy for what neither does.

mod connections;
mod names;

use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_crypto::Stanza;
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{
    AwsKeys, Guards, KeyAdmin as _, KeyName, KeyService as _, KeyServiceError as Refused, KeyState,
    ThreadTimer, Timer,
};
use medsec_testkit::proxy::{Action, Answer, Proxy, Rule};

use crate::aws::emulator::{Emulator, Kind, context, plain_url, wait};

const WEEK: Duration = Duration::from_secs(7 * 86_400);

/// A key with a wrapped data key, reached directly and through a proxy.
struct Scene {
    emulator: Emulator,
    key: KeyName,
    keys: AwsKeys,
    stanza: Stanza,
    proxy: Proxy,
    through: AwsKeys,
}

impl Scene {
    fn new(kind: Kind) -> Self {
        let emulator = Emulator::new(kind);
        let key = emulator.create("records").name;
        let keys = emulator.keys(std::slice::from_ref(&key));
        let (_, stanza) = wait(keys.generate_dek(&key, &context(1))).unwrap();
        let proxy = emulator.proxy();
        let through = emulator.keys_through(&plain_url(&proxy), std::slice::from_ref(&key));
        proxy.recording().clear();
        Self { emulator, key, keys, stanza, proxy, through }
    }

    /// The error of a Decrypt to which the proxy does that, once; the next one must be as ever.
    fn once(&self, action: Action) -> Refused {
        self.proxy.set_rules(vec![Rule::on("TrentService.Decrypt", action).first(1)]);
        let before = self.proxy.recording().exchanges().len();
        let error = wait(self.through.unwrap_dek(&self.stanza, &context(1))).unwrap_err();
        let asked = self.proxy.recording().exchanges().len() - before;
        assert!(asked <= 1, "it was asked again unseen: {asked}");
        wait(self.through.unwrap_dek(&self.stanza, &context(1))).unwrap();
        error
    }

    fn answered(&self, status: u16, code: &str) -> Refused {
        let body = format!("{{\"__type\":\"{code}\",\"message\":\"as was said\"}}");
        self.once(Action::Answer(Answer::new(status, body)))
    }
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a data key wrapped by AWS KMS for one package is not unwrapped for another",
    polarity = deny,
)]
fn wrong_context_is_not_authentic(ev: Ev) -> Proven {
    for kind in [Kind::Moto, Kind::LocalStack] {
        let scene = Scene::new(kind);
        let refused = |e: &Refused| matches!(e, Refused::NotAuthentic);
        ev.denies(wait(scene.keys.unwrap_dek(&scene.stanza, &context(2))), refused);
        ev.denies(wait(scene.keys.rewrap_dek(&scene.stanza, &scene.key, &context(2))), refused);
        ev.allows(wait(scene.keys.unwrap_dek(&scene.stanza, &context(1))));
    }
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a disabled key of AWS KMS is told as that, and neither wraps nor unwraps",
    polarity = deny,
)]
fn disabled_key_is_told(ev: Ev) -> Proven {
    let scene = Scene::new(Kind::LocalStack);
    ev.allows(wait(scene.emulator.admin().disable_key(&scene.key)));
    let disabled = |e: &Refused| matches!(e, Refused::Disabled) && !e.is_retryable();
    ev.denies(wait(scene.keys.unwrap_dek(&scene.stanza, &context(1))), disabled);
    ev.denies(wait(scene.keys.generate_dek(&scene.key, &context(1))), disabled);
    let told = ev.allows(wait(scene.keys.describe_key(&scene.key)));
    ev.equal("it does not look healthy", &told.state, &KeyState::Disabled);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a key of AWS KMS that is due to be destroyed is told as that, and neither wraps nor unwraps",
    polarity = deny,
)]
fn key_that_is_to_be_destroyed_is_told(ev: Ev) -> Proven {
    let scene = Scene::new(Kind::LocalStack);
    for waiting in [Duration::from_secs(6 * 86_400), WEEK * 5] {
        let refused = wait(scene.emulator.admin().schedule_destruction(&scene.key, waiting));
        ev.denies(refused, |e| matches!(e, Refused::Unacceptable { .. }));
    }
    ev.allows(wait(scene.emulator.admin().schedule_destruction(&scene.key, WEEK)));
    let pending = |e: &Refused| matches!(e, Refused::PendingDestruction) && !e.is_retryable();
    ev.denies(wait(scene.keys.unwrap_dek(&scene.stanza, &context(1))), pending);
    ev.denies(wait(scene.keys.rewrap_dek(&scene.stanza, &scene.key, &context(1))), pending);
    ev.allows(wait(scene.emulator.admin().cancel_destruction(&scene.key)));
    ev.allows(wait(scene.emulator.admin().enable_key(&scene.key)));
    ev.allows(wait(scene.keys.unwrap_dek(&scene.stanza, &context(1))));
    ev.proven()
}

#[test]
fn ciphertext_of_another_key_is_not_authentic() {
    let scene = Scene::new(Kind::LocalStack);
    let other = scene.emulator.create("other").name;
    let keys = scene.emulator.keys(&[scene.key.clone(), other.clone()]);
    let (_, named) = wait(keys.generate_dek(&other, &context(1))).unwrap();
    let moved = Stanza::new(named.key_ref().clone(), scene.stanza.wrapped().to_vec()).unwrap();
    let refused = wait(keys.unwrap_dek(&moved, &context(1))).unwrap_err();
    assert!(matches!(refused, Refused::NotAuthentic), "{refused:?}");
    let refused = wait(keys.rewrap_dek(&moved, &other, &context(1))).unwrap_err();
    assert!(matches!(refused, Refused::NotAuthentic), "{refused:?}");
    // moto rewraps it, and says from which key: that is not the one that was named.
    let scene = Scene::new(Kind::Moto);
    let other = scene.emulator.create("other").name;
    let keys = scene.emulator.keys(&[scene.key.clone(), other.clone()]);
    let (_, named) = wait(keys.generate_dek(&other, &context(1))).unwrap();
    let moved = Stanza::new(named.key_ref().clone(), scene.stanza.wrapped().to_vec()).unwrap();
    let refused = wait(keys.rewrap_dek(&moved, &other, &context(1))).unwrap_err();
    assert!(matches!(refused, Refused::Answer(_)), "{refused:?}");
}

#[test]
fn rotated_key_opens_what_older_versions_sealed() {
    for kind in [Kind::Moto, Kind::LocalStack] {
        let scene = Scene::new(kind);
        wait(scene.emulator.admin().rotate_key(&scene.key)).unwrap();
        wait(scene.keys.unwrap_dek(&scene.stanza, &context(1))).unwrap();
    }
}

#[test]
fn revoked_token_is_told_apart_from_one_without_the_right() {
    let scene = Scene::new(Kind::Moto);
    for code in [
        "UnrecognizedClientException",
        "InvalidSignatureException",
        "com.amazonaws.kms#MissingAuthenticationTokenException",
    ] {
        let error = scene.answered(400, code);
        assert!(matches!(error, Refused::Unauthenticated), "{code}: {error:?}");
    }
    let error = scene.answered(400, "AccessDeniedException");
    assert!(matches!(error, Refused::NotPermitted), "{error:?}");
}

#[test]
fn expired_credentials_are_told() {
    let scene = Scene::new(Kind::Moto);
    let error = scene.answered(400, "ExpiredTokenException");
    assert!(matches!(error, Refused::Unauthenticated) && !error.is_retryable(), "{error:?}");
}

#[test]
fn refused_permission_is_told_in_json_and_in_xml() {
    let scene = Scene::new(Kind::Moto);
    let error = scene.answered(400, "AccessDeniedException");
    assert!(matches!(error, Refused::NotPermitted), "{error:?}");
    let xml = "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>";
    let error = scene.once(Action::Answer(Answer::new(403, xml)));
    assert!(matches!(error, Refused::NotPermitted), "{error:?}");
    let error = scene.once(Action::Answer(Answer::new(403, "no form at all")));
    assert!(matches!(error, Refused::NotPermitted), "{error:?}");
    let xml = xml.replace("AccessDenied", "SignatureDoesNotMatch");
    let error = scene.once(Action::Answer(Answer::new(403, xml)));
    assert!(matches!(error, Refused::Unauthenticated), "{error:?}");
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "a batch of rewraps in AWS KMS that is cut in its middle loses nothing and goes on where it ended",
    polarity = allow,
)]
fn server_killed_in_a_batch_loses_nothing_and_the_rest_resumes(ev: Ev) -> Proven {
    let scene = Scene::new(Kind::Moto);
    let items: Vec<_> = (0..8)
        .map(|number| {
            let (_, stanza) = wait(scene.keys.generate_dek(&scene.key, &context(number))).unwrap();
            (stanza, context(number))
        })
        .collect();
    let cuts = [Action::Close, Action::Cut(40)];
    for cut in cuts {
        let cut = Rule::on("TrentService.ReEncrypt", cut).only(4);
        scene.proxy.set_rules(vec![cut]);
        let results = wait(scene.through.rewrap_deks(&items, &scene.key));
        let failed = results.iter().filter(|result| result.is_err()).count();
        ev.equal("one failed", &failed, &1);
        for (result, (old, context)) in results.into_iter().zip(&items) {
            let new = match result {
                Ok(new) => new,
                Err(error) => {
                    ev.holds("it can be asked again", error.is_retryable());
                    ev.allows(wait(scene.through.rewrap_dek(old, &scene.key, context)))
                }
            };
            let (one, other) = (
                ev.allows(wait(scene.keys.unwrap_dek(old, context))),
                ev.allows(wait(scene.keys.unwrap_dek(&new, context))),
            );
            ev.holds("the same data key", one.expose_secret() == other.expose_secret());
        }
    }
    ev.proven()
}

#[test]
fn slow_server_is_timed_out() {
    let emulator = Emulator::new(Kind::Moto);
    let key = emulator.create("records").name;
    let proxy = emulator.proxy();
    let keys =
        emulator.impatient(&plain_url(&proxy), std::slice::from_ref(&key), Duration::from_secs(1));
    let slow = Action::Delay(Duration::from_secs(20));
    proxy.set_rules(vec![Rule::on("TrentService.GenerateDataKey", slow)]);
    proxy.recording().clear();
    let begun = Instant::now();
    let error = wait(keys.generate_dek(&key, &context(1))).unwrap_err();
    assert!(matches!(error, Refused::TimedOut) && error.is_retryable(), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn throttled_server_says_how_long_to_wait() {
    let scene = Scene::new(Kind::Moto);
    for code in ["ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded"] {
        let error = scene.answered(400, code);
        assert!(matches!(error, Refused::Throttled { retry_after: None }), "{code}: {error:?}");
        assert!(error.is_retryable());
    }
    let seconds = |number| Some(Duration::from_secs(number));
    for (header, expected) in [("7", seconds(7)), ("99999", seconds(3600)), ("x", None)] {
        let answer = Answer::new(429, "{}").header("Retry-After", header);
        let error = scene.once(Action::Answer(answer));
        let Refused::Throttled { retry_after } = error else { panic!("{error:?}") };
        assert_eq!(retry_after, expected, "{header}");
    }
}

#[test]
fn failing_server_is_retryable_and_not_asked_again() {
    let scene = Scene::new(Kind::Moto);
    for (status, code) in [
        (500, "KMSInternalException"),
        (500, "KeyUnavailableException"),
        (503, "DependencyTimeoutException"),
        (502, ""),
        (500, "InternalFailure"),
    ] {
        let error = scene.answered(status, code);
        assert!(error.is_retryable(), "{status} {code}: {error:?}");
    }
}

#[test]
fn connection_cut_in_the_answer_is_retryable_and_not_retried() {
    let scene = Scene::new(Kind::Moto);
    for action in [Action::Close, Action::Cut(30), Action::Cut(200)] {
        let error = scene.once(action);
        assert!(matches!(error, Refused::Unavailable(_)), "{error:?}");
    }
}

#[test]
fn server_that_is_not_there_is_retryable() {
    let Scene { key, stanza, proxy, through, .. } = Scene::new(Kind::Moto);
    drop(proxy);
    for error in [
        wait(through.unwrap_dek(&stanza, &context(1))).unwrap_err(),
        wait(through.generate_dek(&key, &context(1))).unwrap_err(),
    ] {
        assert!(matches!(error, Refused::Unavailable(_)), "{error:?}");
    }
}

/// A data key is asked for once, whatever is answered.
#[test]
fn data_key_crosses_the_wire_once() {
    let scene = Scene::new(Kind::Moto);
    let (dek, _) = wait(scene.through.generate_dek(&scene.key, &context(1))).unwrap();
    let text = STANDARD.encode(dek.expose_secret());
    assert_eq!(scene.proxy.recording().count(text.as_bytes()), 1);
    for (status, code) in [(500, "KMSInternalException"), (400, "ThrottlingException"), (503, "")] {
        let body = format!("{{\"__type\":\"{code}\"}}");
        let instead = Action::Instead(Answer::new(status, body));
        scene.proxy.set_rules(vec![Rule::on("TrentService.GenerateDataKey", instead)]);
        scene.proxy.recording().clear();
        wait(scene.through.generate_dek(&scene.key, &context(1))).unwrap_err();
        let asked = scene.proxy.recording().exchanges_of("TrentService.GenerateDataKey");
        assert_eq!(asked.len(), 1, "{status} {code}");
    }
    for (status, code) in [(500, "KMSInternalException"), (400, "ThrottlingException"), (503, "")] {
        let body = format!("{{\"__type\":\"{code}\"}}");
        let instead = Action::Instead(Answer::new(status, body));
        scene.proxy.set_rules(vec![Rule::on("TrentService.Encrypt", instead)]);
        scene.proxy.recording().clear();
        // Also by whoever repeats what fails.
        let timer: Arc<dyn Timer> = Arc::new(ThreadTimer);
        let guarded = Guards::default().around(Arc::new(scene.through.clone()), &timer);
        let refused = wait(guarded.wrap_dek(&scene.key, &dek, &context(1))).unwrap_err();
        assert!(refused.is_retryable(), "{refused:?}");
        let asked = scene.proxy.recording().exchanges_of("TrentService.Encrypt");
        assert_eq!(asked.len(), 1, "{status} {code}");
        assert_eq!(scene.proxy.recording().count(text.as_bytes()), 1, "{status} {code}");
    }
}

#[test]
fn bad_answer_is_refused() {
    let scene = Scene::new(Kind::Moto);
    let key = scene.key.as_str();
    let other = key.replace("123456789012", "999999999999").replace("key/", "key/0");
    let plain = |text: &str, key: &str| format!("{{\"KeyId\":\"{key}\",\"Plaintext\":\"{text}\"}}");
    let (full, short) = ("A".repeat(43) + "=", "AAAA");
    for body in [
        String::new(),
        "{}".to_owned(),
        "not JSON".to_owned(),
        "[1,2,3]".to_owned(),
        format!("{{\"KeyId\":\"{key}\"}}"),
        format!("{{\"Plaintext\":\"{full}\"}}"),
        plain(short, key),
        plain(&full, &other),
        plain(&full, "alias/records"),
        plain(&(full.clone() + &full), key),
        plain("*", key),
    ] {
        let error = scene.once(Action::Answer(Answer::new(200, body.clone())));
        assert!(matches!(error, Refused::Answer(_)) && !error.is_retryable(), "{body}: {error:?}");
    }
    let error = scene.once(Action::Raw(b"no HTTP at all\r\n\r\n".to_vec()));
    assert!(matches!(error, Refused::Unavailable(_) | Refused::Answer(_)), "{error:?}");
    let error = scene.answered(400, "SomethingNewException");
    assert!(matches!(error, Refused::Answer(_)), "{error:?}");
}

#[test]
fn wrapped_key_that_is_none_is_refused_before_it_is_used() {
    let scene = Scene::new(Kind::Moto);
    for wrapped in [String::new(), "AAAA".repeat(2049)] {
        let body = format!(
            "{{\"KeyId\":\"{}\",\"Plaintext\":\"{}=\",\"CiphertextBlob\":\"{wrapped}\"}}",
            scene.key,
            "A".repeat(43)
        );
        let answer = Action::Answer(Answer::new(200, body));
        scene.proxy.set_rules(vec![Rule::on("TrentService.GenerateDataKey", answer)]);
        let error = wait(scene.through.generate_dek(&scene.key, &context(1))).unwrap_err();
        assert!(matches!(error, Refused::Answer(_)), "{error:?}");
    }
}

#[test]
fn endless_answer_is_cut_off() {
    let scene = Scene::new(Kind::Moto);
    let error = scene.once(Action::Endless);
    assert!(matches!(error, Refused::Answer(_)), "{error:?}");
}

#[test]
fn empty_204_where_data_are_due_is_refused() {
    let scene = Scene::new(Kind::Moto);
    let error = scene.once(Action::Answer(Answer::new(204, "")));
    assert!(matches!(error, Refused::Answer(_)), "{error:?}");
}

//! What a service with its guards sends, as the proxy before the server recorded it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{Guards, KeyService, ThreadTimer, Timer, VaultKeys};
use medsec_testkit::proxy::{Action, Rule};

use crate::support::vault::{Api, context, name, wait};

#[evidence(
    hipaa2013::["164.312(a)(2)(iv)", "164.312(e)(1)"],
    claim = "a data key that may have reached a key service to be wrapped is not sent there again by a retry, of a rewrap neither",
    polarity = deny,
)]
fn data_key_that_may_have_been_sent_is_not_sent_again(ev: Ev) -> Proven {
    let scene = Api::live().scene();
    scene.key("mri");
    let (proxy, _) = scene.behind(Vec::new());
    let settings = scene.api.settings_at(proxy.address(), &scene.mount);
    let keys = Arc::new(VaultKeys::new(settings, [name("ct"), name("mri")]).unwrap());
    let timer: Arc<dyn Timer> = Arc::new(ThreadTimer);
    let guarded = Guards::default().around(keys.clone(), &timer);
    let (dek, stanza) = ev.allows(wait(guarded.generate_dek(&name("ct"), &context(1))));
    let text = STANDARD.encode(dek.expose_secret());
    let sent = || {
        let asked = proxy.recording().exchanges_of("/encrypt/");
        let holds = |body: &[u8]| body.windows(text.len()).any(|part| part == text.as_bytes());
        asked.iter().filter(|asked| holds(&asked.request.body)).count()
    };
    proxy.set_rules(vec![Rule::on("/encrypt/", Action::Cut(40))]);
    let to = name("mri");
    for round in 0..3 {
        proxy.recording().clear();
        let failed = match round {
            0 => wait(guarded.wrap_dek(&to, &dek, &context(1))),
            1 => wait(guarded.rewrap_dek(&stanza, &to, &context(1))),
            _ => wait(guarded.rewrap_deks(&[(stanza.clone(), context(1))], &to)).remove(0),
        };
        ev.denies(failed, |error| error.is_retryable());
        ev.equal("the data key was sent once", &sent(), &1);
    }
    // Within the server no data key is sent, and the call is made again.
    proxy.recording().clear();
    proxy.set_rules(vec![Rule::on("/rewrap/", Action::Cut(40)).only(1)]);
    ev.allows(wait(guarded.rewrap_dek(&stanza, &name("ct"), &context(1))));
    ev.equal("it was asked twice", &proxy.recording().exchanges_of("/rewrap/").len(), &2);
    ev.equal("and no data key was sent", &proxy.recording().count(text.as_bytes()), &0);
    ev.proven()
}

/// Three requests of a batch, each of them slower than a third of the deadline.
#[test]
fn deadline_is_that_of_one_request_of_a_batch() {
    let scene = Api::live().scene();
    let (proxy, keys) = scene.behind(Vec::new());
    let made: Vec<_> = (0..300)
        .map(|_| wait(keys.generate_dek(&name("ct"), &context(1))).unwrap().1)
        .map(|stanza| (stanza, context(1)))
        .collect();
    proxy.set_rules(vec![Rule::on("/rewrap/", Action::Delay(Duration::from_millis(800)))]);
    let timer: Arc<dyn Timer> = Arc::new(ThreadTimer);
    let mut guards = Guards::default();
    (guards.deadline, guards.retry) = (Some(Duration::from_secs(2)), None);
    let guarded = guards.around(Arc::new(keys), &timer);
    let answers = wait(guarded.rewrap_deks(&made, &name("ct")));
    assert!(answers.len() == 300 && answers.iter().all(Result::is_ok));
    assert_eq!(proxy.recording().exchanges_of("/rewrap/").len(), 3);
}

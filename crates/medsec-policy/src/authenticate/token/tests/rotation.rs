//! Keys that come and go.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use medsec_evidence::{Ev, Proven, evidence};
use serde_json::Value;

use super::making::{Draft, keys, rules};
use crate::authenticate::key_set::{KeySet, KeySetError, KeySetSource};
use crate::authenticate::testing::{HandClock, T0};
use crate::authenticate::token::{ReplayGuard, TokenAuthenticator, TokenSetup};
use crate::authenticate::{Authenticator as _, RefusedBecause as Because};

/// Has one set now and another when it is asked for a newer one.
#[derive(Debug)]
struct Rotating {
    now: Mutex<Result<Arc<KeySet>, KeySetError>>,
    next: Mutex<Result<Arc<KeySet>, KeySetError>>,
    hints: AtomicUsize,
}

impl KeySetSource for Rotating {
    fn current(&self) -> Result<Arc<KeySet>, KeySetError> {
        self.now.lock().unwrap().clone()
    }

    fn refresh_hint(&self) {
        self.hints.fetch_add(1, Ordering::SeqCst);
        *self.now.lock().unwrap() = self.next.lock().unwrap().clone();
    }
}

/// The provider's set with only these keys.
fn only(names: &[&str]) -> Result<Arc<KeySet>, KeySetError> {
    let mut set = keys().set();
    let has = |key: &Value| names.contains(&key["kid"].as_str().unwrap());
    set["keys"].as_array_mut().unwrap().retain(has);
    KeySet::parse(set.to_string().as_bytes()).map(Arc::new)
}

struct Scene {
    judge: TokenAuthenticator,
    source: Arc<Rotating>,
    clock: Arc<HandClock>,
}

fn scene(now: Result<Arc<KeySet>, KeySetError>, next: Result<Arc<KeySet>, KeySetError>) -> Scene {
    let (now, next) = (Mutex::new(now), Mutex::new(next));
    let source = Arc::new(Rotating { now, next, hints: AtomicUsize::new(0) });
    let clock = HandClock::at(T0);
    let setup = TokenSetup {
        rules: rules(),
        keys: source.clone(),
        replay: Arc::new(ReplayGuard::new(ReplayGuard::USUAL_CAPACITY)),
        clock: clock.clone(),
    };
    Scene { judge: TokenAuthenticator::new(setup).unwrap(), source, clock }
}

impl Scene {
    fn show(&self, draft: &Draft) -> Option<Because> {
        self.judge.authenticate(draft.sign().as_bytes()).err().map(|error| error.reason())
    }

    fn hints(&self) -> usize {
        self.source.hints.load(Ordering::SeqCst)
    }
}

#[test]
fn made_up_key_names_do_not_make_the_source_work() {
    let scene = scene(only(&["es256"]), only(&["es256"]));
    for number in 0..50 {
        let draft = Draft::good().head("kid", format!("made-up-{number}"));
        assert_eq!(scene.show(&draft), Some(Because::KeyUnknown));
    }
    assert_eq!(scene.hints(), 1);
    scene.clock.pass(29);
    assert_eq!(scene.show(&Draft::good()), Some(Because::KeyUnknown));
    assert_eq!(scene.hints(), 1);
    scene.clock.pass(1);
    assert_eq!(scene.show(&Draft::good()), Some(Because::KeyUnknown));
    assert_eq!(scene.hints(), 2);
}

#[test]
fn new_key_is_found_when_a_token_names_it() {
    let scene = scene(only(&["es256"]), only(&["es256", "eddsa"]));
    assert_eq!(scene.show(&Draft::good()), None);
    assert_eq!(scene.hints(), 1);
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "a token is refused once its key is withdrawn, and while there are no keys",
    polarity = deny,
)]
fn withdrawn_key_proves_nobody(ev: Ev) -> Proven {
    let withdrawn = scene(only(&["eddsa"]), only(&["es256"]));
    withdrawn.source.refresh_hint();
    let token = Draft::good().sign();
    ev.denies(withdrawn.judge.authenticate(token.as_bytes()), |e| {
        e.reason() == Because::KeyUnknown
    });
    let gone = scene(Err(KeySetError::Unavailable), only(&["eddsa"]));
    ev.denies(gone.judge.authenticate(token.as_bytes()), |e| {
        e.reason() == Because::KeysUnavailable && e.is_retryable()
    });
    ev.proven()
}

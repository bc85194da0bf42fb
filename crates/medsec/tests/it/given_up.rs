//! Requests that are given up at any moment: what was announced has an end on record.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use medsec::{Custodian, OpenRequest, RewrapWish, SessionLogin};
use medsec_audit::{Action, Failure, Outcome};
use medsec_crypto::{Assurance, Dek, KeyRef, Stanza};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::{KeyContext, KeyDescription, KeyFuture, KeyName, KeyService, KeyServiceError};
use medsec_policy::Purpose;
use medsec_testkit::WatchedJournal;

use crate::support::{Scene, header, key, request, seal_wish, wish};

/// Pending twice before it goes on, as a service elsewhere is.
struct Twice(u8);

impl Future for Twice {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.0 += 1;
        context.waker().wake_by_ref();
        if self.0 > 2 { Poll::Ready(()) } else { Poll::Pending }
    }
}

/// A service that takes its time.
#[derive(Debug)]
struct Slow(Arc<dyn KeyService>);

impl KeyService for Slow {
    fn generate_dek<'a>(
        &'a self,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, (Dek, Stanza)> {
        Box::pin(async move {
            Twice(0).await;
            self.0.generate_dek(key, context).await
        })
    }

    fn wrap_dek<'a>(
        &'a self,
        key: &'a KeyName,
        dek: &'a Dek,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        Box::pin(async move {
            Twice(0).await;
            self.0.wrap_dek(key, dek, context).await
        })
    }

    fn unwrap_dek<'a>(&'a self, stanza: &'a Stanza, context: &'a KeyContext) -> KeyFuture<'a, Dek> {
        Box::pin(async move {
            Twice(0).await;
            self.0.unwrap_dek(stanza, context).await
        })
    }

    fn rewrap_dek<'a>(
        &'a self,
        stanza: &'a Stanza,
        key: &'a KeyName,
        context: &'a KeyContext,
    ) -> KeyFuture<'a, Stanza> {
        self.0.rewrap_dek(stanza, key, context)
    }

    fn admits(&self, key: &KeyRef) -> Result<(), KeyServiceError> {
        self.0.admits(key)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        Box::pin(async move {
            Twice(0).await;
            self.0.describe_key(key).await
        })
    }

    fn assurance(&self) -> Assurance {
        self.0.assurance()
    }
}

/// What the recorder has done whenever the future is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pace {
    /// Nothing since the future was first polled: it is given up before any answer is there.
    Held,
    /// Everything: answers lie there, and the future is given up before it takes them.
    Done,
}

/// Polls so often, then gives up. Says whether it had ended before.
fn polled<T>(future: impl Future<Output = T>, polls: usize, pace: Pace) -> bool {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if future.as_mut().poll(&mut context).is_ready() {
            return true;
        }
        if pace == Pace::Done {
            // Time for the answer to arrive. If it does not, the case is another one, and must hold too.
            std::thread::sleep(Duration::from_millis(3));
        }
    }
    false
}

/// One kind of request, for every number of polls after which it can be given up; gives how often it was announced.
#[track_caller]
fn each(
    scene: &Scene,
    (action, intents): (Action, usize),
    give_up: impl Fn(&Custodian, &SessionLogin, usize, Pace) -> bool,
) -> usize {
    let login = scene.login(&scene.ada, Arc::new(Slow(scene.keyring(&scene.ada))));
    let mut announced = 0;
    for pace in [Pace::Held, Pace::Done] {
        let before = announced;
        for polls in 0..40 {
            let gate = Arc::new(Mutex::new(()));
            let held = Arc::clone(&gate);
            let journal = WatchedJournal::new(Arc::clone(&scene.writer) as _, move |_, _| {
                drop(held.lock().unwrap());
                Ok(())
            });
            let custodian = scene.recording_to(Arc::new(journal));
            let told = scene.trail();
            let shut = (pace == Pace::Held).then(|| gate.lock().unwrap());
            let ended = give_up(&custodian, &login, polls, pace);
            drop(shut);
            custodian.close();
            let operations = told.operations();
            assert!([0, intents].contains(&operations.len()), "{operations:?}");
            let interrupted = Some(Outcome::Failure(Failure::Interrupted));
            let expected = vec![(action, interrupted); operations.len()];
            assert_eq!(operations, expected, "{pace:?}, given up after {polls} polls");
            announced += usize::from(!operations.is_empty());
            if ended {
                break;
            }
        }
        assert!(announced > before + 1, "{pace:?}: it was given up after it was announced");
    }
    announced
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "an access that was announced and given up at any moment has an end on record",
    polarity = allow,
)]
fn opens_given_up_after_any_number_of_polls_have_an_end(ev: Ev) -> Proven {
    let scene = Scene::new();
    let packages = [scene.sealed_as("one", 1), scene.sealed_as("two", 2)];
    let wish = wish();
    let requests = || -> Vec<_> {
        packages.iter().map(|p| OpenRequest { header: header(p), wish: &wish }).collect()
    };
    let announced = each(&scene, (Action::Open, 2), |custodian, login, polls, pace| {
        polled(custodian.open_all(login, requests()), polls, pace)
    });
    ev.holds(
        "requests were given up after they were announced, and each has its end",
        announced > 2,
    );
    ev.proven()
}

#[test]
fn seals_given_up_after_any_number_of_polls_have_an_end() {
    let scene = Scene::set(|settings| settings.sealing.max_key_age_days = Some(30));
    let key = key();
    let keys = [&key];
    let wish = seal_wish(&keys, true);
    each(&scene, (Action::Seal, 2), |custodian, login, polls, pace| {
        polled(custodian.seal_all(login, vec![request(), request()], &wish), polls, pace)
    });
}

#[test]
fn rewraps_given_up_after_any_number_of_polls_have_an_end() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let purpose = Some(Purpose::SystemAdministration);
    let wish = RewrapWish { purpose, reproduced: medsec_crypto::Context::new() };
    each(&scene, (Action::Rewrap, 1), |custodian, login, polls, pace| {
        polled(custodian.rewrap(login, header(&package), &wish), polls, pace)
    });
}

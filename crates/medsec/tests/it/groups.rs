//! Many packages at once: one commit for all intents, and one that is refused hurts no other.

use std::fs::File;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use medsec::{OpenRequest, ReleaseGroup};
use medsec_audit::{Action, Denial, Failure, Outcome, Phase};
use medsec_crypto::{Execution, GroupLimits, OutputOptions, PendingFile};
use medsec_kms::{KeyContext, KeyDescription, KeyFuture, KeyName, KeyService, KeyServiceError};
use medsec_testkit::{Asked, WatchedJournal};

use crate::support::{Scene, content, header, key, request, seal_wish, wish};

const DONE: Option<Outcome> = Some(Outcome::Success);

#[test]
fn open_all_refuses_one_among_many_and_opens_the_others() {
    let scene = Scene::new();
    let packages: Vec<_> = (0..5).map(|n| scene.sealed_as(&format!("p{n}"), 100 * n)).collect();
    let journal = Arc::new(WatchedJournal::new(Arc::clone(&scene.writer) as _, |_, _| Ok(())));
    let custodian = scene.recording_to(Arc::clone(&journal) as _);
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let told = scene.trail();
    let (wish, mut other) = (wish(), wish());
    other.purpose = None;
    let requests = packages.iter().enumerate().map(|(number, package)| OpenRequest {
        header: header(package),
        wish: if number == 2 { &other } else { &wish },
    });
    let granted = pollster::block_on(custodian.open_all(&login, requests.collect()));
    assert_eq!(keys.count(Asked::Unwrap), 4);
    // One for the refusal, one for the four intents.
    assert_eq!((journal.calls(), told.commits()), (2, 2));
    let mut lens = Vec::new();
    for (granted, package) in granted.into_iter().zip(&packages) {
        let source = File::open(package).unwrap();
        let how = Execution::default();
        let opened = granted.map(|grant| grant.open_to_memory(source, 1 << 20, &how).unwrap());
        lens.push(opened.ok().map(|(content, _)| content.len()));
    }
    assert_eq!(lens, [Some(0), Some(100), None, Some(300), Some(400)], "in their order");
    assert_eq!(told.operations(), [(Action::Open, DONE); 4]);
    let refused = Phase::Single {
        request: told.events()[0].phase.request(),
        outcome: Outcome::Denied(Denial::Purpose),
    };
    assert_eq!(told.phases()[0], (Action::Open, refused));
}

#[test]
fn seal_all_refuses_one_among_many_and_records_the_others_together() {
    let scene = Scene::new();
    let journal = Arc::new(WatchedJournal::new(Arc::clone(&scene.writer) as _, |_, _| Ok(())));
    let custodian = scene.recording_to(Arc::clone(&journal) as _);
    let (login, told) = (scene.ada(), scene.trail());
    let mut requests: Vec<_> = (0..8).map(|_| request()).collect();
    requests[3].spec.dataset = None;
    requests[5].spec.dataset = Some(medsec_crypto::DatasetId::new("ct-2026").unwrap());
    let key = key();
    let keys = [&key];
    let wish = seal_wish(&keys, true);
    let granted = pollster::block_on(custodian.seal_all(&login, requests, &wish));
    let refused: Vec<_> = (0..).zip(&granted).filter(|(_, g)| g.is_err()).map(|(n, _)| n).collect();
    assert_eq!(refused, [3, 5]);
    assert_eq!((journal.calls(), told.commits()), (3, 3));
    drop(granted);
    let interrupted = Some(Outcome::Failure(Failure::Interrupted));
    assert_eq!(told.operations(), [(Action::Seal, interrupted); 6]);
}

#[test]
fn intents_that_cannot_be_recorded_refuse_all_of_them() {
    let scene = Scene::new();
    let packages = [scene.sealed_as("one", 1), scene.sealed_as("two", 2)];
    let journal = WatchedJournal::failing_at(Arc::clone(&scene.writer) as _, 1);
    let custodian = scene.recording_to(Arc::new(journal));
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let wish = wish();
    let requests = packages.iter().map(|p| OpenRequest { header: header(p), wish: &wish });
    let granted = pollster::block_on(custodian.open_all(&login, requests.collect()));
    assert!(granted.iter().all(|granted| matches!(granted, Err(medsec::Refused::Record(_)))));
    assert_eq!(keys.asked(), []);
}

/// Grants for so many packages, opened into files that wait.
fn group(scene: &Scene, custodian: &medsec::Custodian, count: usize) -> ReleaseGroup<usize> {
    let mut group = ReleaseGroup::new(GroupLimits::default());
    let wish = wish();
    for number in 0..count {
        let package = scene.sealed_as(&format!("package-{number}"), 1000);
        let login = scene.ada();
        let granted = pollster::block_on(custodian.open(&login, header(&package), &wish));
        let output = scene.path(&format!("output-{number}"));
        let file = PendingFile::create(&output, OutputOptions::default()).unwrap();
        let source = File::open(&package).unwrap();
        let how = Execution::default();
        let (_, release) = granted.unwrap().open_to_release(source, file, &how).unwrap();
        group.add(release, number);
    }
    group
}

fn outputs(scene: &Scene, count: usize) -> usize {
    (0..count).filter(|number| scene.path(&format!("output-{number}")).exists()).count()
}

#[test]
fn release_group_names_nothing_without_its_record() {
    let scene = Scene::new();
    // Three intents first.
    let journal = WatchedJournal::failing_at(Arc::clone(&scene.writer) as _, 4);
    let custodian = scene.recording_to(Arc::new(journal));
    let told = scene.trail();
    let committed = group(&scene, &custodian, 3).commit();
    assert!(committed.iter().all(|(_, r)| matches!(r, Err(medsec::ReleaseError::Record(_)))));
    assert_eq!(outputs(&scene, 3), 0);
    let opened = told.operations().into_iter().filter(|(action, _)| *action == Action::Open);
    let failed = Some(Outcome::Failure(Failure::Internal));
    assert_eq!(opened.collect::<Vec<_>>(), [(Action::Open, failed); 3]);
}

#[test]
fn release_group_that_is_dropped_names_nothing() {
    let scene = Scene::new();
    let custodian = scene.custodian();
    drop(group(&scene, &custodian, 2));
    assert_eq!(outputs(&scene, 2), 0);
}

#[test]
fn release_group_records_all_outcomes_under_one_commit() {
    let scene = Scene::new();
    let custodian = scene.custodian();
    let mut group = group(&scene, &custodian, 4);
    std::fs::write(scene.path("output-1"), "mine").unwrap();
    let told = scene.trail();
    let committed = group.take().commit();
    let done: Vec<_> = committed.iter().map(|(number, result)| (*number, result.is_ok())).collect();
    assert_eq!(done, [(0, true), (1, false), (2, true), (3, true)]);
    // And one that corrects what is said of the output whose name was taken.
    assert_eq!((told.commits(), told.events().len()), (2, 5));
    assert_eq!(std::fs::read(scene.path("output-2")).unwrap(), content(1000));
    assert_eq!(std::fs::read(scene.path("output-1")).unwrap(), b"mine");
    assert!(group.commit().is_empty());
}

/// A service that never answers.
#[derive(Debug)]
struct Silent(Arc<dyn KeyService>);

impl KeyService for Silent {
    fn generate_dek<'a>(
        &'a self,
        _: &'a KeyName,
        _: &'a KeyContext,
    ) -> KeyFuture<'a, (medsec_crypto::Dek, medsec_crypto::Stanza)> {
        Box::pin(std::future::pending())
    }

    fn wrap_dek<'a>(
        &'a self,
        _: &'a KeyName,
        _: &'a medsec_crypto::Dek,
        _: &'a KeyContext,
    ) -> KeyFuture<'a, medsec_crypto::Stanza> {
        Box::pin(std::future::pending())
    }

    fn unwrap_dek<'a>(
        &'a self,
        _: &'a medsec_crypto::Stanza,
        _: &'a KeyContext,
    ) -> KeyFuture<'a, medsec_crypto::Dek> {
        Box::pin(std::future::pending())
    }

    fn rewrap_dek<'a>(
        &'a self,
        _: &'a medsec_crypto::Stanza,
        _: &'a KeyName,
        _: &'a KeyContext,
    ) -> KeyFuture<'a, medsec_crypto::Stanza> {
        Box::pin(std::future::pending())
    }

    fn admits(&self, key: &medsec_crypto::KeyRef) -> Result<(), KeyServiceError> {
        self.0.admits(key)
    }

    fn describe_key<'a>(&'a self, key: &'a KeyName) -> KeyFuture<'a, KeyDescription> {
        self.0.describe_key(key)
    }

    fn assurance(&self) -> medsec_crypto::Assurance {
        self.0.assurance()
    }
}

/// Polls until the intents are on record and a key is being waited for, then gives up.
fn given_up<T>(future: impl Future<Output = T>, told: &crate::support::Told, intents: usize) {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    while told.events().len() < intents {
        assert!(matches!(future.as_mut().poll(&mut context), Poll::Pending));
        std::thread::yield_now();
    }
    // Whatever was announced has arrived.
    for _ in 0..3 {
        assert!(matches!(future.as_mut().poll(&mut context), Poll::Pending));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn giving_up_while_a_key_is_waited_for_owes_the_log_nothing() {
    let scene = Scene::new();
    let packages = [scene.sealed_as("one", 1), scene.sealed_as("two", 2)];
    let (custodian, told) = (scene.custodian(), scene.trail());
    let login = scene.login(&scene.ada, Arc::new(Silent(scene.keyring(&scene.ada))));
    let wish = wish();
    let requests = packages.iter().map(|p| OpenRequest { header: header(p), wish: &wish });
    given_up(custodian.open_all(&login, requests.collect()), &told, 2);
    let interrupted = Some(Outcome::Failure(Failure::Interrupted));
    assert_eq!(told.operations(), [(Action::Open, interrupted); 2]);
    let told = scene.trail();
    let key = key();
    let keys = [&key];
    let wish = seal_wish(&keys, true);
    given_up(custodian.seal_all(&login, vec![request(), request()], &wish), &told, 2);
    assert_eq!(told.operations(), [(Action::Seal, interrupted); 2]);
}

//! What comes before what: the record before the key, the outcome before the name.

use std::sync::{Arc, Mutex};

use medsec_audit::{Action, Event, Outcome, Phase};
use medsec_crypto::{Execution, OutputOptions};
use medsec_testkit::{Asked, CountingKeys, WatchedJournal};

use crate::support::{Scene, Told, content, open, open_to, seal, wish};

/// What the log told, each time.
type Seen = Arc<Mutex<Vec<Vec<Event>>>>;

/// Keys of ada's, and what the log on disk told each time one was asked for.
fn watched(scene: &Scene) -> (Arc<CountingKeys>, Seen) {
    let (told, seen) = (scene.trail(), Seen::default());
    let seen_by = Arc::clone(&seen);
    let keys = CountingKeys::watched(scene.keyring(&scene.ada), move |_| {
        seen_by.lock().unwrap().push(Told::events(&told));
    });
    (Arc::new(keys), seen)
}

#[track_caller]
fn assert_announced(seen: &[Vec<Event>], action: Action) {
    let [events] = seen else { panic!("asked {} times", seen.len()) };
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!(event.action, action);
    assert!(matches!(event.phase, Phase::Intent { .. }), "{event:?}");
    assert!(event.subject.package.is_some() && event.ruling.is_some());
}

#[test]
fn intent_to_open_is_durable_before_the_key_is_asked_for() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let (keys, seen) = watched(&scene);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    drop(open(&scene.custodian(), &login, &package, &wish()).unwrap());
    assert_eq!(keys.asked(), [Asked::Unwrap]);
    assert_announced(&seen.lock().unwrap(), Action::Open);
}

#[test]
fn intent_to_seal_is_durable_before_the_key_is_asked_for() {
    let scene = Scene::new();
    let (keys, seen) = watched(&scene);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    drop(seal(&scene.custodian(), &login, true).unwrap());
    assert_eq!(keys.asked(), [Asked::Generate]);
    assert_announced(&seen.lock().unwrap(), Action::Seal);
}

#[test]
fn outcome_is_on_record_before_the_output_has_its_name() {
    let scene = Scene::new();
    let (package, output) = (scene.sealed(1000), scene.path("output"));
    let seen = Arc::<Mutex<Vec<(bool, bool)>>>::default();
    let (look, noted) = (output.clone(), Arc::clone(&seen));
    let journal = WatchedJournal::new(Arc::clone(&scene.writer) as _, move |_, events| {
        let done = |e: &Event| matches!(e.phase, Phase::Ended { outcome: Outcome::Success, .. });
        noted.lock().unwrap().push((events.iter().any(done), look.exists()));
        Ok(())
    });
    let custodian = scene.recording_to(Arc::new(journal));
    open_to(&custodian, &scene.ada(), &package, &output).unwrap();
    assert!(output.exists());
    // The intent, then the outcome; the output has no name at either.
    assert_eq!(*seen.lock().unwrap(), [(false, false), (true, false)]);
}

#[test]
fn outcome_of_sealing_is_on_record_before_the_package_has_its_name() {
    let scene = Scene::new();
    let path = scene.path("package");
    let seen = Arc::<Mutex<Vec<bool>>>::default();
    let (look, noted) = (path.clone(), Arc::clone(&seen));
    let journal = WatchedJournal::new(Arc::clone(&scene.writer) as _, move |_, _| {
        noted.lock().unwrap().push(look.exists());
        Ok(())
    });
    let grant = seal(&scene.recording_to(Arc::new(journal)), &scene.ada(), true).unwrap();
    let (content, options) = (content(1000), OutputOptions::default());
    grant.seal_to_file(&content[..], &path, options, &Execution::default()).unwrap();
    assert!(path.exists());
    assert_eq!(*seen.lock().unwrap(), [false, false]);
}

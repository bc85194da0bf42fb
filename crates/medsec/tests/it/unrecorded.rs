//! What cannot be recorded does not happen: the log refuses at any point, and nothing is opened or released.

use std::fs::File;
use std::sync::Arc;

use medsec::{Journal, JournalError, Refused, ReleaseError};
use medsec_audit::{Action, Failure, Outcome};
use medsec_crypto::{Execution, OutputOptions};
use medsec_testkit::{Asked, CountingKeys, WatchedJournal};

use crate::refusals::refused;
use crate::support::{Scene, content, open, open_to, seal, wish};

/// The scene's log, which takes nothing at the call with this number.
fn failing_at(scene: &Scene, call: usize) -> Arc<WatchedJournal> {
    Arc::new(WatchedJournal::failing_at(Arc::clone(&scene.writer) as _, call))
}

#[test]
fn open_rejects_what_cannot_be_announced() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let told = scene.trail();
    let custodian = scene.recording_to(failing_at(&scene, 1));
    let why = refused(&scene, &custodian, (&login, &keys), (&package, &wish()));
    assert!(matches!(why, Refused::Record(JournalError::Unreachable)), "{why:?}");
    let text = why.to_string();
    assert_eq!(text, "it could not be recorded: who keeps the audit log cannot be reached");
    assert_eq!(told.events(), []);
    // The next time the log takes it.
    drop(open(&custodian, &login, &package, &wish()).unwrap());
}

#[test]
fn seal_rejects_what_cannot_be_announced() {
    let scene = Scene::new();
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let custodian = scene.recording_to(failing_at(&scene, 1));
    let why = seal(&custodian, &login, true).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Record(JournalError::Unreachable)), "{why:?}");
    assert_eq!(keys.count(Asked::Generate), 0);
}

#[test]
fn refusal_stays_one_where_it_cannot_be_recorded() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let keys = scene.keys(&scene.bela);
    let login = scene.login(&scene.bela, Arc::clone(&keys) as _);
    let custodian = scene.recording_to(failing_at(&scene, 1));
    let why = refused(&scene, &custodian, (&login, &keys), (&package, &wish()));
    assert!(matches!(why, Refused::Policy(_)), "{why:?}");
}

#[test]
fn file_without_outcome_on_record_gets_no_name() {
    let scene = Scene::new();
    let (package, output) = (scene.sealed(100_000), scene.path("output"));
    let custodian = scene.recording_to(failing_at(&scene, 2));
    let told = scene.trail();
    let why = open_to(&custodian, &scene.ada(), &package, &output).unwrap_err();
    assert!(matches!(why, ReleaseError::Record(JournalError::Unreachable)), "{why:?}");
    assert!(!output.exists());
    // As soon as the log takes something again, it says that nothing was released.
    let failed = Outcome::Failure(Failure::Internal);
    assert_eq!(told.operations(), [(Action::Open, Some(failed))]);
}

#[test]
fn content_without_outcome_on_record_is_not_released_into_memory() {
    let scene = Scene::new();
    let package = scene.sealed(1000);
    let journal = Arc::new(WatchedJournal::failing_from(Arc::clone(&scene.writer) as _, 2));
    let custodian = scene.recording_to(journal);
    let grant = open(&custodian, &scene.ada(), &package, &wish()).unwrap();
    let source = File::open(&package).unwrap();
    let why = grant.open_to_memory(source, 1 << 20, &Execution::default()).map(drop).unwrap_err();
    assert!(matches!(why, ReleaseError::Record(_)), "{why:?}");
}

#[test]
fn package_without_outcome_on_record_gets_no_name() {
    let scene = Scene::new();
    let custodian = scene.recording_to(failing_at(&scene, 2));
    let grant = seal(&custodian, &scene.ada(), true).unwrap();
    let (path, content) = (scene.path("package"), content(1000));
    let options = OutputOptions::default();
    let why = grant.seal_to_file(&content[..], &path, options, &Execution::default()).unwrap_err();
    assert!(matches!(why, ReleaseError::Record(_)), "{why:?}");
    assert!(!path.exists());
}

#[test]
fn reading_cannot_be_closed_without_its_record() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let custodian = scene.recording_to(failing_at(&scene, 2));
    let grant = open(&custodian, &scene.ada(), &package, &wish()).unwrap();
    let why = grant.close(Ok(())).unwrap_err();
    assert!(matches!(why, ReleaseError::Record(_)), "{why:?}");
}

#[test]
fn output_that_is_there_already_is_left_and_told() {
    let scene = Scene::new();
    let (package, output) = (scene.sealed(1000), scene.path("output"));
    std::fs::write(&output, "mine").unwrap();
    let told = scene.trail();
    let why = open_to(&scene.custodian(), &scene.ada(), &package, &output).unwrap_err();
    assert!(matches!(why, ReleaseError::Output(_)), "{why:?}");
    assert_eq!(std::fs::read(&output).unwrap(), b"mine");
    let failed = Outcome::Failure(Failure::Output);
    assert_eq!(told.operations(), [(Action::Open, Some(failed))]);
}

#[test]
fn output_that_cannot_be_named_corrects_its_record() {
    let scene = Scene::new();
    let (package, output) = (scene.sealed(1000), scene.path("output"));
    // Somebody takes the name after everything was checked, while the outcome is being recorded.
    let taken = output.clone();
    let journal = WatchedJournal::new(Arc::clone(&scene.writer) as _, move |call, _| {
        if call == 2 {
            std::fs::write(&taken, "mine").unwrap();
        }
        Ok(())
    });
    let custodian = scene.recording_to(Arc::new(journal) as Arc<dyn Journal>);
    let told = scene.trail();
    let why = open_to(&custodian, &scene.ada(), &package, &output).unwrap_err();
    assert!(matches!(why, ReleaseError::Output(_)), "{why:?}");
    assert_eq!(std::fs::read(&output).unwrap(), b"mine");
    let failed = Outcome::Failure(Failure::Output);
    assert_eq!(told.operations(), [(Action::Open, Some(failed))]);
    assert_eq!(told.events().len(), 3, "announced, said to be done, corrected");
}

#[test]
fn counted_keys_are_those_that_were_used() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let keys = Arc::new(CountingKeys::new(scene.keyring(&scene.ada)));
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    drop(open(&scene.custodian(), &login, &package, &wish()).unwrap());
    assert_eq!(keys.asked(), [Asked::Unwrap]);
}

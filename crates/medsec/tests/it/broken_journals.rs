//! A journal that panics, and recording that was closed while something was still granted: an error, or a record in the
//! caller's own thread; nothing is released without one, and nobody waits for ever.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use medsec::{Custodian, Grant, JournalError, Refused, ReleaseError};
use medsec_audit::{Action, Failure, Outcome};
use medsec_crypto::{Execution, Opened, OutputOptions};
use medsec_testkit::WatchedJournal;

use crate::refusals::refused;
use crate::support::{Scene, open, seal, wish};

/// The scene's log, which panics from the call with this number on.
fn panicking_from(scene: &Scene, number: usize) -> (Custodian, Arc<WatchedJournal>) {
    let journal = Arc::new(WatchedJournal::new(Arc::clone(&scene.writer) as _, move |call, _| {
        assert!(call < number, "a journal with a fault");
        Ok(())
    }));
    (scene.recording_to(Arc::clone(&journal) as _), journal)
}

fn to_file(grant: Grant, package: &Path, output: &Path) -> Result<Opened, ReleaseError> {
    let source = File::open(package).unwrap();
    grant.open_to_file(source, output, OutputOptions::default(), &Execution::default())
}

#[test]
fn nothing_opens_once_the_journal_panicked() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let (custodian, journal) = panicking_from(&scene, 1);
    for _ in 0..3 {
        let why = refused(&scene, &custodian, (&login, &keys), (&package, &wish()));
        assert!(matches!(why, Refused::Record(JournalError::Stopped)), "{why:?}");
        let why = seal(&custodian, &login, true).map(drop).unwrap_err();
        assert!(matches!(why, Refused::Record(JournalError::Stopped)), "{why:?}");
    }
    assert_eq!((keys.asked(), journal.calls()), (vec![], 1), "it is asked nothing more");
    custodian.close();
}

#[test]
fn output_whose_record_panicked_gets_no_name() {
    let scene = Scene::new();
    let (package, output) = (scene.sealed(1000), scene.path("output"));
    let (custodian, _) = panicking_from(&scene, 2);
    let told = scene.trail();
    let grant = open(&custodian, &scene.ada(), &package, &wish()).unwrap();
    let why = to_file(grant, &package, &output).unwrap_err();
    assert!(matches!(why, ReleaseError::Record(JournalError::Stopped)), "{why:?}");
    assert!(!output.exists());
    custodian.close();
    // An intent without an end is what readers of the log find.
    assert_eq!(told.events().len(), 1);
}

#[test]
fn grants_that_are_dropped_after_a_panic_take_nobody_with_them() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let (custodian, journal) = panicking_from(&scene, 3);
    let login = scene.ada();
    let [first, second] = [(); 2].map(|()| open(&custodian, &login, &package, &wish()).unwrap());
    drop(first);
    // Also while another panic unwinds, where a second one would end the process.
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _held = second;
        std::panic::resume_unwind(Box::new("the caller's own fault"));
    }));
    assert!(unwound.is_err());
    custodian.close();
    assert_eq!(journal.calls(), 3);
}

#[test]
fn grant_that_outlives_the_recording_is_ended_on_record_in_the_thread_that_drops_it() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let custodian = scene.custodian();
    let grant = open(&custodian, &scene.ada(), &package, &wish()).unwrap();
    custodian.close();
    let told = scene.trail();
    drop(grant);
    // It is there at once: nobody else writes it.
    assert_eq!(told.events().len(), 1);
}

#[test]
fn grant_that_outlives_the_recording_releases_with_its_record_and_not_without() {
    let scene = Scene::new();
    let package = scene.sealed(1000);
    for (number, takes) in [(usize::MAX, true), (2, false)] {
        let output = scene.path(&format!("output-{number}"));
        let told = scene.trail();
        let journal = WatchedJournal::failing_from(Arc::clone(&scene.writer) as _, number);
        let custodian = scene.recording_to(Arc::new(journal));
        let grant = open(&custodian, &scene.ada(), &package, &wish()).unwrap();
        custodian.close();
        let released = to_file(grant, &package, &output);
        assert_eq!((released.is_ok(), output.exists()), (takes, takes));
        let done = [(Action::Open, Some(Outcome::Success))];
        match takes {
            true => assert_eq!(told.operations(), done),
            false => assert_eq!(told.events().len(), 1, "announced, and no more"),
        }
    }
}

#[test]
fn request_that_is_given_up_after_a_panic_leaves_no_end_to_nothing() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let (custodian, _) = panicking_from(&scene, 1);
    let told = scene.trail();
    let login = scene.ada();
    let wish = wish();
    let header = crate::support::header(&package);
    let mut asked = Box::pin(custodian.open(&login, header, &wish));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let _ = asked.as_mut().poll(&mut context);
    drop(asked);
    custodian.close();
    assert_eq!(told.events(), []);
    let failed = Outcome::Failure(Failure::Interrupted);
    assert!(!told.operations().contains(&(Action::Open, Some(failed))));
}

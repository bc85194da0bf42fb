//! Grants and the session that they were given in: when it ends, so do they, and the log says why.

mod passing;
mod uses;

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use medsec::{
    Aim, Custodian, Grant, Login as _, NotLoggedIn, OpenWish, Refused, ReleaseError, SessionLogin,
    UseError,
};
use medsec_audit::{Action, Denial, Outcome};
use medsec_crypto::{Backend, Execution, OutputOptions, PendingFile};
use medsec_policy::EndReason;
use medsec_testkit::{Asked, CountingKeys};

use crate::support::{Scene, content, open, seal, wish};

const ENDED: Option<Outcome> = Some(Outcome::Denied(Denial::SessionEnded));
const MINUTE: Duration = Duration::from_secs(60);

/// Ada, about to read a package, and what the log says of her.
struct Reading {
    scene: Scene,
    custodian: Custodian,
    login: SessionLogin,
    package: PathBuf,
}

impl Reading {
    fn of(len: usize) -> Self {
        let scene = Scene::new();
        let package = scene.sealed(len);
        let (custodian, login) = (scene.custodian(), scene.ada());
        Self { scene, custodian, login, package }
    }

    fn grant(&self) -> Grant {
        let wish = OpenWish { aim: Aim::Ranges, ..wish() };
        open(&self.custodian, &self.login, &self.package, &wish).unwrap()
    }

    fn log_out(&self) {
        assert!(self.login.session().end(EndReason::LoggedOut));
    }
}

fn source(package: &Path) -> File {
    File::open(package).unwrap()
}

#[test]
fn grant_is_refused_for_the_reason_its_session_ended_for() {
    type End = fn(&Reading);
    let ends: [(NotLoggedIn, End); 5] = [
        (NotLoggedIn::Idle, |reading| reading.scene.clock.advance(15 * MINUTE)),
        (NotLoggedIn::LoggedOut, Reading::log_out),
        (NotLoggedIn::Revoked, |reading| {
            assert!(reading.login.session().end(EndReason::Revoked));
        }),
        (NotLoggedIn::Clock, |reading| reading.scene.clock.fail()),
        (NotLoggedIn::Expired, |reading| {
            for _ in 0..52 {
                reading.scene.clock.advance(14 * MINUTE);
                let _ = reading.login.current();
            }
        }),
    ];
    for (expected, end) in ends {
        let reading = Reading::of(1000);
        let told = reading.scene.trail();
        let grant = reading.grant();
        end(&reading);
        let output = reading.scene.path("output");
        let (how, options) = (Execution::default(), OutputOptions::default());
        let why = grant.open_to_file(source(&reading.package), &output, options, &how);
        assert!(matches!(why, Err(ReleaseError::Login(why)) if why == expected), "{why:?}");
        assert!(!output.exists());
        assert_eq!(told.operations(), [(Action::ReadRange, ENDED)], "{expected:?}");
    }
}

#[test]
fn reader_under_way_is_refused_and_what_it_read_is_told() {
    let reading = Reading::of(3 << 20);
    let told = reading.scene.trail();
    let grant = reading.grant();
    let mut reader = grant.reader(source(&reading.package), Backend::default()).unwrap();
    let mut part = [0; 1000];
    assert_eq!(reader.read_range(2 << 20, &mut part).unwrap(), 1000);
    reading.log_out();
    let why = reader.read_range(0, &mut part).unwrap_err();
    assert!(matches!(why, UseError::Login(NotLoggedIn::LoggedOut)), "{why:?}");
    assert_eq!(part, [0; 1000], "nothing of what was read before is left in it");
    let error = reader.read(&mut part).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    assert_eq!(error.to_string(), "the session was ended by its user");
    assert!(reader.content_len().is_err());
    drop(reader);
    // Whatever the caller makes of it.
    grant.close(Ok(())).unwrap();
    assert_eq!(told.operations(), [(Action::ReadRange, ENDED)]);
    let extent = told.events()[1].subject.extent.unwrap();
    assert_eq!((extent.bytes.get(), extent.ranges.get()), (1000, 1));
}

#[test]
fn grant_dropped_after_it_was_refused_says_so() {
    let reading = Reading::of(10);
    let told = reading.scene.trail();
    let (refused, unused) = (reading.grant(), reading.grant());
    reading.log_out();
    refused.verify(source(&reading.package), &Execution::default()).unwrap_err();
    drop(refused);
    drop(unused);
    let interrupted = Some(Outcome::Failure(medsec_audit::Failure::Interrupted));
    // Nobody tried to use the other one.
    let expected = [(Action::ReadRange, ENDED), (Action::ReadRange, interrupted)];
    assert_eq!(told.operations(), expected);
}

#[test]
fn what_was_read_in_time_and_closed_later_is_a_success() {
    let reading = Reading::of(1000);
    let told = reading.scene.trail();
    let grant = reading.grant();
    let mut reader = grant.reader(source(&reading.package), Backend::default()).unwrap();
    reader.read_exact(&mut [0; 10]).unwrap();
    drop(reader);
    reading.log_out();
    grant.close(Ok(())).unwrap();
    assert_eq!(told.operations(), [(Action::ReadRange, Some(Outcome::Success))]);
}

#[test]
fn what_else_was_wrong_is_not_hidden_by_the_end() {
    let reading = Reading::of(1000);
    let told = reading.scene.trail();
    let grant = reading.grant();
    let damaged = UseError::Open(medsec_crypto::OpenError::Damaged { chunk: 0 });
    reading.log_out();
    grant.verify(source(&reading.package), &Execution::default()).unwrap_err();
    grant.close(Err(&damaged)).unwrap();
    let failed = Some(Outcome::Failure(medsec_audit::Failure::Damaged));
    assert_eq!(told.operations(), [(Action::ReadRange, failed)]);
}

#[test]
fn reading_is_use_of_the_session_and_having_a_grant_is_none() {
    let reading = Reading::of(3 << 20);
    let grant = reading.grant();
    let mut reader = grant.reader(source(&reading.package), Backend::default()).unwrap();
    for _ in 0..5 {
        reading.scene.clock.advance(14 * MINUTE);
        reader.read_exact(&mut [0; 10]).unwrap();
    }
    reading.scene.clock.advance(15 * MINUTE);
    let why = reader.read_range(0, &mut [0; 10]).unwrap_err();
    assert!(matches!(why, UseError::Login(NotLoggedIn::Idle)), "{why:?}");
}

#[test]
fn complete_output_of_an_ended_session_gets_no_name() {
    let reading = Reading::of(1000);
    let told = reading.scene.trail();
    let path = reading.scene.path("output");
    let file = || PendingFile::create(&path, OutputOptions::default()).unwrap();
    let how = Execution::default();
    let opened = reading.grant().open_to_release(source(&reading.package), file(), &how).unwrap();
    let sealing = seal(&reading.custodian, &reading.login, true).unwrap();
    let sealed = sealing.seal_to_release(&content(10)[..], file(), &how).unwrap();
    reading.log_out();
    for release in [opened.1, sealed.1] {
        let why = release.publish().unwrap_err();
        assert!(matches!(why, ReleaseError::Login(NotLoggedIn::LoggedOut)), "{why:?}");
        assert!(!path.exists());
    }
    assert_eq!(told.operations(), [(Action::ReadRange, ENDED), (Action::Seal, ENDED)]);
}

#[test]
fn group_of_an_ended_session_releases_nothing() {
    let reading = Reading::of(1000);
    let told = reading.scene.trail();
    let paths: Vec<_> = (0..3).map(|n| reading.scene.path(&format!("output-{n}"))).collect();
    let mut group = medsec::ReleaseGroup::new(medsec_crypto::GroupLimits::default());
    for (number, path) in paths.iter().enumerate() {
        let file = PendingFile::create(path, OutputOptions::default()).unwrap();
        let grant = reading.grant();
        let how = Execution::default();
        let opened = grant.open_to_release(source(&reading.package), file, &how).unwrap();
        group.add(opened.1, number);
    }
    reading.log_out();
    let results = group.commit();
    let refused =
        |result: &Result<_, _>| matches!(result, Err(ReleaseError::Login(NotLoggedIn::LoggedOut)));
    assert!(results.iter().all(|(_, result)| refused(result)), "{results:?}");
    assert_eq!(results.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(paths.iter().all(|path| !path.exists()));
    assert_eq!(told.operations(), [(Action::ReadRange, ENDED); 3]);
}

/// Opens and seals with a session that ends while a key is asked for.
#[test]
fn session_that_ends_while_a_key_is_asked_for_gets_no_grant() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let custodian = scene.custodian();
    let ending = |what| {
        let place = std::sync::Arc::new(std::sync::OnceLock::<SessionLogin>::new());
        let seen = std::sync::Arc::clone(&place);
        let keys = CountingKeys::watched(scene.keyring(&scene.ada), move |asked| {
            assert_eq!(asked, what);
            assert!(seen.get().unwrap().session().end(EndReason::Revoked));
        });
        let login = scene.login(&scene.ada, std::sync::Arc::new(keys));
        place.set(login.clone()).unwrap();
        login
    };
    let told = scene.trail();
    let why = open(&custodian, &ending(Asked::Unwrap), &package, &wish()).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Login(NotLoggedIn::Revoked)), "{why:?}");
    let why = seal(&custodian, &ending(Asked::Generate), true).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Login(NotLoggedIn::Revoked)), "{why:?}");
    assert_eq!(told.operations(), [(Action::Open, ENDED), (Action::Seal, ENDED)]);
}

#[test]
fn session_that_ends_before_the_key_is_asked_for_is_told_as_that() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let login = scene.ada();
    let ending = login.clone();
    // The intent is being recorded: the policy was asked, the key was not.
    let journal = medsec_testkit::WatchedJournal::new(
        std::sync::Arc::clone(&scene.writer) as _,
        move |call, _| {
            assert!(call > 1 || ending.session().end(EndReason::LoggedOut));
            Ok(())
        },
    );
    let custodian = scene.recording_to(std::sync::Arc::new(journal));
    let told = scene.trail();
    let why = open(&custodian, &login, &package, &wish()).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Login(NotLoggedIn::LoggedOut)), "{why:?}");
    assert_eq!(told.operations(), [(Action::Open, ENDED)]);
}

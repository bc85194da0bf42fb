//! The time: a clock that was set back, fell behind the log or cannot be read permits nothing.

use std::sync::Arc;
use std::time::Duration;

use medsec::{ClockFault, CustodianError, Journal as _, Refused};
use medsec_audit::{Action, Failure};
use medsec_policy::Clock as _;
use medsec_testkit::ManualClock;

use crate::refusals::refused;
use crate::support::{Scene, open, seal, wish};

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn open_rejects_a_clock_that_was_set_back() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let custodian = scene.custodian();
    let right = scene.clock.wall();
    scene.clock.set_wall(right - HOUR);
    let told = scene.trail();
    let why = refused(&scene, &custodian, (&login, &keys), (&package, &wish()));
    assert!(matches!(why, Refused::Clock(ClockFault::SetBack { .. })), "{why:?}");
    assert_eq!(told.failure(), (Action::Open, Failure::Internal));
    let why = seal(&custodian, &login, true).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Clock(ClockFault::SetBack { .. })), "{why:?}");
    // Set right, it permits again.
    scene.clock.set_wall(right);
    drop(open(&custodian, &login, &package, &wish()).unwrap());
}

#[test]
fn open_rejects_a_clock_behind_the_newest_record() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    // Set back before the Custodian was made: nothing but the log knows.
    scene.clock.set_wall(scene.clock.wall() - HOUR);
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let custodian = scene.custodian();
    for _ in 0..2 {
        // The refusal's own record changes nothing.
        let told = scene.trail();
        let why = refused(&scene, &custodian, (&login, &keys), (&package, &wish()));
        assert!(matches!(why, Refused::Clock(ClockFault::BehindLog { .. })), "{why:?}");
        assert_eq!(told.failure(), (Action::Open, Failure::Internal));
    }
}

/// The clock of the scene, as the log sees it.
#[derive(Debug)]
struct OfLog(Arc<ManualClock>);

impl medsec_audit::Clock for OfLog {
    fn wall(&self) -> std::time::SystemTime {
        self.0.wall()
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// One process after another with the scene's clock and log: what each says of opening the package.
fn process(scene: &Scene, package: &std::path::Path) -> Result<(), Refused> {
    let mut options = crate::support::options();
    options.clock = Arc::new(OfLog(Arc::clone(&scene.clock)));
    options.patience = Duration::from_secs(5);
    let writer = Arc::new(scene.log.writer(&crate::support::stream(), &options, &[]).unwrap());
    let custodian = scene.recording_to(Arc::clone(&writer) as _);
    let opened = open(&custodian, &scene.ada(), package, &wish()).map(drop);
    custodian.close();
    Arc::into_inner(writer).unwrap().close().unwrap();
    opened
}

#[test]
fn every_process_refuses_a_clock_behind_the_log_until_it_is_right() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let right = scene.clock.wall();
    let scene = scene.without_writer();
    // Its records bear the scene's time from here on.
    process(&scene, &package).unwrap();
    scene.clock.set_wall(right - HOUR);
    let refuses = |number| {
        let why = process(&scene, &package).unwrap_err();
        assert!(
            matches!(why, Refused::Clock(ClockFault::BehindLog { .. })),
            "process {number}: {why:?}"
        );
    };
    (1..=3).for_each(refuses);
    // Without what the last writer remembered everything is read, to the same end.
    let state = scene.log.stream_folder(&crate::support::stream()).join("state");
    std::fs::remove_file(state).unwrap();
    (4..=5).for_each(refuses);
    scene.clock.set_wall(right + Duration::from_secs(1));
    process(&scene, &package).unwrap();
}

#[test]
fn log_key_lets_a_stream_begin_anew_after_a_clock_that_ran_ahead() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let right = scene.clock.wall();
    let scene = scene.without_writer();
    scene.clock.set_wall(right + 24 * 365 * HOUR);
    process(&scene, &package).unwrap();
    scene.clock.set_wall(right);
    for _ in 0..2 {
        let why = process(&scene, &package).unwrap_err();
        assert!(matches!(why, Refused::Clock(ClockFault::BehindLog { .. })), "{why:?}");
    }
    let mut options = crate::support::options();
    options.clock = Arc::new(OfLog(Arc::clone(&scene.clock)));
    let (stream, signer) = (crate::support::stream(), crate::support::log_key());
    scene.log.rekey(&stream, &options, &[], &signer).unwrap().close().unwrap();
    for _ in 0..2 {
        process(&scene, &package).unwrap();
    }
    // Also where nothing is remembered.
    std::fs::remove_file(scene.log.stream_folder(&stream).join("state")).unwrap();
    process(&scene, &package).unwrap();
}

#[test]
fn stream_knows_the_time_of_its_newest_record() {
    let scene = Scene::new();
    let before = scene.writer.newest().unwrap();
    let slack = Duration::from_millis(1);
    assert!(before <= std::time::SystemTime::now());
    let _ = scene.sealed(10);
    let after = scene.writer.newest().unwrap();
    assert!(after >= before && after <= std::time::SystemTime::now() + slack);
}

#[test]
fn custodian_needs_a_clock_that_can_be_read() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let custodian = scene.custodian();
    scene.clock.fail();
    let why = refused(&scene, &custodian, (&login, &keys), (&package, &wish()));
    // The session notices first.
    assert!(matches!(why, Refused::Login(medsec::NotLoggedIn::Clock)), "{why:?}");
    let none = medsec::Custodian::new(scene.parts()).unwrap_err();
    assert!(matches!(none, CustodianError::Clock(ClockFault::Unreadable)), "{none:?}");
}

//! The time: a clock that was set back, fell behind the log or cannot be read permits nothing.

use std::sync::Arc;
use std::time::Duration;

use medsec::{ClockFault, CustodianError, Journal as _, Refused};
use medsec_audit::{Action, Failure};
use medsec_policy::Clock as _;

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
    let signer = Arc::new(scene.ada.signer());
    let why = seal(&custodian, &login, Some(&signer)).map(drop).unwrap_err();
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

//! A session and its end: who comes after it is refused, and what it unlocked is gone.

use std::sync::Arc;
use std::time::Duration;

use medsec::{Hold, KeyHandle, LoggedIn, Login, NotLoggedIn, Refused, SessionChange, SessionLogin};
use medsec_audit::{Action, Actor, Denial, Origin, Outcome};
use medsec_kms::{KeyService, KeyServiceError};
use medsec_policy::EndReason;
use medsec_testkit::CountingKeys;

use crate::refusals::refused;
use crate::support::{Scene, open, wish};

/// Nobody is there, and what they had would be counted.
#[derive(Debug)]
struct Nobody(NotLoggedIn, Arc<CountingKeys>);

impl Login for Nobody {
    fn current(&self) -> Result<LoggedIn, NotLoggedIn> {
        Err(self.0)
    }

    fn keys(&self) -> &dyn KeyService {
        &*self.1
    }

    fn hold(&self) -> Arc<dyn Hold> {
        Arc::new(Released(self.0))
    }
}

/// A hold on no session.
#[derive(Debug)]
struct Released(NotLoggedIn);

impl Hold for Released {
    fn check(&self) -> Result<(), NotLoggedIn> {
        Err(self.0)
    }

    fn keep(&self, _: KeyHandle) -> Result<(), NotLoggedIn> {
        Err(self.0)
    }
}

#[test]
fn open_rejects_nobody() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    for why in [NotLoggedIn::Nobody, NotLoggedIn::Unreachable] {
        let keys = scene.keys(&scene.ada);
        let login = Nobody(why, Arc::clone(&keys));
        let told = scene.trail();
        let found = refused(&scene, &scene.custodian(), (&login, &keys), (&package, &wish()));
        assert!(matches!(found, Refused::Login(found) if found == why), "{found:?}");
        assert_eq!(told.denial(), (Action::Open, Denial::NoSession));
        assert_eq!(told.events()[0].actor, Actor::Unknown);
    }
}

/// Opens with a session that was ended so.
#[track_caller]
fn ended(end: impl FnOnce(&Scene, &SessionLogin)) -> NotLoggedIn {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    end(&scene, &login);
    let told = scene.trail();
    let custodian = scene.custodian();
    let why = refused(&scene, &custodian, (&login, &keys), (&package, &wish()));
    assert_eq!(told.denial(), (Action::Open, Denial::SessionEnded));
    // For ever, and for its keys and its signer too.
    assert!(login.signer().is_err());
    let stanza = crate::support::header(&package).unwrap().stanzas()[0].key_ref().clone();
    let asked = login.keys().admits(&stanza);
    assert!(matches!(asked, Err(KeyServiceError::NotPermitted)), "{asked:?}");
    match why {
        Refused::Login(why) => why,
        other => panic!("{other:?}"),
    }
}

#[test]
fn open_rejects_each_end_of_a_session() {
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    assert_eq!(ended(|scene, _| scene.clock.advance(minutes(15))), NotLoggedIn::Idle);
    let used = |scene: &Scene, login: &SessionLogin| {
        for _ in 0..52 {
            scene.clock.advance(minutes(14));
            let _ = login.current();
        }
    };
    assert_eq!(ended(used), NotLoggedIn::Expired);
    let by = |reason| move |_: &Scene, login: &SessionLogin| assert!(login.session().end(reason));
    assert_eq!(ended(by(EndReason::LoggedOut)), NotLoggedIn::LoggedOut);
    assert_eq!(ended(by(EndReason::Revoked)), NotLoggedIn::Revoked);
    assert_eq!(ended(by(EndReason::Suspended)), NotLoggedIn::Revoked);
    assert_eq!(ended(by(EndReason::ClockUntrusted)), NotLoggedIn::Clock);
    assert_eq!(ended(by(EndReason::Aborted)), NotLoggedIn::Revoked);
}

#[test]
fn end_that_nobody_wanted_is_a_logoff_on_record() {
    let by_somebody = [EndReason::LoggedOut, EndReason::Revoked, EndReason::Aborted];
    for reason in by_somebody {
        assert_eq!(SessionChange::from(reason), SessionChange::Ended, "{reason:?}");
    }
    let by_itself =
        [EndReason::Idle, EndReason::Absolute, EndReason::Suspended, EndReason::ClockUntrusted];
    for reason in by_itself {
        assert_eq!(SessionChange::from(reason), SessionChange::LoggedOff, "{reason:?}");
    }
}

#[test]
fn session_is_live_until_its_last_moment() {
    let scene = Scene::new();
    let (package, custodian, login) = (scene.sealed(10), scene.custodian(), scene.ada());
    scene.clock.advance(Duration::from_secs(15 * 60 - 1));
    drop(open(&custodian, &login, &package, &wish()).unwrap());
    // That was a use.
    scene.clock.advance(Duration::from_secs(15 * 60 - 1));
    drop(open(&custodian, &login, &package, &wish()).unwrap());
    scene.clock.advance(Duration::from_secs(15 * 60));
    let why = open(&custodian, &login, &package, &wish()).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Login(NotLoggedIn::Idle)), "{why:?}");
}

#[test]
fn end_of_a_session_drops_its_keys() {
    let scene = Scene::new();
    let keys = scene.keys(&scene.ada);
    let weak = Arc::downgrade(&keys);
    let login = scene.login(&scene.ada, keys as _);
    let other = login.clone();
    assert!(weak.upgrade().is_some());
    assert!(login.session().end(EndReason::LoggedOut));
    assert!(weak.upgrade().is_none(), "handles are still there, keys must not be");
    assert_eq!(other.current(), Err(NotLoggedIn::LoggedOut));
}

#[test]
fn idle_end_drops_keys_when_the_timer_looks() {
    let scene = Scene::new();
    let keys = scene.keys(&scene.ada);
    let weak = Arc::downgrade(&keys);
    let login = scene.login(&scene.ada, keys as _);
    scene.clock.advance(Duration::from_secs(15 * 60));
    assert!(login.session().sweep());
    assert!(weak.upgrade().is_none());
}

#[test]
fn login_tells_who_in_which_session_and_since_when() {
    let scene = Scene::new();
    let login =
        SessionLogin::new(scene.session(&scene.ada, scene.keyring(&scene.ada)), Origin::Local);
    scene.clock.advance(Duration::from_secs(77));
    let who = login.current().unwrap();
    assert_eq!(who.principal.id, scene.ada.id());
    assert_eq!(who.session.to_string(), login.session().id().to_string());
    assert_eq!(who.authentication_age, Duration::from_secs(77));
    let signer = login.signer().unwrap().unwrap();
    assert_eq!(signer.verifying_key(), scene.ada.signer().verifying_key());
}

#[test]
fn begin_and_end_of_sessions_are_on_record() {
    let scene = Scene::new();
    let (custodian, login) = (scene.custodian(), scene.ada());
    let who = login.current().unwrap();
    let told = scene.trail();
    for change in [SessionChange::Started, SessionChange::LoggedOff] {
        pollster::block_on(custodian.record_session(&who, change)).unwrap();
    }
    let denied = Outcome::Denied(Denial::Credentials);
    pollster::block_on(custodian.login_failed(denied)).unwrap();
    let events = told.events();
    assert_eq!(events.len(), 3);
    assert_eq!(events[0].session, Some(who.session));
    assert_eq!((events[2].action, &events[2].actor), (Action::LoginFailure, &Actor::Unknown));
}

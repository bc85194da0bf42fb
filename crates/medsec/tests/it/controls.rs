//! The controls of 45 CFR 164.312 that the Custodian is for, each shown to allow and to deny.

use std::sync::Arc;

use medsec::{Refused, ReleaseError};
use medsec_audit::{Action, Actor, Denial, Outcome};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_policy::{EndReason, Refusal};
use medsec_testkit::WatchedJournal;

use crate::support::{Scene, content, open, open_to, wish};

#[evidence(
    hipaa2013::["164.312(a)(1)", "164.308(a)(4)(ii)(B)"],
    claim = "a user who holds the key opens nothing that the policy does not permit, and the log tells who tried",
    polarity = deny,
)]
fn key_holder_without_permission_opens_nothing(ev: Ev) -> Proven {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let keys = scene.keys(&scene.bela);
    let login = scene.login(&scene.bela, Arc::clone(&keys) as _);
    let told = scene.trail();
    let granted = open(&scene.custodian(), &login, &package, &wish());
    ev.denies(granted.map(drop), |e| matches!(e, Refused::Policy(Refusal::NotPermitted)));
    assert_eq!(keys.asked(), []);
    assert_eq!(told.denial(), (Action::Open, Denial::Policy));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(1)",
    claim = "a user whom the policy permits opens a package, and what was done is in the log",
    polarity = allow,
)]
fn permitted_user_opens_the_package(ev: Ev) -> Proven {
    let scene = Scene::new();
    let (package, output) = (scene.sealed(5000), scene.path("output"));
    let told = scene.trail();
    ev.allows(open_to(&scene.custodian(), &scene.ada(), &package, &output));
    assert_eq!(std::fs::read(&output).unwrap(), content(5000));
    assert_eq!(told.operations(), [(Action::Open, Some(Outcome::Success))]);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(i)",
    claim = "each record names the one user who was authenticated",
    polarity = allow,
)]
fn each_record_names_its_user(ev: Ev) -> Proven {
    let scene = Scene::new();
    let (package, custodian) = (scene.sealed(10), scene.custodian());
    let told = scene.trail();
    ev.allows(open(&custodian, &scene.ada(), &package, &wish()).map(drop));
    let bela = scene.login(&scene.bela, scene.keyring(&scene.bela));
    let _ = open(&custodian, &bela, &package, &wish());
    let names = told.events().into_iter().map(|event| match event.actor {
        Actor::Person(who) => who.id.as_str().to_owned(),
        other => panic!("{other:?}"),
    });
    assert_eq!(names.collect::<Vec<_>>(), ["ada", "ada", "bela"]);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iii)",
    claim = "after automatic logoff nothing opens and the keys of the session are gone",
    polarity = deny,
)]
fn nothing_opens_after_automatic_logoff(ev: Ev) -> Proven {
    let scene = Scene::new();
    let (package, custodian) = (scene.sealed(10), scene.custodian());
    let keys = scene.keys(&scene.ada);
    let weak = Arc::downgrade(&keys);
    let login = scene.login(&scene.ada, keys as _);
    scene.clock.advance(scene.policy.settings.sessions.idle);
    let granted = open(&custodian, &login, &package, &wish());
    ev.denies(granted.map(drop), |e| matches!(e, Refused::Login(medsec::NotLoggedIn::Idle)));
    assert!(weak.upgrade().is_none());
    ev.proven()
}

#[evidence(
    hipaa2013::["164.312(b)", "164.312(a)(1)"],
    claim = "what cannot be recorded is not opened, and what was opened is not released without its record",
    polarity = deny,
)]
fn nothing_happens_off_the_record(ev: Ev) -> Proven {
    let scene = Scene::new();
    let (package, output) = (scene.sealed(10), scene.path("output"));
    let failing = |call| {
        let journal = WatchedJournal::failing_at(Arc::clone(&scene.writer) as _, call);
        scene.recording_to(Arc::new(journal))
    };
    let granted = open(&failing(1), &scene.ada(), &package, &wish());
    ev.denies(granted.map(drop), |e| matches!(e, Refused::Record(_)));
    let released = open_to(&failing(2), &scene.ada(), &package, &output);
    ev.denies(released, |e| matches!(e, ReleaseError::Record(_)));
    assert!(!output.exists());
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(d)",
    claim = "who is no longer known to be the one who logged in is refused, and a new proof is taken from the same person only",
    polarity = deny,
)]
fn revoked_session_proves_nobody(ev: Ev) -> Proven {
    let scene = Scene::new();
    let (package, custodian, login) = (scene.sealed(10), scene.custodian(), scene.ada());
    let bela = scene.session(&scene.bela, scene.keyring(&scene.bela));
    let principal = bela.with(|principal, _| principal.clone()).unwrap();
    ev.denies(login.session().reauthenticated(&principal), |e| {
        matches!(e, medsec_policy::ReauthenticateError::AnotherPrincipal)
    });
    login.session().end(EndReason::Revoked);
    let granted = open(&custodian, &login, &package, &wish());
    ev.denies(granted.map(drop), |e| matches!(e, Refused::Login(medsec::NotLoggedIn::Revoked)));
    ev.proven()
}

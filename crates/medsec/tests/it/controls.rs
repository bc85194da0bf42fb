//! The controls of 45 CFR 164.312 that the Custodian is for, each shown to allow and to deny.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use medsec::{Refused, ReleaseError};
use medsec_audit::{Action, Actor, Denial, Outcome};
use medsec_crypto::{Execution, ExpectationError, OpenError, OutputOptions, PendingFile};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::Keyring;
use medsec_policy::{EndReason, Refusal};
use medsec_testkit::WatchedJournal;

use crate::support::{Person, Scene, content, key, open, open_to, seal, wish};

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
    hipaa2013::"164.312(a)(2)(iii)",
    claim = "after automatic logoff what was granted before opens and releases nothing, and the log says why",
    polarity = deny,
)]
fn grants_end_with_their_session(ev: Ev) -> Proven {
    let scene = Scene::new();
    let (package, output) = (scene.sealed(5000), scene.path("output"));
    let (custodian, login, told) = (scene.custodian(), scene.ada(), scene.trail());
    let (grant, waiting) = (
        open(&custodian, &login, &package, &wish()).unwrap(),
        open(&custodian, &login, &package, &wish()).unwrap(),
    );
    let (how, options) = (Execution::default(), OutputOptions::default());
    let source = || File::open(&package).unwrap();
    let file = PendingFile::create(&output, options).unwrap();
    let (_, release) = waiting.open_to_release(source(), file, &how).unwrap();
    scene.clock.advance(scene.policy.settings.sessions.idle);
    let idle = |e: &ReleaseError| matches!(e, ReleaseError::Login(medsec::NotLoggedIn::Idle));
    ev.denies(grant.open_to_file(source(), &output, options, &how), idle);
    ev.denies(release.publish(), idle);
    ev.holds("nothing was released", !output.exists());
    let ended = Some(Outcome::Denied(Denial::SessionEnded));
    ev.equal("outcomes on record", &told.operations(), &vec![(Action::Open, ended); 2]);
    ev.proven()
}

/// A text that stands nowhere else.
const CANARY: &str = "canary: 7d1f, left lung, no abnormality detected";

/// Files below the folder that hold the canary, and how many were looked at.
fn with_canary(folder: &Path) -> (Vec<PathBuf>, usize) {
    let (mut found, mut looked) = (Vec::new(), 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let (below, count) = with_canary(&path);
            found.extend(below);
            looked += count;
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let is_in = bytes.windows(12).any(|part| part == &CANARY.as_bytes()[..12]);
            found.extend(is_in.then_some(path));
            looked += 1;
        }
    }
    (found, looked)
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "of what was sealed through the Custodian nothing can be read on the disk, neither in the package nor in the log nor in the key store, and whom the policy grants it reads it back",
    polarity = allow,
)]
fn sealed_content_is_nowhere_on_disk_and_opens_again(ev: Ev) -> Proven {
    let scene = Scene::new();
    let (custodian, path) = (scene.custodian(), scene.path("package"));
    let content = CANARY.repeat(20_000);
    let (how, options) = (Execution::default(), OutputOptions::default());
    let granted = seal(&custodian, &scene.ada(), true).unwrap();
    granted.seal_to_file(content.as_bytes(), &path, options, &how).unwrap();
    let (found, looked) = with_canary(scene.home.path());
    ev.equal("files that show the content", &found, &Vec::<PathBuf>::new());
    ev.holds("package, log and store were looked through", looked > 5);
    let grant = open(&custodian, &scene.ada(), &path, &wish()).unwrap();
    let output = scene.path("output");
    ev.allows(grant.open_to_file(File::open(&path).unwrap(), &output, options, &how));
    ev.equal("what was opened", &std::fs::read_to_string(&output).unwrap(), &content);
    // The search finds what is there.
    ev.equal("files that show the content now", &with_canary(scene.home.path()).0, &vec![output]);
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iv)",
    claim = "who has the package and no granted key of it opens nothing of what was sealed through the Custodian",
    polarity = deny,
)]
fn sealed_content_opens_with_a_granted_key_only(ev: Ev) -> Proven {
    let scene = Scene::new();
    let (package, custodian) = (scene.sealed(5000), scene.custodian());
    // Permitted by the policy, with a key that is no recipient's.
    let stranger = Keyring::new(vec![Arc::new(Person::new("dora").identity())], None);
    let login = scene.login(&scene.ada, Arc::new(stranger));
    let granted = open(&custodian, &login, &package, &wish());
    ev.denies(granted.map(drop), |e| {
        matches!(e, Refused::Open(OpenError::Expectation(ExpectationError::NotARecipient)))
    });
    // With the key, and not permitted.
    let bela = scene.login(&scene.bela, scene.keyring(&scene.bela));
    let granted = open(&custodian, &bela, &package, &wish());
    ev.denies(granted.map(drop), |e| matches!(e, Refused::Policy(Refusal::NotPermitted)));
    // With the key that the store has taken away.
    let mut scene = scene;
    scene.change(|change| change.disable_key(&key()));
    let after = scene.ada();
    let granted = open(&custodian, &after, &package, &wish());
    ev.denies(granted.map(drop), |e| matches!(e, Refused::Key(_)));
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

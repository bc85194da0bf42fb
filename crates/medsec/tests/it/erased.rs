//! What a session unlocked is nowhere in memory after its end, whoever still holds a grant. What functions that have
//! returned leave on the stack is not covered.

use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;

use medsec::{Aim, Login as _, OpenWish, SessionLogin};
use medsec_audit::Origin;
use medsec_crypto::{Backend, SigningKey};
use medsec_evidence::{Ev, Proven, evidence};
use medsec_kms::KeyContext;
use medsec_policy::EndReason;
use medsec_testkit::{Needle, overwrite_dead_stack};
use zeroize::Zeroizing;

use crate::support::{Scene, header, open, seal, wish};

/// The data key of a package, masked. Nothing of it is left behind.
fn data_key(scene: &Scene, package: &std::path::Path) -> Needle {
    let keys = scene.keyring(&scene.ada);
    let header = header(package).unwrap();
    let context = KeyContext { bind: header.bind(), dataset: header.core().dataset.clone() };
    let stanza = header.stanzas()[0].clone();
    let dek = pollster::block_on(keys.unwrap_dek(&stanza, &context)).unwrap();
    Needle::of(dek.expose_secret())
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iii)",
    claim = "when a session ends, no grant, reader or grant put aside that is still held has its data key in memory any more",
    polarity = deny,
)]
fn data_keys_of_held_grants_are_erased_with_the_session(ev: Ev) -> Proven {
    let scene = Scene::new();
    let (package, parked) = (scene.sealed_as("one", 3 << 20), scene.sealed_as("two", 1000));
    let needles = [data_key(&scene, &package), data_key(&scene, &parked)];
    let (custodian, login) = (scene.custodian(), scene.ada());
    ev.holds("no key is in memory", needles.iter().all(|needle| needle.places().is_empty()));
    let wish = OpenWish { aim: Aim::Ranges, ..wish() };
    let grant = open(&custodian, &login, &package, &wish).unwrap();
    let aside = open(&custodian, &login, &parked, &wish).unwrap().park().unwrap();
    let source = File::open(&package).unwrap();
    let mut reader = grant.reader(source, Backend::default()).unwrap();
    ev.allows(reader.read_exact(&mut [0; 100]));
    overwrite_dead_stack();
    ev.holds("both keys are in memory", needles.iter().all(|needle| !needle.places().is_empty()));
    scene.clock.advance(scene.policy.settings.sessions.idle);
    // The timer notices it; nobody touches a grant.
    ev.holds("the session is over", login.session().sweep());
    for needle in &needles {
        ev.equal("places of a data key", &needle.places().len(), &0);
    }
    ev.denies(reader.read_exact(&mut [0; 100]), |e| {
        e.kind() == std::io::ErrorKind::PermissionDenied
    });
    drop(reader);
    drop((grant, aside));
    ev.proven()
}

#[test]
fn content_read_last_is_erased_with_the_session() {
    let scene = Scene::new();
    let package = scene.sealed(3 << 20);
    let login = scene.ada();
    // Where the content of the package stands at 7, as the reader keeps what it read last.
    let needle = Needle::of(&crate::support::content(7 + Needle::LEN)[7..]);
    let before = needle.places().len();
    let grant = open(&scene.custodian(), &login, &package, &wish()).unwrap();
    let mut reader = grant.reader(File::open(&package).unwrap(), Backend::default()).unwrap();
    let mut part = Zeroizing::new([0; 4]);
    reader.read_exact(&mut *part).unwrap();
    assert!(needle.places().len() > before);
    login.session().end(EndReason::LoggedOut);
    assert_eq!(needle.places().len(), before);
    drop(reader);
}

#[test]
fn signing_key_is_erased_with_the_session_whoever_has_it() {
    let scene = Scene::new();
    let mut seed = Zeroizing::new(vec![0; Needle::LEN]);
    File::open("/dev/urandom").unwrap().read_exact(&mut seed).unwrap();
    let needle = Needle::of(&seed);
    let key = SigningKey::take_from(&mut seed).unwrap();
    let free = |settings: &mut medsec_policy::Settings| {
        settings.sealing.signature = medsec_policy::Signature::Optional;
    };
    drop(scene);
    let scene = Scene::set(free);
    let session = scene.session_signing(&scene.ada, scene.keyring(&scene.ada), Some(key));
    let login = SessionLogin::new(session, Origin::Local);
    let signer = login.signer().unwrap().unwrap();
    let grant = seal(&scene.custodian(), &login, true).unwrap();
    assert!(!needle.places().is_empty());
    assert!(signer.with(|key| key.verifying_key()) == Some(signer.verifying_key()));
    login.session().end(EndReason::LoggedOut);
    assert!(needle.places().is_empty());
    assert!(signer.with(|_| ()).is_none());
    assert!(login.signer().is_err());
    drop((grant, Arc::new(signer)));
}

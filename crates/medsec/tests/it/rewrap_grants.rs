//! A grant to rewrap is of one package, and a list was made for one; what became of each of a batch is on record.

use std::path::Path;
use std::sync::Arc;

use medsec::{
    Demand, EndedRewraps, JournalError, NewList, Refused, ReleaseError, RewrapBatch, RewrapGrant,
    UseError, WantedRecipients,
};
use medsec_audit::{Action, Event, Failure, Outcome, Phase};
use medsec_crypto::{
    Execution, GroupLimits, Header, HpkeIdentity, HpkeKind, HpkeRecipient, LockedPackage,
    OutputOptions, Recipient, RecipientProfile, RewrapError, Stanza,
};
use medsec_testkit::WatchedJournal;

use crate::rewrapping::{granted, rewrap_wish};
use crate::support::{DATASET, Scene, content, header, key, request, seal_wish};

/// A package whose list of recipients carries no MAC: nothing in it tells to whom a list belongs.
fn sealed_blind(scene: &Scene, name: &str) -> std::path::PathBuf {
    let mut request = request();
    request.spec.profile = RecipientProfile::Blind;
    let (key, path) = (key(), scene.path(name));
    let (custodian, login) = (scene.custodian(), scene.ada());
    let keys = [&key];
    let wish = seal_wish(&keys, true);
    let grant = pollster::block_on(custodian.seal(&login, request, &wish)).unwrap();
    let options = OutputOptions::default();
    grant.seal_to_file(&content(10)[..], &path, options, &Execution::default()).unwrap();
    path
}

/// A list with one recipient more.
fn list_for(scene: &Scene, grant: &RewrapGrant) -> NewList {
    let partner = HpkeIdentity::generate(HpkeKind::X25519).unwrap();
    let kept = grant.header().stanzas().to_vec();
    let wanted = WantedRecipients { kept, added: vec![partner.recipient()], keys: &[] };
    let (custodian, login) = (scene.custodian(), scene.ada());
    pollster::block_on(custodian.list_for(&login, grant, wanted)).unwrap()
}

/// Tries to rewrap a package in each of the ways that there are: nothing of it is changed.
fn is_refused(scene: &Scene, grant: &RewrapGrant, package: &Path, list: &NewList) {
    let before = std::fs::read(package).unwrap();
    let login = scene.ada();
    let confirm = |found: &Header| pollster::block_on(grant.confirm(&login, found));
    let copy = scene.path("copy");
    let options = OutputOptions::default();
    let changed = |tried: Result<(), UseError>| {
        assert!(matches!(tried, Err(UseError::Rewrap(RewrapError::Changed))), "{tried:?}");
    };
    let mut locked = LockedPackage::open(package).unwrap();
    changed(grant.rewrap(&mut locked, list, confirm).map(drop));
    changed(grant.rewrap_into_copy(&mut locked, list, &copy, options, confirm).map(drop));
    changed(grant.start(locked, list).map(drop));
    assert_eq!(std::fs::read(package).unwrap(), before);
    assert!(!copy.exists());
}

#[test]
fn grant_of_one_blind_package_rewraps_no_other() {
    let scene = Scene::new();
    let [mine, other] = ["mine", "other"].map(|name| sealed_blind(&scene, name));
    let grant = granted(&scene, &mine).unwrap();
    let list = list_for(&scene, &grant);
    is_refused(&scene, &grant, &other, &list);
}

#[test]
fn list_made_for_one_package_is_none_for_another() {
    let scene = Scene::new();
    let [mine, other] = ["mine", "other"].map(|name| sealed_blind(&scene, name));
    let list = list_for(&scene, &granted(&scene, &other).unwrap());
    is_refused(&scene, &granted(&scene, &mine).unwrap(), &mine, &list);
}

#[test]
fn grant_ends_with_the_list_of_recipients_that_it_was_given_for() {
    let scene = Scene::new();
    let package = sealed_blind(&scene, "mine");
    let [first, second] = [(); 2].map(|()| granted(&scene, &package).unwrap());
    let lists = [&first, &second].map(|grant| list_for(&scene, grant));
    let login = scene.ada();
    let confirm = |found: &Header| pollster::block_on(first.confirm(&login, found));
    let mut locked = LockedPackage::open(&package).unwrap();
    first.rewrap(&mut locked, &lists[0], confirm).unwrap();
    drop(locked);
    is_refused(&scene, &second, &package, &lists[1]);
}

/// A batch of two packages of which the second is not confirmed, recorded in a journal.
fn half_confirmed(scene: &Scene, journal: WatchedJournal) -> EndedRewraps<usize> {
    let custodian = scene.recording_to(Arc::new(journal));
    let login = scene.ada();
    let mut batch = RewrapBatch::new(GroupLimits::default());
    let mut first = None;
    for number in 0..2 {
        let package = scene.sealed_as(&format!("package-{number}"), 10);
        let wish = rewrap_wish();
        let grant = custodian.rewrap(&login, header(&package), &wish);
        let grant = pollster::block_on(grant).unwrap();
        first.get_or_insert_with(|| grant.header().hash());
        let list = list_for(scene, &grant);
        let started = grant.start(LockedPackage::open(&package).unwrap(), &list).unwrap();
        batch.add(started, grant, number);
    }
    let other = scene.sealed_as("other", 10);
    batch.commit(|grant, found| {
        // Another package's recipients are tried: they are none of this one's.
        let tried = match Some(found.hash()) == first {
            true => found.clone(),
            false => header(&other).unwrap(),
        };
        pollster::block_on(grant.confirm(&login, &tried))
    })
}

fn failed_end(events: &[Event]) -> bool {
    let failed = Outcome::Failure(Failure::NotAuthentic);
    events
        .iter()
        .any(|event| matches!(event.phase, Phase::Ended { outcome, .. } if outcome == failed))
}

#[test]
fn each_of_a_batch_is_on_record_with_what_became_of_it() {
    let scene = Scene::new();
    let journal = WatchedJournal::new(Arc::clone(&scene.writer) as _, |_, _| Ok(()));
    let told = scene.trail();
    let ended = half_confirmed(&scene, journal);
    ended.recorded.unwrap();
    let done: Vec<_> = ended.results.iter().map(|(_, result)| result.is_ok()).collect();
    assert_eq!(done, [true, false]);
    let mut rewraps = told.operations();
    rewraps.retain(|(action, _)| *action == Action::Rewrap);
    let failed = Outcome::Failure(Failure::NotAuthentic);
    assert_eq!(rewraps, [(Action::Rewrap, Some(Outcome::Success)), (Action::Rewrap, Some(failed))]);
}

#[test]
fn failure_in_a_batch_that_cannot_be_recorded_is_told() {
    let scene = Scene::new();
    let journal = WatchedJournal::new(Arc::clone(&scene.writer) as _, |_, events| {
        (!failed_end(events)).then_some(()).ok_or(JournalError::Unreachable)
    });
    let ended = half_confirmed(&scene, journal);
    let why = ended.recorded.unwrap_err();
    assert!(matches!(why, ReleaseError::Record(JournalError::Unreachable)), "{why:?}");
    // What the packages have is told all the same.
    let done: Vec<_> = ended.results.iter().map(|(_, result)| result.is_ok()).collect();
    assert_eq!(done, [true, false]);
}

/// Asks for a list of recipients of a package of whose keys the policy permits only this one.
fn asked(
    allowed: &str,
    want: impl FnOnce(Vec<Stanza>) -> WantedRecipients<'static>,
) -> Result<usize, Refused> {
    let mut scene = Scene::new();
    // Sealed under the data set's key before the policy named keys.
    let package = scene.sealed(10);
    let allowed = medsec_policy::KeyName::new(allowed).unwrap();
    let mut settings = (*scene.policy.settings).clone();
    settings.sealing.allowed_keys = Some([allowed].into());
    scene.policy.settings = Arc::new(settings);
    let grant = granted(&scene, &package).unwrap();
    let wanted = want(grant.header().stanzas().to_vec());
    let (custodian, login) = (scene.custodian(), scene.ada());
    pollster::block_on(custodian.list_for(&login, &grant, wanted)).map(|list| list.len())
}

fn partner() -> Vec<&'static dyn Recipient> {
    let partner = HpkeIdentity::generate(HpkeKind::X25519).unwrap();
    let partner: &'static HpkeRecipient = Box::leak(Box::new(partner.recipient().clone()));
    vec![partner]
}

#[test]
fn last_key_that_the_policy_permits_cannot_be_taken_away() {
    for allowed in [DATASET, "ct-2026"] {
        let why =
            asked(allowed, |_| WantedRecipients { kept: Vec::new(), added: partner(), keys: &[] });
        let why = why.unwrap_err();
        assert!(matches!(why, Refused::Demand(Demand::LastKey)), "{why:?}");
        assert!(why.to_string().contains("stays a recipient"), "{why}");
    }
}

#[test]
fn recipients_are_added_where_no_key_goes() {
    for allowed in [DATASET, "ct-2026"] {
        let list = asked(allowed, |kept| WantedRecipients { kept, added: partner(), keys: &[] });
        assert_eq!(list.unwrap(), 2);
    }
}

//! Changing recipients: decided, announced, and told with what the list is afterwards.

use std::path::Path;
use std::sync::Arc;

use medsec::{Demand, Refused, RewrapBatch, RewrapGrant, RewrapWish, WantedRecipients};
use medsec_audit::{Action, Denial, Failure, Outcome};
use medsec_crypto::{
    Context, GroupLimits, Header, HpkeIdentity, HpkeKind, LockedPackage, Recipient, RewrapError,
};
use medsec_kms::PublicKey;
use medsec_policy::{Purpose, RecipientKey, Refusal};
use medsec_testkit::{Asked, WatchedJournal};

use crate::support::{Person, Scene, header, open, wish};

pub(crate) fn rewrap_wish() -> RewrapWish {
    RewrapWish { purpose: Some(Purpose::SystemAdministration), reproduced: Context::new() }
}

pub(crate) fn granted(scene: &Scene, package: &Path) -> Result<RewrapGrant, Refused> {
    let (custodian, login) = (scene.custodian(), scene.ada());
    pollster::block_on(custodian.rewrap(&login, header(package), &rewrap_wish()))
}

#[test]
fn rewrap_rejects_who_is_no_administrator() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let keys = scene.keys(&scene.bela);
    let login = scene.login(&scene.bela, Arc::clone(&keys) as _);
    let told = scene.trail();
    let custodian = scene.custodian();
    let wish = rewrap_wish();
    let why = custodian.rewrap(&login, header(&package), &wish);
    let why = pollster::block_on(why).unwrap_err();
    assert!(matches!(why, Refused::Policy(Refusal::NotPermitted)), "{why:?}");
    assert_eq!(keys.asked(), []);
    assert_eq!(told.denial(), (Action::Rewrap, Denial::Policy));
}

#[test]
fn rewrap_rejects_what_cannot_be_announced() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let journal = WatchedJournal::failing_at(Arc::clone(&scene.writer) as _, 1);
    let custodian = scene.recording_to(Arc::new(journal));
    let wish = rewrap_wish();
    let why = custodian.rewrap(&login, header(&package), &wish);
    let why = pollster::block_on(why).unwrap_err();
    assert!(matches!(why, Refused::Record(_)), "{why:?}");
    assert_eq!(keys.asked(), []);
}

#[test]
fn rewrap_rejects_packages_of_other_keys() {
    let scene = Scene::new();
    let (mine, stranger) = (scene.sealed(10), Scene::new());
    let told = stranger.trail();
    let why = granted(&stranger, &mine).unwrap_err();
    assert!(matches!(why, Refused::Open(_)), "{why:?}");
    assert_eq!(told.failure(), (Action::Rewrap, Failure::Expectation));
}

/// Adds a recipient to the package as the program does.
pub(crate) fn add(scene: &Scene, package: &Path, recipient: &dyn Recipient) {
    let (custodian, login) = (scene.custodian(), scene.ada());
    let grant = granted(scene, package).unwrap();
    let kept = grant.header().stanzas().to_vec();
    let wanted = WantedRecipients { kept, added: vec![recipient], keys: &[] };
    let list = pollster::block_on(custodian.list_for(&login, &grant, wanted)).unwrap();
    let mut locked = LockedPackage::open(package).unwrap();
    let confirm = |found: &Header| pollster::block_on(grant.confirm(&login, found));
    let result = grant.rewrap(&mut locked, &list, confirm);
    grant.finish(result.as_ref()).unwrap();
    result.unwrap();
}

#[test]
fn new_recipients_are_on_record_with_generation_and_slot() {
    let scene = Scene::new();
    let package = scene.sealed(1000);
    let partner = HpkeIdentity::generate(HpkeKind::X25519).unwrap();
    let before = header(&package).unwrap().generation();
    let told = scene.trail();
    add(&scene, &package, partner.recipient());
    let after = header(&package).unwrap();
    assert_eq!((after.generation(), after.stanzas().len()), (before + 1, 2));
    let events = told.events();
    let of = |at: usize| events[at].subject.recipients.unwrap();
    assert_eq!(of(0).generation.get(), before);
    assert_eq!(of(1).generation.get(), before + 1);
    assert_eq!(of(1).slot.to_string(), after.slot_digest().to_string());
    assert_eq!(told.operations()[0], (Action::Rewrap, Some(Outcome::Success)));
    drop(open(&scene.custodian(), &scene.ada(), &package, &wish()).unwrap());
}

#[test]
fn rewrap_that_failed_is_on_record_as_such() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let told = scene.trail();
    let granted = || granted(&scene, &package).unwrap();
    granted().finish(Err(&RewrapError::Locked.into())).unwrap();
    granted().finish(Err(&RewrapError::NotConfirmed.into())).unwrap();
    granted().refuse(&Refused::Demand(Demand::Recipient));
    granted().nothing_to_do().unwrap();
    drop(granted());
    let failed = |failure| (Action::Rewrap, Some(Outcome::Failure(failure)));
    assert_eq!(
        told.operations(),
        [
            failed(Failure::Conflict),
            failed(Failure::NotAuthentic),
            (Action::Rewrap, Some(Outcome::Denied(Denial::Policy))),
            (Action::Rewrap, Some(Outcome::Success)),
            failed(Failure::Interrupted),
        ],
    );
}

#[test]
fn confirm_asks_no_key_of_who_is_no_recipient() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let grant = granted(&scene, &package).unwrap();
    let stranger = Person::new("dora");
    let keys = Arc::new(medsec_kms::Keyring::new(vec![Arc::new(stranger.identity())], None));
    let counted = Arc::new(medsec_testkit::CountingKeys::new(keys));
    let login = scene.login(&scene.ada, Arc::clone(&counted) as _);
    let found = header(&package).unwrap();
    let tried = pollster::block_on(grant.confirm(&login, &found));
    assert_eq!(format!("{tried:?}"), "Confirmed(redacted)");
    assert_eq!(counted.count(Asked::Unwrap), 0);
}

/// A scene whose policy demands a recipient of every package.
fn demanding() -> (HpkeIdentity, Scene) {
    let emergency = HpkeIdentity::generate(HpkeKind::X25519).unwrap();
    let text = PublicKey::from(emergency.recipient().clone()).to_string();
    let scene = Scene::set(|settings| {
        settings.sealing.required_recipients = [RecipientKey::new(&text).unwrap()].into();
    });
    (emergency, scene)
}

/// The list that ada gets for what she wants of the package.
fn list(scene: &Scene, package: &Path, wanted: WantedRecipients<'_>) -> Result<usize, Refused> {
    let (custodian, login) = (scene.custodian(), scene.ada());
    let grant = granted(scene, package).unwrap();
    let list = pollster::block_on(custodian.list_for(&login, &grant, wanted));
    list.map(|list| list.len())
}

#[test]
fn required_recipient_cannot_be_dropped() {
    let (emergency, scene) = demanding();
    let package = scene.sealed(10);
    let stanzas = header(&package).unwrap().stanzas().to_vec();
    assert!(scene.custodian().has_demanded(&stanzas));
    for dropped in 0..stanzas.len() {
        let mut kept = stanzas.clone();
        let gone = kept.remove(dropped);
        let demanded = *gone.key_ref() == medsec_crypto::Identity::key_ref(&emergency);
        assert_eq!(scene.custodian().has_demanded(&kept), !demanded);
        let wanted = WantedRecipients { kept, added: Vec::new(), keys: &[] };
        match list(&scene, &package, wanted) {
            Err(Refused::Demand(Demand::Recipient)) => assert!(demanded),
            other => assert!(other.is_ok() && !demanded, "{other:?}"),
        }
    }
}

#[test]
fn required_recipient_is_added_to_packages_that_lack_it() {
    let before = Scene::new();
    let package = before.sealed(10);
    let (_, mut scene) = demanding();
    // The same clinic after its policy was changed.
    (scene.ada, scene.store) = (before.ada, before.store);
    let kept = header(&package).unwrap().stanzas().to_vec();
    assert!(!scene.custodian().has_demanded(&kept));
    let wanted = WantedRecipients { kept, added: Vec::new(), keys: &[] };
    assert_eq!(list(&scene, &package, wanted).unwrap(), 2);
}

#[test]
fn recipients_of_another_package_cannot_be_kept() {
    let scene = Scene::new();
    let (package, other) = (scene.sealed(10), scene.sealed_as("other", 10));
    let kept = header(&other).unwrap().stanzas().to_vec();
    let wanted = WantedRecipients { kept, added: Vec::new(), keys: &[] };
    assert_eq!(list(&scene, &package, wanted).unwrap(), 0);
}

#[test]
fn key_to_rewrap_to_is_one_to_seal_under() {
    let allowed = |name: &str| {
        let name = medsec_policy::KeyName::new(name).unwrap();
        Scene::set(|settings| settings.sealing.allowed_keys = Some([name].into()))
    };
    let key = crate::support::key();
    for (scene, may) in [(allowed(crate::support::DATASET), true), (allowed("ct-2026"), false)] {
        // Sealed while the key was allowed.
        let mut before = Scene::new();
        let package = before.sealed(10);
        before.policy.settings = Arc::clone(&scene.policy.settings);
        let wanted = WantedRecipients { kept: Vec::new(), added: Vec::new(), keys: &[&key] };
        match list(&before, &package, wanted) {
            Err(Refused::Demand(Demand::Key)) => assert!(!may),
            other => assert!(may && matches!(other, Ok(1)), "{other:?}"),
        }
    }
}

#[test]
fn batch_is_recorded_together() {
    let scene = Scene::new();
    let (custodian, login) = (scene.custodian(), scene.ada());
    let partner = HpkeIdentity::generate(HpkeKind::X25519).unwrap();
    let mut batch = RewrapBatch::new(GroupLimits::default());
    for number in 0..3 {
        let package = scene.sealed_as(&format!("package-{number}"), 10);
        let grant = granted(&scene, &package).unwrap();
        let kept = grant.header().stanzas().to_vec();
        let wanted = WantedRecipients { kept, added: vec![partner.recipient()], keys: &[] };
        let list = pollster::block_on(custodian.list_for(&login, &grant, wanted)).unwrap();
        let started = grant.start(LockedPackage::open(&package).unwrap(), &list).unwrap();
        batch.add(started, grant, number);
    }
    let told = scene.trail();
    let ended =
        batch.take().commit(|grant, found| pollster::block_on(grant.confirm(&login, found)));
    ended.recorded.unwrap();
    let done: Vec<_> = ended.results.iter().map(|(n, result)| (*n, result.is_ok())).collect();
    assert_eq!(done, [(0, true), (1, true), (2, true)]);
    assert_eq!((told.commits(), told.events().len()), (1, 3));
}

//! What is refused: nothing is opened, no data key is asked for, and the log tells who was refused and why.

use std::path::Path;
use std::sync::Arc;

use medsec::{Aim, Custodian, Demand, Login, OpenWish, Parts, Refused, Unbound};
use medsec_audit::{Action, Actor, Denial, Failure, Outcome};
use medsec_crypto::{ExpectationError, OpenError, SignerExpectation, SigningKey};
use medsec_kms::KeyServiceError;
use medsec_policy::{
    DecideError, Decider, Decision, PolicyHash, Purpose, Refusal, Request, Signature,
    UnboundPackages,
};
use medsec_testkit::{Asked, CountingKeys};

use crate::support::{Scene, header, key, open, seal, wish};

/// Tries to open a package into a file, which must fail before any key is used.
#[track_caller]
pub(crate) fn refused(
    scene: &Scene,
    custodian: &Custodian,
    (login, keys): (&dyn Login, &CountingKeys),
    (package, wish): (&Path, &OpenWish),
) -> Refused {
    let output = scene.path("output");
    let granted = open(custodian, login, package, wish);
    let refused = granted.map(drop).unwrap_err();
    assert!(!output.exists());
    assert_eq!(keys.asked(), [], "the key service was asked");
    refused
}

/// The same as ada, at the scene's own Custodian.
#[track_caller]
fn refused_to_ada(scene: &Scene, package: &Path, wish: &OpenWish) -> Refused {
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    refused(scene, &scene.custodian(), (&login, &keys), (package, wish))
}

#[test]
fn open_rejects_who_works_with_other_data_sets() {
    let scene = Scene::new();
    let package = scene.sealed(1000);
    let keys = scene.keys(&scene.bela);
    let login = scene.login(&scene.bela, Arc::clone(&keys) as _);
    let told = scene.trail();
    let why = refused(&scene, &scene.custodian(), (&login, &keys), (&package, &wish()));
    assert!(matches!(why, Refused::Policy(Refusal::NotPermitted)), "{why:?}");
    assert_eq!(told.denial(), (Action::Open, Denial::Policy));
    let event = &told.events()[0];
    let Actor::Person(who) = &event.actor else { panic!("{:?}", event.actor) };
    assert_eq!(who.id.as_str(), "bela");
    assert!(event.ruling.is_some() && event.session.is_some() && event.subject.package.is_some());
    assert!(event.subject.recipients.is_some(), "which list of recipients it had");
}

#[test]
fn open_rejects_missing_and_unfit_purposes() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    for purpose in [None, Some(Purpose::Marketing)] {
        let told = scene.trail();
        let why = refused_to_ada(&scene, &package, &OpenWish { purpose, ..wish() });
        assert!(matches!(why, Refused::Policy(Refusal::Purpose)), "{why:?}");
        assert_eq!(told.denial(), (Action::Open, Denial::Purpose));
    }
    // A purpose of emergencies without an emergency.
    let told = scene.trail();
    let purpose = Some(Purpose::BreakTheGlass);
    let why = refused_to_ada(&scene, &package, &OpenWish { purpose, ..wish() });
    assert!(matches!(why, Refused::Policy(Refusal::Forbidden)), "{why:?}");
    assert_eq!(told.denial(), (Action::Open, Denial::Policy));
}

#[test]
fn open_rejects_package_of_another_signer() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let told = scene.trail();
    let other = SigningKey::generate().unwrap().verifying_key();
    let signer = SignerExpectation::OneOf(vec![other]);
    let why = refused_to_ada(&scene, &package, &OpenWish { signer, ..wish() });
    let expectation = |e: &ExpectationError| matches!(e, ExpectationError::Signer);
    assert!(matches!(&why, Refused::Open(OpenError::Expectation(e)) if expectation(e)), "{why:?}");
    assert_eq!(told.failure(), (Action::Open, Failure::Expectation));
}

#[test]
fn open_rejects_unsigned_wish_where_signatures_are_required() {
    let scene = Scene::set(|settings| settings.opening.signature = Signature::Required);
    let package = scene.sealed(10);
    let told = scene.trail();
    let why = refused_to_ada(&scene, &package, &wish());
    assert!(matches!(why, Refused::Demand(Demand::Signature)), "{why:?}");
    assert_eq!(told.denial(), (Action::Open, Denial::Policy));
    let signer = SignerExpectation::OneOf(vec![scene.ada.signer().verifying_key()]);
    let wish = OpenWish { signer, ..wish() };
    open(&scene.custodian(), &scene.ada(), &package, &wish).unwrap();
}

#[test]
fn open_rejects_each_unbound_package_where_the_policy_refuses_them() {
    let mut scene =
        Scene::set(|settings| settings.opening.unbound_packages = UnboundPackages::Refused);
    let package = scene.sealed(10);
    let (decider, before) = (Arc::clone(&scene.policy.decider), scene.policy.decider.policy());
    scene.policy.decider = Arc::new(Renamed { decider, policy: PolicyHash::from_bytes([9; 32]) });
    let accepted = OpenWish { unbound: Unbound::Accepted, ..wish() };
    let ranges = OpenWish { aim: Aim::Ranges, ..accepted.clone() };
    for wish in [wish(), accepted.clone(), ranges] {
        let told = scene.trail();
        let why = refused_to_ada(&scene, &package, &wish);
        assert!(matches!(why, Refused::Demand(Demand::AlwaysBound)), "{why:?}");
        assert_eq!(told.denial().1, Denial::Policy);
    }
    // Nothing leaves of one that is verified.
    let verified = OpenWish { aim: Aim::Verification, ..accepted.clone() };
    open(&scene.custodian(), &scene.ada(), &package, &verified).unwrap();
    scene.policy.superseded.push(before);
    open(&scene.custodian(), &scene.ada(), &package, &wish()).unwrap();
}

#[test]
fn open_rejects_package_bound_to_no_known_policy() {
    let mut scene = Scene::new();
    let package = scene.sealed(10);
    // Another policy: of one more data set of purposes it has another hash, and supersedes nothing.
    let (decider, before) = (Arc::clone(&scene.policy.decider), scene.policy.decider.policy());
    scene.policy.decider = Arc::new(Renamed { decider, policy: PolicyHash::from_bytes([9; 32]) });
    let told = scene.trail();
    let why = refused_to_ada(&scene, &package, &wish());
    assert!(matches!(why, Refused::Demand(Demand::Bound)), "{why:?}");
    assert_eq!(told.denial(), (Action::Open, Denial::Policy));
    // Accepted where that is asked for, and where the policy supersedes the other.
    let accepted = OpenWish { unbound: Unbound::Accepted, ..wish() };
    let told = scene.trail();
    open(&scene.custodian(), &scene.ada(), &package, &accepted).unwrap();
    let mark = told.events().remove(0);
    let failed = Outcome::Failure(Failure::Expectation);
    assert_eq!((mark.action, mark.phase.outcome()), (Action::Verify, Some(failed)));
    let told = scene.trail();
    let verified = OpenWish { aim: Aim::Verification, ..accepted };
    open(&scene.custodian(), &scene.ada(), &package, &verified).unwrap();
    assert_eq!(
        told.operations().len(),
        told.events().len() / 2,
        "nothing leaves, nothing is marked"
    );
    scene.policy.superseded.push(before);
    open(&scene.custodian(), &scene.ada(), &package, &wish()).unwrap();
}

#[test]
fn open_rejects_disabled_key() {
    let mut scene = Scene::new();
    let package = scene.sealed(10);
    scene.change(|change| change.disable_key(&key()));
    let told = scene.trail();
    let why = refused_to_ada(&scene, &package, &wish());
    assert!(matches!(why, Refused::Key(KeyServiceError::Disabled)), "{why:?}");
    assert_eq!(told.denial(), (Action::Open, Denial::KeyDisabled));
}

#[test]
fn open_rejects_what_is_no_package() {
    let scene = Scene::new();
    let path = scene.path("note");
    std::fs::write(&path, "no package").unwrap();
    let told = scene.trail();
    let why = refused_to_ada(&scene, &path, &wish());
    assert!(matches!(why, Refused::Open(OpenError::Format(_))), "{why:?}");
    assert_eq!(told.failure(), (Action::Open, Failure::Format));
    assert!(told.events()[0].actor.principal().is_some(), "who tried is known");
}

#[test]
fn open_rejects_everything_when_the_policy_cannot_be_asked() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let mut policy = scene.policy.clone();
    policy.decider = Arc::new(Undecided);
    let custodian = Custodian::new(Parts { policy, ..scene.parts() }).unwrap();
    let keys = scene.keys(&scene.ada);
    let login = scene.login(&scene.ada, Arc::clone(&keys) as _);
    let told = scene.trail();
    let why = refused(&scene, &custodian, (&login, &keys), (&package, &wish()));
    assert!(matches!(why, Refused::Decision(DecideError::Evaluation)), "{why:?}");
    assert_eq!(told.failure(), (Action::Open, Failure::Internal));
    let why = seal(&custodian, &login, false).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Decision(_)), "{why:?}");
}

#[test]
fn errors_say_which_part_refused_and_no_name() {
    let scene = Scene::new();
    let package = scene.sealed_as("nurse-joy-and-the-patient", 10);
    let why = refused_to_ada(&scene, &package, &OpenWish { purpose: None, ..wish() });
    assert_eq!(why.to_string(), "the policy does not permit it: purpose");
    let shown = format!("{why:?} {:?} {:?}", scene.custodian(), scene.ada());
    assert!(!shown.contains("joy"), "{shown}");
    let grant = open(&scene.custodian(), &scene.ada(), &package, &wish()).unwrap();
    assert!(!format!("{grant:?}").contains("joy"));
    assert_eq!(grant.header().hash(), header(&package).unwrap().hash());
    assert_eq!(grant.admission().permit().decision().rules[0].as_str(), "clinician-open");
}

#[test]
fn refused_attempts_ask_for_no_key_to_seal_with() {
    let scene = Scene::new();
    let keys = scene.keys(&scene.bela);
    let login = scene.login(&scene.bela, Arc::clone(&keys) as _);
    let told = scene.trail();
    let why = seal(&scene.custodian(), &login, true).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Policy(Refusal::NotPermitted)), "{why:?}");
    assert_eq!(keys.count(Asked::Generate), 0);
    assert_eq!(told.denial(), (Action::Seal, Denial::Policy));
}

/// A policy under another name.
#[derive(Debug)]
pub(crate) struct Renamed {
    pub(crate) decider: Arc<dyn Decider>,
    pub(crate) policy: PolicyHash,
}

impl Decider for Renamed {
    fn decide(&self, request: &Request<'_>) -> Result<Decision, DecideError> {
        self.decider.decide(request)
    }

    fn policy(&self) -> PolicyHash {
        self.policy
    }
}

/// A policy that cannot be evaluated.
#[derive(Debug)]
struct Undecided;

impl Decider for Undecided {
    fn decide(&self, _: &Request<'_>) -> Result<Decision, DecideError> {
        Err(DecideError::Evaluation)
    }

    fn policy(&self) -> PolicyHash {
        PolicyHash::from_bytes([1; 32])
    }
}

//! What is done to the record, the policy and emergencies, and what is handed to others.

use std::sync::Arc;

use medsec::{
    Custodian, Emergencies, EmergencyKeyUse, EmergencyNote, EmergencyStep, Parts, Refused,
};
use medsec_audit::{
    Action, Actor, Commitment, Denial, EmergencyId as Named, Failure, LogTime, Opening, Outcome,
    Patient, PeerName, Period,
};
use medsec_kms::EmergencySetId;
use medsec_policy::{DatasetId, EmergencyId, PolicyHash, PrincipalId, Purpose, Refusal, Resource};
use medsec_testkit::WatchedJournal;

use crate::support::{DATASET, Person, Scene, Told, open, wish};

fn dataset() -> DatasetId {
    DatasetId::new(DATASET).unwrap()
}

fn peer() -> PeerName {
    PeerName::new("registry").unwrap()
}

fn reason() -> Commitment {
    Opening::new("unconscious, physician not reachable").unwrap().commitment()
}

fn emergency(initiator: &Person) -> Resource {
    let id = EmergencyId::from_bytes([3; 16]);
    Resource::Emergency { id, initiator: initiator.id(), dataset: Some(dataset()) }
}

fn period() -> Period {
    let at = |millis| LogTime::from_unix_millis(millis).unwrap();
    Period::new(at(1_793_707_200_000), at(1_793_707_260_000)).unwrap()
}

/// What each duty answers for a person, and what the log tells of it.
fn all(scene: &Scene, custodian: &Custodian, person: &Person) -> Vec<(Action, Option<Refused>)> {
    let login = scene.login(person, scene.keyring(person));
    let own = emergency(person);
    let others = emergency(&Person::new("dora"));
    let (why, dataset, peer) = (Some(Purpose::Treatment), dataset(), peer());
    let export = custodian.export(&login, &dataset, &peer, 3, why);
    let export = pollster::block_on(export).map(|grant| {
        grant.finish(Ok(())).unwrap();
    });
    let policy = PolicyHash::from_bytes([4; 32]);
    let policy = pollster::block_on(custodian.change_policy(&login, policy));
    let audit = pollster::block_on(custodian.read_audit(&login)).map(drop);
    let btg = Purpose::BreakTheGlass;
    let start =
        pollster::block_on(custodian.start_emergency(&login, &own, btg, reason())).map(drop);
    let review = custodian.close_review(&login, &others, period(), reason());
    let review = pollster::block_on(review).map(|step| step.ended(Outcome::Success).unwrap());
    vec![
        (Action::Export, export.err()),
        (Action::PolicyChange, policy.err()),
        (Action::Verify, audit.err()),
        (Action::EmergencyStart, start.err()),
        (Action::Review, review.err()),
    ]
}

#[test]
fn duties_are_those_of_the_roles_and_refusals_are_told() {
    let scene = Scene::new();
    let custodian = scene.custodian();
    let may = [
        (&scene.ada, [true, true, false, true, false]),
        (&scene.bela, [false; 5]),
        (&scene.cara, [false, false, true, false, true]),
    ];
    for (person, may) in may {
        let told = scene.trail();
        let found = all(&scene, &custodian, person);
        let denied = |e: &Option<Refused>| matches!(e, Some(Refused::Policy(_)));
        assert!(found.iter().all(|(_, e)| e.is_none() || denied(e)), "{found:?}");
        let granted: Vec<_> = found.iter().map(|(_, refused)| refused.is_none()).collect();
        assert_eq!(granted, may, "{}", person.name.as_str());
        // Reading the audit trail leaves no record, an export and a review two, and each refusal one.
        let expected = |(at, may): (usize, &bool)| match (at, may) {
            (0 | 4, true) => 2,
            (2, true) => 0,
            _ => 1,
        };
        let expected: usize = may.iter().enumerate().map(expected).sum();
        assert_eq!(told.events().len(), expected);
    }
}

#[test]
fn export_rejects_old_proofs_of_identity() {
    let scene = Scene::new();
    let (custodian, login) = (scene.custodian(), scene.ada());
    let export = || {
        let why = Some(Purpose::Treatment);
        let granted = pollster::block_on(custodian.export(&login, &dataset(), &peer(), 3, why));
        granted.map(|grant| grant.finish(Ok(())).unwrap())
    };
    scene.clock.advance(std::time::Duration::from_secs(14 * 60));
    export().unwrap();
    scene.clock.advance(std::time::Duration::from_secs(61 + 60));
    let told = scene.trail();
    let why = export().unwrap_err();
    assert!(matches!(why, Refused::Policy(Refusal::StepUp)), "{why:?}");
    assert_eq!(told.denial(), (Action::Export, Denial::Confirmation));
}

#[test]
fn export_is_announced_and_its_end_told() {
    let scene = Scene::new();
    let (custodian, login) = (scene.custodian(), scene.ada());
    let told = scene.trail();
    let export = || {
        let why = Some(Purpose::Treatment);
        pollster::block_on(custodian.export(&login, &dataset(), &peer(), 3, why)).unwrap()
    };
    export().finish(Ok(())).unwrap();
    export().finish(Err(Failure::Unreachable)).unwrap();
    drop(export());
    let failed = |failure| (Action::Export, Some(Outcome::Failure(failure)));
    assert_eq!(
        told.operations(),
        [
            (Action::Export, Some(Outcome::Success)),
            failed(Failure::Unreachable),
            failed(Failure::Interrupted),
        ],
    );
    let event = told.events().remove(0);
    assert_eq!((event.subject.peer, event.subject.items.unwrap().get()), (Some(peer()), 3));
}

#[test]
fn duties_that_cannot_be_recorded_do_not_happen() {
    let scene = Scene::new();
    let journal = WatchedJournal::failing_from(Arc::clone(&scene.writer) as _, 1);
    let custodian = scene.recording_to(Arc::new(journal));
    let found = all(&scene, &custodian, &scene.ada);
    let unrecorded = |at: usize| matches!(found[at].1, Some(Refused::Record(_)));
    assert!(unrecorded(0) && unrecorded(1) && unrecorded(3), "{found:?}");
    let (login, own) = (scene.ada(), emergency(&scene.ada));
    let ended = custodian.end_emergency(&login, &own);
    assert!(matches!(pollster::block_on(ended), Err(Refused::Record(_))));
}

#[test]
fn nobody_claims_for_others_or_reviews_what_they_claimed() {
    let scene = Scene::new();
    let (custodian, told) = (scene.custodian(), scene.trail());
    let (ada, of_bela) = (scene.ada(), emergency(&scene.bela));
    let btg = Purpose::BreakTheGlass;
    let claimed = custodian.start_emergency(&ada, &of_bela, btg, reason());
    let why = pollster::block_on(claimed).unwrap_err();
    assert!(matches!(why, Refused::Policy(Refusal::NotPermitted)), "{why:?}");
    assert_eq!(told.denial(), (Action::EmergencyStart, Denial::Policy));
    let told = scene.trail();
    let cara = scene.login(&scene.cara, scene.keyring(&scene.cara));
    let own = emergency(&scene.cara);
    let reviewed = custodian.close_review(&cara, &own, period(), reason());
    let why = pollster::block_on(reviewed).unwrap_err();
    assert!(matches!(why, Refused::Policy(Refusal::Forbidden)), "{why:?}");
    assert_eq!(told.denial(), (Action::Review, Denial::Policy));
}

#[test]
fn end_of_an_emergency_needs_no_decision_but_somebody() {
    let scene = Scene::new();
    let (custodian, login) = (scene.custodian(), scene.ada());
    let told = scene.trail();
    let step = pollster::block_on(custodian.end_emergency(&login, &emergency(&scene.ada)));
    step.unwrap().ended(Outcome::Success).unwrap();
    assert_eq!(told.operations(), [(Action::EmergencyEnd, Some(Outcome::Success))]);
    let told = scene.trail();
    login.session().end(medsec_policy::EndReason::LoggedOut);
    let why = pollster::block_on(custodian.end_emergency(&login, &emergency(&scene.ada)));
    assert!(matches!(why, Err(Refused::Login(_))));
    assert_eq!(told.denial(), (Action::EmergencyEnd, Denial::SessionEnded));
}

#[test]
fn emergency_that_ends_by_itself_is_an_act_of_nobody() {
    let scene = Scene::new();
    let (custodian, login, told) = (scene.custodian(), scene.ada(), scene.trail());
    let of_bela = emergency(&scene.bela);
    let expired = custodian.emergency_expired(&login, &of_bela);
    pollster::block_on(expired).unwrap();
    let event = told.events().remove(0);
    assert_eq!((event.action, event.actor), (Action::EmergencyEnd, Actor::System));
    assert_eq!(event.subject.principal.unwrap().as_str(), scene.bela.id().as_str());
    login.session().end(medsec_policy::EndReason::LoggedOut);
    let expired = custodian.emergency_expired(&login, &of_bela);
    assert!(matches!(pollster::block_on(expired), Err(Refused::Login(_))));
}

#[test]
fn emergency_key_is_announced_with_its_set_and_its_end_told() {
    let scene = Scene::new();
    let (custodian, login, told) = (scene.custodian(), scene.ada(), scene.trail());
    let (own, set) = (emergency(&scene.ada), EmergencySetId::generate().unwrap());
    let announce = |aim| {
        let step = custodian.announce_key_use(&login, Some(&own), set, aim);
        pollster::block_on(step).unwrap()
    };
    announce(EmergencyKeyUse::Recovery).ended(Outcome::Success).unwrap();
    drop(announce(EmergencyKeyUse::Drill));
    let interrupted = Some(Outcome::Failure(Failure::Interrupted));
    assert_eq!(
        told.operations(),
        [(Action::EmergencyUse, Some(Outcome::Success)), (Action::Test, interrupted)]
    );
    for event in told.events() {
        let key = event.subject.key.unwrap();
        assert_eq!(key.name.as_str(), format!("emergency-{set}"));
    }
}

#[test]
fn emergency_key_that_cannot_be_announced_is_not_put_together() {
    let scene = Scene::new();
    let journal = WatchedJournal::failing_from(Arc::clone(&scene.writer) as _, 1);
    let (custodian, login) = (scene.recording_to(Arc::new(journal)), scene.ada());
    let set = EmergencySetId::generate().unwrap();
    let step = custodian.announce_key_use(&login, None, set, EmergencyKeyUse::Recovery);
    assert!(matches!(pollster::block_on(step), Err(Refused::Record(_))));
}

/// Ada's emergency, as long as the test runs.
#[derive(Debug)]
struct Open(PrincipalId);

impl Emergencies for Open {
    fn covering(
        &self,
        principal: &PrincipalId,
        found: Option<&DatasetId>,
        _: Option<&Patient>,
        _: std::time::SystemTime,
    ) -> Option<EmergencyId> {
        let covered = *principal == self.0 && found == Some(&dataset());
        covered.then(|| EmergencyId::from_bytes([3; 16]))
    }
}

#[test]
fn open_under_an_emergency_tells_of_its_use() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let emergencies = Arc::new(Open(scene.ada.id()));
    let custodian = Custodian::new(Parts { emergencies, ..scene.parts() }).unwrap();
    let mut wish = wish();
    wish.purpose = Some(Purpose::BreakTheGlass);
    let told = scene.trail();
    drop(open(&custodian, &scene.ada(), &package, &wish).unwrap());
    let _settled = told.operations();
    let actions: Vec<_> = told.events().iter().map(|event| event.action).collect();
    assert_eq!(actions, [Action::EmergencyUse, Action::Open, Action::Open]);
    assert_eq!(told.commits(), 2, "the use and the intent belong together");
    // Nobody else's.
    let bela = scene.login(&scene.bela, scene.keyring(&scene.bela));
    let why = open(&custodian, &bela, &package, &wish).map(drop).unwrap_err();
    assert!(matches!(why, Refused::Policy(_)), "{why:?}");
}

/// Which emergency each event since names.
fn named(told: &Told) -> Vec<(Action, Option<Named>)> {
    let _settled = told.operations();
    told.events().iter().map(|event| (event.action, event.subject.emergency)).collect()
}

#[test]
fn what_belongs_to_no_emergency_names_none() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let emergencies = Arc::new(Open(scene.ada.id()));
    let custodian = Custodian::new(Parts { emergencies, ..scene.parts() }).unwrap();
    let (ada, told) = (scene.ada(), scene.trail());
    for note in [EmergencyNote::ClaimRefused, EmergencyNote::UseRefused] {
        pollster::block_on(custodian.note_emergency(&ada, None, note)).unwrap();
    }
    // For an ordinary purpose, though an emergency would cover it; and by somebody who has none.
    drop(open(&custodian, &ada, &package, &wish()).unwrap());
    let mut glass = wish();
    glass.purpose = Some(Purpose::BreakTheGlass);
    let bela = scene.login(&scene.bela, scene.keyring(&scene.bela));
    assert!(open(&custodian, &bela, &package, &glass).is_err());
    let named = named(&told);
    assert_eq!(named.len(), 5);
    assert!(named.iter().all(|(_, emergency)| emergency.is_none()), "{named:?}");
}

#[test]
fn every_record_of_an_emergency_names_it() {
    let scene = Scene::new();
    let package = scene.sealed(10);
    let emergencies = Arc::new(Open(scene.ada.id()));
    let custodian = Custodian::new(Parts { emergencies, ..scene.parts() }).unwrap();
    let (ada, own, told) = (scene.ada(), emergency(&scene.ada), scene.trail());
    let cara = scene.login(&scene.cara, scene.keyring(&scene.cara));
    let mut glass = wish();
    glass.purpose = Some(Purpose::BreakTheGlass);
    let note = |login, note| pollster::block_on(custodian.note_emergency(login, Some(&own), note));
    let done = |step: Result<EmergencyStep, Refused>| step.unwrap().ended(Outcome::Success);
    let set = EmergencySetId::generate().unwrap();
    let btg = Purpose::BreakTheGlass;
    pollster::block_on(custodian.start_emergency(&ada, &own, btg, reason())).unwrap();
    note(&ada, EmergencyNote::NobodyTold).unwrap();
    note(&ada, EmergencyNote::UseRefused).unwrap();
    let key = custodian.announce_key_use(&ada, Some(&own), set, EmergencyKeyUse::Recovery);
    done(pollster::block_on(key)).unwrap();
    drop(open(&custodian, &ada, &package, &glass).unwrap());
    let _settled = told.operations();
    done(pollster::block_on(custodian.end_emergency(&ada, &own))).unwrap();
    pollster::block_on(custodian.emergency_expired(&ada, &own)).unwrap();
    note(&ada, EmergencyNote::ReviewRefused).unwrap();
    // By the rules too: who claimed it does not review it.
    let refused = custodian.close_review(&ada, &own, period(), reason());
    assert!(pollster::block_on(refused).is_err());
    let review = custodian.close_review(&cara, &own, period(), reason());
    done(pollster::block_on(review)).unwrap();
    let named = named(&told);
    let id = Some(Named::from_bytes([3; 16]));
    assert!(named.iter().all(|(_, emergency)| *emergency == id), "{named:?}");
    let actions: Vec<_> = named.iter().map(|(action, _)| action.name()).collect();
    assert_eq!(
        actions.join(" "),
        "emergency-start export emergency-use emergency-use emergency-use emergency-use open open \
         emergency-end emergency-end emergency-end review review review review"
    );
}

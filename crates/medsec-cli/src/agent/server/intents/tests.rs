//! What a connection may have recorded, and what it gets for it.

use medsec_audit::{
    Action, Actor, Authentication, DatasetId, Denial, Event, Failure, Outcome, Phase, Principal,
    PrincipalId, RequestId, SessionId, Subject,
};
use medsec_crypto::Bind;
use medsec_kms::KeyContext;

use super::{Intents, Whose};
use crate::recording::place;

const SESSION: SessionId = SessionId::from_bytes([1; 16]);

fn request(number: u8) -> RequestId {
    RequestId::from_bytes([number; 16])
}

fn event(action: Action, phase: Phase) -> Event {
    let mut subject = Subject::default();
    subject.dataset = Some(DatasetId::new("ct").unwrap());
    Event {
        actor: Actor::Person(Principal {
            id: PrincipalId::new("ada").unwrap(),
            authentication: Authentication::PrivateKey,
            role: None,
            on_behalf_of: None,
        }),
        action,
        phase,
        subject,
        purpose: None,
        place: place().unwrap(),
        ruling: None,
        session: Some(SESSION),
    }
}

fn intent(action: Action, number: u8) -> Event {
    event(action, Phase::Intent { request: request(number) })
}

fn ended(action: Action, number: u8) -> Event {
    event(action, Phase::Ended { request: request(number), outcome: Outcome::Success })
}

fn single(action: Action, outcome: Outcome) -> Event {
    event(action, Phase::Single { request: None, outcome })
}

fn whose() -> Whose {
    Whose { principal: medsec_policy::PrincipalId::new("ada").unwrap(), session: SESSION }
}

fn context(dataset: Option<&str>) -> KeyContext {
    let dataset = dataset.map(|id| medsec_crypto::DatasetId::new(id).unwrap());
    KeyContext { bind: Bind::from_bytes([0; 32]), dataset }
}

fn admits(event: &Event) -> bool {
    Intents::default().admit(event, Some(&whose()), true)
}

#[test]
fn event_of_another_person_or_session_is_refused() {
    let mut other = intent(Action::Open, 1);
    if let Actor::Person(principal) = &mut other.actor {
        principal.id = PrincipalId::new("bela").unwrap();
    }
    assert!(!admits(&other));
    let other = Event { session: Some(SessionId::from_bytes([2; 16])), ..intent(Action::Open, 1) };
    assert!(!admits(&other));
    assert!(!admits(&Event { session: None, ..intent(Action::Open, 1) }));
    assert!(!Intents::default().admit(&intent(Action::Open, 1), None, true), "nobody is logged in");
    assert!(admits(&intent(Action::Open, 1)));
}

#[test]
fn emergency_that_ended_by_itself_may_be_told_by_whoever_is_logged_in() {
    let outcome = Outcome::Success;
    let of = |action| Event { actor: Actor::System, session: None, ..single(action, outcome) };
    assert!(admits(&of(Action::EmergencyEnd)));
    assert!(!admits(&of(Action::EmergencyStart)));
    assert!(!Intents::default().admit(&of(Action::EmergencyEnd), Some(&whose()), false));
}

#[test]
fn events_of_the_agent_itself_are_refused_from_others() {
    for action in [
        Action::SessionStart,
        Action::SessionEnd,
        Action::AutomaticLogoff,
        Action::LoginFailure,
        Action::LogStart,
        Action::LogStop,
        Action::ClockStep,
    ] {
        assert!(!admits(&single(action, Outcome::Success)), "{action}");
    }
    let system =
        Event { actor: Actor::System, session: None, ..single(Action::Open, Outcome::Success) };
    assert!(!admits(&system));
    assert!(admits(&Event { action: Action::Test, ..system.clone() }));
    let seen = Event { action: Action::PolicyChange, ..system };
    assert!(admits(&seen));
    assert!(!Intents::default().admit(&seen, None, false), "nobody works under it");
}

#[test]
fn who_is_unknown_has_refusals_recorded_and_nothing_else() {
    let unknown = |event| Event { actor: Actor::Unknown, session: None, ..event };
    assert!(!admits(&unknown(single(Action::Open, Outcome::Success))));
    assert!(!admits(&unknown(intent(Action::Open, 1))));
    assert!(!admits(&Event {
        session: Some(SESSION),
        ..unknown(single(Action::Open, Outcome::Denied(Denial::NoSession)))
    }));
    assert!(admits(&unknown(single(Action::Open, Outcome::Denied(Denial::NoSession)))));
    assert!(admits(&unknown(single(Action::Open, Outcome::Failure(Failure::Format)))));
}

#[test]
fn only_a_failed_login_of_nobody_known_is_taken_from_others() {
    let denied = Outcome::Denied(Denial::Credentials);
    let unknown = |event| Event { actor: Actor::Unknown, session: None, ..event };
    assert!(!admits(&single(Action::LoginFailure, denied)), "in the name of who is logged in");
    assert!(!admits(&unknown(single(Action::SessionEnd, denied))));
    assert!(!admits(&unknown(single(Action::LoginFailure, Outcome::Success))));
    assert!(!admits(&unknown(intent(Action::LoginFailure, 1))));
    assert!(admits(&unknown(single(Action::LoginFailure, denied))));
}

#[test]
fn after_the_session_only_ends_and_refusals_are_recorded() {
    let mut intents = Intents::default();
    intents.take(intent(Action::Open, 1));
    let whose = whose();
    assert!(!intents.admit(&intent(Action::Open, 2), Some(&whose), false));
    assert!(!intents.admit(&single(Action::EmergencyUse, Outcome::Success), Some(&whose), false));
    assert!(intents.admit(&ended(Action::Open, 1), Some(&whose), false));
    let refused = single(Action::Open, Outcome::Denied(Denial::SessionEnded));
    assert!(intents.admit(&refused, Some(&whose), false));
}

#[test]
fn end_of_what_was_not_announced_here_is_refused() {
    let mut intents = Intents::default();
    let whose = whose();
    assert!(!intents.admit(&ended(Action::Open, 1), Some(&whose), true));
    intents.take(intent(Action::Open, 1));
    assert!(!intents.admit(&intent(Action::Open, 1), Some(&whose), true), "announced twice");
    intents.take(ended(Action::Open, 1));
    assert!(intents.admit(&ended(Action::Open, 1), Some(&whose), true), "it may be corrected");
    assert!(!intents.admit(&intent(Action::Open, 1), Some(&whose), true), "but not begun again");
}

#[test]
fn no_intent_no_key() {
    let intents = Intents::default();
    assert!(intents.for_unwrap(&context(Some("ct"))).is_none());
    assert!(!intents.may_wrap(&context(Some("ct"))));
}

#[test]
fn intent_for_another_data_set_or_action_gives_no_key() {
    let mut intents = Intents::default();
    intents.take(intent(Action::Open, 1));
    intents.take(intent(Action::Seal, 2));
    intents.take(intent(Action::Export, 3));
    assert!(intents.for_unwrap(&context(Some("mri"))).is_none());
    assert!(intents.for_unwrap(&context(None)).is_none());
    assert!(!intents.may_wrap(&context(Some("mri"))));
    assert_eq!(intents.for_unwrap(&context(Some("ct"))), Some(request(1)));
    intents.take(ended(Action::Open, 1));
    assert!(intents.for_unwrap(&context(Some("ct"))).is_none(), "sealing and export open nothing");
}

#[test]
fn one_intent_gives_one_key_and_a_rewrap_two() {
    for (action, keys) in
        [(Action::Open, 1), (Action::ReadRange, 1), (Action::Verify, 1), (Action::Rewrap, 2)]
    {
        let mut intents = Intents::default();
        intents.take(intent(action, 1));
        for _ in 0..keys {
            let request = intents.for_unwrap(&context(Some("ct"))).unwrap();
            intents.unwrapped(&request);
        }
        assert!(intents.for_unwrap(&context(Some("ct"))).is_none(), "{action}");
        assert_eq!(intents.len(), 1, "it has not ended");
    }
}

#[test]
fn what_was_left_open_is_told_as_interrupted_once() {
    let mut intents = Intents::default();
    intents.take(intent(Action::Open, 1));
    intents.take(intent(Action::Seal, 2));
    intents.take(ended(Action::Open, 1));
    let told = intents.interrupted();
    let outcome = Outcome::Failure(Failure::Interrupted);
    assert_eq!(told, [event(Action::Seal, Phase::Ended { request: request(2), outcome })]);
    assert!(intents.interrupted().is_empty());
}

#[test]
fn crowd_of_intents_is_bounded() {
    let mut intents = Intents::default();
    for number in 0..super::MAX_OPEN {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(number as u64).to_be_bytes());
        intents.take(event(Action::Open, Phase::Intent { request: RequestId::from_bytes(id) }));
    }
    assert!(!intents.has_room(&[intent(Action::Open, 0xFF)]));
}

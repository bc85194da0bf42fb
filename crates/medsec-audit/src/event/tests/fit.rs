//! What reviewers need is there.

use super::*;
use crate::event::*;

fn unfit(event: &Event) -> Option<&'static str> {
    match event.to_line(&samples::position()) {
        Err(EventError::Unfit { action, member }) => {
            assert_eq!(action, event.action);
            Some(member)
        }
        Ok(_) => None,
        Err(error) => panic!("{error}"),
    }
}

fn without_subject(action: Action) -> Event {
    Event { subject: Subject::default(), session: None, ..samples::full(action) }
}

#[test]
fn success_without_what_it_was_about_is_refused() {
    for action in Action::ALL {
        let expected = match action {
            Action::Seal | Action::Open | Action::ReadRange | Action::Rewrap => "which.package",
            Action::Enrol | Action::Grant | Action::Revoke | Action::Offboard => "which.principal",
            Action::KeyCreate
            | Action::KeyRotate
            | Action::KeyEnable
            | Action::KeyDisable
            | Action::KeyDestroy => "which.key",
            Action::SessionStart | Action::SessionEnd | Action::AutomaticLogoff => "session",
            Action::EmergencyStart => "which.text",
            Action::PolicyChange => "which.policy",
            Action::ClockStep => "which.expected",
            Action::FollowerLag | Action::AnchorLag => "which.peer",
            Action::LogRetire => "which.first",
            Action::Review => "which.from",
            _ => {
                assert_eq!(unfit(&without_subject(*action)), None, "{action}");
                continue;
            }
        };
        assert_eq!(unfit(&without_subject(*action)), Some(expected), "{action}");
        assert_eq!(unfit(&samples::full(*action)), None, "{action}");
    }
}

#[test]
fn opening_without_an_extent_is_refused_once_it_has_ended() {
    let mut event = samples::full(Action::Open);
    event.subject.extent = None;
    assert_eq!(unfit(&event), Some("which.bytes"));
    let request = RequestId::from_bytes([1; 16]);
    assert_eq!(unfit(&Event { phase: Phase::Intent { request }, ..event }), None);
}

#[test]
fn nobody_known_does_nothing_to_packages() {
    for action in [Action::Open, Action::Grant, Action::EmergencyStart, Action::Review] {
        for actor in [Actor::Unknown, Actor::System] {
            assert_eq!(unfit(&Event { actor, ..samples::full(action) }), Some("who.is"));
        }
    }
    assert_eq!(
        unfit(&Event { actor: Actor::Unknown, ..samples::full(Action::LogStart) }),
        Some("who.is")
    );
    assert_eq!(unfit(&Event { actor: Actor::System, ..samples::full(Action::LogStart) }), None);
}

#[test]
fn emergency_ends_by_itself_and_begins_by_somebody() {
    let end = |actor| Event { actor, ..samples::full(Action::EmergencyEnd) };
    assert_eq!(unfit(&end(Actor::System)), None);
    assert_eq!(unfit(&end(Actor::Unknown)), Some("who.is"));
    let used = Event { actor: Actor::System, ..samples::full(Action::EmergencyUse) };
    assert_eq!(unfit(&used), Some("who.is"));
}

#[test]
fn a_failed_login_does_not_succeed() {
    let outcome = Outcome::Success;
    let event = samples::full(Action::LoginFailure);
    let event = Event { phase: Phase::Single { request: None, outcome }, ..event };
    assert_eq!(unfit(&event), Some("outcome"));
}

#[test]
fn denials_and_failures_are_recorded_with_what_is_known() {
    for action in Action::ALL {
        assert_eq!(unfit(&samples::bare(*action)), None, "{action}");
    }
}

#[test]
fn a_line_of_an_unfit_event_is_refused() {
    let line = example_line();
    let package = format!("\"package\":\"{}\",", "ab".repeat(16));
    let error = parse(&line.replacen(&package, "", 1)).unwrap_err();
    let ContentError::Unfit(error) = error else { panic!("{error}") };
    assert_eq!(error, EventError::Unfit { action: Action::Open, member: "which.package" });
}

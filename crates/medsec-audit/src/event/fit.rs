//! What an event must say for a reviewer to make use of it, by action.

use super::action::Group;
use super::{Action, Actor, Event, EventError, Outcome, Phase};

impl Event {
    /// Fails for the first member that is missing or contradicts the action.
    pub(super) fn check_fit(&self) -> Result<(), EventError> {
        let action = self.action;
        self.unfit().map_or(Ok(()), |member| Err(EventError::Unfit { action, member }))
    }

    fn unfit(&self) -> Option<&'static str> {
        // Nobody gets in by failing to.
        if self.action == Action::LoginFailure && self.is_done_or_meant() {
            return Some("outcome");
        }
        // What is denied or fails may do so before it is known what it was about.
        let needed = self.is_done_or_meant();
        needed.then(|| self.lacks_subject().or_else(|| self.lacks_actor())).flatten()
    }

    /// It was done, or is about to be.
    const fn is_done_or_meant(&self) -> bool {
        matches!(self.phase.outcome(), None | Some(Outcome::Success))
    }

    fn lacks_subject(&self) -> Option<&'static str> {
        let subject = &self.subject;
        let lacks = |there: bool, member| (!there).then_some(member);
        match self.action {
            Action::Seal | Action::Rewrap => lacks(subject.package.is_some(), "which.package"),
            Action::Open | Action::ReadRange => lacks(subject.package.is_some(), "which.package")
                .or_else(|| lacks(self.is_intent() || subject.extent.is_some(), "which.bytes")),
            Action::SessionStart | Action::SessionEnd | Action::AutomaticLogoff => {
                lacks(self.session.is_some(), "session")
            }
            Action::EmergencyStart => lacks(subject.text.is_some(), "which.text"),
            Action::PolicyChange => lacks(subject.policy.is_some(), "which.policy"),
            Action::ClockStep => lacks(subject.clock.is_some(), "which.expected"),
            Action::FollowerLag | Action::AnchorLag => lacks(subject.peer.is_some(), "which.peer"),
            Action::LogRetire => lacks(subject.span.is_some(), "which.first"),
            Action::Review => {
                lacks(subject.period.is_some() || subject.span.is_some(), "which.from")
            }
            action => match Group::of(action) {
                Group::Rights => lacks(subject.principal.is_some(), "which.principal"),
                Group::Key => lacks(subject.key.is_some(), "which.key"),
                _ => None,
            },
        }
    }

    /// Only somebody who is known does anything to packages, rights or keys, or reviews.
    fn lacks_actor(&self) -> Option<&'static str> {
        let fits = match Group::of(self.action) {
            // One whose time is over ends by nobody's act.
            Group::Emergency if self.action == Action::EmergencyEnd => {
                !matches!(self.actor, Actor::Unknown)
            }
            Group::Access | Group::Rights | Group::Emergency => self.actor.principal().is_some(),
            Group::Review => matches!(self.actor, Actor::Person(_)),
            Group::Key | Group::Session | Group::Policy | Group::Log | Group::Test => {
                !matches!(self.actor, Actor::Unknown)
            }
        };
        (!fits).then_some("who.is")
    }

    const fn is_intent(&self) -> bool {
        matches!(self.phase, Phase::Intent { .. })
    }
}

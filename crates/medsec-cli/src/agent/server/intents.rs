//! What one connection has announced and not ended: no key is used for what is not on record.
//!
//! Of a key that leaves the agent, an intent is on record that it announced on the same connection: to open, read,
//! verify or rewrap a package of that data set, by that principal in that session, not ended yet. One intent lets one
//! data key out; a rewrap two, because the new recipients are tried.
//!
//! The agent cannot tell whether the policy permitted what is announced: the Custodian that decides is the command's.

use std::collections::{BTreeMap, VecDeque};

use medsec_audit::{
    Action, Actor, DatasetId, Event, Failure, Kind, Outcome, Phase, RequestId, SessionId,
};
use medsec_kms::KeyContext;
use medsec_policy::PrincipalId;

/// Most intents that one connection may have open.
pub(super) const MAX_OPEN: usize = 4096;
/// Requests whose outcome may still be corrected.
const MAX_ENDED: usize = 4096;

/// Whose connection it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Whose {
    pub(super) principal: PrincipalId,
    pub(super) session: SessionId,
}

#[derive(Debug)]
struct Intent {
    event: Event,
    /// Data keys that may still be unwrapped for it.
    keys: u8,
}

/// The books of one connection.
#[derive(Debug, Default)]
pub(super) struct Intents {
    open: BTreeMap<RequestId, Intent>,
    ended: VecDeque<RequestId>,
}

impl Intents {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether an event may be recorded for this connection. `live`: whether its session lives.
    pub(super) fn admit(&self, event: &Event, whose: Option<&Whose>, live: bool) -> bool {
        let refused = matches!(
            event.phase,
            Phase::Single { outcome: Outcome::Denied(_) | Outcome::Failure(_), .. }
        );
        // Those are the agent's own, but for the login of a command that does without it, and failed.
        let failed = event.action == Action::LoginFailure && event.actor == Actor::Unknown;
        if [Kind::SESSION, Kind::LOG].contains(&event.action.kind()) && !failed {
            return false;
        }
        match (&event.actor, event.phase) {
            // Who is not logged in may have that recorded, and nothing else.
            (Actor::Unknown, _) => event.session.is_none() && refused,
            // That a policy is in force is nobody's act, nor that an emergency's time is over; a command that notices it
            // says so.
            (Actor::System, Phase::Single { .. }) => match event.action {
                Action::Test => true,
                Action::PolicyChange | Action::EmergencyEnd => live && event.session.is_none(),
                _ => false,
            },
            (Actor::System, _) => false,
            (Actor::Person(_) | Actor::Service(_), _) if !is_of(event, whose) => false,
            (_, Phase::Intent { request }) => {
                let known = self.open.contains_key(&request) || self.ended.contains(&request);
                live && !known
            }
            (_, Phase::Ended { request, .. }) => {
                self.open.contains_key(&request) || self.ended.contains(&request)
            }
            (_, Phase::Single { .. }) => live || refused,
        }
    }

    /// Whether there is room for so many more.
    pub(super) fn has_room(&self, events: &[Event]) -> bool {
        self.open.len().saturating_add(events.len()) <= MAX_OPEN
    }

    /// Takes an event that is durable.
    pub(super) fn take(&mut self, event: Event) {
        match event.phase {
            Phase::Intent { request } => {
                let keys = keys_for(event.action);
                self.open.insert(request, Intent { event, keys });
            }
            Phase::Ended { request, .. } => {
                if self.open.remove(&request).is_some() {
                    self.ended.push_back(request);
                }
                if self.ended.len() > MAX_ENDED {
                    self.ended.pop_front();
                }
            }
            Phase::Single { .. } => {}
        }
    }

    /// The intent that a data key may be unwrapped for.
    pub(super) fn for_unwrap(&self, context: &KeyContext) -> Option<RequestId> {
        let fits = |intent: &Intent| intent.keys > 0 && is_about(&intent.event, context);
        self.open.iter().find(|(_, intent)| fits(intent)).map(|(request, _)| *request)
    }

    /// One was.
    pub(super) fn unwrapped(&mut self, request: &RequestId) {
        if let Some(intent) = self.open.get_mut(request) {
            intent.keys = intent.keys.saturating_sub(1);
        }
    }

    /// Whether a data key may be wrapped.
    pub(super) fn may_wrap(&self, context: &KeyContext) -> bool {
        let wraps = |intent: &Intent| {
            matches!(intent.event.action, Action::Seal | Action::Rewrap)
                && is_about(&intent.event, context)
        };
        self.open.values().any(wraps)
    }

    /// What is to be recorded of a connection that ended too early.
    pub(super) fn interrupted(&mut self) -> Vec<Event> {
        let outcome = Outcome::Failure(Failure::Interrupted);
        let open = std::mem::take(&mut self.open).into_iter();
        let ended = |(request, intent): (RequestId, Intent)| Event {
            phase: Phase::Ended { request, outcome },
            ..intent.event
        };
        open.map(ended).collect()
    }
}

const fn keys_for(action: Action) -> u8 {
    match action {
        Action::Open | Action::ReadRange | Action::Verify => 1,
        Action::Rewrap => 2,
        _ => 0,
    }
}

fn is_of(event: &Event, whose: Option<&Whose>) -> bool {
    let by = event.actor.principal().map(|principal| principal.id.as_str());
    whose.is_some_and(|whose| {
        by == Some(whose.principal.as_str()) && event.session == Some(whose.session)
    })
}

/// The log and the key service name data sets alike, but for names that no record can have.
fn is_about(event: &Event, context: &KeyContext) -> bool {
    let dataset = context.dataset.as_ref().and_then(|id| DatasetId::new(id.as_str()).ok());
    event.subject.dataset == dataset
}

#[cfg(test)]
mod tests;

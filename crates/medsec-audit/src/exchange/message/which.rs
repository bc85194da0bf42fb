//! The entities: what it was about.

use super::super::code::{self as c, Code};
use super::{Entity, Id};
use crate::event::{Action, Content, Event, Study, Subject};

/// What an action is about before all else. BALP wants it to be the only system object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Main {
    Package,
    Principal,
    Emergency,
    Key,
    Session,
    Policy,
    Record,
}

impl Main {
    const fn of(action: Action) -> Self {
        use Action as A;
        match action {
            A::Seal | A::Open | A::ReadRange | A::Rewrap | A::Verify | A::Export => Self::Package,
            A::EmergencyUse => Self::Package,
            A::EmergencyStart | A::EmergencyEnd => Self::Emergency,
            A::Enrol | A::Grant | A::Revoke | A::Offboard => Self::Principal,
            A::KeyCreate | A::KeyRotate | A::KeyEnable | A::KeyDisable | A::KeyDestroy => Self::Key,
            A::SessionStart | A::SessionEnd | A::AutomaticLogoff | A::LoginFailure => Self::Session,
            A::PolicyChange => Self::Policy,
            // What the log says about itself, reviews and tests.
            _ => Self::Record,
        }
    }
}

/// Gathers entities.
struct Entities {
    main: Main,
    all: Vec<Entity>,
}

pub(super) fn entities(content: &Content<'_>) -> Vec<Entity> {
    let event = &content.event;
    let mut entities = Entities { main: Main::of(event.action), all: Vec::new() };
    entities.patient_and_content(&event.subject);
    entities.security(event);
    entities.record(content);
    if let Some(request) = event.phase.request() {
        let id = Id::new("request", &request);
        entities.all.push(Entity { kind: c::REQUEST_ID, role: None, id, details: Vec::new() });
    }
    entities.all
}

impl Entities {
    fn patient_and_content(&mut self, subject: &Subject) {
        if let Some(patient) = &subject.patient {
            let (kind, role, id) = (c::PERSON, Some(c::ROLE_PATIENT), Id::of_patient(patient));
            self.all.push(Entity { kind, role, id, details: Vec::new() });
        }
        if let Some(package) = subject.package {
            let details = of_package(subject);
            let role = Some(c::ROLE_DOMAIN_RESOURCE);
            self.add(Some(Main::Package), role, Id::new("package", &package), details);
        }
        if let Some(dataset) = &subject.dataset {
            self.add(None, None, Id::new("dataset", dataset), Vec::new());
        }
        if let Some(study) = &subject.study {
            let system = match study {
                Study::Pseudonym(_) => "study-pseudonym",
                Study::Commitment(_) => "study-commitment",
            };
            self.add(None, None, Id::new(system, study), Vec::new());
        }
    }

    fn security(&mut self, event: &Event) {
        let Subject { principal, emergency, key, policy, peer, .. } = &event.subject;
        let resource = Some(c::ROLE_SECURITY_RESOURCE);
        if let Some(principal) = principal {
            let id = Id::new("principal", principal);
            self.add(Some(Main::Principal), Some(c::ROLE_SECURITY_USER), id, Vec::new());
        }
        if let Some(emergency) = emergency {
            let id = Id::new("emergency", emergency);
            self.add(Some(Main::Emergency), resource, id, Vec::new());
        }
        if let Some(key) = key {
            let details = key.version.map(|version| ("version", version.to_string()));
            let id = Id::new("key", &key.name);
            self.add(Some(Main::Key), resource, id, details.into_iter().collect());
        }
        if let Some(policy) = policy {
            self.add(Some(Main::Policy), resource, Id::new("policy", policy), Vec::new());
        }
        if let Some(peer) = peer {
            let id = Id::new("peer", peer);
            self.add(None, Some(c::ROLE_DATA_DESTINATION), id, Vec::new());
        }
        if let Some(session) = event.session {
            self.add(Some(Main::Session), None, Id::new("session", &session), Vec::new());
        }
    }

    /// The record itself, so that a receiver can ask for the line and its proof. The leaf hash before it tells it
    /// from a record with the same number in another stream.
    fn record(&mut self, content: &Content<'_>) {
        let position = &content.head.position;
        let id = Id::new("record", &format_args!("{}:{}", position.seq, position.prev));
        let details = of_record(content);
        self.add(Some(Main::Record), Some(c::ROLE_SECURITY_RESOURCE), id, details);
    }

    fn add(
        &mut self,
        what: Option<Main>,
        role: Option<Code>,
        id: Id,
        details: Vec<(&'static str, String)>,
    ) {
        let kind = if what == Some(self.main) { c::SYSTEM_OBJECT } else { c::OTHER };
        self.all.push(Entity { kind, role, id, details });
    }
}

fn of_package(subject: &Subject) -> Vec<(&'static str, String)> {
    let mut details = Vec::new();
    if let Some(recipients) = subject.recipients {
        details.push(("generation", recipients.generation.to_string()));
        details.push(("slot", recipients.slot.to_string()));
    }
    if let Some(extent) = subject.extent {
        details.push(("bytes", extent.bytes.to_string()));
        details.push(("ranges", extent.ranges.to_string()));
    }
    details
}

/// All that has no place of its own, by the names of the line's members.
fn of_record(content: &Content<'_>) -> Vec<(&'static str, String)> {
    let event = &content.event;
    let Subject { items, span, period, clock, text, refusal, .. } = &event.subject;
    let mut details = vec![("phase", event.phase.name().to_owned())];
    let auth = event.actor.principal().map(|principal| principal.authentication.to_string());
    details.extend(auth.map(|auth| ("auth", auth)));
    details.extend(event.ruling.map(|ruling| ("decision", ruling.decision.to_string())));
    details.extend(items.map(|items| ("items", items.to_string())));
    if let Some(span) = span {
        details.push(("first", span.first().to_string()));
        details.push(("last", span.last().to_string()));
    }
    if let Some(period) = period {
        details.push(("from", period.from().to_string()));
        details.push(("until", period.until().to_string()));
    }
    if let Some(clock) = clock {
        details.push(("expected", clock.expected.to_string()));
        details.push(("found", clock.found.to_string()));
    }
    details.extend(text.map(|text| ("text", text.to_string())));
    details.extend(refusal.as_ref().map(|code| ("refusal", code.to_string())));
    // Their content stays in the line: this version cannot tell whether it may leave.
    if !content.unknown.is_empty() {
        details.push(("unknown-members", content.unknown.len().to_string()));
    }
    details
}

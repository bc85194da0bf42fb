//! Events with all there can be, as lines, as AuditEvents and as audit messages.

use medsec_audit::{
    Action, Actor, Authentication, ClockStep, Commitment, Content, Count, DatasetId, DecisionId,
    Denial, EmergencyId, Event, Extent, Failure, Hash, HostId, KekName, KekVersion, LogTime,
    Namespace, Opening, Origin, Outcome, PackageId, Patient, PeerName, Period, Phase, Place,
    PolicyHash, Principal, PrincipalId, ProcessName, PseudonymKey, Purpose, Recipients,
    RecordPosition, RequestId, RoleName, Ruling, SessionId, SiteName, SlotDigest, SourceInfo, Span,
    Study, Subject, dicom, fhir,
};
use serde_json::Value;

/// What no exported event may have in it.
pub(crate) const NAMES: [&str; 3] = ["MRN-0042", "Mustermann", "unconscious"];

pub(crate) fn source() -> SourceInfo {
    SourceInfo {
        site: Some(SiteName::new("clinic-north").unwrap()),
        namespace: Namespace::new("https://clinic.example/audit").unwrap(),
    }
}

pub(crate) fn count(number: u64) -> Count {
    Count::new(number).unwrap()
}

fn time(text: &str) -> LogTime {
    text.parse().unwrap()
}

pub(crate) fn commitment() -> Commitment {
    Opening::new("Erika Mustermann, unconscious").unwrap().commitment()
}

pub(crate) fn pseudonym() -> Patient {
    let key = PseudonymKey::take_from(&mut [1; 32]).unwrap();
    Patient::Pseudonym(key.patient(b"MRN-0042").unwrap())
}

fn principal(id: &str) -> Principal {
    Principal {
        id: PrincipalId::new(id).unwrap(),
        authentication: Authentication::PrivateKey,
        role: Some(RoleName::new("radiology").unwrap()),
        on_behalf_of: Some(PrincipalId::new("dr.bob").unwrap()),
    }
}

pub(crate) fn person() -> Actor {
    Actor::Person(principal("ann"))
}

pub(crate) fn service() -> Actor {
    Actor::Service(principal("oidc:gateway@clinic.example"))
}

fn everything() -> Subject {
    let key = PseudonymKey::take_from(&mut [1; 32]).unwrap();
    let mut subject = Subject::default();
    subject.package = Some(PackageId::from_bytes([0xAB; 16]));
    subject.dataset = Some(DatasetId::new("mri-2026").unwrap());
    subject.recipients =
        Some(Recipients { generation: count(3), slot: SlotDigest::from_bytes([0xCD; 32]) });
    subject.extent = Some(Extent { bytes: count(1_048_576), ranges: count(2) });
    subject.patient = Some(pseudonym());
    subject.study = Some(Study::Pseudonym(key.study(b"1.2.840.113619.2.55").unwrap()));
    let name = KekName::new("arn:aws:kms:eu:key/mri").unwrap();
    subject.key = Some(KekVersion { name, version: Some(count(2)) });
    subject.principal = Some(PrincipalId::new("carla").unwrap());
    subject.emergency = Some(EmergencyId::from_bytes([0x99; 16]));
    subject.policy = Some(PolicyHash::from_bytes([0x11; 32]));
    subject.peer = Some(PeerName::new("siem-1").unwrap());
    subject.items = Some(count(12));
    subject.span = Some(Span::new(count(0), count(99)).unwrap());
    let (from, until) = (time("2026-11-01T00:00:00.000Z"), time("2026-11-02T00:00:00.000Z"));
    subject.period = Some(Period::new(from, until).unwrap());
    subject.clock = Some(ClockStep { expected: until, found: from });
    subject.text = Some(commitment());
    subject
}

pub(crate) fn request() -> RequestId {
    RequestId::from_bytes([0x22; 16])
}

/// An event of the action with everything, that succeeded where it can.
pub(crate) fn full(action: Action) -> Event {
    let denied = action == Action::LoginFailure;
    let outcome = if denied { Outcome::Denied(Denial::Credentials) } else { Outcome::Success };
    Event {
        actor: person(),
        action,
        phase: Phase::Ended { request: request(), outcome },
        subject: everything(),
        purpose: Some(Purpose::EmergencyTreatment),
        place: Place {
            host: HostId::new("node-7.radiology.example").unwrap(),
            process: ProcessName::new("medsec").unwrap(),
            pid: Some(4711),
            origin: Origin::Local,
        },
        ruling: Some(Ruling {
            policy: PolicyHash::from_bytes([0x33; 32]),
            decision: DecisionId::from_bytes([0x44; 16]),
        }),
        session: Some(SessionId::from_bytes([0x55; 16])),
    }
}

/// An event of the action that has as little as any, and failed.
pub(crate) fn bare(action: Action) -> Event {
    let outcome = Outcome::Failure(Failure::Internal);
    let full = full(action);
    Event {
        actor: Actor::Unknown,
        phase: Phase::Single { request: None, outcome },
        subject: Subject::default(),
        purpose: None,
        place: Place { pid: None, origin: Origin::Remote, ..full.place },
        ruling: None,
        session: None,
        action,
    }
}

/// Every action in every phase, by every kind of actor, from everywhere, with and without a patient.
pub(crate) fn all() -> Vec<Event> {
    let mut events = Vec::new();
    for action in Action::ALL {
        let full = full(*action);
        events.extend([full.clone(), bare(*action)]);
        events.extend(variants(&full));
    }
    let open = full(Action::Open);
    let ended =
        |outcome| Event { phase: Phase::Ended { request: request(), outcome }, ..open.clone() };
    events.extend(Denial::ALL.iter().map(|reason| ended(Outcome::Denied(*reason))));
    events.extend(Failure::ALL.iter().map(|reason| ended(Outcome::Failure(*reason))));
    let aimed = |purpose: &Purpose| Event { purpose: Some(*purpose), ..open.clone() };
    events.extend(Purpose::ALL.iter().map(aimed));
    events
}

fn variants(full: &Event) -> Vec<Event> {
    let action = full.action;
    let denied = Outcome::Denied(Denial::Policy);
    let address = |text: &str| Origin::Address(text.parse().unwrap());
    let from = |origin| Event { place: Place { origin, ..full.place.clone() }, ..full.clone() };
    let of = |patient| {
        let mut event = full.clone();
        event.subject.patient = patient;
        event
    };
    let mut events = vec![
        Event { phase: Phase::Ended { request: request(), outcome: denied }, ..full.clone() },
        Event { phase: Phase::Single { request: None, outcome: denied }, ..full.clone() },
        from(Origin::Remote),
        from(address("10.1.2.3")),
        from(address("2001:db8::7")),
        of(None),
        of(Some(Patient::Commitment(commitment()))),
    ];
    if action != Action::Review {
        events.push(Event { actor: service(), ..full.clone() });
    }
    if action != Action::LoginFailure {
        events.push(Event { phase: Phase::Intent { request: request() }, ..full.clone() });
    }
    for actor in [Actor::System, Actor::Unknown] {
        let phase = Phase::Single { request: None, outcome: denied };
        events.push(Event { actor, phase, ..full.clone() });
    }
    events
}

pub(crate) fn line(event: &Event) -> Vec<u8> {
    let ts = LogTime::from_unix_millis(1_793_707_200_123).unwrap();
    let position = RecordPosition { seq: count(7), prev: Hash::from_bytes([3; 32]), ts };
    event.to_line(&position).unwrap()
}

fn read<T>(event: &Event, then: impl FnOnce(&Content<'_>) -> T) -> T {
    then(&Event::parse(&line(event)).unwrap())
}

/// The event as an AuditEvent.
pub(crate) fn exported(event: &Event) -> Value {
    read(event, |content| fhir::audit_event(content, &source()))
}

/// The event as an audit message.
pub(crate) fn message(event: &Event) -> String {
    read(event, |content| dicom::audit_message(content, &source()))
}

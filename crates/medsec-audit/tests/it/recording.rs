//! What a record says of an event, and what no record can say.

use medsec_audit::{
    Action, Actor, Authentication, Commitment, Content, ContentError, Count, DatasetId, Denial,
    Event, EventError, Extent, Hash, HostId, LogTime, Opening, OpeningError, Origin, Outcome,
    PackageId, Patient, Phase, Place, Principal, PrincipalId, ProcessName, PseudonymKey, Purpose,
    RecordPosition, RequestId, SessionId, Subject,
};
use medsec_evidence::{Ev, Proven, evidence};

const NAME: &str = "Mustermann^Erika";
const MRN: &[u8] = b"MRN-0042";

fn position() -> RecordPosition {
    let ts = LogTime::from_unix_millis(1_793_707_200_123).unwrap();
    RecordPosition { seq: Count::from(7), prev: Hash::from_bytes([3; 32]), ts }
}

fn person(id: &str) -> Actor {
    Actor::Person(Principal {
        id: PrincipalId::new(id).unwrap(),
        authentication: Authentication::PrivateKey,
        role: None,
        on_behalf_of: None,
    })
}

fn place() -> Place {
    Place {
        host: HostId::new("node-7").unwrap(),
        process: ProcessName::new("medsec").unwrap(),
        pid: Some(4711),
        origin: Origin::Local,
    }
}

/// Ann opened a package of a patient.
fn opened() -> Event {
    let key = PseudonymKey::take_from(&mut [1; 32]).unwrap();
    let mut subject = Subject::default();
    subject.package = Some(PackageId::from_bytes([9; 16]));
    subject.dataset = Some(DatasetId::new("mri-2026").unwrap());
    subject.patient = Some(Patient::Pseudonym(key.patient(MRN).unwrap()));
    subject.extent = Some(Extent { bytes: Count::from(1_048_576), ranges: Count::from(1) });
    let request = RequestId::from_bytes([5; 16]);
    Event {
        actor: person("ann"),
        action: Action::Open,
        phase: Phase::Ended { request, outcome: Outcome::Success },
        subject,
        purpose: Some(Purpose::Treatment),
        place: place(),
        ruling: None,
        session: Some(SessionId::from_bytes([6; 16])),
    }
}

fn line_of(event: &Event) -> Vec<u8> {
    event.to_line(&position()).unwrap()
}

fn contains(line: &[u8], piece: &str) -> bool {
    line.windows(piece.len()).any(|window| window == piece.as_bytes())
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "a record says who did what to which package, when, where, why and how it ended",
    polarity = allow,
)]
fn record_tells_who_did_what(ev: Ev) -> Proven {
    let event = opened();
    let line = ev.allows(event.to_line(&position()));
    let content: Content<'_> = ev.allows(Event::parse(&line));
    ev.equal("the event is what was recorded", &content.event, &event);
    ev.equal("so are place in the log and time", &content.head.position, &position());
    ev.holds("the person is named", contains(&line, "\"id\":\"ann\""));
    ev.holds("so is the purpose of use", contains(&line, "\"why\":\"TREAT\""));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "every action of the system, also one that was denied or failed, makes a record",
    polarity = allow,
)]
fn every_action_is_recorded_when_denied(ev: Ev) -> Proven {
    for action in Action::ALL {
        let outcome = Outcome::Denied(Denial::Policy);
        let phase = Phase::Single { request: None, outcome };
        let event = Event { action: *action, phase, actor: Actor::Unknown, ..opened() };
        let line = ev.allows(event.to_line(&position()));
        let content = ev.allows(Event::parse(&line));
        ev.equal("the denial is read back", &content.event, &event);
    }
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "a record of an access that does not say who, or to what, is refused",
    polarity = deny,
)]
fn record_without_person_or_package_is_refused(ev: Ev) -> Proven {
    let unfit = |error: &EventError, wanted: &str| matches!(error, EventError::Unfit { member, .. } if *member == wanted);
    for actor in [Actor::Unknown, Actor::System] {
        let event = Event { actor, ..opened() };
        ev.denies(event.to_line(&position()), |error| unfit(error, "who.is"));
    }
    let event = Event { subject: Subject::default(), ..opened() };
    ev.denies(event.to_line(&position()), |error| unfit(error, "which.package"));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "a record does not carry the name or number of a patient",
    polarity = deny,
)]
fn record_denies_names_of_patients(ev: Ev) -> Proven {
    for text in [NAME, "Erika Mustermann", "Mustermann, Erika", "M\u{fc}ller", "a\",\"name\":\"b"] {
        ev.denies(PrincipalId::new(text), |error| error.field == "principal");
        ev.denies(DatasetId::new(text), |error| error.field == "dataset");
        ev.denies(HostId::new(text), |error| error.field == "host");
        ev.denies(text.parse::<Patient>(), |error| error.field == "patient");
        ev.denies(text.parse::<Commitment>(), |error| error.field == "commitment");
    }
    let line = line_of(&opened());
    ev.holds("the number of the patient is not in the line", !contains(&line, "MRN-0042"));
    let line = String::from_utf8(line).unwrap().replace("\"ann\"", &format!("\"{NAME}\""));
    ev.denies(Event::parse(line.as_bytes()), |error| {
        matches!(error, ContentError::Value { object: "who", member: "id" })
    });
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "a record that two readers could read in two ways is refused",
    polarity = deny,
)]
fn ambiguous_record_is_refused(ev: Ev) -> Proven {
    let line = String::from_utf8(line_of(&opened())).unwrap();
    for (from, to) in [
        ("\"who\"", "\"action\":\"test\",\"who\""),
        ("\"id\":\"ann\"", "\"id\":\"ann\",\"id\":\"bob\""),
        ("\"bytes\":1048576", "\"bytes\":1048576,\"bytes\":0"),
    ] {
        let twice = line.replacen(from, to, 1);
        ev.denies(Event::parse(twice.as_bytes()), |error| matches!(error, ContentError::Duplicate));
    }
    let escaped = line.replacen("\"ann\"", "\"\\u0061nn\"", 1);
    ev.denies(Event::parse(escaped.as_bytes()), |error| matches!(error, ContentError::Line(_)));
    let large = line.replacen("1048576", "9007199254740993", 1);
    ev.denies(Event::parse(large.as_bytes()), |error| matches!(error, ContentError::Number));
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "the reason of an emergency is bound by its record and can be erased without touching the log",
    polarity = allow,
)]
fn reason_of_an_emergency_is_bound_and_erasable(ev: Ev) -> Proven {
    let reason = "Erika Mustermann, unconscious";
    let opening = ev.allows(Opening::new(reason));
    let mut event = Event { action: Action::EmergencyStart, ..opened() };
    event.subject.text = Some(opening.commitment());
    let line = ev.allows(event.to_line(&position()));
    ev.holds("the reason is not in the record", !contains(&line, "Mustermann"));
    let file = opening.render();
    drop(opening);
    let kept = ev.allows(Opening::parse(&file));
    let bound = ev.allows(Event::parse(&line)).event.subject.text;
    ev.equal("the record binds what is kept", &bound, &Some(kept.commitment()));
    let guess = ev.allows(Opening::new(reason));
    ev.holds(
        "who knows the text and lost its opening cannot show it",
        bound != Some(guess.commitment()),
    );
    ev.proven()
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "an emergency without a reason makes no record of success",
    polarity = deny,
)]
fn emergency_without_a_reason_is_refused(ev: Ev) -> Proven {
    let event = Event { action: Action::EmergencyStart, ..opened() };
    ev.denies(event.to_line(&position()), |error| {
        matches!(error, EventError::Unfit { member: "which.text", .. })
    });
    ev.denies(Opening::new(""), |error| matches!(error, OpeningError::Empty));
    ev.proven()
}

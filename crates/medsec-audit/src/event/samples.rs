//! Events with all that they can have, for tests and fuzz targets. Not part of the library.

#![expect(clippy::unwrap_used, reason = "the samples are fixed")]

#[cfg(test)]
use std::net::IpAddr;

use super::*;
use crate::commitment::Commitment;
use crate::count::Count;
use crate::line::RecordPosition;
use crate::pseudonym::PseudonymKey;
use crate::time::LogTime;
use crate::tree::Hash;

pub(crate) fn count(number: u64) -> Count {
    Count::new(number).unwrap()
}

pub(crate) fn time(text: &str) -> LogTime {
    text.parse().unwrap()
}

/// The second record of a stream.
pub(crate) fn position() -> RecordPosition {
    let ts = time("2026-11-03T12:00:00.123Z");
    RecordPosition { seq: count(1), prev: Hash::from_bytes([0x5A; 32]), ts }
}

pub(crate) fn place() -> Place {
    Place {
        host: HostId::new("node-7.radiology.example").unwrap(),
        process: ProcessName::new("medsec").unwrap(),
        pid: Some(4711),
        origin: Origin::Local,
    }
}

pub(crate) fn person() -> Actor {
    Actor::Person(Principal {
        id: PrincipalId::new("ann").unwrap(),
        authentication: Authentication::PrivateKey,
        role: None,
        on_behalf_of: None,
    })
}

#[cfg(test)]
fn service() -> Actor {
    Actor::Service(Principal {
        id: PrincipalId::new("oidc:gateway@example.org").unwrap(),
        authentication: Authentication::TokenTwoFactors,
        role: Some(RoleName::new("radiology.import").unwrap()),
        on_behalf_of: Some(PrincipalId::new("ann").unwrap()),
    })
}

fn commitment() -> Commitment {
    Commitment::of(&[1; 32], "Unconscious, referring physician not reachable")
}

fn everything() -> Subject {
    let key = PseudonymKey::take_from(&mut [1; 32]).unwrap();
    Subject {
        package: Some(PackageId::from_bytes([0xAB; 16])),
        dataset: Some(DatasetId::new("mri-2026").unwrap()),
        recipients: Some(Recipients {
            generation: count(3),
            slot: SlotDigest::from_bytes([0xCD; 32]),
        }),
        extent: Some(Extent { bytes: count(1_048_576), ranges: count(1) }),
        patient: Some(Patient::Pseudonym(key.patient(b"MRN-0042").unwrap())),
        study: Some(Study::Commitment(commitment())),
        key: Some(KekVersion {
            name: KekName::new("arn:aws:kms:eu:key/mri").unwrap(),
            version: Some(count(2)),
        }),
        principal: Some(PrincipalId::new("bob").unwrap()),
        emergency: Some(EmergencyId::from_bytes([0x99; 16])),
        policy: Some(PolicyHash::from_bytes([0x11; 32])),
        peer: Some(PeerName::new("siem-1").unwrap()),
        items: Some(count(12)),
        span: Some(Span::new(count(0), count(99)).unwrap()),
        period: Some(
            Period::new(time("2026-11-01T00:00:00.000Z"), time("2026-11-02T00:00:00.000Z"))
                .unwrap(),
        ),
        clock: Some(ClockStep {
            expected: time("2026-11-03T12:00:00.000Z"),
            found: time("2026-11-03T11:00:00.000Z"),
        }),
        text: Some(commitment()),
        refusal: None,
    }
}

/// An event of the action that has everything.
pub(crate) fn full(action: Action) -> Event {
    let request = RequestId::from_bytes([0x22; 16]);
    let success = Outcome::Success;
    let denied = Outcome::Denied(Denial::Credentials);
    let outcome = if action == Action::LoginFailure { denied } else { success };
    Event {
        actor: person(),
        action,
        phase: Phase::Ended { request, outcome },
        subject: everything(),
        purpose: Some(Purpose::Treatment),
        place: place(),
        ruling: Some(Ruling {
            policy: PolicyHash::from_bytes([0x33; 32]),
            decision: DecisionId::from_bytes([0x44; 16]),
        }),
        session: Some(SessionId::from_bytes([0x55; 16])),
    }
}

/// An event of the action that has as little as any.
pub(crate) fn bare(action: Action) -> Event {
    let outcome = Outcome::Failure(Failure::Internal);
    Event {
        actor: Actor::Unknown,
        action,
        phase: Phase::Single { request: None, outcome },
        subject: Subject::default(),
        purpose: None,
        place: Place { pid: None, origin: Origin::Remote, ..place() },
        ruling: None,
        session: None,
    }
}

/// The example of the format's page.
#[cfg(test)]
pub(crate) fn example() -> Event {
    let mut event = full(Action::Open);
    let Subject { package, dataset, recipients, extent, patient, .. } = event.subject;
    event.subject = Subject { package, dataset, recipients, extent, patient, ..Subject::default() };
    event
}

/// All actions, phases and reasons.
#[cfg(test)]
pub(crate) fn all() -> Vec<Event> {
    let request = RequestId::from_bytes([0x66; 16]);
    let mut events = vec![example()];
    for action in Action::ALL {
        events.extend([full(*action), bare(*action)]);
    }
    let address: IpAddr = "2001:db8::7".parse().unwrap();
    let place = Place { origin: Origin::Address(address), ..place() };
    events.push(Event { actor: service(), place, ..full(Action::ReadRange) });
    events.push(Event { phase: Phase::Intent { request }, ..full(Action::Open) });
    let refusal = Some(RefusalCode::new("audience-other").unwrap());
    let subject = Subject { refusal, ..everything() };
    events.push(Event { subject, ..full(Action::LoginFailure) });
    events.push(Event { actor: Actor::System, ..full(Action::LogStart) });
    let ended = |outcome| Event { phase: Phase::Ended { request, outcome }, ..bare(Action::Open) };
    events.extend(Denial::ALL.iter().map(|reason| ended(Outcome::Denied(*reason))));
    events.extend(Failure::ALL.iter().map(|reason| ended(Outcome::Failure(*reason))));
    let aimed = |purpose| Event { purpose: Some(purpose), ..example() };
    events.extend(Purpose::ALL.iter().map(|purpose| aimed(*purpose)));
    events
}

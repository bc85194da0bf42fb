//! What an event says, in the terms that FHIR and DICOM share: type, subtypes, action, outcome, agents, source and
//! entities. Each of the two is one way of writing this down.

mod deed;
mod which;
mod who;

use std::net::IpAddr;

use super::balp::Profile;
use super::code::{self, Code};
use crate::event::{Content, Denial, HostId, Outcome, Patient, ProcessName};
use crate::time::LogTime;

/// The event as others see it.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) recorded: LogTime,
    pub(super) kind: Code,
    pub(super) subtypes: Vec<Code>,
    /// `C`, `R`, `U`, `D` or `E`.
    pub(super) action: &'static str,
    /// None of an intent: how it ends is not known.
    pub(super) outcome: Option<Ending>,
    pub(super) purpose: Option<Code>,
    pub(super) agents: Vec<Agent>,
    pub(super) host: &'a HostId,
    pub(super) process: &'a ProcessName,
    pub(super) entities: Vec<Entity>,
    /// The profile of IHE BALP that it follows.
    pub(super) profile: Option<Profile>,
}

/// How it ended.
#[derive(Debug)]
pub(super) struct Ending {
    /// `0`, `4`, `8` or `12`.
    pub(super) code: &'static str,
    /// Outcome and reason as the line has them, of closed lists; none of a success.
    pub(super) text: Option<String>,
}

/// Who took part.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) kind: Code,
    pub(super) who: Who,
    /// Number of the process.
    pub(super) process_number: Option<u32>,
    /// The role of a principal.
    pub(super) role: Option<String>,
    pub(super) requestor: bool,
    pub(super) network: Option<Network>,
    /// SHA-256 of the policy that was asked.
    pub(super) policy: Option<String>,
    pub(super) purpose: Option<Code>,
}

/// Who an agent is.
#[derive(Debug)]
pub(super) enum Who {
    Known(Id),
    /// Nobody whom the record names; a fixed word says what is known.
    Word(&'static str),
}

/// Where an agent is in the network.
#[derive(Debug)]
pub(super) enum Network {
    Host(String),
    Address(IpAddr),
    /// There is one, and the record does not have it.
    NotRecorded,
}

/// An identifier of ours.
#[derive(Debug)]
pub(super) struct Id {
    /// Last part of its system's URI.
    pub(super) system: &'static str,
    pub(super) value: String,
}

/// What it was about.
#[derive(Debug)]
pub(super) struct Entity {
    pub(super) kind: Code,
    pub(super) role: Option<Code>,
    pub(super) id: Id,
    pub(super) details: Vec<(&'static str, String)>,
}

impl<'a> Message<'a> {
    pub(super) fn of(content: &'a Content<'_>) -> Self {
        let event = &content.event;
        let deed = deed::of(event.action);
        let outcome = event.phase.outcome();
        let mut subtypes = deed.subtypes.to_vec();
        subtypes.push(code::action(event.action));
        Self {
            recorded: content.head.position.ts,
            kind: deed.kind,
            subtypes,
            action: deed.action,
            outcome: outcome.map(Ending::of),
            purpose: event.purpose.map(code::purpose),
            agents: who::agents(event, deed.way),
            host: &event.place.host,
            process: &event.place.process,
            entities: which::entities(content),
            profile: deed.way.filter(|_| outcome == Some(Outcome::Success)).map(|way| {
                let patient = event.subject.patient.is_some();
                way.profile(patient)
            }),
        }
    }

    /// Whether it names a patient.
    pub(super) fn has_patient(&self) -> bool {
        self.entities.iter().any(|entity| entity.role == Some(code::ROLE_PATIENT))
    }
}

impl Ending {
    fn of(outcome: Outcome) -> Self {
        let (code, reason) = match outcome {
            Outcome::Success => ("0", None),
            // DICOM's own examples: one wrong password is minor, an account that was locked is major.
            Outcome::Denied(reason @ Denial::Credentials) => ("4", Some(reason.name())),
            Outcome::Denied(reason @ Denial::LockedOut) => ("12", Some(reason.name())),
            Outcome::Denied(reason) => ("8", Some(reason.name())),
            Outcome::Failure(reason) => ("8", Some(reason.name())),
        };
        Self { code, text: reason.map(|reason| format!("{}: {reason}", outcome.name())) }
    }
}

impl Id {
    pub(super) fn new(system: &'static str, value: &impl ToString) -> Self {
        Self { system, value: value.to_string() }
    }

    fn of_patient(patient: &Patient) -> Self {
        let system = match patient {
            Patient::Pseudonym(_) => "patient-pseudonym",
            Patient::Commitment(_) => "patient-commitment",
        };
        Self::new(system, patient)
    }

    /// The program on its machine, as agent and as source alike.
    pub(super) fn of_application(process: &ProcessName, host: &HostId) -> Self {
        Self::new("application", &format_args!("{process}@{host}"))
    }
}

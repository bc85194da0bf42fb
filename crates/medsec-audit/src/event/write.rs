//! From an event to its line.

use super::{Actor, Event, Outcome, Phase, Place, Ruling, Subject};
use crate::count::Count;
use crate::line::{Head, Kind, LineError, MAX_LINE_LEN, Members, RecordPosition};
use crate::text::Word;

/// An event could not be made a line. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// The action lacks something that reviewers need of it, or has what it cannot have.
    #[error("an event of `{action}` does not go without fitting `{member}`")]
    Unfit {
        /// The action.
        action: super::Action,
        /// Which member.
        member: &'static str,
    },
    /// The line would not be one.
    #[error("the event makes no line")]
    Line(#[from] LineError),
}

/// More than the first members of any record need, with the brace at the end.
const MAX_HEAD_LEN: usize = 160;

/// A record without its place.
#[derive(Debug)]
pub(crate) struct Prepared {
    kind: Kind<'static>,
    members: Members,
}

impl Prepared {
    /// The line at its place.
    pub(crate) fn to_line(&self, position: &RecordPosition) -> Result<Vec<u8>, LineError> {
        Head { position: *position, kind: self.kind }.render(&self.members)
    }

    /// About as many bytes as the line will have.
    pub(crate) const fn len(&self) -> usize {
        self.members.behind_others().len().saturating_add(MAX_HEAD_LEN)
    }
}

/// A fixed word of the format.
struct Fixed(&'static str);

impl std::fmt::Display for Fixed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl Word for Fixed {}

impl Event {
    /// The line of this event at its place in a stream, without the LF. Every event has one form only.
    ///
    /// # Errors
    /// [`EventError::Unfit`] if the event lacks what its action needs: what was opened, whose rights were
    /// changed, why there was an emergency. Such a record would leave a reviewer without an answer.
    pub fn to_line(&self, position: &RecordPosition) -> Result<Vec<u8>, EventError> {
        self.check_fit()?;
        Ok(self.head(position).render(&self.members())?)
    }

    /// Everything of the line but its place.
    pub(crate) fn prepare(&self) -> Result<Prepared, EventError> {
        self.check_fit()?;
        let prepared = Prepared { kind: self.action.kind(), members: self.members() };
        let len = prepared.members.behind_others().len().saturating_add(MAX_HEAD_LEN);
        if len > MAX_LINE_LEN {
            return Err(LineError::TooLong { len }.into());
        }
        Ok(prepared)
    }

    /// Whether it must be recorded as long as anything can be: what was denied, emergencies, and what the log says
    /// of itself.
    pub(crate) fn is_urgent(&self) -> bool {
        let kinds = [Kind::EMERGENCY, Kind::LOG];
        let denied = matches!(self.phase.outcome(), Some(Outcome::Denied(_)));
        denied || kinds.contains(&self.action.kind())
    }

    pub(super) fn head(&self, position: &RecordPosition) -> Head<'static> {
        Head { position: *position, kind: self.action.kind() }
    }

    fn members(&self) -> Members {
        let Self { actor, action, phase, subject, purpose, place, ruling, session } = self;
        let mut members = Members::default();
        members.word("action", action);
        write_phase(&mut members, *phase);
        members.maybe_word("session", session.as_ref());
        members.object("who", &who(actor));
        members.object("which", &which(subject));
        members.maybe_word("why", purpose.as_ref());
        members.object("where", &whence(place));
        if let Some(Ruling { policy, decision }) = ruling {
            let mut ruling = Members::default();
            ruling.word("policy", policy);
            ruling.word("decision", decision);
            members.object("ruling", &ruling);
        }
        members
    }
}

fn write_phase(members: &mut Members, phase: Phase) {
    members.word("phase", &Fixed(phase.name()));
    if let Some(outcome) = phase.outcome() {
        members.word("outcome", &Fixed(outcome.name()));
        match outcome {
            Outcome::Success => {}
            Outcome::Denied(reason) => members.word("reason", &reason),
            Outcome::Failure(reason) => members.word("reason", &reason),
        }
    }
    members.maybe_word("request", phase.request().as_ref());
}

fn who(actor: &Actor) -> Members {
    let mut members = Members::default();
    members.word("is", &Fixed(actor.name()));
    if let Some(principal) = actor.principal() {
        members.word("id", &principal.id);
        members.word("auth", &principal.authentication);
        members.maybe_word("role", principal.role.as_ref());
        members.maybe_word("for", principal.on_behalf_of.as_ref());
    }
    members
}

fn which(subject: &Subject) -> Members {
    let Subject { package, dataset, recipients, extent, patient, study, key, .. } = subject;
    let mut members = Members::default();
    members.maybe_word("package", package.as_ref());
    members.maybe_word("dataset", dataset.as_ref());
    members.maybe_number("generation", recipients.map(|recipients| recipients.generation));
    members.maybe_word("slot", recipients.map(|recipients| recipients.slot).as_ref());
    members.maybe_number("bytes", extent.map(|extent| extent.bytes));
    members.maybe_number("ranges", extent.map(|extent| extent.ranges));
    members.maybe_word("patient", patient.as_ref());
    members.maybe_word("study", study.as_ref());
    members.maybe_word("key", key.as_ref().map(|key| &key.name));
    members.maybe_number("version", key.as_ref().and_then(|key| key.version));
    write_others(&mut members, subject);
    members
}

fn write_others(members: &mut Members, subject: &Subject) {
    let Subject { principal, emergency, policy, peer, items, span, period, clock, text, .. } =
        subject;
    let refusal = subject.refusal.as_ref();
    members.maybe_word("principal", principal.as_ref());
    members.maybe_word("emergency", emergency.as_ref());
    members.maybe_word("policy", policy.as_ref());
    members.maybe_word("peer", peer.as_ref());
    members.maybe_number("items", *items);
    members.maybe_number("first", span.map(|span| span.first()));
    members.maybe_number("last", span.map(|span| span.last()));
    members.maybe_word("from", period.map(|period| period.from()).as_ref());
    members.maybe_word("until", period.map(|period| period.until()).as_ref());
    members.maybe_word("expected", clock.map(|clock| clock.expected).as_ref());
    members.maybe_word("found", clock.map(|clock| clock.found).as_ref());
    members.maybe_word("text", text.as_ref());
    members.maybe_word("refusal", refusal);
}

fn whence(place: &Place) -> Members {
    let Place { host, process, pid, origin } = place;
    let mut members = Members::default();
    members.word("host", host);
    members.word("process", process);
    members.maybe_number("pid", pid.map(Count::from));
    members.word("origin", origin);
    members
}

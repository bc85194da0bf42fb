//! What is refused before there is a Custodian: to whoever could not prove who they are, or where no policy can be
//! trusted. It is on record where the home's stream can be written.

use medsec::Journal;
use medsec_audit::{Action, Actor, Denial, Event, Failure as Cause, Outcome, Phase, Subject};
use medsec_policy::Purpose;

use super::late::LateJournal;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::recording;
use crate::session::Session;

/// What somebody came for, whoever they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt<'s> {
    session: &'s Session,
    action: Action,
    purpose: Option<Purpose>,
}

impl<'s> Attempt<'s> {
    pub(crate) const fn new(
        session: &'s Session,
        action: Action,
        purpose: Option<Purpose>,
    ) -> Self {
        Self { session, action, purpose }
    }

    /// The result as it is. Of a refusal it is on record what was asked for and why it was refused, or the failure
    /// says that it is not.
    pub(crate) fn told<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.map_err(|failure| self.refused_of(failure))
    }

    /// The same of a failure.
    pub(crate) fn refused_of(&self, failure: Failure) -> Failure {
        self.refused(failure, &LateJournal::of(self.session))
    }

    /// The same where the stream is open already.
    pub(crate) fn told_to<T>(
        &self,
        journal: &dyn Journal,
        result: Result<T, Failure>,
    ) -> Result<T, Failure> {
        result.map_err(|failure| self.refused(failure, journal))
    }

    fn refused(&self, failure: Failure, journal: &dyn Journal) -> Failure {
        // Where there is no home, nobody keeps a record.
        let home = self.session.settings().is_ok_and(|settings| settings.home.value.exists());
        let events = home.then(|| self.events(&failure)).flatten();
        match events {
            Some(events) => if_recorded(failure, &journal.append(&events)),
            None => failure,
        }
    }

    /// That nobody was let in, and what they had come for.
    fn events(&self, failure: &Failure) -> Option<Vec<Event>> {
        let login = of_login(failure);
        let asked = (self.action, Outcome::Denied(Denial::NoSession));
        let told = match failure.exit {
            // Nobody tried to log in.
            Exit::Session => vec![asked],
            _ => vec![(Action::LoginFailure, login?), asked],
        };
        told.into_iter().map(|(action, outcome)| self.event(action, outcome)).collect()
    }

    fn event(&self, action: Action, outcome: Outcome) -> Option<Event> {
        Some(Event {
            actor: Actor::Unknown,
            action,
            phase: Phase::Single { request: None, outcome },
            subject: Subject::default(),
            purpose: self.purpose.and_then(|purpose| purpose.name().parse().ok()),
            place: recording::place().ok()?,
            ruling: None,
            session: None,
        })
    }
}

/// Records that an agent could not begin, and so lets nobody in.
#[cfg(unix)]
pub(crate) fn no_agent(session: &Session, failure: Failure) -> Failure {
    let attempt = Attempt::new(session, Action::LoginFailure, None);
    let outcome = of_login(&failure).and_then(|why| attempt.event(Action::LoginFailure, why));
    match outcome {
        Some(event) => if_recorded(failure, &LateJournal::of_agent(session).append(&[event])),
        None => failure,
    }
}

/// Why nobody was let in, as the log tells it; nothing where nobody was refused: a slip of the hand, a signal, or a
/// log that cannot be written, which is why it came to this.
pub(crate) const fn of_login(failure: &Failure) -> Option<Outcome> {
    match failure.exit {
        Exit::Usage | Exit::Interrupted | Exit::Log => None,
        Exit::Identity | Exit::Key | Exit::Denied | Exit::Session => {
            Some(Outcome::Denied(Denial::Credentials))
        }
        // No policy that can be trusted permits it.
        Exit::Policy => Some(Outcome::Denied(Denial::Policy)),
        Exit::Io => Some(Outcome::Failure(Cause::Io)),
        // The key store cannot be trusted.
        Exit::Store => Some(Outcome::Failure(Cause::KeyService)),
        _ => Some(Outcome::Failure(Cause::Internal)),
    }
}

/// The failure as it is, if that it was tried is on record; else it says that it is not.
pub(super) fn if_recorded<T, E>(failure: Failure, recorded: &Result<T, E>) -> Failure {
    match recorded {
        Ok(_) => failure,
        Err(_) => unrecorded(failure),
    }
}

/// It failed, and nothing tells of it.
pub(super) fn unrecorded(failure: Failure) -> Failure {
    let message = format!("{}; that it was tried could not be recorded", failure.message);
    Failure { message, ..failure }
}

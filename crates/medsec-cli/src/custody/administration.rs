//! What administrators do to keys and users: on record before the store is changed, and how it ended behind it.
//!
//! The policy has no rule about it. Who may change the store is said by its signed chain of administrators, and who is
//! none cannot sign a change.

use medsec::Journal;
use medsec_audit::{
    Action, Actor, Authentication, Count, Denial, Event, Failure as Cause, KekName, KekVersion,
    Outcome, Phase, Place, Principal, PrincipalId, RequestId, SessionId, StreamWriter, Subject,
};
use medsec_kms::{KeyName, UserName};

use super::attempt::if_recorded;
use super::late::LateJournal;
#[cfg(unix)]
use crate::agent::{self, AgentJournal, Joined};
use crate::audit::LogOption;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::recording;
use crate::session::Session;

/// One thing that is done to a key or a user.
#[derive(Clone, Debug)]
pub(crate) struct Act {
    action: Action,
    user: Option<UserName>,
    key: Option<KeyName>,
    version: Option<u32>,
}

impl Act {
    /// To a key.
    pub(crate) fn on_key(action: Action, key: &KeyName) -> Self {
        Self { key: Some(key.clone()), ..Self::on_any(action) }
    }

    /// To one version of a key.
    pub(crate) fn on_version(action: Action, key: &KeyName, version: u32) -> Self {
        Self { version: Some(version), ..Self::on_key(action, key) }
    }

    /// To a user.
    pub(crate) fn on_user(action: Action, user: &UserName) -> Self {
        Self { user: Some(user.clone()), ..Self::on_any(action) }
    }

    /// To what a user holds of a key.
    pub(crate) fn on_holding(action: Action, user: &UserName, key: &KeyName) -> Self {
        Self { key: Some(key.clone()), ..Self::on_user(action, user) }
    }

    /// To whatever it turns out to be.
    pub(crate) const fn on_any(action: Action) -> Self {
        Self { action, user: None, key: None, version: None }
    }

    /// As the log calls it.
    pub(crate) const fn action(&self) -> Action {
        self.action
    }

    fn subject(&self) -> Result<Subject, Failure> {
        let mut subject = Subject::default();
        let unfit = |_| unrecordable();
        subject.principal = self.user.as_ref().map(principal_id).transpose()?;
        if let Some(key) = &self.key {
            let name = KekName::new(key.as_str()).map_err(unfit)?;
            let version = self.version.map(u64::from).map(Count::new).transpose();
            subject.key = Some(KekVersion { name, version: version.map_err(unfit)? });
        }
        Ok(subject)
    }
}

/// Where it is recorded.
#[derive(Debug)]
enum Stream {
    #[cfg(unix)]
    Agent(AgentJournal),
    Own(Box<StreamWriter>),
}

impl Stream {
    /// That of the agent, if one runs, which then must know the administrator; else the home's own, for as long as the
    /// change takes.
    fn open(session: &Session, who: &UserName) -> Result<(Self, Option<SessionId>), Failure> {
        #[cfg(unix)]
        match agent::join(session)? {
            Joined::Agent(entered) => {
                let known = entered.who()?;
                return match known.principal.id.as_str() == who.as_str() {
                    true => Ok((Self::Agent(entered.journal.clone()), Some(known.session))),
                    false => Err(Failure::new(
                        Exit::Denied,
                        "the identity is not that of whoever is logged in at the agent, which writes the audit log; nothing was changed",
                    )
                    .next("`medsec logout`, and run it again")),
                };
            }
            Joined::Refused(failure) => return Err(failure),
            Joined::Alone => {}
        }
        let log = LogOption::OWN.open(session)?;
        let writer = recording::writer(session, &log, &session.settings()?.audit_stream.value)?;
        Ok((Self::Own(Box::new(writer)), None))
    }

    fn append(&self, events: &[Event]) -> Result<(), Failure> {
        let journal: &dyn Journal = match self {
            #[cfg(unix)]
            Self::Agent(journal) => journal,
            Self::Own(writer) => &**writer,
        };
        for some in events.chunks(TOGETHER) {
            journal.append(some)?;
        }
        Ok(())
    }

    fn close(self) {
        if let Self::Own(writer) = self {
            // What was recorded is durable in any case.
            let _ = writer.close();
        }
    }
}

/// Events that are recorded under one commit.
const TOGETHER: usize = 256;

/// A change of the store that is on record as about to happen.
#[derive(Debug)]
#[must_use = "how it ended is to be recorded too"]
pub(crate) struct Announced {
    stream: Stream,
    intents: Vec<Event>,
}

impl Announced {
    /// Records that a user of the store is about to do this.
    ///
    /// # Errors
    /// It could not be recorded, and must not happen.
    pub(crate) fn record(session: &Session, who: &UserName, acts: &[Act]) -> Result<Self, Failure> {
        let principal = by_key(who)?;
        let (stream, of) = Stream::open(session, who)?;
        let place = recording::place()?;
        let intents = acts.iter().map(|act| intent(&principal, &place, of, act));
        let intents = intents.collect::<Result<Vec<_>, _>>()?;
        stream.append(&intents)?;
        Ok(Self { stream, intents })
    }

    /// Records how it ended, and gives the result. Where only that could not be recorded, the store is changed
    /// nevertheless, and the failure says so.
    pub(crate) fn ended<T>(self, result: Result<T, Failure>) -> Result<T, Failure> {
        let Self { stream, intents } = self;
        let outcome = match &result {
            Ok(_) => Outcome::Success,
            Err(_) => Outcome::Failure(Cause::KeyService),
        };
        let ends: Vec<Event> = intents.into_iter().map(|event| ended(event, outcome)).collect();
        let recorded = stream.append(&ends);
        stream.close();
        let value = result?;
        recorded.map_err(|failure| {
            let what = format!(
                "the key store was changed, but that it was is not on record: {}",
                failure.message
            );
            Failure::new(Exit::Unfinished, what)
                .next("do not repeat it; see to the audit log: `medsec audit verify`")
        })?;
        Ok(value)
    }
}

/// Records that a user of the store, who has proved it, asked for this and administers nothing. Gives the failure as
/// it is, or says in it that it is not on record.
pub(crate) fn not_administrator(
    session: &Session,
    who: &UserName,
    asked: &Act,
    failure: Failure,
) -> Failure {
    if_recorded(failure, &record_denied(session, who, asked))
}

fn record_denied(session: &Session, who: &UserName, asked: &Act) -> Result<(), Failure> {
    let denied = |of| {
        let phase = Phase::Single { request: None, outcome: Outcome::Denied(Denial::Policy) };
        Ok::<_, Failure>(Event { phase, ..intent(&by_key(who)?, &recording::place()?, of, asked)? })
    };
    match Stream::open(session, who) {
        Ok((stream, of)) => {
            stream.append(&[denied(of)?])?;
            stream.close();
        }
        // The agent of somebody else writes it, and takes no name that it has not proved.
        Err(_) => drop(LateJournal::of(session).append(&[denied(None)?])?),
    }
    Ok(())
}

fn by_key(who: &UserName) -> Result<Principal, Failure> {
    Ok(Principal {
        id: principal_id(who)?,
        authentication: Authentication::PrivateKey,
        role: None,
        on_behalf_of: None,
    })
}

fn intent(
    principal: &Principal,
    place: &Place,
    session: Option<SessionId>,
    act: &Act,
) -> Result<Event, Failure> {
    let request = RequestId::generate().map_err(|_| unrecordable())?;
    Ok(Event {
        actor: Actor::Person(principal.clone()),
        action: act.action,
        phase: Phase::Intent { request },
        subject: act.subject()?,
        purpose: None,
        place: place.clone(),
        ruling: None,
        session,
    })
}

fn ended(intent: Event, outcome: Outcome) -> Event {
    match intent.phase {
        Phase::Intent { request } => Event { phase: Phase::Ended { request, outcome }, ..intent },
        _ => intent,
    }
}

fn principal_id(user: &UserName) -> Result<PrincipalId, Failure> {
    PrincipalId::new(user.as_str()).map_err(|_| unrecordable())
}

fn unrecordable() -> Failure {
    Failure::new(Exit::Key, "the change cannot be put on record; nothing was changed")
        .next("give users and keys names that begin with a letter or digit")
}

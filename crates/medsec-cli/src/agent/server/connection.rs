//! One connection: one command at work.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use medsec::{JournalError, LoggedIn, Login as _, NotLoggedIn};
use medsec_audit::Event;
use medsec_crypto::{Dek, SigningKey, Stanza};
use medsec_kms::{KeyContext, KeyName, KeyServiceError};
use medsec_policy::EndReason;
use zeroize::Zeroizing;

use super::Agent;
use super::crowd::Seat;
use super::intents::{Intents, Whose};
use super::sessions::Held;
use crate::agent::wire::{Answer, Request, Status, Wait, read_frame, write_frame};
use crate::agent::{Keep, peer};
use crate::exit::Exit;
use crate::failure::Failure;

/// Until the first request: whoever connects has something to ask.
const FIRST: Duration = Duration::from_secs(5);
/// Between requests, while nothing is announced: a command may look through a large folder.
const BETWEEN: Duration = Duration::from_secs(900);
/// From the first byte of a request to its last, and for an answer to be taken.
const WHOLE: Duration = Duration::from_secs(5);
/// Outcomes that are recorded together.
const TOGETHER: usize = 256;

/// Serves a connection in a thread of its own; gives it back if there are too many.
pub(super) fn begin(agent: &Arc<Agent>, stream: UnixStream) -> Result<(), UnixStream> {
    let Some(seat) = agent.crowd.seat(&stream) else { return Err(stream) };
    let agent = Arc::clone(agent);
    let thread = std::thread::Builder::new().name("medsec-agent".to_owned());
    // Where there is no thread, the connection is closed with its seat.
    let _ = thread.spawn(move || serve(&agent, &stream, &seat));
    Ok(())
}

fn serve(agent: &Agent, stream: &UnixStream, seat: &Seat) {
    // A listening socket hands its mode to those that it accepts on some systems.
    if stream.set_nonblocking(false).is_err() {
        return;
    }
    if !peer::is_own(stream) {
        agent.stranger();
        return;
    }
    let mut task = Task { agent, held: None, whose: None, intents: Intents::default() };
    let mut wait = Wait { first: Some(FIRST), rest: WHOLE };
    while let Ok(body) = read_frame(stream, wait) {
        seat.speaks();
        let answer = Request::parse(&body).map_or(Answer::Malformed, |asked| task.answer(asked));
        drop(body);
        if !said(stream, &answer) || matches!(answer, Answer::Malformed) {
            break;
        }
        wait.first = (task.intents.len() == 0).then_some(BETWEEN);
    }
}

fn said(stream: &UnixStream, answer: &Answer) -> bool {
    let body = answer.render().or_else(|_| too_long().render());
    body.is_ok_and(|body| write_frame(stream, &body, WHOLE).is_ok())
}

fn too_long() -> Answer {
    Answer::Failed(Failure::new(Exit::Failure, "the agent's answer is too long"))
}

/// What a connection has asked for so far.
struct Task<'a> {
    agent: &'a Agent,
    /// The session that there was when the command began.
    held: Option<Held>,
    whose: Option<Whose>,
    intents: Intents,
}

impl Task<'_> {
    fn answer(&mut self, request: Request<'_>) -> Answer {
        self.agent.sessions.look();
        match request {
            Request::Status => Answer::Status(Box::new(self.agent.status())),
            Request::Login(shown) => self.agent.login(&shown),
            Request::Prove(shown) => self.agent.prove_again(&shown),
            Request::Logout => self.agent.logout(),
            Request::Enter => self.enter(),
            Request::Current => self.current().map_or_else(Answer::NotLoggedIn, who),
            Request::Append(lines) => self.append(&lines).unwrap_or_else(Answer::Unrecorded),
            Request::Admits(key_ref) => self.with_keys(|keys| {
                keys.login.keys().admits(&key_ref)?;
                Ok(Answer::Done)
            }),
            Request::Wrap { key, dek, context } => self.wrap(&key, dek, &context),
            Request::Unwrap { stanza, context } => self.unwrap(&stanza, &context),
            Request::Signer(public) => self.signer(public),
            Request::Describe(key) => self.with_keys(|held| {
                let about = pollster::block_on(held.login.keys().describe_key(&key))?;
                Ok(Answer::Described(Box::new(about)))
            }),
            Request::Standing(stanza) => {
                self.with_keys(|held| Ok(Answer::Standing(held.login.keys().standing(&stanza))))
            }
        }
    }

    /// From now on the connection belongs to the session that there is now, with the keys that the store has now.
    fn enter(&mut self) -> Answer {
        let Some(held) = self.agent.sessions.held() else {
            return Answer::NotLoggedIn(NotLoggedIn::Nobody);
        };
        if self.whose.is_some() {
            return Answer::Malformed;
        }
        let who = match held.current() {
            Ok(who) => who,
            Err(why) => return Answer::NotLoggedIn(why),
        };
        if let Err(failure) = held.renew() {
            return Answer::Failed(failure);
        }
        let assurance = held.login.keys().assurance();
        let whose = Whose { principal: who.principal.id.clone(), session: who.session };
        (self.whose, self.held) = (Some(whose), Some(held));
        let (retention, newest) = (self.agent.retention(), self.agent.newest());
        Answer::Entered { retention, assurance, newest }
    }

    fn current(&self) -> Result<LoggedIn, NotLoggedIn> {
        self.held.as_ref().ok_or(NotLoggedIn::Nobody)?.current()
    }

    fn append(&mut self, lines: &[&[u8]]) -> Result<Answer, JournalError> {
        let events = lines.iter().map(|line| event(line)).collect::<Option<Vec<_>>>();
        let events = events.ok_or(JournalError::Refused)?;
        let live = self.held.as_ref().is_some_and(|held| held.login.session().check().is_ok());
        let whose = self.whose.as_ref();
        if !events.iter().all(|event| self.intents.admit(event, whose, live)) {
            return Err(JournalError::Refused);
        }
        if !self.intents.has_room(&events) {
            return Err(JournalError::Full);
        }
        let recorded = self.agent.append(&events)?;
        self.change(|intents| events.into_iter().for_each(|event| intents.take(event)));
        Ok(Answer::Recorded(recorded, self.agent.newest()))
    }

    fn wrap(&self, key: &KeyName, dek: &[u8; 32], context: &KeyContext) -> Answer {
        if !self.intents.may_wrap(context) {
            return Answer::KeyRefused(KeyServiceError::NotPermitted);
        }
        let mut copy = Zeroizing::new(dek.to_vec());
        let Ok(dek) = Dek::take_from(&mut copy) else { return Answer::Malformed };
        self.with_keys(|held| {
            let wrapped = pollster::block_on(held.login.keys().wrap_dek(key, &dek, context))?;
            Ok(Answer::Wrapped(Box::new(wrapped)))
        })
    }

    fn unwrap(&mut self, stanza: &Stanza, context: &KeyContext) -> Answer {
        let Some(request) = self.intents.for_unwrap(context) else {
            return Answer::KeyRefused(KeyServiceError::NotPermitted);
        };
        let answer = self.with_keys(|held| {
            let dek = pollster::block_on(held.login.keys().unwrap_dek(stanza, context))?;
            Ok(Answer::Unwrapped(dek))
        });
        if matches!(answer, Answer::Unwrapped(_)) {
            self.intents.unwrapped(&request);
        }
        answer
    }

    fn with_keys(&self, ask: impl FnOnce(&Held) -> Result<Answer, KeyServiceError>) -> Answer {
        match &self.held {
            Some(held) => ask(held).unwrap_or_else(Answer::KeyRefused),
            None => Answer::NotLoggedIn(NotLoggedIn::Nobody),
        }
    }

    /// The session's signer, if that is the one that is asked for.
    fn signer(&self, public: &[u8; 32]) -> Answer {
        let Some(held) = &self.held else { return Answer::NotLoggedIn(NotLoggedIn::Nobody) };
        let signer = match held.login.signer() {
            Ok(signer) => signer,
            Err(why) => return Answer::NotLoggedIn(why),
        };
        let signer = signer.filter(|signer| signer.verifying_key().as_bytes() == public);
        let copied = |key: &SigningKey| {
            let mut seed = Zeroizing::new(key.expose_seed().to_vec());
            SigningKey::take_from(&mut seed).ok()
        };
        let copy = signer.and_then(|signer| signer.with(copied).flatten());
        copy.map_or(Answer::KeyRefused(KeyServiceError::NoSuchKey), Answer::Signer)
    }

    fn change(&mut self, change: impl FnOnce(&mut Intents)) {
        let before = self.intents.len();
        change(&mut self.intents);
        let open = &self.agent.open;
        open.fetch_add(self.intents.len(), Ordering::Relaxed);
        open.fetch_sub(before, Ordering::Relaxed);
    }
}

impl Drop for Task<'_> {
    /// A command that went away without a word was interrupted.
    fn drop(&mut self) {
        let mut events = Vec::new();
        self.change(|intents| events = intents.interrupted());
        for some in events.chunks(TOGETHER) {
            // What cannot be recorded shows as an intent without an end.
            let _ = self.agent.append(some);
        }
    }
}

impl Agent {
    pub(super) fn status(&self) -> Status {
        Status {
            session: self.sessions.status(),
            records: self.writer.size(),
            pid: std::process::id(),
            connections: u32::try_from(self.crowd.len()).unwrap_or(u32::MAX),
            until_logout: self.keep == Keep::UntilLogout,
        }
    }

    /// What the session unlocked is erased, and its end on record, when this returns.
    fn logout(&self) -> Answer {
        let live = self.sessions.is_live();
        self.sessions.end(EndReason::LoggedOut);
        self.tick();
        self.wakeup.wake();
        match live {
            true => Answer::Done,
            false => Answer::NotLoggedIn(NotLoggedIn::Nobody),
        }
    }
}

fn who(who: LoggedIn) -> Answer {
    Answer::Who(Box::new(who))
}

/// An event in the only form that it has.
fn event(line: &[u8]) -> Option<Event> {
    let content = Event::parse(line).ok()?;
    let same = crate::agent::wire::line_of(&content.event).is_ok_and(|again| again == line);
    (same && content.unknown.is_empty()).then_some(content.event)
}

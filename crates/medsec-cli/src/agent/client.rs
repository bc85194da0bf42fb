//! The commands' side: what a Custodian needs, with the agent behind it.

mod hold;
mod journal;
mod keys;
mod link;
mod login;

use std::sync::Arc;
use std::time::{Duration, Instant};

use medsec::{LoggedIn, NotLoggedIn};
use medsec_audit::Retention;
use medsec_crypto::Assurance;
use medsec_kms::IdentityFile;

pub(crate) use self::journal::AgentJournal;
pub(crate) use self::link::{Link, Lost};
pub(crate) use self::login::AgentLogin;
use super::place::{Place, Wanted, wanted};
use super::wire::{Answer, Login, Request};
use crate::failure::Failure;
use crate::own;
use crate::passphrase::PassphraseOption;
use crate::session::Session;

/// How long a command waits while the agent has too many others.
const CROWDED: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);

/// Whether a command works with an agent.
pub(crate) enum Joined {
    /// There is none, or none is wanted.
    Alone,
    /// It does.
    Agent(Box<Entered>),
    /// The agent lets nobody begin: nobody is logged in.
    Refused(Failure),
}

/// A connection that belongs to a session.
pub(crate) struct Entered {
    pub(crate) link: Arc<Link>,
    /// The stream that the agent writes.
    pub(crate) journal: AgentJournal,
    pub(crate) retention: Retention,
    pub(crate) assurance: Assurance,
}

impl Entered {
    /// Whose session it is. A use of it.
    pub(crate) fn who(&self) -> Result<LoggedIn, Failure> {
        Ok(login::current(&self.link)?)
    }
}

/// Joins the session of the home's agent, if one runs.
///
/// # Errors
/// An agent runs and cannot be worked with: it does not answer, or is not the user's own.
pub(crate) fn join(session: &Session) -> Result<Joined, Failure> {
    if wanted(session)? == Wanted::No {
        return Ok(Joined::Alone);
    }
    let Some((link, answer)) = ask_first(&Place::of(session)?, &Request::Enter)? else {
        return Ok(Joined::Alone);
    };
    match answer {
        Answer::Entered { retention, assurance, newest } => {
            let link = Arc::new(link);
            let journal = AgentJournal::knowing(Arc::clone(&link), newest);
            Ok(Joined::Agent(Box::new(Entered { link, journal, retention, assurance })))
        }
        answer => Ok(Joined::Refused(unasked(answer))),
    }
}

/// The stream that the home's agent writes, if one runs, whoever is logged in. A crowd is not waited for.
pub(crate) fn journal(session: &Session) -> Option<AgentJournal> {
    let stream = Place::of(session).ok()?.connect().ok()??;
    Some(AgentJournal::new(Arc::new(Link::new(stream))))
}

/// Connects and asks; none if there is no agent. A crowd is waited for, a little.
pub(crate) fn ask_first(
    place: &Place,
    request: &Request<'_>,
) -> Result<Option<(Link, Answer)>, Failure> {
    Ok(try_first(place, request)??)
}

/// The same; that there is an agent and no answer is told apart.
pub(crate) fn try_first(
    place: &Place,
    request: &Request<'_>,
) -> Result<Result<Option<(Link, Answer)>, Lost>, Failure> {
    let begun = Instant::now();
    loop {
        let Some(stream) = place.connect()? else { return Ok(Ok(None)) };
        let link = Link::new(stream);
        match link.ask(request) {
            Ok(answer) => return Ok(Ok(Some((link, answer)))),
            Err(Lost::Busy) if begun.elapsed() < CROWDED => std::thread::sleep(PAUSE),
            Err(lost) => return Ok(Err(lost)),
        }
    }
}

/// Whether an agent of this home runs, whoever is logged in.
pub(crate) fn is_running(session: &Session) -> bool {
    Place::of(session).is_ok_and(|place| matches!(place.connect(), Ok(Some(_))))
}

/// Hands the agent a fresh proof of who is logged in there, by the identity of the settings: what asks for one is
/// decided by the age of the session's.
///
/// # Errors
/// The proof is wrong or somebody else's, or nobody is logged in.
pub(crate) fn prove_again(session: &Session, passphrase: &PassphraseOption) -> Result<(), Failure> {
    let identity = session.settings()?.identity.value.as_deref().ok_or_else(own::unnamed)?;
    // The agent may stand in another folder.
    let identity = std::path::absolute(identity);
    let identity = identity.map_err(|e| Failure::io("the identity file cannot be found", &e))?;
    let locked = IdentityFile::load(&identity)?.passphrase_params().is_some();
    let passphrase = locked.then(|| passphrase.read_bytes()).transpose()?;
    let shown = Login {
        identity: Some(&identity),
        passphrase: passphrase.as_ref().map(|bytes| bytes.as_slice()),
        ..Login::default()
    };
    match ask_first(&Place::of(session)?, &Request::Prove(shown))? {
        Some((_, Answer::Status(_))) => Ok(()),
        Some((_, answer)) => Err(unasked(answer)),
        None => Err(Lost::Gone.into()),
    }
}

/// What an answer that does not answer the question means.
pub(crate) fn unasked(answer: Answer) -> Failure {
    match answer {
        Answer::NotLoggedIn(why) => why.into(),
        Answer::Unrecorded(error) => error.into(),
        Answer::KeyRefused(error) => error.into(),
        Answer::Failed(failure) => failure,
        Answer::Busy => Lost::Busy.into(),
        _ => NotLoggedIn::Unreachable.into(),
    }
}

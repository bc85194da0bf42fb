//! Who reads the home's own audit trail: the policy is asked first, and a refusal is on record. A log that is named
//! and is not the home's is a copy, of which nobody is asked.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use medsec::{Journal, LoggedIn, NoEmergencies, NotLoggedIn, Refused, SessionLogin, Unlocks};
use medsec_audit::{Action, Origin, Retention};
use medsec_kms::{Keyring, LocalStore, PublicKey};
use medsec_policy::Purpose;

use super::at::At;
use super::attempt::{Attempt, unrecorded};
use super::enter::{Grounds, custodian, start_session};
use super::late::LateJournal;
use super::who::Who;
use super::{CustodyOption, PurposeOption};
#[cfg(unix)]
use crate::agent::{self, AgentJournal, AgentLogin, Entered, Joined};
use crate::audit::{LogOption, StreamOption};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::own::{OwnOption, unnamed};
use crate::passphrase::PassphraseOption;
use crate::report::Report;
use crate::session::Session;

/// Who reads.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReaderOption {
    /// Identity file of the user of the key store who reads the home's own log; by default the one in the settings.
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
    #[command(flatten)]
    passphrase: PassphraseOption,
}

impl ReaderOption {
    /// Whether the passphrase is taken from standard input.
    pub(crate) fn uses_stdin(&self) -> bool {
        self.passphrase.uses_stdin()
    }
}

/// Which log and streams are read, and by whom.
#[derive(Clone, Debug, Args)]
pub(crate) struct TrailOption {
    #[command(flatten)]
    pub(crate) log: LogOption,
    #[command(flatten)]
    pub(crate) stream: StreamOption,
    #[command(flatten)]
    pub(crate) who: ReaderOption,
}

impl TrailOption {
    /// Asks whether they may: see [`Reading::begin`].
    pub(crate) fn begin(&self, session: &Session) -> Result<Reading, Failure> {
        Reading::begin(session, &self.log, &self.who, Wanted::Read)
    }

    /// Asks whether they may hand on what they read, and records that they do.
    pub(crate) fn begin_export(
        &self,
        session: &Session,
        purpose: &PurposeOption,
    ) -> Result<Reading, Failure> {
        let purpose = purpose.of(session.settings()?);
        Reading::begin(session, &self.log, &self.who, Wanted::Export(purpose))
    }
}

/// What somebody wants of the audit trail.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    Read,
    /// To hand it on, and why.
    Export(Option<Purpose>),
}

impl Wanted {
    const fn attempt(self, session: &Session) -> Attempt<'_> {
        match self {
            Self::Read => Attempt::new(session, Action::Verify, None),
            Self::Export(purpose) => Attempt::new(session, Action::Export, purpose),
        }
    }
}

/// What permits it, for as long as it is held.
#[derive(Debug)]
pub(crate) enum Reading {
    /// It is not the home's log.
    Copy,
    /// The session of who reads. It has no keys.
    Own(Box<OwnReading>),
}

/// A session that may read the audit trail.
#[derive(Debug)]
pub(crate) struct OwnReading {
    at: At,
    who: LoggedIn,
}

impl Reading {
    /// Asks whether whoever is logged in may read that log.
    ///
    /// # Errors
    /// They may not, or are nobody; that is on record where it can be, or the failure says that it is not.
    fn begin(
        session: &Session,
        named: &LogOption,
        who: &ReaderOption,
        wanted: Wanted,
    ) -> Result<Self, Failure> {
        if !named.is_of_home(session)? {
            output::note(session, "this is not the log of the home: no policy was asked");
            return Ok(Self::Copy);
        }
        let attempt = wanted.attempt(session);
        #[cfg(unix)]
        if who.identity.is_none() {
            match agent::join(session)? {
                Joined::Agent(entered) => {
                    return through_agent(session, (attempt, wanted), &entered);
                }
                Joined::Refused(failure) => return attempt.told(Err(failure)),
                Joined::Alone => {}
            }
        }
        let grounds = attempt.told(Grounds::load(session))?;
        let options = CustodyOption {
            identity: who.identity.clone(),
            passphrase: who.passphrase.clone(),
            purpose: PurposeOption { purpose: None },
        };
        let who = attempt.told(Who::load(session, &grounds.store, &options, None))?;
        alone(session, (attempt, wanted), grounds, who)
    }

    /// Adds to a report whether the policy was asked: of a copy nobody is.
    pub(crate) fn tell(&self, report: Report) -> Report {
        report.field("policy_asked", matches!(self, Self::Own(_)))
    }

    /// Whether it is still permitted: a session that ends, ends what is read under it. No use of the session.
    ///
    /// # Errors
    /// It has ended.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        match self {
            Self::Copy => Ok(()),
            Self::Own(own) => own.at.check(&own.who).map_err(|why| {
                Failure::new(Exit::Session, format!("{why}; nothing more is shown"))
                    .next("prove again who you are, and begin again")
            }),
        }
    }
}

/// Asks the same of somebody who records what they have read, and never of the agent: they prove here who they are,
/// with the identity and the signer key of one user.
///
/// # Errors
/// As [`Reading::begin`].
pub(crate) fn reviewer(session: &Session, own: &OwnOption) -> Result<LoggedIn, Failure> {
    let attempt = Attempt::new(session, Action::Review, None);
    let set = session.settings()?.signer.value.as_deref();
    let signer = own.sign_with.as_deref().or(set).ok_or_else(unnamed)?;
    let grounds = attempt.told(Grounds::load(session))?;
    let options = own.as_custody();
    let who = Who::load(session, &grounds.store, &options, Some(signer));
    let who = attempt.told(who.and_then(|who| signs_as_themselves(&grounds.store, who)))?;
    match alone(session, (attempt, Wanted::Read), grounds, who)? {
        Reading::Own(own) => Ok(own.who),
        Reading::Copy => Err(NotLoggedIn::Nobody.into()),
    }
}

fn signs_as_themselves(store: &LocalStore, who: Who) -> Result<Who, Failure> {
    let signer = who.signer.as_ref().map(|signer| PublicKey::from(signer.verifying_key()));
    let mut users = store.users().filter(|user| user.name() == who.keys.user());
    match users.any(|user| signer.is_some() && user.signer() == signer.as_ref()) {
        true => Ok(who),
        false => Err(Failure::new(
            Exit::Key,
            "the signer key is not that of the user whose identity it is; nothing was recorded",
        )
        .next("give --sign-with with the signer key of the same user; `medsec user list` shows the users")),
    }
}

fn alone(
    session: &Session,
    (attempt, wanted): (Attempt<'_>, Wanted),
    grounds: Grounds,
    who: Who,
) -> Result<Reading, Failure> {
    // What was unlocked has shown who it is, and nothing here needs a key.
    let unlocks = Unlocks::new(Arc::new(Keyring::new(Vec::new(), None)), None);
    let limits = grounds.in_force.bundle.settings().sessions;
    let opened = attempt.told(start_session(who.principal, limits, unlocks))?;
    let at = At::Here(SessionLogin::new(opened, Origin::Local));
    let late = Arc::new(LateJournal::of(session));
    let journal: Arc<dyn Journal> = Arc::clone(&late) as _;
    ask((attempt, wanted), grounds, at, &journal).map_err(|failure| match late.has_missed() {
        false => failure,
        true => unrecorded(failure),
    })
}

#[cfg(unix)]
fn through_agent(
    session: &Session,
    (attempt, wanted): (Attempt<'_>, Wanted),
    entered: &Entered,
) -> Result<Reading, Failure> {
    // Without its time: what was recorded must be readable whatever the clock shows.
    let journal: Arc<dyn Journal> = Arc::new(AgentJournal::new(Arc::clone(&entered.link)));
    let grounds = attempt.told_to(&*journal, Grounds::load(session))?;
    let none = PassphraseOption { passphrase_fd: None };
    let login = AgentLogin::new(entered, grounds.store.clone(), None, &none)?;
    ask((attempt, wanted), grounds, At::Agent(Box::new(login)), &journal)
}

/// The Custodian decides, and records a refusal.
fn ask(
    (attempt, wanted): (Attempt<'_>, Wanted),
    grounds: Grounds,
    at: At,
    journal: &Arc<dyn Journal>,
) -> Result<Reading, Failure> {
    let Grounds { store, in_force, .. } = grounds;
    // For how long the log is kept is no matter to who reads it: what is left of a damaged one must be readable.
    let years = u64::from(in_force.bundle.settings().audit_retention_years);
    let retention = Retention::days(years.saturating_mul(1461).div_ceil(4));
    let retention = retention.map_err(|error| Failure::new(Exit::Policy, error.to_string()))?;
    let custodian = custodian(in_force, &store, journal, retention, Arc::new(NoEmergencies));
    let custodian = attempt.told_to(&**journal, custodian)?;
    let asked = match wanted {
        Wanted::Read => pollster::block_on(custodian.read_audit(&at)),
        Wanted::Export(purpose) => pollster::block_on(custodian.export_audit(&at, purpose)),
    };
    custodian.close();
    let who = asked.map_err(|refused| denied(wanted, refused))?;
    Ok(Reading::Own(Box::new(OwnReading { at, who })))
}

fn denied(wanted: Wanted, refused: Refused) -> Failure {
    match (wanted, refused) {
        (Wanted::Read, Refused::Policy(_)) => Failure::new(
            Exit::Denied,
            "the policy does not permit you to read the audit trail; nothing was shown",
        )
        .next("let an auditor read it: `medsec policy explain --action read-audit` tells who may"),
        (Wanted::Export(_), Refused::Policy(why)) => Failure::new(
            Exit::Denied,
            format!("the policy does not permit you to hand on the audit trail ({why}); nothing was written"),
        )
        .next("say why with --purpose, such as HCOMPL; `medsec policy explain --action export` tells who may"),
        (_, refused) => refused.into(),
    }
}

//! The ways to the Custodian: through the agent, or with an identity in this very call. Who cannot prove
//! who they are, or meets a policy that cannot be trusted, is on record.

use std::path::Path;
use std::sync::Arc;

use medsec::{Custodian, Emergencies, Journal, Parts, SessionLogin, SharedKeys, Unlocks};
use medsec_audit::{Action, AuditLog, Origin, Retention};
use medsec_kms::{Keyring, LocalStore, StoreError, ThreadTimer};
use medsec_policy::{Bundle, Principal, Session as PolicySession, SessionLimits, SystemClock};

use super::at::At;
use super::attempt::Attempt;
use super::who::Who;
use super::{Custody, CustodyOption, HeldMark, InForce, book};
#[cfg(unix)]
use crate::agent::{self, AgentLogin, Entered, Joined};
use crate::audit::read_pin;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::own;
use crate::recording;
use crate::services::Services;
use crate::session::Session;
use crate::settings::Settings;

impl Custody {
    /// Joins the session of the home's agent, if one runs and no identity is named; else opens the home's key store,
    /// policy and audit log, and logs the user in whose identity file it is. `asked` is what for: it is on record of
    /// whoever is refused. `signer` is the file of the key to sign with, if something is to be signed.
    pub(crate) fn enter(
        session: &Session,
        options: &CustodyOption,
        asked: Action,
        signer: Option<&Path>,
    ) -> Result<Self, Failure> {
        let attempt = Attempt::new(session, asked, options.purpose.of(session.settings()?));
        #[cfg(unix)]
        if options.identity.is_none() {
            match agent::join(session)? {
                Joined::Agent(entered) => {
                    return Self::with_agent(session, options, attempt, signer, &entered);
                }
                Joined::Refused(failure) => return attempt.told(Err(failure)),
                Joined::Alone => {}
            }
        }
        Self::alone(session, options, attempt, signer)
    }

    /// Through the agent: it has the keys and writes the stream.
    #[cfg(unix)]
    fn with_agent(
        session: &Session,
        options: &CustodyOption,
        attempt: Attempt<'_>,
        signer: Option<&Path>,
        entered: &Entered,
    ) -> Result<Self, Failure> {
        let journal: Arc<dyn Journal> = Arc::new(entered.journal.clone());
        let Grounds { store, in_force, new } =
            attempt.told_to(&*journal, Grounds::load(session))?;
        let custody = Self::beside(session, options, attempt, signer, entered, (store, in_force))?;
        custody.having_seen(session, new)
    }

    /// The same with store and policy at hand.
    #[cfg(unix)]
    fn beside(
        session: &Session,
        options: &CustodyOption,
        attempt: Attempt<'_>,
        signer: Option<&Path>,
        entered: &Entered,
        (store, in_force): (LocalStore, InForce),
    ) -> Result<Self, Failure> {
        let journal: Arc<dyn Journal> = Arc::new(entered.journal.clone());
        let login = AgentLogin::new(entered, store.clone(), signer, &options.passphrase);
        let mut login = attempt.told_to(&*journal, login)?;
        if let Some(shared) = shared_keys(session.settings()?) {
            login = login.sharing(shared);
        }
        let retention = entered.retention;
        let emergencies = Arc::new(book(session, &in_force)?);
        let open = Arc::clone(&emergencies) as _;
        let custodian = custodian(in_force, &store, &journal, retention, open);
        let custodian = attempt.told_to(&*journal, custodian)?;
        let purpose = options.purpose.of(session.settings()?);
        let login = At::Agent(Box::new(login));
        let custody = Self {
            custodian,
            login,
            store,
            purpose,
            journal,
            retention,
            writer: None,
            emergencies,
        };
        custody.settle(session);
        Ok(custody)
    }

    fn alone(
        session: &Session,
        options: &CustodyOption,
        attempt: Attempt<'_>,
        signer: Option<&Path>,
    ) -> Result<Self, Failure> {
        let Grounds { store, in_force, new } = attempt.told(Grounds::load(session))?;
        let custody = Self::within(session, options, attempt, signer, (store, in_force))?;
        custody.having_seen(session, new)
    }

    /// The same under this policy, whatever is in force: for who puts one in force where there is none that can be
    /// trusted.
    pub(crate) fn enter_under(
        session: &Session,
        options: &CustodyOption,
        signer: Option<&Path>,
        store: LocalStore,
        in_force: InForce,
    ) -> Result<Self, Failure> {
        let attempt = Attempt::new(session, Action::PolicyChange, options.purpose.purpose);
        #[cfg(unix)]
        if options.identity.is_none() {
            match agent::join(session)? {
                Joined::Agent(entered) => {
                    let grounds = (store, in_force);
                    return Self::beside(session, options, attempt, signer, &entered, grounds);
                }
                Joined::Refused(failure) => return attempt.told(Err(failure)),
                Joined::Alone => {}
            }
        }
        Self::within(session, options, attempt, signer, (store, in_force))
    }

    fn within(
        session: &Session,
        options: &CustodyOption,
        attempt: Attempt<'_>,
        signer: Option<&Path>,
        (store, in_force): (LocalStore, InForce),
    ) -> Result<Self, Failure> {
        let settings = session.settings()?;
        let who = attempt.told(Who::load(session, &store, options, signer))?;
        let limits = in_force.bundle.settings().sessions;
        let own = Arc::new(Keyring::new(who.identities, Some(who.keys)));
        let keys = attempt.told(Services::of(settings).and_then(|services| services.with(own)))?;
        let mut unlocks = Unlocks::new(keys, who.signer);
        if let Some(shared) = shared_keys(settings) {
            unlocks = unlocks.sharing(shared);
        }
        let opened = attempt.told(start_session(who.principal, limits, unlocks))?;
        let log = AuditLog::open(&settings.audit.value, &read_pin(&settings.audit_pin.value)?)?;
        let writer = recording::writer(session, &log, &settings.audit_stream.value)?;
        let writer = Arc::new(writer);
        let journal: Arc<dyn Journal> = Arc::clone(&writer) as _;
        let retention = writer.genesis().retention;
        let emergencies = Arc::new(book(session, &in_force)?);
        let open = Arc::clone(&emergencies) as _;
        let custodian = custodian(in_force, &store, &journal, retention, open);
        let custodian = attempt.told_to(&*journal, custodian)?;
        let purpose = options.purpose.of(settings);
        let login = At::Here(SessionLogin::new(opened, Origin::Local));
        let writer = Some(writer);
        let custody =
            Self { custodian, login, store, purpose, journal, retention, writer, emergencies };
        custody.settle(session);
        Ok(custody)
    }

    /// A policy that an administrator signed elsewhere is on record here before it counts here, and remembered.
    fn having_seen(self, session: &Session, new: Option<Bundle>) -> Result<Self, Failure> {
        match new.map_or(Ok(()), |bundle| self.see(session, &bundle)) {
            Ok(()) => Ok(self),
            Err(failure) => {
                self.leave()?;
                Err(failure)
            }
        }
    }

    /// Others wait meanwhile: it is on record once.
    fn see(&self, session: &Session, bundle: &Bundle) -> Result<(), Failure> {
        let mark = HeldMark::hold(&session.settings()?.policy_mark.value)?;
        if !mark.lacks(bundle)? {
            return Ok(());
        }
        pollster::block_on(self.custodian.policy_seen(&self.login))?;
        mark.advance(bundle)
    }
}

/// What every session of a home rests on.
pub(super) struct Grounds {
    pub(super) store: LocalStore,
    pub(super) in_force: InForce,
    /// The policy, if it was not seen in force before.
    new: Option<Bundle>,
}

impl Grounds {
    pub(super) fn load(session: &Session) -> Result<Self, Failure> {
        let store = own::open_store(session).map_err(|failure| no_home(session, failure))?;
        let (in_force, is_new) = InForce::load_marked(session, &store)?;
        let new = is_new.then(|| in_force.bundle.clone());
        Ok(Self { store, in_force, new })
    }
}

/// Data keys for several packages, if the settings want any. They are this process's and end with it.
fn shared_keys(settings: &Settings) -> Option<SharedKeys> {
    let sharing = settings.shared_data_keys.value?.sharing()?;
    Some(SharedKeys::new(sharing, Arc::new(ThreadTimer)))
}

/// Starts a session by the clock of this machine.
pub(crate) fn start_session(
    principal: Principal,
    limits: SessionLimits,
    unlocks: Unlocks,
) -> Result<PolicySession<Unlocks>, Failure> {
    let started = PolicySession::start(principal, limits, Arc::new(SystemClock), unlocks);
    started.map_err(|error| Failure::new(Exit::Failure, error.to_string()))
}

pub(super) fn custodian(
    in_force: InForce,
    store: &LocalStore,
    journal: &Arc<dyn Journal>,
    retention: Retention,
    emergencies: Arc<dyn Emergencies>,
) -> Result<Custodian, Failure> {
    Ok(Custodian::new(Parts {
        policy: in_force.for_custodian(store)?,
        journal: Arc::clone(journal),
        retention,
        clock: Arc::new(SystemClock),
        place: recording::place()?,
        emergencies,
    })?)
}

/// Without a key store nothing can be opened or sealed, whatever else is said.
pub(crate) fn refuse_homeless(session: &Session) -> Result<(), Failure> {
    match session.settings()?.store.value.exists() {
        true => Ok(()),
        false => Err(no_home(session, StoreError::Missing.into())),
    }
}

fn no_home(session: &Session, failure: Failure) -> Failure {
    let missing = session.settings().is_ok_and(|settings| !settings.home.value.exists());
    match missing && failure.exit == Exit::Store {
        true => failure.next("`medsec init` makes a home with key store, policy and audit log; without one nothing is opened or sealed"),
        false => failure,
    }
}

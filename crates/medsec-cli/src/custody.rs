//! The Custodian of this home, and who is at it: the way to every data key. Nothing in this program opens, seals
//! or rewraps but through what this gives.

mod at;
mod emergency;
mod in_force;
mod wish;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use medsec::{
    Confirmed, Custodian, Emergencies, EmergencyBook, Grant, Journal, Login, NewList,
    NoEmergencies, OpenRequest, OpenWish, Parts, Refused, RewrapGrant, RewrapWish, SealGrant,
    SealRequest, SealWish, SessionLogin, Unlocks, WantedRecipients,
};
use medsec_audit::{AuditLog, Origin, Retention, StreamWriter};
use medsec_crypto::{
    ExpectationError, Header, HeaderError, HpkeIdentity, KeyRef, Recipient, SigningKey, Stanza,
};
use medsec_kms::{KeyName, KeyServiceError, Keyring, LocalStore, StoreError, UserKeys};
use medsec_policy::{
    Clock as _, Factors, LocalUser, PolicyHash, Principal, Purpose, Session as PolicySession,
    SystemClock,
};

use self::at::At;
pub(crate) use self::emergency::{WithKey, book};
pub(crate) use self::in_force::{
    BUNDLE_FILE, InForce, engine_of, read_mark, read_signed, trusted, write_mark,
};
pub(crate) use self::wish::PurposeOption;

#[cfg(unix)]
use crate::agent::{self, AgentJournal, AgentLogin, Entered, Joined};
use crate::audit::read_pin;
use crate::exit::Exit;
use crate::expectation::{check_context_names, explained};
use crate::failure::Failure;
use crate::output;
use crate::own;
use crate::passphrase::PassphraseOption;
use crate::recording;
use crate::report::Outcome;
use crate::session::{Session, now};

/// Who is at the Custodian, and why.
#[derive(Clone, Debug, Args)]
pub(crate) struct CustodyOption {
    /// Identity file to open with: of a user of the key store, who then is the one who asks; or of a recipient
    /// besides the user of the settings.
    #[arg(long, value_name = "FILE")]
    pub(crate) identity: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseOption,
    #[command(flatten)]
    pub(crate) purpose: PurposeOption,
}

/// The Custodian of this home with one login.
#[derive(Debug)]
pub(crate) struct Custody {
    custodian: Custodian,
    login: At,
    /// Public facts of the key store.
    store: LocalStore,
    purpose: Option<Purpose>,
    journal: Arc<dyn Journal>,
    retention: Retention,
    /// The audit stream, where the agent does not write it.
    writer: Option<Arc<StreamWriter>>,
    emergencies: Arc<EmergencyBook>,
}

impl Custody {
    /// Joins the session of the home's agent, if one runs and no identity is named; else opens the home's key store,
    /// policy and audit log, and logs the user in whose identity file it is. `signer` is the file of the key to sign
    /// with, if something is to be signed.
    pub(crate) fn enter(
        session: &Session,
        options: &CustodyOption,
        signer: Option<&Path>,
    ) -> Result<Self, Failure> {
        #[cfg(unix)]
        if options.identity.is_none()
            && let Joined::Agent(entered) = agent::join(session)?
        {
            return Self::with_agent(session, options, signer, &entered);
        }
        Self::alone(session, options, signer)
    }

    /// Through the agent: it has the keys and writes the stream.
    #[cfg(unix)]
    fn with_agent(
        session: &Session,
        options: &CustodyOption,
        signer: Option<&Path>,
        entered: &Entered,
    ) -> Result<Self, Failure> {
        let store = own::open_store(session).map_err(|failure| no_home(session, failure))?;
        let in_force = InForce::load(session, &store)?;
        let login = AgentLogin::new(entered, store.clone(), signer, &options.passphrase)?;
        let journal: Arc<dyn Journal> = Arc::new(AgentJournal::new(Arc::clone(&entered.link)));
        let retention = entered.retention;
        let emergencies = Arc::new(book(session, &in_force)?);
        let open = Arc::clone(&emergencies) as _;
        let custodian = custodian(in_force, &store, &journal, retention, open)?;
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
        signer: Option<&Path>,
    ) -> Result<Self, Failure> {
        let store = own::open_store(session).map_err(|failure| no_home(session, failure))?;
        let in_force = InForce::load(session, &store)?;
        let settings = session.settings()?;
        let new = in_force.is_new(settings)?.then(|| in_force.bundle.clone());
        let custody = Self::enter_under(session, options, signer, store, in_force)?;
        if let Some(bundle) = new {
            // Signed by an administrator elsewhere: it is on record here before it counts here.
            let seen = custody.custodian.policy_seen(&custody.login);
            let seen = pollster::block_on(seen).map_err(Failure::from);
            if let Err(failure) =
                seen.and_then(|()| write_mark(&settings.policy_mark.value, &bundle))
            {
                custody.leave()?;
                return Err(failure);
            }
        }
        Ok(custody)
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
        let settings = session.settings()?;
        let who = Who::load(session, &store, options, signer)?;
        let limits = in_force.bundle.settings().sessions;
        let unlocks = Unlocks {
            keys: Arc::new(Keyring::new(who.identities, Some(who.keys))),
            signer: who.signer.map(Arc::new),
        };
        let opened = PolicySession::start(who.principal, limits, Arc::new(SystemClock), unlocks);
        let opened = opened.map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
        let log = AuditLog::open(&settings.audit.value, &read_pin(&settings.audit_pin.value)?)?;
        let writer = recording::writer(session, &log, &settings.audit_stream.value)?;
        let writer = Arc::new(writer);
        let journal: Arc<dyn Journal> = Arc::clone(&writer) as _;
        let retention = writer.genesis().retention;
        let emergencies = Arc::new(book(session, &in_force)?);
        let open = Arc::clone(&emergencies) as _;
        let custodian = custodian(in_force, &store, &journal, retention, open)?;
        let purpose = options.purpose.of(settings);
        let login = At::Here(SessionLogin::new(opened, Origin::Local));
        let writer = Some(writer);
        let custody =
            Self { custodian, login, store, purpose, journal, retention, writer, emergencies };
        custody.settle(session);
        Ok(custody)
    }

    /// Why the user works, as stated.
    pub(crate) const fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    /// What the user signs with.
    pub(crate) fn signer(&self) -> Result<Option<Arc<SigningKey>>, Failure> {
        self.login.signer().map_err(|error| Refused::from(error).into())
    }

    /// Asks whether another policy may come into force, and records that it does: so it must when this returns.
    pub(crate) fn change_policy(&self, next: PolicyHash) -> Result<(), Failure> {
        Ok(pollster::block_on(self.custodian.change_policy(&self.login, next))?)
    }

    /// Whether a Custodian could work under that policy here: else nobody could ever replace it.
    pub(crate) fn check_policy(&self, next: InForce) -> Result<(), Failure> {
        let none = Arc::new(NoEmergencies);
        custodian(next, &self.store, &self.journal, self.retention, none).map(drop)
    }

    /// The key store.
    pub(crate) const fn store(&self) -> &LocalStore {
        &self.store
    }

    /// A grant to open one package.
    pub(crate) fn open(
        &self,
        header: Result<Header, HeaderError>,
        wish: &OpenWish,
    ) -> Result<Grant, Failure> {
        Ok(pollster::block_on(self.custodian.open(&self.login, header, wish))?)
    }

    /// As [`Self::open`]; where the context is not the one expected, it says which names differ. What is refused
    /// stands in the log all the same.
    pub(crate) fn open_named(
        &self,
        header: Result<Header, HeaderError>,
        wish: &OpenWish,
    ) -> Result<Grant, Failure> {
        let names = match &header {
            Ok(header) if self.find_key(header).is_ok() => {
                check_context_names(header, &wish.reproduced)
            }
            _ => Ok(()),
        };
        explained(self.open(header, wish), names)
    }

    /// A grant to open one package with the keys of another login of the same home, or why there is none.
    pub(crate) fn open_as(
        &self,
        login: &dyn Login,
        header: Result<Header, HeaderError>,
        wish: &OpenWish,
    ) -> Result<Grant, Refused> {
        pollster::block_on(self.custodian.open(login, header, wish))
    }

    /// Who is logged in.
    pub(crate) const fn login(&self) -> &dyn Login {
        &self.login
    }

    /// The same user with this key and no other.
    pub(crate) fn with_other_key(&self, identity: HpkeIdentity) -> Result<SessionLogin, Failure> {
        let who = self.login.current().map_err(Refused::from)?;
        let keys = Arc::new(Keyring::new(vec![Arc::new(identity)], None));
        let limits = self.custodian.policy().settings.sessions;
        let unlocks = Unlocks { keys, signer: None };
        let opened = PolicySession::start(who.principal, limits, Arc::new(SystemClock), unlocks);
        let opened = opened.map_err(|error| Failure::new(Exit::Failure, error.to_string()))?;
        Ok(SessionLogin::new(opened, Origin::Local))
    }

    /// Grants to open several, recorded together.
    pub(crate) fn open_all(&self, requests: Vec<OpenRequest<'_>>) -> Vec<Result<Grant, Failure>> {
        let granted = pollster::block_on(self.custodian.open_all(&self.login, requests));
        granted.into_iter().map(|one| one.map_err(Failure::from)).collect()
    }

    /// A grant to seal one package.
    pub(crate) fn seal(
        &self,
        request: SealRequest,
        wish: &SealWish<'_>,
    ) -> Result<SealGrant, Failure> {
        Ok(pollster::block_on(self.custodian.seal(&self.login, request, wish))?)
    }

    /// Grants to seal several, recorded together.
    pub(crate) fn seal_all(
        &self,
        requests: Vec<SealRequest>,
        wish: &SealWish<'_>,
    ) -> Vec<Result<SealGrant, Failure>> {
        let granted = pollster::block_on(self.custodian.seal_all(&self.login, requests, wish));
        granted.into_iter().map(|one| one.map_err(Failure::from)).collect()
    }

    /// A grant to change the recipients of one package.
    pub(crate) fn rewrap(
        &self,
        header: Result<Header, HeaderError>,
        wish: &RewrapWish,
    ) -> Result<RewrapGrant, Failure> {
        Ok(pollster::block_on(self.custodian.rewrap(&self.login, header, wish))?)
    }

    /// The list of recipients that a package is to get. What is refused is on record, and the grant is gone.
    pub(crate) fn list_for(
        &self,
        grant: RewrapGrant,
        wanted: WantedRecipients<'_>,
    ) -> Result<(RewrapGrant, NewList), Failure> {
        match pollster::block_on(self.custodian.list_for(&self.login, &grant, wanted)) {
            Ok(list) => Ok((grant, list)),
            Err(refused) => {
                grant.refuse(&refused);
                Err(refused.into())
            }
        }
    }

    /// Whether a package has all recipients that the policy demands.
    pub(crate) fn has_demanded(&self, stanzas: &[Stanza]) -> bool {
        self.custodian.has_demanded(stanzas)
    }

    /// Tries new recipients of a package that is being rewrapped.
    pub(crate) fn confirm(&self, grant: &RewrapGrant, header: &Header) -> Confirmed {
        pollster::block_on(grant.confirm(&self.login, header))
    }

    /// Whether a package's recipient is a version of a key of the store.
    pub(crate) fn is_version_of(&self, key_ref: &KeyRef, name: &KeyName) -> bool {
        self.store.key(name).is_some_and(|key| key.has_version(key_ref))
    }

    /// Whether the store has the key; that it is older than it should be is told.
    pub(crate) fn refuse_unknown(&self, session: &Session, name: &KeyName) -> Result<(), Failure> {
        let key = self.store.key(name).ok_or(KeyServiceError::NoSuchKey)?;
        // Old keys still protect; that they should be replaced is for an administrator to know.
        if key.describe().is_overdue(now()) {
            output::note(
                session,
                "the key is older than it should be: `medsec key rotate --overdue`",
            );
        }
        Ok(())
    }

    /// What packages call the newest version of a key of the store, if the login may use it.
    pub(crate) fn usable(&self, name: &KeyName) -> Result<KeyRef, Failure> {
        let key = self.store.key(name).and_then(|key| key.newest());
        let key = key.ok_or(KeyServiceError::NoSuchKey)?;
        self.login.keys().admits(&key)?;
        Ok(key)
    }

    /// Whether the login has a key for the package, or why not.
    pub(crate) fn find_key(&self, header: &Header) -> Result<(), Failure> {
        let mut why = Failure::from(ExpectationError::NotARecipient);
        for stanza in header.stanzas() {
            match self.login.keys().admits(stanza.key_ref()) {
                Ok(()) => return Ok(()),
                Err(KeyServiceError::ForeignStanza) => {}
                Err(error) => why = error.into(),
            }
        }
        Err(why)
    }

    /// Ends it, whatever became of the work: what was done is on record, and the stream is closed in order.
    pub(crate) fn close(self, outcome: Result<Outcome, Failure>) -> Result<Outcome, Failure> {
        let closed = self.leave();
        let outcome = outcome?;
        closed?;
        Ok(outcome)
    }

    /// Closes the stream in order.
    pub(crate) fn leave(self) -> Result<(), Failure> {
        let Self { custodian, journal, writer, .. } = self;
        // Each holds the stream.
        custodian.close();
        drop(journal);
        // The agent's stream goes on.
        let closed = writer.and_then(Arc::into_inner).map_or(Ok(()), StreamWriter::close);
        closed.map_err(|error| {
            let what = format!(
                "the work is done and on record, but the audit log could not be closed in order: {error}"
            );
            Failure::new(Exit::Unfinished, what).next("do not repeat it; run `medsec audit verify`")
        })
    }
}

fn custodian(
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

/// The one who asks.
struct Who {
    principal: Principal,
    identities: Vec<Arc<HpkeIdentity>>,
    keys: UserKeys,
    signer: Option<SigningKey>,
}

impl Who {
    /// The identity file named on the command line is that of the user who asks, if it is one of the store's,
    /// present or removed; else the settings name the user, and the file is one more key to open with.
    fn load(
        session: &Session,
        store: &LocalStore,
        options: &CustodyOption,
        signer: Option<&Path>,
    ) -> Result<Self, Failure> {
        let set = session.settings()?.identity.value.as_deref();
        let named = options.identity.as_deref();
        let extra = match named.filter(|named| set.is_some_and(|set| set != *named)) {
            Some(named) if !own::is_of_user(store, named)? => Some(named),
            _ => None,
        };
        let user = match extra {
            Some(_) => set,
            None => named.or(set),
        };
        let user = user.ok_or_else(own::unnamed)?;
        let loaded = own::load_all(&[Some(user), extra], signer, &options.passphrase)?;
        let own::Loaded { identities, signer, protected } = loaded;
        let own = identities.first().ok_or_else(own::unnamed)?;
        let keys = store.unlock(Arc::clone(own)).map_err(|error| stranger(error, named))?;
        let principal = principal(&keys, protected)?;
        Ok(Self { principal, identities, keys, signer })
    }
}

/// The user of the store. Who typed the passphrase of a file has shown two things: the file and the passphrase.
pub(crate) fn principal(keys: &UserKeys, protected: bool) -> Result<Principal, Failure> {
    let name = keys.user().as_str();
    let user = LocalUser::verified_by_store(name).map_err(|error| {
        Failure::new(
            Exit::Denied,
            format!("the user of the key store cannot be told apart: {error}"),
        )
        .next("`medsec user add` makes one with a name of a person's own")
    })?;
    let mut principal = user.principal(SystemClock.wall());
    if protected {
        principal.factors = Factors::Two;
    }
    Ok(principal)
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

fn stranger(error: medsec_kms::UnlockStoreError, named: Option<&Path>) -> Failure {
    let failure = Failure::from(error);
    match named {
        Some(_) => failure.next(
            "the identity is no user's of the key store, and the settings name no other user; run `medsec init`, or set user.identity",
        ),
        None => failure,
    }
}

/// Recipients as the Custodian takes them.
pub(crate) fn as_recipients(keys: &[Box<dyn Recipient + Send + Sync>]) -> Vec<&dyn Recipient> {
    keys.iter().map(|key| &**key as &dyn Recipient).collect()
}

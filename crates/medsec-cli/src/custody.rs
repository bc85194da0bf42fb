//! The Custodian of this home, and who is at it: the way to every data key. Nothing in this program opens, seals
//! or rewraps but through what this gives.

mod administration;
mod at;
mod attempt;
mod emergency;
mod enter;
mod in_force;
mod late;
mod mark;
mod reading;
mod who;
mod wish;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use medsec::{
    Confirmed, Custodian, EmergencyBook, Grant, Journal, Login, NewList, NoEmergencies,
    OpenRequest, OpenWish, Refused, RewrapGrant, RewrapWish, SealGrant, SealRequest, SealWish,
    SessionLogin, Signer, Unlocks, UnseenRequest, UnseenWish, WantedRecipients,
};
use medsec_audit::{Origin, Retention, StreamWriter};
use medsec_crypto::{Header, HeaderError, HpkeIdentity, KeyRef, Recipient, Stanza};
use medsec_kms::{KeyName, KeyServiceError, KeyState, Keyring, LocalStore, Standing};
use medsec_policy::{PolicyHash, Purpose};

pub(crate) use self::administration::{Act, Announced, not_administrator};
use self::at::At;
pub(crate) use self::attempt::Attempt;
#[cfg(unix)]
pub(crate) use self::attempt::{no_agent, of_login};
pub(crate) use self::emergency::{Standing as StepStanding, WithKey, book, step_ended};
use self::enter::custodian;
pub(crate) use self::enter::{refuse_homeless, start_session};
pub(crate) use self::in_force::{BUNDLE_FILE, InForce, engine_of, read_signed, trusted};
pub(crate) use self::mark::{HeldMark, read_mark};
pub(crate) use self::reading::{ReaderOption, Reading, TrailOption, reviewer};
pub(crate) use self::who::principal;
pub(crate) use self::wish::PurposeOption;

use crate::exit::Exit;
use crate::expectation::{check_context_names, explained};
use crate::failure::Failure;
use crate::output;
use crate::passphrase::PassphraseOption;
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

/// A key that packages are to be under.
#[derive(Clone, Debug)]
pub(crate) enum ToKey<'a> {
    /// One of the key store, and what packages call its newest version.
    Stored { name: &'a KeyName, newest: KeyRef },
    /// One of a service elsewhere, and its newest version where the service counts them.
    Elsewhere { name: &'a KeyName, newest: Option<u32> },
}

impl<'a> ToKey<'a> {
    /// What it is called here.
    pub(crate) const fn name(&self) -> &'a KeyName {
        match self {
            Self::Stored { name, .. } | Self::Elsewhere { name, .. } => name,
        }
    }

    /// Its newest version, where a service counts them.
    const fn newest(&self) -> Option<u32> {
        match self {
            Self::Stored { .. } => None,
            Self::Elsewhere { newest, .. } => *newest,
        }
    }
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
    /// Why the user works, as stated.
    pub(crate) const fn purpose(&self) -> Option<Purpose> {
        self.purpose
    }

    /// What the user signs with.
    pub(crate) fn signer(&self) -> Result<Option<Signer>, Failure> {
        self.login.signer().map_err(|error| Refused::from(error).into())
    }

    /// Asks whether another policy may come into force, and records that it does: so it must when this returns.
    pub(crate) fn change_policy(&self, next: PolicyHash) -> Result<(), Failure> {
        Ok(pollster::block_on(self.custodian.change_policy(&self.login, next))?)
    }

    /// Records that the user may not put a policy in force, though the rules may say so. Gives the failure as it is,
    /// or says in it that it is not on record.
    pub(crate) fn policy_refused(&self, failure: Failure) -> Failure {
        let recorded = pollster::block_on(self.custodian.policy_refused(&self.login));
        attempt::if_recorded(failure, &recorded)
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
        let unlocks = Unlocks::new(keys, None);
        let opened = start_session(who.principal, limits, unlocks)?;
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

    /// Whether a package can be rewrapped to a key without its data key.
    pub(crate) fn rewraps_unseen(&self, header: &Header, key: &KeyName) -> bool {
        self.custodian.rewraps_unseen(&self.login, header, key)
    }

    /// Grants to rewrap several to a key without their data keys, recorded together, and their new lists.
    pub(crate) fn rewrap_unseen(
        &self,
        requests: Vec<UnseenRequest>,
        key: &ToKey<'_>,
        in_one_call: NonZeroUsize,
    ) -> Vec<Result<(RewrapGrant, NewList), Failure>> {
        let (key, newest) = (key.name(), key.newest());
        let wish = UnseenWish { purpose: self.purpose, key, newest, in_one_call };
        let granted = self.custodian.rewrap_unseen(&self.login, requests, &wish);
        pollster::block_on(granted).into_iter().map(|one| one.map_err(Failure::from)).collect()
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

    /// Whether a package's recipient is a version of a key.
    pub(crate) fn is_version_of(&self, stanza: &Stanza, name: &KeyName) -> bool {
        self.is_version_of_any(stanza, std::slice::from_ref(name))
    }

    /// Whether a package's recipient is a version of one of these keys. The services of those elsewhere are asked at most
    /// once.
    pub(crate) fn is_version_of_any(&self, stanza: &Stanza, names: &[KeyName]) -> bool {
        let (local, elsewhere): (Vec<&KeyName>, _) = names.iter().partition(|name| name.is_local());
        local.into_iter().any(|name| self.is_stored(stanza, name))
            || !elsewhere.is_empty()
                && self.standing(stanza).is_some_and(|found| elsewhere.contains(&&found.key))
    }

    /// Whether a package's recipient is a version of a key of the key store.
    fn is_stored(&self, stanza: &Stanza, name: &KeyName) -> bool {
        self.store.key(name).is_some_and(|key| key.has_version(stanza.key_ref()))
    }

    /// Whether a recipient is a key: `Some(true)` in its newest version, or one that does not tell its version;
    /// `Some(false)` in an older one.
    pub(crate) fn stands_under(&self, stanza: &Stanza, key: &ToKey<'_>) -> Option<bool> {
        match key {
            ToKey::Stored { newest, .. } if stanza.key_ref() == newest => Some(true),
            ToKey::Stored { name, .. } => self.is_stored(stanza, name).then_some(false),
            ToKey::Elsewhere { name, newest } => {
                let standing = self.standing(stanza).filter(|standing| standing.key == **name)?;
                Some(standing.version.zip(*newest).is_none_or(|(found, newest)| found >= newest))
            }
        }
    }

    fn standing(&self, stanza: &Stanza) -> Option<Standing> {
        self.login.keys().standing(stanza)
    }

    /// Whether there is the key; that it is older than it should be is told.
    pub(crate) fn refuse_unknown(&self, session: &Session, name: &KeyName) -> Result<(), Failure> {
        let about = match name.is_local() {
            true => self.store.key(name).ok_or(KeyServiceError::NoSuchKey)?.describe(),
            false => pollster::block_on(self.login.keys().describe_key(name))?,
        };
        // Old keys still protect; that they should be replaced is for an administrator to know.
        if about.is_overdue(now()) {
            output::note(
                session,
                "the key is older than it should be: `medsec key rotate --overdue`",
            );
        }
        Ok(())
    }

    /// A key to put packages under, if the login may use it.
    pub(crate) fn to_key<'a>(&self, name: &'a KeyName) -> Result<ToKey<'a>, Failure> {
        if name.is_local() {
            let newest = self.store.key(name).and_then(|key| key.newest());
            let newest = newest.ok_or(KeyServiceError::NoSuchKey)?;
            self.login.keys().admits(&newest)?;
            return Ok(ToKey::Stored { name, newest });
        }
        let about = pollster::block_on(self.login.keys().describe_key(name))?;
        match about.state {
            KeyState::Enabled => Ok(ToKey::Elsewhere { name, newest: about.version }),
            KeyState::Disabled => Err(KeyServiceError::Disabled.into()),
            KeyState::PendingDestruction { .. } => Err(KeyServiceError::PendingDestruction.into()),
            KeyState::Destroyed { .. } => Err(KeyServiceError::Destroyed.into()),
            _ => Err(KeyServiceError::State.into()),
        }
    }

    /// Keys that packages are to lose. Each is looked at, and with that the service that has it is reached: otherwise it
    /// could not tell which recipients are the key, and none would go.
    pub(crate) fn keys_to_drop<'a>(
        &self,
        names: &'a [KeyName],
        to_key: Option<&KeyName>,
    ) -> Result<&'a [KeyName], Failure> {
        for (at, name) in names.iter().enumerate() {
            if to_key == Some(name) {
                let number = at.saturating_add(1);
                return Err(Failure::usage(format!(
                    "--drop-key no. {number} is the key of --to-key"
                ))
                .next("--to-key alone removes the older versions of a key"));
            }
            match name.is_local() {
                true => drop(self.store.key(name).ok_or(KeyServiceError::NoSuchKey)?),
                false => drop(pollster::block_on(self.login.keys().describe_key(name))?),
            }
        }
        Ok(names)
    }

    /// Whether the login has a key for the package, or why not.
    pub(crate) fn find_key(&self, header: &Header) -> Result<(), Failure> {
        Ok(Custodian::find_key(&self.login, header)?)
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

/// Recipients as the Custodian takes them.
pub(crate) fn as_recipients(keys: &[Box<dyn Recipient + Send + Sync>]) -> Vec<&dyn Recipient> {
    keys.iter().map(|key| &**key as &dyn Recipient).collect()
}

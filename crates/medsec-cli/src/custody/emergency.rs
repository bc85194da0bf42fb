//! Emergencies at the Custodian of this home: what of them is decided, recorded and kept, in this order.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use medsec::{
    Emergencies as _, EmergencyBook, EmergencyKeyUse, EmergencyNote, EmergencyStep, Hold, LoggedIn,
    Login, NotLoggedIn, Refused,
};
use medsec_audit::{Commitment, Failure as Cause, Opening, Outcome, Patient, Period};
use medsec_crypto::{Header, HpkeIdentity};
use medsec_kms::{EmergencySetId, KeyService, Keyring};
use medsec_policy::{
    Clock as _, DatasetId, EmergencyId, EmergencyRecord, Method, Purpose, Resource, Settings,
    SystemClock,
};

use super::at::At;
use super::{Custody, CustodyOption, InForce};
#[cfg(unix)]
use crate::agent;
use crate::audit::LogOption;
use crate::command::keep_opening;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::session::Session;

/// The emergencies of this home, by the limits of the policy in force.
pub(crate) fn book(session: &Session, in_force: &InForce) -> Result<EmergencyBook, Failure> {
    let folder = session.settings()?.emergencies.value.clone();
    let limits = in_force.bundle.settings().emergency.clone();
    Ok(EmergencyBook::new(folder, limits, Arc::new(SystemClock)))
}

/// An emergency as the policy and the log speak of it.
pub(crate) fn resource(record: &EmergencyRecord) -> Resource {
    Resource::Emergency {
        id: record.id,
        initiator: record.initiator.clone(),
        dataset: Some(record.scope.dataset().clone()),
    }
}

/// Whoever is logged in, with one key and no other.
#[derive(Debug)]
pub(crate) struct WithKey<'a> {
    at: &'a At,
    keys: Keyring,
}

impl Login for WithKey<'_> {
    fn current(&self) -> Result<LoggedIn, NotLoggedIn> {
        self.at.current()
    }

    fn keys(&self) -> &dyn KeyService {
        &self.keys
    }

    fn hold(&self) -> Arc<dyn Hold> {
        self.at.hold()
    }
}

/// What is true of something that was announced, in the words of a failure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    /// If it was not done.
    pub(crate) undone: &'static str,
    /// If it was.
    pub(crate) done: &'static str,
}

/// Records how a step ended that was announced while something was written, and gives the result. Whatever fails, the
/// failure says what is true now.
pub(crate) fn step_ended<T>(
    step: Option<EmergencyStep>,
    written: Result<T, Failure>,
    standing: Standing,
) -> Result<T, Failure> {
    let Some(step) = step else { return written };
    let outcome = match &written {
        Ok(_) => Outcome::Success,
        Err(_) => Outcome::Failure(Cause::Io),
    };
    let recorded = step.ended(outcome);
    let Standing { undone, done } = standing;
    let value = written.map_err(|failure| {
        let message = format!("{undone}: {}", failure.message);
        Failure { message, ..failure }
    })?;
    recorded.map_err(|error| {
        let what = format!("{done}, but that it is stands in the log as announced only: {error}");
        Failure::new(Exit::Unfinished, what)
            .next("do not repeat it; see to the audit log: `medsec audit verify`")
    })?;
    Ok(value)
}

impl Custody {
    /// The same session with the key that shares made.
    pub(crate) fn with_emergency_key(&self, identity: HpkeIdentity) -> WithKey<'_> {
        WithKey { at: &self.login, keys: Keyring::new(vec![Arc::new(identity)], None) }
    }

    /// How long ago the user proved who they are: in this very call. Where the agent knows them by their key, they
    /// unlock their identity for it once more; who is logged in there by a token must have got a fresh one.
    pub(crate) fn prove_now(
        &self,
        session: &Session,
        options: &CustodyOption,
    ) -> Result<Duration, Failure> {
        let known = self.who()?;
        if self.writer.is_some() {
            return Ok(known.authentication_age);
        }
        #[cfg(unix)]
        if known.principal.method == Method::PrivateKey {
            agent::prove_again(session, &options.passphrase)?;
        }
        Ok(self.who()?.authentication_age)
    }

    /// Those that are kept.
    pub(crate) fn emergencies(&self) -> &EmergencyBook {
        &self.emergencies
    }

    /// What the policy in force sets.
    pub(crate) fn settings(&self) -> &Settings {
        &self.custodian.policy().settings
    }

    /// Who is logged in, and how long ago they proved it.
    pub(crate) fn who(&self) -> Result<LoggedIn, Failure> {
        Ok(self.login.current().map_err(Refused::from)?)
    }

    /// Ends those whose time is over, and records it. They permit nothing any more in any case: what goes wrong
    /// here is told, and keeps nobody from ordinary work.
    pub(super) fn settle(&self, session: &Session) {
        let settled = self.emergencies.settle(|record| self.emergency_expired(record));
        if let Err(failure) = settled {
            let what = format!("emergencies could not be looked through: {}", failure.message);
            output::note(session, &what);
        }
    }

    /// Decides whether emergency access may be claimed, and records the claim.
    pub(crate) fn start_emergency(
        &self,
        record: &EmergencyRecord,
        purpose: Purpose,
        reason: Commitment,
    ) -> Result<(), Refused> {
        let resource = resource(record);
        let started = self.custodian.start_emergency(&self.login, &resource, purpose, reason);
        pollster::block_on(started).map(drop)
    }

    fn emergency_expired(&self, record: &EmergencyRecord) -> Result<(), Failure> {
        let resource = resource(record);
        let expired = self.custodian.emergency_expired(&self.login, &resource);
        Ok(pollster::block_on(expired)?)
    }

    /// Records that one is about to be ended.
    pub(crate) fn end_emergency(&self, record: &EmergencyRecord) -> Result<EmergencyStep, Failure> {
        let resource = resource(record);
        let ended = self.custodian.end_emergency(&self.login, &resource);
        Ok(pollster::block_on(ended)?)
    }

    /// Records that the emergency key is about to be put together.
    pub(crate) fn announce_key_use(
        &self,
        record: Option<&EmergencyRecord>,
        set: EmergencySetId,
        aim: EmergencyKeyUse,
    ) -> Result<EmergencyStep, Failure> {
        let resource = record.map(resource);
        let announced = self.custodian.announce_key_use(&self.login, resource.as_ref(), set, aim);
        Ok(pollster::block_on(announced)?)
    }

    /// Decides whether a review may be closed, and records that it is about to be.
    pub(crate) fn close_review(
        &self,
        record: &EmergencyRecord,
        period: Period,
        note: Commitment,
    ) -> Result<EmergencyStep, Refused> {
        let resource = resource(record);
        pollster::block_on(self.custodian.close_review(&self.login, &resource, period, note))
    }

    /// Records something that nobody decides.
    pub(crate) fn note_emergency(
        &self,
        record: Option<&EmergencyRecord>,
        note: EmergencyNote,
    ) -> Result<(), Failure> {
        let resource = record.map(resource);
        let noted = self.custodian.note_emergency(&self.login, resource.as_ref(), note);
        Ok(pollster::block_on(noted)?)
    }

    /// The user's open emergency that covers a package.
    pub(crate) fn emergency_for(
        &self,
        header: &Header,
        patient: Option<&Patient>,
    ) -> Result<Option<EmergencyId>, Failure> {
        let who = self.who()?;
        let dataset = header.core().dataset.as_ref().and_then(|d| DatasetId::new(d.as_str()).ok());
        let now = SystemClock.wall();
        Ok(self.emergencies.covering(&who.principal.id, dataset.as_ref(), patient, now))
    }

    /// Puts what a person wrote where it can be erased. The log has only its digest.
    pub(crate) fn keep_opening(
        &self,
        session: &Session,
        text: &Opening,
    ) -> Result<PathBuf, Failure> {
        let log = LogOption::OWN.open(session)?;
        keep_opening(&log, &session.settings()?.audit_stream.value, text)
    }
}

//! The Custodian: decides, records, unwraps, opens, records. The one place that sees every seam.
//!
//! ```text
//! header (limits, no key) ─► session alive, clock sound ─► policy decides ─► the package is the one expected
//!   ─► intent appended, durable ─► key service unwraps (allow-listed, bound) ─► Grant
//! ```
//!
//! What is refused on the way is recorded too. What cannot be recorded does not happen.

mod access;
mod clearance;
mod duties;
mod emergency;
mod export;
mod open;
mod rewrap;
mod seal;

use std::sync::Arc;
use std::time::SystemTime;

use medsec_audit::{Action, Actor, Origin, Outcome, Place, RequestId, Retention, Subject};
use medsec_crypto::HpkeRecipient;
use medsec_kms::{PublicKey, PublicKeyError};
use medsec_policy::{Circumstances, Clock, Decision, Purpose, Request, Resource};

pub use self::duties::SessionChange;
pub use self::emergency::{EmergencyKeyUse, EmergencyNote, EmergencyStep};
pub use self::export::ExportGrant;
pub use self::open::{Aim, OpenRequest, OpenWish, Unbound};
pub use self::rewrap::{
    Confirmed, EndedRewraps, NewList, RewrapBatch, RewrapGrant, RewrapWish, UnseenRequest,
    UnseenWish, WantedRecipients,
};
pub use self::seal::{SealRequest, SealWish};

use crate::account::{Account, purpose_of};
use crate::emergencies::Emergencies;
use crate::error::Refused;
use crate::gate::{self, Permit, Verdict};
use crate::journal::{Journal, Recorder};
use crate::login::{LoggedIn, Login};
use crate::policy::PolicyInForce;
use crate::time::{ClockFault, ClockGuard};

/// What a Custodian is made of.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "leaving a part out must not compile")]
pub struct Parts {
    /// What is permitted.
    pub policy: PolicyInForce,
    /// Where everything is recorded.
    pub journal: Arc<dyn Journal>,
    /// How long that is kept.
    pub retention: Retention,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// This machine and process.
    pub place: Place,
    /// Which emergencies are open.
    pub emergencies: Arc<dyn Emergencies>,
}

/// Why there is no Custodian.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CustodianError {
    /// The time is not known.
    #[error(transparent)]
    Clock(#[from] ClockFault),
    /// The audit log is kept for a shorter time than the policy demands.
    #[error("the audit log keeps its records for {days} days, the policy demands {demanded}")]
    Retention {
        /// Days that the log keeps its records.
        days: u64,
        /// Days that the policy demands.
        demanded: u64,
    },
    /// A recipient that the policy demands is no public key.
    #[error("a recipient that the policy demands is no public key of a recipient")]
    Recipient(#[source] Option<PublicKeyError>),
    /// No thread can be started.
    #[error("no thread can be started")]
    Thread(#[source] std::io::Error),
}

/// Decides, records, unwraps, opens, records.
#[derive(Debug)]
pub struct Custodian {
    policy: PolicyInForce,
    recorder: Arc<Recorder>,
    clock: Arc<dyn Clock>,
    guard: ClockGuard,
    place: Place,
    emergencies: Arc<dyn Emergencies>,
    /// Recipients that the policy adds to every package.
    added: Vec<PublicKey>,
}

impl Custodian {
    /// Joins the parts.
    ///
    /// # Errors
    /// [`CustodianError`] if they do not fit each other.
    pub fn new(parts: Parts) -> Result<Self, CustodianError> {
        let Parts { policy, journal, retention, clock, place, emergencies } = parts;
        check_retention(retention, policy.settings.audit_retention_years)?;
        let added = policy.settings.sealing.required_recipients.iter();
        let added = added.map(|key| recipient(key.as_str())).collect::<Result<_, _>>()?;
        let guard = ClockGuard::new(&*clock)?;
        let recorder = Recorder::start(journal).map_err(CustodianError::Thread)?;
        let recorder = Arc::new(recorder);
        Ok(Self { policy, recorder, clock, guard, place, emergencies, added })
    }

    /// Waits until everything is on record that was handed over, and records nothing more in the background. Blocks.
    /// Dropped without it, the records are written soon after.
    pub fn close(self) {
        self.recorder.close();
    }

    /// The policy in force.
    #[must_use]
    pub const fn policy(&self) -> &PolicyInForce {
        &self.policy
    }

    /// Recipients that the policy demands of every package.
    fn demanded(&self) -> impl Iterator<Item = &HpkeRecipient> {
        self.added.iter().filter_map(PublicKey::as_recipient)
    }

    /// The time, if it is known.
    fn now(&self) -> Result<SystemTime, Refused> {
        Ok(self.guard.now(&*self.clock, self.recorder.newest())?)
    }

    /// An account of something that is asked for, by nobody as yet.
    fn account(&self, action: Action, subject: Subject) -> Result<Account, Refused> {
        Ok(Account {
            actor: Actor::Unknown,
            action,
            subject,
            purpose: None,
            place: Place { origin: Origin::Local, ..self.place.clone() },
            ruling: None,
            session: None,
            request: RequestId::generate().map_err(|_| Refused::Unrecordable)?,
        })
    }

    /// Asks the policy, and puts into the account what was decided. It knows who asks already.
    fn decide(
        &self,
        account: &mut Account,
        who: &LoggedIn,
        question: Question<'_>,
    ) -> Result<Permit, Refused> {
        account.purpose = question.purpose.and_then(purpose_of);
        let circumstances = Circumstances {
            purpose: question.purpose,
            authentication_age: who.authentication_age,
            emergency: question.emergency,
        };
        let request = Request {
            principal: &who.principal,
            action: question.action,
            resource: question.resource,
            circumstances: &circumstances,
        };
        match gate::decide(&*self.policy.decider, &request)? {
            Verdict::Permitted(permit) => {
                account.decided(permit.decision());
                Ok(permit)
            }
            Verdict::Denied(decision) => {
                account.decided(&decision);
                Err(Refused::Policy(refusal(&decision)))
            }
        }
    }

    /// Who asks, if the session lives and the time is known.
    fn admit(&self, login: &dyn Login) -> Result<(LoggedIn, SystemTime), Refused> {
        let who = login.current()?;
        Ok((who, self.now()?))
    }

    /// The same, and puts it into the account.
    fn identify(
        &self,
        login: &dyn Login,
        account: &mut Account,
    ) -> Result<(LoggedIn, SystemTime), Refused> {
        let (who, now) = self.admit(login)?;
        account.by(&who)?;
        Ok((who, now))
    }

    /// Records it if something was refused. What is refused stays refused if that fails.
    async fn or_refuse<T>(
        &self,
        account: &Account,
        result: Result<T, Refused>,
    ) -> Result<T, Refused> {
        if let Err(refused) = &result {
            let _ = self.single(account, refused.outcome()).await;
        }
        result
    }

    /// Records something that takes no time, or was not begun.
    async fn single(&self, account: &Account, outcome: Outcome) -> Result<(), Refused> {
        self.recorder.record(vec![account.single(outcome)]).await?;
        Ok(())
    }

    /// Records that something was done that takes no time.
    async fn done(&self, account: &Account) -> Result<(), Refused> {
        self.single(account, Outcome::Success).await
    }

    /// The same of something that is no act of whoever is logged in: the record is the system's own.
    async fn done_by_system(&self, login: &dyn Login, mut account: Account) -> Result<(), Refused> {
        self.admit(login)?;
        account.actor = Actor::System;
        self.done(&account).await
    }
}

/// What the policy is asked, besides who asks.
#[derive(Clone, Copy)]
struct Question<'a> {
    action: medsec_policy::Action,
    resource: &'a Resource,
    purpose: Option<Purpose>,
    emergency: Option<medsec_policy::EmergencyId>,
}

const fn refusal(decision: &Decision) -> medsec_policy::Refusal {
    match decision.effect {
        medsec_policy::Effect::Deny(refusal) => refusal,
        medsec_policy::Effect::Permit => medsec_policy::Refusal::NotPermitted,
    }
}

fn check_retention(retention: Retention, years: u16) -> Result<(), CustodianError> {
    // Leap years included, as the log counts six years.
    let demanded = u64::from(years).saturating_mul(1461).div_ceil(4);
    let days = retention.as_days().get();
    match days >= demanded {
        true => Ok(()),
        false => Err(CustodianError::Retention { days, demanded }),
    }
}

fn recipient(text: &str) -> Result<PublicKey, CustodianError> {
    let key: PublicKey = text.parse().map_err(|error| CustodianError::Recipient(Some(error)))?;
    match key.as_recipient() {
        Some(_) => Ok(key),
        None => Err(CustodianError::Recipient(None)),
    }
}

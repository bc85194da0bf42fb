//! What is done to the record, the policy and the rules themselves: decided, recorded, and done by the caller.

use medsec_audit::{Action, Commitment, Denial, Origin, Outcome, RefusalCode, Subject};
use medsec_policy::{
    EmergencyId, EndReason, PolicyHash, PrincipalId, Purpose, RefusedBecause, Resource,
};

use super::{Custodian, EmergencyStep, Question};
use crate::account::Account;
use crate::error::Refused;
use crate::gate::Permit;
use crate::login::{LoggedIn, Login};

/// What becomes of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are these three")]
pub enum SessionChange {
    /// It begins, or its user has proved anew who they are.
    Started,
    /// Somebody ended it.
    Ended,
    /// The clock ended it.
    LoggedOff,
}

impl SessionChange {
    const fn action(self) -> Action {
        match self {
            Self::Started => Action::SessionStart,
            Self::Ended => Action::SessionEnd,
            Self::LoggedOff => Action::AutomaticLogoff,
        }
    }
}

impl From<EndReason> for SessionChange {
    fn from(reason: EndReason) -> Self {
        match reason {
            EndReason::LoggedOut | EndReason::Revoked | EndReason::Aborted => Self::Ended,
            _ => Self::LoggedOff,
        }
    }
}

impl Custodian {
    /// Decides whether somebody may read the audit trail. Only refusals are recorded: what readers of the log do
    /// with it is for whoever has a copy.
    ///
    /// # Errors
    /// [`Refused`]; that is on record where it can be.
    pub async fn read_audit(&self, login: &dyn Login) -> Result<LoggedIn, Refused> {
        let account = self.account(Action::Verify, Subject::default())?;
        let action = medsec_policy::Action::ReadAudit;
        let asked = self.ask(login, account, action, &Resource::AuditTrail, None).await?;
        Ok(asked.who)
    }

    /// Decides whether somebody may put another policy in force, and records that it comes into force: it does so
    /// when this returns.
    ///
    /// # Errors
    /// [`Refused`]: the policy stays as it is; that is on record where it can be.
    pub async fn change_policy(&self, login: &dyn Login, next: PolicyHash) -> Result<(), Refused> {
        let mut subject = Subject::default();
        subject.policy = Some(medsec_audit::PolicyHash::from_bytes(*next.as_bytes()));
        let account = self.account(Action::PolicyChange, subject)?;
        let action = medsec_policy::Action::ChangePolicy;
        let asked = self.ask(login, account, action, &Resource::Policy, None).await?;
        self.done(&asked.account).await
    }

    /// Records that whoever is logged in may not put a policy in force, for a reason beside its rules: readers would
    /// not believe their signature, for instance.
    ///
    /// # Errors
    /// [`Refused`] if nobody is logged in, or it could not be recorded.
    pub async fn policy_refused(&self, login: &dyn Login) -> Result<(), Refused> {
        let mut account = self.account(Action::PolicyChange, Subject::default())?;
        self.identify(login, &mut account)?;
        self.single(&account, Outcome::Denied(Denial::Policy)).await
    }

    /// Decides whether somebody may hand the audit trail to others, and records that they do: it is theirs to write out
    /// when this returns.
    ///
    /// # Errors
    /// [`Refused`]: nothing may be handed on; that is on record where it can be.
    pub async fn export_audit(
        &self,
        login: &dyn Login,
        purpose: Option<Purpose>,
    ) -> Result<LoggedIn, Refused> {
        let account = self.account(Action::Export, Subject::default())?;
        let action = medsec_policy::Action::Export;
        let asked = self.ask(login, account, action, &Resource::AuditTrail, purpose).await?;
        self.done(&asked.account).await?;
        Ok(asked.who)
    }

    /// Records that a policy which somebody else has put in force is in force here too. That is no act of whoever is
    /// logged in: the record is the system's own. Who has signed the policy stands in its bundle.
    ///
    /// # Errors
    /// [`Refused`] if nobody is logged in, or it could not be recorded.
    pub async fn policy_seen(&self, login: &dyn Login) -> Result<(), Refused> {
        let mut subject = Subject::default();
        let hash = self.policy.hash();
        subject.policy = Some(medsec_audit::PolicyHash::from_bytes(*hash.as_bytes()));
        self.done_by_system(login, self.account(Action::PolicyChange, subject)?).await
    }

    /// Decides whether somebody may claim emergency access, and records the claim with the commitment to its
    /// reason. It is open when this returns.
    ///
    /// # Errors
    /// [`Refused`]: there is no emergency; that is on record where it can be.
    pub async fn start_emergency(
        &self,
        login: &dyn Login,
        emergency: &Resource,
        purpose: Purpose,
        reason: Commitment,
    ) -> Result<LoggedIn, Refused> {
        let mut subject = about(emergency);
        subject.text = Some(reason);
        let account = self.account(Action::EmergencyStart, subject)?;
        let action = medsec_policy::Action::EmergencyAccess;
        let asked = self.ask(login, account, action, emergency, Some(purpose)).await?;
        self.done(&asked.account).await?;
        Ok(asked.who)
    }

    /// Records that an emergency is about to be ended. Whoever is logged in may end one; nobody must be asked. It is over
    /// when that is written, and on record as over with the end of the step.
    ///
    /// # Errors
    /// [`Refused`] if nobody is logged in, or it could not be recorded: the emergency goes on.
    pub async fn end_emergency(
        &self,
        login: &dyn Login,
        emergency: &Resource,
    ) -> Result<EmergencyStep, Refused> {
        let mut account = self.account(Action::EmergencyEnd, about(emergency))?;
        let identified = self.identify(login, &mut account);
        self.or_refuse(&account, identified).await?;
        self.announce_step(account).await
    }

    /// Records that an emergency has ended by itself: its time is over, or the clock cannot be trusted. That is no act of
    /// whoever is logged in and notices it: the record is the system's own.
    ///
    /// # Errors
    /// [`Refused`] if nobody is logged in, or it could not be recorded.
    pub async fn emergency_expired(
        &self,
        login: &dyn Login,
        emergency: &Resource,
    ) -> Result<(), Refused> {
        self.done_by_system(login, self.account(Action::EmergencyEnd, about(emergency))?).await
    }

    /// Decides whether somebody may close the review of an emergency, and records that it is about to be closed. It is
    /// closed when that is written, and on record as closed with the end of the step.
    ///
    /// # Errors
    /// [`Refused`]: the review stays open; that is on record where it can be.
    pub async fn close_review(
        &self,
        login: &dyn Login,
        emergency: &Resource,
        period: medsec_audit::Period,
        note: Commitment,
    ) -> Result<EmergencyStep, Refused> {
        let mut subject = about(emergency);
        subject.period = Some(period);
        subject.text = Some(note);
        let account = self.account(Action::Review, subject)?;
        let action = medsec_policy::Action::CloseReview;
        let asked = self.ask(login, account, action, emergency, None).await?;
        self.announce_step(asked.account).await
    }

    /// Records what became of a session. Nothing has to be decided of it.
    ///
    /// # Errors
    /// [`Refused`] if it could not be recorded: then it must not begin.
    pub async fn record_session(
        &self,
        who: &LoggedIn,
        change: SessionChange,
    ) -> Result<(), Refused> {
        let mut account = self.account(change.action(), Subject::default())?;
        account.by(who)?;
        self.done(&account).await
    }

    /// Records that no session began, for whoever it was.
    ///
    /// # Errors
    /// [`Refused`] if it could not be recorded.
    pub async fn login_failed(&self, outcome: Outcome) -> Result<(), Refused> {
        let account = self.account(Action::LoginFailure, Subject::default())?;
        self.single(&account, outcome).await
    }

    /// Records that somebody could not log in, and why their credential was refused. Who showed it is told nothing of
    /// that.
    ///
    /// # Errors
    /// [`Refused`] if it could not be recorded.
    pub async fn login_refused(
        &self,
        because: RefusedBecause,
        origin: Origin,
    ) -> Result<(), Refused> {
        let mut subject = Subject::default();
        let code = RefusalCode::new(because.name()).map_err(|_| Refused::Unrecordable)?;
        subject.refusal = Some(code);
        let mut account = self.account(Action::LoginFailure, subject)?;
        account.place.origin = origin;
        self.single(&account, Outcome::Denied(Denial::Credentials)).await
    }

    /// Asks the policy of something for which nothing else must be known first.
    pub(super) async fn ask(
        &self,
        login: &dyn Login,
        mut account: Account,
        action: medsec_policy::Action,
        resource: &Resource,
        purpose: Option<Purpose>,
    ) -> Result<Asked, Refused> {
        let question = Question { action, resource, purpose, emergency: None };
        let decided = self.identify(login, &mut account).and_then(|(who, _)| {
            let permit = self.decide(&mut account, &who, question)?;
            Ok((who, permit))
        });
        let (who, permit) = self.or_refuse(&account, decided).await?;
        Ok(Asked { account, who, permit })
    }
}

/// What was asked, and permitted.
pub(super) struct Asked {
    pub(super) account: Account,
    pub(super) who: LoggedIn,
    pub(super) permit: Permit,
}

/// An emergency as the log tells of it: which it is, its data set, and who claimed it.
pub(super) fn about(emergency: &Resource) -> Subject {
    let mut subject = Subject::default();
    let of = |id: &PrincipalId| medsec_audit::PrincipalId::new(id.as_str()).ok();
    if let Resource::Emergency { id, initiator, dataset } = emergency {
        subject.emergency = Some(named(*id));
        subject.principal = of(initiator);
        subject.dataset =
            dataset.as_ref().and_then(|id| medsec_audit::DatasetId::new(id.as_str()).ok());
    }
    subject
}

/// An emergency by the name that it has in all records of it.
pub(super) const fn named(emergency: EmergencyId) -> medsec_audit::EmergencyId {
    medsec_audit::EmergencyId::from_bytes(*emergency.as_bytes())
}

//! Steps of an emergency that are announced before they are taken.

use std::sync::Arc;

use medsec_audit::{Action, Failure, KekName, KekVersion, Outcome, Subject};
use medsec_kms::EmergencySetId;
use medsec_policy::Resource;

use super::super::Custodian;
use super::super::duties::about;
use crate::account::Account;
use crate::error::Refused;
use crate::journal::{JournalError, Recorder};
use crate::login::Login;

/// What the emergency key is put together for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmergencyKeyUse {
    /// To open a package in an emergency.
    Recovery,
    /// To find out whether it still does.
    Drill,
}

impl EmergencyKeyUse {
    pub(super) const fn action(self) -> Action {
        match self {
            Self::Recovery => Action::EmergencyUse,
            Self::Drill => Action::Test,
        }
    }
}

/// A step that is on record as about to be taken. Dropped without an outcome, it is recorded as interrupted.
#[derive(Debug)]
#[must_use = "how it ended is to be recorded too"]
pub struct EmergencyStep {
    recorder: Arc<Recorder>,
    account: Account,
    owed: bool,
}

impl EmergencyStep {
    /// Records how it ended. Blocks.
    ///
    /// # Errors
    /// [`JournalError`]; the log shows it as announced and not ended.
    pub fn ended(mut self, outcome: Outcome) -> Result<(), JournalError> {
        self.owed = false;
        self.recorder.record_now(&[self.account.ended(outcome)]).map(drop)
    }
}

impl Drop for EmergencyStep {
    fn drop(&mut self) {
        if self.owed {
            self.recorder.record_later(self.account.ended(INTERRUPTED));
        }
    }
}

const INTERRUPTED: Outcome = Outcome::Failure(Failure::Interrupted);

impl Custodian {
    /// Records that the emergency key is about to be put together from shares of this set: nothing may be unlocked of
    /// them before this returns. Nobody is asked; what is opened with the key is decided like anything else.
    ///
    /// # Errors
    /// [`Refused`] if nobody is logged in, or it could not be recorded: the key must not be put together.
    pub async fn announce_key_use(
        &self,
        login: &dyn Login,
        emergency: Option<&Resource>,
        set: EmergencySetId,
        aim: EmergencyKeyUse,
    ) -> Result<EmergencyStep, Refused> {
        let mut subject = emergency.map_or_else(Subject::default, about);
        subject.key = Some(key_of(set)?);
        let mut account = self.account(aim.action(), subject)?;
        let identified = self.identify(login, &mut account);
        self.or_refuse(&account, identified).await?;
        self.announce_step(account).await
    }

    pub(in super::super) async fn announce_step(
        &self,
        account: Account,
    ) -> Result<EmergencyStep, Refused> {
        let given_up = account.ended(INTERRUPTED);
        self.recorder.announce(vec![account.intent()], vec![given_up]).await?;
        Ok(EmergencyStep { recorder: Arc::clone(&self.recorder), account, owed: true })
    }
}

/// An emergency key as the log calls it.
pub(super) fn key_of(set: EmergencySetId) -> Result<KekVersion, Refused> {
    let name = KekName::new(&format!("emergency-{set}")).map_err(|_| Refused::Unrecordable)?;
    Ok(KekVersion { name, version: None })
}

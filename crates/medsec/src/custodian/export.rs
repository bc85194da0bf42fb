//! Handing content or records to another system.

use medsec_audit::{Action, Count, Failure, Outcome, PeerName, Subject};
use medsec_policy::{DatasetId, Purpose, Resource};

use super::Custodian;
use super::clearance::Cleared;
use super::duties::Asked;
use crate::conclusion::Conclusion;
use crate::error::{Refused, ReleaseError};
use crate::gate::Admission;
use crate::hold::Tether;
use crate::login::{Login, NotLoggedIn};

/// One hand-over that is permitted and on record. How it ends is recorded when it ends, or when this is dropped.
#[derive(Debug)]
pub struct ExportGrant(Conclusion);

impl Custodian {
    /// Decides whether `items` of a data set may be handed to another system, and records that they will be.
    ///
    /// # Errors
    /// [`Refused`]; that is on record where it can be.
    pub async fn export(
        &self,
        login: &dyn Login,
        dataset: &DatasetId,
        peer: &PeerName,
        items: u64,
        purpose: Option<Purpose>,
    ) -> Result<ExportGrant, Refused> {
        let mut subject = Subject::default();
        subject.dataset = medsec_audit::DatasetId::new(dataset.as_str()).ok();
        subject.peer = Some(peer.clone());
        subject.items = Count::new(items).ok();
        let tether = Tether::new(&login.hold());
        let account = self.account(Action::Export, subject)?;
        let action = medsec_policy::Action::Export;
        let resource = Resource::Dataset(dataset.clone());
        let Asked { account, permit, .. } =
            self.ask(login, account, action, &resource, purpose).await?;
        let cleared = Cleared { what: (), account, permit, tether, beside: Vec::new() };
        let ((), conclusion) = self.announce_one(cleared).await?;
        Ok(ExportGrant(conclusion))
    }
}

impl ExportGrant {
    /// What was permitted and recorded.
    #[must_use]
    pub const fn admission(&self) -> &Admission {
        self.0.admission()
    }

    /// Whether it is still permitted: to be asked before each item is handed on, and cheap.
    ///
    /// # Errors
    /// [`NotLoggedIn`]: the session is over. Nothing more may be handed on; [`Self::finish`] records why.
    pub fn check(&self) -> Result<(), NotLoggedIn> {
        self.0.tether().glance()
    }

    /// Records how it ended.
    ///
    /// # Errors
    /// [`ReleaseError::Login`] if it was to have succeeded and the session is over: what was handed on until it ended
    /// is gone, and the log says that it was cut short. [`ReleaseError::Record`] if that could not be recorded.
    pub fn finish(self, result: Result<(), Failure>) -> Result<(), ReleaseError> {
        let live = match result {
            Ok(()) => self.0.tether().check(),
            Err(_) => Ok(()),
        };
        self.0.conclude(result.map_or_else(Outcome::Failure, |()| Outcome::Success))?;
        Ok(live?)
    }
}

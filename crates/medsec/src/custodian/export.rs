//! Handing content or records to another system.

use std::sync::Arc;

use medsec_audit::{Action, Count, Failure, Outcome, PeerName, Subject};
use medsec_policy::{DatasetId, Purpose, Resource};

use super::{Custodian, Question};
use crate::conclusion::Conclusion;
use crate::error::{Refused, ReleaseError};
use crate::gate::{self, Admission};
use crate::journal::JournalError;
use crate::login::Login;

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
        let mut account = self.account(Action::Export, subject)?;
        let resource = Resource::Dataset(dataset.clone());
        let question = Question {
            action: medsec_policy::Action::Export,
            resource: &resource,
            purpose,
            emergency: None,
        };
        let decided = match self.admit(login) {
            Ok((who, _)) => self.decide(&mut account, &who, question),
            Err(refused) => Err(refused),
        };
        let permit = match decided {
            Ok(permit) => permit,
            Err(refused) => {
                self.refuse(&account, &refused).await;
                return Err(refused);
            }
        };
        let intent = (account.request, vec![account.intent()]);
        let receipts = gate::announce(&self.recorder, vec![intent]).await?;
        let receipt = receipts.into_iter().next().ok_or(JournalError::Stopped)?;
        let admission = Admission::new(permit, receipt);
        Ok(ExportGrant(Conclusion::new(Arc::clone(&self.recorder), account, admission)))
    }
}

impl ExportGrant {
    /// What was permitted and recorded.
    #[must_use]
    pub const fn admission(&self) -> &Admission {
        self.0.admission()
    }

    /// Records how it ended.
    ///
    /// # Errors
    /// [`ReleaseError::Record`] if that could not be recorded.
    pub fn finish(self, result: Result<(), Failure>) -> Result<(), ReleaseError> {
        Ok(self.0.conclude(result.map_or_else(Outcome::Failure, |()| Outcome::Success))?)
    }
}

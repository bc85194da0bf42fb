//! From what is cleared to what is let through: it is on record first.

use std::sync::Arc;

use medsec_audit::{Event, Failure, Outcome};

use super::Custodian;
use crate::account::Account;
use crate::conclusion::Conclusion;
use crate::error::Refused;
use crate::gate::{self, Admission, Intent, Permit};
use crate::hold::Tether;
use crate::journal::JournalError;

/// Something that is permitted and not yet on record.
pub(super) struct Cleared<T> {
    /// What it is done with.
    pub(super) what: T,
    pub(super) account: Account,
    pub(super) permit: Permit,
    pub(super) tether: Arc<Tether>,
    /// What is told in a record of its own beside it, before it.
    pub(super) beside: Vec<Event>,
}

impl Custodian {
    /// Records that all that is cleared is about to happen: together, and before the first of it does. Whoever
    /// gives up from here on owes the log an end of each. In the order of `cleared`; what is refused stays so.
    pub(super) async fn announce<T>(
        &self,
        cleared: Vec<Result<Cleared<T>, Refused>>,
    ) -> Vec<Result<(T, Conclusion), Refused>> {
        let intents = cleared.iter().flatten().map(|one| {
            let events = one.beside.iter().cloned().chain([one.account.intent()]);
            Intent {
                request: one.account.request,
                events: events.collect(),
                given_up: one.account.ended(Outcome::Failure(Failure::Interrupted)),
            }
        });
        let intents: Vec<_> = intents.collect();
        let announced = match intents.is_empty() {
            true => Ok(Vec::new()),
            false => gate::announce(&self.recorder, intents).await,
        };
        let mut receipts = announced.map(Vec::into_iter);
        let admitted = cleared.into_iter().map(|one| {
            let Cleared { what, account, permit, tether, .. } = one?;
            let receipts = receipts.as_mut().map_err(|error| *error)?;
            let admission = Admission::new(permit, receipts.next().ok_or(JournalError::Stopped)?);
            let recorder = Arc::clone(&self.recorder);
            Ok((what, Conclusion::new(recorder, account, admission, tether)))
        });
        admitted.collect()
    }

    /// The same for one.
    pub(super) async fn announce_one<T>(
        &self,
        cleared: Cleared<T>,
    ) -> Result<(T, Conclusion), Refused> {
        let announced = self.announce(vec![Ok(cleared)]).await;
        announced.into_iter().next().unwrap_or(Err(Refused::Unrecordable))
    }
}

//! The end of what was announced: it is recorded once, in any case.

use std::sync::Arc;

use medsec_audit::{Event, Failure, Outcome};
use medsec_kms::KeyServiceError;

use crate::account::Account;
use crate::error::{Refused, of_login};
use crate::gate::Admission;
use crate::hold::Tether;
use crate::journal::{JournalError, Recorder};
use crate::tally::Tally;

/// What is owed to the log. Dropped without an outcome, it records that the operation was interrupted.
#[derive(Debug)]
pub(crate) struct Conclusion {
    recorder: Arc<Recorder>,
    account: Account,
    /// Held so that nothing goes on without it.
    admission: Admission,
    /// Whether a use was refused because the session is over.
    tether: Arc<Tether>,
    /// What was read under it meanwhile: it is told however the operation ends.
    read: Tally,
    owed: bool,
}

impl Conclusion {
    pub(crate) const fn new(
        recorder: Arc<Recorder>,
        account: Account,
        admission: Admission,
        tether: Arc<Tether>,
    ) -> Self {
        Self { recorder, account, admission, tether, read: Tally::new(), owed: true }
    }

    /// Its hold on the session.
    pub(crate) const fn tether(&self) -> &Arc<Tether> {
        &self.tether
    }

    pub(crate) const fn admission(&self) -> &Admission {
        &self.admission
    }

    /// What is read under it.
    pub(crate) const fn read(&self) -> &Tally {
        &self.read
    }

    pub(crate) const fn account_mut(&mut self) -> &mut Account {
        &mut self.account
    }

    /// Records the outcome.
    pub(crate) fn conclude(mut self, outcome: Outcome) -> Result<(), JournalError> {
        let event = self.settle(outcome);
        self.recorder.record_now(&[event]).map(drop)
    }

    /// Records that it failed. Nothing is released in any case, so that a record that fails changes nothing.
    pub(crate) fn fail(self, outcome: Outcome) {
        let _ = self.conclude(outcome);
    }

    /// Goes on with what came of it, or records that it failed, inside a poll, which must not wait for a disk.
    pub(crate) async fn or_fail<T>(
        mut self,
        result: Result<T, Refused>,
    ) -> Result<(T, Self), Refused> {
        match result {
            Ok(value) => Ok((value, self)),
            Err(refused) => {
                let refused = self.why(refused);
                let event = self.settle(refused.outcome());
                self.recorder.record_end(event).await;
                Err(refused)
            }
        }
    }

    /// Keys that are not permitted any more because the session ended meanwhile are no matter of the keys.
    fn why(&self, refused: Refused) -> Refused {
        match refused {
            Refused::Key(KeyServiceError::NotPermitted) => {
                self.tether.check().err().map_or(refused, Refused::Login)
            }
            refused => refused,
        }
    }

    /// Another outcome after the one that is on record, or may be.
    pub(crate) fn correct(&self, outcome: Outcome) -> Result<(), JournalError> {
        self.recorder.record_now(&[self.account.ended(outcome)]).map(drop)
    }

    /// Records the outcome and stays, to be corrected.
    pub(crate) fn conclude_for_now(&mut self, outcome: Outcome) -> Result<(), JournalError> {
        let event = self.settle(outcome);
        self.recorder.record_now(&[event]).map(drop)
    }

    /// Records the outcome of something that is in force, whatever has become of the session.
    pub(crate) fn conclude_done(mut self, outcome: Outcome) -> Result<(), JournalError> {
        let event = self.settle_as(outcome);
        self.recorder.record_now(&[event]).map(drop)
    }

    /// Records the outcome of all of them together.
    pub(crate) fn conclude_all<'a>(
        conclusions: impl Iterator<Item = &'a mut Self>,
        outcome: Outcome,
    ) -> Result<(), JournalError> {
        Self::record_all(conclusions, |one| one.settle(outcome))
    }

    /// The same of what is in force, whatever has become of the session.
    pub(crate) fn conclude_all_done<'a>(
        conclusions: impl Iterator<Item = &'a mut Self>,
        outcome: Outcome,
    ) -> Result<(), JournalError> {
        Self::record_all(conclusions, |one| one.settle_as(outcome))
    }

    fn record_all<'a>(
        conclusions: impl Iterator<Item = &'a mut Self>,
        settle: impl Fn(&mut Self) -> Event,
    ) -> Result<(), JournalError> {
        let mut recorder = None;
        let mut events: Vec<Event> = Vec::new();
        for conclusion in conclusions {
            events.push(settle(conclusion));
            recorder.get_or_insert_with(|| Arc::clone(&conclusion.recorder));
        }
        let Some(recorder) = recorder else { return Ok(()) };
        events.chunks(MAX_TOGETHER).try_for_each(|some| recorder.record_now(some).map(drop))
    }

    /// Another outcome of all of them after what may be on record.
    pub(crate) fn correct_all<'a>(conclusions: impl Iterator<Item = &'a Self>, outcome: Outcome) {
        for conclusion in conclusions {
            // A log that takes nothing more is not asked for each of them.
            if conclusion.correct(outcome).is_err() {
                return;
            }
        }
    }

    /// What a use was refused for is told, where nothing else went wrong.
    fn settle(&mut self, outcome: Outcome) -> Event {
        let outcome = match (self.tether.over(), outcome) {
            (Some(why), Outcome::Success | Outcome::Failure(Failure::Interrupted)) => of_login(why),
            _ => outcome,
        };
        self.settle_as(outcome)
    }

    fn settle_as(&mut self, outcome: Outcome) -> Event {
        self.owed = false;
        if let Some((bytes, ranges)) = self.read.found() {
            self.account.add_extent(bytes, ranges);
        }
        self.account.ended(outcome)
    }
}

/// Outcomes that are recorded under one commit.
const MAX_TOGETHER: usize = 4096;

impl Drop for Conclusion {
    fn drop(&mut self) {
        if self.owed {
            let event = self.settle(Outcome::Failure(Failure::Interrupted));
            // Perhaps inside a poll that was given up.
            self.recorder.record_later(event);
        }
    }
}

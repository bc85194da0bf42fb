//! Emergencies in a folder, one record each, for several processes.
//!
//! Records are not authenticated: whoever may write into the folder can forge one, and the audit log shows what
//! happened. What cannot be read covers nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use medsec_audit::Patient;
use medsec_policy::{
    Clock, DatasetId, Emergency, EmergencyId, EmergencyLimits, EmergencyPhase, EmergencyRecord,
    PackageId, PatientPseudonym, PrincipalId, Resource,
};

use super::Emergencies;
use super::files::{BookError, Files};

/// How far the clock moves on before that is written down: a fraction of what it may be set back unnoticed.
const SEEN_STEP: u64 = 15;

/// The emergencies of a folder.
#[derive(Debug)]
pub struct EmergencyBook {
    files: Files,
    limits: EmergencyLimits,
    clock: Arc<dyn Clock>,
    /// Those that this process has looked at: they end by the clock that nobody can set, too.
    known: Mutex<BTreeMap<EmergencyId, Emergency>>,
}

/// An emergency that is open or waits for its review.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BookEntry {
    /// As it is now: one whose time is over has ended, whether that was written down or not.
    pub record: EmergencyRecord,
    /// When its review is due, once it has ended.
    pub review_due: Option<SystemTime>,
    /// Whether that time has passed.
    pub is_overdue: bool,
}

impl EmergencyBook {
    /// Those in `folder`, which need not be there. `limits` are the policy's of now.
    #[must_use]
    pub fn new(folder: PathBuf, limits: EmergencyLimits, clock: Arc<dyn Clock>) -> Self {
        Self { files: Files::new(folder), limits, clock, known: Mutex::default() }
    }

    /// What the policy sets.
    #[must_use]
    pub const fn limits(&self) -> &EmergencyLimits {
        &self.limits
    }

    /// The time by which they end.
    #[must_use]
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Keeps a new one: it is open when this returns.
    ///
    /// # Errors
    /// [`BookError`]: it is not kept, and must be regarded as over.
    pub fn add(&self, emergency: Emergency) -> Result<(), BookError> {
        let _lock = self.files.lock()?;
        self.files.add(emergency.record())?;
        self.known().insert(emergency.id(), emergency);
        Ok(())
    }

    /// Changes one, and writes what became of it. While it is being changed nobody else changes any.
    ///
    /// # Errors
    /// What `change` says, or [`BookError`]: what is kept of the emergency is as it was.
    pub fn change<T, E: From<BookError>>(
        &self,
        id: EmergencyId,
        change: impl FnOnce(&mut Emergency) -> Result<T, E>,
    ) -> Result<T, E> {
        let _lock = self.files.lock()?;
        let before = self.files.read(id)?;
        // Out of its place meanwhile: `change` may take its time, and ask what is covered.
        let mut emergency = self.taken(before.clone());
        let changed = change(&mut emergency).and_then(|value| {
            let record = emergency.record();
            match (&record.phase, *record == before) {
                (_, true) => {}
                (EmergencyPhase::Reviewed { .. }, false) => self.files.close(record)?,
                (_, false) => self.files.replace(record)?,
            }
            Ok(value)
        });
        // What was not written did not happen: the next look begins with what is written.
        self.known().insert(id, emergency);
        changed
    }

    /// Ends all whose time is over and of which that is not written yet. `record` puts it into the audit log; where
    /// that fails, the emergency permits nothing all the same and is tried again at the next look. Answers how many
    /// there were.
    ///
    /// # Errors
    /// What `record` says, or [`BookError`] where the folder cannot be read. Records that are damaged are left to
    /// [`Self::entries`].
    pub fn settle<E: From<BookError>>(
        &self,
        mut record: impl FnMut(&EmergencyRecord) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut settled = 0_usize;
        for id in self.files.unreviewed()? {
            let is_over = |entry: &EmergencyRecord| {
                entry.phase == EmergencyPhase::Open
                    && self.now(entry.clone()).phase != EmergencyPhase::Open
            };
            if !self.files.read(id).is_ok_and(|entry| is_over(&entry)) {
                continue;
            }
            settled = settled.saturating_add(self.change(id, |emergency| {
                // Another process may have been faster.
                let was_open = emergency.record().phase == EmergencyPhase::Open;
                match was_open && emergency.check(&*self.clock).is_err() {
                    true => record(emergency.record()).map(|()| 1),
                    false => Ok(0),
                }
            })?);
        }
        Ok(settled)
    }

    /// All that are open or wait for their review, in the order in which they were opened. Changes nothing.
    ///
    /// # Errors
    /// [`BookError`] where the folder cannot be read. A record that cannot is an error in its place.
    pub fn entries(&self) -> Result<Vec<Result<BookEntry, BookError>>, BookError> {
        let ids = self.files.unreviewed()?.into_iter();
        let mut entries: Vec<_> = ids.map(|id| self.entry(id)).collect();
        let opened = |entry: &Result<BookEntry, BookError>| {
            entry.as_ref().map_or(0, |entry| entry.record.opened_at)
        };
        entries.sort_by_key(opened);
        Ok(entries)
    }

    /// One of them, reviewed or not, as it is now.
    ///
    /// # Errors
    /// [`BookError`] if there is none, or it cannot be read.
    pub fn entry(&self, id: EmergencyId) -> Result<BookEntry, BookError> {
        let record = self.now(self.files.read(id)?);
        let emergency = Emergency::resume(record.clone(), &self.limits);
        Ok(BookEntry {
            record,
            review_due: emergency.review_due(&self.limits),
            is_overdue: emergency.is_overdue(&self.limits, self.clock.wall()),
        })
    }

    /// The record as the clocks have it. That is not kept: the next look begins with what is written.
    fn now(&self, record: EmergencyRecord) -> EmergencyRecord {
        let id = record.id;
        let mut emergency = self.taken(record);
        let _ = emergency.check(&*self.clock);
        let now = emergency.record().clone();
        self.known().insert(id, emergency);
        now
    }

    /// What this process knows of it, brought up to what is written.
    fn taken(&self, record: EmergencyRecord) -> Emergency {
        match self.known().remove(&record.id) {
            Some(mut emergency) => {
                emergency.catch_up(record, &self.limits);
                emergency
            }
            None => Emergency::resume(record, &self.limits),
        }
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<EmergencyId, Emergency>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serves(
        &self,
        id: EmergencyId,
        principal: &PrincipalId,
        dataset: &DatasetId,
        patient: Option<&PatientPseudonym>,
        now: SystemTime,
    ) -> Option<EmergencyId> {
        let written = self.files.read(id).ok()?;
        let (id_of_none, sealed_by) = (PackageId::from_bytes([0; PackageId::LEN]), None);
        let resource =
            Resource::Package { id: id_of_none, dataset: Some(dataset.clone()), sealed_by };
        let mut emergency = self.taken(written.clone());
        let served = emergency.serves(principal, &resource, patient, &*self.clock);
        let seen = emergency.record().seen_at;
        self.known().insert(id, emergency);
        served.ok()?;
        // The Custodian has looked at the clock in its own way: both must say that it lasts.
        let since = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
        if since >= written.until {
            return None;
        }
        if seen.saturating_sub(written.seen_at) >= SEEN_STEP {
            // So that a clock set back shows after a restart. What cannot be kept is not relied on.
            let looked = |emergency: &mut Emergency| {
                emergency.check(&*self.clock).map_err(|_| BookError::Unknown)
            };
            self.change(id, looked).ok()?;
        }
        Some(id)
    }
}

impl Emergencies for EmergencyBook {
    fn covering(
        &self,
        principal: &PrincipalId,
        dataset: Option<&DatasetId>,
        patient: Option<&Patient>,
        now: SystemTime,
    ) -> Option<EmergencyId> {
        let dataset = dataset?;
        let patient = patient.and_then(|one| PatientPseudonym::new(&one.to_string()).ok());
        let ids = self.files.unreviewed().ok()?;
        ids.into_iter().find_map(|id| self.serves(id, principal, dataset, patient.as_ref(), now))
    }
}

#[cfg(test)]
mod tests;

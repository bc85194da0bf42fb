//! Who is logged in. There are so many seats: who finds none is turned away before anything is on record. Every session
//! that began on record ends on record, whoever or whatever ended it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use medsec::{Custodian, LoggedIn, Login as _, SessionChange, SessionLogin, Unlocks};
use medsec_audit::{Origin, RequestId};
use medsec_kms::Keyring;
use medsec_policy::{
    EndReason, EndedSession, Principal, Session, SessionLimits, SessionTable, SystemClock,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Sessions that there may be at a time.
const MOST: usize = 1000;

/// The sessions of the service.
pub(crate) struct Sessions {
    /// What a session unlocks. This service has one key store for all; the policy says who opens what with it.
    keys: Arc<Keyring>,
    limits: SessionLimits,
    seats: Arc<Semaphore>,
    table: SessionTable<Unlocks>,
    /// By what whoever logged in was given: 128 random bits, which stand in no log.
    by_handle: Mutex<HashMap<String, Seated>>,
}

/// A session, who they were when it began, and their seat.
struct Seated {
    login: SessionLogin,
    who: LoggedIn,
    _seat: OwnedSemaphorePermit,
}

/// No session began: it could not be recorded, or the machine's clock or randomness failed.
pub(crate) struct NotBegun;

impl Sessions {
    pub(crate) fn new(keys: Arc<Keyring>, limits: SessionLimits) -> Self {
        Self {
            keys,
            limits,
            seats: Arc::new(Semaphore::new(MOST)),
            table: SessionTable::new(MOST),
            by_handle: Mutex::default(),
        }
    }

    /// A seat, to be taken before a token is looked at: a token serves once, and is not used up for nothing.
    pub(crate) fn seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.seats).try_acquire_owned().ok()
    }

    /// Begins a session in a seat, on record before it counts, and gives what names it.
    pub(crate) async fn begin(
        &self,
        seat: OwnedSemaphorePermit,
        custodian: &Custodian,
        principal: Principal,
        origin: Origin,
    ) -> Result<String, NotBegun> {
        let handle = RequestId::generate().map_err(|_| NotBegun)?.to_string();
        let unlocks = Unlocks::new(Arc::clone(&self.keys) as _, None);
        let session = Session::start(principal, self.limits, Arc::new(SystemClock), unlocks)
            .map_err(|_| NotBegun)?;
        let login = SessionLogin::new(session.clone(), origin);
        let who = login.current().map_err(|_| NotBegun)?;
        let start = custodian.record_session(&who, SessionChange::Started);
        if start.await.is_err() {
            session.end(EndReason::Aborted);
            return Err(NotBegun);
        }
        // In this order: what the table tells of has a name by then.
        let seated = Seated { login, who, _seat: seat };
        self.by_handle().insert(handle.clone(), seated);
        // Who has a seat finds room.
        self.table.insert(session).map_err(|_| NotBegun)?;
        Ok(handle)
    }

    /// The session of that name. Whether it lives shows when it is used.
    pub(crate) fn find(&self, handle: &str) -> Option<SessionLogin> {
        self.by_handle().get(handle).map(|seated| seated.login.clone())
    }

    /// Ends all of them, and what was granted in them: readers under way are interrupted.
    pub(crate) fn end_all(&self) {
        self.table.end_all(EndReason::Revoked);
    }

    /// Records what has ended since this was last called, however it ended. For a timer, and for who ends one.
    pub(crate) async fn record_ends(&self, custodian: &Custodian) {
        for ended in self.table.sweep() {
            let Some(seated) = self.remove(&ended) else { continue };
            let end = custodian.record_session(&seated.who, ended.reason.into());
            // It has ended whether that can be recorded or not; where it cannot, nothing else can, and nothing opens.
            let _ = end.await;
        }
    }

    fn remove(&self, ended: &EndedSession) -> Option<Seated> {
        let mut by_handle = self.by_handle();
        let is = |seated: &Seated| seated.login.session().id() == ended.id;
        let handle = by_handle.iter().find(|(_, seated)| is(seated))?.0.clone();
        by_handle.remove(&handle)
    }

    /// The map is whole at any time, also after a panic.
    fn by_handle(&self) -> MutexGuard<'_, HashMap<String, Seated>> {
        self.by_handle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! One grant's hold on its session: what a use finds out stays found out.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

use medsec_crypto::{Execution, Observer};

use super::{Hold, KeyHandle, Slot};
use crate::login::NotLoggedIn;

/// What one grant has of its session.
#[derive(Debug)]
pub(crate) struct Tether {
    hold: Arc<dyn Hold>,
    /// Why a use was refused: it is refused for ever, and the log is told.
    over: OnceLock<NotLoggedIn>,
}

impl Tether {
    pub(crate) fn new(hold: &Arc<dyn Hold>) -> Arc<Self> {
        Arc::new(Self { hold: Arc::clone(hold), over: OnceLock::new() })
    }

    /// Asks anew.
    pub(crate) fn check(&self) -> Result<(), NotLoggedIn> {
        self.ask(|hold| hold.check())
    }

    /// Asks cheaply.
    pub(crate) fn glance(&self) -> Result<(), NotLoggedIn> {
        self.ask(|hold| hold.glance())
    }

    /// Why a use was refused, if one was.
    pub(crate) fn over(&self) -> Option<NotLoggedIn> {
        self.over.get().copied()
    }

    fn ask(
        &self,
        ask: impl FnOnce(&dyn Hold) -> Result<(), NotLoggedIn>,
    ) -> Result<(), NotLoggedIn> {
        match self.over() {
            Some(why) => Err(why),
            None => self.note(ask(&*self.hold)),
        }
    }

    fn note(&self, found: Result<(), NotLoggedIn>) -> Result<(), NotLoggedIn> {
        found.map_err(|why| *self.over.get_or_init(|| why))
    }
}

/// Asks once for all that hang on the same session.
pub(crate) fn check_all<'t>(tethers: impl Iterator<Item = &'t Tether>) {
    let mut asked = None::<(&Arc<dyn Hold>, _)>;
    for tether in tethers {
        let found = match asked {
            Some((hold, found)) if Arc::ptr_eq(hold, &tether.hold) => tether.note(found),
            _ => tether.check(),
        };
        asked = Some((&tether.hold, found));
    }
}

/// Keys of one grant, until they are used up or its session is over.
pub(crate) struct Kept<T> {
    tether: Arc<Tether>,
    slot: Arc<Slot<T>>,
}

impl<T: Send + Sync + 'static> Kept<T> {
    /// Keeps it; it is gone if the session is over already.
    pub(crate) fn new(tether: &Arc<Tether>, value: T) -> Result<Self, NotLoggedIn> {
        let kept = Self { tether: Arc::clone(tether), slot: Arc::new(Slot::new(value)) };
        let handle = KeyHandle::of(&kept.slot);
        tether.ask(|hold| hold.keep(handle))?;
        Ok(kept)
    }

    /// Begins a use.
    pub(crate) fn begin(&self) -> Result<Arc<T>, NotLoggedIn> {
        self.admitted(self.tether.check())?;
        self.slot.get().ok_or_else(|| self.emptied())
    }

    /// The same within a use.
    pub(crate) fn go_on(&self) -> Result<Arc<T>, NotLoggedIn> {
        self.admitted(self.tether.glance())?;
        self.slot.get().ok_or_else(|| self.emptied())
    }

    /// What is there, without asking: for what is not secret of it.
    pub(crate) fn look(&self) -> Result<Arc<T>, NotLoggedIn> {
        self.slot.get().ok_or_else(|| self.emptied())
    }

    /// Begins the only use.
    pub(crate) fn take(self) -> Result<T, NotLoggedIn> {
        self.admitted(self.tether.check())?;
        self.slot.take().ok_or_else(|| self.emptied())
    }

    /// Something else that the same grant holds.
    pub(crate) fn beside<U: Send + Sync + 'static>(
        &self,
        value: U,
    ) -> Result<Kept<U>, NotLoggedIn> {
        Kept::new(&self.tether, value)
    }

    fn admitted(&self, found: Result<(), NotLoggedIn>) -> Result<(), NotLoggedIn> {
        found.inspect_err(|_| self.slot.erase())
    }

    /// Why it was erased.
    fn emptied(&self) -> NotLoggedIn {
        match self.tether.check() {
            Err(why) => why,
            // Erased by whoever keeps the session, though it is said to live.
            Ok(()) => *self.tether.over.get_or_init(|| NotLoggedIn::Revoked),
        }
    }
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("tether", &self.tether).finish_non_exhaustive()
    }
}

/// Interrupts a long operation when the session ends.
pub(crate) struct Watched<'w> {
    tether: &'w Tether,
    told: Option<&'w dyn Observer>,
}

impl<'w> Watched<'w> {
    pub(crate) const fn new(tether: &'w Tether, execution: &Execution<'w>) -> Self {
        Self { tether, told: execution.observer }
    }

    /// The same execution, interrupted by the end of the session too.
    pub(crate) fn execution<'a>(&'a self, execution: &Execution<'a>) -> Execution<'a> {
        let mut watched = *execution;
        watched.observer = Some(self);
        watched
    }
}

impl Observer for Watched<'_> {
    fn progress(&self, bytes: u64) -> ControlFlow<()> {
        match self.tether.glance() {
            Ok(()) => self.told.map_or(ControlFlow::Continue(()), |told| told.progress(bytes)),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

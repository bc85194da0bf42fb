//! Places at which a test has a process killed, and failures that a test asks for. Nothing outside tests.

/// Passes one such place.
#[cfg(not(test))]
pub(crate) const fn step() {}

/// Whether making a folder durable is to fail.
#[cfg(not(test))]
pub(crate) const fn sync_fails() -> bool {
    false
}

#[cfg(all(test, unix))]
pub(crate) use self::counting::{die_at, steps};
#[cfg(test)]
pub(crate) use self::counting::{fail_sync, step, sync_fails};

#[cfg(test)]
mod counting {
    use std::cell::Cell;
    use std::io::Write as _;

    thread_local! {
        static PASSED: Cell<u32> = const { Cell::new(0) };
        static FATAL: Cell<u32> = const { Cell::new(u32::MAX) };
        static SYNC_FAILS: Cell<bool> = const { Cell::new(false) };
    }

    /// Has this thread's attempts to make the store's folder durable fail, or succeed again.
    pub(crate) fn fail_sync(fails: bool) {
        SYNC_FAILS.set(fails);
    }

    pub(crate) fn sync_fails() -> bool {
        SYNC_FAILS.get()
    }

    /// The place, counted from 0, at which this thread waits to be killed.
    #[cfg(unix)]
    pub(crate) fn die_at(place: u32) {
        PASSED.set(0);
        FATAL.set(place);
    }

    /// How many places were passed since.
    #[cfg(unix)]
    pub(crate) fn steps() -> u32 {
        PASSED.get()
    }

    /// Passes one place. At the fatal one it says so and waits for SIGKILL.
    pub(crate) fn step() {
        let passed = PASSED.get();
        PASSED.set(passed.saturating_add(1));
        if passed == FATAL.get() {
            let mut out = std::io::stdout();
            let _ = writeln!(out, "\nready to be killed");
            let _ = out.flush();
            loop {
                std::thread::park();
            }
        }
    }
}

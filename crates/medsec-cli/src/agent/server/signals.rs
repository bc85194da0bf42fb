//! What wakes the agent: a connection, a signal, or one of its own threads.

use std::io::{self, Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::Failure;

/// Wakes.
#[derive(Debug)]
pub(super) struct Wakeup(UnixStream);

/// Is woken.
#[derive(Debug)]
pub(super) struct Woken {
    from: UnixStream,
    signalled: Arc<AtomicBool>,
}

/// Both ends. SIGTERM, SIGINT and SIGHUP wake too, and are remembered.
pub(super) fn pair() -> Result<(Wakeup, Woken), Failure> {
    let failed = |error| Failure::io("signals cannot be waited for", &error);
    let (from, to) = UnixStream::pair().map_err(failed)?;
    from.set_nonblocking(true).and_then(|()| to.set_nonblocking(true)).map_err(failed)?;
    let signalled = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT, SIGHUP] {
        let flag = signal_hook::flag::register(signal, Arc::clone(&signalled));
        flag.map_err(failed)?;
        let wakes = to.try_clone().map_err(failed)?;
        signal_hook::low_level::pipe::register(signal, wakes).map_err(failed)?;
    }
    Ok((Wakeup(to), Woken { from, signalled }))
}

impl Wakeup {
    pub(super) fn wake(&self) {
        // Full means that it is awake.
        let _ = (&self.0).write(&[0]);
    }
}

impl Woken {
    pub(super) fn signalled(&self) -> bool {
        self.signalled.load(Ordering::Relaxed)
    }

    /// Waits for a connection, a wake-up, or so long.
    pub(super) fn wait(&self, listener: &UnixListener, at_most: Duration) -> io::Result<()> {
        let at_most = Timespec {
            tv_sec: i64::try_from(at_most.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: at_most.subsec_nanos().into(),
        };
        let mut ready =
            [PollFd::new(listener, PollFlags::IN), PollFd::new(&self.from, PollFlags::IN)];
        match poll(&mut ready, Some(&at_most)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut waste = [0; 64];
        while matches!((&self.from).read(&mut waste), Ok(read) if read > 0) {}
        Ok(())
    }
}

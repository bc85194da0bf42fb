//! Standard input and output as plain byte streams: without text buffering, and interruptible.

use std::io::{self, Read, Write};

use crate::session::Interrupt;

/// Standard input. A read ends with an error soon after a signal came in.
#[derive(Debug)]
pub(crate) struct StandardInput {
    interrupt: Interrupt,
}

/// Standard output.
#[derive(Debug)]
pub(crate) struct StandardOutput;

impl StandardInput {
    pub(crate) const fn new(interrupt: Interrupt) -> Self {
        Self { interrupt }
    }
}

#[cfg(unix)]
impl Read for StandardInput {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        const PAUSE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        let stdin = rustix::stdio::stdin();
        loop {
            if self.interrupt.is_set() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            let mut ready = [PollFd::new(&stdin, PollFlags::IN)];
            match poll(&mut ready, Some(&PAUSE)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(rustix::io::read(stdin, out)?),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(not(unix))]
impl Read for StandardInput {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.interrupt.is_set() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        io::stdin().read(out)
    }
}

impl Write for StandardOutput {
    #[cfg(unix)]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(rustix::stdio::stdout(), bytes)?)
    }

    #[cfg(not(unix))]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stdout().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

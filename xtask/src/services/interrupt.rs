//! An interrupt or a request to end, taken note of so that servers can be ended first.

use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// How long the command may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);
const STEP: Duration = Duration::from_millis(50);

/// Whether one came. From its making on, signals no longer end this process by themselves.
#[derive(Debug)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Begins to take note.
    ///
    /// # Errors
    /// The system refuses.
    pub(super) fn watch() -> Result<Self> {
        let came = Arc::new(AtomicBool::new(false));
        for signal in [SIGHUP, SIGINT, SIGTERM] {
            signal_hook::flag::register(signal, Arc::clone(&came))?;
        }
        Ok(Self(came))
    }

    /// # Errors
    /// One came.
    pub(super) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::SeqCst) {
            bail!("interrupted");
        }
        Ok(())
    }

    /// Runs a command to its end, or until an interrupt, which ends it too.
    ///
    /// # Errors
    /// It could not be started or failed, or an interrupt came.
    pub(super) fn run(&self, command: &mut Command) -> Result<()> {
        self.check()?;
        let mut child = command.spawn()?;
        loop {
            if let Some(status) = child.try_wait()? {
                return self.check().and_then(|()| succeeded(status));
            }
            if let Err(interrupted) = self.check() {
                end(&mut child)?;
                return Err(interrupted);
            }
            std::thread::sleep(STEP);
        }
    }
}

fn succeeded(status: ExitStatus) -> Result<()> {
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => bail!("the command ended with exit code {code}"),
        None => bail!("the command was ended by a signal"),
    }
}

/// An interrupt at the terminal reaches the command too; a signal to this process alone does not.
fn end(child: &mut Child) -> Result<()> {
    let mut kill = Command::new("kill");
    // It may have ended meanwhile; until it is waited for, its pid is nobody else's.
    let _ = kill.args(["-s", "TERM", &child.id().to_string()]).status();
    let begun = Instant::now();
    while child.try_wait()?.is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill()?;
        }
        std::thread::sleep(STEP);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interrupt(came: bool) -> Interrupt {
        Interrupt(Arc::new(AtomicBool::new(came)))
    }

    #[test]
    fn nothing_is_started_after_an_interrupt() {
        assert!(interrupt(true).run(&mut Command::new("true")).is_err());
    }

    #[test]
    fn failing_commands_are_errors() {
        assert!(interrupt(false).run(&mut Command::new("false")).is_err());
        assert!(interrupt(false).run(&mut Command::new("true")).is_ok());
    }

    #[test]
    fn an_interrupt_ends_the_command() {
        let interrupt = interrupt(false);
        let came = Arc::clone(&interrupt.0);
        let begun = Instant::now();
        std::thread::spawn(move || {
            std::thread::sleep(STEP * 2);
            came.store(true, Ordering::SeqCst);
        });
        let ended = interrupt.run(Command::new("sleep").arg("60"));
        assert_eq!(ended.unwrap_err().to_string(), "interrupted");
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}

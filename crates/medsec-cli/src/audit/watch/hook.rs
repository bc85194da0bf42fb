//! The program that is told of alerts.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::session::Interrupt;

/// How often it is looked whether the program has ended.
const STEP: Duration = Duration::from_millis(20);

/// Runs the program once for each alert, without a shell and without arguments: the alert comes on its standard
/// input, as one line of JSON.
#[derive(Clone, Debug)]
pub(crate) struct Hook {
    program: PathBuf,
    limit: Duration,
}

/// Why the program was not told. Nothing of its path is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HookError {
    Start,
    Time,
    Code(i32),
    Signal,
    /// This program is to end; whether the hook was told is not known.
    Interrupted,
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start => f.write_str("could not be started"),
            Self::Time => f.write_str("did not end in time and was stopped"),
            Self::Code(code) => write!(f, "ended with {code}"),
            Self::Signal => f.write_str("was ended by a signal"),
            Self::Interrupted => f.write_str("was stopped"),
        }
    }
}

impl Hook {
    pub(crate) fn new(program: &Path, seconds: u64) -> Self {
        Self { program: program.to_owned(), limit: Duration::from_secs(seconds) }
    }

    /// Tells the program, a second time if the first did not do and nobody wants this one to end.
    pub(crate) fn tell(&self, line: &str, interrupt: &Interrupt) -> Result<(), HookError> {
        match self.run(line, interrupt) {
            Ok(()) => Ok(()),
            Err(HookError::Interrupted) => Err(HookError::Interrupted),
            Err(_) => self.run(line, interrupt),
        }
    }

    fn run(&self, line: &str, interrupt: &Interrupt) -> Result<(), HookError> {
        if interrupt.is_set() {
            return Err(HookError::Interrupted);
        }
        let mut command = Command::new(&self.program);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // A group of its own: what it starts ends with it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|_| HookError::Start)?;
        if let Some(mut stdin) = child.stdin.take() {
            let line = format!("{line}\n");
            // By itself: a program that does not read would hold this one up. It may have its reasons.
            std::thread::spawn(move || stdin.write_all(line.as_bytes()));
        }
        let begun = Instant::now();
        loop {
            let why = match child.try_wait() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => {
                    return Err(status.code().map_or(HookError::Signal, HookError::Code));
                }
                Ok(None) if interrupt.is_set() => HookError::Interrupted,
                Ok(None) if begun.elapsed() < self.limit => {
                    std::thread::sleep(STEP);
                    continue;
                }
                Ok(None) | Err(_) => HookError::Time,
            };
            stop(&mut child);
            return Err(why);
        }
    }
}

/// Ends the program and what it has started. It has ended by itself, or does now.
fn stop(child: &mut Child) {
    #[cfg(unix)]
    let _ = rustix::process::kill_process_group(
        rustix::process::Pid::from_child(child),
        rustix::process::Signal::KILL,
    );
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn is_alive(process: &str) -> bool {
        // One that has ended and was not waited for is still listed, as a zombie.
        let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        !status.is_empty() && !status.contains(") Z ")
    }

    #[test]
    fn what_a_hook_has_started_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let (program, started) = (folder.path().join("hook"), folder.path().join("started"));
        let script = "#!/bin/sh\ncd \"$(dirname \"$0\")\" || exit 1\nsleep 300 &\necho $! > new\nmv new started\nwait\n";
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o700)).unwrap();
        let hook = Hook { program, limit: Duration::from_secs(2) };
        assert_eq!(hook.run("{}", &Interrupt::default()), Err(HookError::Time));
        let child = std::fs::read_to_string(started).unwrap();
        let end = Instant::now() + Duration::from_secs(10);
        while is_alive(child.trim()) && Instant::now() < end {
            std::thread::sleep(STEP);
        }
        assert!(!is_alive(child.trim()), "the hook's own child lives on");
    }
}

//! Processes by pid: started, looked at, ended.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::state::Server;
use super::wait;
use crate::process;

/// How long a server may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(10);

/// Starts a process of its own group, so that an interrupt at the terminal leaves it to `stop`, with a log file.
pub(super) fn spawn(command: &mut Command, name: &str, port: u16, log: &Path) -> Result<Server> {
    let log = File::options().create(true).append(true).open(log)?;
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
    let mut child = command.spawn().with_context(|| format!("starting {name}"))?;
    let pid = child.id();
    let began = began(pid).with_context(|| format!("{name} ended at once"))?;
    // Until somebody asks for its exit code, the pid of a dead process is taken; PostgreSQL then believes that its
    // predecessor still lives.
    std::thread::spawn(move || child.wait());
    Ok(Server { name: name.to_owned(), pid, began, port })
}

/// Whether this very process lives.
pub(super) fn runs(server: &Server) -> bool {
    began(server.pid).is_some_and(|began| began == server.began)
}

/// Asks it to end, and ends it if it does not.
pub(super) fn end(server: &Server, dir: &Path) -> Result<()> {
    if !runs(server) {
        return Ok(());
    }
    // LocalStack may ignore SIGTERM, and has nothing to write out.
    if server.name == "localstack" {
        return kill(server, dir);
    }
    // PostgreSQL takes SIGTERM for "when the last client has left", SIGQUIT for "now, without writing everything out".
    let ask = if server.name.starts_with("postgres") { "QUIT" } else { "TERM" };
    signal(server, ask, dir)?;
    if wait("its end", PATIENCE, || !runs(server)).is_ok() {
        return Ok(());
    }
    kill(server, dir)
}

/// Ends it without warning.
pub(super) fn kill(server: &Server, dir: &Path) -> Result<()> {
    if runs(server) {
        signal(server, "KILL", dir)?;
    }
    wait("its end", PATIENCE, || !runs(server))
}

fn signal(server: &Server, name: &str, dir: &Path) -> Result<()> {
    let mut kill = process::command("kill", dir);
    process::read(kill.args(["-s", name, &server.pid.to_string()])).map(|_| ())
}

/// When the process began, in ticks since the machine did; nothing if it has ended, even if nobody has asked for
/// its exit code yet.
fn began(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold anything.
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let state = fields.next()?;
    (state != "Z").then(|| fields.nth(18).map(str::to_owned)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_is_known_by_pid_and_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let mut sleep = Command::new("sleep");
        let server = spawn(sleep.arg("60"), "sleep", 1, &dir.path().join("log")).unwrap();
        assert!(runs(&server));
        let other = Server { began: "1".into(), ..server.clone() };
        assert!(!runs(&other));
        end(&other, dir.path()).unwrap();
        assert!(runs(&server), "a process that began at another time is not ours to end");
        end(&server, dir.path()).unwrap();
        assert!(!runs(&server));
    }
}

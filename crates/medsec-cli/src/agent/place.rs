//! Where an agent listens: a socket that only its user can reach, one for each home.
//!
//! ```text
//! $XDG_RUNTIME_DIR/medsec/HASH.sock     HASH: 16 hexadecimal digits of SHA-256 of the home's path
//! HOME/run/agent.sock                   where there is no such folder
//! ```
//!
//! Beside it lies `….lock`: who holds it is the agent.

use std::ffi::OsStr;
use std::fs::{DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{
    DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _,
    PermissionsExt as _,
};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};

use super::peer;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

const SWITCH: &str = "MEDSEC_AGENT";

/// Whether an agent is to be used where one runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Yes,
    No,
}

/// What command line and environment say.
pub(crate) fn wanted(session: &Session) -> Result<Wanted, Failure> {
    if session.options().no_agent {
        return Ok(Wanted::No);
    }
    match std::env::var_os(SWITCH).as_deref().map(OsStr::as_bytes) {
        None | Some(b"" | b"auto") => Ok(Wanted::Yes),
        Some(b"off") => Ok(Wanted::No),
        Some(_) => Err(Failure::usage(format!("{SWITCH} is neither `off` nor `auto`"))
            .next(format!("correct {SWITCH}, or take it away"))),
    }
}

/// The place of one home's agent.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    folder: PathBuf,
    socket: PathBuf,
    lock: PathBuf,
}

/// Held by the one agent of a home, for as long as it is there.
#[derive(Debug)]
pub(super) struct Held {
    _lock: File,
    place: Place,
}

impl Place {
    /// The place of the home of the settings.
    pub(crate) fn of(session: &Session) -> Result<Self, Failure> {
        let home = &session.settings()?.home.value;
        let failed = |error| Failure::io("the home cannot be found", &error);
        let home = home.canonicalize().map_err(|error| match error.kind() {
            ErrorKind::NotFound => Failure::new(Exit::Store, "there is no home here")
                .next("`medsec init` makes one; or name it with --home"),
            _ => failed(error),
        })?;
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let runtime = runtime.filter(|folder| folder.is_absolute() && folder.is_dir());
        Ok(match runtime {
            Some(folder) => Self::at(folder.join("medsec"), &hash_of(&home)),
            None => Self::at(home.join("run"), "agent"),
        })
    }

    fn at(folder: PathBuf, name: &str) -> Self {
        let file = |ending: &str| folder.join(format!("{name}.{ending}"));
        Self { socket: file("sock"), lock: file("lock"), folder }
    }

    /// Makes the folder, takes the lock and listens. What a killed agent left is removed.
    pub(super) fn listen(&self) -> Result<(UnixListener, Held), Failure> {
        let failed = |error| Failure::io("the agent's socket cannot be made", &error);
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(failed)?;
        self.check_folder()?;
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let lock = options.open(&self.lock).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => running(),
            TryLockError::Error(error) => failed(error),
        })?;
        let held = Held { _lock: lock, place: self.clone() };
        match std::fs::remove_file(&self.socket) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        let listener = UnixListener::bind(&self.socket).map_err(|error| too_long(&error))?;
        // Until here the folder's mode alone keeps others away.
        std::fs::set_permissions(&self.socket, Permissions::from_mode(0o600)).map_err(failed)?;
        Ok((listener, held))
    }

    /// Connects to the agent, if one listens there, and sees that it is the user's own.
    pub(crate) fn connect(&self) -> Result<Option<UnixStream>, Failure> {
        let about = match self.socket.symlink_metadata() {
            Ok(about) => about,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(Failure::io("the agent's socket cannot be looked at", &error));
            }
        };
        self.check_folder()?;
        let private = about.file_type().is_socket() && is_private(&about);
        private.then_some(()).ok_or_else(exposed)?;
        let stream = match UnixStream::connect(&self.socket) {
            Ok(stream) => stream,
            // A killed agent leaves its socket behind.
            Err(error) if is_nobody(&error) => return Ok(None),
            Err(error) => return Err(Failure::io("the agent cannot be reached", &error)),
        };
        peer::is_own(&stream).then_some(Some(stream)).ok_or_else(exposed)
    }

    /// Waits until nobody listens any more; whether that came about in time.
    pub(crate) fn wait_until_gone(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        loop {
            if matches!(self.connect(), Ok(None)) {
                return true;
            }
            if begun.elapsed() >= patience {
                return false;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A real folder, the user's own, that nobody else can enter.
    fn check_folder(&self) -> Result<(), Failure> {
        let about = self.folder.symlink_metadata();
        let about =
            about.map_err(|error| Failure::io("the agent's folder cannot be looked at", &error))?;
        (about.is_dir() && is_private(&about)).then_some(()).ok_or_else(exposed)
    }
}

impl Drop for Held {
    /// The socket first: who finds none knows that there is no agent.
    fn drop(&mut self) {
        // A file that stays behind is removed by the next agent.
        let _ = std::fs::remove_file(&self.place.socket);
    }
}

fn is_private(about: &std::fs::Metadata) -> bool {
    about.uid() == rustix::process::geteuid().as_raw() && about.mode() & 0o077 == 0
}

fn is_nobody(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::NotFound)
}

/// The home's path need not be short, and need not be told.
fn hash_of(home: &Path) -> String {
    let digest = Sha256::digest(home.as_os_str().as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// There is one already.
pub(crate) fn running() -> Failure {
    Failure::new(Exit::Session, "an agent of this home runs already")
        .next("`medsec status` tells who is logged in")
}

fn exposed() -> Failure {
    Failure::new(
        Exit::Session,
        "the agent's socket or its folder is not the user's own, or is open to others; nothing was asked of it",
    )
    .next("find out who made it; the folder must have mode 0700 and the socket 0600, both the user's own")
}

fn too_long(error: &io::Error) -> Failure {
    let failure = Failure::io("the agent's socket cannot be made", error);
    match error.kind() {
        ErrorKind::InvalidInput => {
            failure.next("the path of the home is too long for a socket: set XDG_RUNTIME_DIR")
        }
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(folder: &Path) -> Place {
        Place::at(folder.join("run"), "agent")
    }

    #[test]
    fn connect_refuses_a_folder_that_others_can_enter() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let (_listener, _held) = place.listen().unwrap();
        assert!(place.connect().unwrap().is_some());
        for mode in [0o770, 0o707, 0o711, 0o777] {
            std::fs::set_permissions(&place.folder, Permissions::from_mode(mode)).unwrap();
            assert_eq!(place.connect().unwrap_err().exit, Exit::Session, "{mode:o}");
        }
    }

    #[test]
    fn connect_refuses_links_files_and_open_sockets() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let (_listener, held) = place.listen().unwrap();
        std::fs::set_permissions(&place.socket, Permissions::from_mode(0o666)).unwrap();
        assert_eq!(place.connect().unwrap_err().exit, Exit::Session);
        let elsewhere = folder.path().join("elsewhere");
        std::fs::rename(&place.socket, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &place.socket).unwrap();
        assert_eq!(place.connect().unwrap_err().exit, Exit::Session);
        std::fs::remove_file(&place.socket).unwrap();
        std::fs::write(&place.socket, b"").unwrap();
        assert_eq!(place.connect().unwrap_err().exit, Exit::Session);
        drop(held);
    }

    #[test]
    fn second_agent_is_refused_and_what_a_killed_one_left_is_not_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let (listener, held) = place.listen().unwrap();
        assert_eq!(place.listen().unwrap_err().exit, Exit::Session);
        // As if it had been killed: nobody listens, the socket is there.
        drop(listener);
        let Held { _lock, .. } = &held;
        _lock.unlock().unwrap();
        assert!(place.connect().unwrap().is_none());
        place.listen().unwrap();
        drop(held);
    }
}

//! What went wrong, what it means for the data, and what to do next. Never a path, a name or a value:
//! these words go to logs.

mod from_audit;
mod from_crypto;
mod from_custody;
mod from_emergency;
mod from_kms;

use std::io;

use crate::exit::Exit;

/// Why a command, or its work on one input, did not succeed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) next: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), next: None }
    }

    /// What the user can do about it.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// The kind of an I/O error is all that is told: its text may name a file.
    pub(crate) fn io(what: &str, error: &io::Error) -> Self {
        let failure = Self::new(Exit::Io, format!("{what}: {}", error.kind()));
        match error.kind() {
            io::ErrorKind::NotFound => failure.next("check the path"),
            io::ErrorKind::PermissionDenied => failure.next("check who may read and write there"),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                failure.next("make room and run the command again")
            }
            io::ErrorKind::IsADirectory => failure.next("name files, not folders"),
            io::ErrorKind::NotSeekable => {
                failure.next("name a file; only `seal` and `open` take a pipe, as `-`")
            }
            io::ErrorKind::BrokenPipe => failure.next("whoever read the output went away"),
            io::ErrorKind::ReadOnlyFilesystem => failure.next("write to another place"),
            _ => failure.next("check the disk or network that it is on, and run the command again"),
        }
    }

    pub(crate) fn interrupted() -> Self {
        Self::new(Exit::Interrupted, "interrupted; no output was left")
            .next("run the command again for the inputs that are not done")
    }
}

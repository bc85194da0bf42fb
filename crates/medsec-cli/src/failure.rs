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
        let failure = Self::new(Exit::Io, format!("{what}: {}", words(error.kind())));
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

/// What happened, for people who know files and folders, and not what systems call them.
fn words(kind: io::ErrorKind) -> String {
    let known = match kind {
        io::ErrorKind::NotFound => "there is no such file or folder",
        io::ErrorKind::PermissionDenied => "this user may not do that there",
        io::ErrorKind::IsADirectory => "it is a folder",
        io::ErrorKind::NotADirectory => "a part of its path is no folder",
        io::ErrorKind::StorageFull => "no room is left on the disk",
        io::ErrorKind::QuotaExceeded => "the user's share of the disk is used up",
        io::ErrorKind::ReadOnlyFilesystem => "nothing can be written there, it is read-only",
        io::ErrorKind::FileTooLarge => "a file cannot be so long there",
        io::ErrorKind::BrokenPipe => "nobody reads it any more",
        other => return other.to_string(),
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use medsec_crypto::{OpenError, OutputError, SealError};

    #[test]
    fn full_disk_is_told_with_what_became_of_the_output() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        for (failure, left) in [
            (Failure::from(OpenError::Write(full())), "no file was left"),
            (Failure::from(SealError::Write(full())), "no package was left"),
            (Failure::from(OutputError::Io(full())), "nothing was left"),
        ] {
            assert_eq!(failure.exit, Exit::Io);
            assert!(failure.message.contains(left), "{}", failure.message);
            assert!(
                failure.message.ends_with("no room is left on the disk"),
                "{}",
                failure.message
            );
            assert!(failure.next.is_some_and(|next| next.contains("make room")));
        }
    }
}

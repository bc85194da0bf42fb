//! What errors of the audit log mean for a user.

use medsec_audit::{
    AppendError, CreateLogError, LogError, OpenWriterError, PublishError, RootError, Unwritable,
};

use super::Failure;
use crate::exit::Exit;

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Io(error) => Self::io("the audit log cannot be read", &error),
            LogError::NoLog => Self::new(Exit::Log, error.to_string())
                .next("bring it back from a copy; `medsec config show` tells where it should be, and `medsec init` makes one with a new home"),
            LogError::OldRoot { .. } => Self::new(Exit::Truncated, error.to_string())
                .next("find out who put an older list of streams in its place"),
            LogError::Root(RootError::OtherLog) => Self::new(Exit::Log, error.to_string())
                .next("give the pin of this log, or the log of this pin"),
            LogError::Root(_) => Self::new(Exit::Tampered, error.to_string())
                .next("is it the pin of this log? If so, someone has replaced its root note"),
            _ => Self::new(Exit::Log, error.to_string())
                .next("`medsec audit stream list` shows its streams"),
        }
    }
}

impl From<OpenWriterError> for Failure {
    fn from(error: OpenWriterError) -> Self {
        let failure = |exit| Self::new(exit, format!("{error}; nothing was recorded"));
        match &error {
            OpenWriterError::Io(error) => Self::io("the audit log cannot be written", error),
            OpenWriterError::Busy => {
                failure(Exit::Log).next("try again when the other process has ended")
            }
            OpenWriterError::Anchored { .. } => failure(Exit::Truncated).next(
                "keep the files as they are; an old copy was put back, or the end was cut off",
            ),
            OpenWriterError::Fork { .. } => {
                failure(Exit::Fork).next("keep the files as they are, and the checkpoint")
            }
            OpenWriterError::Unwritable(Unwritable::Behind { .. } | Unwritable::Other) => failure(
                Exit::Truncated,
            )
            .next(
                "keep a copy of the files; `medsec audit repair` goes on without what is missing",
            ),
            OpenWriterError::Unwritable(_) => failure(Exit::Log)
                .next("keep a copy of the files; `medsec audit repair` goes on with what is there"),
            OpenWriterError::Key(_) => {
                failure(Exit::Log).next("`medsec audit rekey` lets the log key vouch for a new one")
            }
            OpenWriterError::OtherStream => {
                failure(Exit::Log).next("see whether checkpoints and streams belong together")
            }
            OpenWriterError::NoStream => {
                failure(Exit::Log).next("`medsec audit stream list` shows the streams of the log")
            }
            OpenWriterError::Append(error) => (*error).into(),
            _ => failure(Exit::Log).next("run `medsec audit verify` and `medsec doctor`"),
        }
    }
}

impl From<AppendError> for Failure {
    fn from(error: AppendError) -> Self {
        if let AppendError::Broken(_) = error {
            let what = format!("{error}; whether the record is there is not known");
            return Self::new(Exit::Unfinished, what).next(
                "see what the disk of the log has; then `medsec audit show` tells whether the record is there",
            );
        }
        let failure = Self::new(Exit::Log, format!("{error}; nothing was recorded"));
        match error {
            AppendError::NoSpace { .. } => failure.next("make room on the disk of the log"),
            AppendError::Full => {
                failure.next("see what the disk of the log has, and run the command again")
            }
            _ => failure.next("run `medsec audit verify`"),
        }
    }
}

impl From<CreateLogError> for Failure {
    fn from(error: CreateLogError) -> Self {
        match error {
            CreateLogError::Io(error) => Self::io("the audit log cannot be made", &error),
            CreateLogError::Publish(error) => (*error).into(),
            CreateLogError::Exists => Self::new(Exit::Log, error.to_string())
                .next("choose another name, or remove what an interrupted attempt has left"),
            error => Self::new(Exit::Log, error.to_string())
                .next("see whether the name of the log and its key are right"),
        }
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Log(error) => error.into(),
            PublishError::Behind { .. } => Self::new(Exit::Truncated, error.to_string())
                .next("keep the files as they are; run `medsec audit verify`"),
            PublishError::Fork { .. } => Self::new(Exit::Fork, error.to_string())
                .next("keep the files as they are, and what the anchor has"),
            PublishError::Existing(_) | PublishError::Tiles(_) => {
                Self::new(Exit::Tampered, error.to_string()).next("run `medsec audit verify`")
            }
            PublishError::OtherStream => Self::new(Exit::Log, error.to_string())
                .next("see whether checkpoints and streams belong together"),
            PublishError::NotYet => {
                Self::new(Exit::Log, error.to_string()).next("`medsec audit checkpoint` makes one")
            }
            error => Self::new(Exit::Log, error.to_string()).next("run `medsec audit verify`"),
        }
    }
}

//! `medsec audit consistency`: whether one checkpoint continues another.

use std::path::{Path, PathBuf};

use clap::Args;
use medsec_audit::{AuditLog, Checkpoint, MAX_NOTE_LEN, Note, PublishError, Relation, StreamName};

use crate::audit::LogOption;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files::read_small;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_CONSISTENCY)]
pub(crate) struct Options {
    /// A checkpoint.
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// A later one of the same stream.
    #[arg(value_name = "NEW")]
    new: PathBuf,
    #[command(flatten)]
    log: LogOption,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Report, Failure> {
    let log = options.log.open(session)?;
    let (stream, old) = read(&log, &options.old, "the first checkpoint")?;
    let (_, new) = read(&log, &options.new, "the second checkpoint")?;
    let (old, new) = match old.relation_to(&new) {
        Relation::Same => return Ok(told(&stream, &old, &new)),
        Relation::Fork => return Err(fork()),
        Relation::Older => (old, new),
        Relation::Newer => (new, old),
        _ => {
            return Err(Failure::usage("the checkpoints are of two streams")
                .next("give two checkpoints of one stream"));
        }
    };
    prove(&log, &stream, &old, &new)?;
    Ok(told(&stream, &old, &new))
}

/// Shows that one tree continues the other.
fn prove(
    log: &AuditLog,
    stream: &StreamName,
    old: &Checkpoint,
    new: &Checkpoint,
) -> Result<(), Failure> {
    let proof = log.prove_growth(stream, old.size(), new.size()).map_err(|error| match error {
        PublishError::Behind { published, found } => {
            let what =
                format!("a checkpoint is of {published} records, the log's newest of {found}");
            Failure::new(Exit::Truncated, what)
                .next("`medsec audit checkpoint` makes a newer one, unless records are missing")
        }
        error => error.into(),
    })?;
    proof.verify(old.root(), new.root()).map_err(|_| fork())
}

fn fork() -> Failure {
    Failure::new(
        Exit::Fork,
        "neither checkpoint continues the other: the log has shown two histories",
    )
    .next("keep both checkpoints and the log as they are")
}

/// A checkpoint in a file, verified, and the stream it is of.
pub(super) fn read(
    log: &AuditLog,
    path: &Path,
    what: &str,
) -> Result<(StreamName, Checkpoint), Failure> {
    let bytes = read_small(path, what, MAX_NOTE_LEN)?;
    let note = Note::parse(&bytes).map_err(|_| {
        Failure::usage(format!("{what} is no signed checkpoint"))
            .next("give a file that `medsec audit checkpoint --out` wrote")
    })?;
    let origin = note.text().as_str().lines().next().unwrap_or_default();
    let stream = log.root().streams().find(|stream| log.origin(stream).as_str() == origin);
    let stream = stream.ok_or_else(|| {
        Failure::new(Exit::Fork, format!("{what} is of no stream of this log"))
            .next("see whether it is the right file, and the right log")
    })?;
    Ok((stream.clone(), log.open_checkpoint(stream, &bytes)?.checkpoint))
}

fn told(stream: &StreamName, old: &Checkpoint, new: &Checkpoint) -> Report {
    let sizes = (old.size(), new.size());
    Report::new()
        .line(format!("{stream}: {} records continue {} records", sizes.1, sizes.0))
        .field("stream", stream.as_str())
        .field("old", sizes.0)
        .field("new", sizes.1)
}

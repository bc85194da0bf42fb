//! `medsec audit verify`.

mod named;
mod shown;
mod some;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use medsec_audit::StreamName;

use self::named::Named;
use self::some::Records;
use crate::audit::check::{Manner, check};
use crate::audit::elsewhere::Ask;
use crate::audit::{LogOption, StreamOption};
use crate::failure::Failure;
use crate::report::{Outcome, Report};
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_VERIFY)]
pub(crate) struct Options {
    #[command(flatten)]
    log: LogOption,
    #[command(flatten)]
    stream: StreamOption,
    /// Check every commit, instead of the last one of each epoch.
    #[arg(long)]
    strict: bool,
    /// Hours that the newest record of each stream may be old.
    #[arg(long, value_name = "HOURS")]
    max_age: Option<u64>,
    /// A checkpoint that was kept elsewhere; the log must continue it. May be given several times.
    #[arg(long, value_name = "FILE")]
    known: Vec<PathBuf>,
    /// Also check what each record says: that a writer writes it so, and that it can be read in one way only.
    #[arg(long)]
    content: bool,
    /// Find fault if the anchor of the settings cannot be asked, or knows nothing of a stream.
    #[arg(long)]
    strict_anchors: bool,
    /// Do not ask the anchor: for a copy that is known to be old.
    #[arg(long, conflicts_with = "strict_anchors")]
    without_anchor: bool,
    /// Verify this record only, against the newest checkpoint.
    #[arg(long, value_name = "SEQ", conflicts_with_all = ["range", "strict", "content", "max_age"])]
    seq: Option<u64>,
    /// Verify these records only, both ends included, against the newest checkpoint.
    #[arg(long, value_name = "FIRST..LAST", conflicts_with_all = ["strict", "content", "max_age"])]
    range: Option<Records>,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let log = options.log.open(session)?;
    let named = Named::read(options, &log)?;
    let known = |stream: &StreamName| named.of(stream);
    let ask = if options.without_anchor { Ask::No } else { Ask::of(options.log.is_own()) };
    let manner = Manner {
        insist: options.strict_anchors,
        strict: options.strict,
        content: options.content,
        max_age: options.max_age.map(|hours| Duration::from_secs(hours.saturating_mul(3600))),
        known: &known,
        ..Manner::new(ask)
    };
    if let Some(records) = options.seq.map(Records::one).or(options.range) {
        let stream = options.stream.one(&log)?;
        session.interrupt.arm();
        let known = manner.elsewhere(session, &log, &stream)?;
        return some::verify(session, &log, &stream, records, &known).map(Outcome::Whole);
    }
    let streams = options.stream.of(&log)?;
    session.interrupt.arm();
    let checked = check(session, &log, &streams, &manner)?;
    let mut report = Report::new();
    for line in checked.streams.iter().flat_map(shown::lines) {
        report = report.line(line);
    }
    report.failed = checked.exit();
    let values: Vec<_> = checked.streams.iter().map(shown::value).collect();
    Ok(Outcome::Whole(report.field("streams", values).field("verdict", checked.name())))
}

//! `medsec audit verify`.

mod elsewhere;
mod shown;
mod some;

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use clap::Args;
use medsec_audit::{AuditLog, Known, LogTime, StreamName, StreamReport, Verdict, VerifyOptions};
use medsec_crypto::Observer as _;

pub(super) use self::shown::name;

use self::elsewhere::{Elsewhere, Named};
use self::some::Records;
use crate::audit::{LogOption, StreamOption};
use crate::failure::Failure;
use crate::progress::Watch;
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
    /// Refuse if the anchor of the settings cannot be asked, or knows nothing of a stream.
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
    if let Some(records) = options.seq.map(Records::one).or(options.range) {
        let stream = options.stream.one(&log)?;
        session.interrupt.arm();
        let elsewhere = Elsewhere::gather(session, options, &log, &stream, &named)?;
        return some::verify(session, &log, &stream, records, &elsewhere).map(Outcome::Whole);
    }
    let streams = options.stream.of(&log)?;
    session.interrupt.arm();
    let (mut report, mut worst, mut values) = (Report::new(), Verdict::Whole, Vec::new());
    for stream in &streams {
        let elsewhere = Elsewhere::gather(session, options, &log, stream, &named)?;
        let found = check(session, options, &log, stream, &elsewhere.known)?;
        worst = worst.max(found.verdict());
        for line in shown::lines(stream, &found, elsewhere.anchor) {
            report = report.line(line);
        }
        values.push(shown::value(stream, &found, elsewhere.anchor));
    }
    report.failed = shown::exit(worst);
    Ok(Outcome::Whole(report.field("streams", values).field("verdict", name(worst))))
}

fn check(
    session: &Session,
    options: &Options,
    log: &AuditLog,
    stream: &StreamName,
    known: &[Known],
) -> Result<StreamReport, Failure> {
    let failed = |error: std::io::Error| super::records::unreadable(&error);
    let verifier = log.verifier(stream)?;
    let watch = Watch::new(session, Some(verifier.bytes().map_err(failed)?));
    let done = AtomicU64::new(0);
    let progress = |bytes| -> ControlFlow<()> {
        watch.progress(done.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes))
    };
    let max_age = options.max_age.map(|hours| Duration::from_secs(hours.saturating_mul(3600)));
    let mut how = VerifyOptions::default();
    how.strict = options.strict;
    how.content = options.content;
    how.known = known;
    how.threads = session.threads().get();
    how.freshness = max_age.map(|max| (LogTime::from(SystemTime::now()), max));
    how.progress = &progress;
    verifier.verify(&how).map_err(failed)
}

//! `medsec audit report`: what a period has to say for itself.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use medsec_crypto::{Access, OutputError, write_file};

use crate::audit::print::Stop;
use crate::audit::report::{Frame, Report as Found, Shape, document, gather, write};
use crate::audit::when::{DAY, Hours, OffHours, Offset, When, before, now};
use crate::custody::TrailOption;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input::refuse_dash;
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::stdio::StandardOutput;
use crate::target;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_REPORT)]
pub(crate) struct Options {
    #[command(flatten)]
    trail: TrailOption,
    /// Start of the period: `2026-11-03T12:00:00Z`, `2026-11-03` by the clocks of --time-zone, or how long ago, as `7d`.
    #[arg(long, value_name = "TIME", default_value = "7d")]
    from: When,
    /// Its end, which does not belong to it.
    #[arg(long, value_name = "TIME", default_value = "now")]
    until: When,
    /// Days before the period in which who had opened what is looked for, to tell first accesses.
    #[arg(long, value_name = "DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(0..=3660))]
    baseline: u16,
    /// Hours at which nobody is expected to work: `19-7` is from 19:00 to 6:59.
    #[arg(long, value_name = "H-H")]
    off_hours: Option<Hours>,
    /// How far the clocks on the wall are ahead of UTC: `+01:00`, `-05:00`. What days and hours are, and dates without
    /// an offset. It does not follow changes of clocks: for a period over one, make two reports.
    #[arg(long, value_name = "OFFSET", default_value = "Z", allow_hyphen_values = true)]
    time_zone: Offset,
    /// Saturdays and Sundays are off hours too.
    #[arg(long, requires = "off_hours")]
    weekends: bool,
    /// How to show it; with --json, the document has all of it.
    #[arg(long, value_enum, default_value = "table")]
    format: Shape,
    /// The file to write, for the owner only; never replaces one. Else it goes to standard output.
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    if let Some(path) = &options.output {
        refuse_dash(path, "--output")?;
        refuse_existing(path)?;
    }
    let log = options.trail.log.open(session)?;
    let streams = options.trail.stream.of(&log)?;
    let frame = options.frame(streams)?;
    let reading = options.trail.begin(session)?;
    session.interrupt.arm();
    let found = gather(session, &log, frame, options.trail.log.is_own())?;
    let said = reading.tell(said(&found));
    match &options.output {
        Some(path) => {
            save(path, write(&found, options.format).as_bytes())?;
            Ok(Outcome::Whole(said.line("the report is written")))
        }
        None if session.json => {
            Ok(Outcome::Whole(said.field("report", serde_json::Value::Object(document(&found)))))
        }
        None => {
            session.content_on_stdout.set(true);
            match print(&write(&found, options.format)) {
                // Whoever reads only the beginning gets the verdict's code all the same.
                Ok(()) | Err(Stop::ReaderGone) => Ok(Outcome::Whole(said)),
                Err(Stop::Failed(failure)) => Err(failure),
            }
        }
    }
}

impl Options {
    fn frame(&self, streams: Vec<medsec_audit::StreamName>) -> Result<Frame, Failure> {
        let generated = now();
        let moment = |when: When| when.resolve(generated, self.time_zone);
        let (from, until) = (moment(self.from), moment(self.until));
        if from >= until {
            return Err(Failure::usage("the period ends before it begins")
                .next("give --from and --until in this order"));
        }
        let (offset, weekends) = (self.time_zone, self.weekends);
        Ok(Frame {
            from,
            until,
            baseline: before(from, DAY.saturating_mul(self.baseline.into())),
            off_hours: self.off_hours.map(|hours| OffHours { hours, offset, weekends }),
            offset,
            streams,
            generated,
        })
    }
}

/// What is told beside the report, and how the program ends: a report of a log that is not whole is still one.
fn said(found: &Found) -> Report {
    let checked = &found.checked;
    let mut said = Report::new()
        .field("verdict", checked.name())
        .field("anchored", checked.is_anchored())
        .field("records", found.records);
    said.failed = checked.exit();
    match checked.exit() {
        None => said,
        Some(_) => said
            .line(format!("the log does not verify: {}; the report says so too", checked.name())),
    }
}

fn print(text: &str) -> Result<(), Stop> {
    Ok(StandardOutput.write_all(text.as_bytes())?)
}

/// Before the work.
fn refuse_existing(path: &std::path::Path) -> Result<(), Failure> {
    match std::fs::symlink_metadata(path) {
        Ok(_) => Err(exists()),
        Err(_) => Ok(()),
    }
}

fn exists() -> Failure {
    Failure::new(Exit::Output, "the report file exists already; it was left alone")
        .next("choose another name, or remove the old file")
}

fn save(path: &std::path::Path, text: &[u8]) -> Result<(), Failure> {
    write_file(path, text, target::options(Access::Owner)).map_err(|error| match error {
        OutputError::Exists => exists(),
        error => Failure::from(error),
    })
}

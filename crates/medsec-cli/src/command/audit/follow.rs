//! `medsec audit follow`: shows records as they come.

use std::io::{BufWriter, Write};
use std::time::Duration;

use clap::Args;
use medsec_audit::StreamName;

use crate::audit::filter::FilterOptions;
use crate::audit::print::{Format, Printer, Stop, colours, ended};
use crate::audit::records::Records;
use crate::audit::when::now;
use crate::custody::{Reading, TrailOption};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::stdio::StandardOutput;

/// How often the log is looked at.
const PAUSE: Duration = Duration::from_millis(200);

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_FOLLOW)]
pub(crate) struct Options {
    #[command(flatten)]
    trail: TrailOption,
    #[command(flatten)]
    filter: FilterOptions,
    /// How to show them.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    if session.json {
        return Err(Failure::usage("records that come one by one are no single document")
            .next("use --format jsonl instead of --json"));
    }
    if options.filter.has_end() {
        return Err(Failure::usage("--until is for `audit show`: this command has no end")
            .next("leave it away; a signal ends this command"));
    }
    let log = options.trail.log.open(session)?;
    let streams = options.trail.stream.of(&log)?;
    options.filter.refuse_shared_stdin(&options.trail.who)?;
    let reading = options.trail.begin(session)?;
    session.interrupt.arm();
    let started = now();
    let filter = options.filter.at(started)?;
    // Unless told where to begin, with what comes from now on.
    let filter = if options.filter.has_start() { filter } else { filter.starting(started) };
    let extent = filter.extent(options.format == Format::Jsonl);
    let records = Records::open(session, &log, &streams, extent, &filter);
    session.content_on_stdout.set(true);
    ended(follow(session, &reading, records, options.format, &streams))
}

fn follow(
    session: &Session,
    reading: &Reading,
    mut records: Records<'_>,
    format: Format,
    streams: &[StreamName],
) -> Result<Report, Stop> {
    let out = BufWriter::with_capacity(1 << 16, StandardOutput);
    let mut printer = Printer::begin(out, format, streams, colours())?;
    printer.flush()?;
    while !session.interrupt.is_set() && !reader_gone() {
        if show_all(&mut records, &mut printer)? {
            printer.flush()?;
        }
        std::thread::sleep(PAUSE);
        reading.check()?;
        records.refresh();
    }
    // A signal is how this command ends.
    printer.end()?;
    Ok(Report::new())
}

/// Shows what there is now. Whether that was anything.
fn show_all<W: Write>(records: &mut Records<'_>, printer: &mut Printer<W>) -> Result<bool, Stop> {
    let mut any = false;
    loop {
        match records.next() {
            Ok(Some(entry)) => printer.show(&entry)?,
            Ok(None) => return Ok(any),
            Err(failure) if failure.exit == Exit::Interrupted => return Ok(any),
            Err(failure) => return Err(failure.into()),
        }
        any = true;
    }
}

/// Whether nobody reads standard output any more; seen also while there is nothing to write.
#[cfg(unix)]
fn reader_gone() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
    let stdout = rustix::stdio::stdout();
    let mut looked = [PollFd::new(&stdout, PollFlags::empty())];
    let polled = poll(&mut looked, Some(&AT_ONCE));
    let [looked] = &looked;
    polled.is_ok() && looked.revents().intersects(PollFlags::ERR | PollFlags::HUP)
}

#[cfg(not(unix))]
const fn reader_gone() -> bool {
    false
}

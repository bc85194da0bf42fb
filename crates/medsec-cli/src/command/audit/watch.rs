//! `medsec audit watch`: tells when a rule matches.

mod look;
mod tell;

use std::path::PathBuf;

use clap::Args;
use medsec_audit::AuditLog;

use self::look::{Look, Watch};
use self::tell::Teller;
use crate::audit::print::{Stop, ended};
use crate::audit::watch::{DEFAULT, Hook, Rounds, Rules, State};
use crate::audit::{LogOption, StreamOption};
use crate::failure::Failure;
use crate::report::{Outcome, Report};
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::AUDIT_WATCH)]
pub(crate) struct Options {
    #[command(flatten)]
    log: LogOption,
    #[command(flatten)]
    stream: StreamOption,
    /// The rules.
    #[arg(long, value_name = "FILE", required_unless_present = "print_rules")]
    rules: Option<PathBuf>,
    /// Program to run for each alert, without a shell; the alert comes on its standard input as one line of JSON.
    #[arg(long, value_name = "PROGRAM")]
    hook: Option<PathBuf>,
    /// File of OpenMetrics text to keep up to date.
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// File that remembers what was told; by default `audit-watch-ID.json` in the home, with the log's id.
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// Look once and end.
    #[arg(long)]
    once: bool,
    /// Print rules to begin with, and what they mean.
    #[arg(long, exclusive = true)]
    print_rules: bool,
}

pub(crate) fn run(session: &Session, options: &Options) -> Result<Outcome, Failure> {
    let Some(rules) = options.rules.as_ref().filter(|_| !options.print_rules) else {
        return Ok(Outcome::Whole(Report::new().line(DEFAULT.trim_end()).field("rules", DEFAULT)));
    };
    if session.json && !options.once {
        return Err(Failure::usage("alerts that come one by one are no single document").next(
            "give --once, or leave --json away: every alert is a line of JSON without it too",
        ));
    }
    let rules = Rules::load(rules)?;
    let log = options.log.open(session)?;
    // One that is not there is refused before anything is done.
    drop(options.stream.of(&log)?);
    let state = State::load(&options.state_file(session, &log)?, &log)?;
    session.interrupt.arm();
    session.content_on_stdout.set(!session.json);
    let hook = options.hook.as_deref();
    let hook = hook.map(|program| Hook::new(program, rules.watch.hook_seconds));
    let teller = Teller::new(session, &log, hook);
    ended(watch(&Look { session, options, rules: &rules }, log, state, teller))
}

/// Watches until the end. Where the log gets a stream, the watch of all begins anew, and remembers what was told and
/// verified.
fn watch(
    look: &Look<'_>,
    mut log: AuditLog,
    mut state: State,
    mut teller: Teller<'_>,
) -> Result<Report, Stop> {
    let mut rounds = Rounds::default();
    loop {
        let streams = look.options.stream.of(&log)?;
        let history = look.history(&state, &streams);
        let mut watch =
            Watch::new(look, &log, &streams, &history, (&mut state, &mut teller, &mut rounds))?;
        match watch.run()? {
            Ok(report) => return Ok(report),
            Err(newer) => log = newer,
        }
        rounds.hurry();
    }
}

impl Options {
    fn state_file(&self, session: &Session, log: &AuditLog) -> Result<PathBuf, Failure> {
        if let Some(path) = &self.state {
            return Ok(path.clone());
        }
        let name = format!("audit-watch-{}.json", log.root().id());
        Ok(session.settings()?.home.value.join(name))
    }
}

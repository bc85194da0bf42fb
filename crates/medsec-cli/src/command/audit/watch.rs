//! `medsec audit watch`: tells when a rule matches.

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use medsec_audit::{AuditLog, LogTime, StreamName};
use serde_json::Value;

use crate::audit::entry::Entry;
use crate::audit::print::{Stop, ended};
use crate::audit::records::{Extent, Records, oldest};
use crate::audit::report::{Against, check, worst};
use crate::audit::watch::{
    Alert, DEFAULT, History, Hook, HookError, Judge, Metrics, Rules, State, replace,
};
use crate::audit::when::{DAY, before, now};
use crate::audit::{LogOption, StreamOption};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output;
use crate::report::{Outcome, Report};
use crate::session::Session;
use crate::stdio::StandardOutput;

/// How soon a signal is noticed.
const STEP: Duration = Duration::from_millis(100);
/// Most alerts that wait until the hook can be told.
const MAX_UNTOLD: usize = 1000;

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
    let streams = options.stream.of(&log)?;
    let path = match &options.state {
        Some(path) => path.clone(),
        None => {
            let name = format!("audit-watch-{}.json", log.root().id());
            session.settings()?.home.value.join(name)
        }
    };
    let mut state = State::load(&path, &log)?;
    session.interrupt.arm();
    session.content_on_stdout.set(!session.json);
    let (start, look_back) = (now(), rules.watch.history_days);
    let history = History {
        since: before(start, look_back.saturating_mul(DAY)),
        recent: before(start, DAY),
        counted: state.counted(&streams),
    };
    let extent = Extent { from: Some(history.since), ..Extent::default() };
    let mut watch = Watch {
        session,
        options,
        log: &log,
        hook: options.hook.as_deref().map(|program| Hook::new(program, rules.watch.hook_seconds)),
        judge: Judge::new(&rules, &streams, oldest(&log, &streams), history.recent)?,
        records: Records::open(session, &log, &streams, extent, &history),
        seen: vec![Seen::default(); streams.len()],
        streams: &streams,
        rules: &rules,
        state: &mut state,
        failed: None,
        verdict: None,
        verified: None,
        untold: Vec::new(),
        count: 0,
        told: Vec::new(),
        hook_failures: 0,
        reader_gone: false,
    };
    ended(watch.run())
}

/// What is known of a stream at a look.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// Whether it could not be read at this look.
    unread: bool,
    /// Of the last verification.
    whole: Option<bool>,
    anchored: Option<bool>,
}

struct Watch<'a> {
    session: &'a Session,
    options: &'a Options,
    log: &'a AuditLog,
    streams: &'a [StreamName],
    rules: &'a Rules,
    hook: Option<Hook>,
    judge: Judge<'a>,
    records: Records<'a>,
    state: &'a mut State,
    seen: Vec<Seen>,
    /// The worst that kept records from being read at this look, and the last verdict.
    failed: Option<Exit>,
    verdict: Option<Exit>,
    /// When the streams were verified last.
    verified: Option<(Instant, LogTime)>,
    /// Alerts of which the hook could not be told yet.
    untold: Vec<Alert>,
    /// Alerts of this run, how many, and which if they go into a document.
    count: u64,
    told: Vec<Value>,
    hook_failures: u64,
    /// Whoever read standard output is gone; the hook is told all the same.
    reader_gone: bool,
}

impl Watch<'_> {
    fn run(&mut self) -> Result<Report, Stop> {
        loop {
            match self.look() {
                Err(Stop::Failed(failure)) if failure.exit == Exit::Interrupted => break,
                result => result?,
            }
            if self.options.once || !self.wait() {
                break;
            }
            self.records.refresh();
        }
        self.state.save()?;
        Ok(self.report())
    }

    /// One look at all. What cannot be read or checked is what a watch is there to tell of: it goes on.
    fn look(&mut self) -> Result<(), Stop> {
        self.failed = None;
        self.seen.iter_mut().for_each(|seen| seen.unread = false);
        self.tell_again()?;
        while let Some(entry) = self.next()? {
            if let Some(stream) = self.streams.get(entry.stream) {
                self.state.count(stream, &entry);
            }
            self.judge.look(&entry, self.state);
            // At once: what was told decides what counts for the next.
            let alerts = self.judge.take_alerts();
            self.tell(alerts)?;
        }
        let now = now();
        self.verify()?;
        self.judge.look_at_clock(now);
        let alerts = self.judge.take_alerts();
        self.tell(alerts)?;
        self.judge.forget_before(now);
        self.state.forget(now, self.rules.watch.history_days);
        self.state.save()?;
        self.write_metrics(now)?;
        Ok(())
    }

    /// The next record of those that can be read.
    fn next(&mut self) -> Result<Option<Entry>, Failure> {
        loop {
            let failure = match self.records.next() {
                Err(failure) if failure.exit != Exit::Interrupted => failure,
                result => return result,
            };
            let stream = self.records.failed();
            if let Some(seen) = stream.and_then(|at| self.seen.get_mut(at)) {
                seen.unread = true;
            }
            self.failed = worst([self.failed, Some(failure.exit)]);
            self.judge.look_at_failure(stream, &failure, now());
        }
    }

    fn verify(&mut self) -> Result<(), Failure> {
        let Some(rule) = self.rules.verify else { return Ok(()) };
        let every = Duration::from_secs(rule.minutes.saturating_mul(60));
        if self.verified.is_some_and(|(last, _)| last.elapsed() < every) {
            return Ok(());
        }
        let state = &*self.state;
        let against =
            Against { own: self.options.log.is_own(), known: &|stream| state.verified(stream) };
        let checked = check(self.session, self.log, self.streams, &against)?;
        self.verified = Some((Instant::now(), now()));
        self.verdict = checked.exit();
        for (stream, seen) in checked.streams.iter().zip(&mut self.seen) {
            seen.whole = Some(stream.exit().is_none());
            seen.anchored = Some(stream.is_anchored());
            self.state.remember(stream);
        }
        self.judge.look_at_verdicts(&checked, now());
        Ok(())
    }

    /// Tells what is news, and remembers it when it was told.
    fn tell(&mut self, alerts: Vec<Alert>) -> Result<(), Stop> {
        for alert in alerts {
            let waits = self.untold.iter().any(|untold| untold.key() == alert.key());
            if waits || !self.state.is_news(&alert) {
                continue;
            }
            if self.session.interrupt.is_set() {
                return Err(Failure::interrupted().into());
            }
            let value = alert.value(self.log.root().log().as_str(), now());
            let line = value.to_string();
            self.count = self.count.saturating_add(1);
            let heard = self.tell_hook(&line)?;
            self.print(value, &line)?;
            match heard {
                true => self.state.remember_told(&alert),
                false if self.untold.len() < MAX_UNTOLD => self.untold.push(alert),
                // It is not remembered as told, and comes again when the watch begins anew.
                false => {}
            }
        }
        Ok(())
    }

    /// Tells the hook of what it did not hear, until it fails again.
    fn tell_again(&mut self) -> Result<(), Failure> {
        let mut waiting = VecDeque::from(std::mem::take(&mut self.untold));
        while let Some(alert) = waiting.pop_front() {
            let value = alert.value(self.log.root().log().as_str(), now());
            if self.tell_hook(&value.to_string())? {
                self.state.remember_told(&alert);
            } else {
                // Last the next time: it may be this one that the hook cannot take.
                waiting.push_back(alert);
                break;
            }
        }
        self.untold = waiting.into();
        Ok(())
    }

    /// Tells the hook, if there is one; whether it has heard.
    fn tell_hook(&mut self, line: &str) -> Result<bool, Failure> {
        let Some(hook) = &self.hook else { return Ok(true) };
        match hook.tell(line, &self.session.interrupt) {
            Ok(()) => Ok(true),
            Err(HookError::Interrupted) => Err(Failure::interrupted()),
            Err(error) => {
                self.hook_failures = self.hook_failures.saturating_add(1);
                output::note(self.session, &format!("the hook {error}, also the second time"));
                Ok(false)
            }
        }
    }

    /// Prints an alert. With a hook, it does not matter whether anybody reads it here.
    fn print(&mut self, value: Value, line: &str) -> Result<(), Stop> {
        if self.session.json {
            self.told.push(value);
            return Ok(());
        }
        if self.reader_gone {
            return Ok(());
        }
        match writeln!(StandardOutput, "{line}") {
            Err(_) if self.hook.is_some() => self.reader_gone = true,
            result => result?,
        }
        Ok(())
    }

    fn write_metrics(&self, now: LogTime) -> Result<(), Failure> {
        let Some(path) = &self.options.metrics else { return Ok(()) };
        let whole = |seen: &Seen| if seen.unread { Some(false) } else { seen.whole };
        let whole: Vec<_> = self.seen.iter().map(whole).collect();
        let anchored: Vec<_> = self.seen.iter().map(|seen| seen.anchored).collect();
        let metrics = Metrics {
            state: self.state,
            streams: self.streams,
            newest: self.judge.newest(),
            whole: &whole,
            anchored: &anchored,
            looked: Some(now),
            verified: self.verified.map(|(_, at)| at),
        };
        // For a collector that is another user: there is nobody's name in it.
        replace(path, metrics.text().as_bytes(), 0o644)
            .map_err(|error| Failure::io("the metrics cannot be written", &error))
    }

    /// Waits for the next look; whether there is one.
    fn wait(&self) -> bool {
        let end = Instant::now().checked_add(Duration::from_secs(self.rules.watch.pause_seconds));
        while end.is_some_and(|end| Instant::now() < end) {
            if self.session.interrupt.is_set() {
                return false;
            }
            std::thread::sleep(STEP);
        }
        !self.session.interrupt.is_set()
    }

    fn report(&mut self) -> Report {
        let mut report = Report::new();
        if self.session.json {
            report = report.field("alerts", std::mem::take(&mut self.told));
        }
        report = report.field("hook_failures", self.hook_failures);
        // A signal is how a watch ends.
        if self.options.once {
            let found = worst([self.failed, self.verdict]);
            report.failed = found.or((self.count > 0).then_some(Exit::Failure));
        }
        report
    }
}

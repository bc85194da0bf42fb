//! One look after the other at a log.

use std::time::{Duration, Instant};

use medsec_audit::{AuditLog, LogTime, StreamName};

use super::Options;
use super::tell::Teller;
use crate::audit::check::{Manner, check, worst};
use crate::audit::elsewhere::Ask;
use crate::audit::entry::Entry;
use crate::audit::print::Stop;
use crate::audit::records::{Extent, Records, oldest};
use crate::audit::watch::{History, Judge, Metrics, Rounds, Rules, State, Verify, replace};
use crate::audit::when::{DAY, at, before, now};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;

/// How soon a signal is noticed.
const STEP: Duration = Duration::from_millis(100);

/// What is known of a stream at a look.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// Whether it could not be read at this look.
    unread: bool,
    /// Of the last verification.
    whole: Option<bool>,
    anchored: Option<bool>,
}

/// What stays the same as long as the program runs.
pub(super) struct Look<'a> {
    pub(super) session: &'a Session,
    pub(super) options: &'a Options,
    pub(super) rules: &'a Rules,
}

impl Look<'_> {
    /// Which records have to be looked at, by what was looked at before.
    pub(super) fn history(&self, state: &State, streams: &[StreamName]) -> History {
        let start = now();
        let since = before(start, self.rules.watch.history_days.saturating_mul(DAY));
        let keys_since = match (self.rules.rotation, state.keys()) {
            (None, _) => since,
            (Some(_), None) => at(0),
            // A clock may have been set back since.
            (Some(_), Some((_, looked))) => before(looked, DAY).min(since),
        };
        let counted = state.counted(streams);
        History { since, keys_since, recent: before(start, DAY), counted }
    }
}

/// The watch of a log with the streams that it has.
pub(super) struct Watch<'a, 't> {
    session: &'a Session,
    options: &'a Options,
    log: &'a AuditLog,
    streams: &'a [StreamName],
    rules: &'a Rules,
    judge: Judge<'a>,
    records: Records<'a>,
    state: &'a mut State,
    teller: &'a mut Teller<'t>,
    rounds: &'a mut Rounds,
    seen: Vec<Seen>,
    /// The worst that kept records from being read at this look, and the last verdict.
    failed: Option<Exit>,
    verdict: Option<Exit>,
}

impl<'a, 't> Watch<'a, 't> {
    pub(super) fn new(
        look: &'a Look<'_>,
        log: &'a AuditLog,
        streams: &'a [StreamName],
        history: &'a History,
        (state, teller, rounds): (&'a mut State, &'a mut Teller<'t>, &'a mut Rounds),
    ) -> Result<Self, Failure> {
        let Look { session, options, rules } = *look;
        let extent = Extent { from: Some(history.from()), ..Extent::default() };
        let begun = oldest(session, log, streams);
        let keys = state.keys().map(|(keys, _)| keys).unwrap_or_default();
        Ok(Self {
            session,
            options,
            log,
            streams,
            rules,
            judge: Judge::new(rules, streams, begun, history.recent, keys)?,
            records: Records::open(session, log, streams, extent, history),
            state,
            teller,
            rounds,
            seen: vec![Seen::default(); streams.len()],
            failed: None,
            verdict: None,
        })
    }

    /// Looks until the end, or until the log has other streams, which are then in the log that is returned.
    pub(super) fn run(&mut self) -> Result<Result<Report, AuditLog>, Stop> {
        loop {
            self.failed = None;
            if let Some(newer) = self.newer() {
                self.state.save()?;
                return Ok(Err(newer));
            }
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
        Ok(Ok(self.report()))
    }

    /// The log, if its list of streams has become another one. What is wrong with the list is told.
    fn newer(&mut self) -> Option<AuditLog> {
        let failure = match self.options.log.open(self.session) {
            Err(failure) => failure,
            Ok(log) if log.root() == self.log.root() => return None,
            Ok(log) if log.root().revision() > self.log.root().revision() => return Some(log),
            Ok(log) if log.root().revision() == self.log.root().revision() => {
                Failure::new(Exit::Fork, "the log has another list of streams of the same revision")
            }
            Ok(_) => {
                Failure::new(Exit::Truncated, "the log's list of streams is older than it was")
            }
        };
        self.failed = Some(failure.exit);
        self.judge.look_at_failure(None, &failure, now());
        None
    }

    /// One look at all. What cannot be read or checked is what a watch is there to tell of: it goes on.
    fn look(&mut self) -> Result<(), Stop> {
        self.seen.iter_mut().for_each(|seen| seen.unread = false);
        self.teller.tell_again(self.state)?;
        while let Some(entry) = self.next()? {
            if let Some(stream) = self.streams.get(entry.stream) {
                self.state.count(stream, &entry);
            }
            self.judge.look(&entry, self.state);
            // At once: what was told decides what counts for the next.
            let alerts = self.judge.take_alerts();
            self.teller.tell(alerts, self.state)?;
        }
        let now = now();
        self.verify()?;
        self.judge.look_at_clock(now);
        let alerts = self.judge.take_alerts();
        self.teller.tell(alerts, self.state)?;
        self.judge.forget_before(now);
        self.state.forget(now, self.rules.watch.history_days);
        // What could not be read may have told of keys.
        if self.failed.is_none() {
            self.state.remember_keys(self.judge.keys(), now);
        }
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
        let Some(Verify { minutes, whole_every }) = self.rules.verify else { return Ok(()) };
        if !self.rounds.is_due(Duration::from_secs(minutes.saturating_mul(60))) {
            return Ok(());
        }
        let (state, rounds, log) = (&*self.state, &*self.rounds, self.log);
        let known = |stream: &StreamName| state.verified(log, stream).into_iter().collect();
        let since = |stream: &StreamName| rounds.since(stream, whole_every);
        let manner = Manner {
            known: &known,
            since: &since,
            ..Manner::new(Ask::of(self.options.log.is_own()))
        };
        let checked = check(self.session, log, self.streams, &manner)?;
        self.rounds.remember(&checked, whole_every);
        self.verdict = checked.exit();
        for (stream, seen) in checked.streams.iter().zip(&mut self.seen) {
            seen.whole = Some(stream.exit().is_none());
            seen.anchored = Some(stream.is_anchored());
            self.state.remember(stream);
        }
        self.judge.look_at_verdicts(&checked, now());
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
            verified: self.rounds.last(),
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
        let mut report = self.teller.report();
        // A signal is how a watch ends.
        if self.options.once {
            let found = worst([self.failed, self.verdict]);
            report.failed = found.or((self.teller.count > 0).then_some(Exit::Failure));
        }
        report
    }
}

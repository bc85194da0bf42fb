//! The agent itself: accepts connections, ends what has lasted too long, and closes its stream in order.

mod connection;
mod crowd;
pub(crate) mod intents;
mod login;
mod outside;
mod ring;
mod sessions;
mod signals;

use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use medsec::{
    Custodian, JournalError, LoggedIn, NoEmergencies, Parts, Recorded, Refused, SessionChange,
};
use medsec_audit::{
    Action, AppendError, AuditLog, Denial, Event, LogTime, Outcome, Retention, StreamWriter,
};
use medsec_kms::StorePlace;
use medsec_policy::{EndReason, SystemClock};

use self::crowd::Crowd;
use self::outside::Outside;
use self::sessions::Sessions;
use self::signals::{Wakeup, Woken};
use super::place::Place;
use super::start::Keep;
use super::wire::{Answer, write_frame};
use crate::args::Options;
use crate::audit::read_pin;
use crate::custody::{InForce, no_agent};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::own;
use crate::recording;
use crate::report::Report;
use crate::session::Session;

/// How often clocks are looked at when nothing else happens.
const TICK: Duration = Duration::from_secs(1);
/// How long an agent that ends with its session waits for one.
const UNUSED: Duration = Duration::from_secs(60);
/// How long commands that are under way have to record how they ended, once the agent is told to end.
const GRACE: Duration = Duration::from_secs(5);
/// Between two records of somebody else who knocks: a crowd of them must not fill the disk.
const STRANGERS: Duration = Duration::from_secs(10);
/// How long whoever is turned away has to read that.
const TURNED_AWAY: Duration = Duration::from_millis(50);

/// The agent of one home.
#[derive(Debug)]
pub(super) struct Agent {
    options: Options,
    keep: Keep,
    store: StorePlace,
    custodian: Custodian,
    writer: Arc<StreamWriter>,
    sessions: Sessions,
    outside: Outside,
    crowd: Crowd,
    /// Intents of all connections that have not ended.
    open: AtomicUsize,
    stop: AtomicBool,
    /// Whether a login was tried.
    tried: AtomicBool,
    stranger: Mutex<Option<Instant>>,
    wakeup: Wakeup,
}

/// Runs until it is stopped, or its session ends.
pub(super) fn run(session: &Session, keep: Keep) -> Result<Report, Failure> {
    let (listener, held) = Place::of(session)?.listen()?;
    let (wakeup, woken) = signals::pair()?;
    let agent = Agent::open(session, keep, wakeup);
    let agent = Arc::new(agent.map_err(|failure| no_agent(session, failure))?);
    let served = agent.serve(&listener, &woken);
    let records = agent.finish();
    drop(held);
    served?;
    let report = Report::new().line("the agent has ended, and its stream is closed");
    Ok(report.field("records", records?))
}

impl Agent {
    /// Becomes the writer of the home's stream.
    fn open(session: &Session, keep: Keep, wakeup: Wakeup) -> Result<Self, Failure> {
        let settings = session.settings()?;
        let store = own::open_store(session)?;
        let in_force = InForce::load(session, &store)?;
        let log = AuditLog::open(&settings.audit.value, &read_pin(&settings.audit_pin.value)?)?;
        let writer = recording::stream_writer(session, &log, &settings.audit_stream.value)??;
        let writer = Arc::new(writer);
        let custodian = Custodian::new(Parts {
            policy: in_force.for_custodian(&store)?,
            journal: Arc::clone(&writer) as _,
            retention: writer.genesis().retention,
            clock: Arc::new(SystemClock),
            place: recording::place()?,
            emergencies: Arc::new(NoEmergencies),
        })?;
        Ok(Self {
            options: session.options().clone(),
            keep,
            store: settings.store_place(),
            custodian,
            writer,
            sessions: Sessions::new(),
            outside: Outside::new(),
            crowd: Crowd::default(),
            open: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
            tried: AtomicBool::new(false),
            stranger: Mutex::new(None),
            wakeup,
        })
    }

    fn serve(self: &Arc<Self>, listener: &UnixListener, woken: &Woken) -> Result<(), Failure> {
        let failed = |error| Failure::io("the agent's socket cannot be listened at", &error);
        listener.set_nonblocking(true).map_err(failed)?;
        let begun = Instant::now();
        while !self.is_over(begun) {
            self.tick();
            woken.wait(listener, self.sessions.until_deadline().min(TICK)).map_err(failed)?;
            if woken.signalled() {
                return Ok(());
            }
            self.accept_all(listener);
        }
        Ok(())
    }

    fn is_over(&self, begun: Instant) -> bool {
        let unused = self.tried.load(Ordering::Relaxed) || begun.elapsed() >= UNUSED;
        let session_over = self.keep == Keep::UntilLogout && unused && self.sessions.is_empty();
        self.stop.load(Ordering::Relaxed) || session_over
    }

    /// Those who wait now, so that clocks are looked at in between.
    fn accept_all(self: &Arc<Self>, listener: &UnixListener) {
        for _ in 0..crowd::MAX {
            // None waits, or one went away: the next round tells.
            let Ok((stream, _)) = listener.accept() else { return };
            let Err(stream) = connection::begin(self, stream) else { continue };
            turn_away(&stream);
        }
    }

    /// Ends what has lasted too long, and records it.
    fn tick(&self) {
        self.sessions.look();
        for (who, ended) in self.sessions.sweep() {
            if let Some(step) = ended.clock_step {
                self.record_step(step);
            }
            // It has ended whether that can be recorded or not.
            let _ = self.record(&who, ended.reason.into());
        }
    }

    fn record_step(&self, step: medsec_policy::ClockStep) {
        let mut subject = medsec_audit::Subject::default();
        subject.clock = Some(medsec_audit::ClockStep {
            expected: step.expected.into(),
            found: step.found.into(),
        });
        let event = recording::by_itself(Action::ClockStep, Outcome::Success, subject);
        let _ = event.map(|event| self.append(&[event]));
    }

    fn record(&self, who: &LoggedIn, change: SessionChange) -> Result<(), Failure> {
        self.recorded(pollster::block_on(self.custodian.record_session(who, change)))
    }

    /// What is refused stays refused if that cannot be recorded.
    fn record_failure(&self, outcome: Outcome) {
        let _ = self.recorded(pollster::block_on(self.custodian.login_failed(outcome)));
    }

    fn recorded(&self, recorded: Result<(), Refused>) -> Result<(), Failure> {
        recorded.map_err(|refused| {
            if let Refused::Record(error) = &refused {
                self.end_if_broken(*error);
            }
            refused.into()
        })
    }

    fn append(&self, events: &[Event]) -> Result<Vec<Recorded>, JournalError> {
        let appended = self.writer.append_all(events).map_err(JournalError::from);
        let appended = appended.inspect_err(|error| self.end_if_broken(*error))?;
        Ok(appended.into_iter().map(Recorded::from).collect())
    }

    /// Nothing can be recorded until the stream is opened anew: the next agent does that.
    fn end_if_broken(&self, error: JournalError) {
        if let JournalError::Log(AppendError::Broken(_) | AppendError::Displaced) = error {
            self.stop.store(true, Ordering::Relaxed);
            self.sessions.end(EndReason::Aborted);
            self.wakeup.wake();
        }
    }

    /// Somebody else knocked.
    fn stranger(&self) {
        let mut last = self.stranger.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| last.elapsed() >= STRANGERS) {
            *last = Some(Instant::now());
            let denied = Outcome::Denied(Denial::Credentials);
            self.record_failure(denied);
        }
    }

    fn newest(&self) -> LogTime {
        self.writer.newest_time()
    }

    fn retention(&self) -> Retention {
        self.writer.genesis().retention
    }

    /// Locks, lets commands that are under way record how they ended, and closes the stream.
    fn finish(self: Arc<Self>) -> Result<u64, Failure> {
        self.sessions.end(EndReason::Revoked);
        self.tick();
        wait_while(|| self.open.load(Ordering::Relaxed) > 0);
        self.crowd.dismiss();
        wait_while(|| self.crowd.len() > 0);
        let records = self.writer.size();
        let Some(Self { custodian, writer, .. }) = Self::alone(self) else {
            return Err(Failure::new(
                Exit::Unfinished,
                "a connection did not end; the stream is whole, but not closed",
            ));
        };
        custodian.close();
        let closed = Arc::try_unwrap(writer).map_or(Ok(()), StreamWriter::close);
        closed.map_err(|error| {
            let what = format!("the stream could not be closed in order: {error}");
            Failure::new(Exit::Unfinished, what).next("run `medsec audit verify`")
        })?;
        Ok(records)
    }

    /// A thread that has left the crowd may hold it for a moment longer.
    fn alone(mut agent: Arc<Self>) -> Option<Self> {
        let begun = Instant::now();
        loop {
            match Arc::try_unwrap(agent) {
                Ok(alone) => return Some(alone),
                Err(shared) if begun.elapsed() < GRACE => agent = shared,
                Err(_) => return None,
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

fn wait_while(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while condition() && begun.elapsed() < GRACE {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// There are as many as there may be.
fn turn_away(stream: &UnixStream) {
    if let Ok(body) = Answer::Busy.render() {
        // Who does not read it goes without.
        let _ = write_frame(stream, &body, TURNED_AWAY);
    }
}

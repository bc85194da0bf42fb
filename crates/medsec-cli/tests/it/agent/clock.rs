//! A clock that is behind the log, which somebody may have set back while no agent ran.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use medsec_audit::{
    Action, Actor, AuditLog, Event, HostId, LogTime, Origin, Outcome, Phase, Pin, Place,
    ProcessName, StreamName, Subject, WriterOptions,
};
use medsec_evidence::{Ev, Proven, evidence};
use rustix::process::Signal;

use super::{OPEN, Office, SEAL, opened, plain_with_limits, scan_is};
use crate::ward::{Refused, Ward};

/// Shows a time that is so far ahead.
#[derive(Debug)]
struct Ahead(Duration);

impl medsec_audit::Clock for Ahead {
    fn wall(&self) -> SystemTime {
        SystemTime::now() + self.0
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// Puts a record into the home's log whose time is so far ahead: as if the clock had been set back since.
fn record_ahead(ward: &Ward, by: Duration) {
    let pin = String::from_utf8(ward.read("home/audit.pin")).unwrap();
    let pin: Pin = pin.parse().unwrap();
    let log = AuditLog::open(&ward.path("home/audit"), &pin).unwrap();
    let place = Place {
        host: HostId::new("node-7").unwrap(),
        process: ProcessName::new("medsec").unwrap(),
        pid: None,
        origin: Origin::Local,
    };
    let mut options = WriterOptions::new(place.clone());
    options.clock = Arc::new(Ahead(by));
    let writer = log.writer(&StreamName::new("main").unwrap(), &options, &[]).unwrap();
    let event = Event {
        actor: Actor::System,
        action: Action::Test,
        phase: Phase::Single { request: None, outcome: Outcome::Success },
        subject: Subject::default(),
        purpose: None,
        place,
        ruling: None,
        session: None,
    };
    let _ = writer.append(&event).unwrap();
    assert!(writer.newest_time() > LogTime::from(SystemTime::now()));
    writer.close().unwrap();
}

#[evidence(
    hipaa2013::"164.312(b)",
    claim = "where the clock is behind the newest record nothing is opened or sealed, through the agent as without it",
    polarity = deny,
)]
fn nothing_opens_while_the_clock_is_behind_the_log(ev: Ev) -> Proven {
    let ward = plain_with_limits(900, 900);
    ward.line(SEAL).ok();
    record_ahead(&ward, Duration::from_secs(3600));
    let office = Office::open(ward);
    office.ward.line("login").ok();
    refused(&ev, &office.ward);
    office.send(Signal::TERM);
    let (ward, _) = office.ended();
    refused(&ev, &ward);
    ev.proven()
}

fn refused(ev: &Ev, ward: &Ward) {
    for line in [OPEN, "seal KOWALSKA_JADWIGA_19700131.dcm --key default -o second.msp"] {
        let run = ward.line(line);
        ev.holds("the error says that it is the clock", run.stderr.contains("behind the newest"));
        ev.denies(run.result(), |e| *e == Refused(27));
    }
    ev.holds("nothing was opened or sealed", !opened(ward) && !ward.exists("second.msp"));
}

#[test]
fn clock_that_is_right_opens() {
    let ward = plain_with_limits(900, 900);
    // What time servers correct is no reason to stop.
    record_ahead(&ward, Duration::from_secs(30));
    let office = Office::open(ward);
    let ward = &office.ward;
    ward.line("login").ok();
    ward.line(SEAL).ok();
    ward.line(OPEN).ok();
    assert!(scan_is(ward, "out"));
}

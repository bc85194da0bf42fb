//! Agents that end: killed, or told to.

use std::io::Write as _;
use std::time::{Duration, Instant};

use medsec_evidence::{Ev, Proven, evidence};
use rustix::process::Signal;

use super::{OPEN, Office, SEAL, opened, row, sessions, verified};
use crate::ward::{Refused, finished};

#[test]
fn killed_agent_opens_nothing_and_the_next_goes_on() {
    let office = Office::locked();
    office.log_in().ok();
    office.ward.line(SEAL).ok();
    office.send(Signal::KILL);
    let (ward, _) = office.ended();
    assert!(ward.exists("home/run/agent.sock"), "it could not tidy up");
    assert_eq!(ward.line("status").code, 25);
    let run = ward.line(OPEN);
    assert_eq!(run.code, 2, "there is nobody to ask for the passphrase: {}", run.stderr);
    assert!(!opened(&ward));
    let office = Office::open(ward);
    assert_eq!(office.status().code, 25, "what was unlocked is gone");
    office.log_in().ok();
    office.ward.line(OPEN).ok();
    let told = office.sessions();
    assert_eq!(told, [row("session-start", "success", ""), row("session-start", "success", "")]);
    office.send(Signal::TERM);
    let (ward, run) = office.ended();
    run.ok();
    assert!(verified(&ward));
}

#[test]
fn command_whose_agent_is_killed_leaves_nothing() {
    let office = Office::with_limits(900, 900);
    office.ward.line("login").ok();
    let mut child = office.ward.spawn("seal - --key default -o scan.msp");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&vec![7; 1 << 20]).unwrap();
    office.send(Signal::KILL);
    let (ward, _) = office.ended();
    drop(stdin);
    let run = finished(Ok(child));
    assert_eq!(run.code, 25, "{}", run.stderr);
    assert!(run.stderr.contains("cannot be reached"), "{}", run.stderr);
    assert!(!ward.exists("scan.msp"));
    // What was announced stands there without an end, as after any crash.
    assert_eq!(ward.records().last().unwrap()["phase"], "intent");
}

#[test]
fn killed_command_is_on_record_as_interrupted() {
    let office = Office::with_limits(900, 900);
    let ward = &office.ward;
    ward.line("login").ok();
    let mut child = ward.spawn("seal - --key default -o scan.msp");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&vec![7; 1 << 20]).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let begun = Instant::now();
    while ward.newest() != row("seal", "failure", "interrupted") {
        assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", ward.newest());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[evidence(
    hipaa2013::"164.312(a)(2)(iii)",
    claim = "a signal ends the session: it is on record, the stream is closed, and nothing opens afterwards",
    polarity = deny,
)]
fn signal_locks_and_closes_the_stream(ev: Ev) -> Proven {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP] {
        let office = Office::locked();
        ev.allows(office.log_in().result());
        ev.allows(office.ward.line(SEAL).result());
        office.send(signal);
        let (ward, run) = office.ended();
        ev.allows(run.result());
        ev.holds("its socket is gone", !ward.exists("home/run/agent.sock"));
        ev.denies(ward.line(OPEN).result(), |e| *e == Refused(2));
        ev.holds("nothing was opened", !opened(&ward));
        let end = row("session-end", "success", "");
        ev.equal("the end is on record", &sessions(&ward).last(), &Some(&end));
        ev.holds("the log is whole, and its stream closed", verified(&ward));
    }
    ev.proven()
}

#[test]
fn command_under_way_records_its_end_before_the_agent_goes() {
    let office = Office::with_limits(900, 900);
    office.ward.line("login").ok();
    let mut child = office.ward.spawn("seal - --key default -o scan.msp");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&vec![7; 1 << 20]).unwrap();
    office.send(Signal::TERM);
    std::thread::sleep(Duration::from_millis(300));
    drop(stdin);
    let (ward, run) = office.ended();
    run.ok();
    let run = finished(Ok(child));
    assert_eq!(run.code, 25, "its session has ended: {}", run.stderr);
    assert!(!ward.exists("scan.msp"));
    assert!(verified(&ward));
    assert_eq!(ward.newest(), row("seal", "denied", "session-ended"));
}

#[test]
fn second_agent_of_a_home_is_refused() {
    let office = Office::with_limits(900, 900);
    let second = office.ward.line("agent --foreground");
    assert_eq!(second.code, 25, "{}", second.stderr);
    assert_eq!(office.ward.line("agent").code, 25);
}

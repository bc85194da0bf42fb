//! `medsec audit follow`.
#![cfg(target_os = "linux")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::time::{Duration, Instant};

use medsec_audit::{Action, Outcome};
use rustix::process::{Pid, Signal, kill_process};

use super::week::{LOG, MONDAY, Week, append, event, package};

fn opened(week: &Week, number: u8) {
    let writer = week.writer("main");
    append(&writer, &event("ann", Action::Open, Outcome::Success, package(number, "ct-2026")));
    drop(writer);
}

#[test]
fn follow_refuses_what_has_an_end() {
    let week = Week::empty(MONDAY);
    for line in ["--json", "--until now"] {
        assert_eq!(week.run(&format!("audit follow {LOG} {line}")).code, 2, "{line}");
    }
}

#[test]
fn follow_shows_records_as_they_come_and_ends_with_a_signal() {
    let week = Week::empty(MONDAY);
    week.set(0, 9, 0);
    opened(&week, 1);
    let mut child = week
        .ward
        .spawn(&format!("audit follow {LOG} --from 2026-11-02 --action open --format jsonl"));
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next =
        || serde_json::from_str::<serde_json::Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["record"]["which"]["package"], "01".repeat(16));
    for number in 2..5 {
        opened(&week, number);
        assert_eq!(next()["record"]["which"]["package"], format!("{number:02}").repeat(16));
    }
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{said}");
}

#[test]
fn follow_ends_when_nobody_reads_any_more() {
    let week = Week::empty(MONDAY);
    let mut child = week.ward.spawn(&format!("audit follow {LOG}"));
    drop(child.stdout.take());
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        assert!(begun.elapsed() < Duration::from_secs(30), "still running");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

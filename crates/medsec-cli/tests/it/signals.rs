//! Interruption leaves nothing.
#![cfg(target_os = "linux")]

use std::io::Write as _;
use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::ward::{Ward, finished};

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits until the program catches the signal. What it has open only root could see.
fn wait_until_armed(child: &Child, signal: Signal) {
    let status = format!("/proc/{}/status", child.id());
    let bit = 1_u64 << (signal.as_raw() - 1);
    let begun = Instant::now();
    loop {
        let text = std::fs::read_to_string(&status).unwrap();
        let caught = text.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
        if caught.is_some_and(|mask| mask & bit != 0) {
            // Time enough to begin the output, and far from enough to end it.
            std::thread::sleep(Duration::from_millis(100));
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "never armed");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn interrupted_seal_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let ward = Ward::with_home();
        let large = std::fs::File::create(ward.path("KOWALSKA_large")).unwrap();
        large.set_len(64 << 30).unwrap();
        let names = ward.names();
        let child = ward.spawn("seal KOWALSKA_large --to own.key -o x");
        wait_until_armed(&child, signal);
        send(&child, signal);
        let run = finished(Ok(child));
        assert_eq!(run.code, 10, "{}", run.stderr);
        assert!(run.stderr.contains("interrupted"), "{}", run.stderr);
        assert_eq!(ward.names(), names);
    }
}

#[test]
fn interrupted_stream_leaves_nothing() {
    let ward = Ward::with_home();
    let names = ward.names();
    let mut child = ward.spawn("seal - --to own.key -o x --json");
    let mut stdin = child.stdin.take().unwrap();
    // More than a pipe holds: when it is written, the program is reading.
    stdin.write_all(&vec![0; 1 << 20]).unwrap();
    send(&child, Signal::INT);
    let run = finished(Ok(child));
    drop(stdin);
    assert_eq!(run.code, 10);
    assert_eq!(run.json()["error"]["code"], "interrupted");
    assert_eq!(ward.names(), names);
}

#[test]
fn killed_program_leaves_nothing() {
    let ward = Ward::with_home();
    let names = ward.names();
    let mut child = ward.spawn("seal - --to own.key -o x");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&vec![0; 1 << 20]).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(ward.names(), names);
}

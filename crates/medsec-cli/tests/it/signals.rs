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

/// Waits until the program has its output file open, which it does after it armed itself.
fn wait_for_output(child: &Child) {
    let folder = format!("/proc/{}/fd", child.id());
    let begun = Instant::now();
    loop {
        let open = std::fs::read_dir(&folder).unwrap().flatten().any(|entry| {
            let target = std::fs::read_link(entry.path()).unwrap_or_default();
            let target = target.to_string_lossy().into_owned();
            target.contains("(deleted)") || target.contains(".part")
        });
        if open {
            return;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "no output was begun"
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn interrupted_seal_leaves_nothing() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let ward = Ward::new();
        let large = std::fs::File::create(ward.path("KOWALSKA_large")).unwrap();
        large.set_len(64 << 30).unwrap();
        let names = ward.names();
        let child = ward.spawn("seal KOWALSKA_large --to own.key -o x");
        wait_for_output(&child);
        send(&child, signal);
        let run = finished(Ok(child));
        assert_eq!(run.code, 10, "{}", run.stderr);
        assert!(run.stderr.contains("interrupted"), "{}", run.stderr);
        assert_eq!(ward.names(), names);
    }
}

#[test]
fn interrupted_stream_leaves_nothing() {
    let ward = Ward::new();
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
    let ward = Ward::new();
    let names = ward.names();
    let mut child = ward.spawn("seal - --to own.key -o x");
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(&vec![0; 1 << 20]).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(ward.names(), names);
}

//! Sealing and opening of a folder that is stopped again and again.

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::study::{Study, tree};
use crate::ward::finished;

const FILES: usize = 800;

/// Moments in a run, drawn with a seed that a failing test shows.
#[expect(clippy::print_stdout, reason = "shown with a failure only")]
fn moments(whole: Duration) -> Vec<Duration> {
    let seed = u64::from(std::process::id()) | 1;
    println!("seed {seed}, a whole run takes {whole:?}");
    let mut state = seed;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % 1000) as u32
    };
    // One late, so that something is listed by then.
    (0..5).map(|n| if n == 3 { whole * 9 / 10 } else { whole * next() / 1000 }).collect()
}

/// Runs `line`, and kills it after a while.
fn kill_after(study: &Study, line: &str, while_: Duration) {
    let mut command = study.ward.command(line.split_whitespace());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    sleep(while_);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// How long the whole of it takes here, into another folder.
fn time_of(study: &Study, line: &str) -> Duration {
    let begun = Instant::now();
    study.ward.line(line).ok();
    begun.elapsed()
}

#[test]
fn killed_and_resumed_sealing_loses_and_repeats_nothing() {
    let study = Study::new(FILES);
    let seal = "seal study --to own.key --identity own.key --sign-with sign.key --out-dir";
    let whole = time_of(&study, &format!("{seal} trial"));
    let mut listed = Vec::new();
    for moment in moments(whole) {
        kill_after(&study, &format!("{seal} sealed"), moment);
        if study.ward.exists("sealed") {
            // Whatever is listed is complete.
            let packages = study.packages();
            assert!(listed.iter().all(|name| packages.contains(name)));
            let name = |name: &String| !name.starts_with(".medsec-");
            assert!(tree(&study.ward.path("sealed")).keys().all(name));
            listed = packages;
        }
    }
    let run = study.ward.line(&format!("{seal} sealed --json"));
    run.ok();
    let document = run.json();
    let sum = document["done"].as_u64().unwrap() + document["skipped"].as_u64().unwrap();
    assert_eq!(
        (sum as usize, document["skipped"].as_u64().unwrap() as usize),
        (FILES, listed.len())
    );
    assert!(!listed.is_empty(), "no run was killed between its first packages and its last");
    assert_eq!(study.packages().len(), FILES);
    study.ward.line("verify sealed --signer sign.key").ok();
    study.open_signed("").ok();
    assert_eq!(tree(&study.ward.path("opened")), study.content());
}

#[test]
fn killed_and_resumed_opening_loses_nothing() {
    let study = Study::new(FILES);
    study.seal("").ok();
    let open = "open sealed --identity own.key --any-signer --resume --out-dir";
    let whole = time_of(&study, &format!("{open} trial"));
    let content = study.content();
    for moment in moments(whole) {
        kill_after(&study, &format!("{open} opened"), moment);
        if study.ward.exists("opened") {
            let opened = tree(&study.ward.path("opened"));
            assert!(opened.iter().all(|(name, bytes)| content.get(name) == Some(bytes)));
        }
    }
    study.ward.line(&format!("{open} opened")).ok();
    assert_eq!(tree(&study.ward.path("opened")), content);
}

#[test]
fn interrupted_sealing_keeps_what_is_finished() {
    let study = Study::new(FILES);
    let seal = "seal study --to own.key --identity own.key --sign-with sign.key --out-dir";
    let whole = time_of(&study, &format!("{seal} trial"));
    let child = study.ward.spawn(&format!("{seal} sealed --json"));
    sleep(whole / 2);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let run = finished(Ok(child));
    // The machine may have been quick this time, or not have come to the handler.
    if run.code == 10 {
        let listed = run.json()["manifest"]["packages"].as_u64().unwrap();
        assert_eq!(listed as usize, study.packages().len());
        study.ward.line("verify sealed --signer sign.key").ok();
    }
    study.ward.line(&format!("{seal} sealed")).ok();
    assert_eq!(study.packages().len(), FILES);
    study.ward.line("verify sealed --signer sign.key").ok();
}

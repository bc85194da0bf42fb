//! The agent as its users have it: real processes, and what others try on it.
#![cfg(target_os = "linux")]

mod clock;
mod crowd;
mod killed;
mod limits;
mod memory;
mod others;
mod session;
mod token;

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::ward::{Run, SCAN, Ward, finished};

const PHRASE: &[u8] = b"correct horse\n";
/// Seals the patient's file under the home's key, and opens it.
const SEAL: &str = "seal KOWALSKA_JADWIGA_19700131.dcm --key default -o scan.msp";
const OPEN: &str = "open scan.msp -o out";

/// A home with an agent that stays until it is stopped.
struct Office {
    ward: Ward,
    agent: Child,
}

impl Office {
    /// Of a user whose files are under a passphrase.
    fn locked() -> Self {
        let ward = Ward::new();
        ward.piped("init --user ada --no-anchor --passphrase-fd 0", PHRASE).ok();
        Self::open(ward)
    }

    /// Of a user whose files are plain, with sessions of so many seconds.
    fn with_limits(idle: u32, absolute: u32) -> Self {
        Self::open(plain_with_limits(idle, absolute))
    }

    fn open(ward: Ward) -> Self {
        let agent = begin(&ward);
        Self { ward, agent }
    }

    fn log_in(&self) -> Run {
        self.ward.piped("login --passphrase-fd 0", PHRASE)
    }

    fn status(&self) -> Run {
        self.ward.line("status --json")
    }

    fn socket(&self) -> std::path::PathBuf {
        self.ward.path("home/run/agent.sock")
    }

    fn send(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.agent), signal).unwrap();
    }

    /// Waits until the agent has ended, and gives its run.
    fn ended(mut self) -> (Ward, Run) {
        let agent = std::mem::replace(&mut self.agent, idle_child());
        let run = finished(Ok(agent));
        let ward = std::mem::replace(&mut self.ward, Ward::bare());
        (ward, run)
    }

    /// Kind, action, outcome and reason of the records of sessions, oldest first.
    fn sessions(&self) -> Vec<[String; 3]> {
        sessions(&self.ward)
    }
}

impl Drop for Office {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

fn plain_with_limits(idle: u32, absolute: u32) -> Ward {
    let ward = Ward::new();
    ward.write_policy("policy", |path, text| match path {
        "policy.toml" => text
            .replace("idle = \"15m\"", &format!("idle = \"{idle}s\""))
            .replace("absolute = \"12h\"", &format!("absolute = \"{absolute}s\"")),
        _ => text,
    });
    ward.line("init --user ada --no-passphrase --no-anchor --policy policy").ok();
    ward
}

/// An agent in the foreground that listens.
fn begin(ward: &Ward) -> Child {
    let mut command = ward.command(["agent", "--foreground"]);
    let agent = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while ward.line("status").stderr.contains("no agent runs") {
        assert!(begun.elapsed() < Duration::from_secs(30), "the agent does not listen");
        std::thread::sleep(Duration::from_millis(10));
    }
    agent
}

/// A child that has ended, in the place of one that is waited for.
fn idle_child() -> Child {
    std::process::Command::new("true").spawn().unwrap()
}

fn sessions(ward: &Ward) -> Vec<[String; 3]> {
    let document: Value = ward.audit("show --kind session --json").json();
    let records = document["records"].as_array().unwrap();
    let text = |record: &Value, name: &str| record[name].as_str().unwrap_or("").to_owned();
    let row = |record| ["action", "outcome", "reason"].map(|name| text(record, name));
    records.iter().map(row).collect()
}

fn row(action: &str, outcome: &str, reason: &str) -> [String; 3] {
    [action, outcome, reason].map(str::to_owned)
}

/// The whole log is in order, and its stream was closed.
fn verified(ward: &Ward) -> bool {
    let run = ward.line("audit verify --json");
    let document = run.json();
    run.code == 0 && document["streams"][0]["closed"] == true
}

/// Whether anything was left of an opening.
fn opened(ward: &Ward) -> bool {
    ward.exists("out")
}

fn scan_is(ward: &Ward, name: &str) -> bool {
    ward.read(name) == ward.read(SCAN)
}

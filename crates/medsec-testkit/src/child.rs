//! Processes of their own: the test binary runs itself again, for one helper test.
//!
//! A helper is an ordinary test that returns at once unless [`task`] gives it something to do.

#![expect(clippy::unwrap_used, reason = "only tests call this, and one that panics has failed")]

use std::env;
use std::process::{Command, Stdio};

const TASK: &str = "MEDSEC_IT_TASK";

/// A process that runs the helper test of this full name with these words as its task.
///
/// # Panics
/// If the system does not tell which program this is.
#[must_use]
pub fn child(helper: &str, words: &[&str]) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args(["--exact", helper, "--nocapture", "--test-threads=1"])
        .env(TASK, words.join("\n"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// The words for the helper test, if it is to work.
#[must_use]
pub fn task() -> Option<Vec<String>> {
    let words = env::var(TASK).ok()?;
    Some(words.split('\n').map(str::to_owned).collect())
}

/// Runs a child to its end, which must be a good one, and gives what it printed.
///
/// # Panics
/// If it does not start, fails, or ran no helper.
#[must_use]
#[track_caller]
pub fn output_of(mut child: Command) -> String {
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("1 passed"), "the helper did not run: {text}");
    text
}

/// The number that a child printed after `name=`.
///
/// # Panics
/// If there is none.
#[must_use]
#[track_caller]
pub fn number_in(text: &str, name: &str) -> u64 {
    let (_, rest) = text.split_once(&format!("{name}=")).unwrap();
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next();
    digits.unwrap().parse().unwrap()
}

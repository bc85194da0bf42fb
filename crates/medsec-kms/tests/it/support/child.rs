//! Processes of their own: the test binary runs itself again, for one helper test.
//!
//! A helper is an ordinary test that returns at once unless [`task`] gives it something to do.

use std::env;
use std::process::{Command, Stdio};

const TASK: &str = "MEDSEC_IT_TASK";

/// A process that runs the helper test of this full name with these words as its task.
pub(crate) fn child(helper: &str, words: &[&str]) -> Command {
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
pub(crate) fn task() -> Option<Vec<String>> {
    let words = env::var(TASK).ok()?;
    Some(words.split('\n').map(str::to_owned).collect())
}

/// Runs a child to its end, which must be a good one, and gives what it printed.
#[track_caller]
pub(crate) fn output_of(mut child: Command) -> String {
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("1 passed"), "the helper did not run: {text}");
    text
}

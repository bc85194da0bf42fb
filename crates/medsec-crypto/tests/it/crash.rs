//! Killed processes, cut power, several processes at one package. Unix only: they die by SIGKILL.

mod concurrent;
mod opening;
mod power;
mod rewrapping;

use std::os::unix::process::ExitStatusExt;
use std::process::Command;

/// Runs a child that must be killed by SIGKILL; `false` if it ended well before that.
#[track_caller]
fn is_killed(mut child: Command) -> bool {
    let output = child.output().unwrap();
    let killed = output.status.signal() == Some(9);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        killed || (output.status.success() && text.contains("1 passed")),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    killed
}

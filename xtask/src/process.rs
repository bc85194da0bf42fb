//! Starting programs: a few functions around [`Command`].
//!
//! Every program gets no standard input, and none of the variables that `cargo run` sets for xtask
//! itself: they would make nested builds differ from the ones a person starts.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A command that prints nothing by itself and reads no input.
pub(crate) fn command(program: impl AsRef<OsStr>, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(set_by_cargo_run) {
            command.env_remove(name);
        }
    }
    command
}

/// `cargo` as found on the path, so that rustup's choice of a toolchain holds.
pub(crate) fn cargo(dir: &Path) -> Command {
    command("cargo", dir)
}

fn set_by_cargo_run(name: &str) -> bool {
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO"
}

/// Prints the command, runs it on our terminal and returns its exit code.
///
/// # Errors
/// The program could not be started or was ended by a signal.
pub(crate) fn code(command: &mut Command) -> Result<i32> {
    println!("    $ {}", line(command));
    let status =
        command.status().with_context(|| format!("could not start `{}`", line(command)))?;
    status.code().with_context(|| format!("`{}` was ended by a signal", line(command)))
}

/// As [`code`], and anything but zero is an error.
///
/// # Errors
/// The program could not be started or failed.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    match code(command)? {
        0 => Ok(()),
        code => bail!("`{}` ended with exit code {code}", line(command)),
    }
}

/// Runs the command quietly and returns what it printed.
///
/// # Errors
/// The program could not be started, failed (its error output is in the message), or printed
/// something that is not UTF-8.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output =
        command.output().with_context(|| format!("could not start `{}`", line(command)))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        bail!("`{}` failed: {}", line(command), reason.trim());
    }
    String::from_utf8(output.stdout).with_context(|| format!("output of `{}`", line(command)))
}

/// What the command prints, however it ends.
///
/// # Errors
/// The program could not be started.
pub(crate) fn printed(command: &mut Command) -> Result<String> {
    let output =
        command.output().with_context(|| format!("could not start `{}`", line(command)))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The command as one would type it.
fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| quoted(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,+@{}".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_prints_as_one_types_it() {
        let mut command = command("/some/where/tool", Path::new("."));
        command.args(["-D", "two words", ""]);
        assert_eq!(line(&command), "tool -D 'two words' ''");
    }

    #[test]
    fn failing_programs_report_their_error_output() {
        let failure = read(command("sh", Path::new(".")).args(["-c", "echo lost >&2; exit 3"]));
        assert!(failure.unwrap_err().to_string().ends_with("lost"));
    }

    #[test]
    fn variables_of_cargo_run_are_removed() {
        assert!(set_by_cargo_run("CARGO_PKG_NAME") && set_by_cargo_run("CARGO"));
        assert!(!set_by_cargo_run("CARGO_TARGET_DIR") && !set_by_cargo_run("CARGO_HOME"));
    }
}

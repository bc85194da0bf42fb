//! Starting programs quietly, with none of the variables that `cargo run` sets.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::ReportError;

pub(crate) fn command(program: &str, dir: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(dir).stdin(Stdio::null());
    without(&mut command, |name| is_foreign(name, program));
    command
}

/// Takes variables of the environment away from a program.
pub(crate) fn without(command: &mut Command, is_unwanted: impl Fn(&str) -> bool) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(&is_unwanted) {
            command.env_remove(name);
        }
    }
}

/// Whether a variable was set by `cargo run`, or would make git look at another repository than that of the folder.
fn is_foreign(name: &str, program: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || name == "CARGO"
        || (program == "git" && name.starts_with("GIT_"))
}

/// What the program printed; a failure has the end of its error output.
pub(crate) fn read(command: &mut Command) -> Result<String, ReportError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let wrong = |what: String| ReportError::program(&name, what);
    let output = command.output().map_err(|error| wrong(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<_> = said.trim().lines().collect();
        let end = lines.rchunks(20).next().unwrap_or_default().join("\n");
        return Err(wrong(format!("{}: {end}", output.status)));
    }
    String::from_utf8(output.stdout).map_err(|error| wrong(error.to_string()))
}

//! The medsec program: seals files into packages, opens, inspects, verifies and rewraps them.
//!
//! Commands, the context file and the exit codes are described in `docs/cli.md`.
//!
//! What it prints names no patient: inputs are called by their position on the command line, because
//! file names often name patients and what a program prints ends up in logs. Secrets and the reproduced
//! context never stand on the command line, which other users of the machine can read.

#![forbid(unsafe_code)]

#[cfg(unix)]
mod agent;
mod anchor;
mod args;
mod audit;
mod bulk;
mod command;
mod context_file;
mod custody;
mod describe;
mod dicom;
mod doctor;
mod exit;
mod expectation;
mod failure;
mod files;
#[cfg(all(unix, any(test, fuzzing)))]
pub mod fuzz {
    //! Fuzz targets: what must hold for every input, as functions of bytes.

    pub use crate::agent::fuzz::agent_frame;
}
mod help;
mod input;
mod keys;
mod log_key;
mod output;
mod own;
mod passphrase;
mod progress;
mod recording;
mod report;
#[cfg(any(unix, feature = "pkcs11", feature = "ship", feature = "vault"))]
mod secret_file;
mod services;
mod session;
mod settings;
#[cfg(feature = "ship")]
mod ship;
mod stdio;
mod target;
mod text;
#[cfg(unix)]
mod token;
mod units;
mod usage;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::session::Session;

/// Runs the program with the arguments of its command line, the program's name first.
#[must_use]
pub fn run(arguments: &[OsString]) -> ExitCode {
    session::disable_core_dumps();
    match usage::parse(arguments) {
        Ok(cli) => {
            let session = Session::new(&cli.options);
            let outcome = cli.command.run(&session);
            output::conclude(&session, cli.command.name(), outcome)
        }
        Err(stopped) => output::before_command(stopped, arguments),
    }
}

//! The medsec program with all that it can be built with, for the tests here to run.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    medsec_cli::run(&arguments)
}

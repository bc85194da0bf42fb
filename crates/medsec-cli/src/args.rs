//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser};

use crate::command::Command;
use crate::help;

/// Protects files with electronic health information.
///
/// A sealed package opens only with a recipient's private key and the context it was sealed with, and
/// every changed byte is noticed before a file is written.
#[derive(Debug, Parser)]
#[command(name = "medsec", version, max_term_width = 100, after_help = help::PROGRAM)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct Options {
    /// Print one JSON document on standard output, for errors too.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Threads that encrypt or decrypt, 1 to 256; all cores by default.
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Folder with settings, key store and identities; else MEDSEC_HOME, else `medsec` in the user's data
    /// folder.
    #[arg(long, global = true, value_name = "FOLDER")]
    pub(crate) home: Option<PathBuf>,
    /// Do without the agent, also where one runs.
    #[arg(long, global = true)]
    pub(crate) no_agent: bool,
}

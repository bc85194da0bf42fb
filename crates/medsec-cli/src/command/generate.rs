//! `medsec completions` and `medsec man`: what shells and manuals want to know of this program.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::args::Cli;
use crate::failure::Failure;
use crate::report::Report;
use crate::session::Session;
use crate::stdio::StandardOutput;

#[derive(Debug, Args)]
#[command(after_help = crate::help::COMPLETIONS)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

#[derive(Debug, Args)]
#[command(after_help = crate::help::MAN)]
pub(crate) struct Man {
    /// The folder to write the pages into, one for each command. Older pages there are replaced.
    #[arg(long, value_name = "FOLDER")]
    out_dir: PathBuf,
}

impl Completions {
    pub(crate) fn run(&self, session: &Session) -> Result<Report, Failure> {
        session.use_stdout_for_content()?;
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "medsec", &mut script);
        StandardOutput.write_all(&script).map_err(|error| failed(&error))?;
        Ok(Report::new())
    }
}

impl Man {
    pub(crate) fn run(&self) -> Result<Report, Failure> {
        fs::create_dir_all(&self.out_dir).map_err(|error| failed(&error))?;
        clap_mangen::generate_to(Cli::command(), &self.out_dir).map_err(|error| failed(&error))?;
        let pages = count(&Cli::command());
        Ok(Report::new().line(format!("wrote {pages} pages")).field("pages", pages))
    }
}

/// The command and all below it.
fn count(command: &clap::Command) -> usize {
    command.get_subcommands().map(count).sum::<usize>().saturating_add(1)
}

fn failed(error: &io::Error) -> Failure {
    Failure::io("the output could not be written", error)
}

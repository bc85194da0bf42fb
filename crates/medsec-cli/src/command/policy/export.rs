//! `medsec policy export`: the policy in force as a file, for another home or for safe keeping.

use std::path::PathBuf;

use clap::Args;
use medsec_crypto::OutputOptions;

use super::which;
use crate::custody::read_signed;
use crate::failure::Failure;
use crate::input::refuse_dash;
use crate::report::Report;
use crate::session::Session;

#[derive(Debug, Args)]
#[command(after_help = crate::help::POLICY_EXPORT)]
pub(crate) struct Options {
    /// The file to write. Never replaces one.
    #[arg(value_name = "FILE")]
    out: PathBuf,
}

impl Options {
    pub(super) fn run(&self, session: &Session) -> Result<Report, Failure> {
        refuse_dash(&self.out, "the file")?;
        let bundle = which::in_force(session)?.bundle;
        let signed = read_signed(session.settings()?)?;
        if signed.hash() != bundle.hash() {
            return Err(Failure::new(
                crate::exit::Exit::Policy,
                "the policy was changed just now; nothing was written",
            )
            .next("run the command again"));
        }
        medsec_crypto::write_file(&self.out, &signed.to_bytes(), OutputOptions::default())?;
        Ok(Report::new()
            .line(format!("wrote `{}` no. {}, {}", bundle.name(), bundle.sequence(), bundle.hash()))
            .line("it names the people of the policy: keep it from others")
            .field("name", bundle.name().as_str())
            .field("sequence", bundle.sequence())
            .field("policy", bundle.hash().to_string()))
    }
}

//! `medsec key bootstrap`: what a new key service needs before packages can be sealed under its keys.

mod aws;
mod vault;

use clap::{ArgGroup, Args};

use self::aws::AwsOption;
use self::vault::VaultOption;
use crate::failure::Failure;
use crate::report::Report;

#[derive(Debug, Args)]
#[command(after_help = crate::help::KEY_BOOTSTRAP)]
#[command(group = ArgGroup::new("service").args(["vault", "aws"]).required(true))]
pub(crate) struct Bootstrap {
    #[command(flatten)]
    vault: VaultOption,
    #[command(flatten)]
    aws: AwsOption,
}

impl Bootstrap {
    /// One of the two is given, and only one.
    pub(super) fn run(&self) -> Result<Report, Failure> {
        match &self.vault.vault {
            Some(address) => self.vault.run(address),
            None => self.aws.run(),
        }
    }
}

/// What the program was not built with.
#[cfg(not(all(feature = "aws", feature = "vault")))]
fn not_built_in(feature: &str) -> Failure {
    Failure::usage(format!("this program was built without the cargo feature `{feature}`"))
        .next("build it with the feature")
}

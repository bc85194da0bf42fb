//! Whole folders in one command: parallel, durable in groups, resumable.
//!
//! Files of a folder are called by number in what is printed, in the order of [`walk::list`]; only the file of
//! `--report` holds their paths. Threads take one file each; a long one is worked on by all of them.

mod crew;
mod done;
mod folders;
mod listed;
mod lock;
mod manifest;
pub(crate) mod open;
mod package;
mod path;
mod report_file;
pub(crate) mod rewrap;
mod same;
pub(crate) mod seal;
mod seen;
mod tally;
pub(crate) mod verify;
mod walk;

pub(crate) use self::tally::Place;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use medsec_crypto::{ExpectationError, Header, Recipient, SigningKey};
use medsec_kms::KeyName;

use crate::failure::Failure;
use crate::input::Input;
use crate::openers::{Fitting, Openers};

/// The name behind which packages are looked for.
const EXTENSION: &str = "msp";

/// Options of every command that takes a folder.
#[derive(Clone, Debug, Args)]
pub(crate) struct BulkOption {
    /// For a folder: write what became of each file that was not done, with its number and path, one JSON
    /// object a line. It may hold patients' names; it is readable by its owner only, and never replaces a
    /// file.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
}

/// The keys of one command, wherever they come from.
pub(crate) struct Keys {
    /// Whom to seal to.
    pub(crate) recipients: Vec<Box<dyn Recipient + Send + Sync>>,
    /// The key of the store among them.
    pub(crate) key: Option<KeyName>,
    /// What to open with.
    pub(crate) openers: Option<Openers>,
    /// What to sign with.
    pub(crate) signer: Option<Arc<SigningKey>>,
}

impl Keys {
    pub(crate) fn recipients(&self) -> Vec<&dyn Recipient> {
        self.recipients.iter().map(|key| &**key as &dyn Recipient).collect()
    }

    /// The keys that are recipients of the package.
    fn fitting(&self, header: &Header) -> Result<Fitting, Failure> {
        let openers = self.openers.as_ref().ok_or(ExpectationError::NotARecipient)?;
        openers.fitting(header)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(redacted)")
    }
}

/// The folder to work on, if the inputs are one; a folder among other inputs is refused.
pub(crate) fn folder_of(inputs: &[Input]) -> Result<Option<&Path>, Failure> {
    let is_folder = |input: &&Input| matches!(input, Input::File(path) if path.is_dir());
    match (inputs, inputs.iter().find(is_folder)) {
        ([Input::File(path)], Some(_)) => Ok(Some(path)),
        (_, Some(_)) => Err(Failure::usage("a folder must be the only input; nothing was done")
            .next("name one folder, or files only")),
        (_, None) => Ok(None),
    }
}

/// The same for commands where an option makes sense for a folder only.
pub(crate) fn refuse_without_folder(given: bool, option: &str) -> Result<(), Failure> {
    if given {
        return Err(Failure::usage(format!("{option} is for a folder"))
            .next("leave it away, or name a folder as the input"));
    }
    Ok(())
}

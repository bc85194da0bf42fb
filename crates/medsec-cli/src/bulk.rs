//! Whole folders in one command: parallel, durable in groups, resumable.
//!
//! Files of a folder are called by number in what is printed, in the order of [`walk::list`]; only the file of
//! `--report` holds their paths. Threads take one file each; a long one is worked on by all of them.

mod crew;
mod done;
mod folders;
pub(crate) mod headers;
mod listed;
mod lock;
mod manifest;
pub(crate) mod open;
mod package;
mod path;
pub(crate) mod reconcile;
mod report_file;
pub(crate) mod rewrap;
mod same;
pub(crate) mod seal;
mod seen;
pub(crate) mod standing;
mod tally;
pub(crate) mod verify;
mod walk;

pub(crate) use self::package::given_up;
pub(crate) use self::tally::Place;

use std::fmt;
use std::path::{Path, PathBuf};

use clap::Args;
use medsec::{SealWish, Signer};
use medsec_crypto::Recipient;
use medsec_kms::KeyName;

use crate::custody::Custody;
use crate::failure::Failure;
use crate::input::Input;

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

/// For whom one command seals.
pub(crate) struct Keys {
    /// Public keys.
    pub(crate) recipients: Vec<Box<dyn Recipient + Send + Sync>>,
    /// Keys of the store, or of services elsewhere. The first makes the data keys.
    pub(crate) keys: Vec<KeyName>,
    /// What to sign with.
    pub(crate) signer: Option<Signer>,
}

impl Keys {
    /// How many recipients were named.
    pub(crate) fn count(&self) -> usize {
        self.recipients.len().saturating_add(self.keys.len())
    }

    /// As the Custodian takes them.
    pub(crate) fn wish<'a>(
        &'a self,
        custody: &Custody,
        keys: &'a [&'a KeyName],
        recipients: &'a [&'a dyn Recipient],
    ) -> SealWish<'a> {
        SealWish {
            purpose: custody.purpose(),
            keys,
            recipients,
            sign: self.signer.is_some(),
            patient: None,
        }
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

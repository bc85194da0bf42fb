//! The file of `--report`: made before the work, so that what could not be told is known then.

use std::path::Path;

use medsec_crypto::{Access, OutputError, PendingFile};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::target;

/// A report on its way to its name.
#[derive(Debug)]
pub(super) struct ReportFile(Option<PendingFile>);

impl ReportFile {
    pub(super) fn create(path: Option<&Path>) -> Result<Self, Failure> {
        let file = path.map(|path| PendingFile::create(path, target::options(Access::Owner)));
        file.transpose().map(Self).map_err(|error| match error {
            OutputError::Exists => {
                Failure::new(Exit::Output, "the report file exists already; nothing was done")
                    .next("choose another name, or remove the old file")
            }
            error => told(error),
        })
    }

    /// Writes the report, if one is wanted; `text` is made only then.
    pub(super) fn write(self, text: impl FnOnce() -> String) -> Result<(), Failure> {
        let Some(mut file) = self.0 else { return Ok(()) };
        file.append(text().as_bytes()).and_then(|()| file.publish()).map_err(told)
    }
}

fn told(error: OutputError) -> Failure {
    let failure = Failure::from(error);
    Failure { message: format!("the report file: {}", failure.message), ..failure }
}

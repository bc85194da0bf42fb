//! Whether a file is what a package holds.

use std::fs::File;

use medsec::{Grant, UseError};
use medsec_crypto::{Execution, OpenError, Opened};

use crate::failure::Failure;

/// Both are read once, side by side. Gives what was opened if they are the same and the package was verified to
/// its end; nothing of it leaves memory. The grant is used up, and how it ended is on record.
pub(super) fn same_content(
    grant: Grant,
    package: File,
    file: &mut File,
    execution: &Execution<'_>,
) -> Result<Option<Opened>, Failure> {
    let compared = grant.compare(package, file, execution);
    let closed = grant.close(compared.as_ref().map(drop));
    let opened = compared.map_err(|error| match error {
        UseError::Open(OpenError::Content(error)) => {
            Failure::io("the file could not be compared with its package", &error)
        }
        error => error.into(),
    })?;
    closed?;
    Ok(opened)
}
